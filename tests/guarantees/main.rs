//! What must always hold, for every shipped workflow and every one of its cases.

mod cases;
mod clock;
mod crash;
mod journal;
mod lab;
#[path = "../../engine/sim.rs"]
#[allow(dead_code, unreachable_pub, reason = "the binary uses the rest")]
mod simulator;
