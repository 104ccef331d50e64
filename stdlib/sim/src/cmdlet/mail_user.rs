//! `New-`, `Get-`, `Set-`, `Remove-` and `Disable-MailUser`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Call, Cmdlet, call::class, flag, list, number, required, text};
use crate::{
    error::CmdletError,
    identifier::guid,
    object::{Class, DirectoryObject},
};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "New-MailUser",
        parameters: &[
            required("Name"),
            required("ExternalEmailAddress"),
            text("SamAccountName"),
            text("Alias"),
            text("UserPrincipalName"),
            text("DisplayName"),
            text("FirstName"),
            text("LastName"),
            text("OrganizationalUnit"),
            text("PrimarySmtpAddress"),
            flag("RemotePowerShellEnabled"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: new,
    },
    Cmdlet {
        name: "Get-MailUser",
        parameters: &[
            text("Identity"),
            text("Anr"),
            text("Filter"),
            text("OrganizationalUnit"),
            number("ResultSize"),
            text("SortBy"),
            text("DomainController"),
        ],
        prompts: false,
        writes: false,
        run: get,
    },
    Cmdlet {
        name: "Set-MailUser",
        parameters: &[
            required("Identity"),
            text("Name"),
            text("DisplayName"),
            text("Alias"),
            flag("HiddenFromAddressListsEnabled"),
            text("ExternalEmailAddress"),
            text("PrimarySmtpAddress"),
            flag("EmailAddressPolicyEnabled"),
            text("CustomAttribute1"),
            text("CustomAttribute15"),
            list("ExtensionCustomAttribute1"),
            text("DomainController"),
        ],
        prompts: false,
        writes: true,
        run: set,
    },
    Cmdlet {
        name: "Remove-MailUser",
        parameters: &[required("Identity"), flag("Permanent"), text("DomainController")],
        prompts: true,
        writes: true,
        run: remove,
    },
    Cmdlet {
        name: "Disable-MailUser",
        parameters: &[required("Identity"), text("DomainController")],
        prompts: true,
        writes: true,
        run: disable,
    },
];

/// Whether an object is a mail user.
pub(super) fn is_mail_user(object: &DirectoryObject) -> bool {
    object.class == Class::User && object.text("RecipientTypeDetails") == "MailUser"
}

fn new(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let name = call.text("Name").unwrap_or_default();
    let address = address(call, "ExternalEmailAddress")?.unwrap_or_default();
    call.length("Name", &name, 64)?;
    let alias =
        call.text("Alias").unwrap_or_else(|| name.chars().filter(|c| !c.is_whitespace()).take(64).collect());
    call.length("Alias", &alias, 64)?;
    let users = call.objects(class(Class::User));
    let sam = match call.text("SamAccountName") {
        Some(sam) => {
            call.length("SamAccountName", &sam, 20)?;
            sam
        }
        None => automatic_sam(&name, &users),
    };
    let principal =
        call.text("UserPrincipalName").unwrap_or_else(|| format!("{alias}@{}", call.state.spec.forest));
    let primary = self::address(call, "PrimarySmtpAddress")?.unwrap_or_else(|| address.clone());
    let unit = call.text("OrganizationalUnit").map_or_else(
        // unconfirmed: the default unit is the Users container.
        || format!("{}/Users", call.state.spec.forest),
        |unit| if unit.contains('/') { unit } else { format!("{}/{unit}", call.state.spec.forest) },
    );

    let proxies: Vec<String> = {
        let mut proxies = vec![format!("SMTP:{primary}")];
        if !primary.eq_ignore_ascii_case(&address) {
            proxies.push(format!("smtp:{address}"));
        }
        proxies
    };
    let exchange_guid = call.state.new_guid("exchange guid");
    let mut properties = Map::new();
    for (key, value) in [
        ("DisplayName", json!(call.text("DisplayName").unwrap_or_else(|| name.clone()))),
        ("FirstName", json!(call.text("FirstName").unwrap_or_default())),
        ("LastName", json!(call.text("LastName").unwrap_or_default())),
        ("Alias", json!(alias)),
        ("SamAccountName", json!(sam)),
        ("UserPrincipalName", json!(principal)),
        ("OrganizationalUnit", json!(unit)),
        ("ExternalEmailAddress", json!(format!("SMTP:{address}"))),
        ("PrimarySmtpAddress", json!(primary)),
        ("WindowsEmailAddress", json!(primary)),
        ("EmailAddresses", json!(proxies)),
        ("EmailAddressPolicyEnabled", json!(false)),
        ("HiddenFromAddressListsEnabled", json!(false)),
        ("RemotePowerShellEnabled", json!(call.flag("RemotePowerShellEnabled").unwrap_or(true))),
        ("RecipientType", json!("MailUser")),
        ("RecipientTypeDetails", json!("MailUser")),
        ("UserAccountControl", json!("AccountDisabled, PasswordNotRequired, NormalAccount")),
        ("AccountDisabled", json!(true)),
        ("CustomAttribute1", json!("")),
        ("CustomAttribute15", json!("")),
        ("ExchangeGuid", json!(exchange_guid)),
    ] {
        properties.insert(key.to_owned(), value);
    }
    let object = call.state.object(Class::User, &name, properties);
    let taken = users
        .iter()
        .find(|user| user.text("DistinguishedName").eq_ignore_ascii_case(object.text("DistinguishedName")))
        .map(|user| call.already_exists(user.text("DistinguishedName")));
    let owned = address_owner(&users, &proxies, None).map(|owner| address_taken(call, &proxies[0], &owner));
    let in_order = if call.state.spec.proxy_address_first { [owned, taken] } else { [taken, owned] };
    if let Some(error) = in_order.into_iter().flatten().next() {
        return Err(error);
    }
    for (property, value) in [("SamAccountName", &sam), ("UserPrincipalName", &principal)] {
        if let Some(user) = users.iter().find(|user| user.text(property).eq_ignore_ascii_case(value)) {
            return Err(call.already_exists(user.text("DistinguishedName")));
        }
    }
    Ok(vec![call.create("MailUser", object)])
}

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(is_mail_user);
    let found = super::recipient::chosen(call, candidates)?;
    Ok(call.shown_all(&found))
}

fn set(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let user = call.identified(is_mail_user)?;
    let mut properties = Map::new();
    for parameter in ["HiddenFromAddressListsEnabled", "EmailAddressPolicyEnabled"] {
        if let Some(value) = call.flag(parameter) {
            properties.insert(parameter.to_owned(), json!(value));
        }
    }
    for parameter in ["DisplayName", "Alias", "CustomAttribute1", "CustomAttribute15"] {
        if call.given(parameter) {
            properties.insert(parameter.to_owned(), json!(call.text(parameter).unwrap_or_default()));
        }
    }
    if let Some(values) = call.list("ExtensionCustomAttribute1") {
        properties.insert("ExtensionCustomAttribute1".into(), json!(values));
    }
    if let Some(name) = call.text("Name") {
        call.length("Name", &name, 64)?;
        let taken = call.objects(|one| {
            one.class == Class::User
                && one.guid != user.guid
                && one.text("OrganizationalUnit") == user.text("OrganizationalUnit")
                && one.name().eq_ignore_ascii_case(&name)
        });
        if let Some(one) = taken.first() {
            return Err(call.already_exists(one.text("DistinguishedName")));
        }
        properties.insert("Name".into(), json!(name));
    }
    let external = address(call, "ExternalEmailAddress")?;
    let primary = address(call, "PrimarySmtpAddress")?;
    if external.is_some() || primary.is_some() {
        let bare = user.text("ExternalEmailAddress").trim_start_matches("SMTP:").to_owned();
        let external = external.unwrap_or(bare);
        let primary = primary.unwrap_or_else(|| user.text("PrimarySmtpAddress").to_owned());
        let mut proxies = vec![format!("SMTP:{primary}")];
        if !primary.eq_ignore_ascii_case(&external) {
            proxies.push(format!("smtp:{external}"));
        }
        let users = call.objects(class(Class::User));
        if let Some(owner) = address_owner(&users, &proxies, Some(&user.guid)) {
            return Err(address_taken(call, &proxies[0], &owner));
        }
        properties.insert("ExternalEmailAddress".into(), json!(format!("SMTP:{external}")));
        properties.insert("PrimarySmtpAddress".into(), json!(primary));
        properties.insert("EmailAddresses".into(), json!(proxies));
    }
    call.update("MailUser", &user, properties);
    Ok(Vec::new())
}

fn remove(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let user = call.identified(is_mail_user)?;
    call.delete("MailUser", &user);
    Ok(Vec::new())
}

/// Takes the mail attributes away and leaves the account.
fn disable(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let user = call.identified(is_mail_user)?;
    let mut properties = Map::new();
    for (key, value) in [
        ("RecipientType", json!("User")),
        ("RecipientTypeDetails", json!("User")),
        ("ExternalEmailAddress", Value::Null),
        ("PrimarySmtpAddress", json!("")),
        ("EmailAddresses", json!([])),
        ("Alias", json!("")),
        ("HiddenFromAddressListsEnabled", json!(false)),
    ] {
        properties.insert(key.to_owned(), value);
    }
    call.update("MailUser", &user, properties);
    Ok(Vec::new())
}

/// An SMTP address parameter, without its prefix.
fn address(call: &Call<'_>, parameter: &str) -> Result<Option<String>, CmdletError> {
    let Some(given) = call.text(parameter) else { return Ok(None) };
    let bare = given.strip_prefix("SMTP:").or_else(|| given.strip_prefix("smtp:")).unwrap_or(&given);
    let fine = bare.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !bare.contains(char::is_whitespace)
            && !domain.contains('@')
    });
    if fine {
        return Ok(Some(bare.to_owned()));
    }
    Err(CmdletError::binding(
        call.cmdlet(),
        "ParameterArgumentTransformationError",
        parameter,
        format!(
            "Cannot process argument transformation on parameter '{parameter}'. The email address \"{given}\" isn't correct."
        ),
    ))
}

fn address_owner(
    users: &[Arc<DirectoryObject>],
    proxies: &[String],
    except: Option<&str>,
) -> Option<Arc<DirectoryObject>> {
    users
        .iter()
        .filter(|user| except != Some(user.guid.as_str()))
        .find(|user| {
            user.list("EmailAddresses")
                .iter()
                .filter_map(Value::as_str)
                .any(|owned| proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(owned)))
        })
        .cloned()
}

fn address_taken(call: &Call<'_>, proxy: &str, owner: &DirectoryObject) -> CmdletError {
    call.fail(
        "Microsoft.Exchange.Data.Directory.ProxyAddressExistsException",
        format!(
            "The proxy address \"{proxy}\" is already being used by the proxy addresses or LegacyExchangeDN of \"{}\". \
             Please choose another proxy address.",
            owner.text("Identity")
        ),
    )
    .about(proxy)
}

/// The logon name that the server makes up. unconfirmed: its form; a name that fits is taken as it is here, a longer
/// one becomes `$` and letters that nobody would choose.
fn automatic_sam(name: &str, users: &[Arc<DirectoryObject>]) -> String {
    let taken = |sam: &str| users.iter().any(|user| user.text("SamAccountName").eq_ignore_ascii_case(sam));
    let fits =
        name.chars().count() <= 20 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if fits && !taken(name) {
        return name.to_owned();
    }
    let mut attempt = 0_u32;
    loop {
        let made = guid(&["sam", name, &attempt.to_string()]).replace('-', "").to_uppercase();
        let sam = format!("${}-{}", &made[..6], &made[6..18]);
        if !taken(&sam) {
            return sam;
        }
        attempt += 1;
    }
}
