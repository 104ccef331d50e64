//! Answers that no honest service gives, by name.

use contracts::{CallContext, HostCall, HostModule, HostReply};
use model::{Class, Code, Failure, Value};
use serde_json::json;

use crate::odd_server::{Asked, Odd, OddBench, Say};
use crate::support::{SKYPE, der, sent};

const HTML: &str = "<!DOCTYPE html><html><head><title>403 - Forbidden</title></head><body>IIS</body></html>";
const PRINCIPAL: &str = "5f0f7c5e-6a58-4f0b-9d0e-3c7b7f1f5a10";

async fn call<const N: usize>(
    bench: &OddBench,
    function: &str,
    arguments: [(&str, Value); N],
) -> Result<HostReply, Failure> {
    let context = std::sync::Arc::clone(&bench.context) as std::sync::Arc<dyn CallContext>;
    let arguments = arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    bench.module.call(HostCall { function: function.to_owned(), arguments, context }).await
}

async fn fail<const N: usize>(bench: &OddBench, function: &str, arguments: [(&str, Value); N]) -> Failure {
    call(bench, function, arguments).await.unwrap_err()
}

fn html(status: u16) -> Say {
    Say::Bytes(status, &[("content-type", "text/html")], HTML.into())
}

fn page(rows: &[&str], next: Option<String>) -> Say {
    let rows: Vec<_> = rows.iter().map(|id| json!({ "id": id })).collect();
    let mut body = json!({ "value": rows });
    if let Some(next) = next {
        body["@odata.nextLink"] = json!(next);
    }
    Say::Json(200, body)
}

fn principal(keys: serde_json::Value) -> Say {
    Say::Json(200, json!({ "id": PRINCIPAL, "appId": SKYPE, "displayName": "x", "keyCredentials": keys }))
}

#[tokio::test]
async fn html_is_never_graphs_word_whatever_its_status() {
    for (status, read, write) in [
        (200, (Code::GraphConnection, Class::Denied), (Code::GraphInDoubt, Class::InDoubt)),
        (401, (Code::GraphConnection, Class::Denied), (Code::GraphConnection, Class::Denied)),
        (403, (Code::GraphConnection, Class::Denied), (Code::GraphConnection, Class::Denied)),
        (404, (Code::GraphConnection, Class::Denied), (Code::GraphConnection, Class::Denied)),
        (500, (Code::GraphTransient, Class::Transient), (Code::GraphInDoubt, Class::InDoubt)),
        (503, (Code::GraphTransient, Class::Transient), (Code::GraphInDoubt, Class::InDoubt)),
    ] {
        let odd = Odd::new(move |_, _| html(status)).await;
        let bench = odd.bench();
        let failed = fail(&bench, "service_principal", [("app_id", SKYPE.into())]).await;
        assert_eq!((failed.code, failed.class), read, "{status}");
        assert!(failed.message.contains("403 - Forbidden"), "{}", failed.message);
        let failed = fail(&bench, "delete", [("path", "/groups/1".into())]).await;
        assert_eq!((failed.code, failed.class), write, "{status}");
        assert_eq!(sent(&failed.evidence, "DELETE"), 1);
    }
}

#[tokio::test]
async fn gzip_that_nobody_asked_for_is_not_unpacked() {
    let odd = Odd::new(|asked, _| {
        assert_eq!(asked.headers["accept-encoding"], "identity");
        Say::Bytes(200, &[("content-encoding", "gzip")], vec![0x1f, 0x8b, 8, 0])
    })
    .await;
    let failed = fail(&odd.bench(), "organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::GraphConnection, Class::Denied));
    assert!(failed.message.contains("gzip"), "{}", failed.message);
}

#[tokio::test]
async fn a_wait_without_end_is_handed_on_as_it_is() {
    for (value, expected) in [
        ("3600", Some(3_600_000)),
        ("Mon, 01 Jun 2026 09:00:00 GMT", Some(3_600_000)),
        ("18446744073709551615", Some(u64::MAX)),
        ("99999999999999999999", None),
        ("-5", None),
    ] {
        let headers: &'static [(&str, &str)] = Box::leak(Box::new([("retry-after", value)]));
        let body = json!({ "error": { "code": "TooManyRequests" } }).to_string().into_bytes();
        let odd = Odd::new(move |asked, _| match asked.path.as_str() {
            "/v1.0/$batch" => Say::Json(
                200,
                json!({ "responses": [{ "id": "1", "status": 429, "headers": { "Retry-After": value } }] }),
            ),
            _ => Say::Bytes(429, headers, body.clone()),
        })
        .await;
        let bench = odd.bench();
        for (function, argument) in [
            ("get", ("path", Value::text("/groups/1"))),
            ("delete", ("path", Value::text("/groups/1"))),
            ("batch", ("requests", Value::List(vec!["/groups/1".into()]))),
        ] {
            let failed = fail(&bench, function, [argument]).await;
            assert_eq!(
                (failed.code, failed.class),
                (Code::GraphTransient, Class::Transient),
                "{function} {value}"
            );
            // What cannot be read is not waited for; a batch then names the wait it would have made itself.
            if expected.is_some() || function != "batch" {
                assert_eq!(failed.retry_after_ms, expected, "{function} {value}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_and_plain_numbers_are_answers_too() {
    let odd = Odd::new(|asked, _| match asked.path.as_str() {
        "/v1.0/groups/$count" => Say::Bytes(200, &[], "\u{feff}42".as_bytes().to_vec()),
        _ => Say::Json(204, json!(null)),
    })
    .await;
    let bench = odd.bench();
    let counted = call(&bench, "get", [("path", "/groups/$count".into())]).await.unwrap().value;
    assert_eq!(counted, Value::Int(42));
    assert_eq!(call(&bench, "get", [("path", "/groups/1/x".into())]).await.unwrap().value, Value::Null);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_token_along() {
    let elsewhere = Odd::new(|_, _| Say::Json(200, json!({}))).await;
    let there: &'static str = Box::leak(elsewhere.address.clone().into_boxed_str());
    let headers: &'static [(&str, &str)] = Box::leak(Box::new([("location", there)]));
    let odd = Odd::new(move |_, _| Say::Bytes(302, headers, Vec::new())).await;
    let bench = odd.bench();
    for failed in [
        fail(&bench, "organization", []).await,
        fail(&bench, "patch", [("path", "/groups/1".into()), ("body", Value::from([("a", Value::Null)]))])
            .await,
    ] {
        assert_eq!((failed.code, failed.class), (Code::GraphConnection, Class::Denied));
        assert!(failed.message.contains("127.0.0.1"), "{}", failed.message);
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_reply_that_is_cut_in_the_middle() {
    let odd = Odd::new(|asked, count| match (asked.method.as_str(), count) {
        ("GET", 0) => Say::Cut(200, b"{\"value\": [".to_vec()),
        ("GET", _) => page(&["a"], None),
        ("POST", _) => Say::Cut(201, b"{\"id\": \"1".to_vec()),
        ("DELETE", _) => Say::Cut(204, Vec::new()),
        _ => Say::Nothing,
    })
    .await;
    let bench = odd.bench();
    let reply = call(&bench, "list", [("path", "/groups".into())]).await.unwrap();
    assert_eq!((reply.value.as_list().unwrap().len(), sent(&reply.evidence, "GET")), (1, 2));
    let body = ("body", Value::from([("displayName", "x".into())]));
    // What was made has an id, and nobody heard it.
    let failed = fail(&bench, "post", [("path", "/groups".into()), body.clone()]).await;
    assert_eq!((failed.code, failed.class), (Code::GraphInDoubt, Class::InDoubt));
    let failed = fail(&bench, "patch", [("path", "/groups/1".into()), body]).await;
    assert_eq!((failed.code, failed.class), (Code::GraphInDoubt, Class::InDoubt));
    assert_eq!(odd.asked().iter().filter(|asked| asked.method != "GET").count(), 2);
    call(&bench, "delete", [("path", "/groups/1".into())]).await.unwrap();
}

#[tokio::test]
async fn a_page_that_links_to_itself_or_elsewhere() {
    let stranger = Odd::new(|_, _| page(&["stolen"], None)).await;
    let own = |asked: &Asked| format!("http://{}", asked.headers["host"]);
    for (name, next) in [
        ("itself", None),
        ("another host", Some(format!("{}/v1.0/groups?$skiptoken=1", stranger.address))),
        ("another scheme", Some("https://127.0.0.1/v1.0/groups".to_owned())),
        ("a password", Some("http://user:pass@127.0.0.1/v1.0/groups".to_owned())),
        ("no address", Some("/v1.0/groups?$skiptoken=1".to_owned())),
        ("nothing", Some(String::new())),
    ] {
        let odd = Odd::new(move |asked, _| {
            let next = next.clone().unwrap_or_else(|| format!("{}{}", own(asked), asked.path));
            page(&["a"], Some(next))
        })
        .await;
        let failed = fail(&odd.bench(), "list", [("path", "/groups".into())]).await;
        assert_eq!((failed.code, failed.class), (Code::GraphPaging, Class::Denied), "{name}");
        assert_eq!(odd.asked().len(), 1, "{name}");
    }
    assert!(stranger.asked().is_empty());
}

#[tokio::test]
async fn pages_in_a_circle_and_lists_without_end() {
    let own = |asked: &Asked| format!("http://{}", asked.headers["host"]);
    let circle = Odd::new(move |asked, count| {
        page(&["a"], Some(format!("{}/v1.0/groups?$skiptoken={}", own(asked), count % 3)))
    })
    .await;
    let failed = fail(&circle.bench(), "list", [("path", "/groups".into())]).await;
    assert_eq!((failed.code, circle.asked().len()), (Code::GraphPaging, 4));
    let endless = Odd::new(move |asked, count| {
        page(&[], Some(format!("{}/v1.0/groups?$skiptoken={count}", own(asked))))
    })
    .await;
    let failed = fail(&endless.bench(), "list", [("path", "/groups".into())]).await;
    assert_eq!((failed.code, endless.asked().len()), (Code::GraphPaging, 200));
}

#[tokio::test]
async fn empty_pages_go_on_and_every_page_is_asked_for_in_the_same_way() {
    let own = |asked: &Asked| format!("http://{}", asked.headers["host"]);
    let odd = Odd::new(move |asked, count| match count {
        0 => page(&[], Some(format!("{}/v1.0/x?$skiptoken=A%2FB", own(asked)))),
        1 => page(&["a"], Some(format!("{}/v1.0/x?$skiptoken=2", own(asked)))),
        _ => page(&["b", "c"], None),
    })
    .await;
    let arguments = [
        ("path", "groups".into()),
        ("filter", "endswith(mail,'x')".into()),
        ("consistency", "eventual".into()),
        ("select", Value::List(vec!["id".into(), "mail".into()])),
    ];
    let found = call(&odd.bench(), "list", arguments).await.unwrap().value;
    assert_eq!(found.as_list().unwrap().len(), 3);
    let asked = odd.asked();
    assert!(asked.iter().all(|one| one.headers["consistencylevel"] == "eventual"));
    assert!(asked.iter().all(|one| one.headers["authorization"].starts_with("Bearer ")));
    assert_eq!(asked[0].path, "/v1.0/groups?$select=id,mail&$filter=endswith(mail,%27x%27)&$count=true");
    assert_eq!(asked[1].path, "/v1.0/x?$skiptoken=A%2FB", "a link is followed as it is");
}

#[tokio::test]
async fn what_is_not_there_is_said_by_graph_or_nobody() {
    let not_found = |code: &str| json!({ "error": { "code": code, "message": "gone" } });
    for (say, expected) in [
        (not_found("Request_ResourceNotFound"), None),
        (not_found("itemNotFound"), None),
        (not_found("UnknownError"), Some(Code::GraphNotFound)),
        (json!({}), Some(Code::GraphNotFound)),
    ] {
        let answer = say.clone();
        let odd = Odd::new(move |_, _| Say::Json(404, answer.clone())).await;
        let found = call(&odd.bench(), "get", [("path", "/groups/1".into())]).await;
        match expected {
            None => assert_eq!(found.unwrap().value, Value::Null),
            Some(code) => assert_eq!(found.unwrap_err().code, code, "{say}"),
        }
    }
}

#[tokio::test]
async fn a_key_in_base64url_is_sent_on_in_the_form_that_is_taken() {
    let url_safe = der("next").as_text().unwrap().replace('+', "-").replace('/', "_").replace('=', "");
    assert_ne!(url_safe, der("next").as_text().unwrap());
    let shown = url_safe.clone();
    let odd = Odd::new(move |asked, _| match asked.method.as_str() {
        "GET" => principal(json!([
            { "keyId": null, "key": shown, "type": "AsymmetricX509Cert", "usage": "Verify", "endDateTime": "2049-01-01T00:00:00Z" }
        ])),
        _ => Say::Json(204, json!(null)),
    })
    .await;
    let added = der("current").as_text().unwrap().replace('+', "-").replace('/', "_");
    let reply =
        call(&odd.bench(), "add_key_credential", [("app_id", SKYPE.into()), ("der", added.into())]).await;
    assert!(reply.is_ok(), "{reply:?}");
    let patch = odd.asked().into_iter().find(|asked| asked.method == "PATCH").unwrap();
    let keys: Vec<Value> = patch.body["keyCredentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["key"].as_str().unwrap().into())
        .collect();
    assert_eq!(keys, [der("next"), der("current")]);
}

#[tokio::test]
async fn a_null_key_is_kept_by_its_id_or_nothing_is_sent() {
    for (key_id, kept) in [(json!("b0b4"), true), (json!(null), false)] {
        let odd = Odd::new(move |asked, _| match asked.method.as_str() {
            "GET" => principal(json!([{
                "keyId": key_id, "key": null, "customKeyIdentifier": "AA==", "type": "AsymmetricX509Cert",
                "usage": "Verify", "displayName": "kept", "newProperty": { "x": 1 },
            }])),
            _ => Say::Json(204, json!(null)),
        })
        .await;
        let arguments = [("app_id", SKYPE.into()), ("der", der("current"))];
        let done = call(&odd.bench(), "add_key_credential", arguments).await;
        let patches: Vec<Asked> = odd.asked().into_iter().filter(|asked| asked.method == "PATCH").collect();
        if kept {
            done.unwrap();
            let entry = &patches[0].body["keyCredentials"][0];
            assert_eq!((&entry["keyId"], &entry["key"]), (&json!("b0b4"), &json!(null)));
            assert_eq!(
                (&entry["customKeyIdentifier"], &entry["newProperty"]),
                (&json!("AA=="), &json!({ "x": 1 }))
            );
        } else {
            let failed = done.unwrap_err();
            assert_eq!((failed.code, failed.class), (Code::KeyNotKept, Class::Conflict));
            assert!(patches.is_empty());
        }
    }
}

#[tokio::test]
async fn a_sign_in_page_that_is_no_sign_in_service() {
    let odd = Odd::new(|_, _| html(200)).await;
    let portal = odd.bench_with(|settings| settings.login_url.push_str("/portal"));
    let failed = fail(&portal, "organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::GraphConnection, Class::Denied));
    let elsewhere = odd.bench_with(|settings| settings.tenant_id = "x/../../portal".into());
    assert_eq!(fail(&elsewhere, "organization", []).await.code, Code::Settings);
    let plain = odd.bench_with(|settings| settings.graph_url = "http://graph.contoso.com".into());
    let failed = fail(&plain, "organization", []).await;
    assert_eq!((failed.code, failed.class), (Code::Settings, Class::Invalid));
}

#[tokio::test]
async fn a_batch_is_read_with_care() {
    let good = |id: &str| json!({ "id": id, "status": 200, "body": { "id": id } });
    for (responses, expected) in [
        (json!([good("2"), good("1")]), None),
        (json!([good("1")]), Some(Code::GraphInvalid)),
        (json!([good("1"), good("2"), good("3")]), Some(Code::GraphInvalid)),
        (json!([good("1"), good("0")]), Some(Code::GraphInvalid)),
        (json!("nonsense"), Some(Code::GraphInvalid)),
    ] {
        let answer = json!({ "responses": responses });
        let odd = Odd::new(move |_, _| Say::Json(200, answer.clone())).await;
        let requests = Value::List(vec!["/a".into(), "/b".into()]);
        let found = call(&odd.bench(), "batch", [("requests", requests)]).await;
        match expected {
            None => {
                let found = found.unwrap().value;
                let paths: Vec<_> =
                    found.as_list().unwrap().iter().map(|one| one.get("path").cloned()).collect();
                assert_eq!(paths, [Some("/a".into()), Some("/b".into())]);
            }
            Some(code) => assert_eq!(found.unwrap_err().code, code, "{responses}"),
        }
    }
}
