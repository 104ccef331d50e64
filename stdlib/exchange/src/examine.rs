//! What `doctor` asks of an Exchange organisation: the way in, the organisation, the roles, the published certificate.

use contracts::{CallContext, Check, CheckVerdict};
use model::{Class, Effect, Failure};
use serde_json::Value as Json;

use crate::answer::{flag, text, thumbprint};
use crate::classify::classify;
use crate::domain_controller::controller_name;
use crate::function::command;
use crate::metadata_document::{self, MetadataSource};
use crate::roles;
use crate::shell::{Command, ExchangeShell};

/// What these checks are about.
pub(crate) const AREA: &str = "exchange";

/// Every check in order; what cannot be asked without an earlier one is left out. Nothing is written.
pub(crate) async fn examine(
    shell: &dyn ExchangeShell,
    metadata: Option<&MetadataSource>,
    context: &dyn CallContext,
) -> Vec<Check> {
    let mut checks = shell.examine(context).await;
    let mut current = None;
    if checks.iter().all(|check| check.verdict != CheckVerdict::NotSo) {
        organisation(shell, context, &mut checks, &mut current).await;
    }
    checks.push(published(metadata, context, current.as_deref()).await);
    checks
}

async fn organisation(
    shell: &dyn ExchangeShell,
    context: &dyn CallContext,
    checks: &mut Vec<Check>,
    current: &mut Option<String>,
) {
    let controllers = controllers(shell, context, checks).await;
    match ask(shell, context, command("Get-OrganizationConfig", [])).await {
        Ok(rows) => checks.push(match &rows[..] {
            [row] => Check::so(AREA, "organization", format!("'{}'", text(row, "Name"))),
            _ => Check::cannot_tell(
                AREA,
                "organization",
                format!("Get-OrganizationConfig answered with {} objects instead of one", rows.len()),
            ),
        }),
        Err(failure) => {
            // What makes the simplest read fail makes everything else fail.
            checks.push(failed("organization", &failure));
            return;
        }
    }
    let servers = ask(shell, context, command("Get-ExchangeServer", [])).await;
    checks.push(match &servers {
        Ok(rows) => versions(rows),
        Err(failure) => failed("version", failure),
    });
    match ask(shell, context, command("Get-AuthConfig", [])).await {
        Ok(rows) => {
            let found = rows.first().map(|row| thumbprint(&text(row, "CurrentCertificateThumbprint")));
            checks.push(match found.as_deref() {
                Some("") | None => Check::not_so(
                    AREA,
                    "auth-certificate",
                    "no authorisation certificate is set",
                    "make one with New-ExchangeCertificate, set and publish it with Set-AuthConfig",
                ),
                Some(found) => Check::so(AREA, "auth-certificate", format!("{found} is the current one")),
            });
            *current = found.filter(|found| !found.is_empty());
        }
        Err(failure) => checks.push(failed("auth-certificate", &failure)),
    }
    let Some(controller) = controllers.first() else {
        checks.push(Check::cannot_tell(AREA, "roles-read", "no domain controller to name"));
        return;
    };
    let server = servers.iter().flatten().map(|row| text(row, "Fqdn")).next().unwrap_or_default();
    checks.push(roles::reads(shell, context, &server, controller).await);
    checks.push(roles::writes(shell, context, controller).await);
}

async fn controllers(
    shell: &dyn ExchangeShell,
    context: &dyn CallContext,
    checks: &mut Vec<Check>,
) -> Vec<String> {
    const NAME: &str = "domain-controller";
    let names: Vec<String> = match ask(shell, context, command("Get-DomainController", [])).await {
        Ok(rows) => rows.iter().map(controller_name).filter(|name| !name.is_empty()).collect(),
        Err(failure) => {
            checks.push(failed(NAME, &failure));
            return Vec::new();
        }
    };
    checks.push(match &names[..] {
        [] => Check::cannot_tell(AREA, NAME, "Get-DomainController lists no domain controller"),
        names => Check::so(AREA, NAME, names.join(", ")),
    });
    names
}

async fn ask(
    shell: &dyn ExchangeShell,
    context: &dyn CallContext,
    command: Command,
) -> Result<Vec<Json>, Failure> {
    let sent = command.clone();
    let reply = shell.invoke(command, context).await;
    reply.map(|reply| reply.objects).map_err(|error| classify(&error, &sent, Effect::Read))
}

fn failed(name: &str, failure: &Failure) -> Check {
    let seen = format!("{} ({})", failure.message, failure.code.as_str());
    match (&failure.hint, failure.class) {
        (_, Class::Transient) => Check::cannot_tell(AREA, name, seen),
        (Some(hint), _) => Check::not_so(AREA, name, seen, hint.as_str()),
        (None, _) => Check::not_so(AREA, name, seen, format!("footbridge explain {}", failure.code.as_str())),
    }
}

/// Exchange 2016 is 15.1, 2019 and Subscription Edition are 15.2; partners of the tenant need 2016 at least.
fn versions(rows: &[Json]) -> Check {
    let servers: Vec<(String, String, Option<(u32, u32)>)> = rows
        .iter()
        .filter(|row| flag(row, "IsEdgeServer") != Some(true))
        .map(|row| {
            let told = text(row, "AdminDisplayVersion");
            (text(row, "Name"), told.clone(), version(&told))
        })
        .collect();
    let shown =
        servers.iter().map(|(name, told, _)| format!("{name}: {told}")).collect::<Vec<_>>().join(", ");
    if servers.is_empty() {
        return Check::cannot_tell(AREA, "version", "Get-ExchangeServer lists no server");
    }
    if servers.iter().any(|(_, _, version)| version.is_some_and(|version| version < (15, 1))) {
        return Check::not_so(
            AREA,
            "version",
            shown,
            "a server older than Exchange 2016 does not take part in what these workflows set up: upgrade or remove it",
        );
    }
    if servers.iter().all(|(_, _, version)| version.is_some()) {
        Check::so(AREA, "version", shown)
    } else {
        Check::cannot_tell(AREA, "version", shown)
    }
}

/// The first two numbers of `Version 15.2 (Build 1748.10)`, whatever the words around them.
fn version(told: &str) -> Option<(u32, u32)> {
    let numbers =
        told.split(|other: char| !other.is_ascii_digit() && other != '.').find(|part| part.contains('.'))?;
    let mut parts = numbers.split('.').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

/// Reachable, readable, and showing the certificate that the organisation signs with.
async fn published(
    source: Option<&MetadataSource>,
    context: &dyn CallContext,
    current: Option<&str>,
) -> Check {
    const METADATA: &str = "metadata";
    let Some(source) = source else {
        return Check::cannot_tell(METADATA, "document", "the target names no metadata document").advice(
            "give it metadata_url, e.g. https://mail.contoso.com/autodiscover/metadata/json/1, as the second source of \
             the authorisation certificate",
        );
    };
    let url = &source.url;
    let found = match metadata_document::fetch(source, context).await {
        Ok(found) => found,
        Err(failure) => return Check { area: METADATA.to_owned(), ..failed("document", &failure) },
    };
    let shown = found.iter().map(|one| one.thumbprint.as_str()).collect::<Vec<_>>().join(", ");
    match current {
        Some(current) if found.iter().any(|one| one.thumbprint == current) => {
            Check::so(METADATA, "document", format!("{url} shows the current certificate {current}"))
        }
        Some(current) => Check::not_so(
            METADATA,
            "document",
            format!("{url} does not show the current certificate {current}, but: {shown}"),
            "it may be cached: publish the certificate (Set-AuthConfig -PublishCertificate) and recycle \
             MSExchangeAutodiscoverAppPool; or the address is another organisation's",
        ),
        None => Check::cannot_tell(
            METADATA,
            "document",
            format!("{url} shows {shown}; which one is current is not known"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_of_servers() {
        for (told, expected) in [
            ("Version 15.2 (Build 1748.10)", CheckVerdict::So),
            ("Version 15.1 (Build 2507.6)", CheckVerdict::So),
            ("15.2.2562.17", CheckVerdict::So),
            ("Version 15.0 (Build 1497.2)", CheckVerdict::NotSo),
            ("Version 14.3 (Build 123.4)", CheckVerdict::NotSo),
            ("", CheckVerdict::CannotTell),
            ("unbekannt", CheckVerdict::CannotTell),
        ] {
            let row = json!({ "Name": "EX1", "AdminDisplayVersion": told, "IsEdgeServer": "False" });
            assert_eq!(versions(&[row]).verdict, expected, "{told}");
        }
        let edge = json!({ "Name": "EDGE", "AdminDisplayVersion": "Version 14.3", "IsEdgeServer": true });
        assert_eq!(versions(&[edge]).verdict, CheckVerdict::CannotTell);
    }
}
