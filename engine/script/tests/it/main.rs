//! The step runner as the engine sees it, with a gateway that only remembers.

mod bench;
mod calls;
mod limits;
mod lint;
mod phases;
mod sticky;
mod unknowns;
