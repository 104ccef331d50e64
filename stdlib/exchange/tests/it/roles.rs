//! Roles, their entries and their assignments.

use model::{Class, Code, Value};

use crate::support::Bench;

fn names(value: &Value) -> Vec<String> {
    value.as_list().unwrap().iter().map(|one| one.as_text().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_role_trimmed_assigned_and_taken_back() {
    let bench = Bench::new();
    let user = bench.new_account().await;
    let role = ("role", Value::text("TeamsApp"));
    assert_eq!(bench.get("management_role", [("name", "TeamsApp".into())]).await, Value::Null);
    // The role is not there: the server answers with everybody's entries, and none of them is ours.
    assert_eq!(bench.get("management_role_entries", [role.clone()]).await, Value::List(vec![]));
    assert_eq!(bench.get("management_role_assignments", [role.clone()]).await, Value::List(vec![]));

    let made = bench
        .get("new_management_role", [("name", "TeamsApp".into()), ("parent", "UserApplication".into())])
        .await;
    assert_eq!(made.get("parent"), Some(&Value::text("UserApplication")));
    assert_eq!(bench.get("management_role", [("name", "teamsapp".into())]).await, made);
    let entries = names(&bench.get("management_role_entries", [role.clone()]).await);
    assert!(entries.len() > 2 && entries.is_sorted() && entries.contains(&"GetDelegate".to_owned()));
    for entry in entries.iter().filter(|entry| *entry != "GetDelegate") {
        bench.get("remove_management_role_entry", [role.clone(), ("entry", entry.as_str().into())]).await;
    }
    assert_eq!(names(&bench.get("management_role_entries", [role.clone()]).await), ["GetDelegate"]);
    bench.get("add_management_role_entry", [role.clone(), ("entry", "FindItem".into())]).await;
    assert_eq!(
        names(&bench.get("management_role_entries", [role.clone()]).await),
        ["FindItem", "GetDelegate"]
    );
    let whole = bench.get("management_role_entries", [("role", "UserApplication".into())]).await;
    assert_eq!(names(&whole), entries);

    let assigned =
        bench.get("new_management_role_assignment", [role.clone(), ("user_guid", user.clone())]).await;
    let list = bench.get("management_role_assignments", [role.clone()]).await;
    let [one] = list.as_list().unwrap() else { panic!("{list}") };
    assert_eq!(one.get("name"), assigned.get("name"));
    assert_eq!(one.get("assignee_guid"), Some(&user));
    assert_eq!(one.get("assignee_type"), Some(&Value::text("User")));
    assert_eq!(one.get("enabled"), Some(&Value::Bool(true)));
    assert_eq!(names(&bench.get("linked_account_roles", [("guid", user)]).await), ["TeamsApp"]);

    let held = bench.fail("remove_management_role", [("name", "TeamsApp".into())]).await;
    assert_eq!(held.class, Class::Invalid);
    bench.get("remove_management_role_assignment", [("name", assigned.get("name").unwrap().clone())]).await;
    bench.get("remove_management_role", [("name", "TeamsApp".into())]).await;
    assert_eq!(bench.get("management_role", [("name", "TeamsApp".into())]).await, Value::Null);
}

#[tokio::test]
async fn roles_that_cannot_be_had() {
    let bench = Bench::new();
    let taken = bench
        .fail(
            "new_management_role",
            [("name", "UserApplication".into()), ("parent", "UserApplication".into())],
        )
        .await;
    assert_eq!(taken.code, Code::ExchangeExists);
    let orphan = bench.fail("new_management_role", [("name", "X".into()), ("parent", "Absent".into())]).await;
    assert_eq!((orphan.code, orphan.class), (Code::ExchangeNotFound, Class::Conflict));
}

#[tokio::test]
async fn delegating_assignments_are_not_uses_of_the_role() {
    let bench = Bench::new();
    let list = bench.get("management_role_assignments", [("role", "UserApplication".into())]).await;
    let types: Vec<_> = list.as_list().unwrap().iter().map(|one| one.get("assignee_type").cloned()).collect();
    assert_eq!(types, [Some(Value::text("User"))]);
}
