//! What `doctor` finds out about an organisation.

use std::sync::Arc;

use contracts::{CallContext, Check, CheckVerdict, HostModule};
use exchange::{Command, ExchangeModule, MetadataSource, ShellError, ShellErrorKind};
use serde_json::{Value as Json, json};

use crate::support::{Bench, Context, Scripted, record};

async fn examined(module: &ExchangeModule) -> Vec<Check> {
    module.examine(Arc::new(Context::default()) as Arc<dyn CallContext>).await
}

fn check<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check '{name}': {checks:#?}"))
}

#[tokio::test]
async fn an_organisation_that_is_as_it_should_be() {
    let bench = Bench::new();
    let tenant = sim::serve(bench.shell.world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let metadata = MetadataSource {
        url: format!("{}/autodiscover/metadata/json/1", tenant.exchange_url()),
        only_roots: None,
    };
    let module = ExchangeModule::new(Arc::clone(&bench.shell) as _, Some(metadata));
    let checks = examined(&module).await;
    for name in [
        "domain-controller",
        "organization",
        "version",
        "auth-certificate",
        "roles-read",
        "roles-write",
        "document",
    ] {
        assert_eq!(check(&checks, name).verdict, CheckVerdict::So, "{checks:#?}");
    }
    assert!(bench.shell.world.ledger().is_empty());
    let alone = examined(&bench.module).await;
    assert_eq!(check(&alone, "document").verdict, CheckVerdict::CannotTell);
}

#[tokio::test]
async fn another_certificate_is_published() {
    let (bench, other) = (Bench::new(), Bench::with(|spec| spec.certificate = "next".into()));
    let tenant = sim::serve(other.shell.world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let metadata = MetadataSource {
        url: format!("{}/autodiscover/metadata/json/1", tenant.exchange_url()),
        only_roots: None,
    };
    let module = ExchangeModule::new(Arc::clone(&bench.shell) as _, Some(metadata));
    let checks = examined(&module).await;
    assert_eq!(check(&checks, "document").verdict, CheckVerdict::NotSo, "{checks:#?}");
}

#[tokio::test]
async fn without_a_session_nothing_else_is_asked() {
    let kind = ShellErrorKind::NoSession(powershell::RefusalKind::SignIn);
    let shell = Arc::new(Scripted::new(move |_| {
        Err(ShellError {
            advice: Some("the server offers: Negotiate".into()),
            ..ShellError::new(kind, "POST https://ex1/PowerShell/: HTTP 401")
        })
    }));
    let checks = examined(&ExchangeModule::new(Arc::clone(&shell) as _, None)).await;
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["domain-controller", "organization", "document"]);
    let organization = check(&checks, "organization");
    assert_eq!(organization.verdict, CheckVerdict::NotSo);
    assert!(organization.seen.contains("FB0609"), "{organization:?}");
    assert_eq!(organization.advice.as_deref(), Some("the server offers: Negotiate"));
    assert_eq!(shell.sent().len(), 2);
}

fn unknown_cmdlet() -> ShellError {
    ShellError {
        kind: ShellErrorKind::RefusedBeforeItRan,
        error_id: "CommandNotFoundException".into(),
        ..record(&["System.Management.Automation.CommandNotFoundException"])
    }
}

/// A world in which an administrator without Organization Management signed in.
fn trimmed(extra: fn(&Command) -> Option<Result<Vec<Json>, ShellError>>) -> Scripted {
    let world = Bench::new().shell.world.clone();
    Scripted::new(move |command| {
        if let Some(answer) = extra(command) {
            return answer;
        }
        if command.cmdlet.ends_with("-PartnerApplication") {
            return Err(unknown_cmdlet());
        }
        world.invoke(&command.cmdlet, &command.parameters).map(|reply| reply.objects).map_err(|error| {
            ShellError {
                exception_types: vec![error.exception_type],
                error_id: error.fully_qualified_error_id,
                ..ShellError::new(ShellErrorKind::RefusedBeforeItRan, error.message)
            }
        })
    })
}

#[tokio::test]
async fn a_cmdlet_that_reads_is_hidden() {
    let checks = examined(&ExchangeModule::new(Arc::new(trimmed(|_| None)), None)).await;
    let roles = check(&checks, "roles-read");
    assert_eq!(roles.verdict, CheckVerdict::NotSo);
    assert!(roles.seen.contains("Get-PartnerApplication"), "{roles:?}");
    assert!(roles.advice.as_ref().unwrap().contains("Organization Management"));
}

#[tokio::test]
async fn what_writes_is_asked_of_get_command_where_the_session_has_it() {
    let shell = trimmed(|command| {
        let wanted = command.parameters.get("Name")?.as_str()?;
        Some(match (command.cmdlet.as_str(), wanted) {
            ("Get-Command", name) if name.ends_with("-PartnerApplication") => Err(ShellError {
                error_id: "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand".into(),
                ..unknown_cmdlet()
            }),
            ("Get-Command", "New-MailUser") => Ok(vec![json!({
                "Name": "New-MailUser",
                "Parameters": { "Name": {}, "DomainController": {} },
            })]),
            ("Get-Command", name) => Ok(vec![json!({ "Name": name })]),
            _ => return None,
        })
    });
    let checks = examined(&ExchangeModule::new(Arc::new(shell), None)).await;
    let roles = check(&checks, "roles-write");
    assert_eq!(roles.verdict, CheckVerdict::NotSo);
    assert!(roles.seen.contains("New-MailUser -ExternalEmailAddress"), "{roles:?}");
    assert!(roles.seen.contains("Set-PartnerApplication") && !roles.seen.contains("Set-User"), "{roles:?}");
}

#[tokio::test]
async fn otherwise_of_the_roles_that_the_account_holds() {
    let ask = async |account: &str, users: &'static [&'static str]| {
        let shell = Scripted::new(move |command| {
            Ok(match command.cmdlet.as_str() {
                "Get-Command" => return Err(unknown_cmdlet()),
                "Get-DomainController" => vec![json!({ "DnsHostName": "dc1" })],
                "Get-OrganizationConfig" => vec![json!({ "Name": "Contoso" })],
                "Get-User" => users.iter().map(|guid| json!({ "Guid": guid })).collect(),
                "Get-ManagementRoleAssignment" => vec![
                    json!({ "Role": "Mail Recipients", "Enabled": "True" }),
                    json!({ "Role": "Everything", "Enabled": "False" }),
                    json!({ "Role": "Handed On", "Enabled": true, "RoleAssignmentDelegationType": "Delegating" }),
                ],
                "Get-ManagementRoleEntry" => {
                    let identity = command.parameters["Identity"].as_str().unwrap();
                    let cmdlet = identity.trim_start_matches("*\\");
                    let role = |role: &str| json!({ "Role": role, "Name": cmdlet, "Parameters": [] });
                    if cmdlet.ends_with("-MailUser") {
                        vec![role("Mail Recipients"), role("Everything")]
                    } else {
                        vec![role("Everything"), role("Handed On")]
                    }
                }
                _ => Vec::new(),
            })
        });
        let shell = if account.is_empty() { shell } else { shell.signed_in(account) };
        let checks = examined(&ExchangeModule::new(Arc::new(shell), None)).await;
        check(&checks, "roles-write").clone()
    };
    let roles = ask("admin@contoso.com", &["g1"]).await;
    assert_eq!(roles.verdict, CheckVerdict::NotSo);
    assert!(
        roles.seen.contains("New-PartnerApplication") && !roles.seen.contains("New-MailUser"),
        "{roles:?}"
    );
    // An account that is not known may be answered with everybody, and everybody's roles are not ours.
    for (account, users) in
        [("admin@contoso.com", &["g1", "g2"] as &[&str]), ("admin@contoso.com", &[]), ("", &["g1"])]
    {
        let roles = ask(account, users).await;
        assert_eq!(roles.verdict, CheckVerdict::CannotTell, "{roles:?}");
        assert!(roles.advice.is_some());
    }
}
