//! The organisation itself, its accepted domains and the web front that partner applications call.

use model::{Class, Code, Failure, FunctionSpec, Value};
use serde_json::Value as Json;

use crate::answer::{flag, guid, known, list, same, text, texts};
use crate::arguments::Arguments;
use crate::caller::Caller;
use crate::function::{Answer, Function, Pending, command};
use crate::module::MODULE;

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(MODULE, "organization", "The organisation and its accepted domains.")
                .returns("#{ name, guid, accepted_domains: [..], default_domain: \"\" where none is marked so }"),
            command: |_| Ok(command("Get-OrganizationConfig", [])),
            answer: Answer::More(organization),
        },
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "virtual_directories",
                "The EWS and Autodiscover virtual directories of all servers, with what they accept.",
            )
            .returns(
                "[#{ kind: \"ews\" | \"autodiscover\", server, name, guid, oauth, ws_security, internal_methods: [..], \
                 external_methods: [..], internal_url, external_url }, …]",
            ),
            command: |_| Ok(command("Get-WebServicesVirtualDirectory", [])),
            answer: Answer::More(directories),
        },
    ]
}

fn organization<'a>(caller: &'a Caller<'a>, _: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let [row] = &rows[..] else {
            return Err(Failure::new(
                Code::ExchangeInvalid,
                Class::Invalid,
                format!("Get-OrganizationConfig answered with {} objects instead of one", rows.len()),
            ));
        };
        let domains = caller.run(command("Get-AcceptedDomain", [])).await?;
        let default = domains.iter().find(|domain| flag(domain, "Default") == Some(true));
        let default =
            default.map(|domain| text(domain, "DomainName").to_ascii_lowercase()).unwrap_or_default();
        let mut domains: Vec<String> =
            domains.iter().map(|domain| text(domain, "DomainName").to_ascii_lowercase()).collect();
        domains.sort();
        Ok(Value::from([
            ("name", text(row, "Name").into()),
            ("guid", guid(row, "Guid").into()),
            ("accepted_domains", list(domains)),
            ("default_domain", default.into()),
        ]))
    })
}

fn directories<'a>(caller: &'a Caller<'a>, _: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let discover = caller.run(command("Get-AutodiscoverVirtualDirectory", [])).await?;
        let mut found: Vec<(String, &str, Value)> = Vec::new();
        for (kind, rows) in [("ews", &rows), ("autodiscover", &discover)] {
            for row in rows {
                found.push((text(row, "Server"), kind, directory(kind, row)));
            }
        }
        found.sort_by(|left, right| (&left.0, left.1).cmp(&(&right.0, right.1)));
        Ok(Value::List(found.into_iter().map(|(_, _, value)| value).collect()))
    })
}

fn directory(kind: &str, row: &Json) -> Value {
    let internal = texts(row, "InternalAuthenticationMethods");
    let external = texts(row, "ExternalAuthenticationMethods");
    let lists = |word: &str| {
        let has = |methods: &[String]| methods.iter().any(|method| same(method, word));
        (!internal.is_empty() || !external.is_empty()).then(|| has(&internal) && has(&external))
    };
    let oauth = flag(row, "OAuthAuthentication").or_else(|| lists("OAuth"));
    let ws_security = flag(row, "WSSecurityAuthentication").or_else(|| lists("WSSecurity"));
    Value::from([
        ("kind", kind.into()),
        ("server", text(row, "Server").into()),
        ("name", text(row, "Name").into()),
        ("guid", guid(row, "Guid").into()),
        ("oauth", known(oauth)),
        ("ws_security", known(ws_security)),
        ("internal_url", text(row, "InternalUrl").into()),
        ("external_url", text(row, "ExternalUrl").into()),
        ("internal_methods", list(internal)),
        ("external_methods", list(external)),
    ])
}
