//! Which expressions of a step cannot do without an output of another: the rule of `check`, asked of a pinned workflow.

use model::{Step, StepPath};

use crate::reads::fails_when_skipped;
use crate::references::{Reference, references};
use crate::step::Role;

/// The texts of `reader`'s expressions that fail when `read` is skipped, `when` first. None where only `steps.NAME?.…`
/// is written.
pub fn needed_outputs<'s>(reader: &'s Step, read: &StepPath) -> Vec<&'s str> {
    if !reader.uses.contains(read) {
        return Vec::new();
    }
    let is_conditional = reader.when.is_some();
    let when = reader.when.iter().map(|expression| (Role::When, expression));
    let with = reader.with.values().map(|expression| (Role::With, expression));
    when.chain(with)
        .filter(|(role, expression)| {
            references(&expression.text).iter().any(|reference| match reference {
                Reference::Step { name, reads } => {
                    expression.text[name.clone()] == *read.step()
                        && fails_when_skipped(*reads, *role, is_conditional)
                }
                Reference::Param { .. } | Reference::Hidden { .. } => false,
            })
        })
        .map(|(_, expression)| expression.text.as_str())
        .collect()
}
