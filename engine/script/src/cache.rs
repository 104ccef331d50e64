//! Compiled scripts by the digest of what they were compiled from; bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// Keeps the most recently used.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    entries: Mutex<Entries<T>>,
    size_max: usize,
}

pub(crate) type Key = [u8; 32];

#[derive(Debug)]
struct Entries<T> {
    by_key: HashMap<Key, (u64, Arc<T>)>,
    uses: u64,
}

/// The digest of the parts, each delimited by its length.
pub(crate) fn key<'a>(parts: impl IntoIterator<Item = &'a str>) -> Key {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().into()
}

impl<T> Cache<T> {
    pub(crate) fn new(size_max: usize) -> Cache<T> {
        Cache { entries: Mutex::new(Entries { by_key: HashMap::new(), uses: 0 }), size_max: size_max.max(1) }
    }

    /// The entry, made when it is not there. Two callers at once may both make it; errors are not kept.
    pub(crate) fn get_or_make<E>(&self, key: Key, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(found) = self.get(&key) {
            return Ok(found);
        }
        let made = Arc::new(make()?);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.by_key.len() >= self.size_max
            && let Some(oldest) =
                entries.by_key.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| *key)
        {
            entries.by_key.remove(&oldest);
        }
        entries.uses += 1;
        let uses = entries.uses;
        entries.by_key.insert(key, (uses, Arc::clone(&made)));
        Ok(made)
    }

    fn get(&self, key: &Key) -> Option<Arc<T>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let uses = entries.uses;
        let (used, found) = entries.by_key.get_mut(key)?;
        *used = uses;
        Some(Arc::clone(found))
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
        let cache = Cache::new(2);
        let [one, two, three] = ["1", "2", "3"].map(|text| key([text]));
        assert_eq!(cache.get_or_make(one, make(1)).as_deref(), Ok(&1));
        assert_eq!(cache.get_or_make(two, make(2)).as_deref(), Ok(&2));
        assert_eq!(cache.get_or_make(one, make(9)).as_deref(), Ok(&1));
        assert_eq!(cache.get_or_make(three, make(3)).as_deref(), Ok(&3));
        assert_eq!(cache.get_or_make(one, make(9)).as_deref(), Ok(&1));
        assert_eq!(cache.get_or_make(two, make(9)).as_deref(), Ok(&9), "it had gone");
    }

    #[test]
    fn errors_are_not_kept_and_keys_keep_their_parts_apart() {
        let cache = Cache::new(2);
        assert_eq!(cache.get_or_make(key(["a"]), || Err("no")), Err("no"));
        assert_eq!(cache.get_or_make(key(["a"]), || Ok::<i32, &str>(1)).as_deref(), Ok(&1));
        assert_ne!(key(["ab", "c"]), key(["a", "bc"]));
    }
}
