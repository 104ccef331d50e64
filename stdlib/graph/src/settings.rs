//! Where the tenant is and who signs in to it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use contracts::SecretText;
use model::Timestamp;

/// Shows a person what to do to sign in. It must come back at once.
pub type Prompt = Arc<dyn Fn(&DevicePrompt) + Send + Sync>;

/// All hosts can be set: national clouds have their own ([`crate::Cloud`]), and so have simulators.
#[derive(Clone)]
pub struct GraphSettings {
    /// `https://login.microsoftonline.com`.
    pub login_url: String,
    /// `https://graph.microsoft.com`, without the version.
    pub graph_url: String,
    /// The only tenant that is ever read or changed.
    pub tenant_id: String,
    /// Who looks; also who writes where nobody else does.
    pub read: Identity,
    /// Who sends PATCH, POST and DELETE, and nothing else.
    pub write: Option<Identity>,
    /// Asked for a sign-in by device code; where it is missing, there is nobody to ask.
    pub prompt: Option<Prompt>,
    /// An application whose service principal must be there: looked for by [`contracts::HostModule::examine`].
    pub probe_app_id: Option<String>,
}

impl GraphSettings {
    /// One identity for everything, and nobody to ask.
    pub fn new(
        login_url: impl Into<String>,
        graph_url: impl Into<String>,
        tenant_id: impl Into<String>,
        read: Identity,
    ) -> GraphSettings {
        GraphSettings {
            login_url: login_url.into(),
            graph_url: graph_url.into(),
            tenant_id: tenant_id.into(),
            read,
            write: None,
            prompt: None,
            probe_app_id: None,
        }
    }
}

impl fmt::Debug for GraphSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GraphSettings")
            .field("login_url", &self.login_url)
            .field("graph_url", &self.graph_url)
            .field("tenant_id", &self.tenant_id)
            .field("read", &self.read)
            .field("write", &self.write)
            .field("prompt", &self.prompt.is_some())
            .field("probe_app_id", &self.probe_app_id)
            .finish()
    }
}

/// An application (or a person through one) that signs in.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The application's id; for a managed identity the id of a user-assigned one, or empty for the machine's own.
    pub client_id: String,
    pub credential: Credential,
}

/// How an identity proves itself. Secrets are named; their values are asked for at each sign-in.
#[derive(Clone)]
pub enum Credential {
    Secret {
        name: String,
    },
    /// A client secret that the caller holds already.
    SecretText(SecretText),
    /// An assertion signed with the key of a certificate that the application knows.
    Certificate {
        /// PEM with the certificate; the first one counts.
        certificate: Vec<u8>,
        /// The name of a secret: the private key as PEM, PKCS#8 or PKCS#1, RSA.
        key: String,
    },
    /// A person signs in on another device.
    DeviceCode,
    ManagedIdentity(ManagedIdentity),
    /// An assertion that somebody else (Kubernetes, a build service) keeps in a file and renews.
    WorkloadIdentity {
        token_file: PathBuf,
    },
    /// An access token from outside, by the name of its secret.
    Token {
        name: String,
    },
}

impl Credential {
    /// As the target file calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Credential::Secret { .. } | Credential::SecretText(_) => "client-secret",
            Credential::Certificate { .. } => "certificate",
            Credential::DeviceCode => "device-code",
            Credential::ManagedIdentity(_) => "managed-identity",
            Credential::WorkloadIdentity { .. } => "workload-identity",
            Credential::Token { .. } => "token",
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credential::Secret { name } => write!(out, "Secret({name})"),
            Credential::SecretText(_) => out.write_str("SecretText(hidden)"),
            Credential::Certificate { key, .. } => write!(out, "Certificate(key: {key})"),
            Credential::DeviceCode => out.write_str("DeviceCode"),
            Credential::ManagedIdentity(source) => write!(out, "ManagedIdentity({source:?})"),
            Credential::WorkloadIdentity { token_file } => {
                write!(out, "WorkloadIdentity({})", token_file.display())
            }
            Credential::Token { name } => write!(out, "Token({name})"),
        }
    }
}

/// Who gives out the tokens of a managed identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagedIdentity {
    /// The metadata service of a virtual machine; see [`ManagedIdentity::imds`].
    Imds { url: String },
    /// App Service, Functions, Container Apps: `IDENTITY_ENDPOINT`, and the secret that holds `IDENTITY_HEADER`.
    AppService { endpoint: String, header_secret: String },
}

impl ManagedIdentity {
    /// The metadata service at the address that every virtual machine in Azure knows.
    pub fn imds() -> ManagedIdentity {
        ManagedIdentity::Imds { url: "http://169.254.169.254/metadata/identity/oauth2/token".into() }
    }
}

/// What a person is told in a sign-in by device code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePrompt {
    pub verification_uri: String,
    pub user_code: String,
    /// The service's own sentence with both, in the person's language; it may be empty.
    pub message: String,
    pub expires: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let identity = |credential| Identity { client_id: "me".into(), credential };
        let mut settings = GraphSettings::new(
            "https://login",
            "https://graph",
            "t",
            identity(Credential::SecretText(SecretText::new("hunter2".into()))),
        );
        settings.write = Some(identity(Credential::Certificate {
            certificate: b"certificate-bytes".to_vec(),
            key: "the-name".into(),
        }));
        let shown = format!("{settings:?}");
        assert!(shown.contains("the-name") && shown.contains("hidden"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("certificate-bytes"), "{shown}");
    }
}
