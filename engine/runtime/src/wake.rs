//! Runs that wait for a time: put down, woken when it comes, and found again by a process that stays.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::{Failure, RunId, RunState, Timestamp};

use crate::supervisor::{Notice, Supervisor};

/// A shorter wait is waited for in memory: reading a run again costs more.
pub(crate) const PUT_DOWN_FROM: Duration = Duration::from_mins(1);
/// When a run that could not be opened is tried again.
const AGAIN: Duration = Duration::from_mins(5);
/// Runs that are woken or taken up only while fewer than this are at work.
const AT_WORK_MAX: usize = 1024;
/// Clocks that nobody has set drift apart by less than this while a run waits.
const SLACK: Duration = Duration::from_secs(1);
/// Who takes up a run whose time has come.
const ALARM: &str = "footbridge";

/// What a process that stays found in its store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenUp {
    /// Carried on at once.
    pub carried_on: usize,
    /// On the timetable: they go on by themselves.
    pub waiting: usize,
    /// Waiting for a person.
    pub for_a_person: usize,
    /// At rest: nothing unless somebody asks.
    pub resting: usize,
    /// They could not be read or opened; each was told.
    pub failed: usize,
}

/// What a run in the store needs of a process that stays.
enum Need {
    Nothing,
    Person,
    Time(Timestamp),
    Work,
}

impl Supervisor {
    /// Looks after every run in the store from now on: those under way go on now, those that wait go on at their time,
    /// and what cannot be opened is tried again. Reads one run at a time; a run that only waits is not kept.
    pub async fn take_up(&self, by: &str) -> Result<TakenUp, Failure> {
        self.stays.store(true, Ordering::SeqCst);
        let mut found = TakenUp::default();
        for run in self.parts.journal.list().await? {
            if *self.stop.borrow() {
                break;
            }
            match self.look_over(run).await {
                Ok(Need::Nothing) => found.resting += 1,
                Ok(Need::Person) => found.for_a_person += 1,
                Ok(Need::Time(_)) => found.waiting += 1,
                Ok(Need::Work) => {
                    self.room().await;
                    if self.wake(run, by).await { found.carried_on += 1 } else { found.failed += 1 }
                }
                Err(failure) => {
                    self.failed(run, failure);
                    found.failed += 1;
                }
            }
        }
        Ok(found)
    }

    /// Looks after a run that has only now come into the store, where this process does so for every run in it. Whether the
    /// run goes on by itself from here on.
    pub(crate) async fn look_after(&self, run: RunId, by: &str) -> bool {
        if !self.stays.load(Ordering::SeqCst) {
            return false;
        }
        match self.look_over(run).await {
            Ok(Need::Nothing | Need::Person) => {}
            Ok(Need::Time(at)) => self.tell(Notice::PutDown { run, until: at }),
            Ok(Need::Work) => {
                self.wake(run, by).await;
            }
            Err(failure) => self.failed(run, failure),
        }
        self.carries(run)
    }

    /// What the run needs; one that waits for a time is on the timetable from here on.
    async fn look_over(&self, run: RunId) -> Result<Need, Failure> {
        // Nobody opens it meanwhile, so what is read here is how it stands.
        let _lane = self.runs.lane(run).lock().await;
        if self.carries(run) {
            return Ok(Need::Nothing);
        }
        let need = self.need(&self.read(run).await?.0);
        if let Need::Time(at) = need {
            self.put_down(run, at);
        }
        Ok(need)
    }

    fn need(&self, state: &RunState) -> Need {
        let now = self.parts.clock.now();
        if state.life.rests() && flow::quiet(state, now) {
            return if state.life == model::Life::Awaiting { Need::Person } else { Need::Nothing };
        }
        if !flow::quiet(state, now) {
            return Need::Work;
        }
        match flow::next_wake(state) {
            None => Need::Person,
            Some(at) if at.since(now) < PUT_DOWN_FROM => Need::Work,
            Some(at) => Need::Time(at),
        }
    }

    /// Puts the run on the timetable.
    pub(crate) fn put_down(&self, run: RunId, at: Timestamp) {
        if self.timetable.insert(run, at) {
            self.active.send_modify(|count| *count += 1);
        }
        self.alarm.get_or_init(|| tokio::spawn(alarm(Weak::clone(&self.me))).abort_handle());
        // It may have been stopped in between, and would never be woken.
        if *self.stop.borrow() {
            self.take_off(run);
        }
    }

    /// Takes the run off the timetable, if it is there.
    pub(crate) fn take_off(&self, run: RunId) {
        if self.timetable.remove(run) {
            self.active.send_modify(|count| *count -= 1);
        }
    }

    /// Nothing goes on by itself any more.
    pub(crate) fn put_nothing_down(&self) {
        let count = self.timetable.clear();
        self.active.send_modify(|active| *active -= count);
        self.runs.announce();
    }

    /// Opens a run and carries it on. Where that fails, a process that stays tries again later. Whether it went well.
    async fn wake(&self, run: RunId, by: &str) -> bool {
        match self.open(run, by).await {
            Ok(open) => {
                self.carry_on(&open);
                true
            }
            Err(failure) => {
                self.failed(run, failure);
                if self.stays.load(Ordering::SeqCst) {
                    self.put_down(run, self.parts.clock.now().after(AGAIN));
                } else {
                    self.take_off(run);
                }
                false
            }
        }
    }

    /// Waits until one more run may be at work.
    async fn room(&self) {
        let mut active = self.active.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = active.wait_for(|active| active.saturating_sub(self.timetable.len()) < AT_WORK_MAX).await;
    }
}

/// Wakes each run on the timetable at its time, one after another.
async fn alarm(me: Weak<Supervisor>) {
    let Some(clock) = me.upgrade().map(|supervisor| std::sync::Arc::clone(&supervisor.parts.clock)) else {
        return;
    };
    let (mut now, mut steady) = (clock.now(), clock.steady());
    loop {
        let Some(supervisor) = me.upgrade() else { return };
        // As late as it is by the steady clock, unless the one on the wall was set back: then every time is nearer.
        let unset = now.after(clock.steady().saturating_sub(steady));
        (now, steady) = (clock.now(), clock.steady());
        if unset.since(now) > SLACK {
            supervisor.timetable.bring_forward(unset.since(now));
        }
        let mut earliest = supervisor.timetable.earliest();
        for run in supervisor.timetable.due(now) {
            supervisor.room().await;
            // Whoever sets it going takes it off, and that may have been somebody else meanwhile.
            if supervisor.timetable.holds(run) {
                supervisor.wake(run, ALARM).await;
            }
        }
        // Not held while it sleeps: the supervisor may be given up meanwhile.
        drop(supervisor);
        let next = *earliest.borrow_and_update();
        tokio::select! {
            changed = earliest.changed() => if changed.is_err() { return },
            () = sleep_until(clock.as_ref(), next) => {}
        }
    }
}

async fn sleep_until(clock: &dyn contracts::Clock, moment: Option<Timestamp>) {
    match moment {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
