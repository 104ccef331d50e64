//! Any cmdlet by its name, for what has no function of its own: `get` reads, `run` writes.
//!
//! Names and values are checked here, because a workflow's author may have taken them from anywhere: a name holds letters
//! and digits only, a value is a text, a bool, an integer or a list of these, and each travels as a typed parameter.

use model::value::DEPTH_MAX;
use model::{Effect, Failure, FunctionSpec, Kind, Reversibility, Value};
use serde_json::{Value as Json, json};

use crate::arguments::{Arguments, refused};
use crate::cmdlet::{effect_of, is_name, needs_force, prompts};
use crate::function::{Answer, Function, SETTLE_MS};
use crate::module::MODULE;
use crate::shell::Command;

/// The argument that leaves `-DomainController` away.
pub(crate) const CONTROLLER: &str = "domain_controller";

const SHAPE: &str = "[#{ … }, …]: each object in Exchange's own property names";

pub(crate) fn functions() -> Vec<Function> {
    let with_arguments = |spec: FunctionSpec| {
        spec.required("cmdlet", Kind::String, "its name, such as Get-AcceptedDomain")
            .optional("parameters", Kind::Map, "by name: texts, bools, integers, lists of these")
            .optional(
                CONTROLLER,
                Kind::Bool,
                "false where the cmdlet has no parameter DomainController; the run's own is named otherwise",
            )
            .returns(SHAPE)
    };
    vec![
        Function {
            spec: with_arguments(FunctionSpec::read(
                MODULE,
                "get",
                "Runs any Exchange cmdlet that reads; nothing where Exchange finds no such object. An identity that names \
                 nothing can mean every object: compare what comes.",
            )),
            command: |arguments| asked(arguments, Effect::Read),
            answer: Answer::Rows(rows),
        },
        Function {
            spec: with_arguments(FunctionSpec::write(
                MODULE,
                "run",
                SETTLE_MS,
                "Runs any Exchange cmdlet that writes, without asking back.",
            ))
            .reversibility(Reversibility::WithLoss),
            command: |arguments| asked(arguments, Effect::Write),
            answer: Answer::Rows(rows),
        },
    ]
}

fn asked(arguments: &Arguments, effect: Effect) -> Result<Command, Failure> {
    let cmdlet = arguments.text("cmdlet").unwrap_or_default();
    match (effect_of(cmdlet), effect) {
        (None, _) => {
            return Err(refused("cmdlet", &format!("is {cmdlet:?}, which is not to be called by name")).hint(
                "it takes Exchange cmdlets that are known to read or to write, such as Get-AcceptedDomain or \
                 Set-AcceptedDomain; certificates come from exchange::certificate",
            ));
        }
        (Some(Effect::Write), Effect::Read) => {
            return Err(refused("cmdlet", &format!("is {cmdlet}, which writes"))
                .hint("exchange::run is for what writes; it can be reached from apply and undo"));
        }
        (Some(Effect::Read), Effect::Write) => {
            return Err(refused("cmdlet", &format!("is {cmdlet}, which only reads"))
                .hint("exchange::get is for what reads"));
        }
        (Some(Effect::Read), Effect::Read) | (Some(Effect::Write), Effect::Write) => {}
    }
    let mut parameters = serde_json::Map::new();
    for (name, value) in arguments.map("parameters")? {
        let value = parameter(name, value, effect)?;
        if parameters.keys().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(refused("parameters", &format!("gives '{name}' twice")));
        }
        parameters.insert(name.clone(), value);
    }
    if effect == Effect::Write {
        if prompts(cmdlet) {
            parameters.insert("Confirm".into(), json!(false));
        }
        if needs_force(cmdlet) && !parameters.keys().any(|name| name.eq_ignore_ascii_case("Force")) {
            parameters.insert("Force".into(), json!(true));
        }
    }
    Ok(Command { cmdlet: cmdlet.to_owned(), parameters })
}

fn parameter(name: &str, value: &Value, effect: Effect) -> Result<Json, Failure> {
    if !is_name(name) {
        return Err(refused("parameters", &format!("has {name:?}, which cannot name a parameter"))
            .hint("write it as Exchange's pages do, without the dash: Identity, ResultSize"));
    }
    if let Some(own) = common_parameter(name) {
        return Err(refused("parameters", &format!("has '{name}', which stands for {own}")).hint(
            "the run decides the domain controller, and prompts and errors are footbridge's to handle; a cmdlet that \
             takes no domain controller is called with domain_controller: false",
        ));
    }
    let json = literal(name, value)?;
    if name.eq_ignore_ascii_case("Identity") {
        identity(&json, effect)?;
    }
    Ok(json)
}

/// An identity that names nothing means *every object* to Exchange, and a wildcard means many.
fn identity(value: &Json, effect: Effect) -> Result<(), Failure> {
    let Json::String(text) = value else {
        return Err(refused("parameters", "has an Identity that is no text"));
    };
    if text.trim().is_empty() {
        return Err(refused("parameters", "has an empty Identity")
            .hint("Exchange takes it for every object; leave it out if that is meant, or give the name"));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(refused("parameters", "has an Identity with a blank at an end or a control character"));
    }
    if effect == Effect::Write && text.contains(['*', '?']) {
        return Err(refused(
            "parameters",
            &format!("has the Identity '{text}', which may mean several objects"),
        )
        .hint("write to one object at a time, by its GUID best of all"));
    }
    Ok(())
}

fn literal(name: &str, value: &Value) -> Result<Json, Failure> {
    match value {
        Value::Text(text) => Ok(json!(text)),
        Value::Bool(flag) => Ok(json!(flag)),
        Value::Int(number) => Ok(json!(number)),
        Value::List(items) if items.iter().all(|item| !matches!(item, Value::List(_))) => {
            Ok(Json::Array(items.iter().map(|item| literal(name, item)).collect::<Result<_, _>>()?))
        }
        Value::Null
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Unknown(_)
        | Value::CannotTell(_)
        | Value::Secret(_) => Err(refused("parameters", &format!("gives '{name}' {}", value.kind_name()))
            .hint("a parameter is a text, a bool, an integer or a list of these")),
    }
}

/// Parameters that every cmdlet has and that are not a workflow's to set, with their aliases.
const COMMON: &[(&str, &str)] = &[
    ("Confirm", "cf"),
    ("Debug", "db"),
    ("ErrorAction", "ea"),
    ("ErrorVariable", "ev"),
    ("InformationAction", "ia"),
    ("InformationVariable", "iv"),
    ("OutBuffer", "ob"),
    ("OutVariable", "ov"),
    ("PipelineVariable", "pv"),
    ("ProgressAction", "proga"),
    ("Verbose", "vb"),
    ("WarningAction", "wa"),
    ("WarningVariable", "wv"),
    ("WhatIf", "wi"),
];

/// The common parameter that a name stands for: itself, its alias, or a beginning of it, which PowerShell takes as well.
fn common_parameter(name: &str) -> Option<&'static str> {
    if name.eq_ignore_ascii_case("DomainController") {
        return Some("DomainController");
    }
    let begins = |whole: &str| whole.get(..name.len()).is_some_and(|lead| lead.eq_ignore_ascii_case(name));
    COMMON
        .iter()
        .find(|(whole, alias)| begins(whole) || alias.eq_ignore_ascii_case(name))
        .map(|(whole, _)| *whole)
}

#[allow(clippy::unnecessary_wraps, reason = "the signature of every row reader")]
fn rows(_: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    Ok(Value::List(rows.into_iter().map(|row| shown(row, DEPTH_MAX / 2)).collect()))
}

/// Added by the remoting of the server: they say nothing of the object, or are a blob for its own tools.
const NOISE: &[&str] = &["PSComputerName", "PSShowComputerName", "RunspaceId", "SerializationData"];

/// What came, as a script sees it. It is data only: nothing in it may be taken for a handle or an unknown.
fn shown(json: Json, depth: usize) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(float)) if !number.is_u64() => Value::Float(float),
            (None, _) => Value::Text(number.to_string()),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(_) | Json::Object(_) if depth == 0 => Value::Text(json.to_string()),
        Json::Array(items) => Value::List(items.into_iter().map(|item| shown(item, depth - 1)).collect()),
        Json::Object(fields) if is_tagged(&fields) => Value::Text(Json::Object(fields).to_string()),
        Json::Object(fields) => Value::Map(
            fields
                .into_iter()
                .filter(|(name, _)| !NOISE.contains(&name.as_str()))
                .map(|(name, value)| (name, shown(value, depth - 1)))
                .collect(),
        ),
    }
}

/// One entry with a name that the journal reads as something else than a map.
fn is_tagged(fields: &serde_json::Map<String, Json>) -> bool {
    fields.len() == 1 && fields.keys().all(|name| name == "unknown" || name.starts_with('$'))
}

/// Whether arguments ask for a command without `-DomainController`.
pub(crate) fn is_unpinned(arguments: &Arguments) -> bool {
    arguments.flag(CONTROLLER) == Some(json!(false))
}

#[cfg(test)]
mod tests {
    use model::Code;
    use model::value::Map;

    use super::*;

    fn arguments(cmdlet: &str, parameters: Value) -> Arguments {
        Arguments::new(Map::from([("cmdlet".into(), cmdlet.into()), ("parameters".into(), parameters)]))
    }

    #[test]
    fn what_reads_and_what_writes() {
        for (cmdlet, effect, good) in [
            ("Get-AcceptedDomain", Effect::Read, true),
            ("Get-AcceptedDomain", Effect::Write, false),
            ("Set-AcceptedDomain", Effect::Write, true),
            ("Set-AcceptedDomain", Effect::Read, false),
            ("Test-Mailflow", Effect::Read, false),
            ("Invoke-Expression", Effect::Write, false),
            ("Get-Content", Effect::Read, false),
            ("Export-ExchangeCertificate", Effect::Read, false),
            ("", Effect::Read, false),
        ] {
            let found = asked(&arguments(cmdlet, Value::Map(Map::new())), effect);
            assert_eq!(found.is_ok(), good, "{cmdlet}");
            if let Err(failure) = found {
                assert_eq!((failure.code, failure.hint.is_some()), (Code::Argument, true), "{cmdlet}");
            }
        }
        let absent = Arguments::new(Map::from([("cmdlet".into(), "Get-AcceptedDomain".into())]));
        assert!(asked(&absent, Effect::Read).unwrap().parameters.is_empty());
    }

    #[test]
    fn names_and_values_of_parameters() {
        let list = |items: [Value; 2]| Value::List(items.to_vec());
        for (name, value, read, write) in [
            ("Identity", Value::text("x"), true, true),
            ("Identity", Value::text("Teams*"), true, false),
            ("Identity", Value::text(""), false, false),
            ("Identity", Value::text(" x"), false, false),
            ("Identity", Value::text("x\u{7}"), false, false),
            ("Identity", Value::Int(1), false, false),
            ("ResultSize", Value::Int(5), true, true),
            ("Enabled", Value::Bool(true), true, true),
            ("Domains", list(["a.com".into(), "b.com".into()]), true, true),
            ("Domains", list([Value::List(vec![]), "b.com".into()]), false, false),
            ("Realm", Value::text(""), true, true),
            ("Realm", Value::Null, false, false),
            ("Realm", Value::Float(1.5), false, false),
            ("Realm", Value::Map(Map::new()), false, false),
            ("Realm", Value::Secret("s".into()), false, false),
            ("Realm; Remove-Mailbox", Value::text("x"), false, false),
            ("-Realm", Value::text("x"), false, false),
            ("realm", Value::text("x"), false, false),
            ("", Value::text("x"), false, false),
            ("DomainController", Value::text("dc9"), false, false),
            ("Domain", Value::text("contoso.lab"), true, true),
            ("ErrorAction", Value::text("SilentlyContinue"), false, false),
            ("ErrorA", Value::text("SilentlyContinue"), false, false),
            ("EA", Value::Int(0), false, false),
            ("Conf", Value::Bool(true), false, false),
            ("WhatIf", Value::Bool(true), false, false),
            ("ConfirmationText", Value::text("x"), true, true),
        ] {
            let one = Value::Map(Map::from([(name.to_owned(), value.clone())]));
            let found = asked(&arguments("Get-Thing", one.clone()), Effect::Read);
            assert_eq!(found.is_ok(), read, "get {name} {value:?}");
            let found = asked(&arguments("Set-Thing", one), Effect::Write);
            assert_eq!(found.is_ok(), write, "run {name} {value:?}");
        }
        let twice = Value::from([("Name", Value::text("a")), ("NAME", Value::text("b"))]);
        assert!(asked(&arguments("Get-Thing", twice), Effect::Read).is_err());
        assert!(asked(&arguments("Get-Thing", Value::text("x")), Effect::Read).is_err());
    }

    #[test]
    fn what_asks_is_told_not_to() {
        for (cmdlet, given, expected) in [
            ("Remove-Thing", Map::new(), json!({ "Confirm": false })),
            ("Set-Thing", Map::new(), json!({})),
            ("Set-AuthConfig", Map::new(), json!({ "Confirm": false, "Force": true })),
            (
                "Set-AuthConfig",
                Map::from([("Force".into(), false.into())]),
                json!({ "Confirm": false, "Force": false }),
            ),
        ] {
            let found = asked(&arguments(cmdlet, Value::Map(given)), Effect::Write).unwrap();
            assert_eq!(Json::Object(found.parameters), expected, "{cmdlet}");
        }
    }

    #[test]
    fn answers_are_data_only() {
        let row = json!({
            "Name": "x", "Count": 3, "Half": 0.5, "Big": u64::MAX, "None": null, "Trap": { "$secret": "password" },
            "Hole": { "unknown": "step.output" }, "Id": { "ToString": "contoso.lab/x" }, "SerializationData": "AAAA",
        });
        let found = rows(&Arguments::new(Map::new()), vec![row]).unwrap();
        let expected = Value::from([
            ("Name", Value::text("x")),
            ("Count", Value::Int(3)),
            ("Half", Value::Float(0.5)),
            ("Big", Value::text(u64::MAX.to_string())),
            ("None", Value::Null),
            ("Trap", Value::text(r#"{"$secret":"password"}"#)),
            ("Hole", Value::text(r#"{"unknown":"step.output"}"#)),
            ("Id", Value::from([("ToString", "contoso.lab/x")].map(|(key, text)| (key, Value::text(text))))),
        ]);
        assert_eq!(found, Value::List(vec![expected]));
        let mut deep = json!("x");
        for _ in 0..200 {
            deep = Json::Array(vec![deep]);
        }
        assert_eq!(Value::from_json(shown(deep, 5).to_json()).first_unknown(), None);
    }
}
