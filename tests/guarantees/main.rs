//! What must always hold, for every shipped workflow and every one of its cases.

mod bounds;
mod cases;
mod clock;
mod controller;
mod crash;
mod drift;
mod fail;
mod journal;
mod kill;
mod lab;
mod reference;
mod repeat;
mod seeds;
#[path = "../../engine/sim.rs"]
#[allow(dead_code, unreachable_pub, reason = "the binary uses the rest")]
mod simulator;
