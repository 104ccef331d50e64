//! A target that answers at once: a map in memory, so that what is measured is ours.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contracts::{HostCall, HostModule, HostReply, Session, TargetFacts, Targets, WireRequest};
use model::value::Map;
use model::{Failure, FunctionSpec, Kind, RunId, Value};

/// Every target has the same world behind it.
#[derive(Default)]
pub(crate) struct World {
    module: Arc<Things>,
}

struct Things {
    functions: Vec<FunctionSpec>,
    kept: Mutex<BTreeMap<String, Value>>,
}

impl Default for Things {
    fn default() -> Things {
        let name = "the thing's name";
        let functions = vec![
            FunctionSpec::read("bench", "get", "The thing's value.").required("name", Kind::String, name),
            FunctionSpec::write("bench", "set", 0, "Sets the thing's value.")
                .required("name", Kind::String, name)
                .required("value", Kind::Int, "its value"),
        ];
        Things { functions, kept: Mutex::default() }
    }
}

#[async_trait]
impl Targets for World {
    async fn open(&self, name: &str, _run: Option<RunId>) -> Result<Session, Failure> {
        Ok(Session {
            target: name.to_owned(),
            binding: None,
            modules: vec![Arc::clone(&self.module) as _],
            approves_itself: None,
            secrets: None,
        })
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        self.module.functions.clone()
    }

    async fn facts(&self, _name: &str) -> Result<TargetFacts, Failure> {
        Ok(TargetFacts::default())
    }
}

#[async_trait]
impl HostModule for Things {
    fn name(&self) -> &'static str {
        "bench"
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.functions
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        let name = call.arguments.get("name").and_then(Value::as_text).unwrap_or_default();
        let mut kept = self.kept.lock().expect("no holder of this lock panics");
        let value = match call.arguments.get("value") {
            None => kept.get(name).cloned().unwrap_or_default(),
            Some(value) => {
                kept.insert(name.to_owned(), value.clone());
                Value::Map(Map::new())
            }
        };
        Ok(HostReply::from(value))
    }

    async fn describe(&self, _call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        Ok(Vec::new())
    }
}
