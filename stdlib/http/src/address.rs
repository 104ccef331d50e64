//! Which addresses may be spoken to: https, and plain http on this machine only.

use std::net::IpAddr;

use reqwest::Url;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("'{0}' is no web address")]
    NotAnAddress(String),
    #[error(
        "'{0}' is plain http; only https, or http on this machine (127.0.0.1, [::1], localhost), is spoken"
    )]
    PlainHttp(String),
    #[error("'{0}' carries a user name or password")]
    Credentials(String),
}

/// Reads an address and refuses what would carry a secret in the clear.
pub fn address(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text.trim()).map_err(|_| AddressError::NotAnAddress(text.to_owned()))?;
    if !url.username().is_empty() || url.password().is_some() {
        // The secret must not be repeated in the message.
        return Err(AddressError::Credentials(url.host_str().unwrap_or_default().to_owned()));
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(AddressError::PlainHttp(text.to_owned())),
        _ => Err(AddressError::NotAnAddress(text.to_owned())),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_at_home() {
        for (text, good) in [
            ("https://ex01.contoso.com/PowerShell/", true),
            ("http://127.0.0.1:80/x", true),
            ("http://[::1]:8080/", true),
            ("http://localhost/", true),
            ("http://localhost.contoso.com/", false),
            ("http://ex01.contoso.com/", false),
            ("http://127.0.0.1.contoso.com/", false),
            ("https://admin:secret@contoso.com/", false),
            ("ftp://127.0.0.1/", false),
            ("contoso.com", false),
            ("", false),
        ] {
            assert_eq!(address(text).is_ok(), good, "{text}");
        }
        let refused = address("https://admin:hunter2@contoso.com/").unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
