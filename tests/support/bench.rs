//! A bench: the real binary with a store, a home and an environment of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::Outcome;

pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a folder for the bench");
        for name in ["state", "home", "files"] {
            fs::create_dir(folder.path().join(name)).expect("folders inside the bench");
        }
        Bench { folder }
    }

    /// Where runs are kept.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The folder the binary runs in.
    pub(crate) fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Writes a file below [`Bench::files`], with the folders it needs.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let whole = self.files().join(path);
        fs::create_dir_all(whole.parent().expect("a file has a folder")).expect("folders of a file");
        fs::write(&whole, text).expect("a file of the bench");
        whole
    }

    /// The binary, ready to run, with nothing of this machine's settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let home = self.folder.path().join("home");
        let mut command = Command::new(env!("CARGO_BIN_EXE_footbridge"));
        command.args(arguments).current_dir(self.files()).env_clear();
        for name in ["PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LLVM_PROFILE_FILE"] {
            if let Some(value) = variable(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", &home)
            .env("USERPROFILE", &home)
            .env("APPDATA", &home)
            .env("LOCALAPPDATA", &home)
            .env("NO_COLOR", "1")
            .env("FOOTBRIDGE_STATE", self.state())
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output().expect("the binary starts");
        Outcome::new(arguments, output)
    }

    /// Runs to the end, with something typed at it.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("its input is piped");
        // A process that ends without reading its input closes the pipe; that is its right.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Outcome::new(arguments, child.wait_with_output().expect("the binary ends"))
    }

    /// Starts, and goes on beside the test, which reads its standard output line by line. Standard error goes to a file.
    pub(crate) fn start(&self, arguments: &[&str]) -> Going {
        let (file, other) = self.kept_file();
        let mut child =
            self.command(arguments).stdout(Stdio::piped()).stderr(file).spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("its output is piped");
        Going { child, lines: lines_of(stdout), other }
    }

    /// The same, but the test reads standard error, where progress is told, and standard output goes to a file.
    pub(crate) fn start_watched(&self, arguments: &[&str]) -> Going {
        self.go(self.command(arguments))
    }

    /// The same for a command that was made ready before.
    pub(crate) fn go(&self, mut command: Command) -> Going {
        let (file, other) = self.kept_file();
        let mut child = command.stdout(file).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let stderr = child.stderr.take().expect("its errors are piped");
        Going { child, lines: lines_of(stderr), other }
    }

    fn kept_file(&self) -> (fs::File, PathBuf) {
        let file = tempfile::NamedTempFile::new_in(self.folder.path()).expect("a file for a stream");
        file.keep().expect("the bench keeps its files")
    }
}

/// Longer than any line takes to come, on any machine: a process that hangs fails its test instead of holding it up.
const PATIENCE: Duration = Duration::from_mins(1);

fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A process that goes on beside the test. It is killed when the test lets go of it.
pub(crate) struct Going {
    child: Child,
    /// Of the stream that is read.
    lines: Receiver<String>,
    /// Where the stream that is not read goes.
    other: PathBuf,
}

impl Going {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line; `None` when the process closed the stream. Fails when none comes for a very long time.
    pub(crate) fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the process said nothing for {PATIENCE:?}"),
        }
    }

    /// Reads on until a line holds the text; fails, with what was said, when the stream ends before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        while let Some(line) = self.line() {
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
        panic!(
            "no line holds '{text}'\n-- read\n{}\n-- other stream\n{}",
            seen.join("\n"),
            read(&self.other)
        );
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        // A process that has ended already is as dead as was asked for.
        let _ = self.child.kill();
        self.child.wait().expect("a killed process ends");
    }

    /// Waits for its end: the exit code (`None` when a signal ended it), the rest of the stream that is read, and all of
    /// the other one.
    pub(crate) fn finish(mut self) -> (Option<i32>, String, String) {
        let mut rest = String::new();
        while let Some(line) = self.line() {
            rest.push_str(&line);
            rest.push('\n');
        }
        let status = self.child.wait().expect("the process ends");
        (status.code(), rest, read(&self.other))
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "a child process needs the search path of this one")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
