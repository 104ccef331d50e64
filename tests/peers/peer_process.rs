//! A peer in a process of its own: started, asked for its port, and ended with the value that stands for it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value as Json;

/// A running peer on this machine. It ends when its standard input does.
pub(crate) struct PeerProcess {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u16,
    /// The whole document in which it named its port.
    #[cfg_attr(not(feature = "kerberos"), expect(dead_code, reason = "only a KDC says more"))]
    pub(crate) said: Json,
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
        let said = lines.find_map(|line| {
            let said: Json = serde_json::from_str(&line.ok()?).ok()?;
            Some((u16::try_from(said["port"].as_u64()?).ok()?, said))
        });
        let Some((port, said)) = said else {
            let _ = child.kill();
            panic!("`{shown}` ended without naming its port");
        };
        PeerProcess { child, lines, port, said }
    }

    /// Sends one line of JSON to a peer that takes orders, and gives its answer.
    pub(crate) fn order(&mut self, order: &Json) -> Json {
        let input = self.child.stdin.as_mut().expect("the child's input is a pipe");
        writeln!(input, "{order}").expect("the peer reads its orders");
        let answer = self.lines.next().expect("the peer answers").expect("the peer speaks UTF-8");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("the peer said '{answer}': {error}"))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        // Its input ends first, and then its output: a peer with children of its own ends them in between.
        drop(self.child.stdin.take());
        self.lines.by_ref().for_each(drop);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A script of a peer, by its path below `tests/peers`.
pub(crate) fn script(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(path)
}
