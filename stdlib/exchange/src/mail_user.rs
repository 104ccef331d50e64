//! Mail users, and who owns an SMTP address.

use model::value::Map;
use model::{Code, Failure, FunctionSpec, Kind, Reversibility, Value};
use serde_json::{Value as Json, json};

use crate::answer::{self, bare_address, flag, known, same, text};
use crate::arguments::{Arguments, refused};
use crate::caller::Caller;
use crate::function::{Answer, Function, Pending, SETTLE_MS, command, equal_filter, nothing};
use crate::module::MODULE;

const SHAPE: &str = "#{ name, guid, distinguished_name, external_email_address, hidden_from_address_lists_enabled, \
                     remote_powershell_enabled, recipient_type_details }";

pub(crate) fn functions() -> Vec<Function> {
    let maybe = format!("() | {SHAPE}");
    vec![
        Function {
            spec: FunctionSpec::read(MODULE, "mail_user", "The mail user with exactly this name.")
                .required("name", Kind::String, "its name")
                .returns(&maybe),
            command: |arguments| {
                let name = arguments.name("name")?;
                Ok(command(
                    "Get-MailUser",
                    [("Filter", equal_filter("Name", name)), ("ResultSize", json!("Unlimited"))],
                ))
            },
            answer: Answer::More(named),
        },
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "recipient_by_address",
                "Whoever owns an SMTP address, primary or not: a taken address is refused to a new mail user.",
            )
            .required("address", Kind::Smtp, "the address")
            .returns("() | #{ name, guid, recipient_type_details }"),
            command: |arguments| {
                let address = arguments.name("address")?;
                let filter = equal_filter("EmailAddresses", &format!("smtp:{address}"));
                Ok(command("Get-Recipient", [("Filter", filter), ("ResultSize", json!("Unlimited"))]))
            },
            answer: Answer::Rows(owner),
        },
        Function {
            spec: FunctionSpec::write(MODULE, "new_mail_user", SETTLE_MS, "Creates a mail user with a disabled account.")
                .required("name", Kind::String, "its name, 64 characters at most")
                .required("external_email_address", Kind::Smtp, "where its mail goes")
                .returns(SHAPE),
            command: |arguments| {
                Ok(command(
                    "New-MailUser",
                    [
                        ("Name", json!(arguments.new_name("name")?)),
                        ("ExternalEmailAddress", json!(arguments.name("external_email_address")?)),
                    ],
                ))
            },
            answer: Answer::More(created),
        },
        Function {
            spec: FunctionSpec::write(MODULE, "set_mail_user", SETTLE_MS, "Changes a mail user.")
                .required("guid", Kind::Guid, "whose")
                .optional("hidden_from_address_lists_enabled", Kind::Bool, "whether address lists leave it out"),
            command: |arguments| {
                let hidden = arguments
                    .flag("hidden_from_address_lists_enabled")
                    .ok_or_else(|| refused("hidden_from_address_lists_enabled", "is missing: nothing to change"))?;
                Ok(command(
                    "Set-MailUser",
                    [("Identity", json!(arguments.name("guid")?)), ("HiddenFromAddressListsEnabled", hidden)],
                ))
            },
            answer: Answer::Rows(nothing),
        },
        Function {
            spec: FunctionSpec::write(MODULE, "set_user", SETTLE_MS, "Changes an account.")
                .required("guid", Kind::Guid, "whose")
                .optional("remote_powershell_enabled", Kind::Bool, "whether it may open PowerShell sessions"),
            command: |arguments| {
                let enabled = arguments
                    .flag("remote_powershell_enabled")
                    .ok_or_else(|| refused("remote_powershell_enabled", "is missing: nothing to change"))?;
                Ok(command(
                    "Set-User",
                    [("Identity", json!(arguments.name("guid")?)), ("RemotePowerShellEnabled", enabled)],
                ))
            },
            answer: Answer::Rows(nothing),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "remove_mail_user",
                SETTLE_MS,
                "Removes a mail user and deletes its Active Directory account.",
            )
            .required("guid", Kind::Guid, "whose")
            .reversibility(Reversibility::WithLoss),
            command: |arguments| {
                Ok(command(
                    "Remove-MailUser",
                    [("Identity", json!(arguments.name("guid")?)), ("Confirm", json!(false))],
                ))
            },
            answer: Answer::Rows(nothing),
        },
    ]
}

fn named<'a>(caller: &'a Caller<'a>, arguments: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let name = arguments.name("name")?;
        let mut found = rows.into_iter().filter(|row| same(&text(row, "Name"), name));
        match (found.next(), found.next()) {
            (None, _) => Ok(Value::Null),
            (Some(row), None) => shown(caller, &row).await,
            // Names are unique in their container only.
            (Some(_), Some(_)) => Err(Failure::new(
                Code::ExchangeInvalid,
                model::Class::Conflict,
                format!("more than one mail user is named '{name}'"),
            )
            .hint("rename all but one; which of them is meant cannot be told")),
        }
    })
}

fn created<'a>(caller: &'a Caller<'a>, arguments: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let name = arguments.name("name")?;
        let row = rows.into_iter().find(|row| same(&text(row, "Name"), name)).ok_or_else(|| {
            // The answer came and does not say what was made: only looking tells.
            Failure::new(
                Code::ExchangeInDoubt,
                model::Class::InDoubt,
                format!("New-MailUser answered without the mail user '{name}'"),
            )
        })?;
        // The account exists: a look that fails from here on must not hide that.
        Ok(projection(&row, flag(&row, "RemotePowerShellEnabled").or(Some(true)), caller))
    })
}

/// Whether the account may use remote PowerShell is a property of the user; a mail user's row may lack it.
/// unconfirmed: which Exchange versions show it on `Get-MailUser`.
async fn shown(caller: &Caller<'_>, row: &Json) -> Result<Value, Failure> {
    let mut enabled = flag(row, "RemotePowerShellEnabled");
    if enabled.is_none() {
        let guid = answer::guid(row, "Guid");
        let users = caller.run_or_none(command("Get-User", [("Identity", json!(guid))])).await?;
        let user = users.iter().find(|user| answer::guid(user, "Guid") == guid);
        enabled = user.and_then(|user| flag(user, "RemotePowerShellEnabled"));
    }
    Ok(projection(row, enabled, caller))
}

fn projection(row: &Json, remote_powershell: Option<bool>, caller: &Caller<'_>) -> Value {
    let guid = answer::guid(row, "Guid");
    caller.note(Map::from([("guid".to_owned(), Value::text(guid.as_str()))]));
    Value::from([
        ("name", text(row, "Name").into()),
        ("guid", guid.into()),
        ("distinguished_name", text(row, "DistinguishedName").into()),
        ("external_email_address", bare_address(&text(row, "ExternalEmailAddress")).into()),
        ("hidden_from_address_lists_enabled", known(flag(row, "HiddenFromAddressListsEnabled"))),
        ("remote_powershell_enabled", known(remote_powershell)),
        ("recipient_type_details", text(row, "RecipientTypeDetails").into()),
    ])
}

fn owner(arguments: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    let address = arguments.name("address")?;
    let owns = |row: &&Json| {
        let mut owned = answer::texts(row, "EmailAddresses");
        owned.push(text(row, "PrimarySmtpAddress"));
        owned.push(text(row, "ExternalEmailAddress"));
        owned.iter().any(|one| same(bare_address(one), address))
    };
    Ok(rows.iter().find(owns).map_or(Value::Null, |row| {
        Value::from([
            ("name", text(row, "Name").into()),
            ("guid", answer::guid(row, "Guid").into()),
            ("recipient_type_details", text(row, "RecipientTypeDetails").into()),
        ])
    }))
}
