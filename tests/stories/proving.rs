//! The guide to `footbridge test`: its files are written, its commands typed, and what they print is compared.

use crate::support::{Bench, files};

const GUIDE: &str = include_str!("../../docs/guides/test-your-workflow.md");

/// What a guide's commands print, in order.
pub(crate) fn transcripts(guide: &'static str) -> Vec<(Vec<&'static str>, &'static str)> {
    guide
        .split("```\n$ footbridge ")
        .skip(1)
        .map(|part| {
            let block = part.split("```").next().expect("a block ends");
            let (command, told) = block.split_once('\n').expect("a command and what it prints");
            (command.split(' ').collect(), told)
        })
        .collect()
}

/// How long it took is different every time.
pub(crate) fn without_times(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some((before, after)) = line.split_once(", in ")
            && let Some((_, verdict)) = after.split_once(" s: ")
        {
            *line = format!("{before}: {verdict}");
        }
    }
    lines.join("\n")
}

#[test]
fn the_guides_workflow_is_proven_and_its_mistake_is_found() {
    let bench = Bench::new();
    let files = files(GUIDE);
    assert_eq!(files.len(), 4, "{files:?}");
    for (name, text) in &files {
        bench.write(name, text);
    }
    let transcripts = transcripts(GUIDE);
    assert_eq!(transcripts.len(), 3, "{transcripts:?}");
    for ((command, told), exit) in transcripts.iter().zip([0, 0, 10]) {
        if exit == 10 {
            let (name, right) = files.iter().find(|(name, _)| name.contains("steps")).expect("a script");
            let wrong = right.replace(
                "hidden_from_address_lists_enabled: false",
                "hidden_from_address_lists_enabled: true",
            );
            assert_ne!(*right, wrong);
            bench.write(name, &wrong);
        }
        let printed = bench.run(command).exits(exit);
        assert_eq!(without_times(&printed.stdout), without_times(told), "{}", printed.whole());
    }
    let again = ["test", "./room-display", "--case", "half-done", "--only", "repeat:in-turn"];
    let found = bench.run(&[&again[..], &["--json", "--junit", "proof.xml"]].concat()).exits(10).json();
    assert_eq!((found["failed"].as_u64(), found["passed"].as_u64()), (Some(1), Some(0)), "{found:#}");
    let junit = std::fs::read_to_string(bench.files().join("proof.xml")).expect("the JUnit file");
    assert!(junit.contains("name=\"repeat:in-turn\"") && junit.contains("<failure"), "{junit}");
}

#[test]
fn wrong_cases_and_names_are_told() {
    let bench = Bench::new();
    for (name, text) in files(GUIDE) {
        bench.write(name, text);
    }
    bench
        .run(&["test", "./room-display", "--case", "frsh"])
        .exits(3)
        .warns("there is no case 'frsh'")
        .warns("fresh, half-done");
    bench.run(&["test", "./room-display", "--only", "crash:run"]).exits(3).warns("is no disturbance");
    // Nothing was tried, so nothing is proven.
    let beyond = ["test", "./room-display", "--case", "fresh", "--only", "crash:run:after:999"];
    bench.run(&beyond).exits(10).says("1 not reached").says("NOT PROVEN");
    bench.write("room-display/cases/fresh.toml", "title = 'x'\n[expect]\nstat = 'succeeded'\n");
    bench.run(&["test", "./room-display"]).exits(4).warns("FB0114").warns("fresh.toml:3:1").warns("stat");
    bench.write(
        "empty/workflow.toml",
        "[workflow]\nid = 'empty'\nversion = '1.0.0'\ntitle = 'x'\n[steps.a]\ntitle = 'A'\n",
    );
    bench.write("empty/steps/a.rhai", "fn apply(ctx, change) { 1 }\n");
    bench.run(&["test", "./empty"]).exits(4).warns("has no cases");
}
