//! Reading service principals: shapes, `$select`, `$filter`, pages, the keyCredentials limit; creating and deleting.

use serde_json::{Value, json};

use crate::support::{EXCHANGE, SKYPE, Served};

#[test]
fn one_is_read_by_object_id_and_by_application_id() {
    let served = Served::new("");
    let id = served.id(SKYPE);
    for path in [format!("/servicePrincipals/{id}"), format!("/servicePrincipals(appId='{SKYPE}')")] {
        let answer = served.get(&path);
        assert_eq!(answer.status, 200);
        assert_eq!((&answer.body["id"], &answer.body["appId"]), (&json!(id), &json!(SKYPE)));
        assert_eq!(answer.body["appOwnerOrganizationId"], "f8cdef31-a31e-4b4a-93e4-5f571e91255a");
        assert!(answer.body["@odata.context"].as_str().unwrap().ends_with("#servicePrincipals/$entity"));
        assert_eq!(answer.header("request-id").len(), 36);
    }
    let keys = served.get(&format!("/servicePrincipals/{id}?$select=keyCredentials"));
    let mut fields: Vec<&String> = keys.body.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["@odata.context", "keyCredentials"], "the id comes only when asked for");
}

#[test]
fn errors_have_graphs_shape_and_echo_the_request_id() {
    let served = Served::new("");
    let bearer = format!("Bearer {}", served.token);
    let headers = [("authorization", bearer.as_str()), ("client-request-id", "abc")];
    let answer = served
        .ask("GET", "/v1.0/servicePrincipals/00000000-0000-0000-0000-000000000000", &headers, "")
        .unwrap();
    assert_eq!((answer.status, answer.code()), (404, "Request_ResourceNotFound"));
    assert_eq!(answer.header("client-request-id"), "abc");
    let inner = &answer.body["error"]["innerError"];
    assert_eq!(inner["client-request-id"], "abc");
    assert_eq!(inner["request-id"], answer.header("request-id"));
    assert_eq!(inner["date"], "2026-06-01T08:00:00", "no time zone, as the service has it");
}

#[test]
fn questions_that_graph_does_not_take() {
    let served = Served::new("");
    for (path, status, code) in [
        ("/servicePrincipals?$filter=appId ne 'x'", 400, "Request_UnsupportedQuery"),
        ("/servicePrincipals?$filter=appId eq x", 400, "Request_UnsupportedQuery"),
        ("/servicePrincipals?$filter=appId eq 'x' or id eq 'y'", 400, "Request_UnsupportedQuery"),
        ("/servicePrincipals?$select=colour", 400, "Request_BadRequest"),
        ("/servicePrincipals?$top=0", 400, "Request_BadRequest"),
        ("/servicePrincipals?$skiptoken=x", 400, "Directory_ExpiredPageToken"),
        ("/nonsense", 400, "Request_BadRequest"),
    ] {
        let answer = served.get(path);
        assert_eq!((answer.status, answer.code()), (status, code), "{path}");
    }
    assert_eq!(served.graph("PUT", "/servicePrincipals", None).unwrap().status, 405);
    assert_eq!(served.ask("GET", "/v2.0/x", &[], "").unwrap().status, 404);
}

#[test]
fn a_filter_finds_one_or_none() {
    let served = Served::new("");
    let found = |filter: &str| {
        served.get(&format!("/servicePrincipals?$filter={filter}&$select=appId")).body["value"].clone()
    };
    assert_eq!(found(&format!("appId eq '{SKYPE}'")), json!([{ "appId": SKYPE }]));
    assert_eq!(found("displayName eq 'Office 365 Exchange Online'"), json!([{ "appId": EXCHANGE }]));
    assert_eq!(found("appId eq 'nobody''s'"), json!([]));
}

#[test]
fn keys_are_shown_for_a_single_object_that_is_asked_for_them() {
    let served = Served::new("");
    let key = |path: &str| served.get(path).body;
    let single = format!("/servicePrincipals(appId='{EXCHANGE}')");
    assert_eq!(key(&single)["keyCredentials"][0]["key"], Value::Null);
    assert!(key(&format!("{single}?$select=keyCredentials"))["keyCredentials"][0]["key"].is_string());
    let list = format!("/servicePrincipals?$filter=appId eq '{EXCHANGE}'&$select=keyCredentials");
    assert_eq!(key(&list)["value"][0]["keyCredentials"][0]["key"], Value::Null);
    let generous = Served::new("list_returns_key = true");
    assert!(generous.get(&list).body["value"][0]["keyCredentials"][0]["key"].is_string());
}

#[test]
fn a_list_comes_in_pages() {
    let served = Served::new("page_size = 3");
    let first = served.get("/servicePrincipals?$select=appId").body;
    assert_eq!(first["value"].as_array().unwrap().len(), 3);
    let link = first["@odata.nextLink"].as_str().unwrap();
    let path = link.strip_prefix(&format!("{}/v1.0", served.tenant.graph_url())).unwrap();
    let second = served.get(path).body;
    assert_eq!(second["value"].as_array().unwrap().len(), 1);
    assert!(second["@odata.nextLink"].is_null());
    assert_eq!(second["value"][0].as_object().unwrap().len(), 1, "the link carries the selection");
}

#[test]
fn reads_of_keys_are_limited() {
    let served = Served::new("key_reads_per_minute = 2");
    let path = format!("/servicePrincipals(appId='{SKYPE}')?$select=id,keyCredentials");
    let statuses: Vec<u16> = (0..5).map(|_| served.get(&path).status).collect();
    assert_eq!(statuses, [200, 200, 429, 200, 200]);
    let refused = served.get(&path);
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    assert_eq!(served.get(&format!("/servicePrincipals(appId='{SKYPE}')")).status, 200);
}

#[test]
fn a_missing_service_principal_is_made_once() {
    let served = Served::new(&format!("remove = [{{ service_principal = '{SKYPE}' }}]\nstale_reads = 1"));
    let single = format!("/servicePrincipals(appId='{SKYPE}')");
    assert_eq!(served.get(&single).status, 404);
    let made = served.graph("POST", "/servicePrincipals", Some(&json!({ "appId": SKYPE }))).unwrap();
    assert_eq!((made.status, &made.body["appId"]), (201, &json!(SKYPE)));
    assert_eq!(served.get(&single).status, 404, "not seen yet");
    assert_eq!(served.get(&single).body["id"], made.body["id"]);
    let again = served.graph("POST", "/servicePrincipals", Some(&json!({ "appId": SKYPE }))).unwrap();
    assert_eq!((again.status, again.code()), (409, "Request_MultipleObjectsWithSameKeyValue"));
    let unknown = served.graph("POST", "/servicePrincipals", Some(&json!({ "appId": "x" }))).unwrap();
    assert_eq!((unknown.status, unknown.code()), (400, "NoBackingApplicationObject"));
    let path = format!("/servicePrincipals/{}", made.body["id"].as_str().unwrap());
    assert_eq!(served.graph("DELETE", &path, None).unwrap().status, 204);
    assert_eq!(served.get(&single).status, 404);
    let done: Vec<String> = served.world.ledger().into_iter().map(|entry| entry.what).collect();
    assert_eq!(done, ["POST /servicePrincipals", "DELETE /servicePrincipals"]);
}

#[test]
fn the_organisation_names_its_tenant_and_domains() {
    let served = Served::new("");
    let organization = &served.get("/organization").body["value"][0];
    assert_eq!(organization["id"], served.world.spec().tenant);
    assert_eq!(organization["verifiedDomains"][1]["name"], "contoso.com");
}

#[test]
fn a_batch_answers_each_request_by_itself_in_an_order_of_its_own() {
    let served = Served::new("");
    let one = |id: &str, method: &str, url: &str| json!({ "id": id, "method": method, "url": url });
    let requests = json!({ "requests": [
        one("1", "GET", &format!("/servicePrincipals(appId='{SKYPE}')?$select=id,appId")),
        one("2", "GET", "/servicePrincipals/nobody"),
        one("3", "DELETE", &format!("/servicePrincipals(appId='{EXCHANGE}')")),
    ] });
    let answer = served.graph("POST", "/$batch", Some(&requests)).unwrap();
    let rows = answer.body["responses"].as_array().unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (row["id"].as_str().unwrap(), row["status"].as_u64().unwrap())).collect();
    assert_eq!(told, [("3", 204), ("2", 404), ("1", 200)]);
    assert_eq!(rows[2]["body"]["appId"], SKYPE);
    assert_eq!(served.world.ledger().len(), 1);

    let many: Vec<Value> = (0..21).map(|index| one(&index.to_string(), "GET", "/organization")).collect();
    for bad in [
        json!({ "requests": many }),
        json!({ "requests": [] }),
        json!({ "requests": [one("1", "GET", "/organization"), one("1", "GET", "/organization")] }),
        json!({ "requests": [one("1", "GET", "organization")] }),
        json!("nonsense"),
    ] {
        assert_eq!(served.graph("POST", "/$batch", Some(&bad)).unwrap().status, 400, "{bad}");
    }
    let nested = json!({ "requests": [one("1", "POST", "/$batch")] });
    let answer = served.graph("POST", "/$batch", Some(&nested)).unwrap();
    assert_eq!(answer.body["responses"][0]["status"], 400);
}
