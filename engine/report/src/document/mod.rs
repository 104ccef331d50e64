//! A page before it is written: headings, facts, tables. Whatever is told of a run is composed once, of these, and then
//! written as text, as Markdown or as HTML.

mod html;
mod markdown;
mod text;

pub(crate) use html::{Html, STYLE as HTML_STYLE, blocks as html};
pub(crate) use markdown::blocks as markdown;
pub(crate) use text::blocks as text;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    Heading {
        /// From 1.
        level: usize,
        text: String,
        /// A word or two about how it stands.
        badge: Option<Span>,
    },
    Text(Span),
    /// Names and what they are.
    Facts(Vec<(String, Span)>),
    Table {
        columns: Vec<&'static str>,
        rows: Vec<Vec<Span>>,
    },
    /// Of HTML only: whoever reads text has `footbridge graph`.
    Picture {
        svg: String,
        /// What stands below it.
        told: &'static str,
    },
    /// A given picture, of HTML only.
    Image {
        name: String,
        media_type: &'static str,
        base64: String,
    },
    /// Folded away in HTML until it is asked for.
    Fold {
        title: String,
        blocks: Vec<Block>,
    },
    /// What belongs together and should stay on one page.
    Card(Vec<Block>),
}

/// A piece of text and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Strong,
    Quiet,
    /// To be read letter by letter.
    Code,
    Good,
    Bad,
    /// Not over, or not told.
    Open,
    Before,
    After,
}

impl Span {
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Span {
        Span { text: text.into(), tone }
    }

    pub(crate) fn code(text: impl Into<String>) -> Span {
        Span::new(Tone::Code, text)
    }

    pub(crate) fn quiet(text: impl Into<String>) -> Span {
        Span::new(Tone::Quiet, text)
    }
}

/// Nothing to be told.
impl Default for Span {
    fn default() -> Span {
        Span::new(Tone::Plain, "")
    }
}

impl<T: Into<String>> From<T> for Span {
    fn from(text: T) -> Span {
        Span::new(Tone::Plain, text)
    }
}

impl Block {
    pub(crate) fn heading(level: usize, text: impl Into<String>) -> Block {
        Block::Heading { level, text: text.into(), badge: None }
    }
}
