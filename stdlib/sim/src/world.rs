//! The world: one state behind one lock, the door for cmdlets, for a second administrator and for the tenant's server.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    action::Action,
    cmdlet,
    error::{Category, CmdletError, ErrorKind, WorldError},
    fault::{Act, FaultState, Faults},
    keep::Keep,
    ledger::{By, LedgerEntry},
    profile, snapshot,
    spec::WorldSpec,
    state::State,
    tenant,
};

/// What a cmdlet answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reply {
    pub objects: Vec<Value>,
    pub warnings: Vec<String>,
}

/// How far `World::advance` moves the world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Advance {
    /// Calls to let pass on the Exchange side (replication).
    pub calls: u64,
    /// GETs to let pass on the tenant's side (stale reads).
    pub reads: u32,
    /// Seconds to add to the world's now.
    pub seconds: i64,
}

/// A simulated organisation and its tenant. Cloning is cheap and gives the same world. Calls block shortly and never sleep.
#[derive(Debug, Clone)]
pub struct World {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    keep: Option<Keep>,
}

impl Drop for Inner {
    /// Counters of reads are not worth a write each; they go to the file when the world is let go.
    fn drop(&mut self) {
        if let Some(keep) = &self.keep {
            let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
            // Nothing depends on it: every effect is in the file already.
            let _ = keep.write(state);
        }
    }
}

impl World {
    /// A world in memory.
    pub fn new(spec: &WorldSpec) -> Result<Self, WorldError> {
        Ok(Self { inner: Arc::new(Inner { state: Mutex::new(profile::build(spec)?), keep: None }) })
    }

    /// A world of its own in memory, in exactly this state.
    pub fn fork(&self) -> World {
        World { inner: Arc::new(Inner { state: Mutex::new(self.lock().clone()), keep: None }) }
    }

    /// A world kept in a file. Where the file exists it is the world and `spec` is not looked at. One process holds it.
    ///
    /// # Errors
    /// [`WorldError::Held`] when another holder has it; `Malformed` and `Format` leave the file as it is.
    pub fn open(path: &Path, spec: &WorldSpec) -> Result<Self, WorldError> {
        let (keep, found) = Keep::open(path)?;
        let state = if let Some(state) = found {
            state
        } else {
            let state = profile::build(spec)?;
            keep.write(&state)?;
            state
        };
        Ok(Self { inner: Arc::new(Inner { state: Mutex::new(state), keep: Some(keep) }) })
    }

    /// Runs a cmdlet as us.
    pub fn invoke(&self, cmdlet: &str, parameters: &Map<String, Value>) -> Result<Reply, CmdletError> {
        let mut state = self.lock();
        let known = cmdlet::find(cmdlet)?;
        let acts = state.faults.due(known.name);
        let outcome = invoke_with_faults(&mut state, known, parameters, &acts);
        if known.writes || !acts.is_empty() {
            self.kept(&state).map_err(|error| {
                // The effect may be in memory and not in the file: nobody can say what a later process will see.
                CmdletError::new(
                    ErrorKind::OutcomeUnknown,
                    Category::NotSpecified,
                    "System.IO.IOException",
                    format!("WorldNotKept,{}", known.name),
                    format!("the simulator could not keep its world: {error}"),
                )
            })?;
        }
        outcome
    }

    /// Lets a second administrator act. Not subject to faults; in the ledger as `other`.
    pub fn as_other_admin(&self, action: &Action) -> Result<(), WorldError> {
        let mut state = self.lock();
        act_as_other(&mut state, action)?;
        self.kept(&state)
    }

    /// The comparable end state: the same for two runs that did the same, whatever their identifiers, times and retries.
    pub fn snapshot(&self) -> Value {
        snapshot::of(&self.lock())
    }

    /// Every effect so far, in order.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.lock().ledger.clone()
    }

    /// Replaces the fault plan; counting begins anew. A plan that names what is not there is refused.
    pub fn faults(&self, faults: Faults) -> Result<(), WorldError> {
        let mut state = self.lock();
        profile::check_faults(&faults, &state.spec.controllers)?;
        state.faults = FaultState::new(faults);
        self.kept(&state)
    }

    /// Lets calls, reads and logical time pass.
    pub fn advance(&self, by: Advance) -> Result<(), WorldError> {
        let mut state = self.lock();
        for _ in 0..by.calls {
            state.directory.tick();
        }
        for tenant in state.tenants.values_mut() {
            tenant.let_reads_pass(by.reads);
        }
        state.now = state.now.saturating_add(by.seconds);
        self.kept(&state)
    }

    /// What the world was made from.
    pub fn spec(&self) -> WorldSpec {
        self.lock().spec.clone()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves a whole state: every change is made by code that cannot stop half way.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the state to the file, if there is one.
    pub(crate) fn kept(&self, state: &State) -> Result<(), WorldError> {
        self.inner.keep.as_ref().map_or(Ok(()), |keep| keep.write(state))
    }
}

/// What the network or a second administrator do to a call.
fn invoke_with_faults(
    state: &mut State,
    cmdlet: &'static cmdlet::Cmdlet,
    parameters: &Map<String, Value>,
    acts: &[Act],
) -> Result<Reply, CmdletError> {
    let mut extra_delay = 0;
    let mut lost = None;
    for act in acts {
        match act {
            Act::Throttle { retry_after } => return Err(throttled(state, cmdlet.name, *retry_after)),
            Act::TimeoutBefore => return Err(no_answer(cmdlet.name, Lost::TimedOut)),
            Act::Cut { after_effect: false } => return Err(no_answer(cmdlet.name, Lost::Cut)),
            Act::ServerError { after_effect: false, .. } => {
                return Err(CmdletError::exchange(
                    cmdlet.name,
                    "Microsoft.Exchange.Data.Directory.ADTransientException",
                    "An Active Directory error occurred that may go away. Try again later.".into(),
                ));
            }
            Act::TimeoutAfter | Act::ServerError { after_effect: true, .. } => lost = Some(Lost::TimedOut),
            Act::Cut { after_effect: true } => lost = Some(Lost::Cut),
            Act::Other(action) => {
                // What the other one could not do (the object is gone, say) changes nothing for this call.
                let _ = act_as_other(state, action);
            }
            Act::DcGone { name } => {
                if let Some(index) = state.directory.controller(name) {
                    state.directory.controllers[index].gone = true;
                }
            }
            Act::Stale { reads } => extra_delay = u64::from(*reads),
        }
    }
    let outcome = cmdlet::run(state, By::Us, cmdlet, parameters, extra_delay);
    match lost {
        Some(lost) => Err(no_answer(cmdlet.name, lost)),
        None => outcome,
    }
}

#[derive(Clone, Copy)]
enum Lost {
    TimedOut,
    Cut,
}

fn no_answer(cmdlet: &str, lost: Lost) -> CmdletError {
    let (category, id, message) = match lost {
        Lost::TimedOut => (
            Category::OperationTimeout,
            "OperationTimeout",
            "The WinRM client cannot complete the operation within the time specified.",
        ),
        Lost::Cut => (
            Category::ConnectionError,
            "ConnectionClosed",
            "The I/O operation has been aborted because of either a thread exit or an application request; the \
             connection to the server was closed.",
        ),
    };
    CmdletError::new(
        ErrorKind::OutcomeUnknown,
        category,
        "System.Management.Automation.Remoting.PSRemotingTransportException",
        format!("{id},{cmdlet}"),
        message.into(),
    )
}

fn throttled(state: &State, cmdlet: &str, retry_after: u32) -> CmdletError {
    // unconfirmed: exception and wording of a throttled session.
    CmdletError::new(
        ErrorKind::RefusedBeforeItRan,
        Category::LimitsExceeded,
        "Microsoft.Exchange.Data.Directory.OverBudgetException",
        format!("[FailureCategory=Cmdlet-OverBudgetException],{cmdlet}"),
        format!(
            "The budget of user '{}' for PowerShell is exceeded. Retry after {retry_after} seconds.",
            state.spec.administrator
        ),
    )
}

/// One act of the second administrator.
pub(crate) fn act_as_other(state: &mut State, action: &Action) -> Result<(), WorldError> {
    match action {
        Action::Invoke { cmdlet, parameters } => {
            let failed = |error: CmdletError| WorldError::Action(format!("{cmdlet}: {error}"));
            let known = cmdlet::find(cmdlet).map_err(failed)?;
            cmdlet::run(state, By::Other, known, parameters, 0).map_err(failed)?;
            Ok(())
        }
        Action::Graph { app_id, add_key, remove_key, delete } => tenant::act_as_other(
            state,
            app_id,
            add_key.as_deref(),
            remove_key.as_deref(),
            *delete == Some(true),
        ),
        Action::RollCertificate => profile::roll_certificate(state, By::Other),
    }
}
