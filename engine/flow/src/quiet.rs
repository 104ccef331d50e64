//! Whether a run can be put down and taken up again without a trace.

use model::step_state::Progress;
use model::{Life, RunState, Timestamp};

/// Nothing is under way and nothing is due: the run rests, or only a time or a person moves it on. Whatever does (a timer,
/// a gate, an approval, a decision, a resume) makes its inputs age by itself.
///
/// A run that goes on is not quiet while a write's answer is lost, for whoever takes it up counts the settle time anew;
/// nor where its history is later than `now`: the clock was set back, and its timers are to be set anew.
pub fn quiet(state: &RunState, now: Timestamp) -> bool {
    let goes_on = matches!(state.life, Life::Running | Life::Undoing);
    let sent = |(_, _, progress): &(_, _, &Progress)| matches!(progress, Progress::Sent { .. });
    crate::due(state).is_empty()
        && !state.doubts().iter().any(sent)
        && !(goes_on && (in_doubt(state) || state.latest > now))
}

/// A write's answer is lost, and looking may still tell.
pub fn in_doubt(state: &RunState) -> bool {
    state.doubts().iter().any(|(_, _, progress)| matches!(progress, Progress::InDoubt { .. }))
}
