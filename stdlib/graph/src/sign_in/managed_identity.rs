//! The identity that Azure gives a machine or an app: asked for from a service on the same machine or link.

use contracts::CallContext;
use model::{Class, Code, Failure};
use reqwest::Url;

use super::{Token, denied, granted, resource};
use crate::attempt::Outcome;
use crate::client::Client;
use crate::settings::{Identity, ManagedIdentity};

pub(super) async fn ask(
    client: &Client<'_>,
    context: &dyn CallContext,
    identity: &Identity,
    source: &ManagedIdentity,
) -> Result<Token, Failure> {
    let (address, version, header, value) = match source {
        ManagedIdentity::Imds { url } => (url, "2018-02-01", "metadata", None),
        ManagedIdentity::AppService { endpoint, header_secret } => {
            (endpoint, "2019-08-01", "x-identity-header", Some(context.secret(header_secret)?))
        }
    };
    let mut url = near(address)?;
    url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", resource(client));
    if !identity.client_id.is_empty() {
        url.query_pairs_mut().append_pair("client_id", &identity.client_id);
    }
    let line = format!("GET {url}");
    let near = client.near()?;
    let value = value.as_ref().map_or("true", |secret| secret.spend().trim());
    let outcome = client.repeated(context, &line, || Ok(near.get(url.clone()).header(header, value))).await?;
    match &outcome {
        Outcome::NotSent(trouble) => Err(denied(format!("{line}: {}", trouble.text()))
            .hint("nobody gives out managed identities here: this is no machine or app in Azure, or it has no identity")),
        // The metadata service answers so while it is being updated, for a minute or so.
        Outcome::Answered(answer) if matches!(answer.status, 404 | 410) => Err(Failure::new(
            Code::GraphTransient,
            Class::Transient,
            format!("{line}: status {}: the service is being updated", answer.status),
        )),
        Outcome::Answered(_) | Outcome::Lost(_) => granted(outcome, &line, client, context.now()),
    }
}

/// Plain http is spoken with this machine and its link (169.254.0.0/16, which no router passes on), with nobody else.
fn near(address: &str) -> Result<Url, Failure> {
    if let Ok(url) = http::address(address) {
        return Ok(url);
    }
    let url = Url::parse(address).ok().filter(|url| {
        let host = url.host_str().and_then(|host| host.parse::<std::net::Ipv4Addr>().ok());
        url.scheme() == "http" && url.username().is_empty() && host.is_some_and(|host| host.is_link_local())
    });
    url.ok_or_else(|| {
        Failure::invalid(
            Code::Settings,
            "sign in: the address of the managed identity is neither https nor on this machine or link",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_asked_for_nearby_only() {
        for (address, good) in [
            ("http://169.254.169.254/metadata/identity/oauth2/token", true),
            ("http://169.254.131.2:8081/msi/token", true),
            ("http://127.0.0.1:41056/msi/token", true),
            ("https://identity.contoso.com/token", true),
            ("http://identity.contoso.com/token", false),
            ("http://169.254.169.254.contoso.com/token", false),
            ("http://10.0.0.1/token", false),
            ("http://user@169.254.169.254/token", false),
            ("", false),
        ] {
            assert_eq!(near(address).is_ok(), good, "{address}");
        }
    }
}
