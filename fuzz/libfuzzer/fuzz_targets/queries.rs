//! libFuzzer's entry of `queries`; the target itself is in `fuzz/src/targets/queries.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::queries(data));
