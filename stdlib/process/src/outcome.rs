//! What became of a call, in the engine's words: each way of failing has one class, decided here.

use std::time::Duration;

use contracts::HostReply;
use model::{Class, Code, Effect, Failure, FunctionSpec, Redactor};

use crate::talk::Broken;
use crate::wire::{Answer, Failed};

/// An answer that came, without the secrets that were handed over.
pub(crate) fn of_answer(
    spec: &FunctionSpec,
    answer: Answer,
    said: Option<String>,
    redactor: &Redactor,
) -> Result<HostReply, Failure> {
    match answer {
        Answer::Reply { value, evidence, .. } => {
            let mut evidence = evidence;
            if let Some(said) = said {
                evidence.insert("said".to_owned(), said.into());
            }
            let evidence = evidence.iter().map(|(name, one)| (name.clone(), redactor.value(one))).collect();
            Ok(HostReply { value: redactor.value(&value), evidence })
        }
        Answer::Failed { failed, .. } => Err(redactor.failure(&of_failed(spec, failed, said))),
        Answer::Hello { .. } | Answer::Described { .. } => {
            let wrong = Broken::Wrong("it answered something that was not asked".to_owned());
            Err(of_broken(spec, wrong, said, redactor))
        }
    }
}

fn of_failed(spec: &FunctionSpec, failed: Failed, said: Option<String>) -> Failure {
    let (code, class) = match (failed.class, spec.effect) {
        (Class::InDoubt, Effect::Write) => (Code::OwnInDoubt, Class::InDoubt),
        // A read can simply be made again.
        (Class::InDoubt, Effect::Read) => (Code::OwnFunction, Class::Transient),
        (class, _) => (Code::OwnFunction, class),
    };
    let mut failure = Failure::new(code, class, format!("{}: {}", spec.path(), failed.message));
    failure.hint = failed.hint;
    failure.evidence = failed.evidence;
    if let Some(wait) = failed.retry_after_ms {
        failure = failure.retry_after(Duration::from_millis(wait));
    }
    with_said(failure, said)
}

/// The talk broke off in the middle of a call.
pub(crate) fn of_broken(
    spec: &FunctionSpec,
    broken: Broken,
    said: Option<String>,
    redactor: &Redactor,
) -> Failure {
    let call = spec.path();
    let failure = match (broken, spec.effect) {
        (Broken::NotSent(why), _) => {
            Failure::new(Code::OwnProgram, Class::Transient, format!("{call} was not sent: {why}"))
        }
        (Broken::Lost(why) | Broken::Wrong(why), Effect::Write) => {
            let message = format!("the answer to {call} was lost: {why}");
            Failure::new(Code::OwnInDoubt, Class::InDoubt, message)
        }
        (Broken::Lost(why), Effect::Read) => {
            Failure::new(Code::OwnProgram, Class::Transient, format!("{call} has no answer: {why}"))
        }
        (Broken::Wrong(why), Effect::Read) => {
            Failure::new(Code::OwnProgram, Class::Bug, format!("{call} has no answer: {why}")).hint(
                "docs/guides/your-own-functions.md says what a program may write to its standard output",
            )
        }
    };
    redactor.failure(&with_said(failure, said))
}

/// It never came to a call.
pub(crate) fn not_started(module: &str, why: &str, said: Option<String>) -> Failure {
    let message = format!("the program of module '{module}' does not work: {why}");
    let failure = Failure::new(Code::OwnProgram, Class::Denied, message)
        .hint("start it by hand in its folder, type a hello at it, and look at what it answers");
    with_said(failure, said)
}

fn with_said(failure: Failure, said: Option<String>) -> Failure {
    match said {
        Some(said) => failure.evidence("said", said),
        None => failure,
    }
}
