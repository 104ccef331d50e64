//! `footbridge doctor RUN` and `--all`: gathers what stands around runs, and has it judged.

use contracts::{Check, CheckVerdict, Service};
use model::RunId;
use report::doctor::{Item, Verdict};
use report::health::{self, Around, Finding, Place, Readable, SecretFact, StoreFacts};
use serde_json::json;

use crate::Exit;
use crate::context::{Context, now};
use crate::folder;
use crate::holder;
use crate::load::Loaded;
use crate::problem::Outcome;
use crate::run_name;
use crate::secrets::must_ask;
use crate::target_of::target_of;
use crate::wiring::{Named, SecretReader as _, TargetFiles};

/// What was found in one area: the store, or a run.
struct Area {
    name: String,
    findings: Vec<Finding>,
}

pub(super) async fn examine_run(context: &Context, typed: &str) -> Outcome {
    let files = context.opened()?.target_files;
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, typed).await?;
        Ok(tell(context, &[examined(context, files.as_ref(), service, run).await]))
    })
    .await
}

/// A store that cannot be opened says by its error what does not hold and what helps.
pub(super) async fn examine_all(context: &Context) -> Outcome {
    let files = context.opened()?.target_files;
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let runs = service.runs().await?;
        let state = &context.settings.state;
        let facts = StoreFacts {
            folder: state.display().to_string(),
            runs: runs.len(),
            held: !engine.holds(),
            mode: folder::mode(state),
            free_bytes: folder::free_bytes(state),
        };
        let mut areas = vec![Area { name: "store".to_owned(), findings: health::judge_store(&facts) }];
        for run in runs {
            areas.push(examined(context, files.as_ref(), service, run).await);
        }
        Ok(tell(context, &areas))
    })
    .await
}

async fn examined(context: &Context, files: &dyn TargetFiles, service: &dyn Service, run: RunId) -> Area {
    let findings = match Loaded::new(service, run).await {
        Ok(loaded) => health::judge(&loaded.state, &around(context, files, &loaded)),
        // One damaged run must not hide the others.
        Err(failure) => health::unreadable(&failure),
    };
    Area { name: run.to_string(), findings }
}

fn around(context: &Context, files: &dyn TargetFiles, loaded: &Loaded) -> Around {
    let (target, secrets) = match target_of(files, &loaded.state) {
        Ok(named) => {
            let secrets = secrets(context, &named);
            (named.binding.map_or(Place::Simulated, Place::Found), secrets)
        }
        Err(failure) => (Place::Missing(failure.into()), Vec::new()),
    };
    Around { live: loaded.live, now: now(), target, secrets }
}

/// Whether each secret can be read now; its value is dropped unseen.
fn secrets(context: &Context, named: &Named) -> Vec<SecretFact> {
    named
        .secrets
        .iter()
        .map(|(name, place)| {
            let readable = if must_ask(place) {
                Readable::Asked
            } else {
                match context.secrets.read(place) {
                    Ok(_) => Readable::Yes,
                    Err(failure) => Readable::No(failure.into()),
                }
            };
            SecretFact { name: name.clone(), place: place.to_string(), readable }
        })
        .collect()
}

fn tell(context: &Context, areas: &[Area]) -> Exit {
    let items: Vec<Item<'_>> =
        areas.iter().flat_map(|area| area.findings.iter().map(|found| found.item(&area.name))).collect();
    let verdict = super::overall(items.iter().map(|item| verdict(item.verdict)));
    context.output.either(|| document(verdict, &items), |style| report::doctor::listed(&items, style));
    super::exit(verdict)
}

fn document(overall: CheckVerdict, items: &[Item<'_>]) -> serde_json::Value {
    let checks: Vec<Check> = items
        .iter()
        .map(|item| Check {
            area: item.area.to_owned(),
            name: item.name.to_owned(),
            verdict: verdict(item.verdict),
            seen: item.seen.to_owned(),
            advice: item.advice.map(str::to_owned),
        })
        .collect();
    json!({ "verdict": overall, "checks": checks })
}

fn verdict(verdict: Verdict) -> CheckVerdict {
    match verdict {
        Verdict::So => CheckVerdict::So,
        Verdict::NotSo => CheckVerdict::NotSo,
        Verdict::CannotTell => CheckVerdict::CannotTell,
    }
}
