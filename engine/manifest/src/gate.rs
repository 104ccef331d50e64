//! The gate of a step: what holds it before it looks at the target.

use model::Gate;
use model::workflow::{Approval, Question};

use crate::expression::Located;
use crate::keywords::{FIT, unfit};
use crate::walk::{Section, Walk};

/// Reads `gate = { … }`; `not_before` comes back located too, so that what it reads can be checked.
pub(crate) fn read_gate<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>) -> (Gate, Option<Located>) {
    walk.known_keys(section, &["approval", "form", "wait", "not_before"]);
    let not_before = walk.text(section, "not_before").map(|text| Located::new(walk.document, text));
    let gate = Gate {
        approval: read_approval(walk, section),
        form: read_form(walk, section),
        wait_ms: walk.duration_ms(section, "wait"),
        not_before: not_before.as_ref().map(|located| located.expression.clone()),
    };
    if section.table.is_empty() {
        let message = format!("{} is empty", section.name);
        walk.wrong(
            &section.span(),
            message,
            "give approval, form, wait or not_before, or leave the gate out",
        );
    }
    (gate, not_before)
}

fn read_approval<'t>(walk: &mut Walk<'_, 't>, gate: Section<'_, 't>) -> Option<Approval> {
    let (key, value) = gate.table.get_key_value("approval")?;
    let section = walk.table("approval", &key.span(), value)?;
    walk.known_keys(section, &["role", "not"]);
    let role =
        walk.required(section, "role", "say who may approve, for example role = \"exchange-admin\"")?;
    let not = walk.text(section, "not");
    if let Some(other) = not.as_ref().filter(|not| not.text != "requester") {
        let message = format!("'not' is '{}'; only \"requester\" is known", other.text);
        walk.wrong(&other.span, message, "write not = \"requester\", or leave it out");
    }
    Some(Approval { role: role.text, not_requester: not.is_some() })
}

fn read_form<'t>(walk: &mut Walk<'_, 't>, gate: Section<'_, 't>) -> Vec<Question> {
    let Some((key, value)) = gate.table.get_key_value("form") else { return Vec::new() };
    let Some(items) = value.get_ref().as_array() else {
        walk.mismatch(
            "form",
            value,
            "a list of questions such as [{ id = \"…\", ask = \"…\", proves = \"…\" }]",
        );
        return Vec::new();
    };
    if items.is_empty() {
        walk.wrong(&key.span(), "the form asks nothing".to_owned(), "add a question, or leave the form out");
    }
    let mut questions: Vec<Question> = Vec::new();
    for item in items {
        let Some(section) = walk.table("a question", &item.span(), item) else { continue };
        let Some((question, id_span)) = read_question(walk, section) else { continue };
        if questions.iter().any(|other| other.id == question.id) {
            let message = format!("question '{}' stands twice in the form", question.id);
            walk.wrong(&id_span, message, "give each question an id of its own");
        }
        questions.push(question);
    }
    questions
}

fn read_question<'t>(
    walk: &mut Walk<'_, 't>,
    section: Section<'_, 't>,
) -> Option<(Question, std::ops::Range<usize>)> {
    walk.known_keys(section, &["id", "ask", "proves", "required"]);
    let id = walk.required(section, "id", "name the question, for example id = \"presence\"");
    let ask = walk.required(section, "ask", "say what to do and what to look for");
    let proves = walk.required(section, "proves", "say which feature a yes proves");
    let required = walk.flag(section, "required").unwrap_or(false);
    let (id, ask, proves) = (id?, ask?, proves?);
    if let Some(why) = unfit(&id.text) {
        walk.wrong(&id.span, why, FIT);
    }
    Some((Question { id: id.text, ask: ask.text, proves: proves.text, required }, id.span))
}
