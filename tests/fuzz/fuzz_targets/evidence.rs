//! libFuzzer's way in to the target `evidence`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| footbridge_fuzz::evidence(bytes));
