//! Kerberos itself: a context with one service, which signs in and then seals. SSPI on Windows, GSS-API elsewhere.
//!
//! It takes the current logon, or the ticket cache that `kinit` fills; no password comes near it.

use std::time::Duration;

use cross_krb5::{ClientCtx, Cred, InitiateFlags, K5Cred as _, K5Ctx as _, PendingClientCtx, Step};

use super::multipart::Scheme;
use super::token;

/// A ticket that ends sooner is not worth a message: it may end on the way.
const LIFE_MIN: Duration = Duration::from_mins(2);

/// Why no context was begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BeginError {
    /// Nobody is signed in here.
    #[error("there is no ticket to sign in with: {0}")]
    NoTicket(String),
    /// No ticket for the service: the domain does not know it, or nobody of the domain answers.
    #[error("there is no ticket for the service: {0}")]
    NoService(String),
}

/// A context whose other side has not answered yet.
pub(super) struct Begun(PendingClientCtx);

/// What the other side's answer made of it.
pub(super) enum Stepped {
    /// Both sides know each other; a last token may have to be sent.
    Done(Sealer, Option<Vec<u8>>),
    More(Begun, Vec<u8>),
}

/// Asks for a ticket for the service, and makes the first token. Blocks while the domain is asked.
pub(super) fn begin(scheme: Scheme, service: &str) -> Result<(Begun, Vec<u8>), BeginError> {
    let flags = match scheme {
        Scheme::Kerberos => InitiateFlags::default(),
        // Elsewhere than on Windows the token is the same: servers take Kerberos' own under this name, too.
        Scheme::Negotiate => InitiateFlags::NEGOTIATE_TOKEN,
    };
    let ticket = Cred::client_acquire(flags, None).map_err(|error| BeginError::NoTicket(line(&error)))?;
    // An empty realm leaves it to the domain controllers to say in which domain of the forest the service is.
    let service = if cfg!(windows) { service.to_owned() } else { format!("{service}@") };
    let begun = ClientCtx::new_with_cred(flags, ticket, &service, None);
    let (begun, token) = begun.map_err(|error| BeginError::NoService(line(&error)))?;
    Ok((Begun(begun), token.to_vec()))
}

impl Begun {
    pub(super) fn step(self, token: &[u8]) -> Result<Stepped, String> {
        Ok(match self.0.step(token).map_err(|error| line(&error))? {
            Step::Finished((context, token)) => {
                Stepped::Done(Sealer(context), token.map(|token| token.to_vec()))
            }
            Step::Continue((begun, token)) => Stepped::More(Begun(begun), token.to_vec()),
        })
    }
}

/// Seals and opens the messages of one connection, in order.
pub(super) struct Sealer(ClientCtx);

impl Sealer {
    /// Signature and sealed message.
    pub(super) fn seal(&mut self, message: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let sealed = self.0.wrap(true, message).map_err(|error| line(&error))?;
        token::split(sealed.to_vec(), message.len()).map_err(|error| error.to_string())
    }

    pub(super) fn open(&mut self, signature: &[u8], data: &[u8]) -> Result<Vec<u8>, String> {
        let opened = self.0.unwrap(&[signature, data].concat()).map_err(|error| line(&error))?;
        Ok(opened.to_vec())
    }

    pub(super) fn ends_soon(&mut self) -> bool {
        self.0.ttl().is_ok_and(|left| left < LIFE_MIN)
    }
}

/// On one line, and with what is behind it.
fn line(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let parts: Vec<&str> = text.lines().map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(" ").chars().filter(|one| !one.is_control()).take(400).collect()
}
