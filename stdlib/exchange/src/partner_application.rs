//! Partner applications: which applications may call the organisation, and as whom.

use model::{Class, Code, Failure, FunctionSpec, Kind, Reversibility, Value};
use serde_json::{Value as Json, json};

use crate::account;
use crate::answer::{flag, guid, known, same, text};
use crate::arguments::{Arguments, refused};
use crate::caller::Caller;
use crate::function::{Answer, Function, Pending, SETTLE_MS, command, nothing};
use crate::module::MODULE;
use crate::shell::Command;

const SHAPE: &str = "#{ name, guid, application_id, realm, enabled, linked_account_guid | () | cannot tell, use_auth_server, \
                     auth_metadata_url, issuer_identifier, accept_security_identifier_information, certificates: int }";

pub(crate) fn functions() -> Vec<Function> {
    vec![
        Function {
            spec: FunctionSpec::read(
                MODULE,
                "partner_applications",
                "Partner applications with this application id, whatever their names; by name.",
            )
            .required("application_id", Kind::Guid, "the application's id")
            .returns(&format!("[{SHAPE}, …]")),
            command: |arguments| {
                arguments.name("application_id")?;
                Ok(command("Get-PartnerApplication", []))
            },
            answer: Answer::More(listed),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "new_partner_application",
                SETTLE_MS,
                "Trusts an application of the tenant, with the rights of an account. Exchange takes a missing account \
                 silently; this function does not.",
            )
            .required("name", Kind::String, "its name, 64 characters at most")
            .required("application_id", Kind::Guid, "the application's id")
            .required("linked_account_guid", Kind::Guid, "the account whose rights it gets")
            .optional("enabled", Kind::Bool, "true when left out")
            .returns(SHAPE),
            command: creation,
            answer: Answer::More(created),
        },
        Function {
            spec: FunctionSpec::write(MODULE, "set_partner_application", SETTLE_MS, "Changes a partner application.")
                .required("guid", Kind::Guid, "which")
                .optional("enabled", Kind::Bool, "whether it may call")
                .optional("linked_account_guid", Kind::Guid, "the account whose rights it gets")
                .optional("clear_linked_account", Kind::Bool, "true takes the account away: only for bringing that state back"),
            command: change,
            answer: Answer::Rows(nothing),
        },
        Function {
            spec: FunctionSpec::write(
                MODULE,
                "remove_partner_application",
                SETTLE_MS,
                "Ends the trust in an application.",
            )
            .required("guid", Kind::Guid, "which")
            .reversibility(Reversibility::WithLoss),
            command: |arguments| {
                Ok(command(
                    "Remove-PartnerApplication",
                    [("Identity", json!(arguments.name("guid")?)), ("Confirm", json!(false))],
                ))
            },
            answer: Answer::Rows(nothing),
        },
    ]
}

fn creation(arguments: &Arguments) -> Result<Command, Failure> {
    Ok(command(
        "New-PartnerApplication",
        [
            ("Name", json!(arguments.new_name("name")?)),
            ("ApplicationIdentifier", json!(arguments.name("application_id")?)),
            ("Enabled", arguments.flag("enabled").unwrap_or(json!(true))),
            ("LinkedAccount", json!(arguments.name("linked_account_guid")?)),
        ],
    ))
}

fn change(arguments: &Arguments) -> Result<Command, Failure> {
    let enabled = arguments.flag("enabled");
    let account = arguments.text("linked_account_guid");
    let clear = arguments.flag("clear_linked_account") == Some(json!(true));
    if clear && account.is_some() {
        return Err(refused("clear_linked_account", "and 'linked_account_guid' exclude each other"));
    }
    if enabled.is_none() && account.is_none() && !clear {
        return Err(refused("enabled", "and 'linked_account_guid' are missing: nothing to change"));
    }
    let mut change = command(
        "Set-PartnerApplication",
        [
            ("Identity", json!(arguments.name("guid")?)),
            ("Enabled", enabled.unwrap_or(Json::Null)),
            ("LinkedAccount", json!(account)),
        ],
    );
    if clear {
        // unconfirmed: that Exchange takes an explicit null here for "no account".
        change.parameters.insert("LinkedAccount".to_owned(), Json::Null);
    }
    Ok(change)
}

/// Rows of that application, whatever their names; by name.
fn of_application<'a>(application_id: &str, rows: &'a [Json]) -> Vec<&'a Json> {
    let mut found: Vec<&Json> =
        rows.iter().filter(|row| same(&text(row, "ApplicationIdentifier"), application_id)).collect();
    found.sort_by_key(|row| text(row, "Name"));
    found
}

fn listed<'a>(caller: &'a Caller<'a>, arguments: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let mut list = Vec::new();
        for row in of_application(arguments.name("application_id")?, &rows) {
            list.push(shown(row, account::referred(caller, row, "LinkedAccount").await?));
        }
        Ok(Value::List(list))
    })
}

fn created<'a>(caller: &'a Caller<'a>, arguments: &'a Arguments, rows: Vec<Json>) -> Pending<'a> {
    Box::pin(async move {
        let application_id = arguments.name("application_id")?;
        let found = of_application(application_id, &rows);
        let row = found.first().ok_or_else(|| {
            // The answer came and does not say what was made: only looking tells.
            Failure::new(
                Code::ExchangeInDoubt,
                Class::InDoubt,
                format!("New-PartnerApplication answered without the application {application_id}"),
            )
        })?;
        // The application exists: a look that fails from here on must not hide that.
        let linked = account::referred(caller, row, "LinkedAccount").await;
        Ok(shown(row, linked.unwrap_or_else(|failure| Value::CannotTell(failure.message))))
    })
}

fn shown(row: &Json, linked_account: Value) -> Value {
    let certificates = row["CertificateStrings"].as_array().map_or(0, Vec::len);
    Value::from([
        ("name", text(row, "Name").into()),
        ("guid", guid(row, "Guid").into()),
        ("application_id", text(row, "ApplicationIdentifier").to_ascii_lowercase().into()),
        ("realm", text(row, "Realm").into()),
        ("enabled", known(flag(row, "Enabled"))),
        ("linked_account_guid", linked_account),
        ("use_auth_server", known(flag(row, "UseAuthServer"))),
        ("auth_metadata_url", text(row, "AuthMetadataUrl").into()),
        ("issuer_identifier", text(row, "IssuerIdentifier").into()),
        ("accept_security_identifier_information", known(flag(row, "AcceptSecurityIdentifierInformation"))),
        ("certificates", Value::Int(certificates as i64)),
    ])
}
