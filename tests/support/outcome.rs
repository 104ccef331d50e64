//! What a finished command gave: exit code, standard output, standard error.

use std::process::Output;

use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    command: String,
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn new(arguments: &[&str], output: Output) -> Outcome {
        Outcome {
            command: format!("footbridge {}", arguments.join(" ")),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// Fails, with everything the command said, when it ended with another code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Outcome {
        assert_eq!(self.code, Some(code), "{}", self.whole());
        self
    }

    /// Fails when standard output does not hold the text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Outcome {
        assert!(self.stdout.contains(text), "stdout does not hold '{text}'\n{}", self.whole());
        self
    }

    /// Fails when standard error does not hold the text.
    #[track_caller]
    pub(crate) fn warns(self, text: &str) -> Outcome {
        assert!(self.stderr.contains(text), "stderr does not hold '{text}'\n{}", self.whole());
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON document: {error}\n{}", self.whole()))
    }

    /// One JSON document a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("'{line}' is not JSON: {error}\n{}", self.whole()))
            })
            .collect()
    }

    /// The run that `run`, `resume` or `undo` with `--json` was about.
    #[track_caller]
    pub(crate) fn run(&self) -> String {
        let id = self.json()["run"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| panic!("the answer names no run\n{}", self.whole()))
    }

    /// Everything the command said, for the message of a failed test.
    pub(crate) fn whole(&self) -> String {
        format!(
            "$ {}\n-- exit {:?}\n-- stdout\n{}\n-- stderr\n{}",
            self.command, self.code, self.stdout, self.stderr
        )
    }
}
