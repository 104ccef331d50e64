//! A driver that obeys: it performs what the core decides, one piece at a time in any order, and watches the rules.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use crate::flow;
use crate::flow::{Due, Flow, Timers};
use model::command::Rest;
use model::value::Map;
use model::{
    Command, CommandId, Digest, Event, Intervention, Life, Pinned, Record, RunId, RunState, Stage, StepPath,
    Timestamp, UndoEntry, UndoScope,
};

use crate::shapes::{Part, workflow};
use crate::world::{Faults, World, mix};

/// The settle time of every write, in milliseconds: longer than any late effect.
pub(crate) const SETTLE_MS: u64 = 5_000;

pub(crate) struct Driver {
    pub(crate) parts: Vec<Part>,
    pub(crate) records: Vec<Record>,
    pub(crate) state: RunState,
    pub(crate) flow: Flow,
    pub(crate) world: World,
    /// The world's time, which nobody can set.
    pub(crate) now: Timestamp,
    /// How far the wall clock is ahead of it, in milliseconds.
    ahead_ms: i64,
    was_set: bool,
    timers: Timers,
    /// Since when this process looks for each lost write.
    pub(crate) looking: BTreeMap<(StepPath, String, bool), Timestamp>,
    /// Under way: the command, and for a write whether its intent is recorded.
    pub(crate) busy: Vec<(CommandId, bool)>,
    pub(crate) resting: Option<Rest>,
    given: BTreeSet<CommandId>,
    pub(crate) orders: u64,
    drawn: u64,
    /// Compare every decision with the reference. Costs a look at every step.
    pub(crate) watch: bool,
    pub(crate) stages: BTreeSet<(Stage, Stage)>,
    pub(crate) lives: HashSet<(Life, Life)>,
    pub(crate) issued: Vec<Command>,
}

/// What must not depend on the order in which things arrived, nor on crashes.
#[derive(Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) life: Life,
    pub(crate) stages: Vec<Stage>,
    pub(crate) outputs: Vec<Map>,
    pub(crate) present: Vec<String>,
    pub(crate) effects: BTreeMap<String, usize>,
}

impl Driver {
    /// A run just created; `orders` seeds the order in which what is under way goes on.
    pub(crate) fn new(parts: &[Part], faults: Faults, seed: u64, orders: u64) -> Driver {
        let workflow = workflow(parts);
        let first = Event::RunCreated {
            run: RunId::new(1, 1),
            workflow: Digest::default(),
            workflow_id: "w".into(),
            version: "1".into(),
            target: "t".into(),
            params: Map::new(),
            by: "a".into(),
            approves_later: false,
            binding: None,
        };
        let now = Timestamp(1_000);
        let first = Record::new(0, now, Digest::default(), first);
        Driver {
            parts: parts.to_vec(),
            state: RunState::begin(Pinned::from([(Digest::default(), workflow)]), &first)
                .expect("a history begins so"),
            records: vec![first],
            flow: Flow::default(),
            world: World::new(faults, seed),
            now,
            ahead_ms: 0,
            was_set: false,
            timers: Timers::default(),
            looking: BTreeMap::new(),
            busy: Vec::new(),
            resting: None,
            given: BTreeSet::new(),
            orders,
            drawn: 0,
            watch: true,
            stages: BTreeSet::new(),
            lives: HashSet::new(),
            issued: Vec::new(),
        }
    }

    pub(crate) fn approved(parts: &[Part], faults: Faults, seed: u64, orders: u64) -> Driver {
        let mut driver = Driver::new(parts, faults, seed, orders);
        driver.append(vec![Event::Approved { digest: Digest::default(), by: "b".into(), note: None }]);
        driver
    }

    /// Appends one batch and asks the core what is due.
    pub(crate) fn append(&mut self, events: Vec<Event>) {
        self.record(events);
        // Every record makes the rest anew, or makes it void.
        self.resting = None;
        self.decide();
    }

    fn record(&mut self, events: Vec<Event>) {
        for event in events {
            let before: Vec<Stage> =
                if self.watch { self.state.steps.iter().map(|one| one.stage).collect() } else { Vec::new() };
            let life = self.state.life;
            let record = Record::new(self.state.next_sequence, self.wall(), self.state.head, event);
            self.state.apply(&record).unwrap_or_else(|bad| panic!("{bad}: {:?}", record.event));
            for (old, one) in before.iter().zip(&self.state.steps) {
                if *old != one.stage {
                    self.stages.insert((*old, one.stage));
                }
            }
            if life != self.state.life {
                self.lives.insert((life, self.state.life));
            }
            self.records.push(record);
        }
    }

    fn decide(&mut self) {
        let fresh = self.flow.decide(&self.state);
        let due = if self.watch { flow::due(&self.state) } else { Vec::new() };
        for id in fresh {
            assert!(self.given.insert(id.clone()), "given twice: {id:?}");
            assert!(!self.watch || due.contains(&id), "given but not due: {id:?}");
            self.issued.push(id.command.clone());
            if let Command::Rest { as_what } = id.command {
                self.resting = Some(as_what);
                continue;
            }
            for (other, _) in &self.busy {
                assert_ne!(served(other), served(&id), "two commands of one step: {other:?} and {id:?}");
                assert_ne!(other.command.step(), id.command.step(), "two at one step: {other:?} and {id:?}");
            }
            self.busy.push((id, false));
        }
        // Nothing is forgotten: what is due and was not given now is under way, or waits for a look that is.
        for id in due {
            let under_way = self.busy.iter().any(|(other, _)| {
                served(other) == served(&id)
                    || matches!((&other.command, &id.command), (Command::Refresh { step, .. }, Command::Refresh { step: same, .. }) if step == same)
            });
            let rests = matches!(id.command, Command::Rest { .. }) && self.resting.is_some();
            assert!(under_way || rests, "due and forgotten: {id:?}");
        }
    }

    /// What the clock on the wall shows, which people and machines set.
    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_add_signed(self.ahead_ms))
    }

    /// Somebody sets the clock on the wall.
    pub(crate) fn set_clock(&mut self, ahead_ms: i64) {
        self.due();
        self.ahead_ms = ahead_ms;
        self.was_set = true;
    }

    pub(crate) fn due(&mut self) -> Due {
        let (now, steady) = (self.wall(), Duration::from_millis(self.now.0));
        let due = self.timers.due(&self.state, now, steady);
        let plainly = Timers::default().due(&self.state, now, steady);
        assert!(self.was_set || due == plainly, "what is remembered is what is there");
        due
    }

    /// A number below `count`, by the seed of orders.
    pub(crate) fn draw(&mut self, count: usize) -> usize {
        self.drawn += 1;
        mix(self.orders, &self.drawn.to_string()) as usize % count
    }

    /// One piece of what is under way, else rest, else the next timer, else what a person owes. False when the run
    /// rests.
    pub(crate) fn advance(&mut self) -> bool {
        if !self.busy.is_empty() {
            let index = self.draw(self.busy.len());
            crate::perform::go_on(self, index);
            return true;
        }
        if let Some(rest) = self.resting.take() {
            self.append(vec![match rest {
                Rest::Succeeded => Event::Finished { succeeded: true },
                Rest::Failed => Event::Finished { succeeded: false },
                Rest::Paused => Event::Paused,
                Rest::Cancelled => Event::Cancelled,
                Rest::Undone => Event::UndoFinished,
                Rest::UndoneInPart => Event::UndoneInPart,
            }]);
            return true;
        }
        if self.state.life.rests() {
            return false;
        }
        let mut due = self.due();
        if due != Due::default() {
            if due.overdue.is_empty() {
                self.now = self.now.after(due.next.expect("somebody waits"));
                due = self.due();
            }
            let woken = due.overdue;
            assert!(!woken.is_empty(), "the next moment wakes nobody");
            self.append(woken.into_iter().map(|step| Event::Woke { step }).collect());
            return true;
        }
        // A person takes longer than any write.
        self.now = self.now.after(Duration::from_millis(SETTLE_MS));
        let owed = crate::perform::owed(self);
        assert!(!owed.is_empty(), "the run hangs: {:?}", self.state.steps);
        let index = self.draw(owed.len());
        self.append(vec![owed[index].clone()]);
        true
    }

    /// Goes on until the run rests.
    pub(crate) fn finish(&mut self) -> &mut Driver {
        let mut pieces = 0;
        while self.advance() {
            pieces += 1;
            assert!(!self.watch || pieces < 20_000, "the run does not end");
        }
        self
    }

    /// The process dies: a write that was sent arrives or not, and nobody heard.
    pub(crate) fn crash(&mut self) {
        for (id, sent) in std::mem::take(&mut self.busy) {
            if sent && !crate::perform::refused(self, &id.command) && self.draw(2) == 0 {
                let late = [0, 1_500, 4_000][self.draw(3)];
                crate::perform::effect(self, &id.command, late);
            }
        }
        self.resting = None;
        self.flow = Flow::default();
        self.given.clear();
        self.looking.clear();
        self.timers = Timers::default();
        let folded =
            RunState::fold(self.state.pinned.as_ref().clone(), &self.records).expect("the history folds");
        assert_eq!(folded, self.state);
        self.append(vec![Event::Resumed { by: "process".into(), retry_failed: false, note: None }]);
    }

    /// Ends with these events what is under way for their steps, and says what the core then calls for.
    pub(crate) fn then(&mut self, events: Vec<Event>) -> Vec<Command> {
        let issued = self.issued.len();
        self.record(events);
        let due = flow::due(&self.state);
        self.busy.retain(|(id, _)| due.contains(id));
        self.decide();
        self.issued[issued..].to_vec()
    }

    pub(crate) fn resume(&mut self) {
        self.world.healed = (0..self.parts.len()).collect();
        self.append(vec![Event::Resumed { by: "b".into(), retry_failed: true, note: None }]);
    }

    /// A person steps in: whatever is under way for the step is void.
    pub(crate) fn step_in(&mut self, at: usize, intervention: Intervention) {
        let step = crate::shapes::path(at);
        model::intervention::allowed(&self.state, &step, intervention).expect("allowed there and then");
        self.busy.retain(|(id, _)| id.command.step() != Some(&step));
        let note = Some("why".to_owned());
        self.append(vec![Event::Intervened { step, intervention, by: "b".into(), note, files: Vec::new() }]);
    }

    /// Starts to take back all that stands.
    pub(crate) fn undo(&mut self) {
        assert!(self.undo_of(UndoScope::All), "a whole undo leaves nothing that could need anything");
    }

    /// Starts to take back a part; false when what would stay needs it.
    pub(crate) fn undo_of(&mut self, scope: UndoScope) -> bool {
        let Ok(changes) = flow::in_scope(&self.state, &scope) else { return false };
        let entries = changes
            .into_iter()
            .map(|(step, change)| UndoEntry {
                step,
                key: change.change.key.clone(),
                left: None,
                expected: change.change.after.clone(),
                choice: None,
            })
            .collect();
        let digest = Digest::default();
        self.append(vec![Event::UndoStarted { by: "b".into(), digest, entries, scope, note: None }]);
        true
    }

    pub(crate) fn end(&self) -> End {
        let mut effects = BTreeMap::new();
        for effect in &self.world.ledger {
            *effects.entry(effect.clone()).or_default() += 1;
        }
        End {
            life: self.state.life,
            stages: self.state.steps.iter().map(|one| one.stage).collect(),
            outputs: self.state.steps.iter().map(|one| one.outputs.clone()).collect(),
            present: self.world.present().into_iter().cloned().collect(),
            effects,
        }
    }

    pub(crate) fn stage(&self, at: usize) -> Stage {
        self.state.steps[at].stage
    }
}

/// The step that a command carries on: a look at a finished step serves the one that asked.
pub(crate) fn served(id: &CommandId) -> Option<&StepPath> {
    match &id.command {
        Command::Refresh { for_step, .. } => Some(for_step),
        other => other.step(),
    }
}
