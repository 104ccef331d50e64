//! Management roles, their entries and their assignments.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, DC1, names, new_account, refused, run, world};

fn new_role(world: &sim::World) -> Value {
    run(
        world,
        "New-ManagementRole",
        json!({ "Name": "TeamsApp", "Parent": "UserApplication", "DomainController": DC1 }),
    )
    .remove(0)
}

fn entries(world: &sim::World, identity: &str) -> Vec<Value> {
    run(world, "Get-ManagementRoleEntry", json!({ "Identity": identity, "DomainController": DC1 }))
}

#[test]
fn a_child_role_begins_with_the_entries_of_its_parent() {
    let world = world("");
    let role = new_role(&world);
    assert_eq!((&role["Parent"], &role["RoleType"]), (&json!("UserApplication"), &json!("UserApplication")));
    assert_eq!(role["IsRootRole"], false);
    let (own, parents) = (entries(&world, "TeamsApp\\*"), entries(&world, "UserApplication\\*"));
    assert_eq!(names(&own), names(&parents));
    assert!(own.len() > 12 && names(&own).contains(&"GetDelegate"));
    assert!(own.iter().all(|entry| entry["Role"] == "TeamsApp" && entry["Type"] == "ApplicationPermission"));
}

#[test]
fn entries_of_a_role_that_is_not_there_are_the_entries_of_all_roles() {
    let world = world("");
    let found = entries(&world, "TeamsApp\\*");
    assert!(found.iter().any(|entry| entry["Role"] == "UserApplication"));
    assert!(found.iter().any(|entry| entry["Role"] == "Mail Recipients"));
    new_role(&world);
    assert!(entries(&world, "TeamsApp\\NoSuchEntry").is_empty(), "the role is there, the entry is not");
}

#[test]
fn a_role_is_trimmed_and_refilled_entry_by_entry() {
    let world = world("");
    new_role(&world);
    let change = |cmdlet: &str, entry: &str| {
        world.invoke(
            cmdlet,
            json!({ "Identity": format!("TeamsApp\\{entry}"), "Confirm": false, "DomainController": DC1 })
                .as_object()
                .unwrap(),
        )
    };
    change("Remove-ManagementRoleEntry", "SendItem").unwrap();
    assert!(!names(&entries(&world, "TeamsApp\\*")).contains(&"SendItem"));
    let gone = change("Remove-ManagementRoleEntry", "SendItem").unwrap_err();
    assert!(gone.exception_type.ends_with("ManagementObjectNotFoundException"));
    change("Add-ManagementRoleEntry", "SendItem").unwrap();
    assert!(names(&entries(&world, "TeamsApp\\SendItem")).contains(&"SendItem"));
    let twice = change("Add-ManagementRoleEntry", "SendItem").unwrap_err();
    assert!(twice.message.contains("already exists"), "{twice}");
    let foreign = change("Add-ManagementRoleEntry", "SetHoldOnMailboxes").unwrap_err();
    assert!(foreign.message.contains("isn't in the parent role"), "{foreign}");
    let given = json!({ "Identity": "UserApplication\\SendItem", "Confirm": false });
    assert!(refused(&world, "Remove-ManagementRoleEntry", given).message.contains("built-in"));
}

#[test]
fn enabled_cmdlets_is_taken_refused_or_unknown() {
    for (setting, expected) in [
        ("accepted", None),
        ("refused", Some("System.ArgumentException")),
        ("unknown-parameter", Some("System.Management.Automation.ParameterBindingException")),
    ] {
        let world = world(&format!("enabled_cmdlets = '{setting}'"));
        let given =
            json!({ "Name": "TeamsApp", "Parent": "UserApplication", "EnabledCmdlets": ["getdelegate"] });
        let outcome = world.invoke("New-ManagementRole", given.as_object().unwrap());
        match expected {
            None => assert_eq!(outcome.unwrap().objects[0]["RoleEntries"], json!(["GetDelegate"])),
            Some(exception) => assert_eq!(outcome.unwrap_err().exception_type, exception),
        }
    }
    let world = world("");
    let given = json!({ "Name": "Readers", "Parent": "Mail Recipients", "EnabledCmdlets": "Get-MailUser" });
    assert_eq!(run(&world, "New-ManagementRole", given)[0]["RoleEntries"], json!(["Get-MailUser"]));
}

#[test]
fn a_role_in_use_or_with_children_stays() {
    let world = world("");
    new_account(&world);
    new_role(&world);
    run(&world, "New-ManagementRole", json!({ "Name": "Child", "Parent": "TeamsApp" }));
    let remove = json!({ "Identity": "TeamsApp", "Confirm": false });
    assert!(refused(&world, "Remove-ManagementRole", remove.clone()).message.contains("child roles"));
    run(&world, "Remove-ManagementRole", json!({ "Identity": "Child", "Confirm": false }));
    let assignment =
        run(&world, "New-ManagementRoleAssignment", json!({ "Role": "TeamsApp", "User": ACCOUNT })).remove(0);
    assert_eq!(assignment["Name"], format!("TeamsApp-{ACCOUNT}"));
    assert!(refused(&world, "Remove-ManagementRole", remove.clone()).message.contains("assignments first"));
    let given = json!({ "Identity": assignment["Name"], "Confirm": false });
    run(&world, "Remove-ManagementRoleAssignment", given);
    run(&world, "Remove-ManagementRole", remove);
    let built_in = json!({ "Identity": "UserApplication", "Confirm": false });
    assert!(refused(&world, "Remove-ManagementRole", built_in).message.contains("built in"));
    assert!(
        !names(&run(&world, "Get-ManagementRole", json!({ "DomainController": DC1 }))).contains(&"TeamsApp")
    );
}

#[test]
fn assignments_of_an_assignee_include_those_of_its_groups() {
    let world = world("");
    new_account(&world);
    new_role(&world);
    run(&world, "New-ManagementRoleAssignment", json!({ "Role": "TeamsApp", "User": ACCOUNT }));
    run(&world, "Add-RoleGroupMember", json!({ "Identity": "Organization Management", "Member": ACCOUNT }));
    let given = json!({ "RoleAssignee": ACCOUNT, "DomainController": DC1 });
    let found = run(&world, "Get-ManagementRoleAssignment", given);
    let direct: Vec<&Value> = found.iter().filter(|one| one["RoleAssigneeType"] == "User").collect();
    assert_eq!(direct.len(), 1);
    assert_eq!((&direct[0]["Role"], &direct[0]["RoleAssigneeName"]), (&json!("TeamsApp"), &json!(ACCOUNT)));
    assert_eq!(direct[0]["RoleAssignmentDelegationType"], "Regular");
    let group: Vec<&Value> = found.iter().filter(|one| one["RoleAssigneeType"] == "RoleGroup").collect();
    assert!(group.len() > 1 && group.iter().all(|one| one["RoleAssigneeName"] == "Organization Management"));
    let given =
        json!({ "RoleAssignee": ACCOUNT, "Role": "TeamsApp", "Delegating": false, "DomainController": DC1 });
    assert_eq!(run(&world, "Get-ManagementRoleAssignment", given).len(), 1);
}

#[test]
fn assignment_names_are_made_up_short_and_unlike() {
    let world = world("");
    new_account(&world);
    let long = "R".repeat(64);
    run(&world, "New-ManagementRole", json!({ "Name": long, "Parent": "UserApplication" }));
    let given = json!({ "Role": long, "User": ACCOUNT });
    let first = run(&world, "New-ManagementRoleAssignment", given.clone()).remove(0);
    let second = run(&world, "New-ManagementRoleAssignment", given).remove(0);
    assert_eq!(first["Name"].as_str().unwrap().len(), 64);
    assert_ne!(first["Name"], second["Name"]);
    let error = refused(&world, "New-ManagementRoleAssignment", json!({ "Role": long }));
    assert!(error.fully_qualified_error_id.starts_with("AmbiguousParameterSet"));
}
