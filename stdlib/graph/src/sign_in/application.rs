//! An application signs in as itself: with a secret, with an assertion of its own, or with one that a file holds.

use std::path::Path;

use contracts::{CallContext, SecretText};
use model::{Class, Code, Failure};

use super::assertion::Signer;
use super::{Token, denied, granted, resource, token_url};
use crate::client::Client;
use crate::settings::Identity;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// No assertion is longer.
const FILE_LENGTH_MAX: usize = 64 * 1024;

pub(super) async fn by_secret(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    secret: &SecretText,
) -> Result<Token, Failure> {
    ask(client, context, identity, || Ok(vec![("client_secret", secret.clone())])).await
}

/// Each attempt carries an assertion of its own: some services take each only once.
pub(super) async fn by_certificate(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    certificate: &[u8],
    key: &str,
) -> Result<Token, Failure> {
    let signer = Signer::new(certificate, context.secret(key)?.spend()).map_err(denied)?;
    let audience = token_url(client);
    ask(client, context, identity, || {
        let assertion = signer.assertion(&identity.client_id, &audience, context.now()).map_err(denied)?;
        Ok(asserted(assertion))
    })
    .await
}

/// The file is read at each sign-in, because somebody else renews it.
pub(super) async fn by_file(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    file: &Path,
) -> Result<Token, Failure> {
    let unreadable = |why: String| {
        Failure::new(Code::Secret, Class::Denied, format!("read the assertion in {}: {why}", file.display()))
            .hint("the file is written by Kubernetes or the build service: check that it is mounted and its path")
    };
    let text = tokio::fs::read_to_string(file).await.map_err(|error| unreadable(error.to_string()))?;
    let text = text.trim();
    if text.is_empty() || text.len() > FILE_LENGTH_MAX || text.split('.').count() != 3 {
        return Err(unreadable("it holds no JWT".into()));
    }
    ask(client, context, identity, || Ok(asserted(SecretText::new(text.to_owned())))).await
}

fn asserted(assertion: SecretText) -> Vec<(&'static str, SecretText)> {
    vec![
        ("client_assertion_type", SecretText::new(ASSERTION_TYPE.to_owned())),
        ("client_assertion", assertion),
    ]
}

/// Asking twice for a token changes nothing in the tenant, so this is repeated like a read.
async fn ask(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    proof: impl Fn() -> Result<Vec<(&'static str, SecretText)>, Failure>,
) -> Result<Token, Failure> {
    let url = token_url(client);
    let line = format!("POST {url}");
    let scope = format!("{}/.default", resource(client));
    let outcome = client
        .repeated(context, &line, || {
            let proof = proof()?;
            let mut form = vec![
                ("grant_type", "client_credentials"),
                ("client_id", identity.client_id.as_str()),
                ("scope", &scope),
            ];
            form.extend(proof.iter().map(|(name, secret)| (*name, secret.spend())));
            Ok(client.http().post(&url).form(&form))
        })
        .await?;
    granted(outcome, &line, client, context.now())
}
