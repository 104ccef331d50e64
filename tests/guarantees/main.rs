//! What must always hold, for every shipped workflow and every one of its cases.

mod at_once;
#[cfg(unix)]
mod binary;
mod bounds;
mod clock;
mod clock_jumps;
mod controller;
#[cfg(target_os = "linux")]
mod disk;
mod drift;
mod guarded;
mod kill;
mod lab;
#[path = "../../engine/laboratory.rs"]
mod laboratory;
#[cfg(target_os = "linux")]
mod preload;
mod proofs;
mod runner_panics;
#[path = "../../engine/sim.rs"]
#[allow(dead_code, unreachable_pub, reason = "the binary uses the rest")]
mod sim;
mod undo_in_fog;
mod undo_parts;
mod waiting;
