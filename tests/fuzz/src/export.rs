//! Exports of runs: taken only as they would be written, and refused in words that can be shown.

use model::Code;
use store::{read_export, write_export};

pub fn export(bytes: &[u8]) {
    match read_export(bytes) {
        Ok(whole) => {
            let mut again = Vec::new();
            let count = write_export(&whole, &mut again).expect("memory takes everything");
            assert_eq!(count, again.len() as u64);
            assert_eq!(read_export(&again[..]).as_ref(), Ok(&whole), "what was read is written otherwise");
            // The last line answers for every byte before it.
            for cut in [bytes.len() / 2, bytes.len() - 1] {
                assert!(read_export(&bytes[..cut]).is_err(), "taken although it was cut");
            }
            assert!(read_export(&[bytes, b"\n"].concat()[..]).is_err(), "taken although it is longer");
        }
        Err(failure) => {
            assert_eq!(failure.code, Code::ExportFile);
            super::assert_showable(&failure.message);
        }
    }
}
