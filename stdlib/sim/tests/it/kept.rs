//! The kept file: every effect survives, one holder, and foreign files are left alone.

use std::fs;

use serde_json::json;
use sim::{World, WorldError, WorldSpec};

use crate::support::{ACCOUNT, DC1, names, new_account, refused, run, spec, world};

#[test]
fn an_effect_is_in_the_file_before_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let world = World::open(&path, &WorldSpec::default()).unwrap();
    new_account(&world);
    // A copy taken now is what a killed process leaves behind; the world itself is still open.
    let copy = folder.path().join("copy.json");
    fs::copy(&path, &copy).unwrap();
    let after = World::open(&copy, &spec("profile = 'no-oauth'")).unwrap();
    assert_eq!(names(&run(&after, "Get-MailUser", json!({ "DomainController": DC1 }))), [ACCOUNT]);
    assert_eq!(after.ledger(), world.ledger());
    assert_eq!(after.snapshot(), world.snapshot());
    assert_eq!(after.spec(), WorldSpec::default(), "the file is the world, not the description");
}

#[test]
fn a_world_has_one_holder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let world = World::open(&path, &WorldSpec::default()).unwrap();
    let error = World::open(&path, &WorldSpec::default()).unwrap_err();
    assert!(matches!(error, WorldError::Held { .. }), "{error}");
    assert_eq!(error.code(), "sim-world-held");
    let second = world.clone();
    drop(world);
    assert!(World::open(&path, &WorldSpec::default()).is_err(), "a clone holds it too");
    drop(second);
    World::open(&path, &WorldSpec::default()).unwrap();
}

#[test]
fn fault_plans_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let table = "[[faults.injections]]\non = 'New-MailUser'\nnth = 2\nact = 'timeout_after'";
    let given = |name: &str| json!({ "Name": name, "ExternalEmailAddress": format!("{name}@contoso.com") });
    let first = World::open(&path, &spec(table)).unwrap();
    run(&first, "New-MailUser", given("a"));
    drop(first);
    let second = World::open(&path, &WorldSpec::default()).unwrap();
    refused(&second, "New-MailUser", given("b"));
    drop(second);
    let third = World::open(&path, &WorldSpec::default()).unwrap();
    run(&third, "New-MailUser", given("c"));
    assert_eq!(third.ledger().len(), 3);
}

#[test]
fn files_that_are_not_ours_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    for (content, code) in [
        ("", "sim-world-malformed"),
        ("{\"half\":", "sim-world-malformed"),
        ("{\"other\": true}", "sim-world-malformed"),
        ("{\"format\": 1}", "sim-world-malformed"),
        ("{\"format\": 99}", "sim-world-format"),
    ] {
        fs::write(&path, content).unwrap();
        assert_eq!(World::open(&path, &WorldSpec::default()).unwrap_err().code(), code, "{content}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    let nowhere = folder.path().join("no/such/folder/world.json");
    assert_eq!(World::open(&nowhere, &WorldSpec::default()).unwrap_err().code(), "sim-world-unwritable");
}

#[test]
fn a_snapshot_knows_no_identifiers_times_or_detours() {
    let (straight, detour) = (world(""), world("now = '2027-01-01T00:00:00Z'"));
    new_account(&straight);
    for name in ["noise", ACCOUNT] {
        let given = json!({ "Name": name, "ExternalEmailAddress": format!("{name}@contoso.com") });
        run(&detour, "New-MailUser", given);
    }
    run(&detour, "Get-User", json!({}));
    assert_ne!(straight.snapshot(), detour.snapshot());
    run(&detour, "Remove-MailUser", json!({ "Identity": "noise", "Confirm": false }));
    assert_eq!(straight.snapshot(), detour.snapshot());
    assert!(detour.ledger().len() > straight.ledger().len());
}
