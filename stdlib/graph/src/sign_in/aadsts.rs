//! What to do about the sign-in service's numbered errors.

use serde_json::Value as Json;

const OTHER: &str = "check the tenant id, the client id and its credential; look the AADSTS number up in Microsoft's list of sign-in errors";

/// From an error document to what a person can do.
pub(crate) fn hint(body: &Json) -> &'static str {
    let known = numbers(body).into_iter().find_map(known);
    known.unwrap_or(OTHER)
}

/// The numbers in `error_codes`, else the one that the description begins with.
fn numbers(body: &Json) -> Vec<u64> {
    let listed = body["error_codes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let listed: Vec<u64> = listed.iter().filter_map(Json::as_u64).collect();
    if !listed.is_empty() {
        return listed;
    }
    let description = body["error_description"].as_str().unwrap_or_default();
    let digits = description.split("AADSTS").nth(1).unwrap_or_default();
    let end = digits.find(|one: char| !one.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().into_iter().collect()
}

fn known(number: u64) -> Option<&'static str> {
    Some(match number {
        7_000_215 => "the client secret is wrong: the secret's value is asked for, not its id",
        7_000_222 => "the client secret has expired: make a new one in the application's registration",
        700_016 => {
            "the tenant does not know the client id: check both, and whether an administrator gave consent"
        }
        90002 | 900_023 => {
            "the tenant id is wrong, or the tenant is in another cloud than the target file says"
        }
        700_027 => {
            "the application does not know this certificate, it has expired there, or the key is another's: upload the \
             certificate to the application's registration"
        }
        700_024 => "the assertion's time does not fit: set this machine's clock",
        7_000_218 => {
            "the application is not a public client: allow public client flows in its registration, or use a secret or \
             a certificate"
        }
        700_211..=700_213 | 70021 => {
            "no federated credential of the application fits the assertion: compare issuer, subject and audience"
        }
        65001 => "nobody has consented to the application's permissions: an administrator grants them",
        53003 => {
            "Conditional Access forbids this sign-in, often every sign-in by device code: use a certificate"
        }
        53000 | 53001 | 530_002 => {
            "Conditional Access wants a managed device: sign in on one, or use a certificate"
        }
        50076 | 50079 | 50158 => "a second factor is wanted: sign in again and complete it",
        50105 => "the person is not assigned to the application",
        50034 | 50053 | 50057 | 50126 => {
            "the account is unknown, locked or disabled, or the password is wrong"
        }
        500_011 => "the tenant does not know the resource: check the Graph endpoint against the cloud",
        70011 | 1_002_012 => "the scope is not accepted: check the Graph endpoint against the cloud",
        7_000_112 => "the application is disabled in this tenant",
        50173 | 700_082 => "the sign-in is too old or was revoked: sign in again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_found_in_either_place() {
        for (body, part) in [
            (json!({ "error_codes": [7_000_215] }), "secret"),
            (json!({ "error_description": "AADSTS53003: Access has been blocked" }), "Conditional Access"),
            (json!({ "error_codes": [], "error_description": "AADSTS700024 x" }), "clock"),
            (json!({ "error_description": "AADSTS" }), "Microsoft's list"),
            (json!("nonsense"), "Microsoft's list"),
        ] {
            assert!(hint(&body).contains(part), "{body}");
        }
    }
}
