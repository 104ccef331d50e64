//! `footbridge completions`: for a shell, on stdout.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Exit;
use crate::context::Context;

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn perform(context: &Context, arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    let mut command = crate::arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "footbridge", &mut script);
    context.output.data(&String::from_utf8_lossy(&script));
    Exit::Ok
}
