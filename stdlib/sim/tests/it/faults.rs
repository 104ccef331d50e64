//! Faults on both sides: what was done, what was answered, and that a plan repeats itself.

use serde_json::{Value, json};
use sim::{Act, Action, By, ErrorKind, Faults, Injection, World};

use crate::support::{ACCOUNT, DC1, DC2, SKYPE, Served, entry, names, refused, run, try_run, world};

fn plan(world: &World, on: &str, act: Act) {
    let injections = vec![Injection { on: on.into(), nth: 1, times: 1, act }];
    world.faults(Faults { injections, ..Faults::default() }).unwrap();
}

fn account() -> Value {
    json!({ "Name": ACCOUNT, "ExternalEmailAddress": format!("{ACCOUNT}@contoso.com"), "DomainController": DC1 })
}

#[test]
fn a_lost_answer_says_nothing_about_the_effect() {
    for (act, effects, kind) in [
        (Act::TimeoutBefore, 0, ErrorKind::OutcomeUnknown),
        (Act::TimeoutAfter, 1, ErrorKind::OutcomeUnknown),
        (Act::Cut { after_effect: false }, 0, ErrorKind::OutcomeUnknown),
        (Act::Cut { after_effect: true }, 1, ErrorKind::OutcomeUnknown),
        (Act::ServerError { status: 0, after_effect: false }, 0, ErrorKind::Failed),
        (Act::ServerError { status: 0, after_effect: true }, 1, ErrorKind::OutcomeUnknown),
        (Act::Throttle { retry_after: 7 }, 0, ErrorKind::RefusedBeforeItRan),
    ] {
        let world = world("");
        plan(&world, "New-MailUser", act.clone());
        let error = refused(&world, "New-MailUser", account());
        assert_eq!(error.kind, kind, "{act:?}");
        assert_eq!(world.ledger().len(), effects, "{act:?}");
        let again = try_run(&world, "New-MailUser", account());
        assert_eq!(again.is_ok(), effects == 0, "{act:?}: the plan is used up and the world is as it is");
    }
}

#[test]
fn throttling_says_for_how_long() {
    let world = world("[[faults.injections]]\non = 'Get-*'\nact = { throttle = { retry_after = 7 } }");
    let error = refused(&world, "Get-MailUser", json!({}));
    assert!(
        error.message.contains("after 7 seconds") && error.exception_type.ends_with("OverBudgetException")
    );
}

#[test]
fn a_second_administrator_gets_in_between() {
    let world = world("");
    plan(
        &world,
        "New-MailUser",
        Act::Other(Action::Invoke {
            cmdlet: "New-MailUser".into(),
            parameters: account().as_object().unwrap().clone(),
        }),
    );
    let error = refused(&world, "New-MailUser", account());
    assert!(error.exception_type.ends_with("ADObjectAlreadyExistsException"));
    let ledger = world.ledger();
    assert_eq!((ledger.len(), ledger[0].by, ledger[0].sequence), (1, By::Other, 1));
    assert_eq!(
        (ledger[0].what.as_str(), ledger[0].target.as_str()),
        ("New-MailUser", &*format!("MailUser/{ACCOUNT}"))
    );
}

#[test]
fn a_controller_disappears() {
    let world = world("");
    run(&world, "New-MailUser", account());
    plan(&world, "Set-MailUser", Act::DcGone { name: DC1.into() });
    let given =
        json!({ "Identity": ACCOUNT, "HiddenFromAddressListsEnabled": true, "DomainController": DC1 });
    assert!(refused(&world, "Set-MailUser", given).exception_type.ends_with("SuitabilityDirectoryException"));
    assert_eq!(run(&world, "Get-DomainController", json!({})).len(), 1);
    for _ in 0..3 {
        run(&world, "Get-MailUser", json!({ "DomainController": DC2 }));
    }
    let given = json!({ "Identity": ACCOUNT, "HiddenFromAddressListsEnabled": true });
    run(&world, "Set-MailUser", given);
    assert_eq!(run(&world, "Get-MailUser", json!({}))[0]["OriginatingServer"], DC2);
}

#[test]
fn a_write_may_be_seen_later_than_usual() {
    let world = world("replication_delay_calls = 0");
    plan(&world, "New-MailUser", Act::Stale { reads: 2 });
    run(&world, "New-MailUser", account());
    let seen: Vec<usize> =
        (0..3).map(|_| run(&world, "Get-MailUser", json!({ "DomainController": DC2 })).len()).collect();
    assert_eq!(seen, [0, 0, 1]);
}

#[test]
fn a_seed_gives_the_same_faults_each_time_and_lets_patience_win() {
    let attempt = || {
        let world = world("[faults]\nseed = 11\nrate = 0.6");
        let mut outcomes = Vec::new();
        for number in 0..20 {
            let given = json!({ "Name": format!("u{number}"), "ExternalEmailAddress": format!("u{number}@contoso.com") });
            let first = try_run(&world, "New-MailUser", given.clone());
            outcomes.push(first.as_ref().map_or_else(|error| format!("{:?}", error.kind), |_| "done".into()));
            let mut tries = 1;
            while names(&run_patiently(&world)).iter().all(|name| *name != format!("u{number}")) {
                let _ = try_run(&world, "New-MailUser", given.clone());
                tries += 1;
                assert!(tries < 9, "no more than two faults in a row");
            }
        }
        assert_eq!(world.ledger().len(), 20, "each account was made once");
        outcomes
    };
    let first = attempt();
    assert!(
        first.iter().any(|outcome| outcome == "done")
            && first.iter().any(|outcome| outcome == "OutcomeUnknown")
    );
    assert_eq!(first, attempt());
}

fn run_patiently(world: &World) -> Vec<Value> {
    (0..4)
        .find_map(|_| try_run(world, "Get-MailUser", json!({ "DomainController": DC1 })).ok())
        .unwrap()
        .objects
}

#[test]
fn over_http_a_lost_answer_is_a_closed_connection() {
    for (act, status, keys) in [
        (Act::TimeoutBefore, None, 0),
        (Act::TimeoutAfter, None, 1),
        (Act::Cut { after_effect: false }, None, 0),
        (Act::Cut { after_effect: true }, None, 1),
        (Act::ServerError { status: 502, after_effect: false }, Some(502), 0),
        (Act::ServerError { status: 0, after_effect: true }, Some(503), 1),
        (Act::Throttle { retry_after: 3 }, Some(429), 0),
    ] {
        let served = Served::new("");
        plan(&served.world, "PATCH /servicePrincipals", act.clone());
        let path = format!("/servicePrincipals/{}", served.id(SKYPE));
        let body = json!({ "keyCredentials": [entry("current")] });
        let answer = served.graph("PATCH", &path, Some(&body));
        assert_eq!(answer.as_ref().map(|answer| answer.status), status, "{act:?}");
        if status == Some(429) {
            assert_eq!(answer.unwrap().header("retry-after"), "3");
        }
        assert_eq!(served.keys(SKYPE).len(), keys, "{act:?}");
        assert_eq!(served.world.ledger().len(), keys, "{act:?}");
        assert_eq!(served.graph("PATCH", &path, Some(&body)).unwrap().status, 204, "{act:?}");
    }
}

#[test]
fn a_writer_between_read_and_patch_loses_silently() {
    let served = Served::new("");
    let operation = format!("PATCH /servicePrincipals/{SKYPE}");
    plan(
        &served.world,
        &operation,
        Act::Other(Action::Graph {
            app_id: SKYPE.into(),
            add_key: Some("someone-else".into()),
            remove_key: None,
            delete: None,
        }),
    );
    assert_eq!(served.patch_keys(SKYPE, &json!([entry("current")])).status, 204);
    assert_eq!(served.keys(SKYPE).len(), 1, "PATCH replaces what the other one had just added");
    let ledger = served.world.ledger();
    assert_eq!(ledger.iter().map(|entry| entry.by).collect::<Vec<_>>(), [By::Other, By::Us]);
    assert!(ledger[1].summary.contains("removed [\"2984AB"), "{}", ledger[1].summary);
}

#[test]
fn faults_reach_sign_in_and_the_organisations_front() {
    let served = Served::new(
        "[[faults.injections]]\non = 'POST /token'\nnth = 2\nact = 'timeout_before'\n\
         [[faults.injections]]\non = 'GET /autodiscover'\nact = { server_error = { status = 504 } }",
    );
    assert!(!served.token.is_empty(), "the first one was answered");
    let tenant = served.world.spec().tenant;
    assert!(served.ask("POST", &format!("/{tenant}/oauth2/v2.0/token"), &[], "").is_none());
    assert_eq!(served.ask("GET", "/autodiscover/metadata/json/1", &[], "").unwrap().status, 504);
    assert_eq!(served.ask("GET", "/autodiscover/metadata/json/1", &[], "").unwrap().status, 200);
}

#[test]
fn other_acts_can_be_undone_and_fail_in_words() {
    let world = world("");
    let graph = |add: Option<&str>, remove: Option<&str>| Action::Graph {
        app_id: SKYPE.into(),
        add_key: add.map(str::to_owned),
        remove_key: remove.map(str::to_owned),
        delete: None,
    };
    let before = world.snapshot();
    world.as_other_admin(&graph(Some("expired"), None)).unwrap();
    assert_ne!(world.snapshot(), before);
    world.as_other_admin(&graph(None, Some("expired"))).unwrap();
    assert_eq!(world.snapshot(), before);
    for action in [graph(None, None), graph(None, Some("next")), graph(Some("unheard-of"), None)] {
        assert!(world.as_other_admin(&action).is_err(), "{action:?}");
    }
    let action: Action = toml::from_str::<std::collections::BTreeMap<String, Action>>(
        "act = 'roll_certificate'",
    )
    .unwrap()["act"]
        .clone();
    assert_eq!(action, Action::RollCertificate);
}
