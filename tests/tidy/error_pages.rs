//! Every error code has its page, and every page its code.

use std::collections::BTreeSet;

use model::Code;

use crate::repository::{files_in, read};

/// What a person who meets the error wants to know.
const PARTS: [&str; 3] = ["\n**Why it happens.** ", "\n**What to do.** ", "\n**Example.**\n"];

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| format!("docs/errors/{code}.md")).collect();
    let pages: BTreeSet<String> = files_in("docs/errors").into_iter().collect();
    assert!(codes.len() > 50, "only {} codes found", codes.len());
    assert_eq!(pages, codes, "on the left the pages, on the right the codes");
}

#[test]
fn every_page_says_what_why_and_what_to_do() {
    for code in Code::ALL {
        let path = format!("docs/errors/{code}.md");
        let page = read(&path);
        let heading = format!("# {code}: {}\n", code.title());
        assert!(page.starts_with(&heading), "{path}: it begins with {heading:?}");
        for part in PARTS {
            assert_eq!(page.matches(part).count(), 1, "{path}: it has {part:?} once");
        }
        let length = page.lines().count();
        assert!((10..=30).contains(&length), "{path}: {length} lines; a page has 10 to 30");
        assert_eq!(page.matches("```").count() % 2, 0, "{path}: a code block stays open");
    }
}

#[test]
fn pages_name_only_codes_that_exist() {
    let mut named = 0;
    for code in Code::ALL {
        let page = read(&format!("docs/errors/{code}.md"));
        let followed = |at: usize| page[at + 2..].starts_with(|next: char| next.is_ascii_digit());
        for (at, _) in page.match_indices("FB").filter(|(at, _)| followed(*at)) {
            let text = &page[at..(at + 6).min(page.len())];
            assert!(text.parse::<Code>().is_ok(), "docs/errors/{code}.md names {text}");
            named += 1;
        }
    }
    assert!(named > Code::ALL.len(), "no page names another code");
}
