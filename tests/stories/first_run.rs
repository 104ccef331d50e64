//! The README's own commands, run as they stand there: the guide cannot rot.

use std::fs;
use std::path::Path;

use crate::support::Bench;

/// The commands of the fenced blocks in one section of the README, comments left out.
fn commands(heading: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(path).expect("the README");
    let section = text.split("\n## ").find(|part| part.starts_with(heading)).expect("the section is there");
    let mut inside = false;
    let mut found = Vec::new();
    for line in section.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside {
            let command = line.split('#').next().unwrap_or_default().trim();
            found.extend((!command.is_empty()).then(|| command.to_owned()));
        }
    }
    found
}

/// Each command of the guide, in its order, and how it ends where nobody is at a terminal.
const GUIDE: [(&str, i32); 14] = [
    ("footbridge check sfb-online", 0),
    ("footbridge plan sfb-online --target sim:lab", 2),
    ("footbridge plan sfb-online --target sim:lab --commands", 2),
    // It shows the plan and asks: without anybody to ask it waits, and so it does when it is resumed.
    ("footbridge run sfb-online --target sim:lab", 6),
    ("footbridge resume RUN", 6),
    ("footbridge status", 0),
    ("footbridge status RUN", 0),
    ("footbridge explain RUN", 0),
    ("footbridge logs RUN", 0),
    ("footbridge graph sfb-online --format tree", 0),
    ("footbridge approve RUN", 0),
    ("footbridge cancel RUN", 0),
    ("footbridge verify RUN", 0),
    // Shown only: nobody says yes.
    ("footbridge undo RUN", 6),
];

#[test]
fn the_guide_of_the_readme_works_as_it_says() {
    let guide = commands("First run");
    assert_eq!(guide, GUIDE.map(|(command, _)| command), "the guide changed: say here how its commands end");
    let bench = Bench::new();
    let mut run = None;
    for (command, code) in GUIDE {
        let mut words: Vec<String> = command.split_whitespace().skip(1).map(str::to_owned).collect();
        if words[0] == "cancel" {
            // The run of the guide has ended by now; one that still goes on is what one cancels.
            let other = bench.run(&["run", "sfb-online", "--target", "sim:other", "--json"]).exits(6).run();
            words[1] = other;
        }
        for word in &mut words {
            if word == "RUN" {
                word.clone_from(run.as_ref().expect("the guide makes a run before it names one"));
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let outcome = bench.run(&words).exits(code);
        if words[0] == "run" {
            let line = outcome.stderr.lines().find_map(|line| line.strip_prefix("run "));
            run = Some(line.expect("a run tells its id first").to_owned());
        }
    }
    let run = run.expect("a run");
    bench.run(&["undo", &run, "--yes"]).exits(0).says("undone");
    bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes"]).exits(0).says("succeeded");
}

#[test]
fn the_first_command_of_the_readme_is_the_main_job() {
    let first = commands("Try it").remove(0);
    let words: Vec<&str> = first.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "--").expect("arguments of the binary");
    assert_eq!(words[..2], ["cargo", "run"]);
    let ended = Bench::new().run(&words[at + 1..]).exits(0);
    ended.says("succeeded").says("only a person can check, and nobody has");
}
