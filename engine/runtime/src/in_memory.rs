//! The runs that this process has in memory: each as long as somebody uses it, and no longer.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};

use model::RunId;
use tokio::sync::watch;

use crate::perform::Hand;

/// How many runs may be opened at a time.
const LANES: usize = 16;

/// A run that this process has opened.
pub(crate) struct Open {
    pub(crate) hand: Hand,
    /// A runner is at work on it.
    pub(crate) live: watch::Sender<bool>,
}

#[derive(Default)]
pub(crate) struct InMemory {
    runs: Mutex<BTreeMap<RunId, Arc<Open>>>,
    /// Whoever opens a run holds its lane, so that no run is ever open twice: two would number their records alike.
    lanes: [tokio::sync::Mutex<()>; LANES],
    /// Counts runs that came in: whoever waits for one looks again.
    arrivals: watch::Sender<u64>,
}

impl InMemory {
    pub(crate) fn lane(&self, run: RunId) -> &tokio::sync::Mutex<()> {
        // The low bits of an id are its random ones.
        &self.lanes[usize::from(run.to_bytes()[15]) % LANES]
    }

    pub(crate) fn get(self: &Arc<Self>, run: RunId) -> Option<InUse> {
        let open = self.runs().get(&run).cloned()?;
        Some(InUse { open: Some(open), all: Arc::clone(self) })
    }

    /// In place of what was there: a run whose journal failed under it. The caller holds the run's lane, or made the run.
    pub(crate) fn insert(self: &Arc<Self>, open: Open) -> InUse {
        let (run, open) = (open.hand.log.run, Arc::new(open));
        let _replaced = self.runs().insert(run, Arc::clone(&open));
        self.announce();
        InUse { open: Some(open), all: Arc::clone(self) }
    }

    pub(crate) fn len(&self) -> usize {
        self.runs().len()
    }

    pub(crate) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// Whoever waits for a run looks again.
    pub(crate) fn announce(&self) {
        self.arrivals.send_modify(|count| *count += 1);
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<RunId, Arc<Open>>> {
        self.runs.lock().expect("no holder of this lock panics")
    }
}

/// The use of an open run. The last one to end lets go of the run's state; what it knew is in the journal.
pub(crate) struct InUse {
    /// Always there until it is dropped.
    open: Option<Arc<Open>>,
    all: Arc<InMemory>,
}

impl Clone for InUse {
    fn clone(&self) -> InUse {
        InUse { open: self.open.clone(), all: Arc::clone(&self.all) }
    }
}

impl Deref for InUse {
    type Target = Open;

    fn deref(&self) -> &Open {
        self.open.as_ref().expect("it is taken out when it is dropped only")
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let mut runs = self.all.runs();
        let run = open.hand.log.run;
        // All uses begin from another one or under this lock, so a count of two is the map's and ours.
        let last =
            Arc::strong_count(&open) == 2 && runs.get(&run).is_some_and(|kept| Arc::ptr_eq(kept, &open));
        let kept = if last { runs.remove(&run) } else { None };
        // Two that end at the same time must see one another: ours is given up before the lock is.
        drop(open);
        drop(runs);
        drop(kept);
    }
}
