//! What another administrator changed after the run is named, exactly that, and stands in the way of undo.

use std::sync::Arc;

use contracts::{Service, UndoRequest, UndoVerdict, UndoWanted};
use model::value::Map;
use model::{Code, Life};
use sim::{Action, WorldSpec};

use crate::lab::{Lab, differences, shipped, story};

/// An act of another administrator, how it is taken back, and the places it must show at.
struct Meddling {
    act: Action,
    back: Action,
    shows: &'static [(&'static str, &'static str)],
}

fn cmdlet(line: &str, parameters: serde_json::Value) -> Action {
    let serde_json::Value::Object(parameters) = parameters else { panic!("parameters are an object") };
    Action::Invoke { cmdlet: line.to_owned(), parameters }
}

/// One act for every kind of object that the workflow leaves behind.
fn meddlings(workflow: &str) -> Vec<Meddling> {
    use serde_json::json;
    match workflow {
        "sfb-online" => vec![
            Meddling {
                act: cmdlet(
                    "Set-MailUser",
                    json!({ "Identity": "SfBOnline-ApplicationAccount", "HiddenFromAddressListsEnabled": false }),
                ),
                back: cmdlet(
                    "Set-MailUser",
                    json!({ "Identity": "SfBOnline-ApplicationAccount", "HiddenFromAddressListsEnabled": true }),
                ),
                shows: &[("mail_user:SfBOnline-ApplicationAccount", "hidden_from_address_lists_enabled")],
            },
            Meddling {
                act: cmdlet("Set-PartnerApplication", json!({ "Identity": "SfBOnline", "Enabled": false })),
                back: cmdlet("Set-PartnerApplication", json!({ "Identity": "SfBOnline", "Enabled": true })),
                shows: &[("partner_application:00000004-0000-0ff1-ce00-000000000000", "enabled")],
            },
            Meddling {
                act: cmdlet("Add-ManagementRoleEntry", json!({ "Identity": "TeamsApp\\SendItem" })),
                back: cmdlet(
                    "Remove-ManagementRoleEntry",
                    json!({ "Identity": "TeamsApp\\SendItem", "Confirm": false }),
                ),
                shows: &[("management_role:TeamsApp", "entries")],
            },
        ],
        other => panic!("say here what another administrator may change in what '{other}' leaves behind"),
    }
}

/// Acts that put an object back to exactly what it was before the run, and the objects they show at.
fn takings_back(workflow: &str) -> Vec<(Action, &'static [&'static str])> {
    use serde_json::json;
    match workflow {
        "sfb-online" => vec![
            (
                Action::Graph {
                    app_id: "00000004-0000-0ff1-ce00-000000000000".to_owned(),
                    add_key: None,
                    remove_key: Some("current".to_owned()),
                    delete: None,
                },
                &[
                    "key:00000004-0000-0ff1-ce00-000000000000/E7C092C8386764C0C0B90C70F48203666A6D97E1",
                    "uploaded_key:00000004-0000-0ff1-ce00-000000000000/E7C092C8386764C0C0B90C70F48203666A6D97E1",
                ],
            ),
            (
                cmdlet(
                    "Remove-ManagementRoleAssignment",
                    json!({ "Identity": "TeamsApp-SfBOnline-ApplicationAccount", "Confirm": false }),
                ),
                &["management_role_assignment:TeamsApp/SfBOnline-ApplicationAccount"],
            ),
            (
                cmdlet("Remove-PartnerApplication", json!({ "Identity": "SfBOnline", "Confirm": false })),
                &["partner_application:00000004-0000-0ff1-ce00-000000000000"],
            ),
        ],
        other => panic!("say here how another administrator may take back what '{other}' does"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_run_shows_no_drift() {
    for (id, workflow) in shipped() {
        let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
        let run = lab.forward().await.expect("the run starts");
        let (records, world) = (lab.records(run).await.len(), lab.picture().await);
        let report = lab.process(Arc::clone(&lab.journal)).verify(run).await.expect("a report");
        assert!(report.drifts.is_empty() && report.cannot_tell.is_empty(), "{id}: {report:#?}");
        assert!(report.compared >= lab.state(run).await.steps.len(), "{id}: {report:#?}");
        assert_eq!(lab.records(run).await.len(), records, "{id}: verify journals nothing");
        assert_eq!(differences(&lab.picture().await, &world), Vec::<String>::new(), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_administrator_changed_is_named_and_stops_undo() {
    for (id, workflow) in shipped() {
        let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
        let untouched = lab.picture().await;
        let run = lab.forward().await.expect("the run starts");
        let process = lab.process(Arc::clone(&lab.journal));
        let (left, effects, records) = (lab.picture().await, lab.our_effects(), lab.records(run).await.len());
        for Meddling { act, back, shows } in meddlings(&id) {
            lab.world().as_other_admin(&act).unwrap_or_else(|error| panic!("{id}: {act:?}: {error}"));
            let meddled = lab.picture().await;
            let report = process.verify(run).await.expect("a report");
            let found: Vec<_> = report
                .drifts
                .iter()
                .map(|drift| (drift.difference.target.as_str(), drift.difference.at.as_str()))
                .collect();
            assert_eq!(found, shows, "{id}: {act:?}: {report:#?}");
            assert!(report.cannot_tell.is_empty(), "{id}: {act:?}: {report:#?}");

            let plan = process
                .undo_plan(run, UndoWanted::default())
                .await
                .expect("undo is planned, and shows why not");
            for digest in [None, Some(plan.digest)] {
                let request = UndoRequest { by: "tester".into(), digest, ..UndoRequest::default() };
                let refused = process.undo(run, request).await;
                let Err(refused) = refused else { panic!("{id}: {act:?}: undo went on: {:#?}", plan.items) };
                assert_eq!(refused.code, Code::UndoConflict, "{id}: {act:?}: {refused}");
                assert_eq!(refused.code.as_str(), "FB0407");
            }
            assert_eq!(lab.our_effects(), effects, "{id}: {act:?}: undo wrote");
            assert_eq!(lab.records(run).await.len(), records, "{id}: {act:?}: undo was journaled");
            assert_eq!(differences(&lab.picture().await, &meddled), Vec::<String>::new(), "{id}: {act:?}");

            lab.world().as_other_admin(&back).unwrap_or_else(|error| panic!("{id}: {back:?}: {error}"));
            assert_eq!(differences(&lab.picture().await, &left), Vec::<String>::new(), "{id}: {back:?}");
        }
        lab.undo(&process, run).await.expect("undo starts now that all is as the run left it");
        let moved = differences(&lab.picture().await, &untouched);
        assert!(moved.is_empty(), "{id}: {moved:#?}\n{}", story(&lab.records(run).await));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_administrator_took_back_is_named_and_left_alone() {
    for (id, workflow) in shipped() {
        for (act, shows) in takings_back(&id) {
            let lab = Lab::new(&workflow, &WorldSpec::default(), Map::new()).await;
            let untouched = lab.picture().await;
            let run = lab.forward().await.expect("the run starts");
            let process = lab.process(Arc::clone(&lab.journal));
            lab.world().as_other_admin(&act).unwrap_or_else(|error| panic!("{id}: {act:?}: {error}"));
            let report = process.verify(run).await.expect("a report");
            let found: Vec<_> = report.drifts.iter().map(|drift| drift.difference.target.as_str()).collect();
            assert_eq!(found, shows, "{id}: {act:?}: {report:#?}");

            let forward = lab.our_effects().len();
            let plan = process.undo_plan(run, UndoWanted::default()).await.expect("an undo plan");
            let as_before: Vec<_> = plan
                .items
                .iter()
                .filter(|item| matches!(item.verdict, UndoVerdict::AlreadySo))
                .map(|item| item.target.as_str())
                .collect();
            assert_eq!(as_before, shows[..1], "{id}: {act:?}: {plan:#?}");
            let undone = plan
                .items
                .iter()
                .filter(|item| matches!(item.verdict, UndoVerdict::Undo | UndoVerdict::Presumed))
                .count();
            lab.undo(&process, run).await.expect("undo starts");
            let tale = story(&lab.records(run).await);
            assert_eq!(lab.state(run).await.life, Life::Undone, "{id}: {act:?}:\n{tale}");
            let moved = differences(&lab.picture().await, &untouched);
            assert!(moved.is_empty(), "{id}: {act:?}: {moved:#?}\n{tale}");
            assert_eq!(lab.our_effects().len(), forward + undone, "{id}: {act:?}:\n{tale}");
        }
    }
}
