//! A run's time with a runner: from when somebody sets it going until it rests, waits, or cannot go on.

use std::sync::Arc;

use model::{Asker, Event, Failure, RunId};

use crate::in_memory::InUse;
use crate::runner::{self, Ended};
use crate::service::resumable;
use crate::supervisor::{Notice, Supervisor};

impl Supervisor {
    /// Carries the run on in the background, unless that is happening already.
    pub(crate) fn carry_on(&self, open: &InUse) {
        if self.claim(open) {
            self.begin(open);
        }
    }

    /// Starts a run again that nobody carries on. The claim comes before the record: a runner that another asker set going
    /// in between would have its writes in doubt while they are under way.
    pub(crate) async fn resume_here(&self, open: &InUse, asker: Asker) -> Result<(), Failure> {
        if self.timetable.holds(open.hand.log.run) || !self.claim(open) {
            return Ok(());
        }
        let event = Event::Resumed { by: asker.by, retry_failed: true, note: asker.note };
        let resumed = open.hand.log.append_as(|state| resumable(state).map(|()| vec![event])).await;
        // Also where it was refused: what others have appended meanwhile relies on the claim.
        self.begin(open);
        resumed
    }

    /// Whether it falls to the caller to begin.
    fn claim(&self, open: &InUse) -> bool {
        if open.live.send_replace(true) {
            return false;
        }
        self.active.send_modify(|count| *count += 1);
        // Only now: at no moment does the run look as if nobody carried it on.
        self.take_off(open.hand.log.run);
        true
    }

    fn begin(&self, open: &InUse) {
        let run = open.hand.log.run;
        self.ended().remove(&run);
        self.tell(Notice::CarriedOn { run });
        let me = self.me.upgrade().expect("whoever calls this holds it");
        tokio::spawn(me.carry(open.clone()));
    }

    /// Whether the run goes on by itself: a runner is at work on it, or it is on the timetable.
    pub(crate) fn carries(&self, run: RunId) -> bool {
        self.timetable.holds(run) || self.runs.get(run).is_some_and(|open| *open.live.borrow())
    }

    /// Resolves when the run has a record from `from` on, or when nothing will come as nobody carries it on.
    pub(crate) async fn news(&self, run: RunId, from: u32) {
        loop {
            let mut arrivals = self.runs.arrivals();
            if let Some(open) = self.runs.get(run) {
                let (mut news, mut live) = (open.hand.log.sequence.subscribe(), open.live.subscribe());
                tokio::select! {
                    _ = news.wait_for(|next| *next > from) => return,
                    _ = live.wait_for(|live| !live) => {}
                }
            }
            // Put down, it wants no memory for those who follow it; woken, it comes in again.
            if !self.timetable.holds(run) || arrivals.changed().await.is_err() {
                return;
            }
        }
    }

    async fn carry(self: Arc<Self>, open: InUse) {
        let run = open.hand.log.run;
        loop {
            // In a task of its own: should it panic, this run ends with an error, and the others go on.
            let ended = tokio::spawn(runner::run(open.hand.clone(), self.stop.subscribe()));
            let ended = ended
                .await
                .unwrap_or_else(|panic| Err(Failure::bug(format!("it ended in a panic: {panic}"))));
            // Before anybody may leave because the run rests.
            open.hand.bench.session.close().await;
            if let Err(failure) = &ended {
                self.failed(run, failure.clone());
            }
            // One change for whoever looks: a runner is at work on it, then it is on the timetable.
            open.live.send_modify(|live| {
                if let Ok(Ended { wake: Some(until), .. }) = ended {
                    self.put_down(run, until);
                }
                *live = false;
            });
            let Ok(ended) = ended else { break };
            // Somebody may have appended after the runner's last look, and have found it still at work.
            let missed = *open.hand.log.sequence.borrow() != ended.sequence;
            if missed && !*self.stop.borrow() && !open.live.send_replace(true) {
                self.take_off(run);
                continue;
            }
            self.tell(match ended.wake {
                Some(until) => Notice::PutDown { run, until },
                None => Notice::Left { run, status: open.hand.log.read(|state| state.status(false)).await },
            });
            break;
        }
        drop(open);
        self.active.send_modify(|count| *count -= 1);
    }

    /// Keeps why a run did not go on, for whoever asks.
    pub(crate) fn failed(&self, run: RunId, failure: Failure) {
        self.ended().insert(run, failure.clone());
        self.tell(Notice::Failed { run, failure });
    }

    pub(crate) fn ended(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<RunId, Failure>> {
        self.ended.lock().expect("no holder of this lock panics")
    }

    pub(crate) fn tell(&self, notice: Notice) {
        // Nobody needs to listen.
        let _ = self.notices.send(notice);
    }
}
