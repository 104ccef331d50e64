//! What all runs of one process share per target: how much is asked of it at a time, and that it is written to in turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

/// Commands that may be performed on one target at a time, over all runs.
const PER_TARGET_MAX: usize = 16;

#[derive(Default)]
pub(crate) struct Limits {
    targets: Mutex<BTreeMap<String, Arc<Limit>>>,
}

pub(crate) struct Limit {
    pub(crate) work: Semaphore,
    /// Held from the intent of a write to its answer. Some objects can only be written whole (the keys of a service
    /// principal), so two writers at a time would lose one another's work.
    pub(crate) write: tokio::sync::Mutex<()>,
}

impl Limits {
    pub(crate) fn of(&self, target: &str) -> Arc<Limit> {
        let mut targets = self.targets.lock().expect("no holder of this lock panics");
        let fresh =
            || Arc::new(Limit { work: Semaphore::new(PER_TARGET_MAX), write: tokio::sync::Mutex::default() });
        Arc::clone(targets.entry(target.to_owned()).or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_target_share_its_limits_and_write_in_turn() {
        let limits = Limits::default();
        let (one, same, other) = (limits.of("sim:lab"), limits.of("sim:lab"), limits.of("sim:other"));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        let all =
            one.work.try_acquire_many(u32::try_from(PER_TARGET_MAX).expect("small")).expect("all are free");
        assert!(same.work.try_acquire().is_err() && other.work.try_acquire().is_ok());
        drop(all);
        let writing = one.write.try_lock().expect("nobody writes");
        assert!(same.write.try_lock().is_err() && other.write.try_lock().is_ok());
        drop(writing);
    }
}
