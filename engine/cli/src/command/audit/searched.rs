//! Which secrets a run used, and their values where they can be read without asking anybody.

use std::collections::BTreeSet;

use audit::Scanner;
use contracts::{SecretText, WholeRun};
use model::{Failure, RunState, Value};
use serde_json::Value as Json;

use crate::context::Context;
use crate::secrets::must_ask;
use crate::settings;
use crate::target_of::target_of;
use crate::wiring::{SecretReader as _, TargetFiles};

/// One secret, and its value or why nobody can tell whether it was found.
pub(super) struct Searched {
    pub(super) name: String,
    /// Where it is kept.
    pub(super) place: String,
    pub(super) value: Result<SecretText, String>,
}

/// Those that the run's target names, those that its scripts hold by name, and the platform's own.
pub(super) fn of_run(
    context: &Context,
    files: &dyn TargetFiles,
    whole: &WholeRun,
    state: &RunState,
) -> Vec<Searched> {
    let mut all = Vec::new();
    match target_of(files, state) {
        Ok(named) => {
            for (name, place) in named.secrets {
                let value = if must_ask(&place) {
                    Err("somebody types it when it is needed".to_owned())
                } else {
                    context.secrets.read(&place).map_err(told)
                };
                all.push(Searched::new(name, place.to_string(), value));
            }
        }
        Err(failure) => {
            let why = format!("the target '{}' cannot be found: {}", state.target, told(failure));
            all.push(Searched::new("secrets of the target".to_owned(), state.target.clone(), Err(why)));
        }
    }
    let known: BTreeSet<String> = all.iter().map(|one| one.name.clone()).collect();
    for name in named_in(whole).difference(&known) {
        let value = context.secrets.named(name).map_err(told);
        all.push(Searched::new(name.clone(), "settings of this process".to_owned(), value));
    }
    if let Some(header) = settings::platform().identity_header {
        all.push(Searched::new(
            "graph.identity-header".to_owned(),
            "environment variable IDENTITY_HEADER".to_owned(),
            Ok(header),
        ));
    }
    all
}

impl Searched {
    fn new(name: String, place: String, value: Result<SecretText, String>) -> Searched {
        let long_enough = |value: SecretText| {
            if Scanner::looks_for(value.spend()) {
                Ok(value)
            } else {
                Err("it is too short to be told from innocent text".to_owned())
            }
        };
        Searched { name, place, value: value.and_then(long_enough) }
    }
}

fn told(failure: Failure) -> String {
    format!("{} {}", failure.code, failure.message)
}

/// The handles that stand in the run's records.
fn named_in(whole: &WholeRun) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for record in &whole.records {
        let event = serde_json::to_value(&record.event).expect("an event always has a JSON form");
        collect(&event, &mut names);
    }
    names
}

fn collect(json: &Json, names: &mut BTreeSet<String>) {
    if let Value::Secret(name) = Value::from_json(json.clone()) {
        names.insert(name);
        return;
    }
    match json {
        Json::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Json::Object(map) => map.values().for_each(|item| collect(item, names)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
