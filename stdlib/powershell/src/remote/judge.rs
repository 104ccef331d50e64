//! What an HTTP answer means: an answer of WS-Management, a refusal of somebody on the way, or nothing certain.

use super::channel::{HttpAnswer, HttpBody};
use crate::call::{Refusal, RefusalKind};
use crate::transport::TransportError;
use crate::wsman::{self, Answer, Body, Fault, FaultKind};

/// Why an exchange gave no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// Nothing happened because of it.
    Refused(Refusal),
    /// The shell, or the pipeline, is not there.
    Gone(String),
    /// The operation's time passed without anything to tell.
    NothingYet(String),
    /// It may have happened. The refusal is what to call it where that makes no difference.
    Lost(Refusal),
}

impl Trouble {
    /// The answer never came, or not whole.
    pub(super) fn lost(message: String) -> Trouble {
        Trouble::Lost(bare(RefusalKind::Unreachable, message))
    }

    pub(super) fn may_have_happened(&self) -> bool {
        matches!(self, Trouble::Lost(_) | Trouble::NothingYet(_))
    }

    /// The same where no command was sent yet, so that nothing can have run.
    pub(super) fn before_anything_ran(self) -> Refusal {
        match self {
            Trouble::Refused(refusal) | Trouble::Lost(refusal) => refusal,
            // No shell can be gone before there is one: what is not found is the configuration.
            Trouble::Gone(message) => {
                Refusal { advice: Some(NO_CONFIGURATION.to_owned()), ..bare(RefusalKind::Denied, message) }
            }
            Trouble::NothingYet(message) => bare(RefusalKind::Busy, message),
        }
    }
}

const NO_CONFIGURATION: &str =
    "that session configuration is not there: check 'configuration' in the target file";

fn bare(kind: RefusalKind, message: String) -> Refusal {
    Refusal { kind, message, advice: None }
}

impl From<Trouble> for TransportError {
    fn from(trouble: Trouble) -> TransportError {
        match trouble {
            Trouble::Refused(refusal) => TransportError::Refused(refusal),
            Trouble::Gone(message) => TransportError::Gone { message },
            Trouble::NothingYet(message) | Trouble::Lost(Refusal { message, .. }) => {
                TransportError::Lost { message }
            }
        }
    }
}

/// Reads an answer.
pub(super) fn judge(uri: &str, reply: &HttpAnswer) -> Result<Answer, Trouble> {
    let at = |what: &str| format!("POST {uri}: {what}");
    if reply.status == 401 {
        return Err(unauthorised(&at, reply));
    }
    let kind = reply.header("content-type").trim().to_ascii_lowercase();
    if !kind.starts_with("application/soap+xml") {
        return Err(not_soap(&at, reply));
    }
    let lost = |what: &str| Trouble::Lost(bare(RefusalKind::Protocol, at(what)));
    let encoding = reply.header("content-encoding").trim();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(lost(&format!(
            "the answer is compressed ({}), which was not asked for",
            shown(encoding)
        )));
    }
    let body = match &reply.body {
        HttpBody::Whole(body) => body,
        HttpBody::Lost(why) => return Err(Trouble::lost(at(why))),
    };
    let answer = wsman::parse(body).map_err(|error| lost(&error.to_string()))?;
    match &answer.body {
        Body::Fault(fault) => Err(faulted(&at, fault)),
        _ => Ok(answer),
    }
}

fn unauthorised(at: &dyn Fn(&str) -> String, reply: &HttpAnswer) -> Trouble {
    let schemes = schemes(&reply.all("www-authenticate"));
    let offers_basic = schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    let (what, advice) = if schemes.is_empty() {
        (
            "HTTP 401 without saying how to sign in".to_owned(),
            "something in front of the server answers for it: ask the server itself, by its own name",
        )
    } else if offers_basic {
        (
            format!("HTTP 401; it offers {}", schemes.join(", ")),
            "check user and password, and that the account may use remote PowerShell (RemotePowerShellEnabled)",
        )
    } else {
        (
            format!("HTTP 401; it offers {}, not Basic", schemes.join(", ")),
            "Basic is off there: turn it on for the PowerShell virtual directory (Set-PowerShellVirtualDirectory \
             -BasicAuthentication $true), or use auth = \"kerberos\"",
        )
    };
    refused(RefusalKind::SignIn, at(&what), Some(advice))
}

/// The names of the schemes in `WWW-Authenticate`, where several may stand in one header, parted by commas like their
/// parameters. A scheme is a word that no `=` follows.
pub(super) fn schemes(challenges: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in challenges.iter().flat_map(|challenge| outside_quotes(challenge)) {
        let word = part.split_ascii_whitespace().next().unwrap_or_default();
        let is_name = !word.is_empty() && word.chars().all(|one| one.is_ascii_alphanumeric() || one == '-');
        let is_parameter = part.trim_start()[word.len()..].trim_start().starts_with('=');
        let known = found.iter().any(|scheme| scheme.eq_ignore_ascii_case(word));
        if is_name && !is_parameter && !known && found.len() < 8 {
            found.push(shown(word));
        }
    }
    found
}

/// The parts between commas, leaving alone the commas in quotes.
fn outside_quotes(challenge: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, character) in challenge.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&challenge[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&challenge[start..]);
    parts
}

/// Web servers and devices on the way speak HTML, or nothing.
fn not_soap(at: &dyn Fn(&str) -> String, reply: &HttpAnswer) -> Trouble {
    let status = reply.status;
    let kind = reply.header("content-type");
    let what = if kind.is_empty() {
        format!("HTTP {status} without content")
    } else if kind.trim().to_ascii_lowercase().starts_with("text/html") {
        format!("HTTP {status} with a web page")
    } else {
        format!("HTTP {status} with {}", shown(kind))
    };
    let what = at(&format!("{what}, which is no answer of PowerShell's"));
    match status {
        300..=399 => refused(
            RefusalKind::NotPowerShell,
            format!("{what}; it leads to '{}'", shown(reply.header("location"))),
            Some("name the server itself, and end the path as it does: /PowerShell/"),
        ),
        403 => refused(
            RefusalKind::Denied,
            what,
            Some(
                "the web server denies it: check its rules for addresses and TLS, and the path /PowerShell/",
            ),
        ),
        404 | 405 => refused(
            RefusalKind::NotPowerShell,
            what,
            Some("nothing of PowerShell is at that path: on an Exchange server it is /PowerShell/"),
        ),
        407 => refused(
            RefusalKind::Unreachable,
            what,
            Some(
                "a proxy in between wants a sign-in of its own: except the server from the proxy (NO_PROXY)",
            ),
        ),
        // Whoever says so did not pass it on.
        503 => {
            refused(RefusalKind::Busy, what, Some("the service behind it is stopped or starting; try later"))
        }
        // Somebody on the way gave up, or put a page over an answer: neither tells what the server did.
        200..=299 | 500..=599 => Trouble::Lost(Refusal {
            advice: Some("check the address: a page for people answers there, not PowerShell".to_owned()),
            ..bare(RefusalKind::NotPowerShell, what)
        }),
        _ => refused(
            RefusalKind::NotPowerShell,
            what,
            Some("check the address: a page for people answers there, not PowerShell"),
        ),
    }
}

/// A text of somebody else's for a message: short, and without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(120).collect()
}

fn faulted(at: &dyn Fn(&str) -> String, fault: &Fault) -> Trouble {
    let message = at(&fault.line());
    match fault.kind() {
        FaultKind::TimedOut => Trouble::NothingYet(message),
        FaultKind::Gone => Trouble::Gone(message),
        FaultKind::Quota => refused(
            RefusalKind::Quota,
            message,
            Some("the account has too many sessions there: close others, or wait until idle ones end"),
        ),
        FaultKind::Denied => refused(
            RefusalKind::Denied,
            message,
            Some("the account may not use remote PowerShell there, or has no management role"),
        ),
        FaultKind::SignIn => refused(RefusalKind::SignIn, message, Some("check user and password")),
        FaultKind::NoConfiguration => refused(RefusalKind::Denied, message, Some(NO_CONFIGURATION)),
        FaultKind::TooLarge => refused(RefusalKind::Protocol, message, None),
        FaultKind::Redirected => refused(
            RefusalKind::NotPowerShell,
            message,
            Some("the server names another one: use that one's address"),
        ),
        FaultKind::Busy => refused(RefusalKind::Busy, message, None),
        // On its side, work may have begun.
        FaultKind::Other if fault.receiver => Trouble::Lost(bare(RefusalKind::Protocol, message)),
        FaultKind::Aborted => Trouble::Lost(bare(RefusalKind::Busy, message)),
        FaultKind::Other => refused(RefusalKind::Protocol, message, None),
    }
}

fn refused(kind: RefusalKind, message: String, advice: Option<&str>) -> Trouble {
    Trouble::Refused(Refusal { kind, message, advice: advice.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(role: &str, subcode: &str, code: u32) -> String {
        format!(
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
             xmlns:w='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'><s:Header/><s:Body><s:Fault><s:Code>\
             <s:Value>s:{role}</s:Value><s:Subcode><s:Value>w:{subcode}</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text>Nein</s:Text></s:Reason><s:Detail><f:WSManFault \
             xmlns:f='http://schemas.microsoft.com/wbem/wsman/1/wsmanfault' Code='{code}' Machine='x'/></s:Detail>\
             </s:Fault></s:Body></s:Envelope>"
        )
    }

    fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> HttpAnswer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpAnswer { status, headers, body: HttpBody::Whole(body.into()) }
    }

    fn verdict(status: u16, kind: &str, body: &str) -> Trouble {
        judge("https://ex01/PowerShell/", &reply(status, &[("content-type", kind)], body))
            .expect_err("it is no answer")
    }

    #[test]
    fn who_is_no_powershell_is_told_by_status_and_kind_of_content() {
        for (status, kind, expected) in [
            (200, "text/html", None),
            (302, "text/html", Some(RefusalKind::NotPowerShell)),
            (403, "text/html", Some(RefusalKind::Denied)),
            (404, "text/html; charset=utf-8", Some(RefusalKind::NotPowerShell)),
            (503, "text/html", Some(RefusalKind::Busy)),
            (401, "application/soap+xml", Some(RefusalKind::SignIn)),
            // A gateway that gave up may have passed it on.
            (502, "text/html", None),
            (504, "", None),
        ] {
            match (verdict(status, kind, "<html/>"), expected) {
                (Trouble::Refused(refusal), Some(expected)) => {
                    assert_eq!(refusal.kind, expected, "{status} {kind}");
                    assert!(refusal.message.contains(&format!("HTTP {status}")), "{}", refusal.message);
                }
                (Trouble::Lost(_), None) => {}
                (other, _) => panic!("{status} {kind}: {other:?}"),
            }
        }
    }

    #[test]
    fn faults_are_told_by_number_and_name() {
        let soap = "application/soap+xml;charset=UTF-8";
        let refused = |trouble: Trouble| match trouble {
            Trouble::Refused(refusal) => Some(refusal.kind),
            _ => None,
        };
        let quota = verdict(500, soap, &fault("Sender", "QuotaLimit", 2_150_859_173));
        assert_eq!(refused(quota), Some(RefusalKind::Quota));
        assert_eq!(
            refused(verdict(500, soap, &fault("Sender", "AccessDenied", 5))),
            Some(RefusalKind::Denied)
        );
        let gone = verdict(500, soap, &fault("Sender", "InvalidSelectors", 2_150_858_843));
        assert!(matches!(gone, Trouble::Gone(_)), "{gone:?}");
        let slow = verdict(500, soap, &fault("Receiver", "TimedOut", 2_150_858_793));
        assert!(matches!(slow, Trouble::NothingYet(_)), "{slow:?}");
        let broken = verdict(500, soap, &fault("Receiver", "InternalError", 1));
        assert!(broken.may_have_happened(), "{broken:?}");
        assert_eq!(refused(verdict(500, soap, &fault("Sender", "Strange", 1))), Some(RefusalKind::Protocol));
        assert!(verdict(200, soap, "<s:Envelope").may_have_happened());
    }

    #[test]
    fn an_answer_that_nobody_can_read_may_still_stand_for_something_done() {
        let reply =
            reply(200, &[("content-type", "application/soap+xml"), ("content-encoding", "gzip")], "\u{1f}");
        let trouble = judge("https://ex01/PowerShell/", &reply).expect_err("it is compressed");
        assert!(trouble.may_have_happened(), "{trouble:?}");
        assert!(trouble.before_anything_ran().message.contains("gzip"));
    }

    #[test]
    fn a_sign_in_that_failed_says_what_is_offered() {
        for (challenges, part) in [
            (&[][..], "without saying"),
            (&["Negotiate", "Basic realm=\"x\""], "offers Negotiate, Basic"),
            (&["Basic realm=\"a, b\", charset=UTF-8, Negotiate abc=="], "offers Basic, Negotiate"),
            (&["Negotiate", "Kerberos"], "not Basic"),
            (&["", ",,", "a=b, \"\u{e9}"], "without saying"),
        ] {
            let headers: Vec<_> = challenges.iter().map(|one| ("www-authenticate", *one)).collect();
            let trouble =
                judge("https://ex01/PowerShell/", &reply(401, &headers, "")).expect_err("it is refused");
            let refusal = trouble.before_anything_ran();
            assert!(refusal.message.contains(part), "{refusal:?}");
        }
    }

    #[test]
    fn what_broke_off_is_lost_unless_the_headers_told_all() {
        let cut = |kind: &str| HttpAnswer {
            body: HttpBody::Lost("it broke off".into()),
            ..reply(200, &[("content-type", kind)], "")
        };
        let told = |kind: &str| judge("https://ex01/PowerShell/", &cut(kind)).expect_err("it is no answer");
        assert!(told("application/soap+xml").may_have_happened());
        assert!(matches!(told("text/html"), Trouble::Lost(Refusal { kind: RefusalKind::NotPowerShell, .. })));
    }
}
