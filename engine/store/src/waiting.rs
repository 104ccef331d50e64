//! Waiting for a store that someone else is about to let go of: the one file of this crate that reads a clock.

use std::path::Path;
use std::time::{Duration, Instant};

use contracts::JournalError;
use model::Code;

use crate::SledJournal;

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

impl SledJournal {
    /// Like [`SledJournal::open`], trying again for as long as `patience` while another process holds the store.
    /// Blocks the thread it is called on.
    pub fn open_waiting(dir: &Path, patience: Duration) -> Result<SledJournal, JournalError> {
        let mut result = SledJournal::open(dir);
        poll(patience, || {
            if matches!(&result, Err(error) if error.code == Code::StoreHeld) {
                result = SledJournal::open(dir);
            }
            !matches!(&result, Err(error) if error.code == Code::StoreHeld)
        });
        result
    }
}

/// Looks until `settled` says so or `patience` is over, at least once.
#[expect(
    clippy::disallowed_methods,
    reason = "no run exists yet whose timer could wait; bounded by `patience`"
)]
pub(crate) fn poll(patience: Duration, mut settled: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !settled() && begun.elapsed() < patience {
        std::thread::sleep(BETWEEN_LOOKS.min(patience));
    }
}
