//! `footbridge doctor`: what does not hold, and the mend: of a target's connections, of a run, or of everything kept.

mod runs;
mod target;

use contracts::CheckVerdict;

use crate::Exit;
use crate::context::Context;
use crate::problem::Outcome;

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Arguments {
    /// A run: its id, the beginning or the end of it, or `latest`
    run: Option<String>,
    /// Every run, and the store
    #[arg(long)]
    all: bool,
    /// The connections of a target: sim, sim:NAME, the NAME of a target file, or its path
    #[arg(long)]
    target: Option<String>,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    match (&arguments.target, &arguments.run) {
        (Some(target), _) => target::examine_target(context, target).await,
        (None, Some(run)) => runs::examine_run(context, run).await,
        (None, None) => runs::examine_all(context).await,
    }
}

/// *Not so* outweighs *cannot tell*, and that outweighs *so*. Nothing checked is nothing known.
fn overall(verdicts: impl Iterator<Item = CheckVerdict> + Clone) -> CheckVerdict {
    let any = |wanted| verdicts.clone().any(|verdict| verdict == wanted);
    if any(CheckVerdict::NotSo) {
        CheckVerdict::NotSo
    } else if any(CheckVerdict::CannotTell) || !any(CheckVerdict::So) {
        CheckVerdict::CannotTell
    } else {
        CheckVerdict::So
    }
}

/// Not to know is no success.
fn exit(verdict: CheckVerdict) -> Exit {
    match verdict {
        CheckVerdict::So => Exit::Ok,
        CheckVerdict::NotSo | CheckVerdict::CannotTell => Exit::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_tell_is_never_so() {
        use CheckVerdict::{CannotTell, NotSo, So};
        for (verdicts, expected) in [
            (vec![So], So),
            (vec![], CannotTell),
            (vec![So, CannotTell], CannotTell),
            (vec![CannotTell, NotSo, So], NotSo),
        ] {
            assert_eq!(overall(verdicts.iter().copied()), expected, "{verdicts:?}");
        }
    }
}
