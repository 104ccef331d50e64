//! The decision core against a pure world: a driver that obeys, and what must hold whatever the world answers.

use footbridge_flow as flow;

mod clocks;
mod coverage;
mod crashes;
mod driver;
mod gates;
mod perform;
mod rests;
mod scale;
mod sequences;
mod shapes;
mod small;
mod stepping_in;
mod world;
