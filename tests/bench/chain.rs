//! One step behind the other, nothing written: what the executor itself costs.

use std::sync::Arc;

use crate::no_scripts::NoScripts;
use crate::rig::{self, Kind, Rig};
use crate::scale::Scale;
use crate::stopwatch::Stopwatch;
use crate::table::{Goal, Line, Unit};
use crate::workflows;

const GOAL: Goal = Goal::AtLeast(100_000.0);

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let length = scale.of(10_000);
    let (bare, counting) = (workflows::bare_chain(length), workflows::counting_chain(length));
    let scripts = rig::scripts();
    let [mut memory, mut sled, mut raw, mut scripted, mut plans] = [const { Vec::new() }; 5];
    for _ in 0..scale.rounds() {
        rig::runtime().block_on(async {
            memory.push(Rig::new(Kind::Memory, Arc::new(NoScripts)).rate(&bare).await);
            sled.push(Rig::new(Kind::Sled, Arc::new(NoScripts)).rate(&bare).await);
            raw.push(Rig::new(Kind::RawLog, Arc::new(NoScripts)).rate(&bare).await);
            let rig = Rig::new(Kind::Sled, Arc::clone(&scripts));
            let watch = Stopwatch::start();
            rig.start(&counting).await;
            plans.push(watch.milliseconds());
            rig.supervisor.idle().await;
            scripted.push(Rig::new(Kind::Sled, Arc::clone(&scripts)).rate(&counting).await);
        });
    }
    let of = |how: &str| format!("chain of {length} steps without effects: {how}");
    vec![
        Line::new(of("executor alone"), Unit::PerSecond, memory).goal(GOAL),
        Line::ratio(of("store beside raw log"), &sled, &raw),
        Line::new(of("executor over the raw log"), Unit::PerSecond, raw),
        Line::new(of("executor over the store"), Unit::PerSecond, sled).goal(GOAL),
        Line::new(of("with scripts and inputs"), Unit::PerSecond, scripted).goal(GOAL),
        Line::new(
            format!("chain of {length} steps: planned with scripts, and started"),
            Unit::Milliseconds,
            plans,
        ),
    ]
}
