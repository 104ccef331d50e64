//! Ready-made histories: what runs leave in a journal, without running them.

use model::value::Map;
use model::{Event, Record, StepPath, Timestamp};

/// Records that follow one another.
#[derive(Default)]
pub(crate) struct History(pub(crate) Vec<Record>);

impl History {
    pub(crate) fn add(&mut self, event: Event) {
        let (sequence, previous) =
            self.0.last().map_or_else(Default::default, |last| (last.sequence + 1, last.hash));
        self.0.push(Record::new(sequence, Timestamp(u64::from(sequence)), previous, event));
    }

    pub(crate) fn ready(&mut self, step: &StepPath) {
        self.add(Event::StepReady { step: step.clone(), with: Map::new() });
    }

    /// A step that had nothing to do: three records.
    pub(crate) fn done(&mut self, step: &StepPath) {
        self.ready(step);
        let step = || step.clone();
        self.add(Event::StepPlanned { step: step(), changes: Vec::new(), already: Map::new() });
        self.add(Event::StepDone { step: step(), outputs: Map::new(), left: Map::new() });
    }

    pub(crate) fn waits(&mut self, step: &StepPath) {
        self.ready(step);
        let until = Timestamp::parse_rfc3339("2999-01-01T00:00:00Z").expect("a moment");
        self.add(Event::Waits { step: step.clone(), until, why: "measured".to_owned() });
    }
}
