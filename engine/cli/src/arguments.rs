//! What can be typed: the options that every subcommand takes, and the subcommands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command;

/// Careful change across the border between on-premises Exchange and Microsoft Entra.
#[derive(Debug, Parser)]
#[command(
    name = "footbridge",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 ok, 1 error, 2 changes or drift, 3 usage, 4 check failed, 5 denied, 6 waiting, \
7 in doubt, 8 stale plan, 9 locked, 10 verify failed, 11 stuck, 130 interrupted"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// One JSON document on stdout (JSON lines for logs)
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where runs are kept [environment: FOOTBRIDGE_STATE]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// A folder that overrules parts of the workflow; later ones are stronger [environment: FOOTBRIDGE_LAYERS]
    #[arg(long = "layer", global = true, value_name = "DIR")]
    pub(crate) layers: Vec<PathBuf>,
    /// Never write colours [environment: NO_COLOR]
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge a workflow's manifest and scripts without running them
    Check(command::check::Arguments),
    /// Look, and say what a run would change; writes nothing
    Plan(command::plan::Arguments),
    /// Plan, have it approved, and carry it out
    Run(command::run::Arguments),
    /// Carry a run on exactly where it stopped, or with other code
    Resume(command::resume::Arguments),
    /// Approve a plan or a held step, answer a form, or decide about a lost write
    Approve(command::approve::Arguments),
    /// Start one failed step of a run again
    Retry(command::retry::Arguments),
    /// Go on without one step of a run, saying why
    Skip(command::skip::Arguments),
    /// Vouch for one step of a run, saying how it is known; nothing is written
    Done(command::done::Arguments),
    /// Stop a run for good at the next safe point; undoes nothing unless asked to
    Cancel(command::cancel::Arguments),
    /// Stop a run at the next safe point, to be resumed
    Pause(command::pause::Arguments),
    /// Take a run's changes back, newest first
    Undo(command::undo::Arguments),
    /// Look whether the world is still as a run left it; writes nothing
    Verify(command::verify::Arguments),
    /// List the runs, or show one
    Status(command::status::Arguments),
    /// Say what a run waits for and what you may do, or what an error code means
    Explain(command::explain::Arguments),
    /// Show what happened in a run
    Logs(command::logs::Arguments),
    /// Write a run whole to one file
    Export(command::export::Arguments),
    /// Take a run in from the file that an export made
    Import(command::import::Arguments),
    /// Tell a run for people: what, by whom, each object before and after, what is not proved
    Report(command::report::Arguments),
    /// Write a run as one file that proves itself, or verify such a file
    Evidence(command::evidence::Arguments),
    /// Draw the steps of a workflow or a run
    Graph(command::graph::Arguments),
    /// List the host functions that scripts may call
    Functions(command::functions::Arguments),
    /// Play a workflow's cases on simulated worlds, and disturb them everywhere
    Test(command::test::Arguments),
    /// Hold the store and stay: carry every run on, wake those that wait, answer others
    Serve(command::serve::Arguments),
    /// Serve a simulated organisation and tenant, or make a kept world fresh
    Simulate(command::simulate::Arguments),
    /// Say what does not hold, and the mend: of a target's connections, of a run, or of everything kept; writes nothing
    Doctor(command::doctor::Arguments),
    /// Look whether a secret is in anything that is kept or shown
    Audit(command::audit::Arguments),
    /// Say what a certificate, a token or a HAR file is and holds
    Inspect(command::inspect::Arguments),
    /// Judge recorded traffic (HAR or log) against what a target's should look like
    Trace(command::trace::Arguments),
    /// Write completions for a shell
    Completions(command::completions::Arguments),
}

/// Which workflow with which values.
#[derive(Args, Clone, Debug)]
pub(crate) struct Given {
    /// A shipped workflow's id, or a folder
    pub(crate) workflow: String,
    /// A parameter's value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,
    /// A TOML file of parameter values
    #[arg(long = "var-file", value_name = "FILE")]
    pub(crate) var_files: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_shipped_service_unit_starts_what_there_is() {
        let unit = include_str!("../../../docs/systemd/footbridge.service");
        let line =
            unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("it starts something");
        let parsed = Arguments::try_parse_from(line.split_whitespace()).expect("arguments that there are");
        assert!(matches!(parsed.command, Command::Serve(_)), "{parsed:?}");
        // The process says that it is ready, and ends at the first SIGTERM.
        for setting in ["Type=notify", "Restart=on-failure", "NoNewPrivileges=yes", "ProtectSystem=strict"] {
            assert!(unit.lines().any(|line| line == setting), "{setting}");
        }
    }
}
