//! `footbridge skip`: go on without one step.

use std::time::Duration;

use model::Intervention;

use crate::context::Context;
use crate::problem::Outcome;
use crate::step_in::{StepIn, step_in};

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    /// The step
    step: String,
    /// Why; kept with the run
    #[arg(long, value_name = "WHY")]
    note: String,
    /// Stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    wait: Duration,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let asked = StepIn {
        run: &arguments.run,
        step: &arguments.step,
        intervention: Intervention::Skip,
        note: Some(&arguments.note),
        files: &[],
        wait: arguments.wait,
    };
    step_in(context, asked).await
}
