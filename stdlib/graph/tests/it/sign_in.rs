//! Tokens: for the right tenant only, kept while they are good, never shown.

use std::time::Duration;

use graph::Credential;
use model::{Class, Code};
use sim::{Act, Advance};

use crate::support::{Bench, SKYPE, der, sent};

#[tokio::test]
async fn a_token_of_another_tenant_is_never_used() {
    let bench =
        Bench::with(|spec| spec.token_tenant = Some("99999999-0000-0000-0000-000000000000".into())).await;
    for failed in [
        bench.fail("organization", []).await,
        bench.fail("add_key_credential", [("app_id", SKYPE.into()), ("der", der("current"))]).await,
    ] {
        assert_eq!((failed.code, failed.class), (Code::TenantMismatch, Class::Denied));
        assert_eq!((sent(&failed.evidence, "POST"), sent(&failed.evidence, "GET")), (1, 0));
        assert!(failed.message.contains("99999999"));
    }
    assert!(bench.world.ledger().is_empty());
}

#[tokio::test]
async fn one_token_serves_many_calls_and_is_renewed_early() {
    let bench = Bench::new().await;
    let signed_in = |reply: contracts::HostReply| sent(&reply.evidence, "POST");
    assert_eq!(signed_in(bench.reply("organization", []).await.unwrap()), 1);
    assert_eq!(signed_in(bench.reply("organization", []).await.unwrap()), 0);
    // It lives for 3599 seconds; in its last five minutes it is taken for expired.
    bench.context.pass(Duration::from_secs(3290));
    bench.context.begin_phase();
    assert_eq!(signed_in(bench.reply("organization", []).await.unwrap()), 0);
    bench.context.pass(Duration::from_secs(10));
    assert_eq!(signed_in(bench.reply("organization", []).await.unwrap()), 1);
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_anew_once() {
    let bench = Bench::with(|spec| spec.token_expires = "2026-06-01T09:00:00Z".into()).await;
    bench.get("organization", []).await;
    bench.world.advance(Advance { seconds: 7200, ..Advance::default() }).unwrap();
    let failed = bench.fail("organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Transient));
    assert_eq!((sent(&failed.evidence, "POST"), sent(&failed.evidence, "GET")), (1, 2));
    let failed = bench.fail("add_key_credential", [("app_id", SKYPE.into()), ("der", der("current"))]).await;
    assert_eq!(failed.code, Code::SignIn);
}

#[tokio::test]
async fn a_wrong_secret_is_denied_and_not_told() {
    let wrong = |spec: &mut sim::WorldSpec| spec.client_secret = Some("something else".into());
    let bench = Bench::with(wrong).await;
    let failed = bench.fail("organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::SignIn, Class::Denied));
    assert!(failed.message.contains("AADSTS7000215"));
    assert!(!format!("{failed:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_named_secret_is_asked_for() {
    let bench = Bench::credential(
        |spec| spec.client_secret = Some("hunter2".into()),
        Credential::Secret { name: "graph".into() },
    )
    .await;
    let reply = bench.reply("organization", []).await.unwrap();
    assert_eq!(*bench.context.asked_for.lock().unwrap(), ["graph"]);
    assert!(!format!("{reply:?}").contains("hunter2"));
    let bench = Bench::credential(|_| {}, Credential::Secret { name: "absent".into() }).await;
    assert_eq!(bench.fail("organization", []).await.code, Code::Settings);
}

#[tokio::test]
async fn a_sign_in_that_is_throttled_comes_back_later() {
    let bench = Bench::new().await;
    bench.inject("POST /token", 1, Act::Throttle { retry_after: 60 });
    let failed = bench.fail("add_key_credential", [("app_id", SKYPE.into()), ("der", der("current"))]).await;
    assert_eq!((failed.code, failed.class), (Code::GraphTransient, Class::Transient));
    assert_eq!(failed.retry_after_ms, Some(60_000));
}
