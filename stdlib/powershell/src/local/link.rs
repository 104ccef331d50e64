//! Both directions of the talk with a server process: whole lines out, packets in.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::packet::{Packet, parse};

/// Nothing the protocol says comes in longer lines: fragments have at most 32 KiB.
const LINE_BYTES_MAX: usize = 1 << 20;
const NOISE_LINES_MAX: usize = 10;
const NOISE_CHARACTERS_MAX: usize = 300;

/// Lines under way to the process. Each waits for its acknowledgement, so there are never more than a few.
const LINES_MAX: usize = 8;

pub(super) struct Link {
    /// A task of its own writes: the process may be writing to us while we write to it, and neither reads.
    lines: mpsc::Sender<String>,
    output: Box<dyn AsyncRead + Send + Unpin>,
    /// What was read and not yet taken.
    buffer: Vec<u8>,
    /// How much of the buffer holds no end of line.
    scanned: usize,
    /// In the middle of a line that is too long.
    overlong: bool,
    noise: VecDeque<String>,
}

impl Link {
    pub(super) fn new(
        mut input: Box<dyn AsyncWrite + Send + Unpin>,
        output: Box<dyn AsyncRead + Send + Unpin>,
    ) -> Link {
        let (lines, mut waiting) = mpsc::channel::<String>(LINES_MAX);
        tokio::spawn(async move {
            while let Some(line) = waiting.recv().await {
                if input.write_all(line.as_bytes()).await.is_err() || input.flush().await.is_err() {
                    break;
                }
            }
        });
        Link { lines, output, buffer: Vec::new(), scanned: 0, overlong: false, noise: VecDeque::new() }
    }

    /// Hands over one line. An error where the process does not read any more.
    pub(super) fn send(&mut self, line: String) -> Result<(), String> {
        self.lines.try_send(line).map_err(|_| "it does not read its input any more".to_owned())
    }

    /// The next packet; `None` where the process closed its output. May be given up and called again: nothing is lost.
    pub(super) async fn next(&mut self) -> std::io::Result<Option<Packet>> {
        loop {
            while let Some(line) = self.line() {
                match parse(&line) {
                    Some(packet) => return Ok(Some(packet)),
                    None => self.keep_noise(&line),
                }
            }
            if self.output.read_buf(&mut self.buffer).await? == 0 {
                let rest = std::mem::take(&mut self.buffer);
                self.scanned = 0;
                self.keep_noise(&rest);
                return Ok(None);
            }
        }
    }

    /// What the process said beside the protocol, for messages.
    pub(super) fn noise(&self) -> String {
        self.noise.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }

    /// The next whole line of the buffer.
    fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            let Some(at) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.buffer.len();
                if self.buffer.len() > LINE_BYTES_MAX {
                    self.overlong = true;
                    self.buffer.clear();
                    self.scanned = 0;
                }
                return None;
            };
            let rest = self.buffer.split_off(self.scanned + at + 1);
            let line = std::mem::replace(&mut self.buffer, rest);
            self.scanned = 0;
            if std::mem::take(&mut self.overlong) {
                self.keep_noise(b"(a very long line)");
            } else {
                return Some(line);
            }
        }
    }

    fn keep_noise(&mut self, line: &[u8]) {
        let text: String = String::from_utf8_lossy(line)
            .trim()
            .chars()
            .filter(|character| !character.is_control())
            .take(NOISE_CHARACTERS_MAX)
            .collect();
        if text.is_empty() {
            return;
        }
        if self.noise.len() == NOISE_LINES_MAX {
            self.noise.pop_front();
        }
        self.noise.push_back(text);
    }
}
