//! libFuzzer's entry of `names`; the target itself is in `fuzz/src/targets/names.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::names(data));
