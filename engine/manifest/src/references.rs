//! Which parameters and which steps an expression reads, found by its words alone: nothing is parsed or run here.

use std::ops::Range;

/// One mention of `params` or `steps`; ranges are bytes of the expression's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// `params.NAME`
    Param { name: Range<usize> },
    /// `steps.NAME`, and how it goes on.
    Step { name: Range<usize>, reads: Reads },
    /// `params[…]`, `steps[…]` or `steps` alone: which one is meant cannot be seen.
    Hidden { word: Range<usize> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// `steps.NAME` alone: all outputs, or nothing when the step was skipped.
    Whole,
    /// `steps.NAME.OUTPUT`: fails when the step was skipped.
    Output,
    /// `steps.NAME?.OUTPUT`: nothing when the step was skipped.
    OutputIfAny,
}

pub(crate) fn references(text: &str) -> Vec<Reference> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (index, (token, range)) in tokens.iter().enumerate() {
        let word = &text[range.clone()];
        let is_property = index > 0 && matches!(tokens[index - 1].0, Token::Dot | Token::MaybeDot);
        if *token != Token::Word || is_property || !(word == "params" || word == "steps") {
            continue;
        }
        let kind = |ahead: usize| tokens.get(index + ahead).map(|(token, _)| *token);
        match (kind(1), kind(2)) {
            (Some(Token::Dot | Token::MaybeDot), Some(Token::Word)) => {
                let name = tokens[index + 2].1.clone();
                found.push(if word == "params" {
                    Reference::Param { name }
                } else {
                    let reads = match kind(3) {
                        Some(Token::Dot | Token::Bracket) => Reads::Output,
                        Some(Token::MaybeDot | Token::MaybeBracket) => Reads::OutputIfAny,
                        _ => Reads::Whole,
                    };
                    Reference::Step { name, reads }
                });
            }
            // The key of a map literal: `#{ steps: 1 }`.
            (Some(Token::Colon), _) => {}
            (Some(Token::Bracket | Token::MaybeBracket), _) => {
                found.push(Reference::Hidden { word: range.clone() });
            }
            _ if word == "steps" => found.push(Reference::Hidden { word: range.clone() }),
            // All parameters together: nothing in there can be missing.
            _ => {}
        }
    }
    found
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Word,
    Dot,
    MaybeDot,
    Bracket,
    MaybeBracket,
    Colon,
    Other,
}

/// Splits as far as is needed to tell words from texts and comments. Code inside `${…}` of a template counts.
fn tokens(text: &str) -> Vec<(Token, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // For each template that we are inside of: how many braces are open in its `${`.
    let mut templates: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let rest = &bytes[at..];
        let token = match rest {
            [b'/', b'/', ..] => {
                at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                continue;
            }
            [b'/', b'*', ..] => {
                at += comment_length(rest);
                continue;
            }
            [byte, ..] if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            [quote @ (b'"' | b'\''), ..] => {
                at += quoted_length(rest, *quote);
                Token::Other
            }
            [b'#', b'"' | b'#', ..] => {
                at += raw_length(rest);
                Token::Other
            }
            [b'`', ..] => {
                at = template_end(bytes, at + 1, &mut templates);
                Token::Other
            }
            [b'}', ..] if templates.last() == Some(&0) => {
                templates.pop();
                at = template_end(bytes, at + 1, &mut templates);
                Token::Other
            }
            [brace @ (b'{' | b'}'), ..] => {
                if let Some(open) = templates.last_mut() {
                    *open = if *brace == b'{' { *open + 1 } else { *open - 1 };
                }
                at += 1;
                Token::Other
            }
            [byte, ..] if byte.is_ascii_digit() => {
                at += number_length(rest);
                Token::Other
            }
            [byte, ..] if is_word(*byte) => {
                at += rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
                Token::Word
            }
            [b'?', b'.', ..] => {
                at += 2;
                Token::MaybeDot
            }
            [b'?', b'[', ..] => {
                at += 2;
                Token::MaybeBracket
            }
            // `..` and `..=` are ranges, `::` a path.
            [b'.', b'.', ..] | [b':', b':', ..] => {
                at += 2;
                Token::Other
            }
            [byte, ..] => {
                at += 1;
                match byte {
                    b'.' => Token::Dot,
                    b'[' => Token::Bracket,
                    b':' => Token::Colon,
                    _ => Token::Other,
                }
            }
            [] => break,
        };
        found.push((token, start..at));
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Comments nest in Rhai.
fn comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quoted_length(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `#"…"#`, with any number of `#`.
fn raw_length(rest: &[u8]) -> usize {
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    if rest.get(hashes) != Some(&b'"') {
        return hashes;
    }
    let closing: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let body = &rest[hashes + 1..];
    body.windows(closing.len())
        .position(|window| window == closing)
        .map_or(rest.len(), |position| hashes + 1 + position + closing.len())
}

/// Where the text of a template ends that goes on at `at`: after its closing quote, or after a `${`.
fn template_end(bytes: &[u8], mut at: usize, templates: &mut Vec<usize>) -> usize {
    while at < bytes.len() {
        match bytes[at..] {
            [b'`', b'`', ..] => at += 2,
            [b'`', ..] => return at + 1,
            [b'$', b'{', ..] => {
                templates.push(0);
                return at + 2;
            }
            _ => at += 1,
        }
    }
    at
}

fn number_length(rest: &[u8]) -> usize {
    let digits = |from: usize| {
        from + rest[from..].iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len() - from)
    };
    let whole = digits(0);
    match rest[whole..] {
        [b'.', byte, ..] if byte.is_ascii_digit() => digits(whole + 1),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `p:NAME`, `s:NAME` with `.` for an output and `?` for an output if any, `h:WORD` for hidden ones.
    fn read(text: &str) -> String {
        let shown = |reference: &Reference| match reference {
            Reference::Param { name } => format!("p:{}", &text[name.clone()]),
            Reference::Hidden { word } => format!("h:{}", &text[word.clone()]),
            Reference::Step { name, reads } => {
                let mark = match reads {
                    Reads::Whole => "",
                    Reads::Output => ".",
                    Reads::OutputIfAny => "?",
                };
                format!("s:{}{mark}", &text[name.clone()])
            }
        };
        references(text).iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_found_and_texts_are_not() {
        for (text, expected) in [
            ("params.domain", "p:domain"),
            ("steps.a.b + steps.c?.d", "s:a. s:c?"),
            ("steps . a . b", "s:a."),
            ("steps.a", "s:a"),
            ("steps.a == ()", "s:a"),
            ("steps.a[\"b\"]", "s:a."),
            ("steps.a?[\"b\"]", "s:a?"),
            ("steps?.a?.b", "s:a?"),
            ("\"params.x\" + params.y", "p:y"),
            ("\"\\\"params.x\" + params.y", "p:y"),
            ("'params.x' // params.z", ""),
            ("/* params.a /* b */ params.c */ params.d", "p:d"),
            ("`${params.x} params.y ${#{a: `${steps.a.b}`}}` + params.z", "p:x s:a. p:z"),
            ("`a``params.b` + params.c", "p:c"),
            ("#\"params.x\"\"# + params.y", "p:y"),
            ("##\"params.x\"# \"## + params.y", "p:y"),
            ("0..params.count", "p:count"),
            ("1.5 + params.count", "p:count"),
            ("#{ steps: 1, params: params.x }", "p:x"),
            ("x.params.y", ""),
            ("my_params.y + stepson.z", ""),
            ("params[\"x\"]", "h:params"),
            ("params", ""),
            ("steps", "h:steps"),
            ("steps[\"a\"].b", "h:steps"),
            ("grüße + params.x", "p:x"),
            ("params::x", ""),
            ("\"unclosed params.x", ""),
            ("`unclosed ${params.x", "p:x"),
            ("} params.x", "p:x"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
