//! `Test-OAuthConnectivity`: works when both sides of this world are set up for it.

use serde_json::{Value, json};

use super::{Call, Cmdlet, flag, required, text};
use crate::{certificate::CertificateFacts, error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[Cmdlet {
    name: "Test-OAuthConnectivity",
    parameters: &[
        required("Service"),
        required("TargetUri"),
        text("Mailbox"),
        flag("AppOnly"),
        flag("ReloadConfig"),
        flag("UseCachedToken"),
        text("OrganizationDomain"),
    ],
    prompts: false,
    writes: false,
    run: test,
}];

/// Exchange Online's application id.
const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";

fn test(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let service = call.text("Service").unwrap_or_default();
    if !["EWS", "AutoD", "Generic"].iter().any(|known| known.eq_ignore_ascii_case(&service)) {
        return Err(CmdletError::binding(
            call.cmdlet(),
            "ParameterArgumentTransformationError",
            "Service",
            format!(
                "Cannot convert value \"{service}\" to the type of parameter 'Service': EWS, AutoD or Generic."
            ),
        ));
    }
    let target = call.text("TargetUri").unwrap_or_default();
    let trouble = trouble(call);
    let checks =
        format!("Checking last time settings were loaded; Checking AuthServer objects; Calling {target}.");
    let (result, detail) = match &trouble {
        None => ("Success", format!("{checks} The token was accepted.")),
        Some(trouble) => ("Error", format!("{checks} {trouble}")),
    };
    Ok(vec![json!({
        "Task": format!("Checking {} API Call Under Oauth", service.to_uppercase()),
        "ResultType": result,
        "Detail": detail,
        "Identity": "Microsoft.Exchange.Security.OAuth.ValidationResultNodeId",
        "IsValid": true,
        "ObjectState": "New",
    })])
}

/// What stands in the way, in the words that the product's log would use.
fn trouble(call: &Call<'_>) -> Option<String> {
    let servers = call.objects(|one| one.class == Class::AuthServer && one.flag("Enabled"));
    if !servers.iter().any(|server| server.text("Type") == "MicrosoftACS") {
        return Some(
            "Unable to get token from Auth Server: no enabled auth server of type MicrosoftACS.".into(),
        );
    }
    let applications = call.objects(|one| {
        one.class == Class::PartnerApplication
            && one.flag("Enabled")
            && one.text("ApplicationIdentifier").eq_ignore_ascii_case(EXCHANGE_ONLINE)
    });
    if applications.is_empty() {
        return Some(format!("No enabled partner application {EXCHANGE_ONLINE}."));
    }
    let configs = call.objects(|one| one.class == Class::AuthConfig);
    let thumbprint = configs.first().map(|config| config.text("CurrentCertificateThumbprint").to_owned());
    let thumbprint = thumbprint.unwrap_or_default();
    let certificate = super::exchange_certificate::stored(call.state)
        .map(|(_, _, facts)| facts)
        .find(|facts| facts.thumbprint_hex().eq_ignore_ascii_case(&thumbprint));
    let Some(certificate) = certificate else {
        return Some(format!(
            "Unable to find the certificate with thumbprint '{thumbprint}' in the local store."
        ));
    };
    if certificate.not_after.unix_timestamp() < call.state.now {
        return Some("The current authorization certificate has expired.".into());
    }
    let known = call.state.tenants.get(&call.state.spec.tenant).is_some_and(|tenant| {
        tenant.principals().iter().filter(|one| one.app_id == EXCHANGE_ONLINE).any(|principal| {
            principal
                .keys
                .iter()
                .filter_map(|key| CertificateFacts::read(&key.der()))
                .any(|facts| facts.thumbprint == certificate.thumbprint)
        })
    });
    if known {
        return None;
    }
    Some(format!(
        "AADSTS50012: Client assertion contains an invalid signature. [Reason - The key was not found., Thumbprint of \
         key used by client: '{thumbprint}']"
    ))
}
