//! A command as a person would type it into a shell: literal parameters only.

use contracts::WireRequest;
use serde_json::Value as Json;

use crate::shell::Command;

/// The exact line; parameters in the order of their names, `Identity` and `Name` first and the common ones last.
pub(crate) fn wire_request(command: &Command) -> WireRequest {
    let mut line = command.cmdlet.clone();
    let mut names: Vec<&String> = command.parameters.keys().collect();
    names.sort_by_key(|name| (rank(name), *name));
    for name in names {
        let value = &command.parameters[name];
        // A switch takes its value after a colon; for parameters of type bool both forms are right.
        let between = if name == "Confirm" { ":" } else { " " };
        line.push_str(&format!(" -{name}{between}{}", literal(value)));
    }
    WireRequest { channel: "powershell".into(), line, body: String::new() }
}

fn rank(name: &str) -> u8 {
    match name {
        "Identity" | "Name" => 0,
        "DomainController" => 2,
        "Confirm" => 3,
        _ => 1,
    }
}

fn literal(value: &Json) -> String {
    match value {
        Json::Null => "$null".into(),
        Json::Bool(true) => "$true".into(),
        Json::Bool(false) => "$false".into(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => quoted(text),
        Json::Array(items) => items.iter().map(literal).collect::<Vec<_>>().join(","),
        Json::Object(_) => quoted(&value.to_string()),
    }
}

/// PowerShell ends a single-quoted string at four further characters that look like quotes, so each is doubled.
fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for other in text.chars() {
        if matches!(other, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            out.push(other);
        }
        out.push(other);
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_can_be_pasted() {
        for (cmdlet, parameters, expected) in [
            (
                "New-MailUser",
                json!({ "Name": "O'Neil", "ExternalEmailAddress": "a@contoso.com", "DomainController": "dc1" }),
                "New-MailUser -Name 'O''Neil' -ExternalEmailAddress 'a@contoso.com' -DomainController 'dc1'",
            ),
            (
                "Remove-MailUser",
                json!({ "Confirm": false, "Identity": "x; rm \u{2019}", "DomainController": "dc1" }),
                "Remove-MailUser -Identity 'x; rm \u{2019}\u{2019}' -DomainController 'dc1' -Confirm:$false",
            ),
            (
                "Set-X",
                json!({ "A": ["b", "c"], "D": true, "N": 3, "Z": null }),
                "Set-X -A 'b','c' -D $true -N 3 -Z $null",
            ),
        ] {
            let command =
                Command { cmdlet: cmdlet.into(), parameters: parameters.as_object().unwrap().clone() };
            assert_eq!(wire_request(&command).line, expected);
        }
    }
}
