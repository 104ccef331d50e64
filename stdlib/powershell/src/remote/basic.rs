//! The channel with Basic authentication: each envelope is signed in anew, over TLS or on this machine.

use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, SecretText};
use http::{ClientOptions, Stage, read_body};

use super::channel::{BODY_BYTES_MAX, Channel, ChannelError, HttpAnswer, HttpBody};
use crate::call::{Refusal, RefusalKind};
use crate::settings::RemoteSettings;

pub(super) struct Basic {
    client: reqwest::Client,
    uri: String,
    user: String,
    password: SecretText,
}

impl Basic {
    /// Connects to nothing yet. `password` is the name of the secret.
    pub(super) fn new(
        settings: &RemoteSettings,
        user: &str,
        password: &str,
        context: &dyn CallContext,
    ) -> Result<Basic, Refusal> {
        if user.contains(':') {
            return Err(super::wrong(
                settings,
                "a user name cannot hold a colon",
                "correct the user in the target file",
            ));
        }
        let password = context.secret(password).map_err(|failure| {
            let advice = failure.hint.as_deref().unwrap_or("see where the target file keeps the password");
            super::wrong(settings, &failure.message, advice)
        })?;
        let options = ClientOptions { only_roots: settings.only_roots.clone(), one_connection: false };
        let client = http::client(&options).map_err(|error| {
            super::wrong(settings, &error.to_string(), "check the ca_file of the target file")
        })?;
        Ok(Basic { client, uri: settings.uri.clone(), user: user.to_owned(), password })
    }
}

#[async_trait]
impl Channel for Basic {
    async fn exchange(&self, envelope: String, limit: Duration) -> Result<HttpAnswer, ChannelError> {
        let sent = self
            .client
            .post(&self.uri)
            .basic_auth(&self.user, Some(self.password.spend()))
            .header(reqwest::header::CONTENT_TYPE, "application/soap+xml;charset=UTF-8")
            .header(reqwest::header::ACCEPT_ENCODING, "identity")
            .timeout(limit)
            .body(envelope)
            .send()
            .await;
        let mut answer = sent.map_err(|error| unanswered(&self.uri, &error))?;
        let headers = answer.headers().iter();
        Ok(HttpAnswer {
            status: answer.status().as_u16(),
            headers: headers
                .map(|(name, value)| {
                    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
            body: match read_body(&mut answer, BODY_BYTES_MAX).await {
                Ok(bytes) => HttpBody::Whole(bytes),
                Err(error) => HttpBody::Lost(error.to_string()),
            },
        })
    }
}

/// A request without an answer.
pub(super) fn unanswered(uri: &str, error: &reqwest::Error) -> ChannelError {
    let (stage, trouble) = http::Trouble::of(error);
    let message = format!("POST {uri}: {}", trouble.text());
    let kind = match (&trouble, stage) {
        (http::Trouble::Tls(_), Stage::NotSent) => RefusalKind::Tls,
        (_, Stage::NotSent) => RefusalKind::Unreachable,
        (_, Stage::Lost) => return ChannelError::Lost { message },
    };
    ChannelError::NotSent(Refusal { kind, message, advice: trouble.advice().map(str::to_owned) })
}
