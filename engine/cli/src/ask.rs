//! A question to the person at the terminal.

use std::io::{BufRead as _, Write as _};

/// `false` for anything but a clear yes, the end of input included.
pub(crate) async fn yes(question: &str) -> bool {
    {
        let mut stream = std::io::stderr().lock();
        // Without a terminal to write to nobody can answer either, and the answer is no.
        let _ = write!(stream, "{question} [y/N] ");
        let _ = stream.flush();
    }
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    matches!(answer.await, Ok(Ok(line)) if is_yes(&line))
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (line, expected) in [("y\n", true), ("YES", true), ("", false), ("n", false), ("yeah", false)] {
            assert_eq!(is_yes(line), expected, "{line}");
        }
    }
}
