//! libFuzzer's entry of `sas`; the target itself is in `fuzz/src/targets/sas.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::sas(data));
