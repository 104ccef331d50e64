//! From the process's arguments to its exit code.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser as _;
use clap::error::ErrorKind;
use model::{Class, Code, Failure};

use crate::arguments::{Arguments, Command};
use crate::context::Context;
use crate::interrupt::Interrupts;
use crate::output::Output;
use crate::problem::{Outcome, Problem};
use crate::settings::{self, Settings};
use crate::wiring::Wiring;
use crate::{Exit, command};

/// Set once nothing that is still at work counts any more.
static LEAVING: AtomicBool = AtomicBool::new(false);

/// The whole program.
pub fn main(wiring: Wiring) -> ExitCode {
    tell_panics();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error).into(),
    };
    let global = arguments.global.clone();
    let output = Output::new(global.json, !global.no_color && !settings::colour_forbidden());
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(async {
                let interrupts = Interrupts::listen();
                let context = Context::new(wiring, Settings::read(&global)?, output, interrupts.clone());
                tokio::select! {
                    outcome = perform(&context, arguments.command) => outcome,
                    () = interrupts.leave() => Err(left()),
                }
            });
            // A script or a read that is still at work must not keep the process: everything kept is on disk.
            LEAVING.store(true, Ordering::Relaxed);
            runtime.shutdown_background();
            outcome
        }
        Err(cause) => {
            Err(Failure::new(Code::Internal, Class::Denied, format!("no threads to work with: {cause}"))
                .into())
        }
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(problem) => {
            if output.json {
                output.document(&problem.json());
            } else {
                output.note(&problem.text(output.note_style()));
            }
            problem.exit().into()
        }
    }
}

/// Tells panics, but for two that are none of ours. The threads that hold the store catch those of its database and tell
/// them as errors: twice would be once too often. And a script that waits when the program leaves is cut off by one.
fn tell_panics() {
    let otherwise = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let none_of_ours = match thread.name() {
            Some("script") => LEAVING.load(Ordering::Relaxed),
            Some(name) => name.starts_with("journal"),
            None => false,
        };
        if !none_of_ours {
            otherwise(panic);
        }
    }));
}

fn left() -> Problem {
    Failure::new(Code::Interrupted, Class::Denied, "stopped at once")
        .hint(
            "`footbridge status` lists the runs; one that was going on goes on with `footbridge resume RUN`",
        )
        .into()
}

/// Help and version go to stdout and are no error; what cannot be read is usage, whatever clap calls it.
fn usage(error: &clap::Error) -> Exit {
    // Nobody is left to tell when the stream is closed.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Ok,
        _ => Exit::Usage,
    }
}

async fn perform(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Check(arguments) => command::check::perform(context, arguments),
        Command::Plan(arguments) => command::plan::perform(context, arguments).await,
        Command::Run(arguments) => command::run::perform(context, arguments).await,
        Command::Resume(arguments) => command::resume::perform(context, arguments).await,
        Command::Approve(arguments) => command::approve::perform(context, arguments).await,
        Command::Retry(arguments) => command::retry::perform(context, arguments).await,
        Command::Skip(arguments) => command::skip::perform(context, arguments).await,
        Command::Done(arguments) => command::done::perform(context, arguments).await,
        Command::Cancel(arguments) => command::cancel::perform(context, arguments).await,
        Command::Pause(arguments) => command::pause::perform(context, arguments).await,
        Command::Undo(arguments) => command::undo::perform(context, arguments).await,
        Command::Verify(arguments) => command::verify::perform(context, arguments).await,
        Command::Status(arguments) => command::status::perform(context, arguments).await,
        Command::Explain(arguments) => command::explain::perform(context, arguments).await,
        Command::Logs(arguments) => command::logs::perform(context, arguments).await,
        Command::Export(arguments) => command::export::perform(context, arguments).await,
        Command::Import(arguments) => command::import::perform(context, arguments).await,
        Command::Graph(arguments) => command::graph::perform(context, arguments).await,
        Command::Report(arguments) => command::report::perform(context, arguments).await,
        Command::Evidence(arguments) => command::evidence::perform(context, arguments).await,
        Command::Functions(arguments) => command::functions::perform(context, arguments),
        Command::Serve(arguments) => command::serve::perform(context, arguments).await,
        Command::Simulate(arguments) => command::simulate::perform(context, arguments).await,
        Command::Test(arguments) => command::test::perform(context, arguments).await,
        Command::Doctor(arguments) => command::doctor::perform(context, arguments).await,
        Command::Audit(arguments) => command::audit::perform(context, arguments).await,
        Command::Inspect(arguments) => command::inspect::perform(context, arguments),
        Command::Trace(arguments) => command::trace::perform(context, arguments).await,
        Command::Completions(arguments) => Ok(command::completions::perform(context, &arguments)),
    }
}
