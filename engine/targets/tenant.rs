//! From `[graph]` to where the tenant is and who signs in to it.

use std::sync::Arc;

use cli::{Opening, Platform};
use graph::{Cloud, Credential, DevicePrompt, GraphSettings, Identity, ManagedIdentity, Prompt};
use manifest::target::{Auth, Graph};
use model::{Code, Failure};

use super::connect::read;
use super::secrets::IDENTITY_HEADER;
use crate::sim::PARTNER_APPLICATION;

pub(super) fn settings(tenant: &str, graph: &Graph, opening: &Opening) -> Result<GraphSettings, Failure> {
    let cloud: Cloud =
        graph.cloud.parse().map_err(|error: graph::UnknownCloud| Failure::bug(error.to_string()))?;
    let login = graph.login.clone().unwrap_or_else(|| cloud.login_url().to_owned());
    let endpoint = graph.endpoint.clone().unwrap_or_else(|| cloud.graph_url().to_owned());
    let mut settings =
        GraphSettings::new(login, endpoint, tenant, identity("graph", &graph.read, &opening.platform)?);
    if let Some(write) = &graph.write {
        settings.write = Some(identity("graph.write", write, &opening.platform)?);
    }
    settings.prompt = Some(prompt(opening));
    settings.probe_app_id = Some(PARTNER_APPLICATION.to_owned());
    Ok(settings)
}

/// `section` is what the names of its secrets begin with.
fn identity(
    section: &str,
    one: &manifest::target::Identity,
    platform: &Platform,
) -> Result<Identity, Failure> {
    let mut client_id = one.client_id.clone().unwrap_or_default();
    let credential = match &one.auth {
        Auth::ClientSecret { .. } => Credential::Secret { name: format!("{section}.secret") },
        Auth::Certificate { certificate, .. } => {
            Credential::Certificate { certificate: read(certificate)?, key: format!("{section}.key") }
        }
        Auth::DeviceCode => Credential::DeviceCode,
        Auth::ManagedIdentity => Credential::ManagedIdentity(managed(platform)),
        Auth::WorkloadIdentity { token_file } => {
            if client_id.is_empty() {
                client_id =
                    platform.client_id.clone().ok_or_else(|| missing("client_id", "AZURE_CLIENT_ID"))?;
            }
            let file =
                token_file.as_ref().map(|file| file.value.clone()).or_else(|| platform.token_file.clone());
            let token_file = file.ok_or_else(|| missing("token_file", "AZURE_FEDERATED_TOKEN_FILE"))?;
            Credential::WorkloadIdentity { token_file }
        }
        Auth::Token { .. } => Credential::Token { name: format!("{section}.token") },
    };
    Ok(Identity { client_id, credential })
}

/// The platform's own endpoint where it names one, else the metadata service of a virtual machine.
fn managed(platform: &Platform) -> ManagedIdentity {
    match (&platform.identity_endpoint, &platform.identity_header) {
        (Some(endpoint), Some(_)) => ManagedIdentity::AppService {
            endpoint: endpoint.clone(),
            header_secret: IDENTITY_HEADER.to_owned(),
        },
        _ => ManagedIdentity::imds(),
    }
}

fn missing(key: &str, variable: &str) -> Failure {
    let message = format!("workload-identity needs '{key}': neither the target file nor {variable} gives it");
    Failure::invalid(Code::TargetFile, message)
        .hint(format!("write {key} into the target file, or run where the platform sets {variable}"))
}

fn prompt(opening: &Opening) -> Prompt {
    let tell = Arc::clone(&opening.tell);
    Arc::new(move |device: &DevicePrompt| tell(&page(device)))
}

/// The service's own sentence may be in any language, and steer a terminal.
fn page(device: &DevicePrompt) -> String {
    let clean =
        |text: &str| text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect::<String>();
    format!(
        "sign in: open {} and enter the code {} (until {})",
        clean(&device.verification_uri),
        clean(&device.user_code),
        device.expires
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::SecretText;
    use model::Timestamp;
    use std::path::{Path, PathBuf};

    fn one(auth: Auth) -> manifest::target::Identity {
        manifest::target::Identity { client_id: None, auth }
    }

    #[test]
    fn every_cloud_of_a_target_file_has_its_addresses() {
        let known: Vec<&str> = Cloud::ALL.iter().map(|cloud| cloud.name()).collect();
        assert_eq!(manifest::target::CLOUDS.to_vec(), known);
    }

    #[test]
    fn the_platform_says_who_one_is() {
        let bare = Platform::default();
        let lent = Platform {
            identity_endpoint: Some("http://127.0.0.1:41000/msi/token".into()),
            identity_header: Some(SecretText::new("heard".into())),
            token_file: Some(PathBuf::from("/var/run/token")),
            client_id: Some("5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10".into()),
        };
        assert_eq!(managed(&bare), ManagedIdentity::imds());
        assert!(
            matches!(managed(&lent), ManagedIdentity::AppService { header_secret, .. } if header_secret == IDENTITY_HEADER)
        );
        let workload = || one(Auth::WorkloadIdentity { token_file: None });
        assert_eq!(identity("graph", &workload(), &bare).unwrap_err().code, Code::TargetFile);
        let found = identity("graph", &workload(), &lent).unwrap();
        assert_eq!(found.client_id, "5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10");
        assert!(
            matches!(found.credential, Credential::WorkloadIdentity { token_file } if token_file == Path::new("/var/run/token"))
        );
    }

    #[test]
    fn a_device_prompt_says_where_and_what_and_steers_no_terminal() {
        let device = DevicePrompt {
            verification_uri: "https://microsoft.com/devicelogin".into(),
            user_code: "ABC\u{1b}[2J".into(),
            message: String::new(),
            expires: Timestamp(0),
        };
        let told = page(&device);
        assert!(told.contains("https://microsoft.com/devicelogin") && told.contains("ABC"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }
}
