//! Compiled scripts by the digest of what they were compiled from; bounded.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

/// Keeps the most recently used, as long as the texts that they were made from are not too long together.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    entries: Mutex<Entries<T>>,
    bytes_max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    digest: [u8; 32],
    /// What an entry counts for.
    bytes: usize,
}

/// What even an entry of an empty text counts for.
const ENTRY_BYTES: usize = 256;

#[derive(Debug)]
struct Entries<T> {
    by_key: HashMap<Key, (u64, Arc<T>)>,
    /// By their latest use, the oldest first.
    by_use: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
}

/// The digest of the parts, each delimited by its length.
pub(crate) fn key<'a>(parts: impl IntoIterator<Item = &'a str>) -> Key {
    let mut digest = Sha256::new();
    let mut bytes = ENTRY_BYTES;
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
        bytes += part.len();
    }
    Key { digest: digest.finalize().into(), bytes }
}

impl<T> Cache<T> {
    pub(crate) fn new(bytes_max: usize) -> Cache<T> {
        let entries = Entries { by_key: HashMap::new(), by_use: BTreeMap::new(), uses: 0, bytes: 0 };
        Cache { entries: Mutex::new(entries), bytes_max }
    }

    /// The entry, made when it is not there. Two callers at once may both make it; errors are not kept.
    pub(crate) fn get_or_make<E>(&self, key: Key, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(found) = self.entries().used(key) {
            return Ok(found);
        }
        let made = Arc::new(make()?);
        self.entries().keep(key, Arc::clone(&made), self.bytes_max);
        Ok(made)
    }

    fn entries(&self) -> MutexGuard<'_, Entries<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Entries<T> {
    fn used(&mut self, key: Key) -> Option<Arc<T>> {
        let (used, found) = self.by_key.get_mut(&key)?;
        self.uses += 1;
        self.by_use.remove(used);
        self.by_use.insert(self.uses, key);
        *used = self.uses;
        Some(Arc::clone(found))
    }

    /// The newest is kept however large it is.
    fn keep(&mut self, key: Key, made: Arc<T>, bytes_max: usize) {
        self.uses += 1;
        if let Some((used, _)) = self.by_key.insert(key, (self.uses, made)) {
            self.by_use.remove(&used);
            self.bytes -= key.bytes;
        }
        self.by_use.insert(self.uses, key);
        self.bytes += key.bytes;
        while self.bytes > bytes_max && self.by_use.len() > 1 {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.by_key.remove(&oldest);
            self.bytes -= oldest.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(value: i32) -> impl FnOnce() -> Result<i32, ()> {
        move || Ok(value)
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = Cache::new(2 * (ENTRY_BYTES + 2));
        let [one, two, three] = ["1", "2", "3"].map(|text| key([text]));
        assert_eq!(cache.get_or_make(one, make(1)).as_deref(), Ok(&1));
        assert_eq!(cache.get_or_make(two, make(2)).as_deref(), Ok(&2));
        assert_eq!(cache.get_or_make(one, make(9)).as_deref(), Ok(&1));
        assert_eq!(cache.get_or_make(three, make(3)).as_deref(), Ok(&3));
        assert_eq!(cache.get_or_make(one, make(9)).as_deref(), Ok(&1));
        assert_eq!(cache.get_or_make(two, make(9)).as_deref(), Ok(&9), "it had gone");
        let long = "x".repeat(10 * ENTRY_BYTES);
        let long = key([long.as_str()]);
        assert_eq!(cache.get_or_make(long, make(4)).as_deref(), Ok(&4));
        assert_eq!(cache.get_or_make(long, make(9)).as_deref(), Ok(&4), "the newest is kept");
        assert_eq!(cache.get_or_make(one, make(9)).as_deref(), Ok(&9), "all others had gone");
    }

    #[test]
    fn errors_are_not_kept_and_keys_keep_their_parts_apart() {
        let cache = Cache::new(2 * (ENTRY_BYTES + 2));
        assert_eq!(cache.get_or_make(key(["a"]), || Err("no")), Err("no"));
        assert_eq!(cache.get_or_make(key(["a"]), || Ok::<i32, &str>(1)).as_deref(), Ok(&1));
        assert_ne!(key(["ab", "c"]), key(["a", "bc"]));
    }
}
