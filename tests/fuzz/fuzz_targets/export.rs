//! libFuzzer's way in to the target `export`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| footbridge_fuzz::export(bytes));
