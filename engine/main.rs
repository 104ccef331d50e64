//! The composition root: introduces the engine's parts to each other and to the host modules.

fn main() {}
