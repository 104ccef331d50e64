//! One step that all others need.

use std::sync::Arc;

use crate::no_scripts::NoScripts;
use crate::rig::{Kind, Rig, runtime};
use crate::scale::Scale;
use crate::table::{Line, Unit};
use crate::workflows;

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let width = scale.of(10_000);
    let workflow = workflows::fan_out(width);
    let [mut memory, mut sled, mut raw] = [const { Vec::new() }; 3];
    for _ in 0..scale.rounds() {
        runtime().block_on(async {
            memory.push(Rig::new(Kind::Memory, Arc::new(NoScripts)).rate(&workflow).await);
            sled.push(Rig::new(Kind::Sled, Arc::new(NoScripts)).rate(&workflow).await);
            raw.push(Rig::new(Kind::RawLog, Arc::new(NoScripts)).rate(&workflow).await);
        });
    }
    let of = |how: &str| format!("fan-out of {width}: {how}");
    vec![
        Line::new(of("executor alone"), Unit::PerSecond, memory),
        Line::ratio(of("store beside raw log"), &sled, &raw),
        Line::new(of("executor over the store"), Unit::PerSecond, sled),
    ]
}
