//! What a guide shows a command to print: the blocks that begin with the command, and what differs from time to time in them.

/// One block of a page.
#[derive(Clone, Debug)]
pub(crate) struct Transcript {
    /// What is typed after the binary's name.
    pub(crate) arguments: Vec<String>,
    pub(crate) told: String,
}

/// The blocks of a page of `docs/` that begin with a command which holds `part`.
pub(crate) fn transcripts(page: &str, part: &str) -> Vec<Transcript> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let page = std::fs::read_to_string(path).expect("a page of the documentation");
    let blocks = page.split("\n```\n").filter_map(|block| block.strip_prefix("$ footbridge "));
    blocks
        .map(|block| block.split_once('\n').expect("a command and what it prints"))
        .filter(|(command, _)| command.contains(part))
        .map(|(command, told)| Transcript {
            arguments: command.split(' ').map(str::to_owned).collect(),
            told: format!("{told}\n"),
        })
        .collect()
}

/// The files that a guide shows: a line with the name in bold, then a block.
pub(crate) fn files(guide: &'static str) -> Vec<(&'static str, &'static str)> {
    let named = guide.split("\n**").skip(1).filter_map(|part| part.split_once("**\n\n```"));
    named
        .map(|(name, rest)| {
            let block = rest.split("```").next().expect("a block ends");
            (name, block.split_once('\n').expect("a block has a first line").1)
        })
        .collect()
}

/// Ports of this machine differ from time to time, and so does how long an answer took.
pub(crate) fn without_numbers(text: &str) -> String {
    let marks = [
        ("127.0.0.1:", "PORT"),
        ("  port ", "PORT"),
        ("differs from the service's by ", "0"),
        ("differs from the server's by ", "0"),
    ];
    marks.iter().fold(text.to_owned(), |text, (mark, mask)| masked(&text, mark, mask))
}

/// With `mask` in place of the digits after each `mark`.
fn masked(text: &str, mark: &str, mask: &str) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|one: char| one.is_ascii_digit());
        out.push_str(mark);
        if rest.len() < part.len() {
            out.push_str(mask);
        }
        out.push_str(rest);
    }
    out
}
