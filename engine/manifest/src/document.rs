//! A TOML file and the way from a byte in it to a line and column that a person can go to.

use std::ops::Range;

use model::{Code, Failure, Place};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::Finding;

#[derive(Debug)]
pub(crate) struct Document<'t> {
    /// As shown in errors.
    pub(crate) file: String,
    pub(crate) text: &'t str,
    /// Byte offsets at which lines start; the first is 0.
    line_starts: Vec<usize>,
}

pub(crate) type Entry<'a, 't> = (&'a Spanned<DeString<'t>>, &'a Spanned<DeValue<'t>>);

impl<'t> Document<'t> {
    pub(crate) fn new(file: String, text: &'t str) -> Document<'t> {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(offset, _)| offset + 1)).collect();
        Document { file, text, line_starts }
    }

    /// The file's table, or every place at which it is not TOML.
    pub(crate) fn parse(&self, code: Code) -> Result<DeTable<'t>, Vec<Finding>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Ok(table.into_inner());
        }
        let finding = |error: &toml::de::Error| {
            let span = error.span().unwrap_or(self.text.len()..self.text.len());
            let failure = Failure::invalid(code, format!("not TOML: {}", error.message()))
                .hint("texts stand in quotes, tables start with [name], lists are written [a, b]");
            self.finding(failure, &span)
        };
        Err(errors.iter().map(finding).collect())
    }

    pub(crate) fn finding(&self, failure: Failure, span: &Range<usize>) -> Finding {
        let (place, width) = self.place(span);
        Finding::new(failure, place, width)
    }

    /// Where a span starts, and how many characters of it stand on that line (at least 1, so that there is a mark).
    pub(crate) fn place(&self, span: &Range<usize>) -> (Place, usize) {
        let start = self.boundary(span.start);
        let index = self.line_starts.partition_point(|line_start| *line_start <= start) - 1;
        let line_start = self.line_starts[index];
        let line_end = self.line_starts.get(index + 1).map_or(self.text.len(), |next| next - 1);
        let line = self.text[line_start..line_end].trim_end_matches('\r');
        let marked_end = self.boundary(span.end).clamp(start, start.max(line_start + line.len()));
        let place = Place {
            file: self.file.clone(),
            line: index + 1,
            column: self.text[line_start..start].chars().count() + 1,
            text: Some(line.to_owned()),
        };
        (place, self.text[start..marked_end].chars().count().max(1))
    }

    fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset.min(self.text.len()))
    }
}

/// A table's entries in the order they stand in the file; the parser's own order is alphabetical.
pub(crate) fn in_file_order<'a, 't>(table: &'a DeTable<'t>) -> Vec<Entry<'a, 't>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let document = Document::new("w.toml".into(), "a = 1\r\nü = \"ö\"\n");
        for (start, end, line, column, width) in [
            (0, 1, 1, 1, 1),
            (7, 9, 2, 1, 1),
            (12, 16, 2, 5, 3),
            (4, 12, 1, 5, 1),
            (17, 17, 3, 1, 1),
            (99, 120, 3, 1, 1),
        ] {
            let (place, got) = document.place(&(start..end));
            assert_eq!((place.line, place.column, got), (line, column, width), "{start}..{end}");
        }
        assert_eq!(document.place(&(0..1)).0.text.as_deref(), Some("a = 1"));
    }

    #[test]
    fn entries_come_in_the_order_of_the_file() {
        let document = Document::new("w.toml".into(), "[b]\nz = 1\ny = 2\n[a]\n");
        let table = document.parse(Code::ManifestSyntax).expect("valid");
        let names: Vec<_> = in_file_order(&table).iter().map(|(key, _)| key.get_ref().to_string()).collect();
        assert_eq!(names, ["b", "a"]);
    }
}
