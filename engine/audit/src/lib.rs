//! Finds secrets where none may be: the values that a run used, however they are written, and what is shaped like a key,
//! a token or a password. Reads whatever it is given and keeps nothing of it: a finding says where, what and how long,
//! never the value.

mod forms;
mod scan;
mod shapes;

pub use forms::{Form, LENGTH_MIN};
pub use scan::{Hit, Scanned, Scanner, What};
pub use shapes::Shape;
