//! Data to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write as _};

use report::Style;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    colour: bool,
}

#[expect(clippy::unused_self, reason = "whoever writes must hold the output that was set up")]
impl Output {
    /// `colour`: nobody forbade it; each stream still has it only on a terminal.
    pub(crate) fn new(json: bool, colour: bool) -> Output {
        Output { json, colour }
    }

    pub(crate) fn data_style(self) -> Style {
        if self.colour && std::io::stdout().is_terminal() { Style::Coloured } else { Style::Plain }
    }

    pub(crate) fn note_style(self) -> Style {
        if self.colour && std::io::stderr().is_terminal() { Style::Coloured } else { Style::Plain }
    }

    /// Both ends are a person's terminal: a question can be asked.
    pub(crate) fn can_ask(self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// A terminal that can redraw.
    pub(crate) fn can_redraw(self) -> bool {
        std::io::stderr().is_terminal()
    }

    /// A reader that went away (`| head`) is no error of ours, and nothing could be told to it anyway.
    pub(crate) fn data(self, text: &str) {
        let mut stream = std::io::stdout().lock();
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.flush();
    }

    pub(crate) fn document(self, document: &serde_json::Value) {
        self.data(&format!("{document:#}\n"));
    }

    /// The document where JSON is asked for, else the text.
    pub(crate) fn either(
        self,
        document: impl FnOnce() -> serde_json::Value,
        text: impl FnOnce(Style) -> String,
    ) {
        if self.json {
            self.document(&document());
        } else {
            self.data(&text(self.data_style()));
        }
    }

    pub(crate) fn note(self, text: &str) {
        let mut stream = std::io::stderr().lock();
        let _ = writeln!(stream, "{}", text.trim_end_matches('\n'));
    }
}
