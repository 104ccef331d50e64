//! When runs that are not in memory go on by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use model::{RunId, Timestamp};
use tokio::sync::watch;

/// All that is kept of a waiting run: its id and its time, once by each.
#[derive(Default)]
pub(crate) struct Timetable {
    entries: Mutex<Entries>,
    /// The earliest time in it, for whoever sleeps until then.
    earliest: watch::Sender<Option<Timestamp>>,
}

#[derive(Default)]
struct Entries {
    by_time: BTreeSet<(Timestamp, RunId)>,
    by_run: BTreeMap<RunId, Timestamp>,
}

impl Timetable {
    /// Puts the run down for `at`, in place of any time it had. Whether it had none.
    pub(crate) fn insert(&self, run: RunId, at: Timestamp) -> bool {
        let mut entries = self.entries();
        let old = entries.by_run.insert(run, at);
        if let Some(old) = old {
            entries.by_time.remove(&(old, run));
        }
        entries.by_time.insert((at, run));
        self.announce(&entries);
        old.is_none()
    }

    /// Whether it was there.
    pub(crate) fn remove(&self, run: RunId) -> bool {
        let mut entries = self.entries();
        let Some(at) = entries.by_run.remove(&run) else { return false };
        entries.by_time.remove(&(at, run));
        self.announce(&entries);
        true
    }

    /// The clock was set back: every time comes sooner by as much, or runs would wait until it is that late again.
    pub(crate) fn bring_forward(&self, by: Duration) {
        let mut entries = self.entries();
        let earlier = |at: Timestamp| Timestamp(at.0.saturating_sub(by.as_millis() as u64));
        entries.by_run.values_mut().for_each(|at| *at = earlier(*at));
        entries.by_time = entries.by_run.iter().map(|(run, at)| (*at, *run)).collect();
        self.announce(&entries);
    }

    /// Takes every run off it; how many there were.
    pub(crate) fn clear(&self) -> usize {
        let mut entries = self.entries();
        let count = entries.by_run.len();
        *entries = Entries::default();
        self.announce(&entries);
        count
    }

    pub(crate) fn holds(&self, run: RunId) -> bool {
        self.entries().by_run.contains_key(&run)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries().by_run.len()
    }

    /// The runs that are due, the longest first; each stays until it is removed.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<RunId> {
        self.entries().by_time.iter().take_while(|(at, _)| *at <= now).map(|(_, run)| *run).collect()
    }

    /// The earliest time, now and whenever it changes.
    pub(crate) fn earliest(&self) -> watch::Receiver<Option<Timestamp>> {
        self.earliest.subscribe()
    }

    /// Under the lock of the entries, so that no older time is announced after a newer one.
    fn announce(&self, entries: &Entries) {
        let earliest = entries.by_time.first().map(|(at, _)| *at);
        self.earliest.send_if_modified(|known| std::mem::replace(known, earliest) != earliest);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u128) -> RunId {
        RunId::new(1, number)
    }

    #[test]
    fn runs_come_due_in_the_order_of_their_times_and_stand_in_it_once() {
        let table = Timetable::default();
        let earliest = table.earliest();
        assert!(table.insert(run(1), Timestamp(30)));
        assert!(table.insert(run(2), Timestamp(10)));
        assert!(table.insert(run(3), Timestamp(20)));
        assert!(!table.insert(run(2), Timestamp(40)), "it only moves");
        assert_eq!((table.len(), *earliest.borrow()), (3, Some(Timestamp(20))));
        assert_eq!(table.due(Timestamp(19)), []);
        assert_eq!(table.due(Timestamp(30)), [run(3), run(1)]);
        let due = table.due(Timestamp(40));
        assert_eq!(due, [run(3), run(1), run(2)], "they stay until they are removed");
        for run in due {
            assert!(table.holds(run) && table.remove(run) && !table.remove(run));
        }
        assert_eq!(*earliest.borrow(), None);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer() {
        let table = Timetable::default();
        table.insert(run(1), Timestamp(5_000));
        table.insert(run(2), Timestamp(900));
        table.bring_forward(Duration::from_secs(1));
        assert_eq!((table.due(Timestamp(0)), *table.earliest().borrow()), (vec![run(2)], Some(Timestamp(0))));
        assert_eq!((table.due(Timestamp(3_999)).len(), table.due(Timestamp(4_000)).len()), (1, 2));
    }

    #[test]
    fn the_sleeper_hears_of_an_earlier_time_only() {
        let table = Timetable::default();
        let mut earliest = table.earliest();
        let mut heard = |table: &Timetable, number, at| {
            table.insert(run(number), Timestamp(at));
            let news = earliest.has_changed().expect("the table lives");
            earliest.mark_unchanged();
            news
        };
        assert!(heard(&table, 1, 50));
        assert!(!heard(&table, 2, 60));
        assert!(heard(&table, 3, 40));
        assert_eq!((table.clear(), table.len()), (3, 0));
    }
}
