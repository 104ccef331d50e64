//! From a dossier to a document: summary first, then the picture, the approvals, the plan, and each step with its objects.

use model::run_state::RunStatus;
use model::{Answer, Attachment, ChangeKind};

use super::{
    AnswerPart, Dossier, Fate, Moment, ObjectPart, PlannedPart, Shown, Standing, StepPart, WritePart,
};
use crate::document::{self, Block, HTML_STYLE, Html, Span, Tone};
use crate::summary::status_word;
use crate::values::{Row, counted, shown};

pub(super) fn document(dossier: &Dossier, pictures: &[Shown]) -> Vec<Block> {
    let mut blocks = head(dossier);
    blocks.extend(unchecked(dossier));
    blocks.push(Block::Picture { svg: dossier.drawing.clone() });
    blocks.extend(approvals(dossier));
    blocks.extend(plan(&dossier.planned));
    blocks.push(Block::heading(2, "The steps"));
    for part in &dossier.parts {
        blocks.push(Block::Card(step(part, pictures)));
    }
    if !dossier.deeds.is_empty() {
        blocks.push(Block::heading(2, "What else happened"));
        blocks.push(moments(&dossier.deeds));
    }
    if !dossier.params.is_empty() {
        blocks.push(Block::heading(2, "Parameters"));
        blocks.push(map_facts(&dossier.params));
    }
    blocks
}

fn head(dossier: &Dossier) -> Vec<Block> {
    let summary = &dossier.summary;
    let code = |text: &str| Span::code(text);
    let mut facts = vec![
        ("run".to_owned(), code(&summary.run.to_string())),
        ("workflow".to_owned(), Span::from(format!("{} {}", summary.workflow, summary.version))),
        ("workflow digest".to_owned(), code(&dossier.workflow_digest.to_string())),
        ("layers".to_owned(), Span::from(dossier.layers.join(" < "))),
        ("target".to_owned(), Span::new(Tone::Strong, &summary.target)),
    ];
    facts.extend(dossier.target_is.iter().map(|is| ("which stood for".to_owned(), Span::from(is.as_str()))));
    facts.push(("asked for by".to_owned(), Span::from(summary.by.as_str())));
    facts.push(("began".to_owned(), Span::from(summary.created.to_string())));
    let ended = dossier.ended.map_or_else(|| Span::new(Tone::Open, "not over"), |at| at.to_string().into());
    facts.push(("ended".to_owned(), ended));
    facts.extend(summary.plan.map(|digest| ("plan digest".to_owned(), code(&digest.to_string()))));
    facts.push(("journal head".to_owned(), code(&summary.head.to_string())));
    let mut blocks = vec![
        Block::Heading {
            level: 1,
            text: dossier.title.clone(),
            badge: Some(Span::new(status_tone(summary.state), status_word(summary.state))),
        },
        Block::Text(Span::from(sentence(dossier))),
    ];
    blocks.extend(dossier.source.iter().map(|source| Block::Text(Span::quiet(format!("after {source}")))));
    blocks.push(Block::Facts(facts));
    blocks
}

fn sentence(dossier: &Dossier) -> String {
    let summary = &dossier.summary;
    let writes = dossier.parts.iter().flat_map(|part| &part.objects).flat_map(|object| &object.writes);
    let taken_back = writes.filter(|write| matches!(write.fate, Fate::TakenBack | Fate::Covered)).count();
    let mut told = match summary.state {
        RunStatus::Succeeded => "The run succeeded.".to_owned(),
        RunStatus::Failed => "The run failed. Nothing was undone unasked.".to_owned(),
        RunStatus::Cancelled => "The run was cancelled. Nothing was undone unasked.".to_owned(),
        RunStatus::Undone => "The run was undone.".to_owned(),
        RunStatus::PartlyUndone => "The run was undone in part.".to_owned(),
        RunStatus::Stuck => "The undo of the run could not be finished.".to_owned(),
        RunStatus::InDoubt => "The run waits for a person: nobody can tell about a write.".to_owned(),
        RunStatus::Waiting => "The run is not over: it waits.".to_owned(),
        RunStatus::Paused => "The run is not over: it is paused.".to_owned(),
        RunStatus::Running | RunStatus::Undoing | RunStatus::Interrupted => "The run is not over.".to_owned(),
    };
    told.push_str(&format!(" {} in effect", counted(summary.changes, "change is", "changes are")));
    if taken_back > 0 {
        told.push_str(&format!(", {} taken back", counted(taken_back, "was", "were")));
    }
    told.push('.');
    if !summary.unchecked.is_empty() {
        told.push_str(&format!(
            " {} not proved: only a person can check.",
            counted(summary.unchecked.len(), "thing is", "things are")
        ));
    }
    told
}

fn unchecked(dossier: &Dossier) -> Vec<Block> {
    if dossier.summary.unchecked.is_empty() {
        return Vec::new();
    }
    let rows = dossier.summary.unchecked.iter().map(|one| {
        vec![
            Span::from(one.ask.as_str()),
            Span::from(one.proves.as_str()),
            Span::new(Tone::Open, &one.why),
            Span::code(one.step.as_str()),
        ]
    });
    vec![
        Block::heading(2, "What is not proved"),
        Block::Table { columns: vec!["to be checked", "would prove", "now", "step"], rows: rows.collect() },
    ]
}

fn approvals(dossier: &Dossier) -> Vec<Block> {
    let mut blocks = vec![Block::heading(2, "Who approved what")];
    if dossier.approvals.is_empty() {
        blocks.push(Block::Text(Span::new(Tone::Open, "Nobody has approved anything.")));
        return blocks;
    }
    let rows = dossier.approvals.iter().map(|one| {
        vec![
            Span::from(one.at.to_string()),
            Span::new(Tone::Strong, &one.by),
            Span::from(one.what.as_str()),
            one.digest.map_or_else(|| Span::quiet("no digest"), |digest| Span::code(digest.to_string())),
            Span::from(one.note.clone().unwrap_or_default()),
        ]
    });
    blocks
        .push(Block::Table { columns: vec!["when", "who", "what", "digest", "note"], rows: rows.collect() });
    blocks
}

fn plan(planned: &[PlannedPart]) -> Vec<Block> {
    if planned.is_empty() {
        return Vec::new();
    }
    let rows = planned.iter().map(|part| {
        let writes = part.changes.iter().filter(|change| change.writes());
        let changes: Vec<String> =
            writes.map(|change| format!("{} {}", kind_word(change.kind), change.target)).collect();
        vec![Span::code(part.step.as_str()), Span::from(part.outlook.as_str()), folded(&changes).into()]
    });
    vec![
        Block::heading(2, "The plan"),
        Block::Table { columns: vec!["step", "outlook", "changes"], rows: rows.collect() },
    ]
}

/// A change that is made many times over is told once.
fn folded(changes: &[String]) -> String {
    let runs = changes.chunk_by(|one, other| one == other);
    let told: Vec<String> = runs
        .map(|run| if run.len() > 1 { format!("{} ({}×)", run[0], run.len()) } else { run[0].clone() })
        .collect();
    told.join("; ")
}

fn step(part: &StepPart, pictures: &[Shown]) -> Vec<Block> {
    let mut blocks = vec![Block::Heading {
        level: 3,
        text: part.title.clone(),
        badge: Some(Span::new(state_tone(&part.state), &part.state)),
    }];
    let mut facts = vec![
        ("step".to_owned(), Span::code(part.step.as_str())),
        ("script".to_owned(), Span::quiet(format!("{} ({})", part.script, part.origin))),
    ];
    if let Some(why) = &part.why {
        facts.push(("why".to_owned(), Span::new(Tone::Bad, why)));
    }
    if !part.already.is_empty() {
        facts.push(("already so".to_owned(), Span::from(part.already.join(", "))));
    }
    if let Some(at) = part.verified {
        let verified = if part.cannot_tell.is_empty() {
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
    let trail: Vec<Moment> = object.writes.iter().flat_map(|write| write.trail.clone()).collect();
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
        .map(|(name, value, keys)| vec![Span::from(name), Span::code(value), Span::quiet(keys.join(", "))])
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
        let (tone, fate) = match write.fate {
            Fate::Done => (Tone::Good, "done"),
            Fate::Adopted => (Tone::Good, "was there before"),
            Fate::Settled => (Tone::Good, "answer lost; settled by looking: done"),
            Fate::Decided => (Tone::Open, "done, as a person says"),
            Fate::NotDone => (Tone::Quiet, "not done"),
            Fate::InDoubt => (Tone::Bad, "in doubt"),
            Fate::TakenBack => (Tone::Quiet, "done and taken back"),
            Fate::Covered => (Tone::Quiet, "done; went with the object"),
            Fate::UndoOpen => (Tone::Bad, "done; its undo is not finished"),
        };
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

fn moments(moments: &[Moment]) -> Block {
    let rows = moments.iter().map(|one| {
        vec![
            Span::quiet(one.sequence.to_string()),
            Span::quiet(one.at.to_string()),
            Span::from(one.told.as_str()),
        ]
    });
    Block::Table { columns: vec!["record", "when", "what"], rows: rows.collect() }
}

fn map_facts(map: &model::value::Map) -> Block {
    Block::Facts(map.iter().map(|(name, value)| (name.clone(), Span::from(shown(value)))).collect())
}

/// Of an evidence file only: the chain, and what makes it more than a page.
pub(super) fn proof(dossier: &Dossier) -> Vec<Block> {
    let rows = dossier.records.iter().map(|link| {
        vec![
            Span::quiet(link.sequence.to_string()),
            Span::quiet(link.at.to_string()),
            Span::from(link.told.as_str()),
            Span::code(link.hash.to_string()),
        ]
    });
    let columns = vec!["record", "when", "what", "hash"];
    vec![
        Block::heading(2, "How to check this file"),
        Block::Text(Span::from(
            "All records of the run are in this file, each with the hash of the one before it. A footbridge on any \
machine computes every hash again, follows the run from its first record to its last, draws this page anew from the \
records, and compares each byte:",
        )),
        Block::Text(Span::code(format!("footbridge evidence verify FILE --head {}", dossier.summary.head))),
        Block::Text(Span::from(
            "The hash in that line must come from elsewhere: from the terminal where the run ended, from a ticket or a \
mail. Whoever could change this file could change the line too. A signed file is checked with --public-key instead.",
        )),
        Block::Fold {
            title: format!("The hash chain: {}", counted(dossier.records.len(), "record", "records")),
            blocks: vec![Block::Table { columns, rows: rows.collect() }],
        },
    ]
}

/// A whole page. `data`: markup of ours at its end.
pub(super) fn page(dossier: &Dossier, blocks: &[Block], data: &str) -> String {
    // No script, nothing from elsewhere, no form: whatever is in a record can at most be read.
    const POLICY: &str =
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'";
    let mut html = Html::default();
    html.ours("<!DOCTYPE html>\n").open("html", &[("lang", "en")]).line().open("head", &[]).line();
    html.open("meta", &[("charset", "utf-8")]).line();
    html.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]).line();
    html.open("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]).line();
    html.open("meta", &[("name", "referrer"), ("content", "no-referrer")]).line();
    let title = format!("{} · {} · {}", dossier.title, dossier.summary.target, dossier.summary.run);
    html.element("title", &[], &title).line();
    html.open("style", &[]).line().ours(HTML_STYLE).close("style").line().close("head").line();
    html.open("body", &[]).line().open("main", &[]).line();
    document::html(blocks, &mut html);
    html.close("main").line().ours(data).close("body").line().close("html").line();
    html.into_string()
}

fn kind_word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "create",
        ChangeKind::Update => "update",
        ChangeKind::Delete => "delete",
        ChangeKind::Run => "run",
        ChangeKind::None => "leave",
        ChangeKind::Conflict => "conflict at",
        ChangeKind::Unknown => "unknown at",
    }
}

fn status_tone(status: RunStatus) -> Tone {
    match status {
        RunStatus::Succeeded => Tone::Good,
        RunStatus::Failed | RunStatus::Stuck | RunStatus::InDoubt => Tone::Bad,
        RunStatus::Undone | RunStatus::PartlyUndone | RunStatus::Cancelled => Tone::Quiet,
        RunStatus::Waiting
        | RunStatus::Paused
        | RunStatus::Interrupted
        | RunStatus::Running
        | RunStatus::Undoing => Tone::Open,
    }
}

fn state_tone(state: &str) -> Tone {
    match state {
        "done" => Tone::Good,
        "failed" => Tone::Bad,
        "pending" | "skipped" | "blocked" | "retired" | "undone" => Tone::Quiet,
        _ => Tone::Open,
    }
}
