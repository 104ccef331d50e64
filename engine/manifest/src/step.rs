//! The declarations of steps: `[steps.NAME]`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use model::workflow::Script;
use model::{Code, Retry, Step, StepPath};
use toml::Spanned;
use toml::de::DeValue;

use crate::document::in_file_order;
use crate::expression::Located;
use crate::gate::read_gate;
use crate::keywords::{FIT, unfit};
use crate::walk::{Section, Text, Walk, positive_ms};

const KEYS: [&str; 8] = ["title", "needs", "with", "when", "retry", "timeout", "deadline", "gate"];
/// What one phase may take where the manifest does not say.
const TIMEOUT_MS: u64 = 10 * 60 * 1_000;
/// What all waiting of one stage may take where the manifest does not say.
const DEADLINE_MS: u64 = 24 * 60 * 60 * 1_000;

/// A step as declared: its script is still to be found, and its names are still to be looked up.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) step: Step,
    /// The name in the file.
    pub(crate) at: Range<usize>,
    pub(crate) needs: Vec<Text>,
    pub(crate) expressions: Vec<(Role, Located)>,
}

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    With,
    When,
    NotBefore,
}

impl Draft {
    pub(crate) fn name(&self) -> &str {
        self.step.path.as_str()
    }
}

/// All steps in the order of the file.
pub(crate) fn read_steps<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (key, value) in in_file_order(section.table) {
        let name = key.get_ref().as_ref();
        if let Some(why) = unfit(name) {
            walk.wrong(&key.span(), why, FIT);
        }
        drafts.push(read_step(walk, name, key.span(), value));
    }
    drafts
}

/// Always gives a step, so that those who need it are not reported too; a finding says what is wrong with it.
fn read_step<'t>(
    walk: &mut Walk<'_, 't>,
    name: &str,
    at: Range<usize>,
    value: &Spanned<DeValue<'t>>,
) -> Draft {
    let script = Script { file: String::new(), origin: String::new(), source: String::new() };
    let step = Step {
        path: StepPath::new(name),
        title: String::new(),
        needs: Vec::new(),
        with: BTreeMap::new(),
        when: None,
        retry: Retry::default(),
        timeout_ms: TIMEOUT_MS,
        deadline_ms: DEADLINE_MS,
        gate: None,
        script,
        phases: BTreeSet::new(),
        uses: BTreeSet::new(),
        lib: None,
        retired: false,
    };
    let mut draft = Draft { step, at: at.clone(), needs: Vec::new(), expressions: Vec::new() };
    let title = format!("[steps.{name}]");
    let Some(section) = walk.table(&title, &at, value) else { return draft };
    refuse_reserved(walk, section);
    if let Some(title) = walk.required(section, "title", "say what the step does: title = \"…\"") {
        draft.step.title = title.text;
    }
    draft.needs = read_needs(walk, section);
    read_with(walk, section, &mut draft);
    if let Some(text) = walk.text(section, "when") {
        let located = Located::new(walk.document, text);
        draft.step.when = Some(located.expression.clone());
        draft.expressions.push((Role::When, located));
    }
    if let Some((key, value)) = section.table.get_key_value("retry") {
        draft.step.retry = read_retry(walk, &key.span(), value).unwrap_or_default();
    }
    if let Some(milliseconds) = walk.duration_ms(section, "timeout") {
        draft.step.timeout_ms = milliseconds;
    }
    if let Some(milliseconds) = walk.duration_ms(section, "deadline") {
        draft.step.deadline_ms = milliseconds;
    }
    if let Some((key, value)) = section.table.get_key_value("gate")
        && let Some(section) = walk.table("gate", &key.span(), value)
    {
        let (gate, not_before) = read_gate(walk, section);
        draft.step.gate = Some(gate);
        draft.expressions.extend(not_before.map(|located| (Role::NotBefore, located)));
    }
    draft
}

fn refuse_reserved<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>) {
    let known: Vec<&str> = KEYS.into_iter().chain(["each", "workflow"]).collect();
    walk.known_keys(section, &known);
    let later = [
        (
            "each",
            "a step for every item of a list",
            "write one step for each item, or loop over the items in one plan",
        ),
        (
            "workflow",
            "a step that is a whole workflow",
            "write its steps here, or run that workflow by itself before",
        ),
    ];
    for (key, what, instead) in later {
        if let Some((key, _)) = section.table.get_key_value(key) {
            let message = format!("'{}' ({what}) is reserved and not yet possible", key.get_ref());
            walk.report(Code::ManifestReserved, &key.span(), message, instead);
        }
    }
}

fn read_needs<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>) -> Vec<Text> {
    let mut seen = BTreeSet::new();
    let mut needs = walk.texts(section, "needs").unwrap_or_default();
    needs.retain(|need| {
        let is_new = seen.insert(need.text.clone());
        if !is_new {
            walk.wrong(&need.span, format!("'{}' stands twice in needs", need.text), "leave one out");
        }
        is_new
    });
    needs
}

fn read_with<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>, draft: &mut Draft) {
    let Some((key, value)) = section.table.get_key_value("with") else { return };
    let Some(with) = walk.table("with", &key.span(), value) else { return };
    for (key, value) in in_file_order(with.table) {
        let name = key.get_ref().as_ref();
        if let Some(why) = unfit(name) {
            walk.wrong(&key.span(), why, FIT);
        }
        let Some(text) = value.get_ref().as_str() else {
            walk.mismatch(name, value, "an expression in quotes (such as \"params.domain\" or \"5\")");
            continue;
        };
        let text = Text { text: text.to_owned(), span: value.span() };
        let located = Located::new(walk.document, text);
        draft.step.with.insert(name.to_owned(), located.expression.clone());
        draft.expressions.push((Role::With, located));
    }
}

fn read_retry<'t>(walk: &mut Walk<'_, 't>, at: &Range<usize>, value: &Spanned<DeValue<'t>>) -> Option<Retry> {
    let section = walk.table("retry", at, value)?;
    walk.known_keys(section, &["attempts", "backoff"]);
    let mut retry = Retry::default();
    if let Some(attempts) = walk.count(section, "attempts") {
        retry.attempts = attempts;
    }
    if let Some(backoff) = walk.text(section, "backoff") {
        let span = backoff
            .text
            .split_once("..")
            .and_then(|(shortest, longest)| Some((positive_ms(shortest)?, positive_ms(longest)?)))
            .filter(|(shortest, longest)| shortest <= longest);
        if let Some((shortest, longest)) = span {
            retry.wait_ms_min = shortest;
            retry.wait_ms_max = longest;
        } else {
            let message =
                format!("'backoff' is '{}'; the shortest and the longest wait are expected", backoff.text);
            walk.wrong(&backoff.span, message, "write the shorter one first: backoff = \"2s..2m\"");
        }
    }
    Some(retry)
}
