//! What we write for eyes, judged by a browser that others wrote: Chromium opens evidence files and pictures as a person
//! would, wide and narrow, light and dark, and says what is wrong with them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::install;
use crate::peer_process::{PeerProcess, script};
use crate::support::Bench;

/// A desk and a telephone.
const WIDTHS: [u32; 2] = [1280, 380];

/// The smallest picture there is: one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x60,
    0, 0, 0, 2, 0, 1, 0x48, 0xaf, 0xa4, 0x71, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Names that want to be more than names: markup, and words without a place to break.
const HOSTILE: &str = r#"[workflow]
id = "hostile"
version = "1.0.0"
title = "<img src=x onerror=alert(1)><script>alert(2)</script> WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"

[steps.first]
title = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"

[steps.a_step_with_the_longest_name_that_anybody_would_ever_type]
title = "</text></svg><svg onload=alert(3)>"
needs = ["first"]

[steps.third]
title = "Third"
needs = ["first", "a_step_with_the_longest_name_that_anybody_would_ever_type"]
"#;

const LONG: &str = "a_step_with_the_longest_name_that_anybody_would_ever_type";
const NOTE: &str = "fn apply(ctx, change) { #{} }\n";
/// Says a word of 384 letters.
const FAILS: &str = r#"fn apply(ctx, change) {
    let long = "WWWWWW";
    for doubled in 0..6 { long += long; }
    fail("<b onmouseover=alert(4)> https://contoso.com/" + long);
}
"#;

struct Browser(PeerProcess);

impl Browser {
    fn start() -> Browser {
        install::debian("chromium", &["chromium"]);
        let modules = install::npm("browser", &["playwright-core@1.64.1"]);
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(script("node/browser.mjs")).arg(modules).arg("/usr/bin/chromium");
        Browser(PeerProcess::start(&mut command, None))
    }

    #[track_caller]
    fn judge(&mut self, file: &Path, width: u32, dark: bool) -> Json {
        self.0.order(&json!({ "file": file, "width": width, "dark": dark }))
    }

    /// Nothing is wrong with a page, however it is looked at; it has at least so many texts and boxes.
    #[track_caller]
    fn good_page(&mut self, file: &Path, texts: u64, boxes: u64) {
        for width in WIDTHS {
            for dark in [false, true] {
                let found = self.judge(file, width, dark);
                let shown = file.display();
                assert_eq!(found["problems"], json!([]), "{shown}, {width} px wide, dark: {dark}");
                assert!(found["texts"].as_u64() >= Some(texts), "{shown}: {found}");
                assert!(found["boxes"].as_u64() >= Some(boxes), "{shown}: {found}");
            }
        }
    }
}

#[test]
fn the_browser_catches_what_is_wrong_with_a_page() {
    let bench = Bench::new();
    let mut browser = Browser::start();
    let picture = |inside: &str| {
        format!("<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'>{inside}</svg>")
    };
    for (body, why) in [
        ("<p style='width:3000px'>wide</p>".to_owned(), "wider than its window"),
        ("<script>1</script>".to_owned(), "a script of the type ''"),
        ("<script>throw new Error('torn')</script>".to_owned(), "error: torn"),
        ("<script>alert('hello')</script>".to_owned(), "dialog: hello"),
        ("<img src='elsewhere.png'>".to_owned(), "elsewhere.png"),
        ("<p style='color:#999;background:#fff'>faint</p>".to_owned(), "'faint' has a contrast of 2.8"),
        (
            picture("<g><rect width='20' height='20'/><text y='15'>much too long</text></g>"),
            "sticks out of its box",
        ),
        (
            picture("<g><rect width='200' height='90'/><text y='30'>one</text><text y='32'>two</text></g>"),
            "'one' lies over 'two'",
        ),
        (
            picture(
                "<path d='M0 50H300'/><g><rect x='50' width='90' height='90'/><text x='60' y='30'>on</text></g>",
            ),
            "an arrow goes through a box",
        ),
    ] {
        let file = bench.write("page.html", &format!("<!doctype html><title>t</title><body>{body}"));
        let found = browser.judge(&file, WIDTHS[0], false);
        let problems = found["problems"].to_string();
        assert!(problems.contains(why), "{body}: {problems}");
    }
    let file = bench.write("page.html", "<!doctype html><title>t</title><body><p>plain");
    assert_eq!(browser.judge(&file, WIDTHS[1], false)["problems"], json!([]));
}

#[test]
fn evidence_and_pictures_can_be_read_on_any_screen_and_run_nothing() {
    let bench = Bench::new();
    let mut browser = Browser::start();
    let page = |name: &str, arguments: &[&str]| {
        bench.run(&[&["evidence"], arguments, &["-o", name]].concat()).exits(0);
        bench.files().join(name)
    };
    let run = bench.run(&["run", "sfb-online", "--target", "sim:lab", "--yes", "--json"]).exits(0).run();
    std::fs::write(bench.files().join("seen.png"), PIXEL).expect("written");
    let answer = ["approve", &run, "verify_features", "--answer", "voicemail=yes", "--evidence", "seen.png"];
    bench.run(&answer).exits(0);
    browser.good_page(&page("finished.html", &[&run]), 500, 9);
    bench.run(&["undo", &run, "--only", "partner_application", "--yes"]).exits(0);
    browser.good_page(&page("undone.html", &[&run]), 500, 9);

    bench.write("hostile/workflow.toml", HOSTILE);
    bench.write("hostile/steps/first.rhai", NOTE);
    bench.write(&format!("hostile/steps/{LONG}.rhai"), FAILS);
    bench.write("hostile/steps/third.rhai", NOTE);
    let note = "<iframe src=//contoso.com></iframe> WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW";
    bench.run(&["run", "./hostile", "--target", "sim:lab", "--yes"]).exits(1);
    bench.run(&["skip", "latest", LONG, "--note", note]).exits(0);
    browser.good_page(&page("hostile.html", &["latest"]), 30, 3);

    for (workflow, boxes) in [("sfb-online", 9), ("./hostile", 3)] {
        let picture = bench.run(&["graph", workflow, "--format", "svg"]).exits(0).stdout;
        let file = bench.write("picture.svg", &picture);
        let found = browser.judge(&file, WIDTHS[0], false);
        assert_eq!((&found["problems"], &found["boxes"]), (&json!([]), &json!(boxes)), "{workflow}");
    }
}
