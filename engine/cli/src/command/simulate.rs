//! `footbridge simulate`: the simulated organisation and tenant in the foreground, or a kept world made fresh.

use serde_json::json;

use crate::Exit;
use crate::context::Context;
use crate::holder;
use crate::problem::Outcome;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// The kept world to serve
    #[arg(long, default_value = "lab")]
    name: String,
    #[command(flatten)]
    start: Start,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Make a kept world fresh
    Reset {
        /// The world's name, as in `--target sim:NAME`
        name: String,
        #[command(flatten)]
        start: Start,
    },
    /// List the worlds and fault profiles a simulation can start from
    List,
}

#[derive(clap::Args, Debug)]
struct Start {
    /// The world it starts from
    #[arg(long, value_name = "WORLD")]
    world: Option<String>,
    /// The faults it makes, by profile
    #[arg(long, value_name = "PROFILE")]
    faults: Option<String>,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let simulator = context.opened()?.simulator;
    match arguments.action {
        Some(Action::List) => {
            let (worlds, faults) = (simulator.worlds(), simulator.faults());
            context.output.either(
                || json!({ "worlds": worlds, "faults": faults }),
                |_| format!("worlds\n  {}\nfaults\n  {}\n", worlds.join("\n  "), faults.join("\n  ")),
            );
            Ok(Exit::Ok)
        }
        Some(Action::Reset { name, start }) => {
            holder::make_store(context).await?;
            let told = simulator.reset(&name, start.world.as_deref(), start.faults.as_deref())?;
            context.output.either(|| json!({ "name": name, "reset": told }), |_| format!("{told}\n"));
            Ok(Exit::Ok)
        }
        None => {
            holder::make_store(context).await?;
            let start = &arguments.start;
            let foreground =
                simulator.serve(&arguments.name, start.world.as_deref(), start.faults.as_deref()).await?;
            context.output.either(
                || {
                    let facts: serde_json::Map<String, serde_json::Value> =
                        foreground.facts.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                    json!({ "name": arguments.name, "facts": facts })
                },
                |_| {
                    let lines: Vec<String> =
                        foreground.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                    format!("{}\n", lines.join("\n"))
                },
            );
            context.output.note("serving until Ctrl-C");
            context.interrupts.handle();
            context.interrupts.first().await;
            drop(foreground.keep);
            Ok(Exit::Ok)
        }
    }
}
