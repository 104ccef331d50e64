//! Real processes: what they see, what becomes of calls that they break off, and that nothing of them stays.
#![cfg(unix)]

mod context;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use contracts::{HostCall, HostModule as _, HostReply};
use footbridge_process::{ProcessModule, StandInWorld, Surroundings};
use model::{Class, Code, Digest, Failure, FunctionSpec, Kind, OwnModule, Value};

use crate::context::Context;

/// Answers the hello, then does for each call what `$1` names, with the call's line in `$line` and its id in `$id`.
const PROGRAM: &str = r#"
read -r line
echo '{"type":"hello","protocol":1,"functions":["look","put"]}'
while read -r line; do
    id=$(printf '%s\n' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    case $line in
        *'"name":"end"'*) exit 3 ;;
        *'"name":"half"'*) printf '{"type":"reply",'; exit ;;
        *'"name":"noise"'*) echo ready ;;
        *'"name":"deny"'*) echo "{\"type\":\"failure\",\"id\":$id,\"class\":\"denied\",\"message\":\"no\"}" ;;
        *'"name":"lost"'*) echo "{\"type\":\"failure\",\"id\":$id,\"class\":\"in_doubt\",\"message\":\"cut\"}" ;;
        *'"name":"secret"'*)
            echo "using $SECRET" >&2
            printf '{"type":"reply","id":%s,"value":"%s"}\n' "$id" \
                "$(printf '%s' "$line" | sed -n 's/.*"key":"\([^"]*\)".*/\1/p')" ;;
        *'"name":"hang"'*) sleep 1000 >held & wait ;;
        *) printf '{"type":"reply","id":%s,"value":"%s %s %s"}\n' "$id" "$$" "$(pwd)" "$(env | cut -d= -f1 | sort | tr '\n' ' ')" ;;
    esac
done
"#;

fn variable(name: &str) -> Option<OsString> {
    match name {
        "PATH" => Some("/usr/local/bin:/usr/bin:/bin".into()),
        "SEEN" | "HIDDEN" => Some("x".into()),
        _ => None,
    }
}

fn declared(folder: &Path) -> OwnModule {
    let name = |spec: FunctionSpec| spec.required("name", Kind::String, "what to do");
    OwnModule {
        name: "contoso".into(),
        program: vec!["sh".into(), "program.sh".into()],
        simulate: Vec::new(),
        folder: folder.display().to_string(),
        files: BTreeMap::from([("program.sh".to_owned(), Digest::of_bytes(PROGRAM.as_bytes()))]),
        environment: vec!["SEEN".into()],
        secrets: vec!["key".into()],
        timeout_ms: 60_000,
        functions: vec![
            name(FunctionSpec::read("contoso", "look", "")),
            name(FunctionSpec::write("contoso", "put", 0, "")),
        ],
        file: "functions.toml".into(),
        line: 1,
        column: 1,
        origin: "./contoso".into(),
    }
}

fn module(declared: OwnModule) -> ProcessModule {
    ProcessModule::new(declared, Surroundings { variable, world: None }).expect("a module")
}

fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("program.sh"), PROGRAM).expect("a program");
    folder
}

async fn call(module: &ProcessModule, function: &str, name: &str) -> Result<HostReply, Failure> {
    let arguments = [("name".to_owned(), Value::text(name))].into();
    module.call(HostCall { function: function.to_owned(), arguments, context: Arc::new(Context) }).await
}

#[tokio::test]
async fn a_program_sees_its_folder_and_what_is_allowed_and_stays_until_it_is_closed() {
    let folder = scratch();
    let module = module(declared(folder.path()));
    let first = call(&module, "look", "x").await.expect("an answer").value;
    let [id, place, seen @ ..] = &first.as_text().expect("text").split(' ').collect::<Vec<_>>()[..] else {
        panic!("{first}")
    };
    assert_eq!(
        Path::new(place).canonicalize().expect("a folder"),
        folder.path().canonicalize().expect("a folder")
    );
    assert!(seen.contains(&"SEEN") && seen.contains(&"PATH") && !seen.contains(&"HIDDEN"), "{seen:?}");
    assert!(!seen.contains(&"HOME"), "{seen:?}");
    let second = call(&module, "put", "x").await.expect("an answer").value;
    assert!(second.as_text().expect("text").starts_with(&format!("{id} ")), "one process answers both");
    module.close().await;
    let third = call(&module, "look", "x").await.expect("an answer").value;
    assert!(!third.as_text().expect("text").starts_with(&format!("{id} ")), "a new one after it was closed");
}

#[tokio::test]
async fn how_a_call_ends_decides_what_it_was() {
    let folder = scratch();
    let module = module(declared(folder.path()));
    for (name, read, write) in [
        ("end", (Code::OwnProgram, Class::Transient), (Code::OwnInDoubt, Class::InDoubt)),
        ("half", (Code::OwnProgram, Class::Transient), (Code::OwnInDoubt, Class::InDoubt)),
        ("noise", (Code::OwnProgram, Class::Bug), (Code::OwnInDoubt, Class::InDoubt)),
        ("deny", (Code::OwnFunction, Class::Denied), (Code::OwnFunction, Class::Denied)),
        ("lost", (Code::OwnFunction, Class::Transient), (Code::OwnInDoubt, Class::InDoubt)),
    ] {
        for (function, expected) in [("look", read), ("put", write)] {
            let failure = call(&module, function, name).await.expect_err(name);
            assert_eq!((failure.code, failure.class), expected, "{function} {name}: {failure}");
        }
        call(&module, "put", "x")
            .await
            .expect("the next call is answered, by a new process where it must be");
    }
}

#[tokio::test]
async fn secrets_are_handed_over_and_never_come_back() {
    let folder = scratch();
    let module = module(declared(folder.path()));
    let reply = call(&module, "put", "secret").await.expect("an answer");
    assert_eq!(reply.value, Value::text("[secret key]"), "it was handed over, and taken out of the answer");
    let stray = [("name".to_owned(), Value::Secret("other".into()))].into();
    let context = Arc::new(Context);
    let failure = module
        .call(HostCall { function: "put".into(), arguments: stray, context })
        .await
        .expect_err("refused");
    assert_eq!((failure.code, failure.class), (Code::Argument, Class::Denied), "{failure}");
}

#[tokio::test]
async fn what_cannot_be_started_says_so_and_a_changed_program_is_not_started() {
    let folder = scratch();
    let change = |change: &dyn Fn(&mut OwnModule)| {
        let mut declared = declared(folder.path());
        change(&mut declared);
        module(declared)
    };
    for (module, part) in [
        (change(&|one| one.program = vec!["./none".into()]), "cannot be started"),
        (change(&|one| one.folder = "/nowhere".into()), "program.sh of module"),
        (change(&|one| drop(one.functions.remove(0))), "knows 'look', which is not declared"),
    ] {
        let failure = call(&module, "put", "x").await.expect_err(part);
        assert_eq!(failure.class, Class::Denied, "{failure}");
        assert!(failure.message.contains(part), "{failure}");
    }
    let ended = change(&|one| one.program = vec!["sh".into(), "-c".into(), "echo why >&2; exit 1".into()]);
    let failure = call(&ended, "put", "x").await.expect_err("it ends at once");
    assert_eq!((failure.class, failure.evidence.get("said")), (Class::Denied, Some(&Value::text("why"))));
    std::fs::write(folder.path().join("program.sh"), format!("touch started\n{PROGRAM}")).expect("changed");
    let failure = call(&change(&|_| {}), "put", "x").await.expect_err("changed");
    assert_eq!(failure.code, Code::OwnProgramChanged, "{failure}");
    assert!(!folder.path().join("started").exists());
    let simulated = ProcessModule::new(
        declared(folder.path()),
        Surroundings { variable, world: Some(StandInWorld { folder: folder.path().to_owned(), keep: None }) },
    );
    assert!(simulated.expect_err("no stand-in").message.contains("nothing stands in"));
}

#[tokio::test]
async fn one_that_is_too_slow_is_killed_with_all_that_it_started() {
    let folder = scratch();
    let held = folder.path().join("held");
    let made = std::process::Command::new("mkfifo").arg(&held).status().expect("mkfifo");
    assert!(made.success());
    let module = module(OwnModule { timeout_ms: 1, ..declared(folder.path()) });
    // Whatever holds the other end keeps this from coming to an end.
    let reading = tokio::task::spawn_blocking(move || std::fs::read(held));
    let failure = call(&module, "put", "hang").await.expect_err("too slow");
    assert_eq!((failure.code, failure.class), (Code::OwnInDoubt, Class::InDoubt), "{failure}");
    let patience = std::time::Duration::from_mins(1);
    let read = tokio::time::timeout(patience, reading).await.expect("the program's own child is dead too");
    assert_eq!(read.expect("no panic").expect("a fifo"), b"");
}
