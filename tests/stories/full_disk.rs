//! A disk that is full: the run stops with its state intact and goes on once there is room.
//!
//! The limit on the size of files stands in for the disk: both are an error that a write gives back.

use crate::support::{Bench, Outcome};

#[test]
fn a_run_that_ran_out_of_room_goes_on_later() {
    let bench = Bench::new();
    let binary = env!("CARGO_BIN_EXE_footbridge");
    // In units of 512 bytes: enough for the simulated world, not for the journal of a whole run.
    let line = format!("trap '' XFSZ; ulimit -f 200; exec '{binary}' run sfb-online --target sim --yes");
    let mut command = bench.command(&[]);
    let home = bench.files();
    let settings: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    command = std::process::Command::new("sh");
    command.args(["-c", &line]).current_dir(home).env_clear().envs(settings);
    let stopped = Outcome::new(&["run"], command.output().expect("a shell"));
    stopped.exits(1).warns("FB0505").warns("footbridge resume");
    bench.run(&["status", "latest"]).exits(0).says("interrupted");
    bench.run(&["resume", "latest"]).exits(0).says("succeeded");
    bench.run(&["verify", "latest"]).exits(0);
}
