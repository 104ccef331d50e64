//! Carries one run on until it rests or only a person can move it: decide, perform, hear, decide again.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use contracts::Durability;
use flow::{Flow, Timers};
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, Stream, StreamExt as _};
use model::{Command, Event, Failure, Life, Timestamp};
use tokio::sync::watch;

use crate::perform::{Errand, Hand, perform};
use crate::wake::PUT_DOWN_FROM;

/// How many commands of one run are performed at a time.
const PARALLEL_MAX: usize = 8;

/// How a runner left its run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// The next record's sequence when it looked last.
    pub(crate) sequence: u32,
    /// When the run goes on by itself, where that is a while off.
    pub(crate) wake: Option<Timestamp>,
}

/// Ends when the run rests, when it waits for a person or for long, or with the failure that keeps it from going on.
pub(crate) async fn run(hand: Hand, mut stop: watch::Receiver<bool>) -> Result<Ended, Failure> {
    let (mut flow, mut timers) = (Flow::default(), Timers::default());
    let mut news = hand.log.sequence.subscribe();
    // No tasks of their own: a command mostly waits for scripts and for the journal, which have threads of theirs.
    let mut at_work = FuturesUnordered::new();
    let start = |errand| guarded(perform(hand.clone(), errand));
    let mut queue: VecDeque<Errand> = VecDeque::new();
    // Comes last, when nothing is under way any more. Every record makes it anew, or makes it void.
    let mut rest: Option<Errand> = None;
    loop {
        news.mark_unchanged();
        if let Some(failure) = beside(&mut at_work, hand.log.broken()).await? {
            return Err(failure);
        }
        let stopping = *stop.borrow();
        let (now, steady) = (hand.bench.parts.clock.now(), hand.bench.parts.clock.steady());
        let looked = hand.log.read(|state| {
            if state.cancel_asked || state.pause_asked {
                queue.clear();
            }
            let fresh: Vec<Errand> =
                flow.decide(state).into_iter().map(|id| Errand::new(state, id)).collect();
            (fresh, timers.due(state, now, steady), state.life, state.next_sequence)
        });
        let (fresh, due, life, sequence) = beside(&mut at_work, looked).await?;
        rest = rest.filter(|rest| rest.id().turn == sequence);
        for errand in fresh {
            if matches!(errand.id().command, Command::Rest { .. }) {
                rest = Some(errand);
            } else {
                queue.push_back(errand);
            }
        }
        if stopping {
            queue.clear();
            rest = None;
        }
        for step in due.overdue.into_iter().filter(|_| !stopping) {
            beside(&mut at_work, hand.lazily(Event::Woke { step })).await??;
        }
        while at_work.len() < PARALLEL_MAX {
            let Some(errand) = queue.pop_front() else { break };
            at_work.push(start(errand));
        }
        if at_work.is_empty()
            && let Some(rest) = rest.take()
        {
            at_work.push(start(rest));
        }
        if at_work.is_empty() {
            if news.has_changed().unwrap_or(false) {
                continue;
            }
            if stopping || life.rests() && life != Life::Awaiting {
                return settle_down(&hand, sequence, None).await;
            }
            // Who takes up a write in doubt begins to look for it anew: it is looked for here until it is settled.
            let far = due.next.is_none_or(|span| span >= PUT_DOWN_FROM);
            if far && !(due.next.is_some() && hand.log.read(flow::in_doubt).await) {
                let wake = due.next.map(|span| hand.bench.parts.clock.now().after(span));
                return settle_down(&hand, sequence, wake).await;
            }
        }
        tokio::select! {
            // What ended first: it is news as well, and one look at both is enough.
            biased;
            Some(done) = at_work.next() => done?,
            changed = news.changed() => { let _ = changed; }
            changed = stop.changed(), if !stopping => { let _ = changed; }
            () = sleep(&hand, due.next), if at_work.is_empty() => {}
        }
    }
}

/// Waits for something without letting stand still what is at work: one of those may hold the log that it waits for.
async fn beside<T>(
    at_work: &mut (impl Stream<Item = Result<(), Failure>> + Unpin),
    wanted: impl Future<Output = T>,
) -> Result<T, Failure> {
    let mut wanted = pin!(wanted);
    loop {
        tokio::select! {
            biased;
            got = &mut wanted => return Ok(got),
            Some(done) = at_work.next() => done?,
        }
    }
}

/// A panic of a command is a failure of its run, and of no other.
async fn guarded(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    AssertUnwindSafe(command).catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(Failure::bug(format!("a command ended in a panic: {}", text.unwrap_or("no reason given"))))
    })
}

/// Everything lazily appended so far is carried to disk before anyone relies on the run resting.
async fn settle_down(hand: &Hand, sequence: u32, wake: Option<Timestamp>) -> Result<Ended, Failure> {
    hand.log.append(Vec::new(), Durability::Awaited).await?;
    Ok(Ended { sequence, wake })
}

async fn sleep(hand: &Hand, span: Option<Duration>) {
    let clock = &hand.bench.parts.clock;
    match span {
        Some(span) => clock.sleep_until(clock.now().after(span)).await,
        None => std::future::pending().await,
    }
}
