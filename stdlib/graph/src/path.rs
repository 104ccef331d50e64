//! Paths that scripts name: below Graph's current version, nowhere else.

use model::{Class, Code, Failure};

/// A path as it is sent, with its query if it has one: `/users/x?$select=id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(String);

/// The longest that is sent.
const LENGTH_MAX: usize = 2000;

impl Path {
    /// For reads: a query is allowed.
    pub(crate) fn read(text: &str) -> Result<Path, Failure> {
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        let path = checked(path)?;
        if let Some(query) = query
            && (query.is_empty() || query.contains(['#', '\\']) || query.contains(char::is_control))
        {
            return Err(refused(text, "its query cannot be sent"));
        }
        Ok(Path(match query {
            Some(query) => format!("{path}?{query}"),
            None => path,
        }))
    }

    /// For writes: the object alone.
    pub(crate) fn write(text: &str) -> Result<Path, Failure> {
        if text.contains('?') {
            return Err(refused(text, "a write names the object alone, without a query"));
        }
        checked(text).map(Path)
    }

    /// Adds an option such as `$filter` to the query.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Path {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(&encoded(value));
        self
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The names of the path, decoded, in lower case, without `microsoft.graph.` and what stands in brackets.
    pub(crate) fn names(&self) -> Vec<String> {
        let path = self.0.split('?').next().unwrap_or_default();
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| {
                let plain = decoded(segment).to_ascii_lowercase();
                let plain = plain.split('(').next().unwrap_or_default();
                plain.strip_prefix("microsoft.graph.").unwrap_or(plain).to_owned()
            })
            .collect()
    }
}

fn checked(text: &str) -> Result<String, Failure> {
    let path = text.strip_prefix('/').unwrap_or(text);
    if path.is_empty() {
        return Err(refused(text, "it is empty"));
    }
    if path.len() > LENGTH_MAX {
        return Err(refused(&text[..text.floor_char_boundary(60)], "it is too long"));
    }
    if path.contains("://") || path.starts_with('/') {
        return Err(refused(text, "it names a host; the target's own is used"));
    }
    let hidden = decoded(path);
    // Twice: what stands behind a second veil is nothing a person writes.
    let veiled = decoded(&hidden);
    for text_at in [path, &hidden, &veiled] {
        if text_at.contains(['\\', '#']) || text_at.contains(char::is_control) {
            return Err(refused(text, "it holds a character that no path of Graph holds"));
        }
        if text_at.split('/').any(|segment| segment == "." || segment == "..") {
            return Err(refused(text, "it leads upwards"));
        }
    }
    if hidden.matches('/').count() != path.matches('/').count() || hidden.contains('?') {
        return Err(refused(text, "it hides a separator"));
    }
    if path.split('/').any(str::is_empty) {
        return Err(refused(text, "it has an empty part"));
    }
    let first = hidden.split('/').next().unwrap_or_default().to_ascii_lowercase();
    if first == "beta" || first.strip_prefix('v').is_some_and(is_version) {
        return Err(refused(text, "the version is not named: it is v1.0"));
    }
    if hidden.to_ascii_lowercase().split('/').any(|segment| segment == "$batch") {
        return Err(refused(text, "use graph::batch"));
    }
    Ok(format!("/{path}"))
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|one| one.is_ascii_digit() || one == '.')
}

fn refused(text: &str, why: &str) -> Failure {
    Failure::new(
        Code::Argument,
        Class::Invalid,
        format!("the argument 'path' {why}: '{}'", crate::attempt::shown(text)),
    )
    .hint("a path below v1.0, e.g. /servicePrincipals/ID")
}

/// Percent-encodes a value of the query; what OData writes plainly stays readable.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$,'()/:@!*;".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let pair =
            text.get(index + 1..index + 3).filter(|pair| pair.bytes().all(|one| one.is_ascii_hexdigit()));
        match (bytes[index], pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                index += 3;
            }
            (byte, _) => {
                out.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_where_they_belong() {
        for (text, expected) in [
            ("/users/a@contoso.com", Some("/users/a@contoso.com")),
            ("servicePrincipals(appId='x')", Some("/servicePrincipals(appId='x')")),
            ("/users?$top=5", Some("/users?$top=5")),
            ("/users/100%", Some("/users/100%")),
            ("/verified", Some("/verified")),
            ("", None),
            ("/", None),
            ("//evil.example/users", None),
            ("https://evil.example/v1.0/users", None),
            ("/users/../../beta/users", None),
            ("/users/%2e%2E/x", None),
            ("/users/%252e%252e/x", None),
            ("/users/a%2fb", None),
            ("/users/a%3Fb", None),
            ("/users\\x", None),
            ("/users/\r\nHost: x", None),
            ("/users/%0d%0ax", None),
            ("/users/x#y", None),
            ("/beta/users", None),
            ("/v1.0/users", None),
            ("/%76%31.0/users", None),
            ("/$batch", None),
            ("/users//x", None),
            ("/users/", None),
        ] {
            let found = Path::read(text);
            assert_eq!(found.as_ref().ok().map(Path::as_str), expected, "{text:?}");
        }
        assert!(Path::read("/users?").is_err() && Path::read("/users?a#b").is_err());
        assert!(Path::write("/users?$top=1").is_err() && Path::write("/users/x").is_ok());
        assert!(Path::read(&"é".repeat(3000)).is_err());
    }

    #[test]
    fn options_are_encoded() {
        let path = Path::read("/users")
            .unwrap()
            .with("$filter", "displayName eq 'a&b+c'")
            .with("$select", "id,mail");
        assert_eq!(path.as_str(), "/users?$filter=displayName%20eq%20'a%26b%2Bc'&$select=id,mail");
    }

    #[test]
    fn names_are_seen_through_their_spelling() {
        let path = Path::write("/servicePrincipals(appId='x')/microsoft.graph.%61ddKey").unwrap();
        assert_eq!(path.names(), ["serviceprincipals", "addkey"]);
    }
}
