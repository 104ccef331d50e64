//! One step of a run as a card: how it stands, each object before and after, each write, and what persons said and did.

use model::{Answer, Attachment};

use super::compose::moments;
use super::{AnswerPart, Fate, Moment, ObjectPart, Shown, Standing, StepPart, WritePart};
use crate::document::{Block, Span, Tone};
use crate::values::{Row, counted, shown};

pub(super) fn card(part: &StepPart, pictures: &[Shown]) -> Vec<Block> {
    let mut blocks = vec![Block::Heading {
        level: 3,
        text: part.title.clone(),
        badge: Some(Span::new(state_tone(&part.state), &part.state)),
    }];
    let mut facts = vec![
        ("step".to_owned(), Span::code(part.step.as_str())),
        ("script".to_owned(), Span::quiet(format!("{} ({})", part.script, part.origin))),
    ];
    if let Some(by_hand) = &part.by_hand {
        facts.push((part.state.clone(), Span::new(Tone::Open, by_hand)));
    }
    if let Some(why) = &part.why {
        facts.push(("why".to_owned(), Span::new(Tone::Bad, why)));
    }
    if !part.already.is_empty() {
        facts.push(("already so".to_owned(), Span::from(part.already.join(", "))));
    }
    if let Some(at) = part.verified {
        let verified = if part.state == "undone" {
            Span::quiet(format!("looked again at {at}: as wanted, before it was taken back"))
        } else if part.cannot_tell.is_empty() {
            Span::new(Tone::Good, format!("looked again at {at}: as wanted"))
        } else {
            Span::new(Tone::Open, format!("looked again at {at}: as wanted, as far as anybody can tell"))
        };
        facts.push(("verified".to_owned(), verified));
    }
    for (target, why) in &part.cannot_tell {
        facts.push(("cannot tell".to_owned(), Span::new(Tone::Open, format!("{target}: {why}"))));
    }
    for (name, map) in [("input", &part.with), ("output", &part.outputs)] {
        facts.extend(
            map.iter().map(|(key, value)| (name.to_owned(), Span::from(format!("{key} = {}", shown(value))))),
        );
    }
    blocks.push(Block::Facts(facts));
    for object in &part.objects {
        blocks.extend(self::object(object, pictures));
    }
    blocks.extend(answers(&part.answers, pictures));
    if !part.trouble.is_empty() {
        blocks.push(moments(&part.trouble));
        blocks.extend(files(part.trouble.iter().flat_map(|one| &one.files), pictures));
    }
    blocks
}

fn object(object: &ObjectPart, pictures: &[Shown]) -> Vec<Block> {
    let (tone, word) = match object.standing {
        Standing::Verified => (Tone::Good, "written and verified"),
        Standing::Written => (Tone::Open, "written, not verified"),
        Standing::Partly => (Tone::Open, "in effect in part"),
        Standing::Planned => (Tone::Quiet, "planned, not written"),
        Standing::TakenBack => (Tone::Quiet, "written and taken back"),
        Standing::InDoubt => (Tone::Bad, "in doubt"),
    };
    let mut blocks =
        vec![Block::Heading { level: 4, text: object.target.clone(), badge: Some(Span::new(tone, word)) }];
    if !object.rows.is_empty() {
        let rows = object.rows.iter().map(property).collect();
        blocks.push(Block::Table { columns: vec!["property", "before", "after"], rows });
    }
    blocks.push(writes(&object.writes));
    let doubts: Vec<Moment> = object.writes.iter().flat_map(|write| write.doubts.clone()).collect();
    if !doubts.is_empty() {
        blocks.push(moments(&doubts));
        blocks.extend(files(doubts.iter().flat_map(|one| &one.files), pictures));
    }
    let mut trail: Vec<Moment> = object.writes.iter().flat_map(|write| write.trail.clone()).collect();
    trail.sort_by_key(|one| one.sequence);
    if !trail.is_empty() {
        let mut inner = Vec::new();
        let evidence = evidence(&object.writes);
        if !evidence.is_empty() {
            inner.push(Block::Table { columns: vec!["evidence", "value", "of the writes"], rows: evidence });
        }
        inner.push(moments(&trail));
        let title = format!("request ids and history of {}", object.target);
        blocks.push(Block::Fold { title, blocks: inner });
    }
    blocks
}

/// What many writes have in common, such as the domain controller, is told once.
fn evidence(writes: &[WritePart]) -> Vec<Vec<Span>> {
    let mut told: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for write in writes {
        for (name, value) in &write.evidence {
            match told.iter_mut().find(|(known, same, _)| known == name && same == value) {
                Some((.., keys)) => keys.push(&write.key),
                None => told.push((name, value, vec![&write.key])),
            }
        }
    }
    told.into_iter()
        .map(|(name, value, keys)| {
            let of =
                if keys.len() > 1 && keys.len() == writes.len() { "all".to_owned() } else { keys.join(", ") };
            vec![Span::from(name), Span::code(value), Span::quiet(of)]
        })
        .collect()
}

fn property(row: &Row) -> Vec<Span> {
    let side = |tone: Tone, value: &Option<String>| match value {
        Some(value) => Span::new(tone, value),
        None => Span::quiet("absent"),
    };
    vec![Span::code(row.name.as_str()), side(Tone::Before, &row.before), side(Tone::After, &row.after)]
}

fn writes(writes: &[WritePart]) -> Block {
    let rows = writes.iter().map(|write| {
        let (tone, fate) = fate_words(write.fate);
        vec![
            Span::from(write.summary.clone().unwrap_or_else(|| write.key.clone())),
            Span::new(tone, fate),
            write
                .function
                .as_ref()
                .map_or_else(|| Span::quiet("no call"), |function| Span::code(function.as_str())),
        ]
    });
    Block::Table { columns: vec!["write", "what became of it", "by"], rows: rows.collect() }
}

pub(super) fn fate_words(fate: Fate) -> (Tone, &'static str) {
    match fate {
        Fate::Done => (Tone::Good, "done"),
        Fate::Adopted => (Tone::Good, "was there before"),
        Fate::Settled => (Tone::Good, "answer lost; settled by looking: done"),
        Fate::Decided => (Tone::Open, "done, as a person says"),
        Fate::NotDone => (Tone::Quiet, "not done"),
        Fate::InDoubt => (Tone::Bad, "in doubt"),
        Fate::TakenBack => (Tone::Quiet, "done and taken back"),
        Fate::Covered => (Tone::Quiet, "done; went with the object"),
        Fate::UndoOpen => (Tone::Bad, "done; its undo is not finished"),
    }
}

fn answers(answers: &[AnswerPart], pictures: &[Shown]) -> Vec<Block> {
    if answers.is_empty() {
        return Vec::new();
    }
    let rows = answers.iter().map(|one| {
        let (tone, said) = match &one.answer {
            Answer::So => (Tone::Good, "yes".to_owned()),
            Answer::NotSo(why) => (Tone::Bad, format!("no: {why}")),
            Answer::CannotTell(why) => (Tone::Open, format!("cannot tell: {why}")),
        };
        vec![
            Span::from(one.ask.as_str()),
            Span::new(tone, said),
            Span::from(format!("{}, {}", one.by, one.at)),
            Span::from(one.note.clone().unwrap_or_default()),
        ]
    });
    let mut blocks =
        vec![Block::Table { columns: vec!["asked", "answer", "who and when", "note"], rows: rows.collect() }];
    blocks.extend(files(answers.iter().flat_map(|one| &one.files), pictures));
    blocks
}

fn files<'a>(files: impl Iterator<Item = &'a Attachment>, pictures: &[Shown]) -> Vec<Block> {
    let files: Vec<&Attachment> = files.collect();
    if files.is_empty() {
        return Vec::new();
    }
    let rows = files.iter().map(|file| {
        vec![
            Span::from(file.name.as_str()),
            Span::from(counted(file.bytes as usize, "byte", "bytes")),
            Span::code(file.digest.to_string()),
        ]
    });
    let mut blocks = vec![Block::Table { columns: vec!["file", "size", "digest"], rows: rows.collect() }];
    for file in files {
        if let Some(picture) = pictures.iter().find(|picture| picture.digest == file.digest) {
            blocks.push(Block::Image {
                name: file.name.clone(),
                media_type: picture.media_type,
                base64: picture.base64.clone(),
            });
        }
    }
    blocks
}

fn state_tone(state: &str) -> Tone {
    match state {
        "done" => Tone::Good,
        "failed" | "in doubt" => Tone::Bad,
        "pending" | "skipped" | "blocked" | "retired" | "undone" => Tone::Quiet,
        _ => Tone::Open,
    }
}
