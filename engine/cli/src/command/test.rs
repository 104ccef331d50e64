//! `footbridge test`: a workflow's cases on simulated worlds, disturbed everywhere if wanted.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contracts::Clock as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::{Class, Code, Failure};
use prove::{Case, Disturbance, End, Matrix, Proof, Verdict, Wanted, junit, prove};
use serde_json::json;

use crate::Exit;
use crate::context::Context;
use crate::files;
use crate::problem::{Outcome, Problem};
use crate::{resolve, settings};

/// More lines of a failed trial are for the JSON and JUnit forms.
const LINES_MAX: usize = 12;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// A shipped workflow's id, or a folder
    workflow: String,
    /// Only this case, by the name of its file; may be given again
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Kill the process before and after every write to its journal, and with every effect that it has not recorded yet;
    /// forward and in undo
    #[arg(long)]
    crash_everywhere: bool,
    /// Let every write to the world fail in every way, forward and in undo
    #[arg(long)]
    fail_everywhere: bool,
    /// Do everything twice: run after run, undo after undo, and in turn
    #[arg(long)]
    repeat_everything: bool,
    /// Let calls fail by these seeds
    #[arg(long, value_name = "FROM..TO", value_parser = seeds)]
    faults: Option<RangeInclusive<u64>>,
    /// Everything above, with twelve seeds
    #[arg(long, conflicts_with_all = ["crash_everywhere", "fail_everywhere", "repeat_everything", "faults"])]
    everything: bool,
    /// One disturbance, as a failed trial prints it
    #[arg(long, value_name = "DISTURBANCE", conflicts_with = "everything")]
    only: Option<Disturbance>,
    /// How many trials run at the same time; two for each processor when left out
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// `3` or `1..12`, both ends included.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("'{text}' is no seed"));
    match text.split_once("..") {
        None => number(text).map(|seed| seed..=seed),
        Some((from, to)) => {
            let (from, to) = (number(from)?, number(to.trim_start_matches('='))?);
            if from > to { Err(format!("{from} comes after {to}")) } else { Ok(from..=to) }
        }
    }
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let workflow = resolve::workflow(context, &arguments.workflow)?;
    let cases = chosen(cases(context, &arguments.workflow)?, &arguments)?;
    let wanted = arguments.wanted();
    let clock = Arc::new(runtime::SystemClock);
    let began = clock.now();
    let (id, version) = (workflow.id.clone(), workflow.version.clone());
    let bar = bar(context);
    let (done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let heard = |end: &End| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if matches!(end.verdict, Verdict::Failed { .. }) {
            failed.fetch_add(1, Ordering::Relaxed);
        }
        let failed = failed.load(Ordering::Relaxed);
        bar.set_message(format!(
            "{done} trials, {failed} failed; {} {}",
            end.trial.case, end.trial.disturbance
        ));
        bar.tick();
    };
    let laboratory = (context.wiring.laboratory)(settings::variable);
    let proof = prove(laboratory, context.runner(), clock.clone(), workflow, cases, &wanted, &heard).await;
    bar.finish_and_clear();
    if let Some(file) = &arguments.junit {
        std::fs::write(file, junit(&id, &proof)).map_err(|cause| {
            Failure::new(
                Code::FileWrite,
                Class::Denied,
                format!("{} cannot be written: {cause}", file.display()),
            )
        })?;
    }
    let took = clock.now().since(began);
    let failures = proof.failures().count();
    // A proof that tried nothing proves nothing: the case has no such write.
    let proven = failures == 0 && proof.passed() > 0;
    let again = again(&arguments.workflow, &context.settings.layers);
    context.output.either(
        || document(&id, &version, &proof),
        |style| {
            let mut text = String::new();
            for (end, why) in proof.failures() {
                text.push_str(&told(&again, end, why));
            }
            text.push_str(&Matrix::of(&proof).text());
            let not_reached = proof.ends.len() - proof.passed() - failures;
            let beside = if not_reached > 0 { format!(", {not_reached} not reached") } else { String::new() };
            let verdict = if proven { "all trials passed" } else { "NOT PROVEN" };
            text.push_str(&format!(
                "\n\n{} {version}: {} passed, {failures} failed{beside}, in {:.1} s: {}\n",
                style.strong(&id),
                proof.passed(),
                took.as_secs_f64(),
                style.strong(verdict),
            ));
            text
        },
    );
    Ok(if proven { Exit::Ok } else { Exit::VerifyFailed })
}

impl Arguments {
    fn wanted(&self) -> Wanted {
        let everything = self.everything;
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Wanted {
            crash: self.crash_everywhere || everything,
            fail: self.fail_everywhere || everything,
            repeat: self.repeat_everything || everything,
            faults: if everything { Some(1..=12) } else { self.faults.clone() },
            only: self.only.clone(),
            // A trial's threads wait for one another half of the time.
            parallel: self.jobs.unwrap_or(2 * processors),
        }
    }
}

/// The cases beside the workflow, and those of the layers: a layer's same-named case wins.
fn cases(context: &Context, workflow: &str) -> Result<Vec<Case>, Problem> {
    let mut texts = if resolve::is_path(workflow) {
        files::cases(Path::new(workflow))?
    } else {
        files::shipped_cases(context.wiring.workflows, workflow)
    };
    for layer in &context.settings.layers {
        texts.extend(files::cases(layer)?);
    }
    let mut cases = Vec::new();
    for (file, text) in texts.into_values() {
        cases.push(prove::read_case(&file, &text)?);
    }
    Ok(cases)
}

fn chosen(cases: Vec<Case>, arguments: &Arguments) -> Result<Vec<Case>, Problem> {
    let names: Vec<String> = cases.iter().map(|case| case.name.clone()).collect();
    if names.is_empty() {
        return Err(Failure::invalid(Code::Case, format!("'{}' has no cases", arguments.workflow))
            .hint(
                "put them into the workflow's folder as cases/NAME.toml; workflows/README.md describes them",
            )
            .into());
    }
    if let Some(stray) = arguments.cases.iter().find(|name| !names.contains(name)) {
        return Err(Failure::invalid(Code::Settings, format!("there is no case '{stray}'"))
            .hint(format!("there are {}", names.join(", ")))
            .into());
    }
    let wanted = |case: &Case| arguments.cases.is_empty() || arguments.cases.contains(&case.name);
    Ok(cases.into_iter().filter(wanted).collect())
}

fn bar(context: &Context) -> ProgressBar {
    if !context.output.can_redraw() || context.output.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is right");
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}

/// The command that plays the same workflow, layers included.
fn again(workflow: &str, layers: &[PathBuf]) -> String {
    let layers = layers.iter().map(|layer| format!(" --layer {}", layer.display()));
    format!("footbridge test {workflow}{}", layers.collect::<String>())
}

fn told(again: &str, end: &End, why: &str) -> String {
    let (case, disturbance) = (&end.trial.case, &end.trial.disturbance);
    let mut lines: Vec<&str> = why.lines().take(LINES_MAX).collect();
    if why.lines().count() > LINES_MAX {
        lines.push("… (the rest with --json or --junit)");
    }
    let why = lines.join("\n  ");
    format!(
        "FAILED {case}: {disturbance}\n  {why}\n  again: {again} --case {case} --only '{disturbance}'\n\n"
    )
}

fn document(id: &str, version: &str, proof: &Proof) -> serde_json::Value {
    let trials: Vec<serde_json::Value> = proof
        .ends
        .iter()
        .map(|end| {
            let (verdict, why) = match &end.verdict {
                Verdict::Passed => ("passed", None),
                Verdict::NotReached => ("not_reached", None),
                Verdict::Failed { why } => ("failed", Some(why)),
            };
            let mut trial = json!({
                "case": end.trial.case, "disturbance": end.trial.disturbance.to_string(),
                "kind": end.trial.disturbance.kind(), "verdict": verdict, "took_ms": end.took.as_millis(),
            });
            if let Some(why) = why {
                trial["why"] = json!(why);
            }
            trial
        })
        .collect();
    json!({
        "workflow": id, "version": version, "passed": proof.passed(), "failed": proof.failures().count(),
        "trials": trials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_one_or_a_range() {
        for (text, expected) in
            [("3", Some(3..=3)), ("1..4", Some(1..=4)), ("1..=4", Some(1..=4)), ("4..1", None), ("x", None)]
        {
            assert_eq!(seeds(text).ok(), expected, "{text}");
        }
    }
}
