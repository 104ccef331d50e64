//! libFuzzer's way in to the target `json_lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| footbridge_fuzz::json_lines(bytes));
