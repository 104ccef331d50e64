//! From a dossier to a document: summary first, then the picture, the approvals, the plan, and each step.

use model::ChangeKind;
use model::doubt::Doubt;
use model::run_state::RunStatus;

use super::step_card::{card, fate_words};
use super::{Dossier, Fate, Moment, PlanPart, PlannedPart, Shown, Undo, UndoLine, Version};
use crate::document::{self, Block, HTML_STYLE, Html, Span, Tone};
use crate::summary::status_word;
use crate::values::{counted, shown};

pub(super) fn document(dossier: &Dossier, pictures: &[Shown]) -> Vec<Block> {
    let mut blocks = head(dossier);
    blocks.extend(doubts(&dossier.summary.doubts));
    blocks.extend(unchecked(dossier));
    blocks.push(Block::Picture { svg: dossier.drawing.clone(), told: "Each step after those it needs" });
    blocks.extend(approvals(dossier));
    blocks.extend(versions(&dossier.versions));
    blocks.extend(plans(&dossier.plans));
    blocks.extend(dossier.undos.iter().flat_map(|one| undo(one, dossier)));
    blocks.push(Block::heading(2, "The steps"));
    for part in &dossier.parts {
        blocks.push(Block::Card(card(part, pictures)));
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
    if may_be_unchecked(dossier) {
        told.push_str(&format!(
            " {} not proved: only a person can check.",
            counted(summary.unchecked.len(), "thing is", "things are")
        ));
    }
    told
}

/// Writes whose answer is lost: what is known of each, and what a person may decide.
fn doubts(doubts: &[Doubt]) -> Vec<Block> {
    if doubts.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::heading(2, "What is in doubt")];
    for doubt in doubts {
        blocks.push(Block::Text(Span::new(Tone::Bad, crate::doubt::which(doubt))));
        blocks.extend(crate::doubt::facts(doubt).into_iter().map(|fact| Block::Text(Span::from(fact))));
        let rows = doubt
            .choices
            .iter()
            .map(|choice| vec![Span::code(choice.command.as_str()), Span::from(choice.causes.as_str())]);
        let rows: Vec<Vec<Span>> = rows.collect();
        if !rows.is_empty() {
            blocks.push(Block::Table { columns: vec!["a person may say", "what that would cause"], rows });
        }
    }
    blocks
}

/// Before the end nobody can have checked, and of what was taken back nothing is left to check.
fn may_be_unchecked(dossier: &Dossier) -> bool {
    let over = matches!(dossier.summary.state, RunStatus::Succeeded | RunStatus::Failed);
    over && !dossier.summary.unchecked.is_empty()
}

fn unchecked(dossier: &Dossier) -> Vec<Block> {
    if !may_be_unchecked(dossier) {
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

/// Told only where a person had the run go on with another version.
fn versions(versions: &[Version]) -> Vec<Block> {
    if versions.len() < 2 {
        return Vec::new();
    }
    let rows = versions.iter().map(|one| {
        vec![
            Span::from(one.at.to_string()),
            Span::new(Tone::Strong, &one.by),
            Span::from(one.version.as_str()),
            Span::code(one.workflow.to_string()),
            Span::from(one.differs.as_str()),
            Span::from(one.note.clone().unwrap_or_default()),
        ]
    });
    let columns = vec!["when", "who", "version", "workflow digest", "what became of the steps", "note"];
    vec![Block::heading(2, "The versions of the workflow"), Block::Table { columns, rows: rows.collect() }]
}

fn undo(undo: &Undo, dossier: &Dossier) -> Vec<Block> {
    let note = undo.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let asked = format!("{} asked for it at {}{note}", undo.by, undo.at);
    // Many small changes of one object have one fate.
    let same = |one: &UndoLine, other: &UndoLine| {
        (&one.step, &one.object, &one.decided) == (&other.step, &other.object, &other.decided)
    };
    let rows = undo.lines.chunk_by(same).map(|lines| {
        let line = &lines[0];
        let what = if lines.len() > KEYS_MAX {
            counted(lines.len(), "change", "changes")
        } else {
            lines.iter().map(|line| line.key.as_str()).collect::<Vec<_>>().join(", ")
        };
        let tone = if line.choice.is_some() { Tone::Open } else { Tone::Plain };
        let now = now(line, dossier);
        vec![
            Span::code(line.step.as_str()),
            Span::from(what),
            line.object.as_ref().map_or_else(|| Span::quiet("no longer the step's"), Span::from),
            Span::new(tone, &line.decided),
            now.map_or_else(Span::default, |(tone, word)| Span::new(tone, word)),
        ]
    });
    vec![
        Block::heading(2, format!("The undo of {}", undo.part)),
        Block::Text(Span::from(asked)),
        Block::Table { columns: vec!["step", "change", "object", "decided", "now"], rows: rows.collect() },
    ]
}

const KEYS_MAX: usize = 3;

/// What became of the change that an undo was to take back, as of the last record.
fn now(line: &UndoLine, dossier: &Dossier) -> Option<(Tone, &'static str)> {
    let part = dossier.parts.iter().find(|part| part.step == line.step)?;
    let write = part.objects.iter().flat_map(|object| &object.writes).find(|write| write.key == line.key)?;
    Some(fate_words(write.fate))
}

fn plans(plans: &[PlanPart]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for plan in plans {
        let title =
            if plans.len() == 1 { "The plan".to_owned() } else { format!("The plan made at {}", plan.at) };
        blocks.push(Block::heading(2, title));
        blocks.push(Block::Facts(vec![("digest".to_owned(), Span::code(plan.digest.to_string()))]));
        let rows = plan.steps.iter().map(planned).collect();
        blocks.push(Block::Table { columns: vec!["step", "outlook", "changes"], rows });
    }
    blocks
}

fn planned(part: &PlannedPart) -> Vec<Span> {
    let writes = part.changes.iter().filter(|change| change.writes());
    let changes: Vec<String> =
        writes.map(|change| format!("{} {}", kind_word(change.kind), change.target)).collect();
    vec![Span::code(part.step.as_str()), Span::from(part.outlook.as_str()), folded(&changes).into()]
}

/// A change that is made many times over is told once.
fn folded(changes: &[String]) -> String {
    let runs = changes.chunk_by(|one, other| one == other);
    let told: Vec<String> = runs
        .map(|run| if run.len() > 1 { format!("{} ({}×)", run[0], run.len()) } else { run[0].clone() })
        .collect();
    told.join("; ")
}

pub(super) fn moments(moments: &[Moment]) -> Block {
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
