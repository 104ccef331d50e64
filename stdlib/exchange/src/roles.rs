//! Whether the account is granted what the functions of this module use.
//!
//! Reads are tried. Writes are not: there are two ways to ask, and where neither answers it cannot be told.
//! unconfirmed: both ways. A session of Exchange may offer `Get-Command`, cut down to what the roles grant as
//! everything in it; it is what other clients import their commands from. Otherwise the entries of the roles that the
//! account holds say it.

use std::collections::BTreeSet;

use contracts::{CallContext, Check};
use model::Effect;
use serde_json::{Value as Json, json};

use crate::answer::{flag, same, text, texts};
use crate::examine::AREA;
use crate::exception::{Meaning, meaning};
use crate::function::command;
use crate::management_role_assignment::is_for_use;
use crate::need::{Need, needs, smallest};
use crate::role_group::granting;
use crate::shell::{Command, ExchangeShell, ShellError};

/// Runs every cmdlet that only reads, asked for next to nothing.
pub(crate) async fn reads(
    shell: &dyn ExchangeShell,
    context: &dyn CallContext,
    server: &str,
    controller: &str,
) -> Check {
    let (mut missing, mut untold, mut tried) = (Vec::new(), Vec::new(), 0);
    for need in needs().iter().filter(|need| need.effect() == Effect::Read) {
        if context.cancelled() {
            return Check::cannot_tell(AREA, "roles-read", "stopped before every cmdlet was tried");
        }
        let command = smallest(*need, server, controller);
        tried += 1;
        match shell.invoke(command.clone(), context).await {
            Ok(_) => {}
            Err(error) => match judged(&error) {
                Meaning::NoCmdlet => missing.push(need.cmdlet.to_owned()),
                Meaning::NoParameter => missing.push(format!("a parameter of {}", shown(&command))),
                Meaning::Denied => missing.push(format!("{} (not allowed)", need.cmdlet)),
                // It ran, and found nothing.
                Meaning::NotFound | Meaning::Ambiguous => {}
                Meaning::Exists
                | Meaning::Binding
                | Meaning::Prompt
                | Meaning::ControllerAway
                | Meaning::Throttled
                | Meaning::Transient
                | Meaning::Refused => untold.push(need.cmdlet),
            },
        }
    }
    if !missing.is_empty() {
        return lacking("roles-read", &missing, "tried");
    }
    if untold.is_empty() {
        Check::so(AREA, "roles-read", format!("all {tried} cmdlets that read may be run"))
    } else {
        Check::cannot_tell(AREA, "roles-read", format!("no answer from {}", untold.join(", ")))
    }
}

/// Asks, without running them, whether the cmdlets that write may be run.
pub(crate) async fn writes(shell: &dyn ExchangeShell, context: &dyn CallContext, controller: &str) -> Check {
    let wanted: Vec<Need> = needs().iter().filter(|need| need.effect() == Effect::Write).copied().collect();
    let outcome = match by_command(shell, context, &wanted).await {
        Some(missing) => Ok((missing, "by Get-Command")),
        None => by_entries(shell, context, &wanted, controller)
            .await
            .map(|missing| (missing, "by the entries of the account's roles")),
    };
    match outcome {
        Ok((missing, how)) if missing.is_empty() => {
            Check::so(AREA, "roles-write", format!("all {} cmdlets that write are granted, {how}", wanted.len()))
        }
        Ok((missing, how)) => lacking("roles-write", &missing, how),
        Err(why) => Check::cannot_tell(AREA, "roles-write", why).advice(
            "look yourself: Get-ManagementRoleEntry '*\\New-PartnerApplication' names the roles that grant it, and \
             Get-ManagementRoleAssignment -RoleAssignee ACCOUNT those that an account holds; Organization Management has \
             all that is needed",
        ),
    }
}

fn lacking(name: &str, missing: &[String], how: &str) -> Check {
    let groups: BTreeSet<&str> = missing
        .iter()
        .filter_map(|one| one.split(' ').find(|word| word.contains('-') && !word.starts_with('-')))
        .map(granting)
        .collect();
    Check::not_so(
        AREA,
        name,
        format!("the account's roles do not grant {} ({how})", missing.join(", ")),
        format!(
            "add the account to a role group that has it: {}; then sign in anew",
            groups.into_iter().collect::<Vec<_>>().join("; ")
        ),
    )
}

/// `None` where the session has no `Get-Command`, or one that tells nothing.
async fn by_command(
    shell: &dyn ExchangeShell,
    context: &dyn CallContext,
    wanted: &[Need],
) -> Option<Vec<String>> {
    let mut missing = Vec::new();
    for need in wanted {
        match shell.invoke(command("Get-Command", [("Name", json!(need.cmdlet))]), context).await {
            Ok(reply) => {
                let row = reply.objects.iter().find(|row| same(&text(row, "Name"), need.cmdlet))?;
                missing.extend(absent(need, &names(&row["Parameters"])));
            }
            // `Get-Command` ran and found no such cmdlet; without itself the id would not name it.
            Err(error)
                if judged(&error) == Meaning::NoCmdlet && error.error_id.contains("GetCommandCommand") =>
            {
                missing.push(need.cmdlet.to_owned());
            }
            Err(_) => return None,
        }
    }
    Some(missing)
}

async fn by_entries(
    shell: &dyn ExchangeShell,
    context: &dyn CallContext,
    wanted: &[Need],
    controller: &str,
) -> Result<Vec<String>, String> {
    let ask = async |cmdlet: &'static str, name: &'static str, value: &str| {
        let given = [(name, json!(value)), ("DomainController", json!(controller))];
        shell
            .invoke(command(cmdlet, given), context)
            .await
            .map(|reply| reply.objects)
            .map_err(|error| format!("{cmdlet} did not answer: {}", error.message))
    };
    let account = shell.account().ok_or("who is signed in is not known here")?;
    let users = ask("Get-User", "Identity", &account).await?;
    // Exchange may answer an identity that it does not know with everybody.
    let [user] = &users[..] else {
        return Err(format!("Get-User shows {} accounts for '{account}'", users.len()));
    };
    let guid = text(user, "Guid");
    if guid.is_empty() {
        return Err(format!("Get-User shows no Guid for '{account}'"));
    }
    let held: Vec<String> = ask("Get-ManagementRoleAssignment", "RoleAssignee", &guid)
        .await?
        .iter()
        .filter(|row| is_for_use(row) && flag(row, "Enabled") == Some(true))
        .map(|row| text(row, "Role"))
        .collect();
    let mut missing = Vec::new();
    for need in wanted {
        let rows = ask("Get-ManagementRoleEntry", "Identity", &format!("*\\{}", need.cmdlet)).await?;
        let granted: Vec<&Json> = rows
            .iter()
            .filter(|row| same(&text(row, "Name"), need.cmdlet))
            .filter(|row| held.iter().any(|role| same(role, &text(row, "Role"))))
            .collect();
        if granted.is_empty() {
            missing.push(need.cmdlet.to_owned());
        } else {
            let parameters: Vec<String> = granted.iter().flat_map(|row| texts(row, "Parameters")).collect();
            missing.extend(absent(need, &parameters));
        }
    }
    Ok(missing)
}

/// Parameters that are not among those granted; none where nothing was said about parameters.
fn absent(need: &Need, granted: &[String]) -> Vec<String> {
    if granted.is_empty() {
        return Vec::new();
    }
    let has = |wanted: &str| granted.iter().any(|name| same(name, wanted));
    need.parameters
        .iter()
        .filter(|wanted| !has(wanted))
        .map(|wanted| format!("{} -{wanted}", need.cmdlet))
        .collect()
}

/// Names of parameters: the keys of a dictionary, or a list of names.
fn names(parameters: &Json) -> Vec<String> {
    match parameters {
        Json::Object(entries) => entries.keys().cloned().collect(),
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
    }
}

fn judged(error: &ShellError) -> Meaning {
    meaning(&error.exception_types, &error.error_id, &error.reason, error.category)
}

fn shown(command: &Command) -> String {
    let names: Vec<String> = command.parameters.keys().map(|name| format!("-{name}")).collect();
    format!("{} {}", command.cmdlet, names.join(" "))
}
