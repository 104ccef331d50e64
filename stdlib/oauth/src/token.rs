//! A token, read: what it says about itself and about the token inside it. Its signature is dropped at once, and values
//! that name a person are not kept.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use model::Timestamp;
use serde_json::{Map, Value as Json};

use crate::mask::{escaped, host_of, shown};
use crate::principal::{
    Issuer, Principal, is_access_control, is_sign_in_host, parse_issuer, parse_principal,
};

/// Longer ones are not read.
const LENGTH_MAX: usize = 128 * 1024;
/// A user's token holds an application's, and that holds none.
const DEPTH_MAX: usize = 3;
/// So many claims are named, and so many permissions.
const MANY: usize = 60;

/// What a token says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    /// `RS256`, `none`.
    pub algorithm: String,
    /// It carries a signature. Whether that is right is not checked.
    pub signed: bool,
    /// SHA-1 of the certificate that signed it, as 40 upper-case hex digits; empty where it names none.
    pub key_sha1: String,
    /// SHA-256 of the same.
    pub key_sha256: String,
    /// As written, masked.
    pub issuer: String,
    pub issued_by: Issuer,
    /// As written, masked; several joined by `, `.
    pub audience: String,
    /// Of the audience: its host, in lower case, and its realm.
    pub audience_host: String,
    pub audience_realm: String,
    /// The application that acts, in lower case; empty where it names none.
    pub app_id: String,
    /// `tid`, in lower case.
    pub tenant: String,
    pub not_before: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    /// `roles` and the words of `scp`.
    pub permissions: Vec<String>,
    /// Other claims that name nobody.
    pub others: Vec<(String, String)>,
    /// The names of the claims whose values are not kept.
    pub masked: Vec<String>,
    /// The token of the application that acts for the user: `actortoken` or `actort`.
    pub actor: Option<Box<Token>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An application asserts who the user is; it holds the application's own token.
    AppAssertedUser,
    /// An application proves itself to the access control service with its certificate.
    Assertion,
    /// The access control service, or the application itself, says which application acts.
    Actor,
    /// A tenant's sign-in issued it.
    Tenant,
    /// Exchange tells an add-in who the user is.
    ExchangeIdentity,
    Other,
}

impl TokenKind {
    pub fn as_str(self) -> &'static str {
        match self {
            TokenKind::AppAssertedUser => "app-asserted user",
            TokenKind::Assertion => "client assertion",
            TokenKind::Actor => "actor",
            TokenKind::Tenant => "tenant",
            TokenKind::ExchangeIdentity => "Exchange identity",
            TokenKind::Other => "other",
        }
    }
}

/// Why text is no token that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    #[error("there is nothing in it")]
    Empty,
    #[error("it is longer than any token")]
    TooLong,
    #[error("it is encrypted (five parts): only the service it is for can read it")]
    Encrypted,
    #[error("it does not have the three parts of a token: it is opaque, or it was cut")]
    Parts,
    #[error("its first part is no JSON object in base64url")]
    Header,
    #[error("its second part is no JSON object in base64url")]
    Claims,
    #[error("tokens are nested too deeply in it")]
    TooDeep,
}

/// Claims whose values name nobody; of all others only the name is told.
const HARMLESS: [&str; 11] = [
    "appctxsender",
    "appidacr",
    "azpacr",
    "iat",
    "identityprovider",
    "idp",
    "idtyp",
    "isbrowserhostedapp",
    "nii",
    "trustedfordelegation",
    "ver",
];

/// Reads one token, with or without `Bearer` or `Authorization: Bearer` before it, and broken over lines or not.
pub fn read_token(text: &str) -> Result<Token, TokenProblem> {
    let text = text.trim();
    let text = strip_word(text, "authorization:");
    let text = strip_word(text, "bearer");
    if text.len() > LENGTH_MAX {
        return Err(TokenProblem::TooLong);
    }
    let compact: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    read(&compact, 0)
}

fn strip_word<'a>(text: &'a str, word: &str) -> &'a str {
    match text.get(..word.len()) {
        Some(start) if start.eq_ignore_ascii_case(word) => text[word.len()..].trim_start(),
        _ => text,
    }
}

fn read(text: &str, depth: usize) -> Result<Token, TokenProblem> {
    if depth >= DEPTH_MAX {
        return Err(TokenProblem::TooDeep);
    }
    if text.is_empty() {
        return Err(TokenProblem::Empty);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        let encrypted = parts.len() == 5 && object(parts[0]).is_some();
        return Err(if encrypted { TokenProblem::Encrypted } else { TokenProblem::Parts });
    };
    let header = object(header).ok_or(TokenProblem::Header)?;
    let claims = object(claims).ok_or(TokenProblem::Claims)?;
    let actor = ["actortoken", "actort"].iter().find_map(|name| claims.get(*name)?.as_str());
    let actor = actor.map(|inner| read(inner.trim(), depth + 1)).transpose()?.map(Box::new);
    Ok(of(&header, &claims, !signature.is_empty(), actor))
}

fn of(
    header: &Map<String, Json>,
    claims: &Map<String, Json>,
    signed: bool,
    actor: Option<Box<Token>>,
) -> Token {
    let text = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default().trim();
    let in_header = |name: &str| header.get(name).and_then(Json::as_str).unwrap_or_default();
    let issued_by = parse_issuer(text("iss"));
    let named = parse_principal(text("nameid"));
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).take(MANY).collect(),
        _ => vec![text("aud")],
    };
    let audience = audiences.first().and_then(|first| parse_principal(first));
    let app_id =
        [text("appid"), text("azp")].into_iter().find(|id| !id.is_empty()).map(str::to_ascii_lowercase);
    let app_id = app_id
        .or_else(|| named.as_ref().map(|named| named.app_id.clone()))
        .or_else(|| actor.as_ref().map(|actor| actor.app_id.clone()).filter(|id| !id.is_empty()))
        .or_else(|| match &issued_by {
            Issuer::Application(by) if !is_access_control(&by.app_id) => Some(by.app_id.clone()),
            Issuer::Application(_) | Issuer::Tenant(_) | Issuer::Other => None,
        });
    let audience_host = audience
        .as_ref()
        .map_or_else(|| escaped(&host_of(audiences.first().unwrap_or(&""))), |one| one.host.clone());
    let kind =
        kind(&issued_by, audience.as_ref(), &audience_host, named.as_ref(), text("appctx"), actor.is_some());
    let (others, masked) = rest(claims, named.is_some());
    Token {
        kind,
        algorithm: shown(in_header("alg")),
        signed: signed && !in_header("alg").eq_ignore_ascii_case("none"),
        key_sha1: hash(in_header("x5t"), 20),
        key_sha256: hash(in_header("x5t#S256"), 32),
        issuer: shown(text("iss")),
        issued_by,
        audience: shown(&audiences.join(", ")),
        audience_host,
        audience_realm: audience.map(|one| one.realm).unwrap_or_default(),
        app_id: shown(&app_id.unwrap_or_default()),
        tenant: shown(&text("tid").to_ascii_lowercase()),
        not_before: moment(claims.get("nbf")),
        expires: moment(claims.get("exp")),
        permissions: permissions(claims),
        others,
        masked,
        actor,
    }
}

fn kind(
    issued_by: &Issuer,
    audience: Option<&Principal>,
    audience_host: &str,
    named: Option<&Principal>,
    context: &str,
    has_actor: bool,
) -> TokenKind {
    match issued_by {
        _ if has_actor => TokenKind::AppAssertedUser,
        _ if context.contains("ExIdTok") => TokenKind::ExchangeIdentity,
        Issuer::Tenant(_) => TokenKind::Tenant,
        Issuer::Application(_)
            if audience.is_some_and(|one| is_access_control(&one.app_id))
                || is_sign_in_host(audience_host) =>
        {
            TokenKind::Assertion
        }
        Issuer::Application(by) if named.is_some() || is_access_control(&by.app_id) => TokenKind::Actor,
        Issuer::Application(_) | Issuer::Other => TokenKind::Other,
    }
}

fn permissions(claims: &Map<String, Json>) -> Vec<String> {
    let roles = claims.get("roles").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let scopes = claims.get("scp").and_then(Json::as_str).unwrap_or_default().split_whitespace();
    roles.iter().filter_map(Json::as_str).chain(scopes).take(MANY).map(shown).collect()
}

/// Claims told elsewhere are left out; `nameid` may be told where it is an application.
fn rest(claims: &Map<String, Json>, names_application: bool) -> (Vec<(String, String)>, Vec<String>) {
    const TOLD: [&str; 11] =
        ["iss", "aud", "nbf", "exp", "tid", "appid", "azp", "roles", "scp", "actortoken", "actort"];
    let (mut others, mut masked) = (Vec::new(), Vec::new());
    for (name, value) in claims.iter().filter(|(name, _)| !TOLD.contains(&name.as_str())).take(MANY) {
        let harmless = HARMLESS.contains(&name.as_str()) || name == "nameid" && names_application;
        match value {
            Json::String(text) if harmless => others.push((name.clone(), shown(text))),
            Json::Bool(_) | Json::Number(_) if harmless => others.push((name.clone(), value.to_string())),
            _ => masked.push(escaped(&name.chars().take(40).collect::<String>())),
        }
    }
    (others, masked)
}

fn object(part: &str) -> Option<Map<String, Json>> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Json::Object(map) => Some(map),
        _ => None,
    }
}

/// Base64url or base64 of so many bytes, or their hex digits, as upper-case hex digits; empty where it is none.
fn hash(text: &str, length: usize) -> String {
    if text.len() == length * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return text.to_ascii_uppercase();
    }
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).or_else(|_| STANDARD.decode(text));
    match bytes {
        Ok(bytes) if bytes.len() == length => {
            let digit = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
            bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
        }
        _ => String::new(),
    }
}

/// Seconds since 1970, as a number or, in tokens between Exchange and its partners, as a string.
fn moment(claim: Option<&Json>) -> Option<Timestamp> {
    let seconds = match claim? {
        Json::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64)),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }?;
    seconds.checked_mul(1000).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
    const LYNC: &str = "00000004-0000-0ff1-ce00-000000000000";
    const ACS: &str = "00000001-0000-0000-c000-000000000000";
    const TENANT: &str = "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17";

    fn encode(header: &str, claims: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_users_token_with_the_applications_token_in_it() {
        for actor_claim in ["actortoken", "actort"] {
            for issuer in [format!("{ACS}@{TENANT}"), format!("/{ACS}@{TENANT}"), format!("{ACS}/@{TENANT}")]
            {
                let x5t = URL_SAFE_NO_PAD.encode([0xab; 20]);
                let inner = encode(
                    &format!(r#"{{"typ":"JWT","alg":"RS256","x5t":"{x5t}"}}"#),
                    &format!(
                        r#"{{"aud":"{EXCHANGE}/mail.contoso.com@{TENANT}","iss":"{issuer}","nbf":"100","exp":"200",
                            "nameid":"{LYNC}@{TENANT}","trustedfordelegation":"true"}}"#
                    ),
                    "c2lnbmF0dXJl",
                );
                let outer = encode(
                    r#"{"typ":"JWT","alg":"none"}"#,
                    &format!(
                        r#"{{"aud":"{EXCHANGE}/mail.contoso.com@{TENANT}","iss":"{LYNC}@{TENANT}","nbf":100,"exp":200.5,
                            "nameid":"S-1-5-21-1-2-3-4","smtp":"anna@contoso.com","nii":"urn:office:idp:activedirectory",
                            "{actor_claim}":"{inner}"}}"#
                    ),
                    "",
                );
                let token = read_token(&format!("Authorization: Bearer {outer}")).unwrap();
                assert_eq!((token.kind, token.signed), (TokenKind::AppAssertedUser, false));
                assert_eq!((token.app_id.as_str(), token.audience_host.as_str()), (LYNC, "mail.contoso.com"));
                assert_eq!(
                    (token.not_before, token.expires),
                    (Some(Timestamp(100_000)), Some(Timestamp(200_000)))
                );
                assert_eq!(token.masked, ["nameid", "smtp"]);
                let actor = token.actor.clone().unwrap();
                assert_eq!((actor.kind, actor.signed, actor.app_id.as_str()), (TokenKind::Actor, true, LYNC));
                assert_eq!(actor.key_sha1, "AB".repeat(20));
                assert_eq!(actor.expires, Some(Timestamp(200_000)));
                let all = format!("{token:?}");
                for secret in ["anna", "S-1-5", "c2lnbmF0dXJl", "eyJ"] {
                    assert!(!all.contains(secret), "{secret} in {all}");
                }
            }
        }
    }

    #[test]
    fn kinds() {
        let header = r#"{"alg":"RS256"}"#;
        for (claims, kind, app) in [
            (
                format!(
                    r#"{{"iss":"https://sts.windows.net/{TENANT}/","aud":"https://mail.contoso.com/","appid":"7557EB47-c689-4224-abcf-aef9bd7573df"}}"#
                ),
                TokenKind::Tenant,
                "7557eb47-c689-4224-abcf-aef9bd7573df",
            ),
            (
                format!(
                    r#"{{"iss":"{EXCHANGE}@{TENANT}","aud":"{ACS}/accounts.accesscontrol.windows.net@{TENANT}"}}"#
                ),
                TokenKind::Assertion,
                EXCHANGE,
            ),
            (
                format!(
                    r#"{{"iss":"{EXCHANGE}@mail.contoso.com","aud":"https://addin/","appctx":"{{\"version\":\"ExIdTok.V1\"}}"}}"#
                ),
                TokenKind::ExchangeIdentity,
                EXCHANGE,
            ),
            (
                format!(
                    r#"{{"iss":"{LYNC}","sub":"{LYNC}","aud":"https://login.microsoftonline.com/{TENANT}/oauth2/token"}}"#
                ),
                TokenKind::Assertion,
                LYNC,
            ),
            (r#"{"iss":"me"}"#.into(), TokenKind::Other, ""),
        ] {
            let token = read_token(&encode(header, &claims, "x")).unwrap();
            assert_eq!((token.kind, token.app_id.as_str()), (kind, app), "{claims}");
        }
    }

    #[test]
    fn what_is_no_token() {
        let good = encode("{}", "{}", "");
        let nested =
            (0..4).fold(good.clone(), |inner, _| encode("{}", &format!(r#"{{"actort":"{inner}"}}"#), ""));
        for (text, problem) in [
            (String::new(), TokenProblem::Empty),
            ("Bearer".into(), TokenProblem::Empty),
            ("opaque".into(), TokenProblem::Parts),
            ("a.b.c.d.e".into(), TokenProblem::Parts),
            (format!("{}.b.c.d.e", URL_SAFE_NO_PAD.encode("{}")), TokenProblem::Encrypted),
            ("!.e30.x".into(), TokenProblem::Header),
            ("W10.e30.x".into(), TokenProblem::Header),
            ("e30.bm8.x".into(), TokenProblem::Claims),
            (nested, TokenProblem::TooDeep),
            ("a".repeat(LENGTH_MAX + 1), TokenProblem::TooLong),
        ] {
            assert_eq!(read_token(&text).unwrap_err(), problem);
        }
        assert!(read_token(&format!("{}\n {}", &good[..3], &good[3..])).is_ok());
    }
}
