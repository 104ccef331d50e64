//! One run in which everything happened that can happen to one, and how it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::event::Decision;
use model::value::Map;
use model::{
    Applied, Attachment, ChangeKind, Choice, Class, Code, Digest, Event, Failure, Intervention, Ownership,
    Pinned, Plan, PlannedStep, Record, Repin, RunId, RunState, StepOutlook, UndoEntry, UndoScope, Value,
};

use super::Dossier;
use crate::Style;
use crate::fixtures::{chained, change, workflow};

const FIRST: &[u8] = b"1";
const SECOND: &[u8] = b"2";

fn map(name: &str, value: &str) -> Map {
    Map::from([(name.to_owned(), Value::text(value))])
}

fn planned(flow: &model::Workflow, changes: &[model::Change]) -> Event {
    let step = PlannedStep {
        step: "account".into(),
        title: "Step account".into(),
        outlook: if changes.is_empty() { StepOutlook::Done } else { StepOutlook::Changes },
        changes: changes.to_vec(),
        already: Map::new(),
        script: "steps/account.rhai".into(),
        origin: "shipped".into(),
    };
    Event::Planned { plan: Plan::new(flow, "contoso", Map::new(), vec![step]) }
}

fn intent(key: &str, function: &str, undo: bool) -> Event {
    Event::Intent {
        step: "account".into(),
        key: key.into(),
        attempt: 1,
        function: function.into(),
        arguments: Map::new(),
        settle_ms: 0,
        undo,
    }
}

fn outcome(key: &str, request: &str, undo: bool) -> Event {
    let applied =
        Applied { ownership: Ownership::Ours, outcome: Value::Null, evidence: map("request_id", request) };
    Event::Outcome { step: "account".into(), key: key.into(), applied, undo }
}

fn entry(key: &str, choice: Choice) -> UndoEntry {
    let left = (choice == Choice::Leave).then(|| "a person left it as it is".to_owned());
    UndoEntry { step: "account".into(), key: key.into(), left, expected: Value::Null, choice: Some(choice) }
}

fn stepped_in(step: &str, intervention: Intervention, by: &str, note: &str, files: Vec<Attachment>) -> Event {
    Event::Intervened { step: step.into(), intervention, by: by.into(), note: Some(note.into()), files }
}

/// A lost answer that a person settled, a step that failed, was tried again and got other code under another name, one
/// that was skipped, one that was vouched for, a move to another store, and an undo in part with two conflicts.
fn eventful() -> (RunState, Vec<Record>) {
    let first = workflow(&[("account", &[]), ("role", &["account"]), ("certificate", &["role"])]);
    let mut second = workflow(&[("account", &[]), ("rights", &["account"]), ("certificate", &["rights"])]);
    second.version = "1.1.0".into();
    let changes = [
        change("create", ChangeKind::Create, Value::Null, map("mail", "a@contoso.com").into()),
        change(
            "hide",
            ChangeKind::Update,
            Value::from([("hidden", Value::Bool(false))]),
            Value::from([("hidden", Value::Bool(true))]),
        ),
    ];
    let account = || "account".into();
    let role = || "role".into();
    let lost = Failure::new(Code::ScriptError, Class::Bug, "there is no role of that name".to_owned());
    let (plan, other_plan) = (planned(&first, &changes), planned(&second, &[]));
    let approved = |plan: &Event, note: Option<String>| match plan {
        Event::Planned { plan } => Event::Approved { digest: plan.digest, by: "bob".into(), note },
        other => panic!("{other:?} is no plan"),
    };
    let approvals = (approved(&plan, Some("change 4711".into())), approved(&other_plan, None));
    let events = vec![
        Event::RunCreated {
            run: RunId::new(0, 1),
            workflow: Digest::of_bytes(FIRST),
            workflow_id: first.id.clone(),
            version: first.version.clone(),
            target: "contoso".into(),
            params: Map::new(),
            by: "ann".into(),
            approves_later: true,
            binding: None,
        },
        plan,
        approvals.0,
        Event::StepReady { step: account(), with: Map::new() },
        Event::StepPlanned { step: account(), changes: changes.to_vec(), already: Map::new() },
        intent("create", "exchange::new_mail_user", false),
        Event::Doubted {
            step: account(),
            key: "create".into(),
            why: "the connection broke".into(),
            undo: false,
        },
        Event::Asked { step: account(), key: "create".into(), why: "it is neither".into(), undo: false },
        Event::Decided {
            step: account(),
            key: "create".into(),
            decision: Decision::Done,
            by: "cem".into(),
            note: Some("seen in the console".into()),
            files: vec![Attachment::new("console.png", b"console")],
            undo: false,
        },
        intent("hide", "exchange::set_mail_user", false),
        outcome("hide", "b83d2b24", false),
        Event::StepDone {
            step: account(),
            outputs: map("guid", "17"),
            left: Map::from([("thing:hide".to_owned(), Value::from([("hidden", Value::Bool(true))]))]),
        },
        Event::StepReady { step: role(), with: map("account", "17") },
        Event::StepFailed { step: role(), failure: lost.clone() },
        Event::Finished { succeeded: false },
        stepped_in("role", Intervention::Retry, "dan", "the role is there now", vec![]),
        Event::StepFailed { step: role(), failure: lost },
        Event::Finished { succeeded: false },
        Event::Repinned(Repin {
            workflow: Digest::of_bytes(SECOND),
            version: second.version.clone(),
            params: Map::new(),
            moved: BTreeMap::from([("rights".into(), "role".into())]),
            changed: BTreeSet::from(["rights".into()]),
            approves_later: true,
            by: "eve".into(),
            note: Some("the role has another name here".into()),
        }),
        other_plan,
        approvals.1,
        Event::TakenOver { by: "fay".into(), note: Some("the old server is gone".into()) },
        stepped_in("rights", Intervention::Skip, "gus", "granted by hand | yesterday", vec![]),
        stepped_in(
            "certificate",
            Intervention::Done,
            "gus",
            "seen in the portal",
            vec![Attachment::new("portal.png", b"portal")],
        ),
        Event::StepReady { step: "certificate".into(), with: Map::new() },
        Event::StepDone { step: "certificate".into(), outputs: Map::new(), left: Map::new() },
        Event::Finished { succeeded: true },
        Event::UndoStarted {
            by: "hal".into(),
            digest: Digest::of_bytes(b"undo"),
            entries: vec![entry("hide", Choice::Overrule), entry("create", Choice::Leave)],
            scope: UndoScope::Only(account()),
            note: Some("agreed with support".into()),
        },
        intent("hide", "exchange::set_mail_user", true),
        outcome("hide", "c91e00aa", true),
        Event::UndoneInPart,
    ];
    let records = chained(events);
    let pinned = Pinned::from([
        (Digest::of_bytes(FIRST), Arc::new(first)),
        (Digest::of_bytes(SECOND), Arc::new(second)),
    ]);
    (RunState::fold(pinned, &records).expect("a legal history"), records)
}

#[test]
fn all_that_happened_to_a_run_reads_well() {
    let (state, records) = eventful();
    let dossier = Dossier::new(&state, &records, true);
    for (told, expected) in [
        (dossier.text(Style::Plain), include_str!("eventful.txt")),
        (dossier.markdown(), include_str!("eventful.md")),
    ] {
        assert!(told == expected, "it reads:\n{told}");
    }
}
