//! The store from outside: both journals pass the suite, and a folder that is not as it should be is told and left.

mod bench;
mod damage;
mod export;
mod life;

use std::sync::Arc;

use contracts::Journal;
use footbridge_store::{MemoryJournal, conformance};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_in_memory_conforms() {
    conformance::run(|| Arc::new(MemoryJournal::new()) as Arc<dyn Journal>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_on_disk_conforms() {
    let folders = bench::Folders::default();
    conformance::run(|| Arc::new(bench::open(&folders.new_one())) as Arc<dyn Journal>).await;
}
