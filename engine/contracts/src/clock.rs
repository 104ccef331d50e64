//! Time and chance, passed in so that everything above can be driven by a test.

use model::Timestamp;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Random bits for new ids.
    fn random(&self) -> u128;
}
