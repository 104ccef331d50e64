//! The host functions that scripts may call.

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
}
