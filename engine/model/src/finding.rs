//! A mistake found by reading: what a person gets to see, and how much of the line to mark.

use crate::{Failure, Place};

/// One mistake in one file. The failure always has a place; line and column are 0 where only the file is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub failure: Failure,
    /// How many characters the mark covers, from the failure's place; 0 where only the file is known.
    pub width: usize,
}

impl Finding {
    pub fn new(failure: Failure, place: Place, width: usize) -> Finding {
        Finding { failure: failure.at(place), width }
    }

    /// A mistake of a file as a whole.
    pub fn of_file(failure: Failure, file: impl Into<String>) -> Finding {
        Finding::new(failure, Place { file: file.into(), line: 0, column: 0, text: None }, 0)
    }

    /// Findings are shown in the order a person reads files.
    pub fn sort(findings: &mut [Finding]) {
        findings.sort_by(|left, right| left.reading_order().cmp(&right.reading_order()));
    }

    fn reading_order(&self) -> Option<(&str, usize, usize)> {
        self.failure.place.as_ref().map(|place| (place.file.as_str(), place.line, place.column))
    }
}
