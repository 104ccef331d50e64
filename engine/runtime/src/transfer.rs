//! Takes in a whole run that another store gave out: judged as a whole first, then kept as a whole or not at all.

use std::collections::BTreeMap;

use contracts::{Durability, Found, ImportRequest, Imported, TakeOver, WholeRun, named_digests};
use model::{Class, Code, Digest, Event, Failure, Pinned, Record, RunId, RunState};

use crate::supervisor::{Supervisor, folded};

impl Supervisor {
    pub(crate) async fn take_in(&self, request: ImportRequest) -> Result<Imported, Failure> {
        let (run, by) = (request.whole.run, request.by.clone());
        let mut imported = self.kept_whole(request).await?;
        if imported.added > 0 {
            imported.live = self.look_after(run, &by).await;
        }
        Ok(imported)
    }

    /// Nobody looks after it yet.
    async fn kept_whole(&self, request: ImportRequest) -> Result<Imported, Failure> {
        let ImportRequest { whole, by, take_over, note } = request;
        let run = whole.run;
        let state = self.judged(&whole)?;
        // Nobody opens or carries the run on while it is compared and written.
        let _lane = self.runs.lane(run).lock().await;
        let here = self.parts.journal.read(run, 0).await?;
        let found = compared(run, &here, &whole.records)?;
        let added = match found {
            Found::Same | Found::Further => Vec::new(),
            Found::Nothing | Found::Beginning => whole.records[here.len()..].to_vec(),
        };
        let state = match found {
            Found::Further => self.read(run).await?.0,
            Found::Nothing | Found::Same | Found::Beginning => state,
        };
        let mut imported = Imported {
            found,
            added: added.len(),
            head: state.head,
            life: state.life,
            target_missing: self.target_missing(&state).await,
            live: false,
        };
        if added.is_empty() {
            return Ok(imported);
        }
        if take_over == TakeOver::No {
            may_rest(&state, found)?;
        }
        if self.runs.get(run).is_some() || self.carries(run) {
            return Err(Failure::invalid(
                Code::RunState,
                format!("run {run} is being carried on here, and what happened elsewhere cannot be added"),
            )
            .hint("let it come to rest first: footbridge pause RUN"));
        }
        let mut records = added;
        if take_over == TakeOver::Yes && (found == Found::Beginning || !state.life.rests()) {
            let taken = Event::TakenOver { by, note };
            let record = Record::new(state.next_sequence, self.parts.clock.now(), state.head, taken);
            imported.head = record.hash;
            records.push(record);
        }
        for payload in whole.payloads {
            self.parts.journal.put(payload.0).await?;
        }
        self.parts.journal.append(run, records, Durability::Awaited).await?;
        self.came_in(run).await;
        Ok(imported)
    }

    /// The state that the history gives, when it is whole: an unbroken chain, legal in its workflow, and with everything
    /// that its records name.
    fn judged(&self, whole: &WholeRun) -> Result<RunState, Failure> {
        let kept: BTreeMap<Digest, &[u8]> =
            whole.payloads.iter().map(|payload| (payload.digest(), payload.0.as_slice())).collect();
        let state = self.state_of(whole, &kept).map_err(|cause| {
            unusable(cause.message)
                .hint("nothing was imported; take another copy, or have the export made again")
        })?;
        if state.id != whole.run {
            return Err(unusable(format!("it is named {} and holds run {}", whole.run, state.id)));
        }
        if let Some(missing) = state.files.iter().find(|given| !kept.contains_key(&given.file.digest)) {
            return Err(unusable(format!("the file '{}' that a person gave is missing", missing.file.name)));
        }
        let named = named_digests(&whole.records);
        if let Some(stray) = kept.keys().find(|digest| !named.contains(digest)) {
            return Err(unusable(format!("no record names what it holds under {}", stray.short())));
        }
        Ok(state)
    }

    /// From the export alone: what this store happens to know must not fill its gaps.
    fn state_of(&self, whole: &WholeRun, kept: &BTreeMap<Digest, &[u8]>) -> Result<RunState, Failure> {
        let mut pinned = Pinned::new();
        for digest in model::event::pins(&whole.records) {
            let workflow = self.workflow_of(whole.run, digest, kept.get(&digest).copied())?;
            pinned.insert(digest, workflow);
        }
        folded(whole.run, pinned, &whole.records)
    }

    async fn target_missing(&self, state: &RunState) -> Option<String> {
        let reference = state.binding.as_ref().map_or(&state.target, |binding| &binding.reference);
        self.parts.targets.facts(reference).await.err().map(|failure| failure.message)
    }
}

/// What is here of the run, when one is the beginning of the other.
fn compared(run: RunId, here: &[Record], there: &[Record]) -> Result<Found, Failure> {
    let parted = here.iter().zip(there).find(|(ours, theirs)| ours.hash != theirs.hash);
    if let Some((ours, _)) = parted {
        return Err(Failure::new(
            Code::RunDiffers,
            Class::Conflict,
            format!("run {run} is here already and differs from record {} on", ours.sequence),
        )
        .hint("it went on in two places; `footbridge logs` on each side shows how. Nothing was imported"));
    }
    Ok(match (here.len(), here.len().cmp(&there.len())) {
        (0, _) => Found::Nothing,
        (_, std::cmp::Ordering::Less) => Found::Beginning,
        (_, std::cmp::Ordering::Equal) => Found::Same,
        (_, std::cmp::Ordering::Greater) => Found::Further,
    })
}

/// Whether the run may be taken in without anybody saying that its other copy stays at rest.
fn may_rest(state: &RunState, found: Found) -> Result<(), Failure> {
    let run = state.id;
    if found == Found::Beginning {
        return Err(Failure::new(
            Code::RunDiffers,
            Class::Conflict,
            format!("run {run} is here already and went on elsewhere since"),
        )
        .hint("--take-over adds what happened elsewhere, when the run is to go on here and nowhere else"));
    }
    if state.life.rests() {
        return Ok(());
    }
    Err(Failure::new(
        Code::RunState,
        Class::Denied,
        format!("run {run} was under way when it was exported, and may be carried on where it came from"),
    )
    .hint("make sure that it does not go on there (footbridge pause RUN), then import it with --take-over"))
}

fn unusable(why: impl std::fmt::Display) -> Failure {
    Failure::invalid(Code::ExportFile, format!("the export cannot be used: {why}"))
}
