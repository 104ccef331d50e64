//! Durable timers: the next moment at which a waiting step goes on by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Life, RunState, StepPath, Timestamp};

/// By the wall clock.
pub fn next_wake(state: &RunState) -> Option<Timestamp> {
    let waits = state.steps.iter().filter_map(|one| one.wait.as_ref());
    waits.filter(|_| goes_on(state)).map(|wait| wait.until).min()
}

fn goes_on(state: &RunState) -> bool {
    matches!(state.life, Life::Running | Life::Undoing)
}

/// When the waiting steps of one run go on, as the process sees it that carries the run on: a wait is over when the wall
/// clock shows its end, and also when its time has passed by the steady one, for the wall clock may have been set back.
/// Looks only at the steps that wait.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    /// How much of the state's record of touched steps is read.
    read: usize,
    /// By position, every step that waits.
    waiting: BTreeMap<usize, Option<Timer>>,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    /// The step's turn, which tells one wait from the next.
    turn: u32,
    /// By the steady clock.
    due: Duration,
}

/// What is to be done about time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The steps whose time has come.
    pub overdue: Vec<StepPath>,
    /// How long until the next one's.
    pub next: Option<Duration>,
}

impl Timers {
    /// Call it after every batch of events, so that each wait is measured from when it began.
    pub fn due(&mut self, state: &RunState, now: Timestamp, steady: Duration) -> Due {
        self.read(state);
        let mut found = Due::default();
        for (at, timer) in self.waiting.iter_mut().filter(|_| goes_on(state)) {
            let one = &state.steps[*at];
            let Some(wait) = &one.wait else { continue };
            let span = wait.until.since(now);
            let fresh = Timer { turn: one.turn, due: steady + span };
            let due = timer.filter(|known| known.turn == one.turn).unwrap_or(fresh);
            *timer = Some(due);
            let left = due.due.saturating_sub(steady).min(span);
            if left.is_zero() {
                found.overdue.push(state.workflow.steps[*at].path.clone());
            } else {
                found.next = Some(found.next.map_or(left, |next| next.min(left)));
            }
        }
        found
    }

    /// Every event that lets a step wait, or wait no longer, touches it.
    fn read(&mut self, state: &RunState) {
        let touched = &state.touched[self.read..];
        self.read = state.touched.len();
        let waits = |at: &usize| state.steps[*at].wait.is_some();
        if touched.contains(&None) {
            let known = std::mem::take(&mut self.waiting);
            let waiting = (0..state.steps.len()).filter(waits);
            self.waiting = waiting.map(|at| (at, known.get(&at).copied().flatten())).collect();
            return;
        }
        for at in touched.iter().flatten() {
            if waits(at) {
                self.waiting.entry(*at).or_default();
            } else {
                self.waiting.remove(at);
            }
        }
    }
}
