//! The simulated organisation behind the remoting peer: cmdlets that came over the wire are run in its world.

use serde_json::{Value, json};
use sim::{CmdletError, ErrorKind, World};

use crate::answers::{Answers, Asked};

/// Answers cmdlets from a world.
pub(crate) fn answers(world: &World) -> Answers {
    let world = world.clone();
    Answers::start(move |asked| play(&world, asked))
}

/// What the organisation answers to one cmdlet, as a peer plays it.
pub(crate) fn play(world: &World, asked: &Asked) -> Value {
    if asked.cmdlet == "script" {
        // What a local session begins with: it loads the Exchange shell and says nothing.
        return json!({});
    }
    match world.invoke(&asked.cmdlet, &asked.parameters) {
        Ok(reply) => json!({ "output": reply.objects, "warnings": reply.warnings }),
        Err(error) => match error.kind {
            ErrorKind::OutcomeUnknown => json!({ "lost": true }),
            // What the binder or the session refuses ends the pipeline.
            ErrorKind::RefusedBeforeItRan => json!({ "failed": record(&error, asked) }),
            // What the cmdlet itself says is non-terminating: the pipeline completes.
            ErrorKind::Failed => json!({ "errors": [record(&error, asked)] }),
        },
    }
}

/// The error as psrp/objects.py takes it, with the chain of types that PowerShell shows.
fn record(error: &CmdletError, asked: &Asked) -> Value {
    let exception = error.exception_type.as_str();
    let mut types = vec![exception];
    if exception.starts_with("System.Management.Automation.") {
        types.push("System.Management.Automation.RuntimeException");
        types.push("System.SystemException");
    } else if exception.starts_with("Microsoft.Exchange.Data.Directory.") {
        types.extend([
            "Microsoft.Exchange.Data.Directory.ADOperationException",
            "Microsoft.Exchange.Data.DataSourceOperationException",
            "Microsoft.Exchange.Data.LocalizedException",
        ]);
    } else {
        types.push("Microsoft.Exchange.Data.LocalizedException");
    }
    types.dedup();
    json!({
        "types": types,
        "id": error.fully_qualified_error_id,
        "category": error.category_number,
        "activity": asked.cmdlet,
        "target": error.target,
        "message": error.message,
    })
}
