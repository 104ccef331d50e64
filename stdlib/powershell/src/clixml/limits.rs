//! How much a document may ask of us, and what is wrong with one that is not read.

/// Upper bounds for one document. Whatever a reference repeats counts again, so nothing small can unfold into much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The document as it came.
    pub document_bytes_max: usize,
    /// Everything that is kept of it: strings, names, types and bytes, repeated ones included.
    pub kept_bytes_max: usize,
    /// Elements inside one another, and values inside one another.
    pub depth_max: usize,
    /// Elements in all, and values that references repeat.
    pub elements_max: usize,
    /// One string, before its escapes are resolved.
    pub text_bytes_max: usize,
    /// Entries of one list, dictionary or set of properties.
    pub items_max: usize,
}

impl Default for Limits {
    /// Generous for one object of any cmdlet; about 100 MB of memory at the very worst.
    fn default() -> Limits {
        Limits {
            document_bytes_max: 32 << 20,
            kept_bytes_max: 64 << 20,
            depth_max: 128,
            elements_max: 400_000,
            text_bytes_max: 16 << 20,
            items_max: 100_000,
        }
    }
}

/// Why a document was not read, or a value not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("read CLIXML: no UTF-8 at byte {at}")]
    Encoding { at: usize },
    #[error("read CLIXML: malformed XML at byte {at}: {why}")]
    Malformed { at: u64, why: String },
    /// Documents of PowerShell never have a DTD; nothing in one is looked at.
    #[error("read CLIXML: a document type declaration at byte {at}")]
    DocumentType { at: u64 },
    #[error("read CLIXML: an unknown entity `{name}` at byte {at}")]
    Entity { name: String, at: u64 },
    #[error("read CLIXML: the document ends inside `{element}`")]
    Cut { element: String },
    #[error("handle CLIXML: more than {max} {what}")]
    Limit { what: &'static str, max: usize },
    #[error("write CLIXML: {why}")]
    Unwritable { why: String },
}

/// What the far end wrote, so that it can be shown: so many letters at most, and none that steers a terminal.
pub(crate) fn plain(text: &str, letters_max: usize) -> String {
    let shown =
        |letter: char| if letter.is_control() { letter.escape_default().to_string() } else { letter.into() };
    text.chars().take(letters_max).map(shown).collect()
}
