//! The host functions that scripts may call.

use std::time::Duration;

use model::time::format_duration;
use model::{Effect, FunctionSpec, Reversibility};

use crate::{Paint, Style};

pub fn text(functions: &[FunctionSpec], style: Style) -> String {
    let mut sorted: Vec<&FunctionSpec> = functions.iter().collect();
    sorted.sort_by_key(|one| one.path());
    let mut text = String::new();
    let mut module = "";
    for one in sorted {
        if one.module != module {
            if !module.is_empty() {
                text.push('\n');
            }
            module = &one.module;
            text.push_str(&format!("{}\n", style.strong(module)));
        }
        let effect = match one.effect {
            Effect::Read => style.quiet("read "),
            Effect::Write => style.paint(Paint::Update, "write"),
        };
        text.push_str(&format!("  {effect} {}", one.signature()));
        if !one.returns.is_empty() {
            text.push_str(&format!(" -> {}", one.returns));
        }
        text.push_str(&format!("\n        {}", one.doc));
        match (one.effect, one.reversibility) {
            (Effect::Read, _) | (Effect::Write, Reversibility::Reversible) => {}
            (Effect::Write, Reversibility::WithLoss) => text.push_str(" Undo loses something."),
            (Effect::Write, Reversibility::Irreversible) => text.push_str(" It cannot be undone."),
        }
        text.push('\n');
        for argument in &one.arguments {
            if !argument.doc.is_empty() {
                text.push_str(&format!("        {}: {}\n", argument.name, argument.doc));
            }
        }
    }
    text
}

/// A page for the documentation: a section a module, an entry a function.
pub fn markdown(functions: &[FunctionSpec]) -> String {
    let mut sorted: Vec<&FunctionSpec> = functions.iter().collect();
    sorted.sort_by_key(|one| one.path());
    let mut page = "# Host functions\n\nWhat scripts can call. Each takes one map of named arguments; a `?` marks those that \
                    may be left out. Functions with the effect *write* can be reached from `apply` and `undo` only.\n\n\
                    This page is generated: `.ci/generate`.\n"
        .to_owned();
    let mut module = "";
    for one in sorted {
        if one.module != module {
            module = &one.module;
            page.push_str(&format!("\n## {module}\n"));
        }
        page.push_str(&format!("\n### `{}`\n\n```\n{}\n```\n\n{}\n", one.path(), one.signature(), one.doc));
        if !one.arguments.is_empty() {
            page.push('\n');
        }
        for argument in &one.arguments {
            let optional = if argument.required { "" } else { ", optional" };
            let doc = if argument.doc.is_empty() { String::new() } else { format!(": {}", argument.doc) };
            page.push_str(&format!("- `{}` ({}{optional}){doc}\n", argument.name, argument.kind));
        }
        page.push_str(&format!("\nEffect: {}.", effect_words(one)));
        if !one.returns.is_empty() {
            page.push_str(&format!(" Gives: {}.", one.returns.trim_end_matches('.')));
        }
        page.push('\n');
    }
    page
}

fn effect_words(one: &FunctionSpec) -> String {
    let undo = match one.reversibility {
        Reversibility::Reversible => "can be undone",
        Reversibility::WithLoss => "undo loses something",
        Reversibility::Irreversible => "cannot be undone",
    };
    match one.effect {
        Effect::Read => "read".to_owned(),
        Effect::Write if one.settle_ms == 0 => format!("write, {undo}"),
        Effect::Write => {
            let settles = format_duration(Duration::from_millis(one.settle_ms));
            format!("write, {undo}, visible after {settles} at most")
        }
    }
}

/// `{"functions": [{"path","signature","effect",…}]}`.
pub fn json(functions: &[FunctionSpec]) -> serde_json::Value {
    let mut rows: Vec<serde_json::Value> = functions
        .iter()
        .map(|one| {
            let mut row = serde_json::json!(one);
            row["path"] = one.path().into();
            row["signature"] = one.signature().into();
            row
        })
        .collect();
    rows.sort_by_key(|row| row["path"].as_str().unwrap_or_default().to_owned());
    serde_json::json!({ "functions": rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Kind;

    #[test]
    fn functions_are_listed_by_module_with_effect_and_signature() {
        let list = [
            FunctionSpec::write("graph", "drop_key", 0, "Removes a key.")
                .required("sha1", Kind::String, "")
                .reversibility(Reversibility::WithLoss),
            FunctionSpec::read("exchange", "organization", "Who this is.").returns("a map"),
        ];
        let expected = "exchange\n  read  exchange::organization() -> a map\n        Who this is.\n\ngraph\n  write graph::drop_key(#{ sha1: a string })\n        Removes a key. Undo loses something.\n";
        assert_eq!(text(&list, Style::Plain), expected);
    }

    #[test]
    fn the_page_tells_arguments_effect_and_settle_time() {
        let list = [
            FunctionSpec::write("graph", "add_key", 120_000, "Adds a key.")
                .required("der", Kind::String, "the certificate")
                .optional("app_id", Kind::Guid, "")
                .returns("a map"),
            FunctionSpec::read("exchange", "organization", "Who this is."),
        ];
        let page = markdown(&list);
        let (_, list) = page.split_once("\n## exchange\n").expect("a section a module");
        let expected = "\n### `exchange::organization`\n\n```\nexchange::organization()\n```\n\nWho this is.\n\nEffect: read.\n\n## graph\n\n### `graph::add_key`\n\n```\ngraph::add_key(#{ der: a string, app_id?: a GUID such as 00000004-0000-0ff1-ce00-000000000000 })\n```\n\nAdds a key.\n\n- `der` (a string): the certificate\n- `app_id` (a GUID such as 00000004-0000-0ff1-ce00-000000000000, optional)\n\nEffect: write, can be undone, visible after 2m at most. Gives: a map.\n";
        assert_eq!(list, expected);
    }
}
