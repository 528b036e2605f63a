//! libFuzzer's entry of `hub`; the target itself is in `fuzz/src/targets/hub.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::hub(data));
