//! Signing a connection in: tokens go there and back until both sides know each other.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::connection::{Connection, Line, Unanswered};
use super::context::{self, BeginError, Begun, Stepped};
use super::multipart::Scheme;
use super::place::Place;
use crate::call::{Refusal, RefusalKind};
use crate::remote::channel::HttpAnswer;
use crate::remote::judge::{judge, schemes};
use crate::settings::RemoteSettings;

/// Kerberos takes one leg, SPNEGO up to three.
const LEGS_MAX: usize = 4;

/// From the question for a ticket to the server's answer.
const SIGN_IN_MAX: Duration = Duration::from_secs(45);

/// Opens a connection and signs it in; by `first`, or by the other scheme where the server offers only that. Gives the
/// scheme that it took.
pub(super) async fn sign_in(
    settings: &RemoteSettings,
    place: Arc<Place>,
    first: Scheme,
) -> Result<(Connection, Scheme), Refusal> {
    let signed_in = tokio::time::timeout(SIGN_IN_MAX, async {
        match attempt(settings, &place, first).await? {
            Attempt::SignedIn(connection) => Ok((connection, first)),
            Attempt::Refused(answer) => {
                let second = other(first);
                let offers = |scheme: Scheme| {
                    let offered = schemes(&answer.all("www-authenticate"));
                    offered.iter().any(|offer| offer.eq_ignore_ascii_case(scheme.name()))
                };
                if offers(first) || !offers(second) {
                    return Err(refused_ticket(settings, &place, &answer));
                }
                match attempt(settings, &place, second).await? {
                    Attempt::SignedIn(connection) => Ok((connection, second)),
                    Attempt::Refused(answer) => Err(refused_ticket(settings, &place, &answer)),
                }
            }
        }
    });
    signed_in.await.unwrap_or_else(|_| {
        let what = format!("no sign-in within {} s", SIGN_IN_MAX.as_secs());
        let advice = "the domain's controllers or the server do not answer: check the network and krb5.conf";
        Err(refusal(settings, RefusalKind::Unreachable, &what, advice.to_owned()))
    })
}

fn other(scheme: Scheme) -> Scheme {
    match scheme {
        Scheme::Kerberos => Scheme::Negotiate,
        Scheme::Negotiate => Scheme::Kerberos,
    }
}

enum Attempt {
    SignedIn(Connection),
    /// 401, and no token with it.
    Refused(HttpAnswer),
}

async fn attempt(settings: &RemoteSettings, place: &Arc<Place>, scheme: Scheme) -> Result<Attempt, Refusal> {
    let (mut begun, mut token) = begun(settings, place, scheme).await?;
    let mut line = Line::open(settings, Arc::clone(place)).await?;
    for _ in 0..LEGS_MAX {
        let answer = line.sign_in(scheme, &token).await.map_err(|unanswered| {
            let (Unanswered::Unsent(text) | Unanswered::Lost(text)) = unanswered;
            let message = format!("POST {}: {text}", settings.uri);
            Refusal { kind: RefusalKind::Unreachable, message, advice: None }
        })?;
        let Some(theirs) = token_in(scheme, &answer) else {
            if answer.status == 401 {
                return Ok(Attempt::Refused(answer));
            }
            return Err(no_token(settings, &answer));
        };
        match begun.step(&theirs).map_err(|why| strange(settings, place, &why))? {
            Stepped::Done(_, None) if answer.status == 401 => return Ok(Attempt::Refused(answer)),
            Stepped::Done(sealer, last) => {
                let answer = match last {
                    Some(last) if answer.status == 401 => match line.sign_in(scheme, &last).await {
                        Ok(answer) if answer.status == 401 => return Ok(Attempt::Refused(answer)),
                        Ok(answer) => answer,
                        Err(Unanswered::Unsent(text) | Unanswered::Lost(text)) => {
                            return Err(strange(settings, place, &text));
                        }
                    },
                    _ => answer,
                };
                // What an empty envelope is called does not matter, but a page says that this is no PowerShell.
                // unconfirmed: what Exchange answers to the signing in besides its token.
                let kind = answer.header("content-type").to_ascii_lowercase();
                if kind.starts_with("text/") || matches!(answer.status, 300..=499 | 503) {
                    return Err(no_token(settings, &answer));
                }
                return Ok(Attempt::SignedIn(Connection::new(line, sealer, scheme)));
            }
            Stepped::More(next, ours) => (begun, token) = (next, ours),
        }
    }
    Err(strange(settings, place, "the server asks for more and more tokens"))
}

/// Asks for the ticket where waiting does no harm.
async fn begun(
    settings: &RemoteSettings,
    place: &Place,
    scheme: Scheme,
) -> Result<(Begun, Vec<u8>), Refusal> {
    let service = place.service.clone();
    let begun = tokio::task::spawn_blocking(move || context::begin(scheme, &service)).await;
    let begun = begun.unwrap_or_else(|stopped| Err(BeginError::NoService(stopped.to_string())));
    begun.map_err(|error| {
        let advice = match &error {
            BeginError::NoTicket(_) => {
                "sign in first: `kinit ACCOUNT@CONTOSO.COM`, or on Windows with an account of the domain".to_owned()
            }
            BeginError::NoService(_) => format!(
                "ask for {service} with `kvno {service}`: the address must be the server's own full name, as the domain \
                 knows it, not an alias and not the name of a load balancer; the ticket must not have expired (klist); a \
                 controller of the domain must answer; and both clocks must agree",
                service = place.service
            ),
        };
        refusal(settings, RefusalKind::SignIn, &error.to_string(), advice)
    })
}

/// The token of a challenge in this scheme.
fn token_in(scheme: Scheme, answer: &HttpAnswer) -> Option<Vec<u8>> {
    let challenges = answer.all("www-authenticate").into_iter().flat_map(|header| header.split(','));
    challenges.filter_map(|challenge| challenge.trim().split_once(' ')).find_map(|(name, token)| {
        let ours = name.eq_ignore_ascii_case(scheme.name());
        ours.then(|| STANDARD.decode(token.trim()).ok()).flatten()
    })
}

/// A 401, to a ticket or to a message.
pub(super) fn refused_ticket(settings: &RemoteSettings, place: &Place, answer: &HttpAnswer) -> Refusal {
    let offered = schemes(&answer.all("www-authenticate"));
    let does = offered
        .iter()
        .any(|one| one.eq_ignore_ascii_case("kerberos") || one.eq_ignore_ascii_case("negotiate"));
    let (what, advice) = if offered.is_empty() {
        let advice =
            "something in front of the server answers for it: ask the server itself, by its own name";
        ("HTTP 401 without saying how to sign in".to_owned(), advice.to_owned())
    } else if does {
        let advice = format!(
            "the ticket is for {service}, and the server could not read it or does not want it: name the server itself, \
             not a name that several share; see with `setspn -Q {service}` that no other account has that name; the \
             account must be allowed remote PowerShell (RemotePowerShellEnabled); and both clocks must agree",
            service = place.service
        );
        (format!("HTTP 401 to a Kerberos ticket; it offers {}", offered.join(", ")), advice)
    } else {
        let advice = "Kerberos is off there: turn Windows authentication on for the PowerShell virtual directory, or use \
                      auth = \"basic\"";
        (format!("HTTP 401; it offers {}, not Kerberos", offered.join(", ")), advice.to_owned())
    };
    refusal(settings, RefusalKind::SignIn, &what, advice)
}

/// An answer that signs nobody in: what it is, the judge of all answers knows.
fn no_token(settings: &RemoteSettings, answer: &HttpAnswer) -> Refusal {
    match judge(&settings.uri, answer) {
        Err(trouble) => trouble.before_anything_ran(),
        Ok(_) => refusal(
            settings,
            RefusalKind::SignIn,
            &format!("HTTP {} without proof of who the server is", answer.status),
            "something in front of the server answers for it: ask the server itself, by its own name"
                .to_owned(),
        ),
    }
}

fn strange(settings: &RemoteSettings, place: &Place, why: &str) -> Refusal {
    let what = format!("the server does not prove that it is {}: {why}", place.service);
    let advice =
        "something in between answers for the server, or the domain gave its name to another account";
    refusal(settings, RefusalKind::SignIn, &what, advice.to_owned())
}

fn refusal(settings: &RemoteSettings, kind: RefusalKind, what: &str, advice: String) -> Refusal {
    Refusal { kind, message: format!("POST {}: {what}", settings.uri), advice: Some(advice) }
}
