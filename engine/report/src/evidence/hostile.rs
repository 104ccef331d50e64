//! Whatever strangers wrote into names, notes and errors is read and never obeyed: pages are given to a parser of HTML that
//! does what browsers do, pictures to one of XML, reports to one of Markdown, and compared with those of a harmless run.

use std::sync::Arc;

use model::{Digest, Pinned, RunState, Workflow};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};
use scraper::Html;

use super::tests::{Kept, run_with};
use super::{Outside, Verdict, verify, write};
use crate::dossier::Dossier;
use crate::values::{clean, turns_text};

/// What opens, closes, escapes, links, turns or ends something, somewhere.
const FRAGMENTS: &[&str] = &[
    "</script>",
    "<script>alert(1)</script>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "</style><b>",
    "<img src=x onerror=a()>",
    "</td></tr></table>",
    "</svg>",
    "</main>",
    "&amp;",
    "&#0;",
    "&lt",
    "\"",
    "'",
    "` ``",
    "|",
    "\\",
    "\\|",
    "`|`",
    "\n# x",
    "\r\n\r\n- ",
    "\n| a |\n|---|\n",
    "[a](http://b)",
    "![a](b)",
    "[^1]",
    "<b>",
    "<http://x>",
    "$x$",
    "~~x~~",
    "^x^",
    "~x~",
    "{#x}",
    " {.x}",
    "[[x]]",
    "\n: x",
    "\n---\n",
    "+++",
    "**",
    "__x__",
    "```\n",
    "> ",
    "1. ",
    "- [ ] ",
    "javascript:a()",
    "\u{202e}",
    "\u{2066}",
    "\u{200f}",
    "\u{0}",
    "\u{1b}[2J",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffe}",
    "\u{ffff}",
    " ",
    "{{x}}",
    "=\"",
    "/>",
    "%3C",
    "\u{e0001}",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(FRAGMENTS).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[a-z]{1,8}",
    ];
    proptest::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

struct Written {
    file: String,
    head: Digest,
    dossier: Dossier,
    picture: String,
}

fn written(text: &dyn Fn(&str) -> String, number: f64) -> Written {
    let (records, kept) = run_with(text, number);
    let file = write(&records, &kept).expect("a whole run");
    let state = folded(&records, &kept);
    let dossier = Dossier::new(&state, &records, true);
    let picture = crate::picture::of_run(&state.workflow, &dossier.summary);
    Written { file, head: state.head, dossier, picture }
}

fn folded(records: &[model::Record], kept: &Kept) -> RunState {
    let pins = model::event::pins(records);
    let pinned: Pinned = pins
        .map(|digest| {
            let workflow: Workflow = serde_json::from_slice(&kept[&digest]).expect("a workflow");
            (digest, Arc::new(workflow))
        })
        .collect();
    RunState::fold(pinned, records).expect("a legal history")
}

/// The elements of a page with their attributes' names, sorted. Lines of a title in the picture may be one or two, and
/// what is short is marked as such.
fn elements(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    assert_eq!(page.errors, Vec::<std::borrow::Cow<'static, str>>::new(), "a browser would have to guess");
    let mut found: Vec<String> = page
        .tree
        .values()
        .filter_map(|node| node.as_element())
        .filter(|element| element.name() != "text")
        .map(|element| {
            let mut names: Vec<&str> =
                element.attrs().map(|(name, _)| name).filter(|name| *name != "class").collect();
            names.sort_unstable();
            format!("{} {}", element.name(), names.join(" "))
        })
        .collect();
    found.sort_unstable();
    found
}

/// What a reader of Markdown makes of it, without the words.
fn structure(markdown: &str) -> Vec<String> {
    let told = Parser::new_ext(markdown, Options::all())
        .filter(|event| !matches!(event, Event::Text(_) | Event::Code(_)));
    told.map(|event| format!("{event:?}")).collect()
}

fn words(text: &str) -> String {
    text.chars().filter(|one| !one.is_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_strangers_wrote_is_read_and_never_obeyed(
        text in hostile(),
        number in any::<f64>().prop_filter("JSON has no other numbers", |number| number.is_finite()),
    ) {
        // Each place has a letter of its own, so that no two texts fall together where those of the harmless run do not.
        let bad = written(&|place| format!("{place} {text}."), number);
        let good = written(&|place| format!("{place} x."), 1.5);
        let head = Outside { head: Some(bad.head), key: None };
        prop_assert_eq!(
            verify(bad.file.as_bytes(), head).map(|verified| verified.verdict),
            Some(Verdict::AuthenticatedByHead)
        );

        for (bad, good) in [(&bad.file, &good.file), (&bad.dossier.html(), &good.dossier.html())] {
            prop_assert_eq!(elements(bad), elements(good));
        }
        let page = Html::parse_document(&bad.file);
        let told: String = page.root_element().text().collect();
        let note = clean(&["approved ", &text, "."].concat()).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
        prop_assert!(words(&told).contains(&words(&note)), "a note is told as it was written");

        let picture = roxmltree::Document::parse(&bad.picture);
        prop_assert!(picture.is_ok(), "{:?}", picture.err());
        prop_assert!(!bad.file.contains(turns_text) && !bad.picture.contains(turns_text));

        let (told, harmless) = (bad.dossier.markdown(), good.dossier.markdown());
        prop_assert_eq!(structure(&told), structure(&harmless), "{}", told);
        let lines = bad.dossier.text(crate::Style::Plain);
        prop_assert_eq!(lines.lines().count(), good.dossier.text(crate::Style::Plain).lines().count());
        prop_assert!(!lines.chars().any(|one| one != '\n' && one.is_control()));
    }
}

/// Nothing is fetched, run or sent by the page, whatever is in it.
#[test]
fn the_page_holds_all_it_shows_and_forbids_the_rest() {
    let file = written(&|_| "x".to_owned(), 1.5).file;
    let page = Html::parse_document(&file);
    let elements: Vec<_> = page.tree.values().filter_map(|node| node.as_element()).collect();
    let policy = elements
        .iter()
        .find(|element| element.attr("http-equiv") == Some("Content-Security-Policy"))
        .and_then(|element| element.attr("content"))
        .expect("a policy");
    for part in [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "form-action 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.split("; ").any(|one| one == part), "{part} in {policy}");
    }
    let policy = file.find("Content-Security-Policy").expect("a policy");
    assert!(policy < file.find("<style").expect("a style"), "it comes before what it governs");
    for element in &elements {
        let name = element.name();
        assert!(
            ![
                "link", "iframe", "object", "embed", "form", "input", "button", "a", "base", "video",
                "audio", "source", "use", "image"
            ]
            .contains(&name),
            "<{name}>"
        );
        for (attribute, value) in element.attrs() {
            assert!(!attribute.starts_with("on"), "{attribute}");
            assert!(!["href", "srcset", "action", "background"].contains(&attribute), "{attribute}");
            assert!(attribute != "src" || value.starts_with("data:image/"), "{value}");
        }
        assert!(name != "script" || element.attr("type") == Some("application/json"), "a script that runs");
    }
    for fetched in ["@import", "url(http", "url(//", "url(data"] {
        assert!(!file.contains(fetched), "{fetched}");
    }
}

/// What those go by who hear a page or walk it by keyboard.
#[test]
fn the_page_has_a_language_a_title_and_an_outline() {
    let file = written(&|place| place.to_owned(), 1.5).file;
    let page = Html::parse_document(&file);
    let all = |name: &str| -> Vec<scraper::ElementRef<'_>> {
        let selector = scraper::Selector::parse(name).expect("a selector");
        page.select(&selector).collect()
    };
    assert_eq!(all("html[lang=en]").len(), 1);
    let title: String = all("head > title")[0].text().collect();
    assert!(title.starts_with("title · place · 01"), "{title}");
    assert_eq!((all("h1").len(), all("main").len()), (1, 1));
    let mut level = 0;
    for heading in all("h1, h2, h3, h4") {
        let next = usize::from(heading.value().name().as_bytes()[1] - b'0');
        assert!(next <= level + 1, "from h{level} to h{next}: {}", heading.text().collect::<String>());
        level = next;
    }
    for table in all("table") {
        let heads =
            table.select(&scraper::Selector::parse("thead th[scope=col]").expect("a selector")).count();
        for row in table.select(&scraper::Selector::parse("tbody tr").expect("a selector")) {
            assert_eq!(row.child_elements().count(), heads);
        }
    }
    let picture = all("figure > svg[role=img]")[0];
    let described: Vec<&str> = picture.child_elements().take(2).map(|child| child.value().name()).collect();
    assert_eq!(described, ["title", "desc"]);
    assert!(all("img").iter().all(|image| image.attr("alt").is_some_and(|told| !told.is_empty())));
    assert!(
        all("details")
            .iter()
            .all(|fold| fold.child_elements().next().is_some_and(|first| first.value().name() == "summary"))
    );
}
