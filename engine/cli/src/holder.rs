//! Becoming the process that holds the store, or speaking to the one that does.

use std::sync::Arc;
use std::time::Duration;

use contracts::{Journal, JournalError, Service};
use model::{Code, Failure, RunId};
use report::standing::{Standing, standing};
use runtime::{Parts, Supervisor, SystemClock};
use server::{Client, Server, Serving, SocketName};
use store::SledJournal;

use crate::context::{Context, now};
use crate::load::Loaded;
use crate::problem::{Outcome, Problem};
use crate::settings::EnvironmentSecrets;

/// How often, and how far apart, a held store is tried: two seconds in all.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// What requests of other processes get to finish in when this one is done.
const GRACE: Duration = Duration::from_secs(1);

/// How often it is looked whether other runs still need this process.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub(crate) struct Engine {
    pub(crate) service: Arc<dyn Service>,
    /// `None`: another process holds the store.
    held: Option<Held>,
}

struct Held {
    supervisor: Arc<Supervisor>,
    serving: Option<Serving>,
}

impl Engine {
    pub(crate) async fn open(context: &Context) -> Result<Engine, Problem> {
        let state = &context.settings.state;
        let name = SocketName::of_state(state, &context.settings.temporary);
        let mut held_by = None;
        let give_up = tokio::time::Instant::now() + BETWEEN_TRIES * TRIES;
        for attempt in 0..TRIES {
            match open_store(context).await {
                Ok(journal) => return Engine::hold(context, journal, &name),
                Err(error) if error.code == Code::StoreHeld => held_by = Some(error),
                Err(error) => return Err(error.into()),
            }
            // A holder that has runs to carry on answers; one that is about to end leaves the store within moments.
            if attempt >= TRIES / 4
                && let Ok(client) = Client::connect(name.clone()).await
            {
                return Ok(Engine { service: Arc::new(client), held: None });
            }
            // A holder that accepts and never answers costs a long try; one is enough.
            if tokio::time::Instant::now() >= give_up {
                break;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        let message = held_by.map_or_else(String::new, |error| format!(": {}", error.message));
        Err(Failure::new(
            Code::Holder,
            model::Class::Transient,
            format!("the process that holds the store does not answer on {}{message}", name.path().display()),
        )
        .hint("wait for it or end it; runs it was carrying on go on with `footbridge resume RUN`")
        .into())
    }

    /// Becomes the holder, or says who is.
    pub(crate) async fn hold_only(context: &Context) -> Result<Engine, Problem> {
        let name = SocketName::of_state(&context.settings.state, &context.settings.temporary);
        let mut attempt = 1;
        loop {
            match open_store(context).await {
                Ok(journal) => return Engine::hold(context, journal, &name),
                // One that is about to end leaves the store within moments.
                Err(error) if error.code == Code::StoreHeld && attempt < TRIES => attempt += 1,
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    fn hold(context: &Context, journal: Arc<dyn Journal>, name: &SocketName) -> Result<Engine, Problem> {
        let supervisor = Supervisor::new(Parts {
            journal,
            targets: context.opened()?.targets,
            steps: context.runner(),
            clock: Arc::new(SystemClock),
            secrets: Some(Arc::new(EnvironmentSecrets)),
        });
        let service: Arc<dyn Service> = Arc::clone(&supervisor) as Arc<dyn Service>;
        let serving = match Server::serve(Arc::clone(&service), name) {
            Ok(serving) => Some(serving),
            Err(cause) => {
                context.output.note(&format!("note: other terminals cannot reach this process: {cause}"));
                None
            }
        };
        Ok(Engine { service, held: Some(Held { supervisor, serving }) })
    }

    /// This process carries the runs on.
    pub(crate) fn holds(&self) -> bool {
        self.held.is_some()
    }

    pub(crate) fn supervisor(&self) -> Option<Arc<Supervisor>> {
        self.held.as_ref().map(|held| Arc::clone(&held.supervisor))
    }

    /// Ends every run's time here at a safe point, and lets go of the store.
    pub(crate) async fn leave(self) {
        let Some(held) = self.held else { return };
        held.supervisor.stop().await;
        if let Some(serving) = held.serving {
            serving.stop(GRACE).await;
        }
    }

    /// Stays while any run carried on here, also one that another terminal started, has something due within `wait`;
    /// then ends the others' waiting at a safe point and lets go of the store.
    pub(crate) async fn close(self, context: &Context, wait: Duration) {
        let Some(held) = &self.held else { return };
        let mut told = false;
        loop {
            let idle = tokio::time::timeout(LOOK_AGAIN, held.supervisor.idle()).await.is_ok();
            if idle || !busy_within(self.service.as_ref(), wait).await {
                break;
            }
            if !told {
                told = true;
                context.output.note("this process carries other runs on too and stays until they rest");
            }
        }
        self.leave().await;
    }
}

/// Whether a run is at work here or will be within `wait`. What cannot be read is not worth staying for.
async fn busy_within(service: &dyn Service, wait: Duration) -> bool {
    let now = now();
    for run in service.runs().await.unwrap_or_default() {
        let Ok(loaded) = Loaded::new(service, run).await else { continue };
        let busy = match standing(&loaded.state) {
            Standing::Busy => true,
            Standing::Timer { at, .. } => at.since(now) <= wait,
            Standing::Person | Standing::Rests => false,
        };
        if loaded.live && busy {
            return true;
        }
    }
    false
}

/// A run whose holder has just ended, read from the store it left.
pub(crate) async fn look_again(context: &Context, run: RunId) -> Result<Loaded, Problem> {
    let engine = Engine::open(context).await?;
    let loaded = Loaded::new(engine.service.as_ref(), run).await;
    engine.close(context, Duration::ZERO).await;
    Ok(loaded?)
}

/// Makes the state folder a store before anything else is put into it: worlds alone would make it look foreign.
pub(crate) async fn make_store(context: &Context) -> Result<(), Problem> {
    match open_store(context).await {
        Ok(_) => Ok(()),
        Err(error) if error.code == Code::StoreHeld => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opening reads the disk and may recover a database: not on a thread that serves others.
async fn open_store(context: &Context) -> Result<Arc<dyn Journal>, JournalError> {
    let state = context.settings.state.clone();
    match tokio::task::spawn_blocking(move || SledJournal::open(&state)).await {
        Ok(opened) => opened.map(|journal| Arc::new(journal) as Arc<dyn Journal>),
        Err(cause) => {
            Err(JournalError::new(Code::StoreCorrupt, format!("opening the store failed: {cause}"))
                .hint("keep a copy of the folder before anything else"))
        }
    }
}

/// Opens the store, does something, and lets go of it again whatever came out.
pub(crate) async fn with<F>(context: &Context, work: F) -> Outcome
where
    F: AsyncFnOnce(&Engine) -> Outcome,
{
    with_wait(context, Duration::ZERO, work).await
}

/// The same, and stays for other runs while something of theirs is due within `wait`.
pub(crate) async fn with_wait<F>(context: &Context, wait: Duration, work: F) -> Outcome
where
    F: AsyncFnOnce(&Engine) -> Outcome,
{
    let engine = Engine::open(context).await?;
    let outcome = work(&engine).await;
    engine.close(context, wait).await;
    outcome
}
