//! A document as HTML; and the one place where text becomes HTML or SVG: nothing else escapes.

use super::{Block, Span, Tone};
use crate::values::clean;

/// Grows by whole tags and by escaped text only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Names of tags and attributes are ours; their values may be anybody's.
    pub(crate) fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) -> &mut Html {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
        self.0.push('>');
        self
    }

    pub(crate) fn close(&mut self, tag: &'static str) -> &mut Html {
        self.0.push_str(&format!("</{tag}>"));
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Html {
        self.0.push_str(&escaped(text));
        self
    }

    /// A whole element with nothing but text in it.
    pub(crate) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) -> &mut Html {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// Markup of our own: a style, a picture that was drawn by [`Html`] itself.
    pub(crate) fn ours(&mut self, markup: &str) -> &mut Html {
        self.0.push_str(markup);
        self
    }

    pub(crate) fn line(&mut self) -> &mut Html {
        self.0.push('\n');
        self
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// For text and for attributes in double quotes, in HTML and in XML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in clean(text).chars() {
        match one {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // No character of XML.
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

pub(crate) fn blocks(blocks: &[Block], html: &mut Html) {
    for block in blocks {
        write(block, html);
    }
}

fn write(block: &Block, html: &mut Html) {
    match block {
        Block::Heading { level, text, badge } => {
            let tag = match level {
                1 => "h1",
                2 => "h2",
                3 => "h3",
                _ => "h4",
            };
            html.open(tag, &[]).text(text);
            if let Some(badge) = badge {
                html.text(" ").element(
                    "span",
                    &[("class", &format!("badge {}", class(badge.tone)))],
                    &badge.text,
                );
            }
            html.close(tag).line();
        }
        Block::Text(told) => {
            html.open("p", &[]);
            span(told, html);
            html.close("p").line();
        }
        Block::Facts(facts) => {
            html.open("dl", &[]);
            for (name, value) in facts {
                html.open("div", &[]).element("dt", &[], name).open("dd", &[]);
                span(value, html);
                html.close("dd").close("div");
            }
            html.close("dl").line();
        }
        Block::Table { columns, rows } => {
            html.open("div", &[("class", "scroll")]).open("table", &[]).open("thead", &[]).open("tr", &[]);
            for name in columns {
                html.element("th", &[("scope", "col")], name);
            }
            html.close("tr").close("thead").open("tbody", &[]);
            for row in rows {
                html.open("tr", &[]);
                for cell in row {
                    // A moment, a name or a function is not broken; a digest may be.
                    let length_max = if cell.tone == Tone::Code { CODE_LENGTH_MAX } else { SHORT_LENGTH_MAX };
                    let short = cell.text.chars().count() <= length_max;
                    html.open("td", if short { &[("class", "short")] } else { &[] });
                    span(cell, html);
                    html.close("td");
                }
                html.close("tr").line();
            }
            html.close("tbody").close("table").close("div").line();
        }
        Block::Picture { svg, told } => {
            html.open("figure", &[]).ours(svg).element("figcaption", &[], told).close("figure").line();
        }
        Block::Image { name, media_type, base64 } => {
            let source = format!("data:{media_type};base64,{base64}");
            html.open("figure", &[("class", "given")]).open("img", &[("alt", name), ("src", &source)]);
            html.element("figcaption", &[], name).close("figure").line();
        }
        Block::Fold { title, blocks: inner } => {
            html.open("details", &[]).element("summary", &[], title).line();
            blocks(inner, html);
            html.close("details").line();
        }
        Block::Card(inner) => {
            html.open("section", &[("class", "card")]).line();
            blocks(inner, html);
            html.close("section").line();
        }
    }
}

const SHORT_LENGTH_MAX: usize = 24;
const CODE_LENGTH_MAX: usize = 44;

fn span(span: &Span, html: &mut Html) {
    match span.tone {
        Tone::Plain => html.text(&span.text),
        Tone::Strong => html.element("strong", &[], &span.text),
        Tone::Code => html.element("code", &[], &span.text),
        tone @ (Tone::Quiet | Tone::Good | Tone::Bad | Tone::Open | Tone::Before | Tone::After) => {
            html.element("span", &[("class", class(tone))], &span.text)
        }
    };
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Strong => "strong",
        Tone::Code => "code",
        Tone::Quiet => "quiet",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Open => "open",
        Tone::Before => "before",
        Tone::After => "after",
    }
}

/// Light and dark by the reader's wish, always light on paper.
pub(crate) const STYLE: &str = include_str!("page.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "</script><img src=x onerror=\"a('b')\">&\u{202e}\u{1b}[2J\u{0}";
        let mut html = Html::default();
        html.element("p", &[("title", hostile)], hostile);
        let text = html.into_string();
        assert_eq!(text.matches('<').count(), 2, "{text}");
        assert_eq!(text.matches('>').count(), 2, "{text}");
        assert_eq!(text.matches('"').count(), 2, "{text}");
        assert!(!text.contains(['\'', '\u{202e}', '\u{1b}', '\u{0}']), "{text}");
        assert!(text.contains("&lt;/script&gt;&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;"));
    }
}
