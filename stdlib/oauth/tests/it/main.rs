//! The challenge probe against the simulated organisation's web front.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

extern crate footbridge_oauth as oauth;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{CallContext, HostCall, HostModule, SecretText};
use model::value::Map;
use model::{Code, Failure, RunId, Timestamp, Value};
use oauth::OauthModule;
use sim::{Act, Faults, Injection, Profile, Tenant, World, WorldSpec};

struct Context;

#[async_trait]
impl CallContext for Context {
    fn run(&self) -> Option<RunId> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
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
        Err(Failure::bug(format!("nobody asks for the secret '{name}' here")))
    }

    async fn sending(&self, _request: &str, _facts: Map) -> Result<(), Failure> {
        Ok(())
    }

    fn cancelled(&self) -> bool {
        false
    }
}

fn call(url: Option<&str>) -> HostCall {
    let arguments = url.map_or_else(Map::new, |url| Map::from([("url".to_owned(), url.into())]));
    HostCall { function: "challenge".into(), arguments, context: Arc::new(Context) }
}

async fn served(spec: &WorldSpec) -> (World, Tenant) {
    let world = World::new(spec).unwrap();
    let tenant = sim::serve(world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    (world, tenant)
}

fn flags(value: &Value) -> (Option<bool>, Option<bool>, bool) {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool);
    (flag("answered"), flag("bearer"), value.get("why") == Some(&Value::text("")))
}

#[tokio::test]
async fn who_may_call() {
    let (_, tenant) = served(&WorldSpec::default()).await;
    let module = OauthModule::new(Some(format!("{}/ews/exchange.asmx", tenant.exchange_url())), None);
    let reply = module.call(call(None)).await.unwrap();
    assert_eq!(flags(&reply.value), (Some(true), Some(true), true));
    let issuers = reply.value.get("trusted_issuers").unwrap().as_list().unwrap();
    assert_eq!(
        issuers,
        [Value::text("00000001-0000-0000-c000-000000000000@1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17")]
    );
    assert_eq!(reply.value.get("client_id"), Some(&Value::text("00000002-0000-0ff1-ce00-000000000000")));
    assert_ne!(reply.evidence.get("request_id"), Some(&Value::text("")));

    let elsewhere = format!("{}/nothing/here", tenant.exchange_url());
    let reply = module.call(call(Some(&elsewhere))).await.unwrap();
    assert_eq!(flags(&reply.value), (Some(true), Some(false), false));
    let described = module.describe(call(Some(&elsewhere))).await.unwrap();
    assert_eq!(described[0].line, format!("GET {elsewhere}"));
}

#[tokio::test]
async fn oauth_off_and_silence_are_told_apart() {
    let off = sim::Setting {
        class: "WebServicesVirtualDirectory".into(),
        name: None,
        properties: serde_json::Map::from_iter([("OAuthAuthentication".to_owned(), false.into())]),
    };
    let spec = WorldSpec { profile: Profile::Fresh, set: vec![off], ..WorldSpec::default() };
    let (world, tenant) = served(&spec).await;
    let module = OauthModule::new(Some(format!("{}/ews/exchange.asmx", tenant.exchange_url())), None);
    let reply = module.call(call(None)).await.unwrap();
    assert_eq!(flags(&reply.value), (Some(true), Some(false), false));
    assert!(reply.value.get("why").unwrap().as_text().unwrap().contains("Basic"));
    for act in [Act::Cut { after_effect: false }, Act::Throttle { retry_after: 1 }] {
        let injections = vec![Injection { on: "* /ews/*".into(), nth: 1, times: 1, act }];
        world.faults(Faults { injections, ..Faults::default() }).unwrap();
        let reply = module.call(call(None)).await.unwrap();
        assert_eq!(flags(&reply.value), (Some(false), Some(false), false));
    }
}

#[tokio::test]
async fn an_address_that_is_none() {
    for url in ["", "mail.contoso.com", "file:///etc/passwd"] {
        let failed = OauthModule::new(Some(url.to_owned()), None).call(call(None)).await.unwrap_err();
        assert_eq!((failed.code, failed.hint.is_some()), (Code::Challenge, true), "{url}");
    }
}
