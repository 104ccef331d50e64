//! A document as Markdown, for a ticket or a wiki.

use super::{Block, Span, Tone};
use crate::values::clean;

pub(crate) fn blocks(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        write(block, &mut text);
    }
    text
}

fn write(block: &Block, text: &mut String) {
    match block {
        Block::Heading { level, text: heading, badge } => {
            let badge =
                badge.as_ref().map(|badge| format!(" · {}", escaped(&badge.text))).unwrap_or_default();
            text.push_str(&format!("{} {}{badge}\n\n", "#".repeat(*level), escaped(heading)));
        }
        Block::Text(told) => text.push_str(&format!("{}\n\n", span(told))),
        Block::Facts(facts) => {
            text.push_str("| | |\n|---|---|\n");
            for (name, value) in facts {
                text.push_str(&format!("| {} | {} |\n", escaped(name), span(value)));
            }
            text.push('\n');
        }
        Block::Table { columns, rows } => {
            text.push_str(&format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len())));
            for row in rows {
                let cells: Vec<String> = row.iter().map(span).collect();
                text.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
            text.push('\n');
        }
        Block::Picture { .. } | Block::Image { .. } => {}
        Block::Fold { title, blocks: inner } => {
            text.push_str(&format!("**{}**\n\n{}", escaped(title), blocks(inner)));
        }
        Block::Card(inner) => text.push_str(&blocks(inner)),
    }
}

fn span(span: &Span) -> String {
    if span.text.is_empty() {
        return String::new();
    }
    match span.tone {
        Tone::Plain | Tone::Quiet | Tone::Before | Tone::After | Tone::Open => escaped(&span.text),
        Tone::Strong | Tone::Good | Tone::Bad => format!("**{}**", escaped(&span.text)),
        Tone::Code => code(&span.text),
    }
}

/// No reader of Markdown agrees with another on backticks and bars inside code inside a table: with such, it is text.
fn code(text: &str) -> String {
    let text = clean(text);
    let plain = text.trim() == text && !text.contains(['`', '|', '\\']);
    if plain { format!("`{text}`") } else { escaped(&text) }
}

/// What someone wrote in a note stays what they wrote: no link under other words, no table, no formula, no HTML comes of it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in clean(text).chars() {
        if r"\`*_[]{}<>|#~^!&$".contains(one) {
            safe.push('\\');
        }
        safe.push(one);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_persons_wrote_becomes_no_markup() {
        let rows = vec![vec![Span::from("a | [b](http://x) <i>"), Span::code("c `|` d")]];
        let table = blocks(&[Block::Table { columns: vec!["one", "two"], rows }]);
        let expected = "| one | two |\n|---|---|\n| a \\| \\[b\\](http://x) \\<i\\> | c \\`\\|\\` d |\n\n";
        assert_eq!(table, expected);
    }
}
