//! What the disk itself gives: appends of a record's size, each on disk before the next.

use std::fs::File;
use std::io::Write as _;

use crate::rig;
use crate::scale::Scale;
use crate::stopwatch::Stopwatch;
use crate::table::{Line, Unit};

/// The bytes of an intent with its key, as the store writes it.
const RECORD_BYTES: usize = 400;

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let rates = (0..scale.rounds()).map(|_| appends(scale.of(5_000))).collect();
    vec![Line::new("append and fdatasync, one after the other: the disk's own limit", Unit::PerSecond, rates)]
}

/// Appends a second.
pub(crate) fn appends(count: usize) -> f64 {
    let folder = rig::folder();
    let mut file = File::create_new(folder.path().join("log")).expect("a new file");
    let record = [b'x'; RECORD_BYTES];
    let watch = Stopwatch::start();
    for _ in 0..count {
        file.write_all(&record).and_then(|()| file.sync_data()).expect("the disk takes it");
    }
    watch.rate(count)
}
