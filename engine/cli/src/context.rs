//! What every subcommand gets.

use std::sync::{Arc, OnceLock};

use contracts::{Clock as _, StepRunner};
use model::Timestamp;

use crate::interrupt::Interrupts;
use crate::output::Output;
use crate::problem::Problem;
use crate::secrets::Secrets;
use crate::settings::{self, Settings};
use crate::wiring::{Opened, Opening, SecretReader, Wiring};

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) wiring: Wiring,
    pub(crate) settings: Settings,
    pub(crate) output: Output,
    pub(crate) interrupts: Interrupts,
    /// Reads secrets from where they are kept; what was typed once is not asked again.
    pub(crate) secrets: Arc<Secrets>,
    opened: Arc<OnceLock<Opened>>,
    runner: Arc<OnceLock<Arc<dyn StepRunner>>>,
}

impl Context {
    pub(crate) fn new(wiring: Wiring, settings: Settings, output: Output, interrupts: Interrupts) -> Context {
        Context {
            wiring,
            settings,
            output,
            interrupts,
            secrets: Arc::default(),
            opened: Arc::default(),
            runner: Arc::default(),
        }
    }

    pub(crate) fn opened(&self) -> Result<Opened, Problem> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened.clone());
        }
        let output = self.output;
        let opening = Opening {
            state: self.settings.state.clone(),
            target_folders: self.settings.target_folders.clone(),
            secrets: Arc::clone(&self.secrets) as Arc<dyn SecretReader>,
            tell: Arc::new(move |text| output.note(text)),
            platform: settings::platform(),
            variable: settings::variable,
        };
        let opened = (self.wiring.open)(&opening)?;
        Ok(self.opened.get_or_init(|| opened).clone())
    }

    pub(crate) fn runner(&self) -> Arc<dyn StepRunner> {
        Arc::clone(self.runner.get_or_init(|| Arc::new(script::ScriptRunner::new(script::Limits::default()))))
    }
}

pub(crate) fn now() -> Timestamp {
    runtime::SystemClock.now()
}
