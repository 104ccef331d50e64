//! Starting and ending a program. All that depends on the platform is here.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::own_module::is_path;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::wire::clean;

/// How much of what a program writes to its error stream is kept: the end of it.
const SAID_MAX: usize = 4096;
/// How long one whose input was closed may take to end.
const LEAVE: Duration = Duration::from_secs(2);
/// How long one that is dead is still listened to.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Without these no program is found, and on Windows none starts.
#[cfg(not(windows))]
const ALWAYS: [&str; 1] = ["PATH"];
#[cfg(windows)]
const ALWAYS: [&str; 5] = ["PATH", "PATHEXT", "SYSTEMROOT", "TEMP", "TMP"];

/// What is started: words, where, and what it sees of this process's environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) words: &'a [String],
    pub(crate) folder: &'a Path,
    pub(crate) environment: &'a [String],
    pub(crate) variable: fn(&str) -> Option<OsString>,
}

/// The process, with all that it started; it ends with this value at the latest.
pub(crate) struct Child {
    process: tokio::process::Child,
    said: Arc<Mutex<VecDeque<u8>>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Start<'_> {
    /// Must be called within a runtime.
    pub(crate) fn launch(self) -> Result<(ChildStdin, ChildStdout, Child), String> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err("no program is named".to_owned());
        };
        if !self.folder.is_dir() {
            return Err(format!("its folder {} is not there", self.folder.display()));
        }
        // A path is meant from the folder; a bare name is looked for as the system does.
        let path = if is_path(program) { self.folder.join(program) } else { PathBuf::from(program) };
        let mut command = Command::new(&path);
        command
            .args(arguments)
            .current_dir(self.folder)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let allowed = self.environment.iter().map(String::as_str);
        for name in ALWAYS.into_iter().chain(allowed) {
            if let Some(value) = (self.variable)(name) {
                command.env(name, value);
            }
        }
        apart(&mut command);
        let mut process =
            command.spawn().map_err(|error| format!("{} cannot be started: {error}", path.display()))?;
        let (Some(input), Some(output), Some(errors)) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            return Err(format!("{} has no standard streams", path.display()));
        };
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let listening = tokio::spawn(listen(errors, Arc::clone(&said)));
        Ok((input, output, Child { process, said, listening }))
    }
}

/// In a group of its own: a person's Ctrl-C stops footbridge at a safe point, and not the program in the middle of a
/// write; and whatever the program started is ended with it.
#[cfg(unix)]
fn apart(command: &mut Command) {
    command.process_group(0);
}

/// CREATE_NO_WINDOW and CREATE_NEW_PROCESS_GROUP.
// unconfirmed: never compiled or tried on Windows; what the program started is not ended with it there.
#[cfg(windows)]
fn apart(command: &mut Command) {
    command.creation_flags(0x0800_0000 | 0x0000_0200);
}

/// A program that fills its error stream and is not heard would stand still.
async fn listen(mut errors: impl AsyncRead + Unpin, said: Arc<Mutex<VecDeque<u8>>>) {
    let mut part = [0; 1024];
    while let Ok(length @ 1..) = errors.read(&mut part).await {
        let mut said = said.lock().expect("no holder of this lock panics");
        said.extend(&part[..length]);
        let over = said.len().saturating_sub(SAID_MAX);
        said.drain(..over);
    }
}

impl Child {
    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// What it wrote to its error stream since it was last asked, cleaned and bounded.
    pub(crate) fn said(&self) -> Option<String> {
        let bytes: Vec<u8> = self.said.lock().expect("no holder of this lock panics").drain(..).collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<String> = text.lines().map(clean).filter(|line| !line.is_empty()).collect();
        (!lines.is_empty()).then(|| lines.join(" | "))
    }

    /// Ends it at once; gives its last words.
    pub(crate) async fn kill(mut self) -> Option<String> {
        self.kill_group();
        let _ = self.process.kill().await;
        let _ = tokio::time::timeout(LAST_WORDS, &mut self.listening).await;
        self.said()
    }

    /// Waits for its own end, which it comes to because its input is closed, then ends it.
    pub(crate) async fn leave(mut self) {
        if tokio::time::timeout(LEAVE, self.process.wait()).await.is_err() {
            self.kill().await;
        }
    }

    #[cfg(unix)]
    fn kill_group(&self) {
        // One that was waited for has no id any more, and its number may be another's.
        let id =
            self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = id {
            // A group that is gone already is as dead as was asked for.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    #[cfg(windows)]
    fn kill_group(&self) {}
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_group();
        self.listening.abort();
    }
}
