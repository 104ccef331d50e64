//! The remoting peer behind Kerberos, with a KDC of its own, is checked with a client that others wrote.

#![allow(clippy::unwrap_used, reason = "what helps a test fails as the test does")]

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::answers::Answers;
use crate::install;
use crate::peer_process::{PeerProcess, script};
use crate::site::{RUN, Site, Transport};

/// A realm with one person, who is signed in, and one service, `HTTP/localhost`.
struct Realm {
    kdc: PeerProcess,
    python: PathBuf,
    _folder: TempDir,
}

impl Realm {
    fn start() -> Realm {
        install::debian("krb5kdc", &["krb5-kdc", "krb5-admin-server", "krb5-user", "libkrb5-dev"]);
        let own = ["pyspnego==0.12.4", "gssapi==1.12.0", "krb5==0.10.0"];
        let python = install::python("kerberos", &[install::PSRP, &own].concat());
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(&python);
        command.arg("-B").arg(script("python/kdc.py")).arg(folder.path());
        Realm { kdc: PeerProcess::start(&mut command, None), python, _folder: folder }
    }

    /// Lets a program know the realm and the person's tickets.
    fn sign_in(&self, command: &mut Command) {
        for name in ["KRB5_CONFIG", "KRB5CCNAME"] {
            command.env(name, self.kdc.said[name].as_str().unwrap());
        }
    }

    /// A Python program that knows the realm, the service's key and the person's tickets.
    fn python(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg("-B").arg(script("python").join(name));
        for name in ["KRB5_CONFIG", "KRB5_KTNAME", "KRB5CCNAME"] {
            command.env(name, self.kdc.said[name].as_str().unwrap());
        }
        command
    }
}

#[test]
fn a_client_that_others_wrote_works_with_the_sealed_peer() {
    let realm = Realm::start();
    let answers = Answers::start(|_| json!({ "output": [{ "Name": "account" }] }));
    let mut server = realm.python("psrp_kerberos.py");
    server.args(["--answers", &answers.url(), "--user", "-", "--password", "-"]);
    let mut server = PeerProcess::start(&mut server, None);
    for odd_boundary in [false, true] {
        server.order(&json!({ "options": { "odd_boundary": odd_boundary } }));
        for scheme in ["kerberos", "negotiate"] {
            let mut client = realm.python("kerberos_client.py");
            let output = client.args([&server.port.to_string(), scheme]).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{scheme}: {told}");
            let seen: Json = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(seen, json!({ "failed": false, "names": ["account"] }), "{scheme}");
        }
    }
    let state = server.order(&json!({ "state": true }));
    assert_eq!((&state["problems"], &state["opened"], &state["closed"]), (&json!([]), &json!(4), &json!(4)));
}

/// The real binary over sealed messages, signed in as whoever holds the ticket.
#[test]
fn the_six_steps_over_sealed_messages() {
    let realm = Realm::start();
    let site = Site::new(Transport::Remote);
    let mut server = realm.python("psrp_kerberos.py");
    server.args(["--answers", &site.answers.url(), "--user", "-", "--password", "-"]);
    let mut server = PeerProcess::start(&mut server, None);
    let basic = site.target_file();
    let begins = basic.find("uri = ").unwrap();
    let ends = basic.find("allow_http = true\n").unwrap() + "allow_http = true\n".len();
    let sealed = format!("uri = \"http://localhost:{}/PowerShell/\"\nauth = \"kerberos\"\n", server.port);
    site.change(&basic[begins..ends], &sealed);
    for odd_boundary in [false, true] {
        server.order(&json!({ "options": { "odd_boundary": odd_boundary } }));
        for arguments in [&RUN[..], &["undo", "latest", "--yes"]] {
            let mut command = site.bench.command(arguments);
            realm.sign_in(&mut command);
            let output = command.output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {told}");
        }
    }
    let state = server.order(&json!({ "state": true }));
    assert_eq!((&state["problems"], &state["shells"]), (&json!([]), &json!(0)), "{state}");
    let cmdlets = site.answers.seen().len();
    assert!(cmdlets > 300, "{cmdlets}");
    println!("{cmdlets} cmdlets in sealed messages, {} shells opened", state["opened"]);
}

#[test]
fn without_a_ticket_nobody_is_let_in() {
    let realm = Realm::start();
    let site = Site::new(Transport::Remote);
    let basic = site.target_file();
    let begins = basic.find("uri = ").unwrap();
    let ends = basic.find("allow_http = true\n").unwrap() + "allow_http = true\n".len();
    let sealed = "uri = \"http://localhost:9/PowerShell/\"\nauth = \"kerberos\"\n";
    site.change(&basic[begins..ends], sealed);
    let mut command = site.bench.command(&["plan", "sfb-online", "--target", "contoso"]);
    command.env("KRB5_CONFIG", realm.kdc.said["KRB5_CONFIG"].as_str().unwrap());
    command.env("KRB5CCNAME", "FILE:/nowhere/at/all");
    let output = command.output().unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("kinit"), "{told}");
}
