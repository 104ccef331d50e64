//! What is there.

use contracts::HostModule;
use model::{Class, Code, Effect, Value};
use sim::{Act, KeyForm, Removal};

use crate::support::{Bench, SKYPE, hash, key, sent};

#[tokio::test]
async fn the_tenant_and_a_service_principal_with_its_keys() {
    let bench = Bench::with(|spec| {
        spec.keys = vec![key(SKYPE, "expired", KeyForm::Base64), key(SKYPE, "someone-else", KeyForm::Null)];
    })
    .await;
    let tenant = bench.get("organization", []).await;
    assert_eq!(tenant.get("display_name"), Some(&Value::text("Contoso")));
    let found = bench.get("service_principal", [("app_id", SKYPE.to_uppercase().into())]).await;
    assert_eq!(found.get("app_id"), Some(&Value::text(SKYPE)));
    let keys = found.get("keys").unwrap().as_list().unwrap();
    for (name, expired) in [("expired", true), ("someone-else", false)] {
        let key = keys.iter().find(|key| key.get("sha1") == Some(&hash(name).into())).unwrap();
        assert_eq!(key.get("expired"), Some(&Value::Bool(expired)));
        assert_eq!(key.get("has_key"), Some(&Value::Bool(true)));
        assert_eq!(key.get("usage"), Some(&Value::text("Verify")));
    }
}

#[tokio::test]
async fn a_missing_service_principal_is_nothing_to_a_read_and_a_conflict_to_a_change() {
    let bench = Bench::with(|spec| spec.remove = vec![Removal::ServicePrincipal(SKYPE.into())]).await;
    assert_eq!(bench.get("service_principal", [("app_id", SKYPE.into())]).await, Value::Null);
    let failed = bench
        .fail("add_key_credential", [("app_id", SKYPE.into()), ("der", crate::support::der("current"))])
        .await;
    assert_eq!((failed.code, failed.class), (Code::GraphNotFound, Class::Conflict));
    assert_eq!(sent(&failed.evidence, "PATCH"), 0);
}

#[tokio::test]
async fn a_read_that_is_told_to_wait_comes_back_soon_or_hands_the_wait_on() {
    let bench = Bench::new().await;
    bench.inject("GET /servicePrincipals", 3, Act::Throttle { retry_after: 0 });
    let reply = bench.reply("service_principal", [("app_id", SKYPE.into())]).await.unwrap();
    assert_eq!(sent(&reply.evidence, "GET"), 4);
    let ids: std::collections::BTreeSet<String> = reply.evidence["requests"]
        .as_list()
        .unwrap()
        .iter()
        .map(|one| one.get("client_request_id").unwrap().as_text().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), reply.evidence["requests"].as_list().unwrap().len());

    bench.inject("GET /servicePrincipals", 4, Act::Throttle { retry_after: 0 });
    let failed = bench.fail("service_principal", [("app_id", SKYPE.into())]).await;
    assert_eq!((failed.code, failed.class), (Code::GraphTransient, Class::Transient));

    for seconds in [90, 3600] {
        bench.inject("GET /servicePrincipals", 1, Act::Throttle { retry_after: seconds });
        let failed = bench.fail("service_principal", [("app_id", SKYPE.into())]).await;
        let wait = Some(u64::from(seconds) * 1000);
        assert_eq!((failed.class, failed.retry_after_ms), (Class::Transient, wait));
        assert_eq!(sent(&failed.evidence, "GET"), 1);
    }
}

#[tokio::test]
async fn a_read_whose_connection_is_cut_is_sent_again() {
    let bench = Bench::new().await;
    bench.inject("GET /organization", 1, Act::Cut { after_effect: false });
    let reply = bench.reply("organization", []).await.unwrap();
    assert_eq!(sent(&reply.evidence, "GET"), 2);
}

#[tokio::test]
async fn what_would_be_sent() {
    let bench = Bench::new().await;
    let requests = bench.describe("service_principal", [("app_id", SKYPE.into())]).await;
    assert!(
        requests[0].line.ends_with("/v1.0/servicePrincipals(appId='00000004-0000-0ff1-ce00-000000000000')")
    );
    for function in bench.module.functions() {
        assert_eq!(function.settle_ms > 0, function.effect == Effect::Write, "{}", function.name);
        assert!(!function.doc.is_empty() && !function.returns.is_empty(), "{}", function.name);
    }
}
