//! What can be done to a run, and how it is written down so that it can be done again.

use std::fmt;
use std::str::FromStr;

/// One disturbance; as text, what `--only` takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disturbance {
    /// The case as it is written.
    None,
    /// The process dies at one write to its journal, the first being 0.
    Crash { half: Half, moment: Moment, write: usize },
    /// One write to the world fails in one way.
    Fail { half: Half, operation: String, nth: u32, way: Way },
    /// Every write does its work, and every answer is lost, forward and in undo.
    LoseEveryAnswer,
    /// Everything again.
    Repeat(Repetition),
    /// Calls fail by a seed.
    Faults { seed: u64 },
}

/// Forward, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    Run,
    Undo,
}

/// On which side of the journal write the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The records are lost.
    Before,
    /// The records are there, and nobody was told.
    After,
    /// A write to the world was made, and the record of it is lost; counted by such records, not by writes.
    Unrecorded,
}

/// How one write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Refused before it ran, with a time to wait.
    Throttled,
    /// An error of the server's, and nothing happened.
    ErrorBefore,
    /// An error of the server's after the work was done.
    ErrorAfter,
    TimeoutBefore,
    TimeoutAfter,
    /// The connection is cut before the work.
    CutBefore,
    CutAfter,
}

/// What is done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repetition {
    /// A run after a run finds everything so.
    Run,
    /// An undo after an undo is refused, and writes nothing.
    Undo,
    /// Run and undo in turn give the same worlds.
    InTurn,
}

/// Names of a closed enum, both ways.
macro_rules! words {
    ($kind:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $kind {
            pub const ALL: &[$kind] = &[$($kind::$variant),+];

            pub fn word(self) -> &'static str {
                match self { $($kind::$variant => $word),+ }
            }
        }

        impl FromStr for $kind {
            type Err = String;

            fn from_str(text: &str) -> Result<$kind, String> {
                Self::ALL.iter().copied().find(|one| one.word() == text).ok_or_else(|| {
                    let words: Vec<&str> = Self::ALL.iter().map(|one| one.word()).collect();
                    format!("'{text}' is none of {}", words.join(", "))
                })
            }
        }
    };
}

words!(Half { Run = "run", Undo = "undo" });
words!(Moment { Before = "before", After = "after", Unrecorded = "unrecorded" });
words!(Repetition { Run = "run", Undo = "undo", InTurn = "in-turn" });
words!(Way {
    Throttled = "throttled",
    ErrorBefore = "error-before",
    ErrorAfter = "error-after",
    TimeoutBefore = "timeout-before",
    TimeoutAfter = "timeout-after",
    CutBefore = "cut-before",
    CutAfter = "cut-after",
});

impl Disturbance {
    /// The column of the matrix.
    pub fn kind(&self) -> &'static str {
        match self {
            Disturbance::None => "as written",
            Disturbance::Crash { half: Half::Run, moment: Moment::Unrecorded, .. } => "unrecorded",
            Disturbance::Crash { half: Half::Undo, moment: Moment::Unrecorded, .. } => "unrecorded in undo",
            Disturbance::Crash { half: Half::Run, .. } => "crash",
            Disturbance::Crash { half: Half::Undo, .. } => "crash in undo",
            Disturbance::Fail { half: Half::Run, .. } => "failure",
            Disturbance::Fail { half: Half::Undo, .. } => "failure in undo",
            Disturbance::LoseEveryAnswer => "every answer lost",
            Disturbance::Repeat(_) => "repeat",
            Disturbance::Faults { .. } => "faults",
        }
    }
}

impl fmt::Display for Disturbance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Disturbance::None => out.write_str("none"),
            Disturbance::Crash { half, moment, write } => {
                write!(out, "crash:{}:{}:{write}", half.word(), moment.word())
            }
            Disturbance::Fail { half, operation, nth, way } => {
                write!(out, "fail:{}:{}:{nth}:{operation}", half.word(), way.word())
            }
            Disturbance::LoseEveryAnswer => out.write_str("lose-every-answer"),
            Disturbance::Repeat(repetition) => write!(out, "repeat:{}", repetition.word()),
            Disturbance::Faults { seed } => write!(out, "faults:{seed}"),
        }
    }
}

impl FromStr for Disturbance {
    type Err = String;

    fn from_str(text: &str) -> Result<Disturbance, String> {
        let number = |text: &str| text.parse().map_err(|_| format!("'{text}' is no number"));
        let parts: Vec<&str> = text.splitn(5, ':').collect();
        match parts[..] {
            ["none"] => Ok(Disturbance::None),
            ["lose-every-answer"] => Ok(Disturbance::LoseEveryAnswer),
            ["crash", half, moment, write] => Ok(Disturbance::Crash {
                half: half.parse()?,
                moment: moment.parse()?,
                write: write.parse().map_err(|_| format!("'{write}' is no number"))?,
            }),
            ["fail", half, way, nth, operation] => Ok(Disturbance::Fail {
                half: half.parse()?,
                way: way.parse()?,
                nth: nth.parse().map_err(|_| format!("'{nth}' is no number"))?,
                operation: operation.to_owned(),
            }),
            ["repeat", what] => Ok(Disturbance::Repeat(what.parse()?)),
            ["faults", seed] => Ok(Disturbance::Faults { seed: number(seed)? }),
            _ => Err(format!(
                "'{text}' is no disturbance; write none, crash:run:before:N, fail:run:cut-after:N:OPERATION, repeat:run \
                 or faults:SEED, as a failed trial prints it"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_typed() {
        for disturbance in [
            Disturbance::None,
            Disturbance::LoseEveryAnswer,
            Disturbance::Crash { half: Half::Undo, moment: Moment::After, write: 12 },
            Disturbance::Fail {
                half: Half::Run,
                operation: "PATCH /servicePrincipals".into(),
                nth: 2,
                way: Way::TimeoutAfter,
            },
            Disturbance::Repeat(Repetition::InTurn),
            Disturbance::Faults { seed: 7 },
        ] {
            assert_eq!(disturbance.to_string().parse(), Ok(disturbance));
        }
        for nonsense in ["", "crash", "crash:run:before:x", "crash:up:before:1", "repeat:x", "faults:-1"] {
            assert!(nonsense.parse::<Disturbance>().is_err(), "{nonsense}");
        }
    }
}
