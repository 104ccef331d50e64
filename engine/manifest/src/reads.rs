//! Checks that every expression reads only what exists and what is done by then, and notes whom each step reads from.

use std::collections::BTreeMap;

use model::{Code, Failure, Kind};

use crate::Finding;
use crate::dag::Ancestry;
use crate::document::Document;
use crate::expression::Located;
use crate::manifest::Manifest;
use crate::nearest::suggestion;
use crate::references::{Reads, Reference, references};
use crate::step::Role;

/// Comparing a name with all others costs; past so many mistakes of one manifest nobody reads suggestions.
pub(crate) const SUGGESTIONS_MAX: usize = 100;

/// Fills `uses` of every step. `ancestry` is absent where the steps stand in no order; then only names are checked.
pub(crate) fn check_reads(
    document: &Document<'_>,
    manifest: &mut Manifest,
    numbers: &BTreeMap<String, usize>,
    ancestry: Option<&Ancestry>,
) -> Vec<Finding> {
    let params: BTreeMap<&str, &Kind> =
        manifest.params.iter().map(|param| (param.name.as_str(), &param.kind)).collect();
    let names: Vec<String> = manifest.steps.iter().map(|draft| draft.name().to_owned()).collect();
    let conditional: Vec<bool> = manifest.steps.iter().map(|draft| draft.step.when.is_some()).collect();
    let mut check = Check {
        document,
        params,
        names: &names,
        conditional: &conditional,
        numbers,
        ancestry,
        findings: Vec::new(),
    };
    for (reader, draft) in manifest.steps.iter_mut().enumerate() {
        for (role, located) in &draft.expressions {
            if located.expression.text.trim().is_empty() {
                check.report(
                    located,
                    &(0..0),
                    "an expression is empty".to_owned(),
                    "write one, or leave it out",
                );
            }
            for reference in references(&located.expression.text) {
                if let Some(read) = check.reference(reader, *role, located, &reference) {
                    draft.step.uses.insert(names[read].as_str().into());
                }
            }
        }
    }
    check.findings
}

/// Whether an expression that reads a step so fails when that step is skipped.
pub(crate) fn fails_when_skipped(reads: Reads, role: Role, reader_is_conditional: bool) -> bool {
    // A reader with a condition of its own may know; its condition itself is always asked.
    let is_guarded = reader_is_conditional && role != Role::When;
    reads == Reads::Output && !is_guarded
}

struct Check<'c> {
    document: &'c Document<'c>,
    params: BTreeMap<&'c str, &'c Kind>,
    names: &'c [String],
    conditional: &'c [bool],
    numbers: &'c BTreeMap<String, usize>,
    ancestry: Option<&'c Ancestry>,
    findings: Vec<Finding>,
}

impl Check<'_> {
    /// The number of the step that is read, when that is allowed.
    fn reference(
        &mut self,
        reader: usize,
        role: Role,
        located: &Located,
        reference: &Reference,
    ) -> Option<usize> {
        let text = &located.expression.text;
        match reference {
            Reference::Param { name } => {
                let written = &text[name.clone()];
                match self.params.get(written) {
                    None => {
                        let hint =
                            self.hint(written, self.params.keys().copied(), "declare it under [params]");
                        self.report(located, name, format!("no parameter '{written}'"), hint);
                    }
                    // The whole condition is one parameter: its kind is known before anything runs.
                    Some(kind)
                        if role == Role::When
                            && text.trim() == format!("params.{written}")
                            && **kind != Kind::Bool =>
                    {
                        let message = format!("a condition must be true or false; '{written}' is {kind}");
                        self.report(located, name, message, "compare it with something");
                    }
                    Some(_) => {}
                }
                None
            }
            Reference::Hidden { word } => {
                let written = &text[word.clone()];
                let message =
                    format!("'{written}' is not followed by a name, so what it reads cannot be checked");
                let hint = if written == "params" { "write params.NAME" } else { "write steps.NAME.OUTPUT" };
                self.report(located, word, message, hint);
                None
            }
            Reference::Step { name, reads } => {
                let written = &text[name.clone()];
                let Some(&read) = self.numbers.get(written) else {
                    let hint =
                        self.hint(written, self.names.iter().map(String::as_str), "declare it under [steps]");
                    self.report(located, name, format!("no step '{written}'"), hint);
                    return None;
                };
                self.step(reader, role, *reads, read).map_or(Some(read), |(message, hint)| {
                    self.report(located, name, message, hint);
                    None
                })
            }
        }
    }

    /// What is wrong with reading that step there.
    fn step(&self, reader: usize, role: Role, reads: Reads, read: usize) -> Option<(String, String)> {
        let (reader_name, name) = (&self.names[reader], &self.names[read]);
        if reader == read {
            let message = format!("step '{reader_name}' reads its own outputs");
            return Some((message, "its outputs exist only after it; read an earlier step".to_owned()));
        }
        if self.ancestry.is_some_and(|ancestry| !ancestry.is_ancestor(reader, read)) {
            let message = format!("step '{reader_name}' reads '{name}', which is not done before it");
            return Some((message, format!("add \"{name}\" to the needs of '{reader_name}'")));
        }
        if self.conditional[read] && fails_when_skipped(reads, role, self.conditional[reader]) {
            let message = format!("'{name}' has a condition: when it is skipped, there is no such output");
            return Some((message, format!("write steps.{name}?.OUTPUT, which then gives ()")));
        }
        None
    }

    fn hint<'n>(&self, written: &str, known: impl Iterator<Item = &'n str>, otherwise: &str) -> String {
        if self.findings.len() > SUGGESTIONS_MAX {
            return otherwise.to_owned();
        }
        suggestion(written, known, || otherwise.to_owned())
    }

    fn report(
        &mut self,
        located: &Located,
        part: &std::ops::Range<usize>,
        message: String,
        hint: impl Into<String>,
    ) {
        let failure = Failure::invalid(Code::ManifestExpression, message).hint(hint);
        self.findings.push(self.document.finding(failure, &located.span_of(part)));
    }
}
