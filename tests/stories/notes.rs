//! A small workflow of a customer's own: two notes, the second behind a gate that stays shut for an hour.

use crate::support::Bench;

pub(crate) const MANIFEST: &str = r#"[workflow]
id = "notes"
version = "1.0.0"
title = "Two notes"

[params.text]
type = "string"
default = "hello"

[params.pace]
type = "duration"
default = "5m"

[steps.first]
title = "First note"

[steps.second]
title = "Second note"
needs = ["first"]
gate = { wait = "1h" }
"#;

pub(crate) const NOTE: &str = "fn apply(ctx, change) { #{ said: ctx.params.text } }\n";

/// Looks again and again until the second administrator has made the mail user `Go`.
pub(crate) const UNTIL_GO: &str = r#"fn apply(ctx, change) {
    while exchange::mail_user(#{ name: "Go" }) == () {}
    #{ seen: "Go" }
}
"#;

/// Writes the workflow to `./notes`.
pub(crate) fn write(bench: &Bench) {
    write_with(bench, MANIFEST, NOTE);
}

/// The same with another manifest and another script for the first note.
pub(crate) fn write_with(bench: &Bench, manifest: &str, first: &str) {
    bench.write("notes/workflow.toml", manifest);
    bench.write("notes/steps/first.rhai", first);
    bench.write("notes/steps/second.rhai", NOTE);
}
