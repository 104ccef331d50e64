//! A module, a simulated tenant on a socket, and short ways to call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{CallContext, HostCall, HostModule, HostReply, SecretText, WireRequest};
use graph::{Credential, GraphModule, GraphSettings};
use model::value::Map;
use model::{Code, Failure, RunId, Timestamp, Value};
use sim::{Act, Faults, Injection, KeyForm, KeySpec, Tenant, World, WorldSpec};

pub(crate) const SKYPE: &str = "00000004-0000-0ff1-ce00-000000000000";
pub(crate) const OWN: &str = "0d0a4a1c-91a4-4c5e-8c0f-3f9f0f4cbb01";

pub(crate) struct Context {
    pub(crate) now: Mutex<Timestamp>,
    pub(crate) asked_for: Mutex<Vec<String>>,
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
        Duration::from_secs(30)
    }

    fn pin(&self, _: &str) -> Option<Value> {
        None
    }

    fn set_pin(&self, _: &str, _: Value) -> Result<(), Failure> {
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        self.asked_for.lock().unwrap().push(name.to_owned());
        if name == "graph" {
            return Ok(SecretText::new("hunter2".into()));
        }
        Err(Failure::invalid(Code::Settings, format!("no secret '{name}'")))
    }

    async fn sending(&self, _request: &str, _facts: Map) -> Result<(), Failure> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        false
    }
}

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) module: GraphModule,
    pub(crate) context: Arc<Context>,
    pub(crate) tenant: Tenant,
}

impl Bench {
    pub(crate) async fn new() -> Bench {
        Bench::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut WorldSpec)) -> Bench {
        Bench::credential(change, Credential::Secret(SecretText::new("hunter2".into()))).await
    }

    pub(crate) async fn credential(change: impl FnOnce(&mut WorldSpec), credential: Credential) -> Bench {
        let mut spec = WorldSpec::default();
        change(&mut spec);
        let world = World::new(&spec).unwrap();
        let tenant = sim::serve(world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let module = GraphModule::new(GraphSettings {
            login_url: tenant.login_url(),
            graph_url: tenant.graph_url(),
            tenant_id: spec.tenant.clone(),
            client_id: "me".into(),
            credential,
        });
        let now = Timestamp::parse_rfc3339(&spec.now).unwrap();
        let context = Arc::new(Context { now: Mutex::new(now), asked_for: Mutex::default() });
        Bench { world, module, context, tenant }
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
        let injections = vec![Injection { on: on.into(), nth: 1, times, act }];
        self.world.faults(Faults { injections, ..Faults::default() }).unwrap();
    }

    /// Hashes that the service principal shows, sorted.
    pub(crate) async fn hashes(&self, app_id: &str) -> Vec<String> {
        let found = self.get("service_principal", [("app_id", app_id.into())]).await;
        let keys = found.get("keys").unwrap().as_list().unwrap().to_vec();
        keys.iter().map(|key| key.get("sha1").unwrap().as_text().unwrap_or("?").to_owned()).collect()
    }
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
