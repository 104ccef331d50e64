//! The fault plan: what goes wrong, decided by a seed or by injection, never by chance and never by a clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{action::Action, identifier::part_of_million};

/// What may go wrong. The seeded part looks at the operation's name and how often it was called, so that
/// the order of unrelated calls does not matter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// No seed, no seeded faults.
    pub seed: Option<u64>,
    /// Share of calls that fail by seed, 0 to 1.
    pub rate: f64,
    /// The same operation fails at most so often in a row by seed; 0 means 2.
    pub consecutive_max: u32,
    /// Acts of a second administrator that the seed may choose from, besides the network's faults.
    pub others: Vec<Action>,
    pub injections: Vec<Injection>,
}

/// One fault at one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Injection {
    /// Operation, compared without case: a cmdlet (`New-MailUser`), or method and path (`PATCH /servicePrincipals`,
    /// `POST /token`, `GET /autodiscover`); a path matches from its start, `*` matches anything.
    pub on: String,
    /// At which matching call since the plan was set, from 1.
    #[serde(default = "one")]
    pub nth: u32,
    /// For how many matching calls from there on.
    #[serde(default = "one")]
    pub times: u32,
    pub act: Act,
}

const fn one() -> u32 {
    1
}

/// What happens at that call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Refused before it ran; over HTTP 429 with `Retry-After` in seconds.
    Throttle {
        #[serde(default)]
        retry_after: u32,
    },
    /// No answer, and no effect.
    TimeoutBefore,
    /// The effect happened, the answer was lost.
    TimeoutAfter,
    /// The connection is closed without an answer.
    Cut {
        #[serde(default)]
        after_effect: bool,
    },
    /// Over HTTP this status (503 when 0); for a cmdlet a transient directory failure.
    ServerError {
        #[serde(default)]
        status: u16,
        #[serde(default)]
        after_effect: bool,
    },
    /// A second administrator acts just before this call, which then goes on.
    Other(Action),
    /// This domain controller is gone from now on.
    DcGone { name: String },
    /// What this call writes is seen late: by so many reads (HTTP), or by the other controllers so many calls later still.
    Stale { reads: u32 },
}

/// The plan and how far it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct FaultState {
    plan: Faults,
    /// Matching calls seen, per injection.
    seen: Vec<u32>,
    /// Calls seen, per operation.
    calls: BTreeMap<String, u64>,
    /// Seeded faults in a row, per operation.
    in_a_row: BTreeMap<String, u32>,
}

impl FaultState {
    pub(crate) fn new(plan: Faults) -> Self {
        Self { seen: vec![0; plan.injections.len()], plan, ..Self::default() }
    }

    /// The faults due at this call, in the order of the plan.
    pub(crate) fn due(&mut self, operation: &str) -> Vec<Act> {
        let mut due = Vec::new();
        for (injection, seen) in self.plan.injections.iter().zip(&mut self.seen) {
            if matches(&injection.on, operation) {
                *seen += 1;
                let first = injection.nth.max(1);
                if (first..first + injection.times.max(1)).contains(seen) {
                    due.push(injection.act.clone());
                }
            }
        }
        if due.is_empty() {
            due.extend(self.seeded(operation));
        }
        due
    }

    fn seeded(&mut self, operation: &str) -> Option<Act> {
        let seed = self.plan.seed?.to_string();
        let count = self.calls.entry(operation.to_owned()).or_default();
        *count += 1;
        let count = count.to_string();
        let row = self.in_a_row.entry(operation.to_owned()).or_default();
        let row_max = if self.plan.consecutive_max == 0 { 2 } else { self.plan.consecutive_max };
        let chance = part_of_million(&[&seed, operation, &count, "whether"]) as f64 / 1e6;
        if chance >= self.plan.rate || *row >= row_max {
            *row = 0;
            return None;
        }
        *row += 1;
        let choices = 7 + self.plan.others.len() as u64;
        let choice = part_of_million(&[&seed, operation, &count, "which"]) % choices;
        Some(match choice {
            0 => Act::Throttle { retry_after: 1 },
            1 => Act::TimeoutBefore,
            2 => Act::TimeoutAfter,
            3 => Act::Cut { after_effect: false },
            4 => Act::Cut { after_effect: true },
            5 => Act::ServerError { status: 503, after_effect: false },
            6 => Act::Stale { reads: 2 },
            other => Act::Other(self.plan.others[(other - 7) as usize].clone()),
        })
    }
}

fn matches(pattern: &str, operation: &str) -> bool {
    let (pattern, operation) = (pattern.to_lowercase(), operation.to_lowercase());
    if pattern.contains('*') {
        return crate::object::glob(&pattern, &operation);
    }
    operation == pattern || (pattern.contains(' ') && operation.starts_with(&pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, operation, expected) in [
            ("new-mailuser", "New-MailUser", true),
            ("New-Mail", "New-MailUser", false),
            ("New-*", "New-MailUser", true),
            ("PATCH /servicePrincipals", "PATCH /servicePrincipals/00000004", true),
            ("GET /servicePrincipals", "PATCH /servicePrincipals/00000004", false),
            ("*", "GET /organization", true),
        ] {
            assert_eq!(matches(pattern, operation), expected, "{pattern} on {operation}");
        }
    }

    #[test]
    fn an_injection_fires_at_its_call_and_no_other() {
        let injection = Injection { on: "New-MailUser".into(), nth: 2, times: 2, act: Act::TimeoutAfter };
        let mut state = FaultState::new(Faults { injections: vec![injection], ..Faults::default() });
        let fired: Vec<usize> = (0..5).map(|_| state.due("New-MailUser").len()).collect();
        assert_eq!(fired, [0, 1, 1, 0, 0]);
        assert!(state.due("Get-MailUser").is_empty());
    }

    #[test]
    fn a_seed_decides_the_same_each_time_and_stops_after_two_in_a_row() {
        let plan = Faults { seed: Some(7), rate: 1.0, ..Faults::default() };
        let run = |plan: &Faults| -> Vec<Vec<Act>> {
            let mut state = FaultState::new(plan.clone());
            (0..9).map(|_| state.due("Get-MailUser")).collect()
        };
        let first = run(&plan);
        assert_eq!(first, run(&plan));
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 0, 1, 1, 0, 1, 1, 0]);
        assert_ne!(first, run(&Faults { seed: Some(8), ..plan }));
    }
}
