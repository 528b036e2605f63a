//! libFuzzer's entry of `connection_strings`; the target itself is in `fuzz/src/targets/connection_strings.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::connection_strings(data));
