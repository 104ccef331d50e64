//! Builds a world from its description: the profile first, then the deviations.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    action::Action,
    certificate::{CertificateFacts, FIXTURES, fixture_der},
    cmdlet::{self, properties, publish},
    error::WorldError,
    fault::{Act, FaultState, Faults},
    identifier::base64,
    keep::FORMAT,
    ledger::By,
    object::{Class, DirectoryObject},
    organisation::{self, EXCHANGE_ONLINE, USER_APPLICATION},
    replication::{Directory, Edit},
    spec::{Profile, Removal, WorldSpec},
    state::{State, seconds_of},
    tenant,
};

/// Application id of the service principal that the shipped workflow connects.
const SKYPE_ONLINE: &str = "00000004-0000-0ff1-ce00-000000000000";

/// Builds the state.
pub(crate) fn build(spec: &WorldSpec) -> Result<State, WorldError> {
    let now = seconds_of(&spec.now).ok_or_else(|| invalid("now", &spec.now, "an RFC 3339 time in UTC"))?;
    if seconds_of(&spec.token_expires).is_none() {
        return Err(invalid("token_expires", &spec.token_expires, "an RFC 3339 time in UTC"));
    }
    if spec.controllers.is_empty() || spec.servers.is_empty() {
        return Err(WorldError::Spec("a world needs at least one controller and one server".into()));
    }
    check_faults(&spec.faults, &spec.controllers)?;
    let mut state = State {
        format: FORMAT,
        spec: spec.clone(),
        now,
        directory: Directory::new(&spec.controllers, spec.replication_delay_calls),
        certificates: BTreeMap::new(),
        tenants: BTreeMap::new(),
        ledger: Vec::new(),
        faults: FaultState::default(),
        numbers: 0,
    };
    let current = fixture(&spec.certificate)?;
    let next = spec.next_certificate.as_deref().map(fixture).transpose()?;
    for server in &spec.servers {
        let ders = std::iter::once(current).chain(next).map(base64).collect();
        state.certificates.insert(server.clone(), ders);
    }
    organisation::build(&mut state, &thumbprint(current), &next.map(thumbprint).unwrap_or_default());
    state.directory.settle();
    let tenant = tenant::first_party(&spec.tenant, &spec.applications);
    state.tenants.insert(spec.tenant.clone(), tenant);
    if spec.profile != Profile::NoOauth {
        tenant::add_key_unchecked(&mut state, EXCHANGE_ONLINE, current);
    }
    for (cmdlet, parameters) in by_hand(spec) {
        run(&mut state, cmdlet, &parameters)?;
    }
    if spec.profile == Profile::Done {
        tenant::add_key_unchecked(&mut state, SKYPE_ONLINE, current);
    }
    deviate(&mut state, spec)?;
    state.ledger.clear();
    state.faults = FaultState::new(spec.faults.clone());
    Ok(state)
}

/// Refuses a plan that could never do what it says: an unknown cmdlet, controller or fixture, a rate that is no share.
pub(crate) fn check_faults(faults: &Faults, controllers: &[String]) -> Result<(), WorldError> {
    if !(0.0..=1.0).contains(&faults.rate) {
        return Err(invalid("faults.rate", &faults.rate.to_string(), "a number from 0 to 1"));
    }
    let acts = faults.injections.iter().map(|injection| &injection.act);
    for act in acts {
        if let Act::DcGone { name } = act
            && Directory::new(controllers, 0).controller(name).is_none()
        {
            return Err(invalid("dc_gone", name, &format!("one of {}", controllers.join(", "))));
        }
    }
    let others = faults.injections.iter().filter_map(|injection| match &injection.act {
        Act::Other(action) => Some(action),
        _ => None,
    });
    for action in others.chain(&faults.others) {
        match action {
            Action::Invoke { cmdlet, .. } => {
                cmdlet::find(cmdlet).map_err(|error| WorldError::Spec(format!("faults: {error}")))?;
            }
            Action::Graph { add_key, remove_key, .. } => {
                for name in add_key.iter().chain(remove_key) {
                    fixture(name)?;
                }
            }
            Action::RollCertificate => {}
        }
    }
    for injection in &faults.injections {
        // With a blank it is method and path, with a star a pattern.
        if !injection.on.contains([' ', '*']) {
            cmdlet::find(&injection.on).map_err(|error| WorldError::Spec(format!("faults: {error}")))?;
        }
    }
    Ok(())
}

fn deviate(state: &mut State, spec: &WorldSpec) -> Result<(), WorldError> {
    for invocation in &spec.invoke {
        run(state, &invocation.cmdlet, &invocation.parameters)?;
    }
    for key in &spec.keys {
        tenant::add_key_of_spec(state, key)?;
    }
    for setting in &spec.set {
        let found = named(state, &setting.class, setting.name.as_deref())?;
        for object in found {
            let edit = Edit::Update { guid: object.guid.clone(), properties: setting.properties.clone() };
            state.directory.write(0, 0, edit);
        }
    }
    for removal in &spec.remove {
        match removal {
            Removal::ServicePrincipal(app_id) => tenant::remove_principal(state, app_id)?,
            Removal::Object { class, name } => {
                for object in named(state, class, Some(name))? {
                    state.directory.write(0, 0, Edit::Delete { guid: object.guid.clone() });
                }
            }
            Removal::CertificateOn(server) => {
                let Some(ders) = state.certificates.get_mut(server) else {
                    return Err(WorldError::Spec(format!("remove: there is no server '{server}'")));
                };
                ders.clear();
            }
        }
    }
    state.directory.settle();
    Ok(())
}

fn run(state: &mut State, name: &str, parameters: &Map<String, Value>) -> Result<(), WorldError> {
    let refused = |error| WorldError::Spec(format!("invoke {name}: {error}"));
    let known = cmdlet::find(name).map_err(refused)?;
    cmdlet::run(state, By::Us, known, parameters, 0).map_err(refused)?;
    state.directory.settle();
    Ok(())
}

/// Objects by the noun of their cmdlets; nothing found is an error, because a deviation that does nothing is a mistake.
fn named(state: &State, class: &str, name: Option<&str>) -> Result<Vec<Arc<DirectoryObject>>, WorldError> {
    let class_name = if class.eq_ignore_ascii_case("MailUser") { "User" } else { class };
    let found: Vec<Arc<DirectoryObject>> = state
        .directory
        .view(None)
        .into_iter()
        .filter(|object| format!("{:?}", object.class).eq_ignore_ascii_case(class_name))
        .filter(|object| name.is_none_or(|name| object.is(name)))
        .collect();
    if found.is_empty() {
        return Err(WorldError::Spec(format!("there is no {class} '{}'", name.unwrap_or("*"))));
    }
    Ok(found)
}

/// What a profile adds by cmdlets, as an administrator would have.
fn by_hand(spec: &WorldSpec) -> Vec<(&'static str, Map<String, Value>)> {
    const ACCOUNT: &str = "SfBOnline-ApplicationAccount";
    let begun = vec![
        (
            "New-MailUser",
            properties(&[
                ("Name", json!(ACCOUNT)),
                ("ExternalEmailAddress", json!(format!("{ACCOUNT}@{}", spec.domain))),
            ]),
        ),
        (
            "New-ManagementRole",
            properties(&[("Name", json!("TeamsApp")), ("Parent", json!("UserApplication"))]),
        ),
    ];
    match spec.profile {
        Profile::Fresh | Profile::NoOauth => Vec::new(),
        Profile::HalfDone => begun,
        Profile::Done => {
            let mut done = begun;
            done.push((
                "Set-MailUser",
                properties(&[("Identity", json!(ACCOUNT)), ("HiddenFromAddressListsEnabled", json!(true))]),
            ));
            done.push((
                "Set-User",
                properties(&[("Identity", json!(ACCOUNT)), ("RemotePowerShellEnabled", json!(false))]),
            ));
            for entry in USER_APPLICATION.iter().filter(|entry| **entry != "GetDelegate") {
                done.push((
                    "Remove-ManagementRoleEntry",
                    properties(&[
                        ("Identity", json!(format!("TeamsApp\\{entry}"))),
                        ("Confirm", json!(false)),
                    ]),
                ));
            }
            done.push((
                "New-ManagementRoleAssignment",
                properties(&[("Role", json!("TeamsApp")), ("User", json!(ACCOUNT))]),
            ));
            done.push((
                "New-PartnerApplication",
                properties(&[
                    ("Name", json!("SfBOnline")),
                    ("ApplicationIdentifier", json!(SKYPE_ONLINE)),
                    ("Enabled", json!(true)),
                    ("LinkedAccount", json!(ACCOUNT)),
                ]),
            ));
            done
        }
    }
}

/// Makes the next certificate current (fixture `next` where none is staged) and puts it on every server.
pub(crate) fn roll_certificate(state: &mut State, by: By) -> Result<(), WorldError> {
    let view = state.directory.view(None);
    let config = view
        .iter()
        .find(|object| object.class == Class::AuthConfig)
        .ok_or_else(|| WorldError::Action("roll the certificate: there is no auth config".into()))?;
    let mut changed = Map::new();
    if config.text("NextCertificateThumbprint").is_empty() {
        let der = fixture("next")?;
        changed.insert("NextCertificateThumbprint".into(), json!(thumbprint(der)));
        let der = base64(der);
        for ders in state.certificates.values_mut() {
            if !ders.contains(&der) {
                ders.push(der.clone());
            }
        }
    }
    publish(config, &mut changed);
    let current = changed.get("CurrentCertificateThumbprint").and_then(Value::as_str).unwrap_or_default();
    let summary =
        format!("CurrentCertificateThumbprint: {} -> {current}", config.text("CurrentCertificateThumbprint"));
    let edit = Edit::Update { guid: config.guid.clone(), properties: changed };
    state.directory.write(0, 0, edit);
    state.record(by, "Set-AuthConfig", "AuthConfig/Auth Configuration".into(), summary);
    Ok(())
}

/// A fixture's DER.
pub(crate) fn fixture(name: &str) -> Result<&'static [u8], WorldError> {
    fixture_der(name).ok_or_else(|| invalid("certificate", name, &format!("one of {FIXTURES}")))
}

fn thumbprint(der: &[u8]) -> String {
    CertificateFacts::read(der).map(|facts| facts.thumbprint_hex()).unwrap_or_default()
}

fn invalid(field: &str, value: &str, wanted: &str) -> WorldError {
    WorldError::Spec(format!("{field}: '{value}' is not {wanted}"))
}
