//! `footbridge doctor --target`: each connection of a target checked, from its name to its permissions.

use std::sync::Arc;

use contracts::{CallContext, Check, CheckVerdict, HostModule, Session};
use report::doctor::{Item, Setting, Verdict};
use serde_json::json;

use crate::context::Context;
use crate::doctor_context::DoctorContext;
use crate::holder;
use crate::problem::Outcome;
use crate::resolve;
use crate::wiring::Named;

pub(super) async fn examine_target(context: &Context, typed: &str) -> Outcome {
    let named = resolve::target(context, typed)?;
    holder::make_store(context).await?;
    let session = context.opened()?.targets.open(&named.reference, None).await?;
    let checks = examined(&session).await;
    session.close().await;
    let verdict = super::overall(checks.iter().map(|check| check.verdict));
    context.output.either(|| document(&named, verdict, &checks), |style| text(&named, &checks, style));
    Ok(super::exit(verdict))
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
