//! libFuzzer's entry of `packets`; the target itself is in `fuzz/src/targets/packets.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| iothub_fuzz::packets(data));
