//! The kept world of a bench, as a second administrator sees and changes it.

use serde_json::{Value, json};
use sim::{Action, World, WorldSpec};

use crate::support::Bench;

/// The world behind `--target sim:NAME`. Let go of it before the binary is started: one process holds a world.
pub(crate) fn world(bench: &Bench, name: &str) -> World {
    let path = bench.state().join("sim").join(format!("{name}.json"));
    assert!(path.is_file(), "there is no world {}", path.display());
    World::open(&path, &WorldSpec::default()).expect("nobody holds the world")
}

/// The second administrator runs a cmdlet.
pub(crate) fn other_admin(bench: &Bench, name: &str, cmdlet: &str, parameters: Value) {
    let Value::Object(parameters) = parameters else { panic!("parameters are a map") };
    world(bench, name)
        .as_other_admin(&Action::Invoke { cmdlet: cmdlet.to_owned(), parameters })
        .expect("the second administrator may do that");
}

/// Shows the account again that the workflow hid.
pub(crate) fn show_account(bench: &Bench, name: &str) {
    other_admin(
        bench,
        name,
        "Set-MailUser",
        json!({ "Identity": "SfBOnline-ApplicationAccount", "HiddenFromAddressListsEnabled": false }),
    );
}

/// Every write so far, by whomever, in order.
pub(crate) fn writes(bench: &Bench, name: &str) -> Vec<String> {
    world(bench, name).ledger().iter().map(|entry| format!("{} {}", entry.what, entry.target)).collect()
}
