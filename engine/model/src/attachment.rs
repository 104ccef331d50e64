//! A file that a person gives with an answer or a decision: its bytes are kept beside the journal, the event names them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Digest;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The file's name without its folders, safe to show.
    pub name: String,
    /// SHA-256 of the bytes: what they are kept under, and what proves them.
    pub digest: Digest,
    /// How many bytes.
    pub bytes: u64,
}

/// A longer name is a mistake or an attack, and no file system takes it.
const NAME_LENGTH_MAX: usize = 255;

impl Attachment {
    /// A screenshot, a log or a trace fits; a disk image does not belong into a journal.
    pub const BYTES_MAX: usize = 8 * 1024 * 1024;

    /// `path` may be a whole path of any system: only its last part is kept.
    pub fn new(path: &str, content: &[u8]) -> Attachment {
        Attachment { name: file_name(path), digest: Digest::of_bytes(content), bytes: content.len() as u64 }
    }

    /// The same, whatever name it came with.
    pub fn named_safely(mut self) -> Attachment {
        self.name = file_name(&self.name);
        self
    }
}

fn file_name(path: &str) -> String {
    let last = path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or_default();
    let clean: String = last
        .chars()
        .take(NAME_LENGTH_MAX)
        .map(|one| if one.is_control() || turns_text(one) { '\u{fffd}' } else { one })
        .collect();
    if clean.trim_matches(['.', ' ']).is_empty() { "file".to_owned() } else { clean }
}

/// Marks that make text run the other way: `exe.gnp` would be shown as `png.exe`.
fn turns_text(one: char) -> bool {
    matches!(one, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_a_path_and_safe_to_show() {
        for (path, name) in [
            ("/home/ann/presence.png", "presence.png"),
            (r"C:\Users\ann\Bild ä.png", "Bild ä.png"),
            ("a\u{1b}[2J\n.txt", "a\u{fffd}[2J\u{fffd}.txt"),
            ("photo\u{202e}gnp.exe", "photo\u{fffd}gnp.exe"),
            ("folder/", "folder"),
            ("..", "file"),
            ("", "file"),
        ] {
            assert_eq!(Attachment::new(path, b"x").name, name, "{path:?}");
        }
        assert_eq!(Attachment::new(&"x".repeat(9000), b"").name.len(), NAME_LENGTH_MAX);
        assert_eq!(Attachment::new("a", b"abc").digest, Digest::of_bytes(b"abc"));
    }
}
