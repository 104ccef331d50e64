//! Reads `WWW-Authenticate` (RFC 9110, section 11.6.1): several challenges in one value, lists inside quoted strings.

/// One challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// As sent: `Bearer`.
    pub scheme: String,
    /// In the order sent; names in lower case.
    pub parameters: Vec<(String, String)>,
    /// What `Negotiate` and the like send instead of parameters.
    pub token68: String,
}

impl Challenge {
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The first parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl Challenge {
    /// The parts of a parameter that is a list inside of one quoted string, as `trusted_issuers` is.
    pub fn list(&self, name: &str) -> Vec<String> {
        let parts = self.parameter(name).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// The challenges of one header value. A value that goes wrong somewhere gives what was read up to there.
pub fn parse_challenges(value: &str) -> Vec<Challenge> {
    let mut reader = Reader { rest: value };
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        reader.skip_separators();
        let word = reader.token();
        if word.is_empty() {
            return challenges;
        }
        let spaced = reader.skip_blanks();
        if let (true, Some(challenge)) = (reader.rest.starts_with('='), challenges.last_mut()) {
            // A parameter of the challenge before; `a==` would be a token68 and is read with its scheme.
            reader.rest = &reader.rest[1..];
            reader.skip_blanks();
            let Some(value) = reader.value() else { return challenges };
            challenge.parameters.push((word.to_ascii_lowercase(), value));
            continue;
        }
        if reader.rest.starts_with('=') {
            // A parameter before any scheme.
            return challenges;
        }
        let token68 = if spaced { reader.token68() } else { String::new() };
        challenges.push(Challenge { scheme: word, parameters: Vec::new(), token68 });
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        self.rest.len() < before
    }

    fn skip_separators(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',', '\r', '\n']);
    }

    fn token(&mut self) -> String {
        let is_part = |other: char| other.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(other);
        let end = self.rest.find(|other| !is_part(other)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token.to_owned()
    }

    /// Base64 that fills everything up to the next comma; nothing where parameters follow.
    fn token68(&mut self) -> String {
        let is_part = |other: char| other.is_ascii_alphanumeric() || "-._~+/".contains(other);
        let end = self.rest.find(|other| !is_part(other)).unwrap_or(self.rest.len());
        let padded = end + self.rest[end..].len() - self.rest[end..].trim_start_matches('=').len();
        let after = self.rest[padded..].trim_start_matches([' ', '\t']);
        if padded == 0 || !(after.is_empty() || after.starts_with(',')) {
            return String::new();
        }
        let (token, rest) = self.rest.split_at(padded);
        self.rest = rest;
        token.to_owned()
    }

    /// A quoted string with its escapes undone, or a bare value up to the next comma or blank.
    fn value(&mut self) -> Option<String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', ' ', '\t']).unwrap_or(self.rest.len());
            let (value, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Some(value.to_owned());
        };
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = &quoted[at + 1..];
                    return Some(value);
                }
                '\\' => value.push(letters.next()?.1),
                other => value.push(other),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(scheme: &str, parameters: &[(&str, &str)]) -> Challenge {
        Challenge {
            scheme: scheme.into(),
            parameters: parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            token68: String::new(),
        }
    }

    #[test]
    fn values() {
        let plain = |scheme: &str| challenge(scheme, &[]);
        for (value, expected) in [
            (
                "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", \
                 trusted_issuers=\"00000001-0000-0000-c000-000000000000@*,00000004-0000-0ff1-ce00-000000000000@contoso.com\", \
                 token_types=\"app_asserted_user_v1 service_asserted_app_v1\", error=\"invalid_token\"",
                vec![challenge(
                    "Bearer",
                    &[
                        ("client_id", "00000002-0000-0ff1-ce00-000000000000"),
                        (
                            "trusted_issuers",
                            "00000001-0000-0000-c000-000000000000@*,00000004-0000-0ff1-ce00-000000000000@contoso.com",
                        ),
                        ("token_types", "app_asserted_user_v1 service_asserted_app_v1"),
                        ("error", "invalid_token"),
                    ],
                )],
            ),
            (
                "Negotiate, Basic realm=\"mail.contoso.com\", Bearer client_id=x",
                vec![
                    plain("Negotiate"),
                    challenge("Basic", &[("realm", "mail.contoso.com")]),
                    challenge("Bearer", &[("client_id", "x")]),
                ],
            ),
            ("NTLM", vec![plain("NTLM")]),
            (
                "Negotiate abc/d+==, Basic realm=x",
                vec![
                    Challenge { token68: "abc/d+==".into(), ..plain("Negotiate") },
                    challenge("Basic", &[("realm", "x")]),
                ],
            ),
            (r#"Bearer Realm="a \"b\", c""#, vec![challenge("Bearer", &[("realm", "a \"b\", c")])]),
            ("Bearer a = \"1\" , b=2", vec![challenge("Bearer", &[("a", "1"), ("b", "2")])]),
            ("Bearer realm=\"\"", vec![challenge("Bearer", &[("realm", "")])]),
            ("Bearer realm=\"open", vec![plain("Bearer")]),
            ("realm=\"x\"", vec![]),
            ("", vec![]),
            (",,", vec![]),
            ("Bearer é=1", vec![plain("Bearer")]),
        ] {
            assert_eq!(parse_challenges(value), expected, "{value}");
        }
    }
}
