//! The functions every script has without asking: `not_yet`, `cannot_tell`, `unknown`, `is_unknown`,
//! `is_cannot_tell`, `fail`; and the hook that stands first in each `catch`.

use contracts::PhaseEnd;
use model::time::parse_duration;
use model::workflow::Phase;
use model::{Code, Failure};
use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use crate::error::throw;
use crate::opaque::{CannotTell, Unknown};
use crate::sticky::PhaseContext;

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// Names that a script may not define itself: its own function would silently win.
pub(crate) const NAMES: [&str; 7] =
    ["not_yet", "cannot_tell", "unknown", "is_unknown", "is_cannot_tell", "fail", CAUGHT];

/// Called first in every `catch` block with what was caught.
pub(crate) const CAUGHT: &str = "caught__";

const NOT_YET_DEFAULT_MS: u64 = 30_000;

pub(crate) fn register(module: &mut Module) {
    module.set_native_fn("not_yet", |call: NativeCallContext, why: &str| -> Answer<()> {
        not_yet(&call, why, NOT_YET_DEFAULT_MS)
    });
    module.set_native_fn("not_yet", |call: NativeCallContext, why: &str, after: &str| -> Answer<()> {
        match parse_duration(after) {
            Some(after) => not_yet(&call, why, u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            None => Err(throw(
                &call,
                Failure::invalid(
                    Code::ScriptError,
                    format!("not_yet was given '{after}', which is no duration"),
                )
                .hint("write 30s, 5m or 2h"),
            )),
        }
    });
    module.set_native_fn("cannot_tell", |why: &str| -> Answer<CannotTell> { Ok(CannotTell(why.to_owned())) });
    module.set_native_fn("unknown", |call: NativeCallContext, output: &str| -> Answer<Unknown> {
        let context = context(&call)?;
        let origin = format!("{}.{output}", context.step);
        context.met_unknown(&origin);
        Ok(Unknown(origin))
    });
    module.set_native_fn("is_unknown", |value: Dynamic| -> Answer<bool> { Ok(value.is::<Unknown>()) });
    module.set_native_fn("is_cannot_tell", |value: Dynamic| -> Answer<bool> { Ok(value.is::<CannotTell>()) });
    module
        .set_native_fn("fail", |call: NativeCallContext, why: &str| -> Answer<()> { fail(&call, why, None) });
    module.set_native_fn("fail", |call: NativeCallContext, why: &str, hint: &str| -> Answer<()> {
        fail(&call, why, Some(hint))
    });
    module.set_native_fn(CAUGHT, |call: NativeCallContext, error: Dynamic| -> Answer<()> {
        caught(&call, &error)
    });
}

fn not_yet(call: &NativeCallContext, why: &str, after_ms: u64) -> Answer<()> {
    Err(context(call)?.end(PhaseEnd::NotYet { why: why.to_owned(), after_ms }, call))
}

fn fail(call: &NativeCallContext, why: &str, hint: Option<&str>) -> Answer<()> {
    let context = context(call)?;
    let code = if context.phase == Some(Phase::Verify) { Code::VerifyFailed } else { Code::ScriptError };
    let mut failure = Failure::invalid(code, why);
    failure.hint = hint.map(str::to_owned);
    Err(context.end(PhaseEnd::Failed(failure), call))
}

/// A `catch` must swallow neither the end of a phase nor the use of an unknown that Rhai itself refused.
fn caught(call: &NativeCallContext, error: &Dynamic) -> Answer<()> {
    let context = context(call)?;
    context.check(call)?;
    let message = error.read_lock::<Map>().and_then(|map| {
        // Only errors of Rhai itself have this entry.
        map.get("error")?;
        map.get("message").map(ToString::to_string)
    });
    if let Some(origin) = message.and_then(|message| context.unknown_in(&message)) {
        return Err(context.end(PhaseEnd::Needs { origin }, call));
    }
    Ok(())
}

fn context(call: &NativeCallContext) -> Answer<std::sync::Arc<PhaseContext>> {
    PhaseContext::of(call).ok_or_else(|| "this cannot be used outside a phase".into())
}
