//! An expression of the manifest together with the way from a position inside it to a place in the file.

use std::ops::Range;

use model::workflow::Expression;

use crate::document::Document;
use crate::walk::Text;

#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) expression: Expression,
    /// The whole value in the file, quotes included.
    span: Range<usize>,
    /// Where the text starts in the file, when it stands there exactly as it reads (no escapes).
    verbatim_from: Option<usize>,
}

impl Located {
    pub(crate) fn new(document: &Document<'_>, text: Text) -> Located {
        let raw = &document.text[text.span.clone()];
        let skipped = opening_length(raw);
        let verbatim_from = raw[skipped..].starts_with(&text.text).then_some(text.span.start + skipped);
        let (place, _) = document.place(&(text.span.start + skipped..text.span.end));
        let Text { text, span } = text;
        let expression = Expression { text, file: place.file, line: place.line, column: place.column };
        Located { expression, span, verbatim_from }
    }

    /// Where a part of the expression's text stands in the file; the whole value where that cannot be known.
    pub(crate) fn span_of(&self, part: &Range<usize>) -> Range<usize> {
        match self.verbatim_from {
            Some(start) => start + part.start..start + part.end,
            None => self.span.clone(),
        }
    }
}

/// How much of a TOML string comes before its text: the quotes, and the line break that opens a long string.
fn opening_length(raw: &str) -> usize {
    for quotes in ["\"\"\"", "'''"] {
        if let Some(rest) = raw.strip_prefix(quotes) {
            let newline = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
            return quotes.len() + newline;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_know_where_their_text_starts() {
        for (text, value, column, part) in [
            ("a = \"x.y\"", "x.y", 6, 7..8),
            ("a = '''x.y'''", "x.y", 8, 9..10),
            ("a = \"x\\u002Ey\"", "x.y", 6, 4..14),
        ] {
            let document = Document::new("w.toml".into(), text);
            let located = Located::new(&document, Text { text: value.into(), span: 4..text.len() });
            assert_eq!((located.expression.line, located.expression.column), (1, column), "{text}");
            assert_eq!(located.span_of(&(2..3)), part, "{text}");
        }
    }
}
