//! libFuzzer's way in to the target `soap`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| footbridge_fuzz::soap(bytes));
