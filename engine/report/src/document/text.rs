//! A document as plain text for a terminal or a mail.

use super::{Block, Span, Tone};
use crate::values::clean;
use crate::{Paint, Style};

pub(crate) fn blocks(blocks: &[Block], style: Style) -> String {
    let mut text = String::new();
    for block in blocks {
        write(block, style, &mut text);
    }
    text
}

fn write(block: &Block, style: Style, text: &mut String) {
    match block {
        Block::Heading { text: heading, badge, .. } => {
            let badge = badge.as_ref().map(|badge| format!("  {}", span(badge, style))).unwrap_or_default();
            text.push_str(&format!("\n{}{badge}\n", style.strong(&clean(heading))));
        }
        Block::Text(told) => text.push_str(&format!("{}\n", span(told, style))),
        Block::Facts(facts) => {
            let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, value) in facts {
                let name = style.quiet(&format!("{:width$}", clean(name)));
                text.push_str(&format!("  {name}  {}\n", span(value, style)));
            }
        }
        Block::Table { columns, rows } => table(columns, rows, style, text),
        Block::Picture { .. } | Block::Image { .. } => {}
        Block::Fold { title, blocks: inner } => {
            text.push_str(&format!("\n{}\n{}", style.strong(&clean(title)), blocks(inner, style)));
        }
        Block::Card(inner) => {
            for line in blocks(inner, style).lines() {
                text.push_str(if line.is_empty() { "" } else { "  " });
                text.push_str(&format!("{line}\n"));
            }
        }
    }
}

/// The last column has no end, so long texts there cost no spaces.
fn table(columns: &[&str], rows: &[Vec<Span>], style: Style, text: &mut String) {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| clean(&cell.text).chars().count());
        cells.chain(columns.get(at).map(|name| name.chars().count())).max().unwrap_or(0)
    };
    let last = columns.len().saturating_sub(1);
    let padding = |at: usize, taken: usize| if at == last { 0 } else { width(at).saturating_sub(taken) };
    let mut header = String::new();
    for (at, name) in columns.iter().enumerate() {
        header.push_str(&format!("  {name}{:1$}", "", padding(at, name.chars().count())));
    }
    text.push_str(&format!("{}\n", style.quiet(header.trim_end())));
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let taken = clean(&cell.text).chars().count();
            line.push_str(&format!("  {}{:2$}", span(cell, style), "", padding(at, taken)));
        }
        text.push_str(&format!("{}\n", line.trim_end()));
    }
}

fn span(span: &Span, style: Style) -> String {
    let text = clean(&span.text);
    match span.tone {
        Tone::Plain | Tone::Code | Tone::After => text,
        Tone::Strong => style.strong(&text),
        Tone::Quiet | Tone::Before => style.quiet(&text),
        Tone::Good => style.paint(Paint::Good, &text),
        Tone::Bad => style.paint(Paint::Conflict, &text),
        Tone::Open => style.paint(Paint::Update, &text),
    }
}
