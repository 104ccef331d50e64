//! libFuzzer's way in to the target `www_authenticate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| footbridge_fuzz::www_authenticate(bytes));
