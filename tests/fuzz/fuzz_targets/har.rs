//! libFuzzer's way in to the target `har`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| footbridge_fuzz::har(bytes));
