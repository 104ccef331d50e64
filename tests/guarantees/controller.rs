//! The domain controller of a run goes away at any write: another one is pinned, every finished step is looked at again
//! before the next write, and nothing is done twice.

use std::collections::{BTreeMap, BTreeSet};

use model::value::Map;
use model::{Code, Event, Life, Record, Value, Workflow};
use sim::{Act, By, Faults, Injection, WorldSpec};

use crate::lab::{Lab, shipped, story, written};

const PIN: &str = "domain_controller";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_goes_away_at_any_write_of_a_run() {
    let mut gone = 0;
    for (id, workflow) in shipped() {
        let lab = fresh(&workflow).await;
        let run = lab.forward().await.expect("the run starts");
        let effects = effects_of(&lab);
        let first = pinned_by(&lab.records(run).await).remove(0);
        for (operation, nth) in writes(&lab) {
            let name = format!("{id}, {operation} {nth}");
            let lab = fresh(&workflow).await;
            let act = Act::DcGone { name: first.clone() };
            let injection = Injection { on: operation, nth, times: 1, act };
            lab.world()
                .faults(Faults { injections: vec![injection], ..Faults::default() })
                .expect("a fault plan");
            let run = lab.forward().await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
            let records = lab.records(run).await;
            assert_eq!(lab.state(run).await.life, Life::Succeeded, "{name}:\n{}", story(&records));
            assert_eq!(effects_of(&lab), effects, "{name}:\n{}", story(&records));
            let pins = pinned_by(&records);
            assert_eq!((pins.len(), &pins[0]), (2, &first), "{name}: {pins:?}");
            assert_ne!(pins[1], first, "{name}");
            looked_again(&records, &first, &name);
            gone += 1;
        }
    }
    assert!(gone > 5, "only {gone} writes lost their controller");
}

async fn fresh(workflow: &Workflow) -> Lab {
    Lab::new(workflow, &WorldSpec::default(), Map::new()).await
}

/// Steps beside one another may end in any order.
fn effects_of(lab: &Lab) -> Vec<String> {
    let mut effects = lab.our_effects();
    effects.sort();
    effects
}

/// What the run wrote to Exchange: the cmdlet, and which of its calls it was, from 1. Writes over HTTP know no controller.
fn writes(lab: &Lab) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let ours = lab.world().ledger().into_iter().filter(|entry| entry.by == By::Us).map(|entry| entry.what);
    ours.filter(|operation| !operation.contains(' '))
        .map(|operation| {
            let count = counts.entry(operation.clone()).or_default();
            *count += 1;
            (operation, *count)
        })
        .collect()
}

/// The controllers that were pinned, in order. Steps beside one another may find out at the same time.
fn pinned_by(records: &[Record]) -> Vec<String> {
    let mut pins: Vec<String> = records.iter().filter_map(|record| pin(&record.event)).collect();
    pins.dedup();
    pins
}

fn pin(event: &Event) -> Option<String> {
    match event {
        Event::PinSet { name, value: Value::Text(controller), .. } if name == PIN => Some(controller.clone()),
        _ => None,
    }
}

/// Between the second pin and the next write to Exchange, every step that was finished by then is found to hold. A write
/// to the tenant that was under way beside it goes on: it knows no controller.
fn looked_again(records: &[Record], first: &str, name: &str) {
    let mut replaced = false;
    let (mut done, mut refreshed) = (BTreeSet::new(), BTreeSet::new());
    for record in records {
        replaced |= pin(&record.event).is_some_and(|controller| controller != first);
        match &record.event {
            Event::StepDone { step, .. } if !replaced => {
                done.insert(step.clone());
            }
            Event::Refreshed { step } if replaced => {
                refreshed.insert(step.clone());
            }
            Event::Intent { function, .. } if replaced && function.starts_with("exchange::") => {
                let missed: Vec<_> = done.difference(&refreshed).collect();
                assert!(missed.is_empty(), "{name}: not looked at again: {missed:?}\n{}", story(records));
                return;
            }
            _ => {}
        }
    }
    assert!(replaced, "{name}:\n{}", story(records));
}

/// Reads once more before it writes, and does not mind when that fails.
const CARELESS: &str = r#"
fn probe(ctx) {
    let account = exchange::mail_user(#{ name: "probe" });
    #{ objects: #{ "mail_user:probe": if account == () { () } else { #{ address: account.external_email_address } } } }
}

fn plan(ctx, seen) {
    if seen.objects["mail_user:probe"] != () { return []; }
    [#{
        key: "create", target: "mail_user:probe", kind: "create", before: (),
        after: #{ address: "probe@contoso.com" }, summary: "create a mail user",
    }]
}

fn apply(ctx, change) {
    try { exchange::exchange_servers(); } catch { }
    let made = exchange::new_mail_user(#{ name: "probe", external_email_address: "probe@contoso.com" });
    #{ guid: made.guid }
}

fn verify(ctx, seen) {
    if seen.objects["mail_user:probe"] == () { not_yet("it is not to be seen yet", "15s"); }
}

fn undo(ctx, change, outcome) {
    exchange::remove_mail_user(#{ guid: outcome.guid });
}
"#;

const MANIFEST: &str = r#"
[workflow]
id = "careless"
version = "1.0.0"
title = "A step that loses its controller between its looks and its write"

[steps.account]
title = "A mail user"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phase_that_loses_its_controller_does_not_write_through_another() {
    let workflow = written(&[("workflow.toml", MANIFEST), ("steps/account.rhai", CARELESS)]);
    let lab = fresh(&workflow).await;
    let act = Act::DcGone { name: "dc1.contoso.lab".into() };
    let injection = Injection { on: "Get-ExchangeServer".into(), nth: 1, times: 1, act };
    lab.world().faults(Faults { injections: vec![injection], ..Faults::default() }).expect("a fault plan");
    let run = lab.forward().await.expect("the run starts");
    let records = lab.records(run).await;
    assert_eq!(lab.state(run).await.life, Life::Succeeded, "{}", story(&records));
    assert_eq!(pinned_by(&records), ["dc1.contoso.lab", "dc2.contoso.lab"]);
    let place = |wanted: fn(&Event) -> bool| records.iter().position(|record| wanted(&record.event));
    let refused =
        place(|event| matches!(event, Event::Retries { failure, .. } if failure.code == Code::PlanStale));
    let sent = place(|event| matches!(event, Event::Intent { .. }));
    assert!(refused.is_some() && refused < sent, "{refused:?}, {sent:?}:\n{}", story(&records));
}
