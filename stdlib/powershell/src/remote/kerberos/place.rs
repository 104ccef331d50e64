//! Where a server is, and the name that its service has in the domain.

use std::net::IpAddr;

use crate::call::Refusal;
use crate::settings::RemoteSettings;

/// A server's address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// What stands in the header `Host`.
    pub(super) authority: String,
    pub(super) path: String,
    /// `HTTP/ex01.contoso.com`.
    pub(super) service: String,
}

impl Place {
    /// Plain http is good anywhere: no password travels, and every message is sealed.
    pub(super) fn of(settings: &RemoteSettings) -> Result<Place, Refusal> {
        let wrong = |what: &str, advice: &str| super::super::wrong(settings, what, advice);
        let text = settings.uri.trim();
        let plain = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        let judged = if plain { format!("https://{}", &text[7..]) } else { text.to_owned() };
        let advice = "correct the uri in the target file";
        http::address(&judged).map_err(|error| wrong(&error.to_string(), advice))?;
        let url = reqwest::Url::parse(text).map_err(|error| wrong(&error.to_string(), advice))?;
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Err(wrong(
                "Kerberos knows servers by name, not by address",
                "write the server's own full name, as in https://ex01.contoso.com/PowerShell/; a name that several \
                 servers share does not do either",
            ));
        }
        let port = url.port_or_known_default().unwrap_or(if plain { 80 } else { 443 });
        Ok(Place {
            host: host.to_owned(),
            port,
            tls: !plain,
            authority: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            path: match url.query() {
                None => url.path().to_owned(),
                Some(query) => format!("{}?{query}", url.path()),
            },
            service: format!("HTTP/{}", host.trim_end_matches('.')),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::call::RefusalKind;
    use crate::settings::{EXCHANGE_CONFIGURATION, RemoteAuth};

    fn of(uri: &str) -> Result<Place, Refusal> {
        Place::of(&RemoteSettings {
            uri: uri.to_owned(),
            auth: RemoteAuth::Kerberos,
            configuration: EXCHANGE_CONFIGURATION.to_owned(),
            only_roots: None,
            allow_http: false,
            poll: Duration::from_secs(1),
        })
    }

    #[test]
    fn an_address_is_taken_apart() {
        for (uri, port, tls, authority, path) in [
            ("http://ex01.contoso.com/PowerShell/", 80, false, "ex01.contoso.com", "/PowerShell/"),
            ("https://EX01.contoso.com/PowerShell/", 443, true, "ex01.contoso.com", "/PowerShell/"),
            ("HTTP://ex01.contoso.com:443/a?b=c", 443, false, "ex01.contoso.com:443", "/a?b=c"),
            ("https://ex01.contoso.com:80", 80, true, "ex01.contoso.com:80", "/"),
        ] {
            let place = of(uri).expect(uri);
            let seen = (place.port, place.tls, place.authority.as_str(), place.path.as_str());
            assert_eq!(seen, (port, tls, authority, path), "{uri}");
            assert_eq!(place.service, "HTTP/ex01.contoso.com");
        }
        assert_eq!(of("https://ex01.contoso.com./").expect("a whole name").service, "HTTP/ex01.contoso.com");
    }

    #[test]
    fn what_has_no_name_in_a_domain_is_refused() {
        for uri in [
            "https://10.0.0.1/PowerShell/",
            "http://[::1]/PowerShell/",
            "ftp://ex01/",
            "ex01",
            "http://a:b@ex01/",
        ] {
            let refusal = of(uri).expect_err(uri);
            assert_eq!(refusal.kind, RefusalKind::Settings, "{uri}");
            assert!(refusal.advice.is_some() && !refusal.message.contains("a:b@ex01/ is"), "{refusal:?}");
        }
    }
}
