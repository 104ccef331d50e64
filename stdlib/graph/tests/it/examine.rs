//! What is wrong with a connection, and what to do about it.

use std::sync::Arc;

use contracts::{Check, CheckVerdict, HostModule, SecretText};
use graph::{Credential, GraphSettings};
use serde_json::json;
use sim::{Act, Removal, WorldSpec};

use crate::odd_server::{Odd, Say, TENANT};
use crate::support::{Bench, SKYPE, identity};

fn find<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks
        .iter()
        .find(|check| check.name == name)
        .unwrap_or_else(|| panic!("no check '{name}' in {checks:#?}"))
}

async fn examined(bench: &Bench) -> Vec<Check> {
    let checks = bench.module.examine(Arc::clone(&bench.context) as _).await;
    for check in &checks {
        assert_eq!(check.area, "graph");
        assert!(check.verdict != CheckVerdict::NotSo || check.advice.is_some(), "{check:?}");
        assert!(!format!("{check:?}").contains("hunter2"));
    }
    checks
}

#[tokio::test]
async fn all_is_well() {
    let bench = Bench::settings(|_| {}, |settings, _| settings.probe_app_id = Some(SKYPE.into())).await;
    let checks = examined(&bench).await;
    let expected = [
        ("login", CheckVerdict::So),
        ("tenant-known", CheckVerdict::So),
        ("endpoint", CheckVerdict::So),
        ("sign-in", CheckVerdict::So),
        ("permissions-read", CheckVerdict::So),
        ("permissions-write", CheckVerdict::So),
        ("organization", CheckVerdict::So),
        ("service-principal", CheckVerdict::So),
    ];
    // The simulator's server tells the real time, and this world has one of its own.
    let found: Vec<_> = checks
        .iter()
        .filter(|check| check.name != "clock")
        .map(|check| (check.name.as_str(), check.verdict))
        .collect();
    assert_eq!(found, expected);
    assert!(bench.world.ledger().is_empty());
}

#[tokio::test]
async fn what_is_wrong_in_the_tenant() {
    type Change = fn(&mut WorldSpec);
    type Set = fn(&mut GraphSettings);
    for (change, set, name, verdict, part) in [
        (
            (|_| {}) as Change,
            (|settings| settings.tenant_id = "11111111-0000-4000-8000-000000000000".into()) as Set,
            "tenant-known",
            CheckVerdict::NotSo,
            "cloud",
        ),
        (|spec| spec.client_secret = Some("other".into()), |_| {}, "sign-in", CheckVerdict::NotSo, "value"),
        (|spec| spec.client_id = Some("other".into()), |_| {}, "sign-in", CheckVerdict::NotSo, "client id"),
        (
            |spec| spec.token_tenant = Some("99999999-0000-0000-0000-000000000000".into()),
            |_| {},
            "token-tenant",
            CheckVerdict::NotSo,
            "tenant id",
        ),
        (
            |spec| spec.token_roles = vec!["Application.Read.All".into()],
            |_| {},
            "permissions-write",
            CheckVerdict::NotSo,
            "Application.ReadWrite.All",
        ),
        (|spec| spec.token_roles = vec![], |_| {}, "permissions-read", CheckVerdict::NotSo, "consent"),
        (
            |spec| spec.token_roles = vec![],
            |_| {},
            "organization",
            CheckVerdict::CannotTell,
            "Organization.Read.All",
        ),
        (
            |spec| spec.token_roles = vec![],
            |_| {},
            "service-principal",
            CheckVerdict::NotSo,
            "Application.Read.All",
        ),
        (
            |spec| spec.remove = vec![Removal::ServicePrincipal(SKYPE.into())],
            |_| {},
            "service-principal",
            CheckVerdict::NotSo,
            "administrator",
        ),
        (
            |_| {},
            |settings| {
                settings.write = Some(identity(Credential::SecretText(SecretText::new(String::new()))));
            },
            "sign-in-write",
            CheckVerdict::NotSo,
            "public client",
        ),
    ] {
        let bench = Bench::settings(change, |settings, _| {
            settings.probe_app_id = Some(SKYPE.into());
            set(settings);
        })
        .await;
        let checks = examined(&bench).await;
        let check = find(&checks, name);
        assert_eq!(check.verdict, verdict, "{check:?}");
        assert!(check.advice.as_ref().unwrap().contains(part), "{check:?}");
    }
}

#[tokio::test]
async fn a_certificate_is_looked_at_before_it_is_used() {
    for (certificate, verdict, part) in [
        (&include_bytes!("fixtures/client.crt.pem")[..], CheckVerdict::So, "2049"),
        (b"", CheckVerdict::NotSo, "BEGIN CERTIFICATE"),
    ] {
        let credential = Credential::Certificate { certificate: certificate.to_vec(), key: "key".into() };
        let bench = Bench::credential(|_| {}, credential).await;
        let key = include_str!("fixtures/client.rsa.pem").to_owned();
        bench.context.secrets.lock().unwrap().insert("key".into(), key);
        let checks = examined(&bench).await;
        let check = find(&checks, "sign-in-certificate");
        assert_eq!(check.verdict, verdict);
        assert!(check.seen.contains(part), "{check:?}");
        assert_eq!(find(&checks, "sign-in").verdict, verdict);
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_no_answer() {
    let bench = Bench::new().await;
    bench.inject("POST /token", 1, Act::Throttle { retry_after: 60 });
    let checks = examined(&bench).await;
    assert_eq!(find(&checks, "sign-in").verdict, CheckVerdict::CannotTell);
    assert_eq!(checks.last().unwrap().name, "sign-in", "what depends on it is left out");
}

#[tokio::test]
async fn hosts_that_are_not_there_or_not_themselves() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let bench = Bench::settings(|_| {}, |settings, _| settings.graph_url = nobody).await;
    let checks = examined(&bench).await;
    assert_eq!(find(&checks, "login").verdict, CheckVerdict::So);
    assert_eq!(find(&checks, "endpoint").verdict, CheckVerdict::NotSo);
    assert!(find(&checks, "endpoint").advice.as_ref().unwrap().contains("firewall"));
    assert!(checks.iter().all(|check| check.name != "sign-in"));

    let portal =
        Odd::new(|_, _| Say::Bytes(200, &[("date", "Mon, 01 Jun 2026 09:00:00 GMT")], b"<html>".to_vec()))
            .await;
    let checks = portal.bench().examined().await;
    assert_eq!(find(&checks, "login").verdict, CheckVerdict::NotSo);
    let plain = portal.bench_with(|settings| settings.login_url = "http://login.contoso.com".into());
    assert_eq!(find(&plain.examined().await, "settings").verdict, CheckVerdict::NotSo);
}

#[tokio::test]
async fn clocks_that_differ() {
    for (date, verdict, part) in [
        ("Mon, 01 Jun 2026 08:00:30 GMT", CheckVerdict::So, "30 s"),
        ("Mon, 01 Jun 2026 07:59:00 GMT", CheckVerdict::So, "60 s"),
        ("Mon, 01 Jun 2026 09:00:00 GMT", CheckVerdict::NotSo, "3600 s"),
        ("Mon, 01 Jun 2026 07:00:00 GMT", CheckVerdict::NotSo, "3600 s"),
        ("yesterday", CheckVerdict::CannotTell, "did not say"),
    ] {
        let headers: &'static [(&str, &str)] = Box::leak(Box::new([("date", date)]));
        let body = json!({ "value": [{ "id": TENANT, "displayName": "x" }] }).to_string().into_bytes();
        let odd = Odd::new(move |_, _| Say::Bytes(200, headers, body.clone())).await;
        let checks = odd.bench().examined().await;
        let check = find(&checks, "clock");
        assert_eq!(check.verdict, verdict, "{date}");
        assert!(check.seen.contains(part), "{check:?}");
    }
}
