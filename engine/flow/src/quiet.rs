//! Whether a run can be put down and taken up again without a trace.

use model::RunState;
use model::step_state::Progress;

/// Nothing is under way and nothing is due: the run rests, or only a time or a person moves it on. Whatever does (a timer,
/// a gate, an approval, a decision, a resume) makes its inputs age by itself.
pub fn quiet(state: &RunState) -> bool {
    let sent = |(_, _, progress): &(_, _, &Progress)| matches!(progress, Progress::Sent { .. });
    crate::due(state).is_empty() && !state.doubts().iter().any(sent)
}
