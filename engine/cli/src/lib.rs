//! The command line: arguments, settings, one file a subcommand, output and exit codes.
//!
//! Everything is asked of a `dyn Service`, in this process or over the holder's socket.

mod arguments;
mod ask;
mod command;
mod context;
mod doctor_context;
mod evidence_files;
mod exit;
mod files;
mod folder;
mod follow;
mod given_file;
mod holder;
mod inspector;
mod interrupt;
mod load;
mod new_file;
mod output;
mod own;
mod problem;
mod progress;
mod resolve;
mod run_name;
mod secrets;
mod service_manager;
mod settings;
mod start;
mod step_in;
mod target_of;
mod undo_shown;
mod whole_run;
mod wiring;

pub use exit::Exit;
pub use inspector::{Expectation, Inspector};
pub use report::examined::{Examined, Grade, Part};
pub use start::main;
pub use wiring::{
    Foreground, Named, Opened, Opening, Platform, SecretReader, Simulator, TargetFiles, Variable, Wiring,
};
