//! libFuzzer's entry of `twin_patches`; the target itself is in `fuzz/src/targets/twin_patches.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::twin_patches(data));
