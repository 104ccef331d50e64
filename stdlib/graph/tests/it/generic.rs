//! Anything in Graph, by its path.

use model::{Class, Code, Effect, Reversibility, Value};
use sim::{Act, KeyForm, Removal, WorldSpec};

use crate::support::{Bench, OWN, SKYPE, key, sent};

fn text(value: &str) -> Value {
    Value::text(value)
}

fn principals(spec: &mut WorldSpec) {
    spec.keys = vec![key(SKYPE, "someone-else", KeyForm::Hex)];
    spec.page_size = 1;
    spec.applications = vec![sim::ApplicationSpec {
        app_id: OWN.into(),
        display_name: "Our own".into(),
        first_party: false,
        registered_only: true,
    }];
}

fn by_app(app_id: &str) -> Value {
    format!("/servicePrincipals(appId='{app_id}')").into()
}

#[tokio::test]
async fn objects_and_lists() {
    let bench = Bench::with(principals).await;
    let select = Value::List(vec!["id".into(), "appId".into(), "keyCredentials".into()]);
    let found = bench.get("get", [("path", by_app(SKYPE)), ("select", select)]).await;
    assert_eq!(found.get("appId"), Some(&text(SKYPE)));
    assert!(
        found.get("keyCredentials").unwrap().as_list().unwrap()[0].get("key").unwrap().as_text().is_some()
    );
    assert_eq!(bench.get("get", [("path", by_app(OWN))]).await, Value::Null);
    // Four of Microsoft's own, one to a page.
    let reply = bench.reply("list", [("path", "/servicePrincipals".into())]).await.unwrap();
    assert_eq!(reply.value.as_list().unwrap().len(), 4);
    assert_eq!(sent(&reply.evidence, "GET"), 4);
    let filter = format!("appId eq '{SKYPE}'");
    let found = bench.get("list", [("path", "/servicePrincipals".into()), ("filter", filter.into())]).await;
    assert_eq!(found.as_list().unwrap().len(), 1);
    let failed = bench.fail("list", [("path", by_app(SKYPE))]).await;
    assert_eq!((failed.code, failed.hint.is_some()), (Code::GraphInvalid, true));
    for bad in ["", "https://evil.example/x", "/users/../x", "/beta/users", "/$batch"] {
        for function in ["get", "list"] {
            let failed = bench.fail(function, [("path", bad.into())]).await;
            assert_eq!((failed.code, failed.class), (Code::Argument, Class::Invalid), "{bad}");
        }
    }
}

#[tokio::test]
async fn a_batch_has_a_status_for_each_read() {
    let bench = Bench::with(principals).await;
    let requests = Value::List(vec![by_app(SKYPE), by_app(OWN), "/organization".into(), "/nothing".into()]);
    let reply = bench.reply("batch", [("requests", requests.clone())]).await.unwrap();
    assert_eq!(sent(&reply.evidence, "POST"), 2, "a sign-in and one batch");
    let rows = reply.value.as_list().unwrap();
    let statuses: Vec<i64> = rows.iter().map(|row| row.get("status").unwrap().as_int().unwrap()).collect();
    assert_eq!(statuses, [200, 404, 200, 400]);
    assert_eq!(rows[0].get("body").unwrap().get("appId"), Some(&text(SKYPE)));
    assert_eq!(rows[1].get("error"), Some(&text("Request_ResourceNotFound")));
    assert_eq!(rows[1].get("body"), Some(&Value::Null));

    // What is throttled is asked for again, alone.
    bench.inject("GET /organization", 2, Act::Throttle { retry_after: 1 });
    let reply = bench.reply("batch", [("requests", requests.clone())]).await.unwrap();
    assert_eq!(reply.value.as_list().unwrap()[2].get("status"), Some(&Value::Int(200)));
    assert_eq!(sent(&reply.evidence, "POST"), 3);
    bench.inject("GET /organization", 1, Act::Throttle { retry_after: 3600 });
    let failed = bench.fail("batch", [("requests", requests)]).await;
    assert_eq!((failed.class, failed.retry_after_ms), (Class::Transient, Some(3_600_000)));

    let many = Value::List((0..45).map(|_| "/organization".into()).collect());
    let reply = bench.reply("batch", [("requests", many)]).await.unwrap();
    assert_eq!((reply.value.as_list().unwrap().len(), sent(&reply.evidence, "POST")), (45, 3));
    for bad in [
        Value::List(vec![]),
        Value::List((0..201).map(|_| "/x".into()).collect()),
        Value::List(vec!["//x".into()]),
    ] {
        assert_eq!(bench.fail("batch", [("requests", bad)]).await.code, Code::Argument);
    }
}

#[tokio::test]
async fn writes_are_sent_once_and_told_as_they_are() {
    let bench = Bench::with(principals).await;
    let made = bench
        .get("post", [("path", "/servicePrincipals".into()), ("body", Value::from([("appId", OWN.into())]))])
        .await;
    let path: Value = format!("/servicePrincipals/{}", made.get("id").unwrap().as_text().unwrap()).into();
    let tags = |tag: &str| ("body", Value::from([("tags", Value::List(vec![tag.into()]))]));
    assert_eq!(bench.get("patch", [("path", path.clone()), tags("a")]).await, Value::Null);
    assert_eq!(
        bench.get("get", [("path", path.clone())]).await.get("tags"),
        Some(&Value::List(vec!["a".into()]))
    );

    let again = bench
        .fail("post", [("path", "/servicePrincipals".into()), ("body", Value::from([("appId", OWN.into())]))])
        .await;
    assert_eq!((again.code, again.class), (Code::GraphConflict, Class::Conflict));

    bench.inject("PATCH /servicePrincipals", 1, Act::Cut { after_effect: true });
    let failed = bench.fail("patch", [("path", path.clone()), tags("b")]).await;
    assert_eq!((failed.code, failed.class), (Code::GraphInDoubt, Class::InDoubt));
    assert_eq!(sent(&failed.evidence, "PATCH"), 1);
    bench.inject("PATCH /servicePrincipals", 1, Act::Throttle { retry_after: 3600 });
    let failed = bench.fail("patch", [("path", path.clone()), tags("c")]).await;
    assert_eq!((failed.class, failed.retry_after_ms), (Class::Transient, Some(3_600_000)));
    assert_eq!(sent(&failed.evidence, "PATCH"), 1);

    assert_eq!(bench.get("delete", [("path", path.clone())]).await, Value::Null);
    let gone = bench.fail("delete", [("path", path)]).await;
    assert_eq!((gone.code, gone.class), (Code::GraphNotFound, Class::Conflict));
    assert_eq!(bench.world.ledger().len(), 4);
}

#[tokio::test]
async fn keys_passwords_and_secrets_are_not_written_in_passing() {
    let bench = Bench::with(|spec| spec.remove = vec![Removal::ServicePrincipal(SKYPE.into())]).await;
    let body = |name: &str| ("body", Value::from([(name, Value::List(vec![]))]));
    for (function, path, body) in [
        ("patch", "/servicePrincipals/1", body("keyCredentials")),
        ("post", "/applications", body("passwordCredentials")),
        ("post", "/servicePrincipals/1/addKey", body("keyCredential")),
        ("post", "/servicePrincipals/1/owners/$ref", body("@odata.id")),
        ("patch", "/users/1", ("body", Value::from([("password", Value::Secret("graph".into()))]))),
    ] {
        let failed = bench.fail(function, [("path", path.into()), body]).await;
        assert_eq!((failed.code, failed.class), (Code::Argument, Class::Invalid), "{path}");
        assert_eq!(sent(&failed.evidence, "POST"), 0, "not even a sign-in");
    }
}

#[tokio::test]
async fn what_would_be_sent_and_what_cannot_be_undone() {
    let bench = Bench::new().await;
    let patch = [("path", "groups/1".into()), ("body", Value::from([("displayName", "x".into())]))];
    let described = bench.describe("patch", patch).await;
    assert_eq!(described[0].line, format!("PATCH {}/v1.0/groups/1", bench.tenant.graph_url()));
    assert_eq!(described[0].body, "{\n  \"displayName\": \"x\"\n}");
    let described = bench.describe("batch", [("requests", Value::List(vec!["/a".into()]))]).await;
    assert!(described[0].line.ends_with("/v1.0/$batch") && described[0].body.contains("GET /a"));
    for spec in graph::functions() {
        let generic = ["patch", "post", "delete"].contains(&spec.name.as_str());
        assert_eq!(generic, spec.reversibility == Reversibility::Irreversible, "{}", spec.name);
        assert!(!generic || spec.effect == Effect::Write);
    }
    assert!(bench.world.ledger().is_empty());
}
