//! Errors of Rhai as failures with a code, a place in the script and a hint.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::PhaseEnd;
use model::{Class, Code, Failure, Place};
use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext, ParseError, ParseErrorType, Position};

use crate::compile::Compiled;
use crate::limits::Limits;
use crate::opaque::{is_about_cannot_tell, is_about_secret};
use crate::sticky::{PhaseContext, limit, placed};
use crate::unknown::{cannot_tell_used, secret_used};

/// The scripts that take part in one call, by the name of their file.
#[derive(Clone, Default)]
pub(crate) struct Sources(BTreeMap<String, Arc<Compiled>>);

impl Sources {
    pub(crate) fn add(&mut self, compiled: Arc<Compiled>) {
        self.0.insert(compiled.file.clone(), compiled);
    }

    pub(crate) fn place(&self, source: Option<&str>, position: Position) -> Option<Place> {
        self.0.get(source?).map(|compiled| compiled.place(position))
    }
}

/// The error that makes a script see this failure as `#{ code, class, message }`.
pub(crate) fn throw(call: &NativeCallContext, failure: Failure) -> Box<EvalAltResult> {
    let mut map = Map::new();
    map.insert("code".into(), failure.code.as_str().into());
    map.insert("class".into(), class_name(failure.class).into());
    map.insert("message".into(), failure.message.as_str().into());
    if let Some(context) = PhaseContext::of(call) {
        context.thrown(failure);
    }
    EvalAltResult::ErrorRuntime(map.into(), call.call_position()).into()
}

/// What an error means for the phase. The sticky end is looked at before this is called.
pub(crate) fn phase_end(
    mut error: Box<EvalAltResult>,
    context: &PhaseContext,
    sources: &Sources,
    file: &str,
    limits: &Limits,
) -> PhaseEnd {
    let (source, position) = innermost(&error, file);
    let place = sources.place(Some(&source), position);
    let failed = |failure: Failure| PhaseEnd::Failed(placed(failure, place.clone()));
    error.clear_position();
    let inner = error.unwrap_inner();
    let text = message(inner);
    if !matches!(inner, EvalAltResult::ErrorRuntime(..))
        && let Some(origin) = context.unknown_in(&text)
    {
        return PhaseEnd::Needs { origin };
    }
    match inner {
        EvalAltResult::ErrorRuntime(thrown, _) => failed(thrown_failure(thrown, context)),
        EvalAltResult::ErrorTooManyOperations(_) => {
            failed(limit(&format!("{} operations", limits.operations)))
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            failed(limit(&format!("{} calls inside one another", limits.call_levels)))
        }
        EvalAltResult::ErrorTooManyVariables(_) => {
            failed(limit(&format!("{} variables in a function", limits.variables)))
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => failed(limit(&size_limit(what, limits))),
        EvalAltResult::ErrorParsing(kind, _) => failed(parse_failure(kind)),
        EvalAltResult::ErrorTerminated(..) => failed(Failure::bug("a script ended without a reason")),

        _ if is_about_cannot_tell(&text) => failed(cannot_tell_used("a script used it all the same")),
        _ if is_about_secret(&text) => failed(secret_used()),
        _ => failed(Failure::invalid(Code::ScriptError, text)),
    }
}

/// A script that does not compile, at its place.
pub(crate) fn syntax(error: &ParseError, file: &str, source: &str) -> Failure {
    parse_failure(error.err_type()).at(place_in(file, source, error.position()))
}

pub(crate) fn place_in(file: &str, source: &str, position: Position) -> Place {
    let line = position.line().unwrap_or(0);
    let text = line.checked_sub(1).and_then(|index| source.lines().nth(index)).map(str::to_owned);
    Place { file: file.to_owned(), line, column: position.position().unwrap_or(0), text }
}

fn parse_failure(kind: &ParseErrorType) -> Failure {
    let text = lower_first(&kind.to_string());
    let failure = match kind {
        ParseErrorType::ExprTooDeep | ParseErrorType::TooManyFunctions => {
            Failure::invalid(Code::ScriptLimit, text)
        }
        _ => Failure::invalid(Code::ScriptSyntax, text.clone()),
    };
    let hint = |word: &str| match word {
        "switch" => Some("write if … else if …: switch is not part of this language"),
        "eval" => Some("scripts cannot make scripts"),
        "type_of" => Some("ask is_unknown(value), is_cannot_tell(value) or compare with ()"),
        "print" | "debug" => Some("a script has no output; put what matters into its result"),
        _ => None,
    };
    let word = ["switch", "eval", "type_of", "print", "debug"]
        .into_iter()
        .find(|word| failure.message.contains(&format!("'{word}'")));
    match word.and_then(hint) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn thrown_failure(thrown: &Dynamic, context: &PhaseContext) -> Failure {
    if let Some(map) = thrown.read_lock::<Map>() {
        let text = |key: &str| map.get(key).map(ToString::to_string);
        if let (Some(code), Some(message)) = (text("code"), text("message"))
            && let Some(failure) = context.find_thrown(&code, &message)
        {
            return failure;
        }
        if let Some(message) = text("message") {
            return Failure::invalid(Code::ScriptError, message);
        }
    }
    let text = if thrown.is_unit() { "the script threw an error".to_owned() } else { thrown.to_string() };
    Failure::invalid(Code::ScriptError, text)
}

/// The file and position where the error arose, through all calls between.
fn innermost(error: &EvalAltResult, file: &str) -> (String, Position) {
    let mut source = file.to_owned();
    let mut position = error.position();
    let mut next = error;
    while let EvalAltResult::ErrorInFunctionCall(_, inside, inner, _) = next {
        if !inside.is_empty() && !inner.position().is_none() {
            source.clone_from(inside);
        }
        if !inner.position().is_none() {
            position = inner.position();
        }
        next = inner;
    }
    (source, position)
}

fn message(error: &EvalAltResult) -> String {
    let text = match error {
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("there is no property '{name}'"),
        other => {
            let text = other.to_string();
            // Rhai adds the position, which the place shows.
            text.split(" (line ").next().unwrap_or(&text).to_owned()
        }
    };
    lower_first(&text)
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn size_limit(what: &str, limits: &Limits) -> String {
    if what.contains("string") {
        format!("{} bytes in a string", limits.string_size)
    } else if what.contains("map") {
        format!("{} entries in a map", limits.map_size)
    } else {
        format!("{} entries in a list", limits.array_size)
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Transient => "transient",
        Class::InDoubt => "in_doubt",
        Class::Conflict => "conflict",
        Class::Denied => "denied",
        Class::Invalid => "invalid",
        Class::Bug => "bug",
    }
}
