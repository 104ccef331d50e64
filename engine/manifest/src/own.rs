//! A folder's `functions.toml`: host modules of the customer's own, each a program with the functions that it has.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path};

use model::time::parse_duration;
use model::workflow::Script;
use model::{Argument, Code, Effect, FunctionSpec, Kind, OwnModule, Reversibility};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::{Document, in_file_order};
use crate::keywords::{FIT, unfit};
use crate::nearest::suggestion;
use crate::param::{KINDS, read_kind};
use crate::walk::{DURATION_HINT, Section, Text, Walk};
use crate::{Finding, Layer};

const MODULE_KEYS: [&str; 7] =
    ["program", "simulate", "files", "environment", "secrets", "timeout", "functions"];
const FUNCTION_KEYS: [&str; 6] = ["effect", "settle", "reversibility", "doc", "returns", "arguments"];
const ARGUMENT_KEYS: [&str; 5] = ["type", "of", "values", "required", "help"];
/// What a call may take where nothing is said; a phase's own time is another limit.
const TIMEOUT_MS: u64 = 60_000;
/// Names of the settings of footbridge itself, secrets among them.
const RESERVED_VARIABLES: &str = "FOOTBRIDGE_";

/// Lays the modules that one layer declares over those of weaker layers: a same-named one is replaced whole.
/// `lib` holds what scripts call by the same kind of name.
pub(crate) fn read_functions<'t>(
    document: &Document<'t>,
    table: &DeTable<'t>,
    layer: &Layer,
    lib: &BTreeMap<String, Script>,
    own: &mut BTreeMap<String, OwnModule>,
) -> Vec<Finding> {
    let mut walk = Walk::new(document, Code::Functions, Code::Functions);
    let root = Section { name: "functions.toml", table, at: (0, 0) };
    walk.known_keys(root, &["modules"]);
    let Some((key, value)) = table.get_key_value("modules") else {
        if walk.findings.is_empty() {
            let hint = "declare one: [modules.NAME] with its program and functions";
            walk.wrong(&(0..0), "functions.toml declares no module".to_owned(), hint);
        }
        return walk.findings;
    };
    let Some(section) = walk.table("[modules]", &key.span(), value) else { return walk.findings };
    for (key, value) in in_file_order(section.table) {
        let name = key.get_ref().as_ref();
        if let Some(why) = unfit(name) {
            walk.wrong(&key.span(), why, FIT);
        }
        if lib.contains_key(name) {
            let message = format!("'{name}' names a module, and lib/{name}.rhai too");
            walk.wrong(&key.span(), message, "scripts call both by that name; rename one of them");
        }
        if let Some(module) = read_module(&mut walk, name, &key.span(), value, layer) {
            own.insert(name.to_owned(), module);
        }
    }
    walk.findings
}

fn read_module<'t>(
    walk: &mut Walk<'_, 't>,
    name: &str,
    at: &Range<usize>,
    value: &Spanned<DeValue<'t>>,
    layer: &Layer,
) -> Option<OwnModule> {
    let title = format!("[modules.{name}]");
    let section = walk.table(&title, at, value)?;
    walk.known_keys(section, &MODULE_KEYS);
    let place = walk.document.place(at).0;
    let hint = "name the program and its arguments: program = [\"python3\", \"host/contoso.py\"]";
    let program = read_command(walk, section, "program");
    if program.is_empty() && !section.table.contains_key("program") {
        walk.wrong(at, format!("{title} lacks 'program'"), hint);
    }
    let simulate = read_command(walk, section, "simulate");
    let files = read_names(walk, section, "files", &|file| {
        let inside = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        (!inside || file.is_empty()).then_some("files lie in the folder of functions.toml and below it")
    });
    let environment = read_names(walk, section, "environment", &|variable| {
        if variable.to_ascii_uppercase().starts_with(RESERVED_VARIABLES) {
            return Some("those are footbridge's own; a secret is named under 'secrets'");
        }
        let good = |other: char| other.is_ascii_alphanumeric() || other == '_';
        (variable.is_empty() || !variable.chars().all(good))
            .then_some("names of variables are letters, digits and '_'")
    });
    let secrets =
        read_names(walk, section, "secrets", &|secret| (!model::ids::is_identifier(secret)).then_some(FIT));
    let timeout_ms = walk.duration_ms(section, "timeout").unwrap_or(TIMEOUT_MS);
    let functions = read_all(walk, section, name, at);
    Some(OwnModule {
        name: name.to_owned(),
        program,
        simulate,
        folder: layer.prefix.clone(),
        files: files.into_iter().map(|file| (file, model::Digest::default())).collect(),
        environment,
        secrets,
        timeout_ms,
        functions,
        file: place.file,
        line: place.line,
        column: place.column,
        origin: layer.name.clone(),
    })
}

/// A list with at least a program in it, where the key is given.
fn read_command<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>, key: &str) -> Vec<String> {
    let Some((name, _)) = section.table.get_key_value(key) else { return Vec::new() };
    let Some(words) = walk.texts(section, key) else { return Vec::new() };
    if words.first().is_none_or(|first| first.text.trim().is_empty()) {
        walk.wrong(
            &name.span(),
            format!("'{key}' names no program"),
            "write the program first, then its arguments",
        );
    }
    words.into_iter().map(|word| word.text).collect()
}

/// A list of names, none twice; `refused` says what is wrong with one.
fn read_names<'t>(
    walk: &mut Walk<'_, 't>,
    section: Section<'_, 't>,
    key: &str,
    refused: &dyn Fn(&str) -> Option<&'static str>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for Text { text, span } in walk.texts(section, key).unwrap_or_default() {
        if let Some(hint) = refused(&text) {
            walk.wrong(&span, format!("'{text}' cannot stand in '{key}'"), hint);
        }
        if names.contains(&text) {
            walk.wrong(&span, format!("'{text}' stands twice in '{key}'"), "leave one out");
        }
        names.push(text);
    }
    names
}

fn read_all<'t>(
    walk: &mut Walk<'_, 't>,
    section: Section<'_, 't>,
    module: &str,
    at: &Range<usize>,
) -> Vec<FunctionSpec> {
    let Some((key, value)) = section.table.get_key_value("functions") else {
        let hint = format!("declare one: [modules.{module}.functions.NAME]");
        walk.wrong(at, format!("[modules.{module}] has no functions"), hint);
        return Vec::new();
    };
    let Some(section) = walk.table("functions", &key.span(), value) else { return Vec::new() };
    let mut functions = Vec::new();
    for (key, value) in in_file_order(section.table) {
        let name = key.get_ref().as_ref();
        if let Some(why) = unfit(name) {
            walk.wrong(&key.span(), why, FIT);
        }
        functions.extend(read_function(walk, module, name, &key.span(), value));
    }
    functions
}

fn read_function<'t>(
    walk: &mut Walk<'_, 't>,
    module: &str,
    name: &str,
    at: &Range<usize>,
    value: &Spanned<DeValue<'t>>,
) -> Option<FunctionSpec> {
    let title = format!("[modules.{module}.functions.{name}]");
    let section = walk.table(&title, at, value)?;
    walk.known_keys(section, &FUNCTION_KEYS);
    let doc = walk.required(section, "doc", "say in one sentence what it does: doc = \"…\"");
    let effect = walk.required(section, "effect", "say whether it changes anything: \"read\" or \"write\"");
    let effect = effect.and_then(|word| one_of(walk, "effect", &word, &EFFECTS));
    let mut spec = FunctionSpec::read(module, name, doc.as_ref().map_or("", |doc| doc.text.as_str()));
    spec.effect = effect.unwrap_or(Effect::Read);
    spec.returns = walk.text(section, "returns").map(|shape| shape.text).unwrap_or_default();
    for key in ["settle", "reversibility"] {
        if effect == Some(Effect::Read)
            && let Some((key, _)) = section.table.get_key_value(key)
        {
            let message = format!("'{}' is for writes; '{name}' reads", key.get_ref());
            walk.wrong(&key.span(), message, "leave it out, or write effect = \"write\"");
        }
    }
    spec.settle_ms = read_settle(walk, section);
    if let Some(word) = walk.text(section, "reversibility") {
        spec.reversibility = one_of(walk, "reversibility", &word, &REVERSIBILITIES).unwrap_or_default();
    }
    if let Some((key, value)) = section.table.get_key_value("arguments")
        && let Some(section) = walk.table("arguments", &key.span(), value)
    {
        for (key, value) in in_file_order(section.table) {
            let name = key.get_ref().as_ref();
            if let Some(why) = unfit(name) {
                walk.wrong(&key.span(), why, FIT);
            }
            spec.arguments.extend(read_argument(walk, name, &key.span(), value));
        }
    }
    Some(spec)
}

const EFFECTS: [(&str, Effect); 2] = [("read", Effect::Read), ("write", Effect::Write)];
const REVERSIBILITIES: [(&str, Reversibility); 3] = [
    ("reversible", Reversibility::Reversible),
    ("with_loss", Reversibility::WithLoss),
    ("irreversible", Reversibility::Irreversible),
];

fn one_of<T: Copy>(walk: &mut Walk<'_, '_>, key: &str, word: &Text, known: &[(&str, T)]) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == word.text).map(|(_, meant)| *meant);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let hint =
            suggestion(&word.text, names.iter().copied(), || format!("write one of {}", names.join(", ")));
        walk.wrong(&word.span, format!("'{key}' is '{}', which is not known here", word.text), hint);
    }
    found
}

/// How long after the call the effect may not be seen yet; nothing where it is seen at once.
fn read_settle<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>) -> u64 {
    let Some(text) = walk.text(section, "settle") else { return 0 };
    let settle = parse_duration(&text.text).and_then(|span| u64::try_from(span.as_millis()).ok());
    settle.unwrap_or_else(|| {
        walk.wrong(&text.span, format!("'settle' is '{}'; a duration is expected", text.text), DURATION_HINT);
        0
    })
}

/// An argument's types are those of parameters, and two that only a call can have.
fn argument_types() -> Vec<&'static str> {
    KINDS.into_iter().chain(["map", "any"]).collect()
}

fn read_argument<'t>(
    walk: &mut Walk<'_, 't>,
    name: &str,
    at: &Range<usize>,
    value: &Spanned<DeValue<'t>>,
) -> Option<Argument> {
    let section = walk.table(name, at, value)?;
    walk.known_keys(section, &ARGUMENT_KEYS);
    let required = walk.flag(section, "required").unwrap_or(false);
    let doc = walk.text(section, "help").map(|help| help.text).unwrap_or_default();
    let kind = read_kind(walk, section, &argument_types()).unwrap_or(Kind::Any);
    Some(Argument { name: name.to_owned(), kind, required, doc })
}
