//! Keys: added and removed, all others kept.

use model::{Class, Code, Value};
use serde_json::Value as Json;
use sim::{Act, Action, ApplicationSpec, KeepStyle, KeyForm, WorldSpec};

use crate::support::{Bench, OWN, SKYPE, der, hash, key, sent, sorted};

fn add(app_id: &str, name: &str) -> [(&'static str, Value); 2] {
    [("app_id", app_id.into()), ("der", der(name))]
}

fn own_application(spec: &mut WorldSpec) {
    spec.applications = vec![ApplicationSpec {
        app_id: OWN.into(),
        display_name: "Our own".into(),
        first_party: false,
        registered_only: false,
    }];
}

#[tokio::test]
async fn the_first_key_and_the_same_again() {
    let bench = Bench::new().await;
    let added = bench.get("add_key_credential", add(SKYPE, "current")).await;
    assert_eq!(added.get("sha1"), Some(&hash("current").into()));
    assert_eq!(added.get("kept"), Some(&Value::List(vec![])));
    assert_eq!(bench.hashes(SKYPE).await, sorted(["current"]));
    let again = bench.reply("add_key_credential", add(SKYPE, "current")).await.unwrap();
    assert_eq!(sent(&again.evidence, "PATCH"), 0);
    assert_eq!(bench.world.ledger().len(), 1);
}

#[tokio::test]
async fn every_other_key_stays_whatever_its_owner_whatever_its_form() {
    for app_id in [SKYPE, OWN] {
        for form in [KeyForm::Hex, KeyForm::Base64, KeyForm::Null] {
            let bench = Bench::with(|spec| {
                own_application(spec);
                spec.keys = vec![key(app_id, "someone-else", form), key(app_id, "next", form)];
            })
            .await;
            let reply = bench.reply("add_key_credential", add(app_id, "current")).await.unwrap();
            let kept: Vec<Value> = sorted(["someone-else", "next"]).into_iter().map(Value::Text).collect();
            assert_eq!(reply.value.get("kept"), Some(&Value::List(kept)));
            assert_eq!(sent(&reply.evidence, "PATCH"), 1, "{app_id} {form:?}");
            assert_eq!(reply.evidence["keys_before"].as_list().unwrap().len(), 2);
            assert_eq!(bench.hashes(app_id).await, sorted(["someone-else", "next", "current"]));
            let removed = [("app_id", app_id.into()), ("sha1", hash("current").to_lowercase().into())];
            bench.get("remove_key_credential", removed).await;
            assert_eq!(bench.hashes(app_id).await, sorted(["someone-else", "next"]));
        }
    }
}

#[tokio::test]
async fn the_other_way_of_keeping_is_tried_after_a_definite_refusal_only() {
    for (app_id, style) in [(SKYPE, KeepStyle::ByKeyId), (OWN, KeepStyle::KeyOnly)] {
        let bench = Bench::with(|spec| {
            own_application(spec);
            spec.keep_style = Some(style);
            spec.keys = vec![key(app_id, "someone-else", KeyForm::Hex)];
        })
        .await;
        let reply = bench.reply("add_key_credential", add(app_id, "current")).await.unwrap();
        assert_eq!(sent(&reply.evidence, "PATCH"), 2, "{app_id} {style:?}");
        assert_eq!(bench.hashes(app_id).await, sorted(["someone-else", "current"]));
    }
}

#[tokio::test]
async fn an_expired_key_is_a_change_of_its_own() {
    let bench = Bench::with(|spec| {
        spec.keys = vec![key(SKYPE, "expired", KeyForm::Hex), key(SKYPE, "someone-else", KeyForm::Hex)];
    })
    .await;
    let refused = bench.fail("add_key_credential", add(SKYPE, "current")).await;
    assert_eq!((refused.code, refused.class), (Code::KeyNotKept, Class::Conflict));
    assert!(refused.message.contains(&hash("expired")) && refused.hint.is_some());
    let other = [("app_id", SKYPE.into()), ("sha1", hash("someone-else").into())];
    assert_eq!(bench.fail("remove_key_credential", other).await.code, Code::KeyNotKept);
    assert!(bench.world.ledger().is_empty());
    let removed = [("app_id", SKYPE.into()), ("sha1", hash("expired").into())];
    let kept = bench.get("remove_key_credential", removed).await;
    assert_eq!(kept.get("kept"), Some(&Value::List(vec![hash("someone-else").into()])));
    bench.get("add_key_credential", add(SKYPE, "current")).await;
    assert_eq!(bench.hashes(SKYPE).await, sorted(["someone-else", "current"]));
}

#[tokio::test]
async fn further_keys_leave_in_the_same_change() {
    let bench = Bench::with(|spec| {
        spec.keys = ["expired", "someone-else", "next"].map(|name| key(SKYPE, name, KeyForm::Hex)).to_vec();
    })
    .await;
    let removed = [
        ("app_id", SKYPE.into()),
        ("sha1", hash("next").into()),
        ("also", Value::List(vec![hash("expired").into()])),
    ];
    let reply = bench.reply("remove_key_credential", removed.clone()).await.unwrap();
    assert_eq!(sent(&reply.evidence, "PATCH"), 1);
    assert_eq!(bench.hashes(SKYPE).await, sorted(["someone-else"]));
    let again = bench.reply("remove_key_credential", removed).await.unwrap();
    assert_eq!(sent(&again.evidence, "PATCH"), 0);
}

#[tokio::test]
async fn refusals_of_the_service() {
    for (change, code, class) in [
        (
            (|spec: &mut WorldSpec| spec.protected = vec![SKYPE.into()]) as fn(&mut WorldSpec),
            Code::GraphDenied,
            Class::Denied,
        ),
        (|spec| spec.key_lifetime_days_max = Some(365), Code::GraphDenied, Class::Denied),
        (|spec| spec.token_roles = vec!["Application.Read.All".into()], Code::GraphDenied, Class::Denied),
    ] {
        let bench = Bench::with(change).await;
        let refused = bench.fail("add_key_credential", add(SKYPE, "current")).await;
        assert_eq!((refused.code, refused.class), (code, class));
        assert!(refused.hint.is_some() && bench.world.ledger().is_empty());
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_not_sent() {
    let bench = Bench::new().await;
    for bad in [Value::text(""), Value::text("not base64!"), Value::text("AAAA"), der("expired")] {
        let refused = bench.fail("add_key_credential", [("app_id", SKYPE.into()), ("der", bad)]).await;
        assert_eq!((refused.code, refused.class), (Code::Certificate, Class::Invalid));
    }
    for bad in ["", "abc"] {
        let refused =
            bench.fail("remove_key_credential", [("app_id", SKYPE.into()), ("sha1", bad.into())]).await;
        assert_eq!(refused.code, Code::Argument);
    }
    assert_eq!(bench.fail("service_principal", [("app_id", "x')".into())]).await.code, Code::Argument);
}

#[tokio::test]
async fn a_second_administrator_between_two_changes_loses_nothing() {
    let bench = Bench::new().await;
    let other = Action::Graph {
        app_id: SKYPE.into(),
        add_key: Some("someone-else".into()),
        remove_key: None,
        delete: None,
    };
    bench.inject("GET /servicePrincipals", 1, Act::Other(other));
    bench.get("add_key_credential", add(SKYPE, "current")).await;
    assert_eq!(bench.hashes(SKYPE).await, sorted(["someone-else", "current"]));
}

#[tokio::test]
async fn a_second_administrator_within_a_change_is_noticed_before_anything_is_sent() {
    for nth in [2, 3] {
        let bench = Bench::with(|spec| {
            // The first way of keeping is refused, so the keys are read three times.
            spec.keep_style = Some(KeepStyle::ByKeyId);
            spec.keys = vec![key(SKYPE, "next", KeyForm::Hex)];
        })
        .await;
        let other = Action::Graph {
            app_id: SKYPE.into(),
            add_key: Some("someone-else".into()),
            remove_key: None,
            delete: None,
        };
        bench.inject_at("GET /servicePrincipals", nth, Act::Other(other));
        let failed = bench.fail("add_key_credential", add(SKYPE, "current")).await;
        assert_eq!((failed.code, failed.class), (Code::GraphConflict, Class::Conflict));
        assert_eq!(sent(&failed.evidence, "PATCH"), nth as usize - 2);
        assert_eq!(bench.hashes(SKYPE).await, sorted(["next", "someone-else"]));
        bench.get("add_key_credential", add(SKYPE, "current")).await;
        assert_eq!(bench.hashes(SKYPE).await, sorted(["next", "someone-else", "current"]));
    }
}

#[tokio::test]
async fn each_request_is_journaled_with_what_was_there_or_not_sent() {
    let keeps_by_id = |spec: &mut WorldSpec| {
        spec.keep_style = Some(KeepStyle::ByKeyId);
        spec.keys = vec![key(SKYPE, "someone-else", KeyForm::Null)];
    };
    let bench = Bench::with(keeps_by_id).await;
    bench.get("add_key_credential", add(SKYPE, "current")).await;
    let sending = bench.context.sending.lock().unwrap().clone();
    let ways: Vec<_> = sending.iter().map(|(_, facts)| facts["kept_keys_sent"].clone()).collect();
    assert_eq!(ways, [Value::text("key only"), Value::text("by keyId")]);
    for (line, facts) in &sending {
        assert!(line.starts_with("PATCH http://127.0.0.1"), "{line}");
        let before = &facts["keys_before"].as_list().unwrap()[0];
        assert_eq!(before.get("sha1"), Some(&hash("someone-else").into()));
        assert!(before.get("key_id").unwrap().as_text().is_some());
    }
    let bench = Bench::with(keeps_by_id).await;
    bench.context.journal_full.store(true, std::sync::atomic::Ordering::SeqCst);
    let failed = bench.fail("add_key_credential", add(SKYPE, "current")).await;
    assert_eq!(failed.code, Code::StoreIo);
    assert_eq!(sent(&failed.evidence, "PATCH"), 0);
    assert!(bench.world.ledger().is_empty());
}

#[tokio::test]
async fn keys_that_sign_are_kept_by_their_id_only() {
    let signs = |spec: &mut WorldSpec| {
        let mut signing = key(SKYPE, "someone-else", KeyForm::Hex);
        signing.usage = Some("Sign".into());
        spec.keys = vec![signing];
    };
    // The service takes the key alone, which would bring a public half back where a private one was.
    let bench = Bench::with(signs).await;
    let failed = bench.fail("add_key_credential", add(SKYPE, "current")).await;
    assert_eq!((failed.code, failed.class), (Code::GraphInvalid, Class::Invalid));
    assert!(bench.world.ledger().is_empty());
    let bench = Bench::with(|spec| {
        signs(spec);
        spec.keep_style = Some(KeepStyle::ByKeyId);
    })
    .await;
    bench.get("add_key_credential", add(SKYPE, "current")).await;
    assert_eq!(bench.hashes(SKYPE).await, sorted(["someone-else", "current"]));
}

#[tokio::test]
async fn reads_of_keys_are_limited_and_the_wait_is_handed_on() {
    let bench = Bench::with(|spec| spec.key_reads_per_minute = Some(3)).await;
    bench.get("add_key_credential", add(SKYPE, "current")).await;
    let failed = bench.fail("add_key_credential", add(SKYPE, "next")).await;
    assert_eq!((failed.code, failed.class), (Code::GraphTransient, Class::Transient));
    assert_eq!(failed.retry_after_ms, Some(60_000));
    assert_eq!(bench.world.ledger().len(), 1);
}

#[tokio::test]
async fn the_body_can_be_read_before_it_is_sent() {
    let bench = Bench::with(|spec| spec.keys = vec![key(SKYPE, "someone-else", KeyForm::Hex)]).await;
    let requests = bench.describe("add_key_credential", add(SKYPE, "current")).await;
    assert!(
        requests[0].line.starts_with(&format!("PATCH {}/v1.0/servicePrincipals/", bench.tenant.graph_url()))
    );
    let body: Json = serde_json::from_str(&requests[0].body).unwrap();
    let keys = body["keyCredentials"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0].as_object().unwrap().len(), 3);
    assert_eq!(Value::text(keys[1]["key"].as_str().unwrap()), der("current"));
    for (hole, shown) in [
        (Value::Unknown("export_auth_cert.der".into()), "<export_auth_cert.der>"),
        (Value::text("<known after export_auth_cert.der>"), "<known after export_auth_cert.der>"),
    ] {
        let unknown = [("app_id", SKYPE.into()), ("der", hole)];
        let requests = bench.describe("add_key_credential", unknown).await;
        assert!(requests[0].body.contains(shown));
    }
    assert!(bench.world.ledger().is_empty());
}
