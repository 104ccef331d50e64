//! What does not hold about a run or about the store, and the mend of each: judged from the state, from what stands
//! around it, and from the time. Whoever asks gathers the facts; nothing is looked at here.

mod run;
mod store;

pub use run::{Around, Failed, Place, Readable, SecretFact, judge, unreadable};
pub use store::{StoreFacts, judge_store};

use crate::doctor::{Item, Verdict};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub name: &'static str,
    pub verdict: Verdict,
    pub seen: String,
    /// What to do about it.
    pub mend: Option<String>,
}

impl Finding {
    fn so(name: &'static str, seen: impl Into<String>) -> Finding {
        Finding { name, verdict: Verdict::So, seen: seen.into(), mend: None }
    }

    fn not_so(name: &'static str, seen: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { name, verdict: Verdict::NotSo, seen: seen.into(), mend: Some(mend.into()) }
    }

    fn cannot_tell(name: &'static str, seen: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { name, verdict: Verdict::CannotTell, seen: seen.into(), mend: Some(mend.into()) }
    }

    /// As one line of a page; `area` is the run or the store it was found in.
    pub fn item<'a>(&'a self, area: &'a str) -> Item<'a> {
        Item { area, name: self.name, verdict: self.verdict, seen: &self.seen, advice: self.mend.as_deref() }
    }
}
