//! A question to the person at the terminal.

use std::io::{BufRead as _, Write as _};

/// `false` for anything but a clear yes, the end of input included.
pub(crate) async fn yes(question: &str) -> bool {
    prompt(&format!("{question} [y/N] "));
    matches!(typed().await, Some(line) if is_yes(&line))
}

/// The first letter of what was typed, small; `None` for nothing, the end of input included.
pub(crate) async fn letter(question: &str) -> Option<char> {
    line(question).await?.chars().next().map(|one| one.to_ascii_lowercase())
}

/// What was typed, without the blanks around it; `None` for nothing.
pub(crate) async fn line(question: &str) -> Option<String> {
    prompt(&format!("{question} "));
    let line = typed().await?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

fn prompt(text: &str) {
    let mut stream = std::io::stderr().lock();
    // Without a terminal to write to nobody can answer either, and the answer is no.
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.flush();
}

async fn typed() -> Option<String> {
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    answer.await.ok()?.ok()
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
