//! The one rule of order that every journal enforces: a run's records are numbered from 0 without gaps.

use contracts::JournalError;
use model::{Code, Record, RunId};

/// Whether the records of one batch follow each other; the number after the last one, `None` for an empty batch.
pub(crate) fn end_of(run: RunId, records: &[Record]) -> Result<Option<u32>, JournalError> {
    let mut expected = None;
    for record in records {
        if let Some(expected) = expected
            && record.sequence != expected
        {
            return Err(out_of_order(run, expected, record.sequence));
        }
        let after = record.sequence.checked_add(1).ok_or_else(|| {
            JournalError::new(Code::HistoryBroken, format!("append to run {run}: it is full"))
        })?;
        expected = Some(after);
    }
    Ok(expected)
}

pub(crate) fn out_of_order(run: RunId, expected: u32, got: u32) -> JournalError {
    JournalError::new(
        Code::HistoryBroken,
        format!("append record {got} to run {run}: its next record must be number {expected}"),
    )
    .hint("another process or task wrote to this run in between; resume the run from its journal")
}
