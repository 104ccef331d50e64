//! `footbridge explain`: the six answers about a run, or the page of an error code.

use model::Code;
use serde_json::json;

use crate::Exit;
use crate::context::{Context, now};
use crate::holder;
use crate::load::Loaded;
use crate::problem::{Outcome, Problem};
use crate::run_name;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// A run (its id, the beginning or the end of it, or `latest`), or an error code such as FB0406
    #[arg(value_name = "RUN|CODE")]
    what: String,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let typed = arguments.what.to_uppercase();
    if let Ok(code) = typed.parse::<Code>() {
        return page(context, code);
    }
    if typed.len() == 6 && typed.starts_with("FB") && typed[2..].bytes().all(|one| one.is_ascii_digit()) {
        let near = manifest::nearest(&typed, Code::ALL.iter().map(|code| code.as_str()));
        let hint = near.map_or_else(
            || "codes run from FB0101 to FB0955".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        return Err(model::Failure::invalid(Code::Settings, format!("there is no error code {typed}"))
            .hint(hint)
            .into());
    }
    holder::with(context, async |engine| {
        let run = run_name::find(engine.service.as_ref(), &arguments.what).await?;
        let loaded = Loaded::new(engine.service.as_ref(), run).await?;
        context.output.either(
            || report::explain::json(&loaded.state, loaded.live),
            |style| report::explain::text(&loaded.state, loaded.live, now(), style),
        );
        Ok(Exit::Ok)
    })
    .await
}

fn page(context: &Context, code: Code) -> Outcome {
    let Some((_, text)) = context.wiring.error_pages.iter().find(|(name, _)| *name == code.as_str()) else {
        return Err(Problem::from(model::Failure::bug(format!("{code} has no page"))));
    };
    context
        .output
        .either(|| json!({ "code": code, "title": code.title(), "page": text }), |_| (*text).to_owned());
    Ok(Exit::Ok)
}
