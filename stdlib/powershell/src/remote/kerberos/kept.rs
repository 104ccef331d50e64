//! The connections to one server: as many as have exchanges under way, and a few that wait for the next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::connection::{Connection, Unanswered};
use super::multipart::Scheme;
use super::place::Place;
use super::sign_in::{self, refused_ticket};
use crate::call::{Refusal, RefusalKind};
use crate::remote::channel::{Channel, ChannelError, HttpAnswer};
use crate::settings::RemoteSettings;

/// One asks for output while another stops a command.
const KEPT_MAX: usize = 2;

/// The channel with Kerberos.
pub(crate) struct Kerberos {
    settings: RemoteSettings,
    place: Arc<Place>,
    kept: Mutex<Kept>,
}

struct Kept {
    connections: Vec<Connection>,
    /// The way of signing in that the server took, or the one to try first.
    scheme: Scheme,
}

impl Kerberos {
    /// Connects to nothing yet.
    pub(crate) fn new(settings: &RemoteSettings) -> Result<Kerberos, Refusal> {
        let kept = Kept { connections: Vec::new(), scheme: Scheme::Kerberos };
        let place = Arc::new(Place::of(settings)?);
        Ok(Kerberos { settings: settings.clone(), place, kept: Mutex::new(kept) })
    }

    /// A connection that waits, if one still serves.
    fn waiting(&self) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.connections.retain_mut(Connection::serves);
        kept.connections.pop()
    }

    fn keep(&self, mut connection: Connection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.connections.len() < KEPT_MAX && connection.serves() {
            kept.connections.push(connection);
        }
    }

    fn scheme(&self) -> Scheme {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).scheme
    }

    async fn signed_in(&self) -> Result<Connection, Refusal> {
        let (connection, scheme) =
            sign_in::sign_in(&self.settings, Arc::clone(&self.place), self.scheme()).await?;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).scheme = scheme;
        Ok(connection)
    }

    fn lost(&self, what: &str) -> ChannelError {
        ChannelError::Lost { message: format!("POST {}: {what}", self.settings.uri) }
    }
}

#[async_trait]
impl Channel for Kerberos {
    async fn exchange(&self, envelope: String, limit: Duration) -> Result<HttpAnswer, ChannelError> {
        let mut waiting = self.waiting();
        loop {
            let waited = waiting.is_some();
            let mut connection = match waiting.take() {
                Some(connection) => connection,
                None => self.signed_in().await.map_err(ChannelError::NotSent)?,
            };
            let Ok(exchanged) = tokio::time::timeout(limit, connection.exchange(&envelope)).await else {
                return Err(self.lost(&format!("no answer within {} s", limit.as_secs())));
            };
            match exchanged {
                // Whoever does not know the connection did not open the message either.
                Ok(answer) if answer.status == 401 => {
                    return Err(ChannelError::NotSent(refused_ticket(&self.settings, &self.place, &answer)));
                }
                Ok(answer) => {
                    self.keep(connection);
                    return Ok(answer);
                }
                // The server ended it while it waited, and nothing was sent: there is another way to it.
                Err(Unanswered::Unsent(_)) if waited => {}
                Err(Unanswered::Unsent(text)) => {
                    let message = format!("POST {}: {text}", self.settings.uri);
                    let refusal = Refusal { kind: RefusalKind::Unreachable, message, advice: None };
                    return Err(ChannelError::NotSent(refusal));
                }
                Err(Unanswered::Lost(text)) => return Err(self.lost(&text)),
            }
        }
    }
}
