//! `footbridge approve`: a plan, a held step, a form's answers, or the fate of a lost write.

use std::path::PathBuf;
use std::time::Duration;

use contracts::{Answered, ApproveRequest};
use model::event::Decision;
use model::{Answer, Digest, Life, StepPath};

use crate::Exit;
use crate::context::Context;
use crate::evidence_files;
use crate::follow::{conclude, follow};
use crate::holder;
use crate::load::Loaded;
use crate::problem::{Outcome, Problem};
use crate::run_name;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Its id, the beginning or the end of it, or `latest`
    run: String,
    /// One step; without it the run's plan, or every step that waits for an approval
    step: Option<String>,
    /// Approve only what has this digest
    #[arg(long, value_name = "DIGEST")]
    plan: Option<String>,
    /// Answer a question: yes, no or cannot-tell
    #[arg(long = "answer", value_name = "QUESTION=ANSWER", requires = "step")]
    answers: Vec<String>,
    /// A write nobody can tell about: send it again
    #[arg(long, requires = "step", conflicts_with_all = ["done", "abort"])]
    retry: bool,
    /// A write nobody can tell about: it is done (say how you know)
    #[arg(long, requires_all = ["step", "note"], conflicts_with = "abort")]
    done: bool,
    /// A write nobody can tell about: give it up; the step fails (say why)
    #[arg(long, requires_all = ["step", "note"])]
    abort: bool,
    /// Kept with the approval
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A file that shows it, kept with the answer or the decision; may be repeated
    #[arg(long = "evidence", value_name = "FILE", requires = "step")]
    files: Vec<PathBuf>,
    /// Stay while something is due within this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    wait: Duration,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let answers: Vec<Answered> = arguments
        .answers
        .iter()
        .map(|typed| answer(typed, arguments.note.as_deref()))
        .collect::<Result<_, _>>()?;
    if !arguments.files.is_empty() && answers.is_empty() && choice(&arguments).is_none() {
        return Err(Problem::usage("--evidence goes with --answer, --done, --retry or --abort".to_owned()));
    }
    let given = evidence_files::read(&arguments.files)?;
    holder::with_wait(context, arguments.wait, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, &arguments.run).await?;
        let loaded = Loaded::new(service, run).await?;
        let step = arguments.step.as_deref().map(|typed| run_name::step(&loaded, typed)).transpose()?;
        let files = evidence_files::keep(service, &given).await?;
        let request = ApproveRequest {
            by: context.settings.by.clone(),
            digest: digest(&loaded, step.as_ref(), arguments.plan.as_deref())?,
            step,
            answers: answers.clone(),
            choice: choice(&arguments),
            note: arguments.note.clone(),
            files,
        };
        service.approve(run, request).await?;
        if engine.holds() {
            return Ok(conclude(context, &follow(context, service, run, arguments.wait).await?));
        }
        let summary = Loaded::new(service, run).await?.summary();
        context.output.either(|| serde_json::json!(summary), |style| report::summary::text(&summary, style));
        context.output.note("recorded; the process that carries the run on goes on with it");
        Ok(Exit::Ok)
    })
    .await
}

fn choice(arguments: &Arguments) -> Option<Decision> {
    match (arguments.retry, arguments.done, arguments.abort) {
        (true, _, _) => Some(Decision::Retry),
        (_, true, _) => Some(Decision::Done),
        (_, _, true) => Some(Decision::Abort),
        (false, false, false) => None,
    }
}

/// What is approved is what stands there at this moment, or what the person names.
fn digest(loaded: &Loaded, step: Option<&StepPath>, typed: Option<&str>) -> Result<Option<Digest>, Problem> {
    let state = &loaded.state;
    let current = match step {
        Some(step) => state.step(step).and_then(|(_, one)| one.held.as_ref()).map(|held| held.digest),
        None if state.life == Life::Awaiting => state.plan.as_ref().map(|plan| plan.digest),
        None => None,
    };
    let Some(typed) = typed.map(str::to_lowercase) else { return Ok(current) };
    if let Ok(digest) = typed.parse() {
        return Ok(Some(digest));
    }
    match current {
        Some(digest) if typed.len() >= 8 && digest.to_string().starts_with(&typed) => Ok(Some(digest)),
        Some(digest) => {
            let message = format!("what waits has the digest {}, not {typed}", digest.short());
            Err(model::Failure::new(model::Code::PlanStale, model::Class::Conflict, message)
                .hint(format!("`footbridge explain {}` shows it", state.id))
                .into())
        }
        None => Err(Problem::usage(format!("nothing with a digest waits there, so '{typed}' cannot be it"))),
    }
}

/// `question=yes|no|cannot-tell`; the note says why where it is no yes.
fn answer(typed: &str, note: Option<&str>) -> Result<Answered, Problem> {
    let wrong = |why: &str| {
        model::Failure::invalid(model::Code::Settings, format!("'--answer {typed}' {why}"))
            .hint("write --answer question=yes, =no or =cannot-tell")
    };
    let (question, word) = typed.split_once('=').ok_or_else(|| wrong("has no '='"))?;
    let why = note.unwrap_or("no reason given").to_owned();
    let answer = match word.to_lowercase().as_str() {
        "yes" => Answer::So,
        "no" => Answer::NotSo(why),
        "cannot-tell" => Answer::CannotTell(why),
        _ => return Err(wrong("is neither yes, no nor cannot-tell").into()),
    };
    Ok(Answered { question: question.to_owned(), answer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_three_values() {
        assert_eq!(answer("presence=yes", None).expect("good").answer, Answer::So);
        assert_eq!(answer("p=no", Some("grey")).expect("good").answer, Answer::NotSo("grey".into()));
        assert!(matches!(answer("p=cannot-tell", None).expect("good").answer, Answer::CannotTell(_)));
        assert!(answer("p=maybe", None).is_err());
        assert!(answer("yes", None).is_err());
    }
}
