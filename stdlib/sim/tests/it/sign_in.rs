//! The token endpoint, what tokens open, and the wrong tenant.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{Answer, SKYPE, Served, entry};

fn token(served: &Served, tenant: &str, form: &str) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    served.ask("POST", &format!("/{tenant}/oauth2/v2.0/token"), &headers, form).unwrap()
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_token_names_tenant_application_and_roles() {
    let served = Served::new("");
    let tenant = served.world.spec().tenant;
    let claims = claims(&served.token);
    assert_eq!((&claims["tid"], &claims["appid"]), (&json!(tenant), &json!("me")));
    assert_eq!(claims["roles"], json!(["Application.ReadWrite.All"]));
    assert!(claims["exp"].as_i64().unwrap() > 2_000_000_000);
    assert_eq!(claims["aud"], served.tenant.graph_url());
}

#[test]
fn sign_in_is_refused_with_the_documented_errors() {
    let served = Served::new("client_id = 'me'\nclient_secret = 's'");
    let tenant = served.world.spec().tenant;
    let scope = "scope=https://graph.microsoft.com/.default";
    for (tenant, form, status, error, number) in [
        (
            "nowhere.example",
            format!("grant_type=client_credentials&client_id=me&client_secret=s&{scope}"),
            400,
            "invalid_request",
            90002,
        ),
        (
            &*tenant,
            format!("grant_type=password&client_id=me&client_secret=s&{scope}"),
            400,
            "unsupported_grant_type",
            70003,
        ),
        (
            &*tenant,
            format!("grant_type=client_credentials&client_secret=s&{scope}"),
            400,
            "invalid_request",
            900_144,
        ),
        (
            &*tenant,
            format!("grant_type=client_credentials&client_id=you&client_secret=s&{scope}"),
            400,
            "unauthorized_client",
            700_016,
        ),
        (
            &*tenant,
            "grant_type=client_credentials&client_id=me&client_secret=s&scope=User.Read".to_owned(),
            400,
            "invalid_scope",
            1_002_012,
        ),
        (
            &*tenant,
            format!("grant_type=client_credentials&client_id=me&{scope}"),
            401,
            "invalid_client",
            7_000_218,
        ),
        (
            &*tenant,
            format!("grant_type=client_credentials&client_id=me&client_secret=no&{scope}"),
            401,
            "invalid_client",
            7_000_215,
        ),
        (
            &*tenant,
            format!("grant_type=client_credentials&client_id=me&client_assertion=x&{scope}"),
            401,
            "invalid_client",
            50027,
        ),
    ] {
        let answer = token(&served, tenant, &form);
        assert_eq!((answer.status, answer.body["error"].as_str().unwrap()), (status, error), "{form}");
        assert_eq!(answer.body["error_codes"], json!([number]), "{form}");
        assert!(answer.body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")));
    }
    assert_eq!(
        token(
            &served,
            "contoso.onmicrosoft.com",
            &format!("grant_type=client_credentials&client_id=me&client_secret=s&{scope}")
        )
        .status,
        200
    );
}

#[test]
fn a_client_assertion_must_look_like_one() {
    let served = Served::new("");
    let tenant = served.world.spec().tenant;
    let url = format!("{}/{tenant}/oauth2/v2.0/token", served.tenant.login_url());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let ask = |header: Value, audience: &str| {
        let payload = json!({ "iss": "me", "sub": "me", "aud": audience, "exp": 1, "jti": "1" });
        let assertion = format!("{}.{}.c2ln", part(&header), part(&payload));
        token(&served, &tenant, &format!(
            "grant_type=client_credentials&client_id=me&scope={}/.default&client_assertion={assertion}&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
            served.tenant.graph_url()
        ))
        .status
    };
    assert_eq!(ask(json!({ "alg": "PS256", "x5t#S256": "x" }), &url), 200);
    assert_eq!(ask(json!({ "alg": "RS256", "x5t": "x" }), &url), 200);
    assert_eq!(ask(json!({ "alg": "none", "x5t": "x" }), &url), 401);
    assert_eq!(ask(json!({ "alg": "RS256" }), &url), 401);
    assert_eq!(ask(json!({ "alg": "RS256", "x5t": "x" }), "https://elsewhere"), 401);
}

#[test]
fn graph_wants_a_good_token() {
    let mut served = Served::new("token_roles = ['Application.Read.All']");
    for authorization in ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic abc"] {
        let answer =
            served.ask("GET", "/v1.0/organization", &[("authorization", authorization)], "").unwrap();
        assert_eq!((answer.status, answer.code()), (401, "InvalidAuthenticationToken"), "{authorization}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    let id = served.id(SKYPE);
    let answer =
        served.graph("PATCH", &format!("/servicePrincipals/{id}"), Some(&json!({ "tags": [] }))).unwrap();
    assert_eq!((answer.status, answer.code()), (403, "Authorization_RequestDenied"));
    let answer = token(
        &served,
        &served.world.spec().tenant,
        "grant_type=client_credentials&client_id=me&client_secret=s&scope=https://outlook.office365.com/.default",
    );
    served.token = answer.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(served.get("/organization").status, 401, "a token for another resource");
    assert!(served.world.ledger().is_empty());
}

#[test]
fn an_expired_token_is_refused_at_the_worlds_own_now() {
    let served = Served::new("token_expires = '2026-06-01T09:00:00Z'");
    assert_eq!(served.get("/organization").status, 200);
    served.world.advance(sim::Advance { seconds: 3600, ..sim::Advance::default() }).unwrap();
    assert_eq!(served.get("/organization").status, 401);
}

#[test]
fn a_token_of_the_wrong_tenant_writes_to_the_wrong_tenant() {
    let wrong = "99999999-0000-4000-8000-000000000000";
    let served = Served::new(&format!("token_tenant = '{wrong}'"));
    let before = served.world.snapshot();
    assert_eq!(served.get("/organization").body["value"][0]["id"], wrong);
    assert_eq!(served.world.snapshot(), before, "looking leaves no trace");
    assert_eq!(served.patch_keys(SKYPE, &json!([entry("current")])).status, 204);
    let after = served.world.snapshot();
    assert_eq!(after["tenants"][served.world.spec().tenant], before["tenants"][served.world.spec().tenant]);
    assert_eq!(after["tenants"][wrong][SKYPE]["keys"].as_array().unwrap().len(), 1);
    assert_eq!(served.world.ledger()[0].target, format!("{wrong}/servicePrincipals/{SKYPE}"));
}

#[test]
fn the_organisations_front_answers_without_a_login() {
    let served = Served::new("next_certificate = 'next'\nmetadata_document = 'all'");
    let document = served.ask("GET", "/autodiscover/metadata/json/1", &[], "").unwrap().body;
    assert_eq!(document["serviceName"], "00000002-0000-0ff1-ce00-000000000000");
    assert_eq!(document["keys"].as_array().unwrap().len(), 2);
    assert_eq!(document["keys"][0]["keyvalue"]["value"], crate::support::fixture("current"));
    assert_eq!(document["keys"][0]["keyinfo"]["x5t"], "58CSyDhnZMDAuQxw9IIDZmptl+E=");
    assert_eq!(document["endpoints"][0]["protocol"], "OAuth2");
    let only = Served::new("next_certificate = 'next'");
    let document = only.ask("GET", "/autodiscover/metadata/json/1", &[], "").unwrap().body;
    assert_eq!(document["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn the_challenge_names_the_trusted_issuers_unless_oauth_is_off() {
    let bearer = |answer: &Answer| {
        answer
            .headers
            .iter()
            .find(|(name, value)| name == "www-authenticate" && value.starts_with("Bearer "))
            .map(|(_, value)| value.clone())
    };
    let served = Served::new("");
    let tenant = served.world.spec().tenant;
    for method in ["GET", "POST"] {
        let answer = served.ask(method, "/ews/exchange.asmx", &[("authorization", "Bearer")], "").unwrap();
        assert_eq!(answer.status, 401);
        let challenge = bearer(&answer).unwrap();
        assert!(challenge.contains("client_id=\"00000002-0000-0ff1-ce00-000000000000\""), "{challenge}");
        assert!(
            challenge.contains(&format!("trusted_issuers=\"00000001-0000-0000-c000-000000000000@{tenant}\""))
        );
        assert!(!challenge.contains("error="));
    }
    let answer = served.ask("GET", "/ews/exchange.asmx", &[("authorization", "Bearer abc")], "").unwrap();
    assert!(bearer(&answer).unwrap().contains("error=\"invalid_token\""));
    assert!(answer.header("x-ms-diagnostics").contains("error_category"));
    assert!(bearer(&served.ask("GET", "/ews/exchange.asmx", &[], "").unwrap()).is_none());
    let off = Served::new(
        "[[set]]\nclass = 'WebServicesVirtualDirectory'\nproperties = { OAuthAuthentication = false }",
    );
    assert!(
        bearer(&off.ask("GET", "/ews/exchange.asmx", &[("authorization", "Bearer")], "").unwrap()).is_none()
    );
}

#[test]
fn a_device_code_is_pending_until_its_person_answers() {
    for (then, error) in
        [("signed-in", ""), ("declined", "authorization_declined"), ("expired", "expired_token")]
    {
        let served = Served::new(&format!("[device_code]\npending = 2\nslow_down = 1\nthen = '{then}'"));
        let tenant = served.world.spec().tenant;
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let path = format!("/{tenant}/oauth2/v2.0/devicecode");
        let begun = served.ask("POST", &path, &headers, "client_id=me&scope=x").unwrap();
        assert_eq!((begun.status, &begun.body["interval"]), (200, &json!(5)));
        let code = begun.body["device_code"].as_str().unwrap();
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=me&device_code={code}"
        );
        let mut errors = Vec::new();
        let last = loop {
            let answer = token(&served, &tenant, &form);
            let error = answer.body["error"].as_str().unwrap_or_default().to_owned();
            if !["authorization_pending", "slow_down"].contains(&&*error) {
                break answer;
            }
            errors.push(error);
        };
        assert_eq!(errors, ["slow_down", "authorization_pending"]);
        assert_eq!(last.body["error"].as_str().unwrap_or_default(), error);
        assert_eq!(token(&served, &tenant, &form).body["error"], "bad_verification_code");
        if error.is_empty() {
            let told = claims(last.body["access_token"].as_str().unwrap());
            assert_eq!((&told["scp"], &told["roles"]), (&json!("Application.ReadWrite.All"), &Value::Null));
            let refresh = last.body["refresh_token"].as_str().unwrap();
            let form = format!("grant_type=refresh_token&client_id=me&refresh_token={refresh}");
            assert_eq!(token(&served, &tenant, &form).status, 200);
            let other = token(&served, &tenant, "grant_type=refresh_token&client_id=me&refresh_token=x");
            assert_eq!((other.status, &other.body["error"]), (400, &json!("invalid_grant")));
        }
    }
}

#[test]
fn managed_identities_are_given_to_whoever_knows_the_header() {
    let served = Served::new("identity_header = 'h'");
    let query = "resource=https://graph.microsoft.com";
    let machine = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&{query}");
    let app = format!("/msi/token?api-version=2019-08-01&{query}");
    for (path, header, status) in [
        (&machine, ("metadata", "true"), 200),
        (&machine, ("x", "true"), 400),
        (&app, ("x-identity-header", "h"), 200),
        (&app, ("x-identity-header", "other"), 401),
    ] {
        let answer = served.ask("GET", path, &[header], "").unwrap();
        assert_eq!(answer.status, status, "{path} {header:?}");
        if status == 200 {
            assert_eq!(answer.body["expires_in"], "3599");
            assert_eq!(
                claims(answer.body["access_token"].as_str().unwrap())["aud"],
                "https://graph.microsoft.com"
            );
        }
    }
}

#[test]
fn anybody_may_ask_whether_a_tenant_is_known() {
    let served = Served::new("");
    let tenant = served.world.spec().tenant;
    for (tenant, status) in [(tenant.as_str(), 200), ("nowhere.example", 400)] {
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        assert_eq!(served.ask("GET", &path, &[], "").unwrap().status, status);
    }
}
