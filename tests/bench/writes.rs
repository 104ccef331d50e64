//! One step behind the other with one durable write each: bound by the disk, if by nothing else.

use std::sync::Arc;

use crate::rig::{self, Kind, Rig};
use crate::scale::Scale;
use crate::table::{Goal, Line, Unit};
use crate::{disk, workflows};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let length = scale.of(2_000);
    let workflow = workflows::writing_chain(length);
    let scripts = rig::scripts();
    let [mut store, mut raw, mut limit] = [const { Vec::new() }; 3];
    for _ in 0..scale.rounds() {
        limit.push(disk::appends(scale.of(2_000)));
        rig::runtime().block_on(async {
            store.push(Rig::new(Kind::Sled, Arc::clone(&scripts)).rate(&workflow).await);
            raw.push(Rig::new(Kind::RawLog, Arc::clone(&scripts)).rate(&workflow).await);
        });
    }
    let of = |how: &str| format!("chain of {length} writes: {how}");
    vec![
        Line::ratio(of("beside the disk's limit"), &store, &limit).goal(Goal::AtLeast(0.6)),
        Line::ratio(of("raw log beside the disk's limit"), &raw, &limit),
        Line::new(of("steps"), Unit::PerSecond, store),
        Line::new(of("steps over the raw log"), Unit::PerSecond, raw),
    ]
}
