//! Why a phase must end, remembered outside the script.
//!
//! Rhai's own `ErrorTerminated` is not enough: raised inside a closure that `map` or `filter` runs it arrives wrapped
//! and `catch` swallows it, and a comparer of `sort` swallows every error. So the reason is kept here, each further
//! operation and host call ends the script again, and the caller looks here whatever the script returned.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::{End, Gateway, PhaseEnd};
use model::workflow::Phase;
use model::{Code, Failure, Place};
use rhai::{Dynamic, EvalAltResult, NativeCallContext, Position};

use crate::deadline::Deadline;
use crate::opaque::{hides_its_subject, is_about_unknown};

/// How many operations pass between two looks at the clock and at the gateway.
const LOOK_EVERY: u64 = 1_024;
/// Failures remembered so that an uncaught one is reported whole.
const THROWN_MAX: usize = 64;

/// What belongs to one call of one phase, or to one expression.
pub(crate) struct PhaseContext {
    /// The step's path, for naming holes.
    pub(crate) step: String,
    /// `None` for an expression, which reaches no host.
    pub(crate) phase: Option<Phase>,
    pub(crate) gateway: Option<Arc<dyn Gateway>>,
    operations_max: u64,
    operations: AtomicU64,
    deadline: Deadline,
    ended: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: Option<Ended>,
    thrown: Vec<Failure>,
    origins: Vec<String>,
}

/// The end of a phase, and the place of the script where it came about.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) end: PhaseEnd,
    pub(crate) source: Option<String>,
    pub(crate) position: Position,
}

impl PhaseContext {
    pub(crate) fn new(
        step: &str,
        phase: Option<Phase>,
        gateway: Option<Arc<dyn Gateway>>,
        operations_max: u64,
        timeout: Duration,
    ) -> Arc<PhaseContext> {
        Arc::new(PhaseContext {
            step: step.to_owned(),
            phase,
            gateway,
            operations_max,
            operations: AtomicU64::new(0),
            deadline: Deadline::start(timeout),
            ended: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    /// The context of the phase that makes this native call.
    pub(crate) fn of(call: &NativeCallContext) -> Option<Arc<PhaseContext>> {
        call.tag()?.read_lock::<Arc<PhaseContext>>().map(|context| Arc::clone(&context))
    }

    /// Ends the phase; the first reason stays. Gives the error that stops the script.
    pub(crate) fn end(&self, end: PhaseEnd, call: &NativeCallContext) -> Box<EvalAltResult> {
        let source = call.call_source().or_else(|| call.fn_source()).map(str::to_owned);
        self.remember(Ended { end, source, position: call.call_position() });
        token(call.call_position())
    }

    /// Called for every operation of the script. Counts here because Rhai's own counter forgets what closures used.
    pub(crate) fn progress(&self) -> Option<Dynamic> {
        let operations = self.operations.fetch_add(1, Ordering::Relaxed) + 1;
        if self.ended.load(Ordering::Acquire) {
            return Some(Dynamic::UNIT);
        }
        if operations > self.operations_max {
            self.stop(limit(&format!("{} operations", self.operations_max)));
            return Some(Dynamic::UNIT);
        }
        if operations.is_multiple_of(LOOK_EVERY) {
            if self.deadline.passed() {
                self.stop(limit(&format!("a running time of {} ms", self.deadline.span().as_millis())));
                return Some(Dynamic::UNIT);
            }
            if let Some(end) = self.gateway.as_ref().and_then(|gateway| gateway.ended()) {
                self.remember(Ended { end: phase_end(end), source: None, position: Position::NONE });
                return Some(Dynamic::UNIT);
            }
        }
        None
    }

    /// Whether the phase must end, with the error that stops the script.
    pub(crate) fn check(&self, call: &NativeCallContext) -> Result<(), Box<EvalAltResult>> {
        if self.ended.load(Ordering::Acquire) { Err(token(call.call_position())) } else { Ok(()) }
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        self.lock().ended.clone()
    }

    /// Remembers a failure that a script may catch.
    pub(crate) fn thrown(&self, failure: Failure) {
        let mut state = self.lock();
        if state.thrown.len() == THROWN_MAX {
            state.thrown.remove(0);
        }
        state.thrown.push(failure);
    }

    /// The newest remembered failure that a script shows by this code and message.
    pub(crate) fn find_thrown(&self, code: &str, message: &str) -> Option<Failure> {
        let state = self.lock();
        state.thrown.iter().rev().find(|one| one.code.as_str() == code && one.message == message).cloned()
    }

    /// Remembers that an unknown entered the script.
    pub(crate) fn met_unknown(&self, origin: &str) {
        let mut state = self.lock();
        if !state.origins.iter().any(|known| known == origin) {
            state.origins.push(origin.to_owned());
        }
    }

    /// The unknown that entered the script last: the best answer where Rhai's error names none.
    fn last_unknown(&self) -> Option<String> {
        self.lock().origins.last().cloned()
    }

    /// The unknown that this message of Rhai is about. A captured variable's type is hidden; where unknowns are about
    /// it counts as one, because taking it for the script's own mistake could answer for an unknown.
    pub(crate) fn unknown_in(&self, message: &str) -> Option<String> {
        let about = is_about_unknown(message) || hides_its_subject(message);
        self.last_unknown().filter(|_| about)
    }

    pub(crate) fn stop(&self, failure: Failure) {
        self.remember(Ended { end: PhaseEnd::Failed(failure), source: None, position: Position::NONE });
    }

    fn remember(&self, ended: Ended) {
        let mut state = self.lock();
        if state.ended.is_none() {
            state.ended = Some(ended);
        }
        self.ended.store(true, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the gateway's reason means for the phase.
pub(crate) fn phase_end(end: End) -> PhaseEnd {
    match end {
        End::Failed { failure, .. } => PhaseEnd::Failed(failure),
        End::NotYet { why, after_ms } => PhaseEnd::NotYet { why, after_ms },
        End::Needs { origin } => PhaseEnd::Needs { origin },
        End::Recorded => PhaseEnd::Recorded,
        End::Cancelled => PhaseEnd::Cancelled,
    }
}

/// The failure of a script stopped at a limit; `what` is the limit with its value.
pub(crate) fn limit(what: &str) -> Failure {
    Failure::invalid(Code::ScriptLimit, format!("the script was stopped at its limit of {what}"))
        .hint("look for a loop, recursion or value that never stops growing")
}

/// The failure's place, unless it has one.
pub(crate) fn placed(failure: Failure, place: Option<Place>) -> Failure {
    match (failure.place.is_some(), place) {
        (false, Some(place)) => failure.at(place),
        _ => failure,
    }
}

fn token(position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorTerminated(Dynamic::UNIT, position).into()
}
