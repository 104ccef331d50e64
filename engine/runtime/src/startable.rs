//! Whether a plan may become a run.

use contracts::ApproveMode;
use model::{Class, Code, Failure, Plan, StepOutlook};

/// Whether a run may be made of the plan: it is the one that was asked for, and nothing stands in its way.
pub(crate) fn startable(plan: &Plan, approve: &ApproveMode) -> Result<(), Failure> {
    if let ApproveMode::Digest(wanted) = approve
        && *wanted != plan.digest
    {
        return Err(Failure::new(
            Code::PlanStale,
            Class::Conflict,
            format!("the plan is now {}, not {}", plan.digest.short(), wanted.short()),
        )
        .hint("look at the new plan with 'footbridge plan', then run it"));
    }
    // All of them: who clears one away should know what comes next.
    let obstacles: Vec<String> =
        plan.obstacles().into_iter().map(|(step, why)| format!("step '{step}': {why}")).collect();
    if !obstacles.is_empty() {
        let message = obstacles.join("\n");
        // A step that failed says why by its own code; a conflict is what is left.
        let failed = plan.steps.iter().find_map(|step| match &step.outlook {
            StepOutlook::Failed { failure } => Some(failure.clone()),
            _ => None,
        });
        let conflict = || Failure::new(Code::PlanConflict, Class::Conflict, "");
        let failure = Failure { message, ..failed.unwrap_or_else(conflict) };
        let nothing = "nothing was written; 'footbridge plan' shows the whole plan";
        // What the step itself advises is worth more, and comes first.
        let hint =
            failure.hint.as_ref().map_or_else(|| nothing.to_owned(), |own| format!("{own}\n{nothing}"));
        return Err(failure.hint(hint));
    }
    Ok(())
}
