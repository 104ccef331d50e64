//! The line to a server: requests of WS-Management over a channel, each with its answer, never repeated by itself.

use std::sync::Arc;
use std::time::Duration;

use contracts::CallContext;
use uuid::Uuid;

use super::basic::Basic;
use super::channel::{Channel, ChannelError, HttpAnswer};
use super::judge::{Trouble, judge};
use crate::call::Refusal;
use crate::settings::{RemoteAuth, RemoteSettings};
use crate::wsman::{Answer, Request};

/// The server is given this much longer than the operation may take to say that it took too long.
const GRACE: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub(super) struct Line {
    channel: Arc<dyn Channel>,
    uri: String,
}

impl Line {
    /// Connects to nothing yet.
    pub(super) fn new(settings: &RemoteSettings, context: &dyn CallContext) -> Result<Line, Refusal> {
        let channel: Arc<dyn Channel> = match &settings.auth {
            RemoteAuth::Basic { user, password } => {
                super::address(settings)?;
                Arc::new(Basic::new(settings, user, password, context)?)
            }
            #[cfg(feature = "kerberos")]
            RemoteAuth::Kerberos => Arc::new(super::kerberos::Kerberos::new(settings)?),
            #[cfg(not(feature = "kerberos"))]
            RemoteAuth::Kerberos => {
                return Err(super::wrong(
                    settings,
                    "this build speaks no Kerberos",
                    "build it with the feature kerberos, or sign in with auth = \"basic\"",
                ));
            }
        };
        Ok(Line { channel, uri: settings.uri.clone() })
    }

    /// Sends a request and reads its answer. `time` is what the operation may take at the server.
    pub(super) async fn exchange(&self, request: Request, time: Duration) -> Result<Answer, Trouble> {
        let id = request.message_id;
        self.read(id, &self.send(request, time).await?)
    }

    /// The answer as HTTP brought it.
    pub(super) async fn send(&self, request: Request, time: Duration) -> Result<HttpAnswer, Trouble> {
        self.channel.exchange(request.text, time + GRACE).await.map_err(|error| match error {
            ChannelError::NotSent(refusal) => Trouble::Refused(refusal),
            ChannelError::Lost { message } => Trouble::lost(message),
        })
    }

    /// What it means, as the answer to the request with that id.
    pub(super) fn read(&self, id: Uuid, reply: &HttpAnswer) -> Result<Answer, Trouble> {
        let answer = judge(&self.uri, reply)?;
        if answer.relates_to.is_some_and(|of| of != id) {
            return Err(Trouble::lost(format!("POST {}: the answer belongs to another request", self.uri)));
        }
        Ok(answer)
    }
}
