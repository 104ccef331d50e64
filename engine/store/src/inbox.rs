//! The way to the journal thread: what is handed over follows what was handed over before, run by run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contracts::{Durability, JournalError};
use model::RunId;
use tokio::sync::oneshot;

use crate::committer::Append;
use crate::encoding::Body;
use crate::sequence;

/// Lazy appends are answered at once while fewer than this many appends are on their way; then they wait their turn.
const BACKLOG_MAX: usize = 1_024;

#[derive(Debug)]
pub(crate) struct Inbox {
    order: Mutex<Order>,
    /// Appends that the journal thread has not finished with.
    backlog: Backlog,
}

pub(crate) type Backlog = Arc<AtomicUsize>;
/// Comes once the journal thread has done what was asked; an error when it is gone.
pub(crate) type Answered = oneshot::Receiver<Result<(), JournalError>>;

/// One lock for both: the order of the numbers is the order of the hand-over.
#[derive(Debug)]
struct Order {
    /// The next sequence of each run that was appended to since the store was opened.
    next: HashMap<RunId, u32>,
    sender: Sender<Append>,
}

impl Inbox {
    pub(crate) fn new(sender: Sender<Append>, backlog: Backlog) -> Inbox {
        Inbox { order: Mutex::new(Order { next: HashMap::new(), sender }), backlog }
    }

    pub(crate) fn knows(&self, run: RunId) -> bool {
        self.order().next.contains_key(&run)
    }

    /// What the store said before anything was appended to the run.
    pub(crate) fn learn(&self, run: RunId, next: u32) {
        self.order().next.entry(run).or_insert(next);
    }

    /// Hands bodies over, the first of them with that sequence. `None` when a lazy append needs no answer: it is in its
    /// place, and should the journal thread fail with it, everything after it is refused.
    ///
    /// The outer `None` when the journal thread is gone.
    pub(crate) fn hand_over(
        &self,
        run: RunId,
        first: u32,
        bodies: Vec<Body>,
        durability: Durability,
    ) -> Option<Result<Option<Answered>, JournalError>> {
        let mut order = self.order();
        if !bodies.is_empty() {
            let next = order.next.entry(run).or_insert(0);
            if first != *next {
                return Some(Err(sequence::out_of_order(run, *next, first)));
            }
            *next += bodies.len() as u32;
        }
        let behind = self.backlog.fetch_add(1, Ordering::SeqCst);
        let at_once = durability == Durability::Lazy && behind < BACKLOG_MAX;
        let (answer, answered) = if at_once {
            (None, None)
        } else {
            let (answer, answered) = oneshot::channel();
            (Some(answer), Some(answered))
        };
        order.sender.send(Append { run, first, bodies, durability, answer }).ok()?;
        Some(Ok(answered))
    }

    /// Resolves once everything handed over so far can be read; `None` where it can be already.
    pub(crate) fn settled(&self) -> Option<Answered> {
        if self.backlog.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        let nothing = Append {
            run: RunId::from_bytes([0; 16]),
            first: 0,
            bodies: Vec::new(),
            durability: Durability::Lazy,
            answer: Some(answer),
        };
        self.backlog.fetch_add(1, Ordering::SeqCst);
        // Where the thread is gone, the answer is dropped with the append.
        drop(self.order().sender.send(nothing));
        Some(answered)
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
