//! Writes whose answer is lost, as a person reads them: which, since when, why, what comes next, what may be decided.

use model::Timestamp;
use model::doubt::{Doubt, SettledBy};
use serde_json::json;

use crate::plan::word;
use crate::values::{clean, counted};
use crate::{Paint, Style};

/// Everything about each, with the choices of a person where there are any. Empty when nothing is in doubt.
pub fn text(doubts: &[Doubt], style: Style) -> String {
    let mut text = String::new();
    for doubt in doubts {
        text.push_str(&format!("{}\n", style.paint(Paint::Conflict, &format!("in doubt: {}", which(doubt)))));
        for line in facts(doubt) {
            text.push_str(&format!("  {line}\n"));
        }
        for choice in &doubt.choices {
            let command = style.strong(&clean(&choice.command));
            text.push_str(&format!("  {command}\n      {}\n", clean(&choice.causes)));
        }
    }
    text
}

/// One line each, for a list of runs.
pub fn line(doubt: &Doubt) -> String {
    let sent = doubt.sent.map(|at| format!(", sent {at}")).unwrap_or_default();
    format!("in doubt: {}{sent}: {}", which(doubt), next(&doubt.settled_by))
}

/// [`Doubt`]s with their times in RFC 3339.
pub fn json(doubts: &[Doubt]) -> serde_json::Value {
    let one = |doubt: &Doubt| {
        let mut document = json!(doubt);
        document["sent"] = readable(doubt.sent);
        if let SettledBy::Looking { at } = doubt.settled_by {
            document["settled_by"]["at"] = readable(at);
        }
        document
    };
    doubts.iter().map(one).collect()
}

fn readable(at: Option<Timestamp>) -> serde_json::Value {
    at.map(|at| at.to_string()).into()
}

/// `application_account: create mail_user:X by exchange::new_mail_user`
pub(crate) fn which(doubt: &Doubt) -> String {
    let back = if doubt.undo { "undo of " } else { "" };
    let (step, what) = (&doubt.step, word(doubt.kind));
    format!("{step}: {back}{what} {} by {}", clean(&doubt.object), clean(&doubt.function))
}

/// When it was sent, why nobody knows, how often it was looked for, and what comes next.
pub(crate) fn facts(doubt: &Doubt) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(at) = doubt.sent {
        let request = doubt.request.as_ref().map(|request| format!(" as {request}")).unwrap_or_default();
        lines.push(clean(&format!("sent {at}{request}")));
    }
    lines.push(clean(&format!("its answer is not known: {}", doubt.why)));
    if doubt.looks > 0 {
        lines.push(format!("{} found the state from before", counted(doubt.looks as usize, "look", "looks")));
    }
    lines.push(clean(&next(&doubt.settled_by)));
    lines
}

fn next(settled_by: &SettledBy) -> String {
    match settled_by {
        SettledBy::Looking { at: Some(at) } => format!("looks again at {at}"),
        SettledBy::Looking { at: None } => "looks for it right now".to_owned(),
        SettledBy::GoingOn => "looks for it as soon as the run is carried on".to_owned(),
        SettledBy::Person { cannot_tell } => format!("looking cannot tell, you decide: {cannot_tell}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{change, run, workflow};
    use model::value::Map;
    use model::{ChangeKind, Digest, Event, Life, Value};

    fn intent() -> Event {
        Event::Intent {
            step: "a".into(),
            key: "k".into(),
            attempt: 1,
            function: "exchange::new_mail_user".into(),
            arguments: Map::new(),
            settle_ms: 5_000,
            undo: false,
        }
    }

    fn shown(kind: ChangeKind, after_it_was_sent: Vec<Event>, live: bool) -> String {
        let wanted = change("k", kind, Value::Null, Value::Bool(true));
        let mut events = vec![
            Event::Approved { digest: Digest::default(), by: "ann".into(), note: None },
            Event::StepReady { step: "a".into(), with: Map::new() },
            Event::StepPlanned { step: "a".into(), changes: vec![wanted], already: Map::new() },
            intent(),
        ];
        events.extend(after_it_was_sent);
        let state = run(workflow(&[("a", &[])]), events);
        assert_eq!(state.life, Life::Running);
        let doubts = Doubt::all(&state, live);
        assert_eq!(json(&doubts).as_array().map(Vec::len), Some(doubts.len()));
        text(&doubts, Style::Plain).replace(&state.id.to_string(), "RUN")
    }

    fn doubted() -> Event {
        Event::Doubted { step: "a".into(), key: "k".into(), why: "the connection broke".into(), undo: false }
    }

    fn in_vain() -> Event {
        Event::LookedInVain { step: "a".into(), key: "k".into(), until: Timestamp(9_000), undo: false }
    }

    fn asked() -> Event {
        Event::Asked { step: "a".into(), key: "k".into(), why: "it is neither".into(), undo: false }
    }

    #[test]
    fn promise_1_every_stage_of_a_doubt_is_told() {
        let head = "in doubt: a: create thing:k by exchange::new_mail_user\n  sent 1970-01-01T00:00:04Z\n";
        let broke = "  its answer is not known: the connection broke\n";
        let told = |events, live| shown(ChangeKind::Create, events, live);
        assert_eq!(told(vec![], true), "", "an answer that is waited for is no doubt");
        assert_eq!(
            told(vec![], false),
            format!(
                "{head}  its answer is not known: the process ended before the answer was recorded\n  \
                 looks for it as soon as the run is carried on\n"
            )
        );
        assert_eq!(told(vec![doubted()], true), format!("{head}{broke}  looks for it right now\n"));
        assert_eq!(
            told(vec![doubted(), in_vain()], true),
            format!(
                "{head}{broke}  1 look found the state from before\n  looks again at 1970-01-01T00:00:09Z\n"
            )
        );
        let decide = told(vec![doubted(), in_vain(), asked()], true);
        assert!(
            decide.starts_with(&format!(
                "{head}{broke}  1 look found the state from before\n  looking cannot tell, you decide: it is neither\n  \
                 footbridge approve RUN a --retry\n"
            )),
            "{decide}"
        );
        for choice in
            ["--done --note", "--abort --note", "it is done twice", "undo will ask", "What was written stays"]
        {
            assert!(decide.contains(choice), "{choice}: {decide}");
        }
    }

    #[test]
    fn sending_again_means_something_else_for_each_kind_of_change() {
        let told: Vec<String> = [ChangeKind::Create, ChangeKind::Update, ChangeKind::Delete, ChangeKind::Run]
            .map(|kind| shown(kind, vec![doubted(), asked()], true))
            .into();
        for (at, one) in told.iter().enumerate() {
            let again = one.lines().find(|line| line.contains("done twice")).expect("what twice would mean");
            assert!(told[..at].iter().all(|other| !other.contains(again)), "{again}");
        }
    }
}
