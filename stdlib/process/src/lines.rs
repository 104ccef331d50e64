//! Bytes from a program to whole lines, none longer than the limit.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::wire::LINE_BYTES_MAX;

/// What was read and is not taken yet.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    buffer: Vec<u8>,
    /// How much of the buffer is known to hold no end of line.
    scanned: usize,
}

/// A line that is longer than any answer may be. Nothing after it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Splitter {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line, without its end; `None` where more has to be read.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let end = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n');
        match end.map(|at| self.scanned + at) {
            Some(end) if end > LINE_BYTES_MAX => Err(TooLong),
            Some(end) => {
                let rest = self.buffer.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                self.scanned = 0;
                Ok(Some(line))
            }
            None if self.buffer.len() > LINE_BYTES_MAX => Err(TooLong),
            None => {
                self.scanned = self.buffer.len();
                Ok(None)
            }
        }
    }

    /// The beginning of a line whose end never came.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}

pub(crate) struct Lines<R> {
    reader: R,
    splitter: Splitter,
}

/// Why there is no line.
#[derive(Debug)]
pub(crate) enum NoLine {
    /// Closed between two lines.
    End,
    /// Closed, or not readable any more, in the middle of one.
    Cut(String),
    TooLong,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R) -> Lines<R> {
        Lines { reader, splitter: Splitter::default() }
    }

    /// May be given up and called again: nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, NoLine> {
        loop {
            match self.splitter.take() {
                Ok(Some(line)) => return Ok(line),
                Ok(None) => {}
                Err(TooLong) => return Err(NoLine::TooLong),
            }
            match self.reader.read_buf(&mut self.splitter.buffer).await {
                Ok(0) if self.splitter.is_empty() => return Err(NoLine::End),
                Ok(0) => return Err(NoLine::Cut("it ended in the middle of a line".to_owned())),
                Ok(_) => {}
                Err(error) => return Err(NoLine::Cut(format!("its output cannot be read: {error}"))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However the bytes come in, the lines are those that the whole text has.
        #[test]
        fn lines_do_not_depend_on_how_they_arrive(
            text in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            cuts in prop::collection::vec(1..20_usize, 1..40),
        ) {
            let mut splitter = Splitter::default();
            let mut found = Vec::new();
            let mut rest = &text[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                splitter.push(now);
                while let Some(line) = splitter.take().expect("no line is long") {
                    found.push(line);
                }
                rest = later;
            }
            let mut whole: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let unfinished = whole.pop().expect("a split gives at least one");
            prop_assert_eq!(found, whole);
            prop_assert_eq!(splitter.is_empty(), unfinished.is_empty());
        }
    }

    #[test]
    fn a_line_has_a_limit_whether_it_ends_or_not() {
        let mut splitter = Splitter::default();
        splitter.push(&vec![b'x'; LINE_BYTES_MAX]);
        assert_eq!(splitter.take(), Ok(None));
        splitter.push(b"\n");
        assert_eq!(splitter.take().map(|line| line.map(|line| line.len())), Ok(Some(LINE_BYTES_MAX)));
        for over in [&b"x"[..], b"x\n"] {
            let mut splitter = Splitter::default();
            splitter.push(&vec![b'x'; LINE_BYTES_MAX]);
            splitter.push(over);
            assert_eq!(splitter.take(), Err(TooLong));
        }
    }
}
