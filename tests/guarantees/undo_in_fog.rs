//! An undo whose answer is lost, and whose object cannot be looked at for longer than anybody waits: a person is asked.

use std::sync::Arc;

use contracts::{ApproveRequest, Service as _};
use model::event::Decision;
use model::run_state::RunStatus;
use model::value::Map;
use model::{Event, Life};
use serde_json::json;
use sim::{Act, Action, Faults, Injection, WorldSpec};

use crate::lab::{Lab, differences, story, written};

/// Makes a mail user, and cannot see it while a recipient called `Fog` is there.
const ACCOUNT: &str = r#"
fn probe(ctx) {
    if exchange::mail_user(#{ name: "Fog" }) != () { not_yet("there is fog", "1m"); }
    let account = exchange::mail_user(#{ name: "Room" });
    #{ objects: #{ "mail_user:Room": if account == () { () } else { #{ guid: account.guid } } } }
}
fn plan(ctx, seen) {
    if seen.objects["mail_user:Room"] != () { return []; }
    [#{ key: "create", target: "mail_user:Room", kind: "create", before: (), after: #{ guid: unknown("guid") },
        summary: "create the mail user Room" }]
}
fn apply(ctx, change) {
    let made = exchange::new_mail_user(#{ name: "Room", external_email_address: "room@contoso.com" });
    #{ guid: made.guid }
}
fn undo(ctx, change, outcome) { exchange::remove_mail_user(#{ guid: outcome.guid }); }
"#;

const MANIFEST: &str =
    "[workflow]\nid = 'room'\nversion = '1.0.0'\ntitle = 'Room'\n[steps.account]\ntitle = 'Account'\n";

fn cmdlet(name: &str, parameters: serde_json::Value) -> Action {
    let serde_json::Value::Object(parameters) = parameters else { panic!("parameters are an object") };
    Action::Invoke { cmdlet: name.to_owned(), parameters }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_that_cannot_be_looked_at_is_asked_about_and_goes_on_as_a_person_says() {
    let workflow = written(&[("workflow.toml", MANIFEST), ("steps/account.rhai", ACCOUNT)]);
    for (after_effect, decision) in [(true, Decision::Done), (false, Decision::Retry)] {
        let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
        let untouched = lab.picture().await;
        let run = lab.forward().await.expect("the run starts");
        let fog = json!({ "Name": "Fog", "ExternalEmailAddress": "fog@contoso.com" });
        let at_the_write = |act| Injection { on: "Remove-MailUser".into(), nth: 1, times: 1, act };
        let injections = vec![
            at_the_write(Act::Other(cmdlet("New-MailUser", fog))),
            at_the_write(Act::Cut { after_effect }),
        ];
        lab.world().faults(Faults { injections, ..Faults::default() }).expect("a good plan");

        let process = lab.process(Arc::clone(&lab.journal));
        lab.undo(&process, run).await.expect("the undo begins");
        let records = lab.records(run).await;
        let asked = records.iter().any(
            |record| matches!(&record.event, Event::Asked { why, undo: true, .. } if why.contains("fog")),
        );
        assert!(asked, "{}", story(&records));
        assert!(
            !records.iter().any(|record| matches!(record.event, Event::StepFailed { .. })),
            "what was done stays done\n{}",
            story(&records)
        );
        assert_eq!(lab.state(run).await.status(false), RunStatus::InDoubt);

        let lifted = cmdlet("Remove-MailUser", json!({ "Identity": "Fog", "Confirm": false }));
        lab.world().as_other_admin(&lifted).expect("the fog lifts");
        let answer = ApproveRequest {
            by: "tester".into(),
            step: Some("account".into()),
            choice: Some(decision),
            note: Some("looked at the recipients".into()),
            ..ApproveRequest::default()
        };
        process.approve(run, answer).await.expect("an answer");
        process.idle().await;
        let tale = story(&lab.records(run).await);
        assert_eq!(lab.state(run).await.life, Life::Undone, "{tale}");
        assert_eq!(differences(&lab.picture().await, &untouched), Vec::<String>::new(), "{tale}");
        let removals =
            lab.our_effects().iter().filter(|effect| effect.starts_with("Remove-MailUser")).count();
        assert_eq!(removals, 1, "{tale}");
    }
}
