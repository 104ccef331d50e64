//! The decision core: a run's state and the time in, commands out. No I/O, no clock.

mod age;
mod decide;
mod due;
mod quiet;
mod retry;
mod settle;
mod undo;
mod wake;

pub use age::{aged_sources, unseen_since_repin};
pub use decide::Flow;
pub use due::due;
pub use quiet::{in_doubt, quiet};
pub use retry::{again, past_deadline};
pub use settle::{Settlement, settle};
pub use undo::{in_scope, left_as, maker, newest_first, stays};
pub use wake::{Due, Timers, next_wake};
