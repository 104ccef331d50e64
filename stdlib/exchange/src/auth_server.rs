//! Who the organisation trusts to issue tokens, and where it looks for the other half of a hybrid.

use model::{Failure, FunctionSpec, Value};
use serde_json::Value as Json;

use crate::answer::{flag, guid, known, list, text, texts};
use crate::arguments::Arguments;
use crate::function::{Answer, Function, command};
use crate::module::MODULE;

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "auth_servers",
                "The trusted token issuers. Names differ between organisations: match by type, realm and issuer.",
            )
            .returns(
                "[#{ name, guid, type, issuer_identifier, realm, enabled, token_issuing_endpoint, auth_metadata_url, \
                 authorization_endpoint, application_id, domain_names: [..], is_default }, …]",
            ),
            command: |_| Ok(command("Get-AuthServer", [])),
            answer: Answer::Rows(servers),
        },
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "intra_organization_connectors",
                "Connectors to the other half of a hybrid organisation.",
            )
            .returns("[#{ name, guid, enabled, discovery_endpoint, target_address_domains: [..] }, …]"),
            command: |_| Ok(command("Get-IntraOrganizationConnector", [])),
            answer: Answer::Rows(connectors),
        },
    ]
}

#[allow(clippy::unnecessary_wraps, reason = "the signature of every row reader")]
fn servers(_: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    Ok(by_name(rows, |row| {
        Value::from([
            ("name", text(row, "Name").into()),
            ("guid", guid(row, "Guid").into()),
            ("type", text(row, "Type").into()),
            ("issuer_identifier", text(row, "IssuerIdentifier").into()),
            ("realm", text(row, "Realm").into()),
            ("enabled", known(flag(row, "Enabled"))),
            ("token_issuing_endpoint", text(row, "TokenIssuingEndpoint").into()),
            ("auth_metadata_url", text(row, "AuthMetadataUrl").into()),
            ("authorization_endpoint", text(row, "AuthorizationEndpoint").into()),
            ("application_id", text(row, "ApplicationIdentifier").to_ascii_lowercase().into()),
            ("domain_names", list(texts(row, "DomainName"))),
            ("is_default", known(flag(row, "IsDefaultAuthorizationEndpoint"))),
        ])
    }))
}

#[allow(clippy::unnecessary_wraps, reason = "the signature of every row reader")]
fn connectors(_: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    Ok(by_name(rows, |row| {
        Value::from([
            ("name", text(row, "Name").into()),
            ("guid", guid(row, "Guid").into()),
            ("enabled", known(flag(row, "Enabled"))),
            ("discovery_endpoint", text(row, "DiscoveryEndpoint").into()),
            ("target_address_domains", list(texts(row, "TargetAddressDomains"))),
        ])
    }))
}

pub(crate) fn by_name(mut rows: Vec<Json>, shown: fn(&Json) -> Value) -> Value {
    rows.sort_by_key(|row| (text(row, "Name"), guid(row, "Guid")));
    Value::List(rows.iter().map(shown).collect())
}
