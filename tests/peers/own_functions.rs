//! The guide's program in Python: proven and planned as the guide says, digest included.

use crate::support::{Bench, files, transcripts};

const GUIDE: &str = include_str!("../../docs/guides/your-own-functions.md");

#[test]
fn the_guides_program_is_proven_as_the_guide_says() {
    let bench = Bench::new();
    let files = files(GUIDE);
    assert_eq!(files.len(), 6, "{files:?}");
    for (name, text) in files {
        bench.write(name, text);
    }
    let transcripts = transcripts("guides/your-own-functions.md", "./mailbox-note");
    assert_eq!(transcripts.len(), 2, "{transcripts:?}");
    for (transcript, exit) in transcripts.iter().zip([0, 2]) {
        let arguments: Vec<&str> = transcript.arguments.iter().map(String::as_str).collect();
        let printed = bench.run(&arguments).exits(exit);
        assert_eq!(comparable(&printed.stdout), comparable(&transcript.told), "{}", printed.whole());
    }
}

/// How long it took is different every time.
fn comparable(text: &str) -> Vec<&str> {
    let lines = text.trim_end().lines();
    lines.map(|line| line.split_once(", in ").map_or(line, |(before, _)| before)).collect()
}
