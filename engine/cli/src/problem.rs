//! Everything that went wrong with one command, drawn for a person or written as JSON.

use std::fmt;

use contracts::JournalError;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};
use model::refine::Difference;
use model::{Code, Failure};
use report::Style;
use serde_json::json;

use crate::Exit;

/// Never empty.
#[derive(Debug)]
pub(crate) struct Problem {
    failures: Vec<Marked>,
    /// Found by judging a workflow's files: whatever the codes, the check has failed.
    judged: bool,
}

#[derive(Debug)]
struct Marked {
    failure: Failure,
    /// How many characters are marked, from the failure's place.
    width: usize,
}

pub(crate) type Outcome = Result<Exit, Problem>;

impl Problem {
    /// A setting or argument that clap could not judge.
    pub(crate) fn usage(message: impl Into<String>) -> Problem {
        Failure::invalid(Code::Settings, message).into()
    }

    pub(crate) fn findings(findings: impl IntoIterator<Item = (Failure, usize)>) -> Problem {
        let failures: Vec<Marked> =
            findings.into_iter().map(|(failure, width)| Marked { failure, width }).collect();
        if failures.is_empty() {
            return Failure::bug("a mistake was reported without saying which").into();
        }
        Problem { failures, judged: false }
    }

    /// Mistakes in a workflow's or a layer's files.
    pub(crate) fn judged(findings: impl IntoIterator<Item = (Failure, usize)>) -> Problem {
        Problem { judged: true, ..Problem::findings(findings) }
    }

    pub(crate) fn code(&self) -> Code {
        self.failures.first().map_or(Code::Internal, |first| first.failure.code)
    }

    pub(crate) fn exit(&self) -> Exit {
        if self.judged { Exit::CheckFailed } else { Exit::of_code(self.code()) }
    }

    pub(crate) fn count(&self) -> usize {
        self.failures.len()
    }

    pub(crate) fn text(&self, style: Style) -> String {
        let theme = match style {
            Style::Plain => GraphicalTheme::unicode_nocolor(),
            Style::Coloured => GraphicalTheme::unicode(),
        };
        let handler =
            GraphicalReportHandler::new_themed(theme).with_links(false).with_context_lines(1).with_width(110);
        let mut text = String::new();
        for one in &self.failures {
            let drawn = Drawn::new(one);
            if handler.render_report(&mut text, &drawn).is_err() {
                text.push_str(&format!("{} {}\n", one.failure.code, one.failure.message));
            }
            text.push_str(&report::stale::text(&differences(&one.failure), style));
        }
        text.push_str(&format!("`footbridge explain {}` says more\n", self.code()));
        text
    }

    /// `{"error": {…}, "errors": [{"code","class","message","hint"?,"place"?,…}], "exit": n}`.
    pub(crate) fn json(&self) -> serde_json::Value {
        let all: Vec<&Failure> = self.failures.iter().map(|one| &one.failure).collect();
        json!({ "error": all.first(), "errors": all, "exit": self.exit() as u8 })
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        Problem { failures: vec![Marked { failure, width: 1 }], judged: false }
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Problem {
        Failure::from(error).into()
    }
}

/// The evidence that is drawn as a three-way difference.
const DIFFERENCES: &str = "differences";

fn differences(failure: &Failure) -> Vec<Difference> {
    let listed = failure.evidence.get(DIFFERENCES).map(model::Value::to_json);
    listed.and_then(|listed| serde_json::from_value(listed).ok()).unwrap_or_default()
}

/// One failure as miette draws it.
#[derive(Debug)]
struct Drawn {
    code: Code,
    message: String,
    help: Option<String>,
    source: Option<OneLine>,
    label: Option<LabeledSpan>,
}

impl Drawn {
    fn new(one: &Marked) -> Drawn {
        let failure = &one.failure;
        let mut help: Vec<String> = failure.hint.iter().cloned().collect();
        for (name, value) in failure.evidence.iter().filter(|(name, _)| *name != DIFFERENCES) {
            help.push(format!("{name}: {value}"));
        }
        let mut drawn = Drawn {
            code: failure.code,
            message: failure.message.clone(),
            help: None,
            source: None,
            label: None,
        };
        if let Some(place) = &failure.place {
            match &place.text {
                Some(text) if place.line > 0 => {
                    let column = place.column.saturating_sub(1);
                    let start: usize = text.chars().take(column).map(char::len_utf8).sum();
                    let length: usize =
                        text.chars().skip(column).take(one.width.max(1)).map(char::len_utf8).sum();
                    drawn.label = Some(LabeledSpan::at(start..start + length, "here"));
                    drawn.source = Some(OneLine {
                        file: place.file.clone(),
                        number: place.line - 1,
                        text: text.clone(),
                    });
                }
                Some(_) | None => drawn.message = format!("{} ({})", drawn.message, shown(place)),
            }
        }
        if !help.is_empty() {
            drawn.help = Some(help.join("\n"));
        }
        drawn
    }
}

fn shown(place: &model::Place) -> String {
    match (place.line, place.column) {
        (0, _) => place.file.clone(),
        (line, 0) => format!("{}:{line}", place.file),
        (line, column) => format!("{}:{line}:{column}", place.file),
    }
}

/// The one line of a file that is known.
#[derive(Debug)]
struct OneLine {
    file: String,
    /// From 0.
    number: usize,
    text: String,
}

impl SourceCode for OneLine {
    /// Asked without context for where a span is, and with context for what to draw: then it is always the whole line.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let marked = self.text.get(span.offset()..end).ok_or(MietteError::OutOfBounds)?;
        let contents = if before + after == 0 {
            let column = self.text[..span.offset()].chars().count();
            MietteSpanContents::new_named(self.file.clone(), marked.as_bytes(), *span, self.number, column, 1)
        } else {
            let whole = SourceSpan::from(0..self.text.len());
            MietteSpanContents::new_named(self.file.clone(), self.text.as_bytes(), whole, self.number, 0, 1)
        };
        Ok(Box::new(contents))
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl Diagnostic for Drawn {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(self.code))
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.label.clone()?;
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Place;

    #[test]
    fn a_mistake_is_drawn_at_its_place() {
        let place =
            Place { file: "w/workflow.toml".into(), line: 7, column: 3, text: Some("é titel = 1".into()) };
        let failure = Failure::invalid(Code::ManifestKey, "the manifest has no 'titel'")
            .hint("did you mean 'title'?")
            .at(place);
        let problem = Problem::findings([(failure, 5)]);
        let text = problem.text(Style::Plain);
        for part in
            ["FB0102", "w/workflow.toml:7:3", "é titel = 1", "did you mean 'title'?", "explain FB0102"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(problem.exit(), Exit::CheckFailed);
        assert_eq!(problem.json()["errors"][0]["place"]["line"], 7);
    }

    #[test]
    fn a_place_beyond_its_line_is_still_drawn() {
        let place = Place { file: "s.rhai".into(), line: 2, column: 90, text: Some("let x = ;".into()) };
        let text = Problem::findings([(Failure::invalid(Code::ScriptSyntax, "no"), 3)]).text(Style::Plain);
        assert!(text.contains("FB0201"));
        let text =
            Problem::findings([(Failure::invalid(Code::ScriptSyntax, "no").at(place), 3)]).text(Style::Plain);
        assert!(text.contains("s.rhai") && text.contains("let x"), "{text}");
    }
}
