//! What the world answers: by seed, and the same for the same try of the same thing, whatever the order.

use std::collections::{BTreeMap, BTreeSet};

use model::Timestamp;
use proptest::prelude::*;

/// How often things go wrong, in percent of the first tries. From the third try of the same thing on all goes well, so
/// that only doomed steps fail for good.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) transient: u64,
    pub(crate) not_yet: u64,
    pub(crate) lost: u64,
    pub(crate) moved: u64,
    pub(crate) cannot_tell: u64,
    /// Percent of the steps that fail for good, until a person resumes the run.
    pub(crate) doomed: u64,
}

pub(crate) const ALL: Faults =
    Faults { transient: 25, not_yet: 15, lost: 25, moved: 8, cannot_tell: 30, doomed: 8 };

pub(crate) fn faults() -> impl Strategy<Value = Faults> {
    prop_oneof![
        Just(Faults::default()),
        Just(ALL),
        Just(Faults { doomed: 0, ..ALL }),
        Just(Faults { lost: 90, ..Faults::default() }),
        Just(Faults { doomed: 30, ..Faults::default() }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Good,
    Transient {
        retry_after_ms: Option<u64>,
    },
    NotYet,
    /// The answer is lost; the effect comes this long after sending, or never.
    Lost {
        effect_after_ms: Option<u64>,
    },
    /// The object moved since the plan was made.
    Moved,
    CannotTell,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) faults: Faults,
    pub(crate) seed: u64,
    tries: BTreeMap<String, u64>,
    /// When each change takes or took effect: it is there from that moment on.
    there: BTreeMap<String, Timestamp>,
    /// Every effect that was asked of the target and came, in order.
    pub(crate) ledger: Vec<String>,
    /// Steps whose doom a person has lifted.
    pub(crate) healed: BTreeSet<usize>,
}

impl World {
    pub(crate) fn new(faults: Faults, seed: u64) -> World {
        World {
            faults,
            seed,
            tries: BTreeMap::new(),
            there: BTreeMap::new(),
            ledger: Vec::new(),
            healed: BTreeSet::new(),
        }
    }

    pub(crate) fn doomed(&self, step: usize) -> bool {
        !self.healed.contains(&step) && mix(self.seed, &format!("doom {step}")) % 100 < self.faults.doomed
    }

    /// What becomes of the next try of `what`.
    pub(crate) fn fate(&mut self, what: &str) -> Fate {
        let tries = self.tries.entry(what.to_owned()).or_default();
        *tries += 1;
        if *tries > 2 {
            return Fate::Good;
        }
        let drawn = mix(self.seed, &format!("{what} {tries}"));
        let (dice, detail) = (drawn % 100, drawn / 100);
        let Faults { transient, not_yet, lost, moved, cannot_tell, .. } = self.faults;
        let verb = what.split(' ').next().unwrap_or(what);
        let reads = !matches!(verb, "apply" | "undo");
        match verb {
            "settle" if dice < cannot_tell => return Fate::CannotTell,
            "settle" => return Fate::Good,
            _ => {}
        }
        if dice < transient {
            let retry_after_ms = detail.is_multiple_of(2).then_some(20_000);
            Fate::Transient { retry_after_ms }
        } else if reads && dice < transient + not_yet {
            Fate::NotYet
        } else if !reads && dice < transient + lost {
            let delays = [None, Some(0), Some(1_500), Some(4_000)];
            Fate::Lost { effect_after_ms: delays[detail as usize % 4] }
        } else if verb != "undo" && (100 - moved..100).contains(&dice) {
            Fate::Moved
        } else {
            Fate::Good
        }
    }

    pub(crate) fn is_there(&self, change: &str, now: Timestamp) -> bool {
        self.there.get(change).is_some_and(|from| *from <= now)
    }

    pub(crate) fn put(&mut self, change: &str, from: Timestamp) {
        let earlier = self.there.insert(change.to_owned(), from);
        assert!(earlier.is_none(), "written twice: {change}");
        self.ledger.push(change.to_owned());
    }

    pub(crate) fn take_back(&mut self, change: &str) {
        let there = self.there.remove(change);
        assert!(there.is_some(), "taken back twice: {change}");
        self.ledger.push(format!("-{change}"));
    }

    pub(crate) fn present(&self) -> Vec<&String> {
        self.there.keys().collect()
    }
}

/// FNV-1a with a last stir: even draws from small differences.
pub(crate) fn mix(seed: u64, what: &str) -> u64 {
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in what.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 31;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}
