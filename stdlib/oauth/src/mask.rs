//! Takes out of foreign text what must not be shown or kept: tokens, people, and characters that act on a terminal.

use crate::principal::{is_guid, parse_principal};

/// Longer texts are cut, in characters.
const LENGTH_MAX: usize = 600;

/// The text on one line: tokens, mail addresses, account names and security identifiers masked, control characters
/// escaped, at most some hundred characters long.
pub fn shown(text: &str) -> String {
    shown_within(text, LENGTH_MAX)
}

/// The same, at most so many characters long.
pub(crate) fn shown_within(text: &str, length: usize) -> String {
    let mut letters = text.chars();
    let cut: String = letters.by_ref().take(length).collect();
    // Half a word cannot be told from a person or a token, so it is left out.
    let whole = match letters.next() {
        Some(next) if !ends_word(next) => &cut[..cut.rfind(ends_word).unwrap_or(0)],
        Some(_) | None => cut.as_str(),
    };
    let mut out = String::new();
    let mut word = String::new();
    for letter in whole.chars().chain([' ']) {
        if ends_word(letter) {
            out.push_str(&masked(&word));
            word.clear();
            out.push(if letter.is_whitespace() { ' ' } else { letter });
        } else {
            word.push(letter);
        }
    }
    let mut out = escaped(out.trim());
    if whole.len() < text.len() {
        out.push('…');
    }
    out
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || "\"'<>()[]{};,=|&?".contains(letter)
}

/// An address of a request: without user, query and fragment, in which secrets travel.
pub fn shown_address(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let plain = match plain.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit('@').next().unwrap_or_default();
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => plain.to_owned(),
    };
    // Mail addresses stand in paths, too.
    let plain = plain.replace("%40", "@");
    let parts: Vec<String> = plain.split('/').map(shown).collect();
    parts.join("/").chars().take(LENGTH_MAX).collect()
}

/// The host of an address, in lower case, without the port; empty where there is none.
pub(crate) fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let end = if host.starts_with('[') { host.find(']').map(|end| end + 1) } else { host.find(':') };
    host[..end.unwrap_or(host.len())].to_ascii_lowercase()
}

fn masked(word: &str) -> String {
    if word.contains("eyJ") && word.len() > 20 {
        return "(token)".to_owned();
    }
    if word.starts_with("S-1-") && word.len() > 8 {
        return "(security identifier)".to_owned();
    }
    if parse_principal(word).is_some() {
        return word.to_owned();
    }
    if let Some((person, domain)) = word.rsplit_once('@') {
        let application = is_guid(person.trim_start_matches('/'));
        return if application || person.is_empty() { word.to_owned() } else { format!("…@{domain}") };
    }
    match word.split_once('\\') {
        // `C:\path` is no account.
        Some((domain, account)) if !domain.is_empty() && !account.is_empty() && !domain.contains(':') => {
            format!("{domain}\\…")
        }
        _ => word.to_owned(),
    }
}

/// Characters that cannot be seen or that act on a terminal, written as `\u{..}`.
pub(crate) fn escaped(text: &str) -> String {
    let unseen = |letter: char| {
        matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_control() || unseen(letter) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_personal_and_nothing_secret_is_shown() {
        for (text, expected) in [
            ("mailbox 'anna.b@contoso.com'", "mailbox '…@contoso.com'"),
            (
                "00000002-0000-0ff1-ce00-000000000000@contoso.com",
                "00000002-0000-0ff1-ce00-000000000000@contoso.com",
            ),
            (
                "00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",
                "00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",
            ),
            ("Bearer eyJhbGciOiJub25lIn0.eyJhIjoxfQ.abc end", "Bearer (token) end"),
            ("access_token=eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "access_token=(token)"),
            ("sid S-1-5-21-1-2-3-1104", "sid (security identifier)"),
            ("user CONTOSO\\anna", "user CONTOSO\\…"),
            ("C:\\Program", "C:\\Program"),
            ("two\nlines\u{1b}[2J\u{202e}", "two lines\\u{1b}[2J\\u{202e}"),
        ] {
            assert_eq!(shown(text), expected);
        }
        let long = format!("{} anna.b@contoso.com", "x".repeat(LENGTH_MAX - 4));
        assert_eq!(shown(&long), format!("{}…", "x".repeat(LENGTH_MAX - 4)));
        assert!(shown(&"x ".repeat(5000)).chars().count() <= LENGTH_MAX + 1);
    }

    #[test]
    fn addresses() {
        for (url, expected, host) in [
            (
                "https://Mail.contoso.com/ews/exchange.asmx?token=1#x",
                "https://Mail.contoso.com/ews/exchange.asmx",
                "mail.contoso.com",
            ),
            ("https://me:pw@mail.contoso.com:8443/a", "https://mail.contoso.com:8443/a", "mail.contoso.com"),
            ("https://x/users/anna@contoso.com/y", "https://x/users/…@contoso.com/y", "x"),
            ("https://x/users/anna%40contoso.com", "https://x/users/…@contoso.com", "x"),
            ("https://[::1]:80/", "https://[::1]:80/", "[::1]"),
            ("/ews/exchange.asmx", "/ews/exchange.asmx", ""),
            ("", "", ""),
        ] {
            assert_eq!((shown_address(url).as_str(), host_of(url).as_str()), (expected, host), "{url}");
        }
    }
}
