//! Who issues tokens and for whom they are: applications in a realm, and tenants.

/// `<application>/<host>@<realm>`, the host left out where there is none.
///
/// Products write a slash before the application, before the realm, or nowhere; all forms are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// In lower case.
    pub app_id: String,
    /// In lower case; empty where there is none.
    pub host: String,
    /// In lower case: a tenant's id, a domain, or `*`.
    pub realm: String,
}

impl std::fmt::Display for Principal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let slash = if self.host.is_empty() { "" } else { "/" };
        write!(out, "{}{slash}{}@{}", self.app_id, self.host, self.realm)
    }
}

/// Reads a principal; `None` where it is none.
pub fn parse_principal(text: &str) -> Option<Principal> {
    let text = text.trim();
    let (left, realm) = text.strip_prefix('/').unwrap_or(text).split_once('@')?;
    let (app_id, host) = left.split_once('/').unwrap_or((left, ""));
    let named = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte));
    let good = is_guid(app_id) && named(host) && (realm == "*" || !realm.is_empty() && named(realm));
    good.then(|| Principal {
        app_id: app_id.to_ascii_lowercase(),
        host: host.to_ascii_lowercase(),
        realm: realm.to_ascii_lowercase(),
    })
}

/// Who issued a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// An application, or the access control service, in a realm. An application that proves itself to a tenant's sign-in
    /// names itself alone: then the realm is empty.
    Application(Principal),
    /// A tenant's own sign-in: its id in lower case.
    Tenant(String),
    /// In another form.
    Other,
}

/// Hosts that issue tokens in the name of the tenant that the path names.
const TENANT_HOSTS: [&str; 12] = [
    "sts.windows.net",
    "login.windows.net",
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.microsoftonline.us",
    "sts.microsoftonline.us",
    "sts.chinacloudapi.cn",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "login.sovcloud-identity.fr",
    "login.sovcloud-identity.de",
    "accounts.accesscontrol.windows.net",
];

pub fn parse_issuer(text: &str) -> Issuer {
    if let Some(principal) = parse_principal(text) {
        return Issuer::Application(principal);
    }
    if is_guid(text.trim()) {
        let app_id = text.trim().to_ascii_lowercase();
        return Issuer::Application(Principal { app_id, host: String::new(), realm: String::new() });
    }
    let tenant = text.trim().strip_prefix("https://").and_then(|rest| {
        let mut parts = rest.split('/');
        let (host, tenant) = (parts.next()?, parts.next()?);
        (is_sign_in_host(host) && is_guid(tenant)).then(|| tenant.to_ascii_lowercase())
    });
    tenant.map_or(Issuer::Other, Issuer::Tenant)
}

/// Whether tokens are issued there.
pub(crate) fn is_sign_in_host(host: &str) -> bool {
    TENANT_HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host))
}

/// The access control service, of the global cloud and of China.
pub(crate) fn is_access_control(app_id: &str) -> bool {
    matches!(app_id, "00000001-0000-0000-c000-000000000000" | "00000001-0002-0000-c000-000000000000")
}

pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "00000004-0000-0ff1-ce00-000000000000";

    #[test]
    fn principals() {
        for (text, host, realm) in [
            (format!("{APP}@contoso.com"), "", "contoso.com"),
            (format!("/{APP}@contoso.com"), "", "contoso.com"),
            (format!("{APP}/@contoso.com"), "", "contoso.com"),
            (format!("{APP}/Mail.Contoso.com@*"), "mail.contoso.com", "*"),
            (format!(" {}/mail.contoso.com@X ", APP.to_uppercase()), "mail.contoso.com", "x"),
        ] {
            let expected = Principal { app_id: APP.into(), host: host.into(), realm: realm.into() };
            assert_eq!(parse_principal(&text), Some(expected), "{text}");
        }
        for text in [
            "",
            "@",
            APP,
            "mail@contoso.com",
            &format!("{APP}@"),
            &format!("{APP}@a@b"),
            &format!("{APP}@a b"),
        ] {
            assert_eq!(parse_principal(text), None, "{text}");
        }
    }

    #[test]
    fn issuers() {
        for (text, expected) in [
            (format!("https://sts.windows.net/{APP}/"), Issuer::Tenant(APP.into())),
            (
                format!("https://login.microsoftonline.com/{}/v2.0", APP.to_uppercase()),
                Issuer::Tenant(APP.into()),
            ),
            (format!("https://evil.example/{APP}/"), Issuer::Other),
            ("https://sts.windows.net/common/".into(), Issuer::Other),
            (String::new(), Issuer::Other),
        ] {
            assert_eq!(parse_issuer(&text), expected, "{text}");
        }
        for text in [format!("{APP}@x"), APP.to_owned()] {
            assert!(matches!(parse_issuer(&text), Issuer::Application(by) if by.app_id == APP), "{text}");
        }
    }
}
