//! What `doctor` found, for a person: the settings with where they came from, then the checks by area.

use crate::style::{Paint, Style};
use crate::values::clean;

/// A setting in force.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// `targets/contoso.toml:3:8`, or `default`.
    pub origin: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    So,
    NotSo,
    CannotTell,
}

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub area: &'a str,
    pub name: &'a str,
    pub verdict: Verdict,
    pub seen: &'a str,
    pub advice: Option<&'a str>,
}

/// The whole page. Areas stand in the order in which they come first.
pub fn text(target: &str, settings: &[Setting<'_>], items: &[Item<'_>], style: Style) -> String {
    let mut page = format!("target {}\n", style.strong(&clean(target)));
    if !settings.is_empty() {
        page.push_str("\nsettings\n");
        let name_width = settings.iter().map(|one| width(one.name)).max().unwrap_or(0);
        let value_width = settings.iter().map(|one| width(one.value)).max().unwrap_or(0).min(VALUE_WIDTH_MAX);
        for one in settings {
            let (name, value) = (clean(one.name), clean(one.value));
            let origin = style.quiet(&clean(one.origin));
            page.push_str(&format!("  {name:name_width$}  {value:value_width$}  {origin}\n"));
        }
    }
    page.push('\n');
    page.push_str(&listed(items, style));
    page
}

/// The checks by area, and a line that counts them.
pub fn listed(items: &[Item<'_>], style: Style) -> String {
    let mut page = String::new();
    let mut areas: Vec<&str> = Vec::new();
    for item in items {
        if !areas.contains(&item.area) {
            areas.push(item.area);
        }
    }
    let name_width = items.iter().map(|item| width(item.name)).max().unwrap_or(0);
    for area in areas {
        page.push_str(&format!("{}\n", clean(area)));
        for item in items.iter().filter(|item| item.area == area) {
            let verdict = style.paint(item.verdict.paint(), &format!("{:11}", item.verdict.words()));
            page.push_str(&format!("  {verdict}  {:name_width$}  {}\n", clean(item.name), clean(item.seen)));
            if let Some(advice) = item.advice {
                page.push_str(&format!("  {:11}  {:name_width$}  do: {}\n", "", "", clean(advice)));
            }
        }
        page.push('\n');
    }
    page.push_str(&format!("{}\n", conclusion(items)));
    page
}

/// Longer values push only their own line.
const VALUE_WIDTH_MAX: usize = 60;

fn width(text: &str) -> usize {
    clean(text).chars().count()
}

fn conclusion(items: &[Item<'_>]) -> String {
    let count = |verdict| items.iter().filter(|item| item.verdict == verdict).count();
    let (so, not_so, cannot_tell) = (count(Verdict::So), count(Verdict::NotSo), count(Verdict::CannotTell));
    match (not_so, cannot_tell, so) {
        (0, 0, 0) => "nothing could be checked, so nothing is known".to_owned(),
        (0, 0, so) => format!("all {so} checks are so"),
        (0, cannot_tell, so) => format!("{so} so, {cannot_tell} nobody can tell"),
        (not_so, cannot_tell, so) => format!("{not_so} not so, {cannot_tell} nobody can tell, {so} so"),
    }
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Verdict::So => "so",
            Verdict::NotSo => "not so",
            Verdict::CannotTell => "cannot tell",
        }
    }

    fn paint(self) -> Paint {
        match self {
            Verdict::So => Paint::Good,
            Verdict::NotSo => Paint::Conflict,
            Verdict::CannotTell => Paint::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_stand_by_area_and_advice_under_its_check() {
        let item = |area, name, verdict, seen, advice| Item { area, name, verdict, seen, advice };
        let items = [
            item("exchange", "tls", Verdict::So, "ex01.contoso.com", None),
            item("graph", "tenant", Verdict::NotSo, "another\u{1b}[2J", Some("correct it")),
            item("exchange", "clock", Verdict::CannotTell, "no date", None),
        ];
        let settings = [Setting { name: "tenant", value: "1d6e", origin: "default" }];
        assert_eq!(
            text("contoso", &settings, &items, Style::Plain),
            "target contoso\n\nsettings\n  tenant  1d6e  default\n\nexchange\n  so           tls     ex01.contoso.com\n  \
             cannot tell  clock   no date\n\ngraph\n  not so       tenant  another\u{fffd}[2J\n                       \
             do: correct it\n\n1 not so, 1 nobody can tell, 1 so\n"
        );
        assert!(text("x", &[], &[], Style::Plain).contains("nothing is known"));
    }
}
