//! A line of a target file as it may be drawn: without anything that could be a secret.

/// Keys whose values are no secrets; what stands after `env` may be one that somebody put there by mistake. Whatever stands after another key is left out.
const PLAIN: [&str; 18] = [
    "tenant",
    "transport",
    "uri",
    "auth",
    "user",
    "ca_file",
    "allow_http",
    "configuration",
    "metadata_url",
    "program",
    "startup",
    "world",
    "cloud",
    "login",
    "endpoint",
    "client_id",
    "token_file",
    "certificate",
];

/// Plain values stay; the value of any other key becomes `…`, and so do comments and what follows no key at all.
pub(super) fn without_values(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut key = String::new();
    let mut after_equals = false;
    while let Some(next) = rest.chars().next() {
        match next {
            '#' => {
                out.push_str("# …");
                return out;
            }
            '=' => {
                after_equals = true;
                out.push(next);
                rest = &rest[1..];
            }
            '{' | ',' | '}' => {
                after_equals = false;
                key.clear();
                out.push(next);
                rest = &rest[1..];
            }
            '[' | ']' if !after_equals => {
                out.push(next);
                rest = &rest[1..];
            }
            _ if next.is_whitespace() => {
                out.push(next);
                rest = &rest[next.len_utf8()..];
            }
            _ if after_equals => {
                let (value, left) = cut_value(rest);
                if PLAIN.contains(&key.as_str()) {
                    out.push_str(&without_credentials(value));
                } else {
                    out.push('…');
                }
                rest = left;
            }
            _ if is_key(next) || next == '.' => {
                let end = rest.find(|other| !is_key(other)).unwrap_or(rest.len()).max(1);
                rest[..end].clone_into(&mut key);
                out.push_str(&key);
                rest = &rest[end..];
            }
            // A quote without a key before it: a quoted key, or the inside of a text of several lines.
            _ => {
                out.push('…');
                return out;
            }
        }
    }
    // Words without an equals sign after them are no setting.
    if line.contains('=') || line.trim_start().starts_with('[') || line.trim().is_empty() {
        out
    } else {
        "…".to_owned()
    }
}

fn is_key(other: char) -> bool {
    other.is_ascii_alphanumeric() || matches!(other, '_' | '-')
}

/// One value and what follows it: to the closing quote, or to the end of a bare word.
fn cut_value(text: &str) -> (&str, &str) {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
    let end = match quote {
        Some(quote) => text[1..].find(quote).map_or(text.len(), |at| at + 2),
        None => text.find([',', '}']).unwrap_or(text.len()),
    };
    text.split_at(end)
}

/// An address without a user name and password.
fn without_credentials(value: &str) -> String {
    let Some(start) = value.find("://").map(|at| at + 3) else { return value.to_owned() };
    let end = value[start..].find(['/', '?', '#']).map_or(value.len(), |at| start + at);
    match value[start..end].rfind('@') {
        Some(at) => format!("{}…{}", &value[..start], &value[start + at..]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_may_be_a_secret_is_left_out() {
        for (line, expected) in [
            ("uri = \"https://ex01/\"", "uri = \"https://ex01/\""),
            ("password = \"hunter2\"", "password = …"),
            ("password = hunter2", "password = …"),
            ("password = \"hunter2", "password = …"),
            ("pasword = 'hunter2'  # mine", "pasword = …  # …"),
            ("password = { env = \"X\" }", "password = { env = … }"),
            ("password = { value = \"hunter2\" }", "password = { value = … }"),
            ("a = { user = \"x\", password = \"hunter2\" }", "a = { user = \"x\", password = … }"),
            ("uri = \"https://admin:hunter2@ex01/x\"", "uri = \"https://…@ex01/x\""),
            ("[exchange]", "[exchange]"),
            ("[graph.write]", "[graph.write]"),
            ("hunter2", "…"),
            ("\"hunter2\"", "…"),
            ("", ""),
            ("password = \"hun\\\"ter2\"", "password = ……"),
        ] {
            assert_eq!(without_values(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_shown_and_a_literal_secret_never(line in "\\PC*", secret in "[a-z]{9}") {
            let _ = without_values(&line);
            let written = format!("password = \"{secret}\"");
            prop_assert!(!without_values(&written).contains(&secret));
        }
    }
}
