//! `footbridge serve`: the holder that stays. Runs that wait for days wake by themselves; others ask it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use contracts::Service;
use model::{Code, Failure};
use runtime::{Notice, Supervisor, SystemClock};
use serde_json::{Value as Json, json};
use server::{Api, Exposure, Role, Serving, Tokens};
use tokio::sync::broadcast::error::RecvError;

use crate::Exit;
use crate::context::{Context, now};
use crate::holder::{self, Engine};
use crate::interrupt::Termination;
use crate::problem::{Outcome, Problem};
use crate::service_manager::ServiceManager;

/// What is asked over TCP gets this long to finish in.
const GRACE: Duration = Duration::from_secs(1);

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Also answer over TCP, there or at 127.0.0.1:8413
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8413")]
    listen: Option<SocketAddr>,
    /// A proxy that ends TLS is in front, and is reached under this name
    #[arg(long = "behind-proxy", value_name = "NAME", requires = "listen")]
    proxies: Vec<String>,
    /// Who may ask over TCP; without it tokens.json in the state folder
    #[arg(long, value_name = "FILE", global = true)]
    tokens: Option<PathBuf>,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Say who may ask over TCP
    Token {
        #[command(subcommand)]
        action: TokenAction,
    },
    /// Print the OpenAPI description of the HTTP API
    Openapi,
}

#[derive(clap::Subcommand, Debug)]
enum TokenAction {
    /// Make a token, and print it this once
    Add {
        /// Who acts, in the journal
        name: String,
        /// read, operate, approve or start; several are several options
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<Role>,
        /// It is refused after this time
        #[arg(long, value_name = "TIME", value_parser = super::duration)]
        expires: Option<Duration>,
    },
    /// List the tokens, without what only their holders know
    List,
    /// Refuse a token from now on
    Remove { name: String },
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let file = arguments.tokens.clone();
    let tokens = Tokens::at(file.unwrap_or_else(|| context.settings.state.join("tokens.json")));
    match arguments.action {
        Some(Action::Token { action }) => {
            if arguments.tokens.is_none() {
                holder::make_store(context).await?;
            }
            token(context, &tokens, action)
        }
        Some(Action::Openapi) => {
            context.output.document(&server::description());
            Ok(Exit::Ok)
        }
        None => {
            let exposure = arguments.listen.map(|address| Exposure {
                address,
                proxies: arguments.proxies.clone(),
                tokens: tokens.clone(),
            });
            serve(context, exposure).await
        }
    }
}

fn token(context: &Context, tokens: &Tokens, action: TokenAction) -> Outcome {
    match action {
        TokenAction::Add { name, roles, expires } => {
            let roles: BTreeSet<Role> = roles.into_iter().collect();
            let expires = expires.map(|span| now().after(span));
            let token = tokens.add(&name, roles, now(), expires)?;
            context.output.either(|| json!({ "name": name, "token": token }), |_| format!("{token}\n"));
            context.output.note("it is shown this once; only its hash is kept");
        }
        TokenAction::List => {
            let all = tokens.list()?;
            context.output.either(
                || {
                    let all: Vec<Json> = all
                        .iter()
                        .map(|one| {
                            json!({ "name": one.name, "roles": one.roles, "created": one.created.to_string(),
                            "expires": one.expires.map(|at| at.to_string()) })
                        })
                        .collect();
                    json!({ "tokens": all })
                },
                |_| {
                    let line = |one: &server::Token| {
                        let roles: Vec<&str> = one.roles.iter().map(|role| role.name()).collect();
                        let until = one.expires.map_or_else(String::new, |at| format!(", until {at}"));
                        format!("{}: {}, since {}{until}\n", one.name, roles.join(" "), one.created)
                    };
                    if all.is_empty() {
                        "no tokens: every request over TCP is refused\n".to_owned()
                    } else {
                        all.iter().map(line).collect()
                    }
                },
            );
        }
        TokenAction::Remove { name } => {
            tokens.remove(&name)?;
            context
                .output
                .either(|| json!({ "removed": name }), |_| format!("{name} is refused from now on\n"));
        }
    }
    Ok(Exit::Ok)
}

async fn serve(context: &Context, exposure: Option<Exposure>) -> Outcome {
    let engine = Engine::hold_only(context).await?;
    let supervisor = engine.supervisor().expect("this process holds the store");
    let outcome = stay(context, &engine, &supervisor, exposure).await;
    engine.leave().await;
    outcome
}

async fn stay(
    context: &Context,
    engine: &Engine,
    supervisor: &Arc<Supervisor>,
    exposure: Option<Exposure>,
) -> Outcome {
    context.interrupts.handle();
    // Before anybody is told that it is ready, who may ask it to end the moment after.
    let mut termination = Termination::listen();
    let manager = ServiceManager::new();
    let mut notices = supervisor.notices();
    let api = match exposure {
        Some(exposure) => Some(listen(context, Arc::clone(&engine.service), exposure).await?),
        None => None,
    };
    let state = context.settings.state.display().to_string();
    tell(context, &format!("serving {state}"), || json!({ "type": "serving", "state": state }));
    manager.ready();
    let mut took_up = tokio::spawn({
        let (supervisor, by) = (Arc::clone(supervisor), context.settings.by.clone());
        async move { supervisor.take_up(&by).await }
    });
    let mut taking_up = true;
    let outcome = loop {
        tokio::select! {
            () = context.interrupts.first() => break Ok(Exit::Ok),
            () = termination.asked() => break Ok(Exit::Ok),
            found = &mut took_up, if taking_up => {
                taking_up = false;
                match found.map_err(|panic| Failure::bug(format!("taking up runs ended in a panic: {panic}"))) {
                    Ok(Ok(found)) => told_taken_up(context, found),
                    Ok(Err(failure)) | Err(failure) => break Err(failure.into()),
                }
            }
            notice = notices.recv() => match notice {
                Ok(Notice::Failed { failure, .. }) if lost(&failure) => break Err(failure.into()),
                Ok(notice) => told(context, &notice),
                // Lines were missed, and nothing else.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break Ok(Exit::Ok),
            },
        }
    };
    manager.stopping();
    tell(context, "stopping at safe points", || json!({ "type": "stopping" }));
    if let Some(api) = api {
        api.stop(GRACE).await;
    }
    outcome
}

/// Without its store this process is of no use: whoever started it starts it again.
fn lost(failure: &Failure) -> bool {
    matches!(failure.code, Code::StoreIo | Code::StoreHeld)
}

async fn listen(
    context: &Context,
    service: Arc<dyn Service>,
    exposure: Exposure,
) -> Result<Serving, Problem> {
    if exposure.tokens.list()?.is_empty() {
        context.output.note(&format!(
            "note: there are no tokens in {}, so every request over TCP is refused; `footbridge serve token add` makes one",
            exposure.tokens.path().display()
        ));
    }
    if !exposure.address.ip().is_loopback() {
        context.output.note("note: this is plain HTTP; nothing but the proxy that ends TLS may reach it");
    }
    let (serving, address) = Api::serve(service, Arc::new(SystemClock), exposure).await?;
    tell(
        context,
        &format!("listening on http://{address}"),
        || json!({ "type": "listening", "address": address.to_string() }),
    );
    Ok(serving)
}

fn told_taken_up(context: &Context, found: runtime::TakenUp) {
    let text = format!(
        "took up {} runs; {} wait for their time, {} for a person; {} could not be taken up",
        found.carried_on, found.waiting, found.for_a_person, found.failed
    );
    tell(context, &text, || {
        json!({ "type": "took_up", "carried_on": found.carried_on, "waiting": found.waiting,
            "for_a_person": found.for_a_person, "resting": found.resting, "failed": found.failed })
    });
}

fn told(context: &Context, notice: &Notice) {
    let (text, document) = match notice {
        Notice::CarriedOn { run } => {
            (format!("{run}: goes on"), json!({ "type": "run", "run": run, "goes_on": true }))
        }
        Notice::PutDown { run, until } => (
            format!("{run}: waits until {until}"),
            json!({ "type": "run", "run": run, "waits_until": until.to_string() }),
        ),
        Notice::Left { run, status } => {
            let word = json!(status);
            let text = format!("{run}: {}", word.as_str().unwrap_or_default());
            (text, json!({ "type": "run", "run": run, "state": word }))
        }
        Notice::Failed { run, failure } => (
            format!("{run}: {} {failure}", failure.code),
            json!({ "type": "run", "run": run, "failure": failure }),
        ),
    };
    tell(context, &text, || document);
}

/// A line for a person, or a document a line.
fn tell(context: &Context, text: &str, document: impl FnOnce() -> Json) {
    if context.output.json {
        context.output.data(&format!("{}\n", document()));
    } else {
        context.output.note(text);
    }
}
