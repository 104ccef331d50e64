//! What `doctor` asks before a session is opened: the name, the network, TLS, the clock, the path and the sign-ins there.

use std::time::Duration;

use contracts::{CallContext, Check};
use http::{ClientOptions, Trouble};
use model::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, WWW_AUTHENTICATE};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::judge::schemes;
use crate::call::Refusal;
use crate::settings::{RemoteAuth, RemoteSettings};

const AREA: &str = "exchange";

/// Kerberos refuses beyond that.
const SKEW_MAX: Duration = Duration::from_mins(5);

/// A certificate that ends sooner is worth a word.
const ENDS_SOON: Duration = Duration::from_hours(30 * 24);

const LIMIT_MAX: Duration = Duration::from_secs(30);

/// Asks the address once, without credentials and without a command. What comes after the first thing that is not so is
/// left out.
pub(crate) async fn examine(settings: &RemoteSettings, context: &dyn CallContext) -> Vec<Check> {
    let url = match super::address(settings) {
        Ok(url) => url,
        Err(refusal) => return vec![wrong("settings", refusal)],
    };
    let options = ClientOptions { only_roots: settings.only_roots.clone(), one_connection: true };
    let client = match http::client(&options) {
        Ok(client) => client,
        Err(error) => {
            let refusal = super::wrong(settings, &error.to_string(), "check the ca_file of the target file");
            return vec![wrong("settings", refusal)];
        }
    };
    let limit = context.time_left().clamp(Duration::from_secs(1), LIMIT_MAX);
    let asked =
        client.post(url.clone()).header(CONTENT_TYPE, "application/soap+xml;charset=UTF-8").timeout(limit);
    match asked.send().await {
        Ok(answer) => answered(settings, &url, &answer, context.now()),
        Err(error) => unanswered(&url, &error),
    }
}

/// How far the question came.
fn unanswered(url: &reqwest::Url, error: &reqwest::Error) -> Vec<Check> {
    let (_, trouble) = Trouble::of(error);
    let host = url.host_str().unwrap_or_default();
    let seen = trouble.text().to_owned();
    let name = || Check::so(AREA, "dns", format!("the name {host} is known"));
    let port =
        || Check::so(AREA, "tcp", format!("port {} answers", url.port_or_known_default().unwrap_or(0)));
    let advice =
        trouble.advice().unwrap_or("check what is between this machine and the server, and try again");
    match trouble {
        Trouble::Name(_) => {
            vec![Check::not_so(AREA, "dns", format!("the name {host} is not known: {seen}"), advice)]
        }
        Trouble::Unreachable(_) => vec![name(), Check::not_so(AREA, "tcp", seen, advice)],
        // Without a connection, nobody knows whether anybody is there.
        Trouble::TimedOut(_) if error.is_connect() => {
            let advice = "nothing answers, not even to refuse: check the address, the firewall and the VPN";
            vec![name(), Check::not_so(AREA, "tcp", seen, advice)]
        }
        Trouble::Tls(_) => vec![name(), port(), Check::not_so(AREA, "tls", seen, advice)],
        Trouble::TimedOut(_) | Trouble::Broken(_) => {
            vec![name(), port(), Check::not_so(AREA, "path", seen, advice)]
        }
    }
}

fn answered(
    settings: &RemoteSettings,
    url: &reqwest::Url,
    answer: &reqwest::Response,
    now: Timestamp,
) -> Vec<Check> {
    let host = url.host_str().unwrap_or_default();
    let peer = answer.remote_addr().map(|address| format!(", at {address}")).unwrap_or_default();
    let mut checks = vec![
        Check::so(AREA, "dns", format!("the name {host} is known")),
        Check::so(AREA, "tcp", format!("the port answers{peer}")),
    ];
    let certificate = answer.extensions().get::<reqwest::tls::TlsInfo>();
    checks.push(match certificate.and_then(|info| info.peer_certificate()) {
        Some(certificate) => tls(certificate, now),
        None if url.scheme() == "http" && settings.auth == RemoteAuth::Kerberos => {
            Check::so(AREA, "tls", "plain http; Kerberos seals every message")
        }
        None if url.scheme() == "http" => {
            Check::so(AREA, "tls", "plain http, on this machine only, as allowed")
        }
        None => Check::so(AREA, "tls", "the certificate is trusted"),
    });
    checks.push(clock(answer, now));
    let path = path(url, answer);
    let is_there = path.verdict == contracts::CheckVerdict::So;
    checks.push(path);
    if is_there && answer.status() == reqwest::StatusCode::UNAUTHORIZED {
        checks.push(sign_ins(settings, answer));
    }
    checks
}

/// It is trusted and for this name, else there were no answer.
fn tls(certificate: &[u8], now: Timestamp) -> Check {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Check::so(AREA, "tls", "the certificate is trusted");
    };
    let subject = certificate.subject().to_string();
    let end = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    let end = Timestamp(end.saturating_mul(1000));
    let check = Check::so(AREA, "tls", format!("a certificate of {}, good until {end}", shown(&subject)));
    if end < now.after(ENDS_SOON) {
        check.advice("renew the server's certificate before it ends")
    } else {
        check
    }
}

fn clock(answer: &reqwest::Response, now: Timestamp) -> Check {
    let date = answer.headers().get(DATE).and_then(|value| http::date(value.to_str().ok()?));
    let Some(date) = date else {
        return Check::cannot_tell(AREA, "clock", "the server does not say what time it has");
    };
    let skew = now.since(date).max(date.since(now));
    let seen = format!("this machine's clock differs from the server's by {} s", skew.as_secs());
    if skew <= SKEW_MAX {
        return Check::so(AREA, "clock", seen);
    }
    Check::not_so(
        AREA,
        "clock",
        seen,
        "set this machine's clock, or the server's: Kerberos refuses more than 5 minutes",
    )
}

/// Whether PowerShell could be at that path: it asks for a sign-in, or speaks SOAP.
fn path(url: &reqwest::Url, answer: &reqwest::Response) -> Check {
    let status = answer.status().as_u16();
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let speaks_soap = kind.trim().to_ascii_lowercase().starts_with("application/soap+xml");
    let brought =
        if speaks_soap || kind.is_empty() { String::new() } else { format!(", with {}", shown(kind)) };
    let seen = format!("HTTP {status} at {}{brought}", url.path());
    let advice = match status {
        401 => return Check::so(AREA, "path", format!("{seen}: it asks for a sign-in")),
        _ if speaks_soap => return Check::so(AREA, "path", format!("{seen}: it speaks SOAP")),
        300..=399 => "it leads elsewhere: name the server itself, and end the path as it does: /PowerShell/",
        403 => "the web server denies it: check its rules for addresses and TLS, and the path /PowerShell/",
        404 | 405 => "nothing of PowerShell is at that path: on an Exchange server it is /PowerShell/",
        407 => "a proxy in between wants a sign-in of its own: except the server from the proxy (NO_PROXY)",
        503 => "the service behind it is stopped or starting: look at its application pool, or try later",
        // An empty envelope is no question: whoever says so may well understand a whole one.
        400 | 411 | 415 | 500 => {
            return Check::cannot_tell(AREA, "path", format!("{seen} to an empty question"));
        }
        _ => "check the address: a page for people answers there, not PowerShell",
    };
    Check::not_so(AREA, "path", seen, advice)
}

fn sign_ins(settings: &RemoteSettings, answer: &reqwest::Response) -> Check {
    let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenges: Vec<&str> = challenges.filter_map(|value| value.to_str().ok()).collect();
    let offered = schemes(&challenges);
    if offered.is_empty() {
        return Check::not_so(
            AREA,
            "sign-ins",
            "HTTP 401 without saying how to sign in: none is offered",
            "something in front of the server answers for it: ask the server itself, by its own name",
        );
    }
    let offers =
        |wanted: &[&str]| offered.iter().any(|one| wanted.iter().any(|name| one.eq_ignore_ascii_case(name)));
    let seen = format!("offered: {}", offered.join(", "));
    let (good, advice) = match settings.auth {
        RemoteAuth::Basic { .. } => (
            offers(&["basic"]),
            "turn Basic on for the PowerShell virtual directory (Set-PowerShellVirtualDirectory \
             -BasicAuthentication $true), or use auth = \"kerberos\"",
        ),
        RemoteAuth::Kerberos => (
            offers(&["kerberos", "negotiate"]),
            "turn Windows authentication on for the PowerShell virtual directory, or use auth = \"basic\"",
        ),
    };
    if good { Check::so(AREA, "sign-ins", seen) } else { Check::not_so(AREA, "sign-ins", seen, advice) }
}

fn wrong(name: &str, refusal: Refusal) -> Check {
    let advice = refusal.advice.unwrap_or_else(|| "correct the target file".to_owned());
    Check::not_so(AREA, name, refusal.message, advice)
}

fn shown(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(120).collect()
}
