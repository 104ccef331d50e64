//! What was measured, as lines of a table: medians with their range, against goals.

use std::fmt;

use serde_json::{Value as Json, json};

/// One number, measured in several rounds.
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) unit: Unit,
    /// One for each round.
    pub(crate) samples: Vec<f64>,
    pub(crate) goal: Option<Goal>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Megabytes,
    Bytes,
    /// How much of the other's rate, both taken in the same round.
    Times,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Line {
    pub(crate) fn new(what: impl Into<String>, unit: Unit, samples: Vec<f64>) -> Line {
        Line { what: what.into(), unit, samples, goal: None }
    }

    /// How the first fares beside the second, round by round.
    pub(crate) fn ratio(what: impl Into<String>, ours: &[f64], theirs: &[f64]) -> Line {
        let samples = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Line::new(what, Unit::Times, samples)
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Line {
        self.goal = Some(goal);
        self
    }

    fn median(&self) -> f64 {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        }
    }

    fn least(&self) -> f64 {
        self.samples.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn most(&self) -> f64 {
        self.samples.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    fn met(&self) -> Option<bool> {
        self.goal.map(|goal| match goal {
            Goal::AtLeast(bound) => self.median() >= bound,
            Goal::AtMost(bound) => self.median() <= bound,
        })
    }

    pub(crate) fn json(&self) -> Json {
        json!({
            "what": self.what,
            "unit": self.unit.to_string(),
            "median": self.median(),
            "min": self.least(),
            "max": self.most(),
            "rounds": self.samples.len(),
            "goal": self.goal.map(|goal| goal.to_string()),
            "met": self.met(),
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = format!("{}…{}", short(self.least()), short(self.most()));
        let goal = self.goal.map_or_else(String::new, |goal| goal.to_string());
        let verdict = match self.met() {
            None => "",
            Some(true) => "met",
            Some(false) => "missed",
        };
        let line = format!(
            "{:<66} {:>9} {:<7} {range:>17}  {goal:<10} {verdict}",
            self.what,
            short(self.median()),
            self.unit.to_string()
        );
        out.write_str(line.trim_end())
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Unit::PerSecond => "/s",
            Unit::Milliseconds => "ms",
            Unit::Megabytes => "MB",
            Unit::Bytes => "B",
            Unit::Times => "×",
        })
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::AtLeast(bound) => write!(out, "≥ {}", short(*bound)),
            Goal::AtMost(bound) => write!(out, "≤ {}", short(*bound)),
        }
    }
}

/// Three digits, or the whole number where it has more, in groups of three.
fn short(number: f64) -> String {
    if number.abs() < 10.0 {
        return format!("{number:.2}");
    }
    if number.abs() < 100.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && grouped != "-" {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
