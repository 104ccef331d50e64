//! A three-way difference: what the plan was computed from, what is there now, what the plan wanted.

use model::refine::Difference;

use crate::values::{clean, shown};
use crate::{Paint, Style};

pub fn text(differences: &[Difference], style: Style) -> String {
    let mut text = String::new();
    let mut target = None;
    for one in differences {
        if target != Some(&one.target) {
            text.push_str(&format!("  {} {}\n", style.paint(Paint::Conflict, "!"), clean(&one.target)));
            target = Some(&one.target);
        }
        if !one.at.is_empty() {
            text.push_str(&format!("      {}\n", style.strong(&clean(&one.at))));
        }
        text.push_str(&format!("        planned from  {}\n", shown(&one.planned_from)));
        text.push_str(&format!("        now           {}\n", style.paint(Paint::Update, &shown(&one.now))));
        text.push_str(&format!("        wanted        {}\n", shown(&one.wanted)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Value;

    #[test]
    fn all_three_sides_are_shown() {
        let one = Difference {
            target: "mail_user:x".into(),
            at: "hidden".into(),
            planned_from: Value::Bool(false),
            now: Value::text("maybe"),
            wanted: Value::Bool(true),
        };
        let expected = "  ! mail_user:x\n      hidden\n        planned from  false\n        now           \"maybe\"\n        wanted        true\n";
        assert_eq!(text(&[one], Style::Plain), expected);
    }
}
