//! The remoting peer is checked before it checks us: pypsrp, a client that others wrote, works with it.

use std::process::Command;

use serde_json::{Value, json};

use crate::answers::{Answers, Asked};
use crate::install;
use crate::psrp_peer::{PASSWORD, PsrpPeer, USER, script};

#[test]
fn a_client_that_others_wrote_works_with_the_peer() {
    let answers = Answers::start(played);
    let peer = PsrpPeer::start(&answers);
    // Small fragments: one is cut in the middle of a letter.
    peer.options(json!({ "fragment": 61 }));
    let output = Command::new(install::psrp_python())
        .arg("-B")
        .arg(script("psrp_client.py"))
        .args([&peer.port().to_string(), USER, PASSWORD])
        .output()
        .expect("the client starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let seen: Value = serde_json::from_slice(&output.stdout).expect("the client prints JSON");

    let plain = &seen["plain"];
    assert_eq!(plain["completed"], true, "{plain}");
    let echoed = &plain["output"][0]["properties"];
    assert_eq!(echoed["Name"], "\u{e4} _x0041_ \u{1f309}");
    assert_eq!(
        (&echoed["Switch"], &echoed["Number"], &echoed["Nothing"]),
        (&json!(true), &json!(3), &json!(null))
    );
    assert_eq!(echoed["RecipientTypeDetails"]["text"], "MailUser", "{echoed}");
    assert_eq!(echoed["LinkedAccount"]["text"], "contoso.lab/Users/x");
    assert_eq!(echoed["LinkedAccount"]["properties"]["ObjectGuid"], "0a0b0c0d-0000-4000-8000-000000000001");
    assert_eq!(plain["warnings"], json!(["careful"]));

    assert_eq!(seen["long"]["output"], json!([400_000]), "a parameter in many envelopes");
    assert_eq!(seen["failed"]["completed"], false);
    assert_eq!(
        seen["failed"]["errors"][0]["message"], "no such parameter",
        "the record of a terminating error"
    );
    assert_eq!(seen["errors"]["completed"], true);
    assert_eq!(seen["errors"]["errors"][0]["category"], 1002);
    assert_eq!(
        seen["errors"]["errors"][0]["id"],
        "[FailureCategory=Cmdlet-ADTransientException],Test-Errors"
    );
    assert_eq!(seen["script"]["completed"], false);
    assert_eq!(seen["script"]["errors"][0]["id"], "ScriptsNotAllowed");
    assert_eq!(answers.count("Get-Mailbox"), 0);

    let state = peer.state();
    assert_eq!(
        (&state["shells"], &state["opened"], &state["closed"]),
        (&json!(0), &json!(1), &json!(1)),
        "{state}"
    );
}

fn played(asked: &Asked) -> Value {
    match asked.cmdlet.as_str() {
        "Test-Echo" => {
            let mut shown = asked.parameters.clone();
            shown.insert("RecipientTypeDetails".into(), json!("MailUser"));
            shown.insert(
                "LinkedAccount".into(),
                json!({ "ToString": "contoso.lab/Users/x", "ObjectGuid": "0a0b0c0d-0000-4000-8000-000000000001" }),
            );
            json!({ "output": [shown], "warnings": ["careful"], "progress": ["half"], "verbose": ["so"] })
        }
        "Test-Length" => json!({ "output": [asked.parameters["Text"].as_str().map(str::len)] }),
        "Test-Failed" => json!({ "failed": {
            "types": ["System.Management.Automation.ParameterBindingException"],
            "id": "NamedParameterNotFound,Test-Failed", "category": 5, "message": "no such parameter",
        } }),
        "Test-Errors" => json!({ "errors": [{
            "types": ["Microsoft.Exchange.Data.Directory.ADTransientException"],
            "id": "[FailureCategory=Cmdlet-ADTransientException],Test-Errors", "category": 1002, "message": "later",
        }] }),
        other => panic!("{other} was not asked for"),
    }
}
