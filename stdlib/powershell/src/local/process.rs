//! Starting and ending the server process. All that depends on the platform is here.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::call::{Refusal, RefusalKind};
use crate::settings::LocalSettings;

/// A running server: its streams, and the process itself where there is one.
pub(super) struct Launched {
    pub(super) input: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) output: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) process: Process,
}

/// The process; it ends with this value at the latest.
pub(super) struct Process {
    child: Option<Child>,
    said: Arc<Mutex<VecDeque<u8>>>,
    draining: Option<JoinHandle<()>>,
}

/// How much of what the process writes to its error stream is kept: the end of it.
const SAID_MAX: usize = 4096;

/// How long one that has closed its output may take to end, and to be heard out.
const LAST_WORDS: Duration = Duration::from_secs(2);

pub(super) fn launch(settings: &LocalSettings) -> Result<Launched, Refusal> {
    let mut command = Command::new(&settings.program);
    command
        .args(&settings.arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // CREATE_NO_WINDOW: a service has no screen, and a person does not want one to flash.
    // unconfirmed: never compiled or tried on Windows.
    #[cfg(windows)]
    command.creation_flags(0x0800_0000);
    let mut child = command.spawn().map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::NotFound => "name the program in the target file, with its path",
            ErrorKind::PermissionDenied => "let the account that runs footbridge start that program",
            _ => "start the program by hand on this machine to see what is wrong",
        };
        Refusal {
            kind: RefusalKind::Settings,
            message: format!("start {}: {error}", settings.program.display()),
            advice: Some(advice.to_owned()),
        }
    })?;
    let (Some(input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Refusal {
            kind: RefusalKind::Settings,
            message: format!("start {}: it has no standard streams", settings.program.display()),
            advice: None,
        });
    };
    let said = Arc::new(Mutex::new(VecDeque::new()));
    let draining = Some(tokio::spawn(drain(errors, Arc::clone(&said))));
    Ok(Launched {
        input: Box::new(input),
        output: Box::new(output),
        process: Process { child: Some(child), said, draining },
    })
}

/// A process that fills its error stream and is not heard would stand still.
async fn drain(mut errors: impl AsyncRead + Unpin, said: Arc<Mutex<VecDeque<u8>>>) {
    let mut part = [0; 1024];
    while let Ok(length @ 1..) = errors.read(&mut part).await {
        let mut said = said.lock().expect("no holder of this lock panics");
        said.extend(&part[..length]);
        let over = said.len().saturating_sub(SAID_MAX);
        said.drain(..over);
    }
}

impl Process {
    /// One that is not ours to end.
    #[cfg(test)]
    pub(super) fn none() -> Process {
        Process { child: None, said: Arc::default(), draining: None }
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// How it ended, for a message. Waits a moment for one that has only just closed its output.
    pub(super) async fn epitaph(&mut self) -> String {
        let status = match &mut self.child {
            Some(child) => match tokio::time::timeout(LAST_WORDS, child.wait()).await {
                Ok(Ok(status)) => format!("it ended with {status}"),
                Ok(Err(error)) => format!("it ended, and how is not known: {error}"),
                Err(_) => "it closed its output".to_owned(),
            },
            None => "it closed its output".to_owned(),
        };
        if let Some(draining) = &mut self.draining
            && tokio::time::timeout(LAST_WORDS, draining).await.is_ok()
        {
            self.draining = None;
        }
        let said: Vec<u8> =
            self.said.lock().expect("no holder of this lock panics").iter().copied().collect();
        let said = String::from_utf8_lossy(&said);
        let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match said.len() {
            0 => status,
            count => format!("{status}: {}", said[count.saturating_sub(5)..].join(" | ")),
        }
    }

    /// Waits for its end for as long as `limit`, then ends it.
    pub(super) async fn end(&mut self, limit: Duration) {
        if let Some(mut child) = self.child.take()
            && tokio::time::timeout(limit, child.wait()).await.is_err()
        {
            // One that cannot be ended is ended with the runtime (`kill_on_drop`), or was gone already.
            let _ = child.kill().await;
        }
    }
}
