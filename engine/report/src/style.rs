//! Colour, decided by whoever knows the terminal and passed in as a value.

/// Whether to write the terminal's colour codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Plain,
    Coloured,
}

/// What a piece of text means, not which colour it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Create,
    Update,
    Delete,
    Conflict,
    Unknown,
    Quiet,
    Strong,
    Good,
}

impl Style {
    pub fn paint(self, paint: Paint, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Coloured => format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code()),
        }
    }

    pub fn strong(self, text: &str) -> String {
        self.paint(Paint::Strong, text)
    }

    pub fn quiet(self, text: &str) -> String {
        self.paint(Paint::Quiet, text)
    }
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Paint::Create | Paint::Good => "32",
            Paint::Update => "33",
            Paint::Delete => "31",
            Paint::Conflict => "1;31",
            Paint::Unknown => "35",
            Paint::Quiet => "2",
            Paint::Strong => "1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_plain() {
        assert_eq!(Style::Plain.strong("a"), "a");
        assert_eq!(Style::Coloured.paint(Paint::Create, "a"), "\u{1b}[32ma\u{1b}[0m");
    }
}
