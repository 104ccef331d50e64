//! A one-step workflow, a gateway that remembers its calls, and a runner with small limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use contracts::{End, Gateway, PhaseCall, PhaseEnd, StepRunner};
use footbridge_script::{Limits, ScriptRunner};
use model::value::Map;
use model::workflow::{Expression, Phase, Script};
use model::{Failure, FunctionSpec, Kind, Retry, Step, StepPath, Value, Workflow};

/// Answers from a list of `module::function` to answer; remembers every call.
#[derive(Default)]
pub(crate) struct FakeGateway {
    pub(crate) answers: BTreeMap<String, Result<Value, End>>,
    pub(crate) calls: Mutex<Vec<(String, Map)>>,
    pub(crate) ended: Mutex<Option<End>>,
}

impl FakeGateway {
    pub(crate) fn answering(path: &str, answer: Result<Value, End>) -> Arc<FakeGateway> {
        Arc::new(FakeGateway {
            answers: BTreeMap::from([(path.to_owned(), answer)]),
            ..FakeGateway::default()
        })
    }

    pub(crate) fn called(&self) -> Vec<String> {
        self.calls
            .lock()
            .expect("no test panics while it holds this")
            .iter()
            .map(|(path, _)| path.clone())
            .collect()
    }
}

impl Gateway for FakeGateway {
    fn call(&self, module: &str, function: &str, arguments: Map) -> Result<Value, End> {
        let path = format!("{module}::{function}");
        self.calls.lock().expect("no test panics while it holds this").push((path.clone(), arguments));
        self.answers.get(&path).cloned().unwrap_or(Ok(Value::Null))
    }

    fn ended(&self) -> Option<End> {
        self.ended.lock().expect("no test panics while it holds this").clone()
    }
}

pub(crate) fn functions() -> Vec<FunctionSpec> {
    vec![
        FunctionSpec::read("exchange", "mail_user", "One mail user.").required(
            "name",
            Kind::String,
            "its name",
        ),
        FunctionSpec::read("exchange", "organization", "The organisation."),
        FunctionSpec::write("exchange", "new_mail_user", 5_000, "Creates a mail user.")
            .required("name", Kind::String, "its name")
            .optional("hidden", Kind::Bool, "hidden from address lists"),
        FunctionSpec::read("x509", "facts", "Facts.").required("der", Kind::String, "base64"),
    ]
}

pub(crate) fn limits() -> Limits {
    Limits { operations: 200_000, threads: 2, ..Limits::default() }
}

pub(crate) fn workflow(source: &str) -> Workflow {
    Workflow {
        id: "sample".into(),
        version: "1.0.0".into(),
        title: "Sample".into(),
        source: None,
        params: Vec::new(),
        steps: vec![step("account", source)],
        lib: BTreeMap::new(),
        overlay: BTreeMap::new(),
        undo: None,
        own: BTreeMap::new(),
        layers: vec!["shipped".into()],
    }
}

pub(crate) fn step(name: &str, source: &str) -> Step {
    Step {
        path: StepPath::new(name),
        title: name.into(),
        needs: Vec::new(),
        with: BTreeMap::new(),
        when: None,
        retry: Retry::default(),
        timeout_ms: 60_000,
        deadline_ms: 60_000,
        gate: None,
        script: Script {
            file: format!("steps/{name}.rhai"),
            origin: "shipped".into(),
            source: source.into(),
        },
        phases: BTreeSet::new(),
        uses: BTreeSet::new(),
        lib: None,
        retired: false,
    }
}

pub(crate) fn expression(text: &str) -> Expression {
    Expression { text: text.into(), file: "workflow.toml".into(), line: 3, column: 9 }
}

pub(crate) fn with_lib(mut workflow: Workflow, name: &str, source: &str) -> Workflow {
    let script = Script { file: format!("lib/{name}.rhai"), origin: "shipped".into(), source: source.into() };
    workflow.lib.insert(name.into(), script);
    workflow
}

pub(crate) async fn run_in(
    runner: &ScriptRunner,
    workflow: Workflow,
    phase: Phase,
    arguments: Vec<Value>,
    gateway: Arc<FakeGateway>,
) -> PhaseEnd {
    let call = PhaseCall {
        workflow: Arc::new(workflow),
        step: 0,
        phase,
        arguments,
        timeout: Duration::from_mins(1),
        functions: Arc::new(functions()),
    };
    runner.run(call, gateway).await
}

static RUNNER: LazyLock<ScriptRunner> = LazyLock::new(|| ScriptRunner::new(limits()));

/// Runs `probe` with this body; `ctx.inputs.hole` is an unknown.
pub(crate) async fn probe(body: &str) -> PhaseEnd {
    probe_with(body, Arc::default()).await
}

pub(crate) async fn probe_with(body: &str, gateway: Arc<FakeGateway>) -> PhaseEnd {
    let source = format!("fn probe(ctx) {{\n{body}\n}}");
    let context = Value::from([
        ("inputs", Value::from([("hole", Value::Unknown("other.guid".into()))])),
        ("params", Value::from([("name", Value::text("sfb"))])),
    ]);
    run_in(&RUNNER, workflow(&source), Phase::Probe, vec![context], gateway).await
}

pub(crate) fn failure(end: PhaseEnd) -> Failure {
    match end {
        PhaseEnd::Failed(failure) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}
