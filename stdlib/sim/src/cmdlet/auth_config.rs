//! `Get-` and `Set-AuthConfig`.

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, flag, text};
use crate::{
    error::{Category, CmdletError, ErrorKind},
    object::{Class, DirectoryObject},
    state::seconds_of,
};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-AuthConfig",
        parameters: &[text("DomainController")],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Set-AuthConfig",
        parameters: &[
            text("CertificateThumbprint"),
            text("NewCertificateThumbprint"),
            text("NewCertificateEffectiveDate"),
            flag("SkipImmediateCertificateDeployment"),
            flag("PublishCertificate"),
            flag("ClearPreviousCertificate"),
            text("Server"),
            text("ServiceName"),
            text("Realm"),
            flag("Force"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: set,
    },
];

#[allow(clippy::unnecessary_wraps, reason = "the signature of every cmdlet")]
fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let found = call.objects(class(Class::AuthConfig));
    Ok(call.shown_all(&found))
}

fn set(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let config = call.one("Auth Configuration", class(Class::AuthConfig))?;
    let mut properties = Map::new();
    for parameter in ["ServiceName", "Realm"] {
        if call.given(parameter) {
            properties.insert(parameter.to_owned(), json!(call.text(parameter).unwrap_or_default()));
        }
    }
    if let Some(thumbprint) = call.text("CertificateThumbprint") {
        installed(call, &thumbprint)?;
        properties.insert("CurrentCertificateThumbprint".into(), json!(thumbprint.to_uppercase()));
    }
    if let Some(thumbprint) = call.text("NewCertificateThumbprint") {
        installed(call, &thumbprint)?;
        let date = call.text("NewCertificateEffectiveDate").unwrap_or_default();
        let effective = seconds_of(&date).filter(|seconds| *seconds > call.state.now).ok_or_else(|| {
            call.fail(
                "System.ArgumentException",
                "The new certificate effective date must be later than the current date.".into(),
            )
        })?;
        if effective < call.state.now + 48 * 3600 && call.flag("Force") != Some(true) {
            return Err(CmdletError::new(
                ErrorKind::RefusedBeforeItRan,
                Category::InvalidOperation,
                "System.Management.Automation.PSInvalidOperationException",
                "InvalidOperation,Set-AuthConfig".into(),
                "The effective date is less than 48 hours away, which asks for confirmation. Windows PowerShell is in \
                 NonInteractive mode. Read and Prompt functionality is not available."
                    .into(),
            ));
        }
        properties.insert("NextCertificateThumbprint".into(), json!(thumbprint.to_uppercase()));
        properties.insert("NextCertificateEffectiveDate".into(), json!(date));
    }
    if call.flag("PublishCertificate") == Some(true) {
        publish(&config, &mut properties);
    }
    if call.flag("ClearPreviousCertificate") == Some(true) {
        properties.insert("PreviousCertificateThumbprint".into(), json!(""));
    }
    call.update("AuthConfig", &config, properties);
    Ok(Vec::new())
}

/// Makes the next certificate current and the current one previous.
pub(crate) fn publish(config: &DirectoryObject, properties: &mut Map<String, Value>) {
    let told = |properties: &Map<String, Value>, key: &str| {
        properties.get(key).and_then(Value::as_str).unwrap_or_else(|| config.text(key)).to_owned()
    };
    let next = told(properties, "NextCertificateThumbprint");
    if next.is_empty() {
        return;
    }
    let current = told(properties, "CurrentCertificateThumbprint");
    for (key, value) in [
        ("PreviousCertificateThumbprint", json!(current)),
        ("CurrentCertificateThumbprint", json!(next)),
        ("NextCertificateThumbprint", json!("")),
        ("NextCertificateEffectiveDate", Value::Null),
    ] {
        properties.insert(key.to_owned(), value);
    }
}

fn installed(call: &Call<'_>, thumbprint: &str) -> Result<(), CmdletError> {
    let found = super::exchange_certificate::stored(call.state)
        .any(|(_, _, facts)| facts.thumbprint_hex().eq_ignore_ascii_case(thumbprint));
    if found {
        return Ok(());
    }
    Err(call
        .fail(
            "System.ArgumentException",
            format!("The certificate with thumbprint {thumbprint} was not found."),
        )
        .about(thumbprint))
}
