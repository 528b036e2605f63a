//! libFuzzer's entry of `bags`; the target itself is in `fuzz/src/targets/bags.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::bags(data));
