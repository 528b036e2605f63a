//! libFuzzer's entry of `rest`; the target itself is in `fuzz/src/targets/rest.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::rest(data));
