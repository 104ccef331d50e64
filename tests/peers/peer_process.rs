//! A peer in a process of its own: started, asked for its port, and ended with the value that stands for it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

/// A running peer on this machine. It ends when its standard input does, and is killed if it does not.
pub(crate) struct PeerProcess {
    child: Child,
    pub(crate) port: u16,
}

impl PeerProcess {
    /// Starts a program that prints `{"port": N}` on a line once it serves. `settings` is the line it reads first, if any.
    #[track_caller]
    pub(crate) fn start(command: &mut Command, settings: Option<&Json>) -> PeerProcess {
        let shown = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("the peers' tests need `{shown}`: {error}"));
        if let Some(settings) = settings {
            let input = child.stdin.as_mut().expect("the child's input is a pipe");
            writeln!(input, "{settings}").expect("the peer reads its settings");
        }
        let output = BufReader::new(child.stdout.take().expect("the child's output is a pipe"));
        let mut lines = output.lines();
        let port = lines.find_map(|line| {
            let said: Json = serde_json::from_str(&line.ok()?).ok()?;
            u16::try_from(said["port"].as_u64()?).ok()
        });
        let Some(port) = port else {
            let _ = child.kill();
            panic!("`{shown}` ended without naming its port");
        };
        // A peer that prints more must not be stopped by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        PeerProcess { child, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A script of a peer, by its path below `tests/peers`.
pub(crate) fn script(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(path)
}
