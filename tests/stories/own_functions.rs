//! Functions of one's own: the guide's workflow proven and run, with a program for the shell in place of the guide's own.

use crate::proving::{transcripts, without_times};
use crate::support::{Bench, files};

const GUIDE: &str = include_str!("../../docs/guides/your-own-functions.md");
const PROGRAM: &str = include_str!("notes.sh");
const DECLARATION: &str = "mailbox-note/functions.toml";

/// The guide's folder, whose program needs nothing but a shell.
fn written(bench: &Bench) {
    let files = files(GUIDE);
    assert_eq!(files.len(), 6, "{files:?}");
    for (name, text) in files {
        let text = text.replace("[\"python3\", \"host/notes.py\"]", "[\"sh\", \"host/notes.sh\"]");
        bench.write(name, &text);
    }
    bench.write("mailbox-note/host/notes.sh", PROGRAM);
}

/// Another program makes another digest.
fn comparable(text: &str) -> String {
    let without_digest = text.lines().filter(|line| !line.starts_with("digest "));
    without_times(&without_digest.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_guides_functions_are_proven_and_planned_as_it_says() {
    let bench = Bench::new();
    written(&bench);
    let transcripts = transcripts(GUIDE);
    assert_eq!(transcripts.len(), 2, "{transcripts:?}");
    for ((command, told), exit) in transcripts.iter().zip([0, 2]) {
        let printed = bench.run(command).exits(exit);
        assert_eq!(comparable(&printed.stdout), comparable(told), "{}", printed.whole());
    }
    bench
        .run(&["functions", "notes", "--workflow", "./mailbox-note"])
        .exits(0)
        .says("notes::write_note(#{ mailbox: ");
}

#[test]
fn a_run_uses_own_functions_and_is_undone() {
    let bench = Bench::new();
    written(&bench);
    bench.run(&["run", "./mailbox-note", "--target", "sim:lab", "--yes"]).exits(0);
    let notes = bench.state().join("sim/lab.own/notes/notes.json");
    assert_eq!(
        std::fs::read_to_string(&notes).expect("the stand-in's world"),
        "{\"desk@contoso.com\":\"moved to Teams\"}\n"
    );
    bench.run(&["plan", "./mailbox-note", "--target", "sim:lab"]).exits(0);
    bench.run(&["undo", "latest", "--yes"]).exits(0);
    assert!(!notes.exists(), "it was taken back");
    bench.run(&["run", "./mailbox-note", "--target", "sim:lab", "--yes"]).exits(0);
    bench.run(&["simulate", "reset", "lab"]).exits(0);
    assert!(!notes.exists(), "a fresh world has no notes");
}

#[test]
fn a_program_that_changed_is_not_started_for_a_run_that_was_pinned_before() {
    let bench = Bench::new();
    written(&bench);
    bench.run(&["run", "./mailbox-note", "--target", "sim:lab"]).exits(6);
    bench.write("mailbox-note/host/notes.sh", &format!("touch started\n{PROGRAM}"));
    bench.run(&["approve", "latest"]).warns("FB1004").warns("host/notes.sh of module 'notes'");
    assert!(!bench.files().join("mailbox-note/started").exists());
    bench.write("mailbox-note/host/notes.sh", PROGRAM);
    bench.run(&["approve", "latest"]).exits(0);
}

#[test]
fn a_program_that_forgets_its_world_is_found_out() {
    let bench = Bench::new();
    written(&bench);
    // Undo leaves the note where it was.
    let forgetful = PROGRAM.replace("rm -f \"$notes\"", ":");
    assert_ne!(forgetful, PROGRAM);
    bench.write("mailbox-note/host/notes.sh", &forgetful);
    let found = bench.run(&["test", "./mailbox-note", "--case", "fresh", "--repeat-everything"]).exits(10);
    found.says("FAILED fresh: ").says("again: footbridge test ./mailbox-note --case fresh --only 'repeat:");
}

#[test]
fn an_action_of_ones_own_is_proven_by_asking_somebody_who_knows() {
    let bench = Bench::new();
    bench.write(
        "tell/workflow.toml",
        "[workflow]\nid = \"tell\"\nversion = \"1.0.0\"\ntitle = \"T\"\n[steps.tell]\ntitle = \"Tell\"\n",
    );
    bench.write(
        "tell/steps/tell.rhai",
        "fn apply(ctx, change) { notes::write_note(#{ mailbox: \"desk@contoso.com\", text: \"done\" }) }\n",
    );
    let declaration = files(GUIDE).iter().find(|(name, _)| *name == DECLARATION).expect("a declaration").1;
    bench.write(
        "tell/functions.toml",
        &declaration.replace("\"python3\", \"host/notes.py\"", "\"sh\", \"notes.sh\""),
    );
    bench.write("tell/notes.sh", PROGRAM);
    bench.write("tell/cases/once.toml", "title = 'Once'\n[expect]\nstate = 'succeeded'\n");
    let proven =
        bench.run(&["test", "./tell", "--crash-everywhere", "--fail-everywhere", "--json"]).exits(0).json();
    let trials = proven["trials"].as_array().expect("trials");
    let passed = |part: &str| {
        let one =
            trials.iter().find(|one| one["disturbance"].as_str().is_some_and(|name| name.starts_with(part)));
        one.is_some_and(|one| one["verdict"] == "passed")
    };
    assert!(
        passed("crash:run:unrecorded:0") && passed("fail:run:cut-after:1:notes::write_note"),
        "{proven:#}"
    );
}

#[test]
fn wrong_declarations_are_told_with_their_place() {
    let bench = Bench::new();
    written(&bench);
    let check = ["check", "./mailbox-note"];
    bench.run(&check).exits(0);
    let right = std::fs::read_to_string(bench.files().join(DECLARATION)).expect("written above");
    for (from, to, place, part) in [
        ("effect = \"read\"", "effect = \"reads\"", "functions.toml:7:10", "did you mean 'read'?"),
        ("environment", "enviroment", "functions.toml:4:1", "did you mean 'environment'?"),
        ("[modules.notes]", "[modules.exchange]", "functions.toml:1:10", "footbridge's own"),
        (
            "\"host/notes.sh\"",
            "\"host/notes.sh\"]\nfiles = [\"host/none.sh\"",
            "functions.toml:1:10",
            "host/none.sh",
        ),
        ("[\"NOTES\"]", "[\"FOOTBRIDGE_SECRET_X\"]", "functions.toml:4:16", "named under 'secrets'"),
    ] {
        let wrong = right.replacen(from, to, 1).replace(
            "[modules.notes.",
            if to.contains("exchange") { "[modules.exchange." } else { "[modules.notes." },
        );
        assert_ne!(right, wrong);
        bench.write(DECLARATION, &wrong);
        bench.run(&check).exits(4).warns("FB0115").warns(place).warns(part);
    }
    bench.write(DECLARATION, &right.replace("simulate", "#"));
    bench.run(&["plan", "./mailbox-note", "--target", "sim:lab"]).warns("FB1001").warns("nothing stands in");
    bench.write(DECLARATION, &right.replace("write_note", "wipe_note"));
    bench.run(&check).exits(4).warns("FB0305").warns("note.rhai");
}
