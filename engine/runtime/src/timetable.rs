//! When runs that are not in memory go on by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

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

    /// Only if it still has that time. Whether it did.
    pub(crate) fn remove_at(&self, run: RunId, at: Timestamp) -> bool {
        let mut entries = self.entries();
        if !entries.by_time.remove(&(at, run)) {
            return false;
        }
        entries.by_run.remove(&run);
        self.announce(&entries);
        true
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

    /// The run that is due longest, if any is, with its time; it stays until it is removed.
    pub(crate) fn due(&self, now: Timestamp) -> Option<(Timestamp, RunId)> {
        self.entries().by_time.first().filter(|(at, _)| *at <= now).copied()
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
        assert_eq!(table.due(Timestamp(19)), None);
        let mut order = Vec::new();
        while let Some((at, due)) = table.due(Timestamp(40)) {
            order.push(due);
            assert!(!table.remove_at(due, Timestamp(at.0 + 1)), "another time is not this one");
            assert!(table.holds(due) && table.remove_at(due, at) && !table.remove(due));
        }
        assert_eq!(order, [run(3), run(1), run(2)]);
        assert_eq!(*earliest.borrow(), None);
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
