//! Workflows that runs are pinned to, read once for all runs of the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use model::{Digest, Workflow};

/// How many are kept although no run in memory uses them.
const UNUSED_MAX: usize = 8;

#[derive(Default)]
pub(crate) struct Workflows {
    workflows: Mutex<BTreeMap<Digest, Arc<Workflow>>>,
}

impl Workflows {
    pub(crate) fn get(&self, digest: Digest) -> Option<Arc<Workflow>> {
        self.workflows.lock().expect("no holder of this lock panics").get(&digest).cloned()
    }

    pub(crate) fn keep(&self, digest: Digest, workflow: &Arc<Workflow>) {
        let mut workflows = self.workflows.lock().expect("no holder of this lock panics");
        if workflows.len() >= UNUSED_MAX {
            workflows.retain(|_, kept| Arc::strong_count(kept) > 1);
        }
        workflows.insert(digest, Arc::clone(workflow));
    }
}
