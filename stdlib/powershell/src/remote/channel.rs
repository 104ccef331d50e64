//! What stands under the conversation with a server: one envelope there, one HTTP answer back.

use std::time::Duration;

use async_trait::async_trait;

use crate::call::Refusal;

/// More than any server sends that is asked for at most 150 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;

/// Carries envelopes and signs them in. It knows nothing of what they mean and never sends one twice.
///
/// While one exchange waits for output, another may begin (to stop the command): a channel whose connections take one
/// exchange at a time opens a second one.
#[async_trait]
pub(crate) trait Channel: Send + Sync {
    /// Sends one SOAP envelope (UTF-8, `application/soap+xml`) and waits for the answer, at most `limit`. Any status is
    /// an answer. A channel that seals messages unseals the answer, and gives the inner body and its content type.
    async fn exchange(&self, envelope: String, limit: Duration) -> Result<HttpAnswer, ChannelError>;
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    /// In the order in which they came; names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: HttpBody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpBody {
    Whole(Vec<u8>),
    /// It broke off, cannot be unsealed, or is longer than [`BODY_BYTES_MAX`]; the text says which.
    Lost(String),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChannelError {
    /// The envelope was not sent: no connection, no sign-in. The message begins with what was tried (`POST https://…`).
    NotSent(Refusal),
    /// It was sent, wholly or in part.
    Lost { message: String },
}

impl Default for HttpBody {
    fn default() -> HttpBody {
        HttpBody::Whole(Vec::new())
    }
}

impl HttpAnswer {
    /// Every value of a header, in order. `name` is in small letters.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The first value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }
}
