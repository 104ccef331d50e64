//! `footbridge doctor`: each connection of a target checked, from its name to its permissions.

use std::sync::Arc;

use contracts::{CallContext, Check, CheckVerdict, HostModule, Session};
use report::doctor::{Item, Setting, Verdict};
use serde_json::json;

use crate::Exit;
use crate::context::Context;
use crate::doctor_context::DoctorContext;
use crate::holder;
use crate::problem::Outcome;
use crate::resolve;
use crate::wiring::Named;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Which organisation and tenant: sim, sim:NAME, the NAME of a target file, or its path
    #[arg(long)]
    target: String,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let named = resolve::target(context, &arguments.target)?;
    holder::make_store(context).await?;
    let session = context.opened()?.targets.open(&named.reference, None).await?;
    let checks = examined(&session).await;
    session.close().await;
    let verdict = overall(&checks);
    context.output.either(|| document(&named, verdict, &checks), |style| text(&named, &checks, style));
    // Not to know is no success.
    Ok(if verdict == CheckVerdict::So { Exit::Ok } else { Exit::Error })
}

/// Every module's checks, in the order of the modules. Secrets that were spent on the way are taken out.
async fn examined(session: &Session) -> Vec<Check> {
    let mut checks = Vec::new();
    for module in &session.modules {
        checks.extend(examine(module.as_ref(), session).await);
    }
    checks
}

async fn examine(module: &dyn HostModule, session: &Session) -> Vec<Check> {
    let context = Arc::new(DoctorContext::new(session.secrets.clone()));
    let found = module.examine(Arc::clone(&context) as Arc<dyn CallContext>).await;
    found
        .into_iter()
        .map(|check| Check {
            seen: context.redacted(&check.seen),
            advice: check.advice.map(|advice| context.redacted(&advice)),
            ..check
        })
        .collect()
}

/// *Not so* outweighs *cannot tell*, and that outweighs *so*. Nothing checked is nothing known.
fn overall(checks: &[Check]) -> CheckVerdict {
    let any = |verdict| checks.iter().any(|check| check.verdict == verdict);
    if any(CheckVerdict::NotSo) {
        CheckVerdict::NotSo
    } else if any(CheckVerdict::CannotTell) || checks.is_empty() {
        CheckVerdict::CannotTell
    } else {
        CheckVerdict::So
    }
}

fn document(named: &Named, verdict: CheckVerdict, checks: &[Check]) -> serde_json::Value {
    let settings: Vec<serde_json::Value> = named
        .settings
        .iter()
        .map(|one| json!({ "name": one.name, "value": one.value, "origin": one.origin.to_string() }))
        .collect();
    json!({ "target": named.name, "verdict": verdict, "settings": settings, "checks": checks })
}

fn text(named: &Named, checks: &[Check], style: report::Style) -> String {
    let origins: Vec<String> = named.settings.iter().map(|one| one.origin.to_string()).collect();
    let settings: Vec<Setting<'_>> = named
        .settings
        .iter()
        .zip(&origins)
        .map(|(one, origin)| Setting { name: &one.name, value: &one.value, origin })
        .collect();
    let items: Vec<Item<'_>> = checks
        .iter()
        .map(|check| Item {
            area: &check.area,
            name: &check.name,
            verdict: match check.verdict {
                CheckVerdict::So => Verdict::So,
                CheckVerdict::NotSo => Verdict::NotSo,
                CheckVerdict::CannotTell => Verdict::CannotTell,
            },
            seen: &check.seen,
            advice: check.advice.as_deref(),
        })
        .collect();
    report::doctor::text(&named.name, &settings, &items, style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_tell_is_never_so() {
        let so = || Check::so("graph", "tls", "a certificate");
        let not_so = || Check::not_so("graph", "tenant", "another", "correct it");
        let cannot_tell = || Check::cannot_tell("graph", "clock", "no date");
        for (checks, expected) in [
            (vec![so()], CheckVerdict::So),
            (vec![], CheckVerdict::CannotTell),
            (vec![so(), cannot_tell()], CheckVerdict::CannotTell),
            (vec![cannot_tell(), not_so(), so()], CheckVerdict::NotSo),
        ] {
            assert_eq!(overall(&checks), expected, "{checks:?}");
        }
    }
}
