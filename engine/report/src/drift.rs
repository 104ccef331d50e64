//! Whether the world is still as a run left it.

use model::RunId;
use model::refine::Difference;

use crate::values::{clean, counted, shown};
use crate::{Paint, Style};

/// `drifts`: step and difference. `cannot_tell`: step and why it could not be looked at.
pub fn text(
    run: RunId,
    drifts: &[(&str, &Difference)],
    cannot_tell: &[(&str, &str)],
    compared: usize,
    style: Style,
) -> String {
    let mut text =
        format!("{}: {} compared\n", style.strong(&run.to_string()), counted(compared, "object", "objects"));
    for (step, one) in drifts {
        let at = if one.at.is_empty() { String::new() } else { format!(" {}", clean(&one.at)) };
        text.push_str(&format!(
            "  {} {}{at}  {}\n      left as  {}\n      now      {}\n",
            style.paint(Paint::Update, "~"),
            clean(&one.target),
            style.quiet(step),
            shown(&one.planned_from),
            shown(&one.now),
        ));
    }
    for (step, why) in cannot_tell {
        text.push_str(&format!(
            "  {} {step}: cannot tell: {}\n",
            style.paint(Paint::Unknown, "?"),
            clean(why)
        ));
    }
    if compared == 0 && drifts.is_empty() && cannot_tell.is_empty() {
        text.push_str("the run has left nothing to compare\n");
    } else if drifts.is_empty() && cannot_tell.is_empty() {
        text.push_str(&format!("{}\n", style.paint(Paint::Good, "the world is as the run left it")));
    } else if drifts.is_empty() {
        text.push_str("nothing drifted as far as could be seen; that is not the same as clean\n");
    } else {
        text.push_str(&format!("{} drifted\n", counted(drifts.len(), "property", "properties")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Value;

    #[test]
    fn cannot_tell_is_never_clean() {
        let run = RunId::new(0, 0);
        assert!(text(run, &[], &[], 2, Style::Plain).contains("as the run left it"));
        assert!(text(run, &[], &[], 0, Style::Plain).contains("nothing to compare"));
        let unsure = text(run, &[], &[("a", "no answer")], 2, Style::Plain);
        assert!(!unsure.contains("as the run left it") && unsure.contains("? a: cannot tell: no answer"));
        let one = Difference {
            target: "t:x".into(),
            at: "a".into(),
            planned_from: Value::Int(1),
            now: Value::Int(2),
            wanted: Value::Int(1),
        };
        let drifted = text(run, &[("s", &one)], &[], 1, Style::Plain);
        assert!(drifted.contains("  ~ t:x a  s\n      left as  1\n      now      2\n"), "{drifted}");
    }
}
