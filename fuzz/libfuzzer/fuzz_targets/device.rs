//! libFuzzer's entry of `device`; the target itself is in `fuzz/src/targets/device.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::device(data));
