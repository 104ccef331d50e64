//! What an access token says about itself. Nothing is verified: the service that takes the token does that.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

/// The claims that a client looks at before it uses a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `tid`, in lower case; empty when there is none.
    pub tenant: String,
    /// `exp`, in seconds since 1970.
    pub expires: Option<u64>,
    /// `roles` of an application or the words of `scp`.
    pub permissions: Vec<String>,
}

/// Reads the middle part of a JWT; `None` where it is no JWT.
pub fn read_claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Json = serde_json::from_slice(&bytes).ok()?;
    let roles = claims["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    let scopes = claims["scp"].as_str().unwrap_or_default().split_whitespace();
    Some(Claims {
        tenant: claims["tid"].as_str().unwrap_or_default().to_ascii_lowercase(),
        expires: claims["exp"].as_u64(),
        permissions: roles.iter().filter_map(Json::as_str).chain(scopes).map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_tokens() {
        let token = |payload: &str| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(payload));
        assert_eq!(
            read_claims(&token(r#"{"tid":"AB-C","exp":12,"roles":["A.Read.All"],"scp":"x y"}"#)),
            Some(Claims {
                tenant: "ab-c".into(),
                expires: Some(12),
                permissions: vec!["A.Read.All".into(), "x".into(), "y".into()],
            })
        );
        assert_eq!(read_claims(&token("{}")), Some(Claims::default()));
        for opaque in ["", "opaque", "a.b", "a.!.c", "a.bm8.c"] {
            assert_eq!(read_claims(opaque), None, "{opaque}");
        }
    }
}
