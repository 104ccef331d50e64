//! The HTTP client that every host module builds its requests with.
//!
//! It follows no redirect (a token must not travel to another host), repeats nothing by itself (a write must not be sent
//! twice), asks for no compression, and trusts the system's roots or exactly the given ones.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// PEM with the certificates of the only authorities to trust; the system's are trusted when it is absent.
    pub only_roots: Option<Vec<u8>>,
    /// One TCP connection, kept, for authentication that belongs to a connection.
    pub one_connection: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("the file of authorities holds no certificate that can be read: {0}")]
    Roots(String),
    #[error("no TLS: {0}")]
    Tls(String),
    #[error("no HTTP client: {0}")]
    Client(String),
}

const CONNECT_MAX: Duration = Duration::from_secs(20);

/// Whoever is on the same link answers at once or is not there.
const CONNECT_NEAR_MAX: Duration = Duration::from_secs(3);

/// How long the system's roots are taken as they were read.
const ROOTS_FRESH_MAX: Duration = Duration::from_mins(1);

/// Builds a client.
pub fn client(options: &ClientOptions) -> Result<reqwest::Client, ClientError> {
    built(builder(options)?)
}

/// Builds a client for a service on the same machine or link: it asks no proxy, and waits briefly for a connection.
pub fn direct_client() -> Result<reqwest::Client, ClientError> {
    built(builder(&ClientOptions::default())?.no_proxy().connect_timeout(CONNECT_NEAR_MAX))
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    builder.build().map_err(|error| ClientError::Client(crate::causes(&error)))
}

fn builder(options: &ClientOptions) -> Result<reqwest::ClientBuilder, ClientError> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(options)?)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // Whoever examines a connection shows the certificate.
        .tls_info(true)
        .connect_timeout(CONNECT_MAX)
        .user_agent(concat!("footbridge/", env!("CARGO_PKG_VERSION")));
    Ok(if options.one_connection { builder.pool_max_idle_per_host(1) } else { builder })
}

/// How TLS is spoken: by whoever carries HTTP without this client.
pub fn tls(options: &ClientOptions) -> Result<ClientConfig, ClientError> {
    match &options.only_roots {
        None => system_tls(),
        Some(pem) => {
            let roots = roots(pem)?;
            Ok(tls_builder()?.with_root_certificates(roots).with_no_client_auth())
        }
    }
}

/// TLS with the system's roots. To read them takes longer than most requests do, so clients built within
/// [`ROOTS_FRESH_MAX`] of one another share them; whoever runs for months still sees new ones.
#[expect(
    clippy::disallowed_methods,
    reason = "how old a reading of the machine is; no run's time hangs on it"
)]
fn system_tls() -> Result<ClientConfig, ClientError> {
    static NEWEST: Mutex<Option<(Instant, ClientConfig)>> = Mutex::new(None);
    let mut newest = NEWEST.lock().unwrap_or_else(PoisonError::into_inner);
    let mut config = match &*newest {
        Some((read_at, config)) if read_at.elapsed() < ROOTS_FRESH_MAX => config.clone(),
        Some(_) | None => {
            let config = tls_builder()?.with_platform_verifier().map_err(tls_error)?.with_no_client_auth();
            *newest = Some((Instant::now(), config.clone()));
            config
        }
    };
    // What a server lets one client take up again is no other client's.
    config.resumption = Resumption::default();
    Ok(config)
}

fn tls_builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, ClientError> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(tls_error)
}

fn tls_error(error: rustls::Error) -> ClientError {
    ClientError::Tls(error.to_string())
}

fn roots(pem: &[u8]) -> Result<RootCertStore, ClientError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| ClientError::Roots(error.to_string()))?;
        store.add(certificate).map_err(|error| ClientError::Roots(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(ClientError::Roots("there is no '-----BEGIN CERTIFICATE-----' in it".into()));
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_built_with_the_systems_roots_and_refused_with_none() {
        assert!(client(&ClientOptions::default()).is_ok());
        for pem in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let options = ClientOptions { only_roots: Some(pem.into()), ..ClientOptions::default() };
            assert!(matches!(client(&options), Err(ClientError::Roots(_))), "{pem}");
        }
    }
}
