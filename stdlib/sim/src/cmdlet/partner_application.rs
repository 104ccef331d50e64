//! `New-`, `Get-`, `Set-` and `Remove-PartnerApplication`.

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, flag, list, required, text};
use crate::{error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "New-PartnerApplication",
        parameters: &[
            required("Name"),
            text("ApplicationIdentifier"),
            text("Realm"),
            text("AuthMetadataUrl"),
            flag("TrustAnySSLCertificate"),
            flag("Enabled"),
            text("LinkedAccount"),
            flag("AcceptSecurityIdentifierInformation"),
            text("AccountType"),
            list("ActAsPermissions"),
            list("AppOnlyPermissions"),
            text("IssuerIdentifier"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: new,
    },
    Cmdlet {
        name: "Get-PartnerApplication",
        parameters: &[text("Identity"), text("DomainController")],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Set-PartnerApplication",
        parameters: &[
            required("Identity"),
            text("Name"),
            text("ApplicationIdentifier"),
            text("Realm"),
            text("AuthMetadataUrl"),
            flag("TrustAnySSLCertificate"),
            flag("RefreshAuthMetadata"),
            flag("Enabled"),
            text("LinkedAccount"),
            flag("AcceptSecurityIdentifierInformation"),
            text("AccountType"),
            list("ActAsPermissions"),
            list("AppOnlyPermissions"),
            text("IssuerIdentifier"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: set,
    },
    Cmdlet {
        name: "Remove-PartnerApplication",
        parameters: &[required("Identity"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
];

fn new(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let name = call.text("Name").unwrap_or_default();
    call.length("Name", &name, 64)?;
    let (application, metadata) = (call.text("ApplicationIdentifier"), call.text("AuthMetadataUrl"));
    if application.is_some() == metadata.is_some() {
        return Err(CmdletError::binding(
            call.cmdlet(),
            "AmbiguousParameterSet",
            "",
            "Parameter set cannot be resolved using the specified named parameters.".into(),
        ));
    }
    let application = application.unwrap_or_default();
    let realm = call.text("Realm").unwrap_or_default();
    // An absent or null account is taken without a word: that is how the product behaves.
    let linked = linked_account(call)?;
    let existing = call.objects(class(Class::PartnerApplication));
    if let Some(one) = existing.iter().find(|one| one.name().eq_ignore_ascii_case(&name)) {
        return Err(call.already_exists(one.text("DistinguishedName")));
    }
    duplicate(call, &application, &realm, None)?;
    let account_type = call.text("AccountType").unwrap_or_else(|| "OrganizationalAccount".into());
    let mut properties = Map::new();
    for (key, value) in [
        ("Enabled", json!(call.flag("Enabled").unwrap_or(true))),
        ("ApplicationIdentifier", json!(application)),
        ("CertificateStrings", json!([])),
        ("AuthMetadataUrl", json!(metadata.clone().unwrap_or_default())),
        ("Realm", json!(realm)),
        ("UseAuthServer", json!(metadata.is_none())),
        (
            "AcceptSecurityIdentifierInformation",
            json!(call.flag("AcceptSecurityIdentifierInformation").unwrap_or(false)),
        ),
        ("_linked", linked),
        ("DeploymentId", json!("")),
        ("IssuerIdentifier", json!(call.text("IssuerIdentifier").unwrap_or_default())),
        ("AccountType", json!(account_type)),
        ("AppOnlyPermissions", call.list("AppOnlyPermissions").map_or(Value::Null, Value::Array)),
        ("ActAsPermissions", call.list("ActAsPermissions").map_or(Value::Null, Value::Array)),
    ] {
        properties.insert(key.to_owned(), value);
    }
    let object = call.state.object(Class::PartnerApplication, &name, properties);
    Ok(vec![call.create("PartnerApplication", object)])
}

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::PartnerApplication));
    let identity = call.text("Identity");
    let found = call.meant(candidates, identity)?;
    Ok(call.shown_all(&found))
}

fn set(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let application = call.identified(class(Class::PartnerApplication))?;
    let mut properties = Map::new();
    for parameter in ["Enabled", "AcceptSecurityIdentifierInformation"] {
        if let Some(value) = call.flag(parameter) {
            properties.insert(parameter.to_owned(), json!(value));
        }
    }
    for parameter in
        ["Name", "ApplicationIdentifier", "Realm", "AuthMetadataUrl", "AccountType", "IssuerIdentifier"]
    {
        if call.given(parameter) {
            properties.insert(parameter.to_owned(), json!(call.text(parameter).unwrap_or_default()));
        }
    }
    for parameter in ["ActAsPermissions", "AppOnlyPermissions"] {
        if call.given(parameter) {
            properties.insert(parameter.to_owned(), call.list(parameter).map_or(Value::Null, Value::Array));
        }
    }
    if call.given("LinkedAccount") {
        properties.insert("_linked".into(), linked_account(call)?);
    }
    let told = |key: &str| {
        properties.get(key).and_then(Value::as_str).unwrap_or_else(|| application.text(key)).to_owned()
    };
    duplicate(call, &told("ApplicationIdentifier"), &told("Realm"), Some(&application.guid))?;
    if let Some(name) = properties.get("Name").and_then(Value::as_str) {
        let taken = call.objects(|one| {
            one.class == Class::PartnerApplication
                && one.guid != application.guid
                && one.name().eq_ignore_ascii_case(name)
        });
        if let Some(one) = taken.first() {
            return Err(call.already_exists(one.text("DistinguishedName")));
        }
    }
    call.update("PartnerApplication", &application, properties);
    Ok(Vec::new())
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let application = call.identified(class(Class::PartnerApplication))?;
    call.delete("PartnerApplication", &application);
    Ok(Vec::new())
}

/// The stored reference for the `LinkedAccount` parameter; null when it is absent, null or empty.
fn linked_account(call: &Call<'_>) -> Result<Value, CmdletError> {
    let Some(identity) = call.text("LinkedAccount") else { return Ok(Value::Null) };
    Ok(json!(call.one(&identity, class(Class::User))?.guid))
}

/// Refuses a second application with the same identifier and realm. unconfirmed: exception and wording.
fn duplicate(
    call: &Call<'_>,
    application: &str,
    realm: &str,
    except: Option<&str>,
) -> Result<(), CmdletError> {
    let same = call.objects(|one| {
        one.class == Class::PartnerApplication
            && except != Some(one.guid.as_str())
            && !application.is_empty()
            && one.text("ApplicationIdentifier").eq_ignore_ascii_case(application)
            && one.text("Realm").eq_ignore_ascii_case(realm)
    });
    let Some(one) = same.first() else { return Ok(()) };
    let wording = &call.state.spec.duplicate_application;
    let message = wording.message.replace("{application}", application).replace("{name}", one.name());
    Err(call.fail(&wording.exception_type, message).about(application))
}
