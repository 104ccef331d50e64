//! `Get-`, `Set-`, `New-` and `Remove-AuthServer`.

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, flag, list, required, text};
use crate::{error::CmdletError, object::Class, spec::WorldSpec};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-AuthServer",
        parameters: &[text("Identity"), text("DomainController")],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "New-AuthServer",
        parameters: &[
            required("Name"),
            required("AuthMetadataUrl"),
            text("Type"),
            flag("Enabled"),
            flag("TrustAnySSLCertificate"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: new,
    },
    Cmdlet {
        name: "Set-AuthServer",
        parameters: &[
            required("Identity"),
            flag("Enabled"),
            text("Realm"),
            text("ApplicationIdentifier"),
            list("DomainName"),
            flag("IsDefaultAuthorizationEndpoint"),
            flag("RefreshAuthMetadata"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: set,
    },
    Cmdlet {
        name: "Remove-AuthServer",
        parameters: &[required("Identity"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
];

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(Class::AuthServer));
    let identity = call.text("Identity");
    let found = call.meant(candidates, identity)?;
    Ok(call.shown_all(&found))
}

fn new(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let name = call.text("Name").unwrap_or_default();
    call.length("Name", &name, 64)?;
    let existing = call.objects(class(Class::AuthServer));
    if let Some(one) = existing.iter().find(|one| one.name().eq_ignore_ascii_case(&name)) {
        return Err(call.already_exists(one.text("DistinguishedName")));
    }
    let azure = call.text("Type").is_some_and(|kind| kind.eq_ignore_ascii_case("AzureAD"));
    let mut properties = if azure { evo_sts(&call.state.spec) } else { acs(&call.state.spec) };
    properties.insert("AuthMetadataUrl".into(), json!(call.text("AuthMetadataUrl").unwrap_or_default()));
    properties.insert("Enabled".into(), json!(call.flag("Enabled").unwrap_or(true)));
    let object = call.state.object(Class::AuthServer, &name, properties);
    Ok(vec![call.create("AuthServer", object)])
}

fn set(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let server = call.identified(class(Class::AuthServer))?;
    let mut properties = Map::new();
    for parameter in ["Enabled", "IsDefaultAuthorizationEndpoint"] {
        if let Some(value) = call.flag(parameter) {
            properties.insert(parameter.to_owned(), json!(value));
        }
    }
    for parameter in ["Realm", "ApplicationIdentifier"] {
        if call.given(parameter) {
            properties.insert(parameter.to_owned(), json!(call.text(parameter).unwrap_or_default()));
        }
    }
    if let Some(domains) = call.list("DomainName") {
        properties.insert("DomainName".into(), json!(domains));
    }
    call.update("AuthServer", &server, properties);
    Ok(Vec::new())
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let server = call.identified(class(Class::AuthServer))?;
    call.delete("AuthServer", &server);
    Ok(Vec::new())
}

/// Properties of the access control service of the world's tenant.
pub(crate) fn acs(spec: &WorldSpec) -> Map<String, Value> {
    let tenant = &spec.tenant;
    properties(&[
        ("IssuerIdentifier", json!("00000001-0000-0000-c000-000000000000")),
        ("Realm", json!(tenant)),
        (
            "TokenIssuingEndpoint",
            json!(format!("https://accounts.accesscontrol.windows.net/{tenant}/tokens/OAuth/2")),
        ),
        (
            "AuthMetadataUrl",
            json!(format!("https://accounts.accesscontrol.windows.net/{tenant}/metadata/json/1")),
        ),
        ("AuthorizationEndpoint", json!("")),
        ("ApplicationIdentifier", json!("")),
        ("Type", json!("MicrosoftACS")),
        ("DomainName", json!([])),
        ("IsDefaultAuthorizationEndpoint", json!(false)),
        ("Enabled", json!(true)),
    ])
}

/// Properties of the tenant's own token service.
pub(crate) fn evo_sts(spec: &WorldSpec) -> Map<String, Value> {
    let tenant = &spec.tenant;
    properties(&[
        ("IssuerIdentifier", json!(format!("https://sts.windows.net/{tenant}/"))),
        ("Realm", json!(tenant)),
        ("TokenIssuingEndpoint", json!(format!("https://login.windows.net/{tenant}/oauth2/token"))),
        (
            "AuthMetadataUrl",
            json!(format!(
                "https://login.windows.net/{}/federationmetadata/2007-06/federationmetadata.xml",
                spec.initial_domain
            )),
        ),
        ("AuthorizationEndpoint", json!("https://login.windows.net/common/oauth2/authorize")),
        ("ApplicationIdentifier", json!("")),
        ("Type", json!("AzureAD")),
        ("DomainName", json!([])),
        ("IsDefaultAuthorizationEndpoint", json!(true)),
        ("Enabled", json!(true)),
    ])
}

/// A property map from pairs.
pub(crate) fn properties(pairs: &[(&str, Value)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}
