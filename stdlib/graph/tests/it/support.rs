//! A module, a simulated tenant on a socket, and short ways to call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{CallContext, HostCall, HostModule, HostReply, SecretText, WireRequest};
use graph::{Credential, DevicePrompt, GraphModule, GraphSettings, Identity, SignIns, Waits};
use model::value::Map;
use model::{Class, Code, Failure, RunId, Timestamp, Value};
use sim::{Act, Faults, Injection, KeyForm, KeySpec, Tenant, World, WorldSpec};

pub(crate) const SKYPE: &str = "00000004-0000-0ff1-ce00-000000000000";
pub(crate) const OWN: &str = "0d0a4a1c-91a4-4c5e-8c0f-3f9f0f4cbb01";

/// A call's surroundings with a clock of their own; it goes on only where something waits.
pub(crate) struct Context {
    pub(crate) now: Mutex<Timestamp>,
    /// When the phase has no time left.
    pub(crate) deadline: Mutex<Timestamp>,
    pub(crate) asked_for: Mutex<Vec<String>>,
    pub(crate) secrets: Mutex<BTreeMap<String, String>>,
    /// What was journaled before it was sent.
    pub(crate) sending: Mutex<Vec<(String, Map)>>,
    pub(crate) journal_full: AtomicBool,
    pub(crate) cancelled: AtomicBool,
}

impl Context {
    pub(crate) fn new(now: Timestamp) -> Context {
        Context {
            now: Mutex::new(now),
            deadline: Mutex::new(now.after(PHASE)),
            asked_for: Mutex::default(),
            secrets: Mutex::new(BTreeMap::from([("graph".to_owned(), "hunter2".to_owned())])),
            sending: Mutex::default(),
            journal_full: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
        }
    }

    pub(crate) fn pass(&self, span: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.after(span);
    }

    /// A new phase begins.
    pub(crate) fn begin_phase(&self) {
        *self.deadline.lock().unwrap() = self.now.lock().unwrap().after(PHASE);
    }
}

const PHASE: Duration = Duration::from_secs(30);

/// Waits by moving the clock.
pub(crate) struct Clockwork {
    pub(crate) context: Arc<Context>,
    pub(crate) waited: Mutex<Duration>,
}

#[async_trait]
impl Waits for Clockwork {
    async fn wait(&self, span: Duration) {
        self.context.pass(span);
        *self.waited.lock().unwrap() += span;
    }
}

#[async_trait]
impl CallContext for Context {
    fn run(&self) -> Option<RunId> {
        None
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn time_left(&self) -> Duration {
        self.deadline.lock().unwrap().since(self.now())
    }

    fn pin(&self, _: &str) -> Option<Value> {
        None
    }

    fn set_pin(&self, _: &str, _: Value) -> Result<(), Failure> {
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        self.asked_for.lock().unwrap().push(name.to_owned());
        let secret = self.secrets.lock().unwrap().get(name).cloned();
        secret
            .map(SecretText::new)
            .ok_or_else(|| Failure::invalid(Code::Settings, format!("no secret '{name}'")))
    }

    async fn sending(&self, request: &str, facts: Map) -> Result<(), Failure> {
        if self.journal_full.load(Ordering::SeqCst) {
            return Err(Failure::new(Code::StoreIo, Class::Denied, "the disk is full"));
        }
        self.sending.lock().unwrap().push((request.to_owned(), facts));
        Ok(())
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) module: GraphModule,
    pub(crate) context: Arc<Context>,
    pub(crate) tenant: Tenant,
    pub(crate) waits: Arc<Clockwork>,
    /// What a person was shown.
    pub(crate) prompts: Arc<Mutex<Vec<DevicePrompt>>>,
}

impl Bench {
    pub(crate) async fn new() -> Bench {
        Bench::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut WorldSpec)) -> Bench {
        Bench::credential(change, Credential::SecretText(SecretText::new("hunter2".into()))).await
    }

    pub(crate) async fn credential(change: impl FnOnce(&mut WorldSpec), credential: Credential) -> Bench {
        Bench::settings(change, |settings, _| settings.read.credential = credential).await
    }

    /// A world and a module with settings of its own; the tenant's address comes with them.
    pub(crate) async fn settings(
        change: impl FnOnce(&mut WorldSpec),
        set: impl FnOnce(&mut GraphSettings, &str),
    ) -> Bench {
        let mut spec = WorldSpec::default();
        change(&mut spec);
        let world = World::new(&spec).unwrap();
        let tenant = sim::serve(world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let identity = identity(Credential::SecretText(SecretText::new("hunter2".into())));
        let prompts = Arc::new(Mutex::new(Vec::new()));
        let mut settings =
            GraphSettings::new(tenant.login_url(), tenant.graph_url(), spec.tenant.clone(), identity);
        let shown = Arc::clone(&prompts);
        settings.prompt = Some(Arc::new(move |prompt| shown.lock().unwrap().push(prompt.clone())));
        set(&mut settings, &tenant.graph_url());
        let context = Arc::new(Context::new(Timestamp::parse_rfc3339(&spec.now).unwrap()));
        let waits = Arc::new(Clockwork { context: Arc::clone(&context), waited: Mutex::default() });
        let module =
            GraphModule::with_waits(settings, &SignIns::default(), Arc::clone(&waits) as Arc<dyn Waits>);
        Bench { world, module, context, tenant, waits, prompts }
    }

    pub(crate) async fn reply<const N: usize>(
        &self,
        function: &str,
        arguments: [(&str, Value); N],
    ) -> Result<HostReply, Failure> {
        self.module.call(self.call(function, arguments)).await
    }

    pub(crate) async fn get<const N: usize>(&self, function: &str, arguments: [(&str, Value); N]) -> Value {
        self.reply(function, arguments).await.unwrap().value
    }

    pub(crate) async fn fail<const N: usize>(
        &self,
        function: &str,
        arguments: [(&str, Value); N],
    ) -> Failure {
        self.reply(function, arguments).await.unwrap_err()
    }

    pub(crate) async fn describe<const N: usize>(
        &self,
        function: &str,
        arguments: [(&str, Value); N],
    ) -> Vec<WireRequest> {
        self.module.describe(self.call(function, arguments)).await.unwrap()
    }

    fn call<const N: usize>(&self, function: &str, arguments: [(&str, Value); N]) -> HostCall {
        HostCall {
            function: function.to_owned(),
            arguments: arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            context: Arc::clone(&self.context) as Arc<dyn CallContext>,
        }
    }

    pub(crate) fn inject(&self, on: &str, times: u32, act: Act) {
        self.faults(Injection { on: on.into(), nth: 1, times, act });
    }

    /// Once, at the `nth` such call from now on.
    pub(crate) fn inject_at(&self, on: &str, nth: u32, act: Act) {
        self.faults(Injection { on: on.into(), nth, times: 1, act });
    }

    fn faults(&self, injection: Injection) {
        let injections = vec![injection];
        self.world.faults(Faults { injections, ..Faults::default() }).unwrap();
    }

    /// Hashes that the service principal shows, sorted.
    pub(crate) async fn hashes(&self, app_id: &str) -> Vec<String> {
        let found = self.get("service_principal", [("app_id", app_id.into())]).await;
        let keys = found.get("keys").unwrap().as_list().unwrap().to_vec();
        keys.iter().map(|key| key.get("sha1").unwrap().as_text().unwrap_or("?").to_owned()).collect()
    }
}

pub(crate) fn identity(credential: Credential) -> Identity {
    Identity { client_id: "me".into(), credential }
}

pub(crate) fn der(name: &str) -> Value {
    STANDARD.encode(sim::fixture_der(name).unwrap()).into()
}

pub(crate) fn hash(name: &str) -> String {
    use sha1::{Digest, Sha1};
    let digest = Sha1::digest(sim::fixture_der(name).unwrap());
    digest.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).map(char::from).collect()
}

pub(crate) fn sorted<const N: usize>(names: [&str; N]) -> Vec<String> {
    let mut hashes: Vec<String> = names.into_iter().map(hash).collect();
    hashes.sort();
    hashes
}

pub(crate) fn key(app_id: &str, certificate: &str, form: KeyForm) -> KeySpec {
    KeySpec {
        app_id: app_id.into(),
        certificate: certificate.into(),
        form,
        display_name: None,
        key_id: None,
        usage: None,
        kind: None,
    }
}

/// How often a method was sent, by the evidence.
pub(crate) fn sent(evidence: &model::value::Map, method: &str) -> usize {
    evidence["requests"]
        .as_list()
        .unwrap()
        .iter()
        .filter(|one| one.get("request").unwrap().as_text().unwrap().starts_with(method))
        .count()
}
