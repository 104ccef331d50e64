//! Writes whose answer is lost, and writes that are definitely refused for now.

use model::{Class, Code, Value};
use sim::Act;

use crate::support::{Bench, SKYPE, der, sent};

#[tokio::test]
async fn a_lost_answer_is_in_doubt_and_nothing_is_sent_again() {
    for (act, happened) in [
        (Act::Cut { after_effect: true }, true),
        (Act::Cut { after_effect: false }, false),
        (Act::ServerError { status: 503, after_effect: true }, true),
        (Act::ServerError { status: 500, after_effect: false }, false),
        (Act::ServerError { status: 504, after_effect: true }, true),
    ] {
        let bench = Bench::new().await;
        bench.inject("PATCH /servicePrincipals", 1, act.clone());
        let failed =
            bench.fail("add_key_credential", [("app_id", SKYPE.into()), ("der", der("current"))]).await;
        assert_eq!((failed.code, failed.class), (Code::GraphInDoubt, Class::InDoubt), "{act:?}");
        assert_eq!(sent(&failed.evidence, "PATCH"), 1);
        assert_eq!(bench.world.ledger().len(), usize::from(happened), "{act:?}");
        assert_eq!(bench.hashes(SKYPE).await.len(), usize::from(happened));
    }
}

#[tokio::test]
async fn a_throttled_write_was_not_done() {
    let bench = Bench::new().await;
    bench.inject("PATCH /servicePrincipals", 1, Act::Throttle { retry_after: 7 });
    let arguments: [(&str, Value); 2] = [("app_id", SKYPE.into()), ("der", der("current"))];
    let failed = bench.fail("add_key_credential", arguments.clone()).await;
    assert_eq!((failed.code, failed.class), (Code::GraphTransient, Class::Transient));
    assert_eq!(failed.retry_after_ms, Some(7_000));
    assert_eq!(sent(&failed.evidence, "PATCH"), 1);
    assert!(bench.world.ledger().is_empty());
    bench.get("add_key_credential", arguments).await;
    assert_eq!(bench.world.ledger().len(), 1);
}

#[tokio::test]
async fn no_connection_means_nothing_was_sent() {
    let bench = Bench::new().await;
    bench.get("organization", []).await;
    let elsewhere = sim::serve(bench.world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let Bench { world, module, context, tenant, waits, prompts } = bench;
    drop(tenant);
    let gone = Bench { world, module, context, tenant: elsewhere, waits, prompts };
    let failed = gone.fail("add_key_credential", [("app_id", SKYPE.into()), ("der", der("current"))]).await;
    assert_eq!((failed.code, failed.class), (Code::GraphConnection, Class::Transient));
    assert!(failed.hint.is_some());
}
