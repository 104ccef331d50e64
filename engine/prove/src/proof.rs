//! All trials of a proof: which there are, a few at a time, and what came of them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use contracts::{Clock, StepRunner};
use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use model::Workflow;

use crate::case::Case;
use crate::disturbance::{Disturbance, Half, Moment, Repetition};
use crate::laboratory::{Fault, Laboratory};
use crate::reference::{Done, Reference, Setup};
use crate::trial::{End, Trial, Tried, Verdict};
use crate::{crash, fail, play, repeat, seed};

/// What is to be tried besides the cases as they are written.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The process dies before and after every write to its journal, and with every effect that is not recorded yet;
    /// forward and in undo.
    pub crash: bool,
    /// Every write to the world fails, in every way, forward and in undo.
    pub fail: bool,
    /// Everything is done twice.
    pub repeat: bool,
    /// Calls fail by these seeds.
    pub faults: Option<RangeInclusive<u64>>,
    /// This one disturbance and nothing else.
    pub only: Option<Disturbance>,
    /// How many trials run at the same time; at least one.
    pub parallel: usize,
}

/// Everything that was tried.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// In the order of cases and disturbances.
    pub ends: Vec<End>,
}

impl Proof {
    pub fn failures(&self) -> impl Iterator<Item = (&End, &str)> {
        self.ends.iter().filter_map(|end| match &end.verdict {
            Verdict::Failed { why } => Some((end, why.as_str())),
            Verdict::Passed | Verdict::NotReached => None,
        })
    }

    pub fn passed(&self) -> usize {
        self.ends.iter().filter(|end| end.verdict == Verdict::Passed).count()
    }
}

/// Tries everything that is wanted. `heard` is told of each end as it comes, in no order.
pub async fn prove(
    laboratory: Arc<dyn Laboratory>,
    steps: Arc<dyn StepRunner>,
    clock: Arc<dyn Clock>,
    workflow: Workflow,
    cases: Vec<Case>,
    wanted: &Wanted,
    heard: &(dyn Fn(&End) + Send + Sync),
) -> Proof {
    let workflow = Arc::new(workflow);
    let setups = cases.into_iter().map(|case| Setup {
        laboratory: Arc::clone(&laboratory),
        steps: Arc::clone(&steps),
        workflow: Arc::clone(&workflow),
        case: Arc::new(case),
    });
    let parallel = wanted.parallel.max(1);
    let mut prepared = stream::iter(setups)
        .map(|setup| {
            let disturbed = setup.case.succeeds_alone() && wanted.disturbs();
            let points = wanted.crashes();
            tokio::spawn(async move {
                let reference =
                    if disturbed { Some(Reference::of(&setup, points).await.map(Arc::new)) } else { None };
                (setup, reference)
            })
        })
        .buffered(parallel);
    let mut queue = Vec::new();
    while let Some(ready) = prepared.next().await {
        // A run that panics is a mistake of ours, and the proof is worth nothing without it.
        let (setup, reference) = ready.expect("no undisturbed run panics");
        for disturbance in wanted.disturbances(reference.as_ref().and_then(|one| one.as_ref().ok())) {
            queue.push((setup.clone(), reference.clone(), disturbance));
        }
    }
    let mut queue = queue.into_iter().enumerate();
    let mut going = FuturesUnordered::new();
    let mut ends = Vec::new();
    loop {
        while going.len() < parallel {
            let Some((place, (setup, reference, disturbance))) = queue.next() else { break };
            let clock = Arc::clone(&clock);
            going.push(tokio::spawn(async move {
                let began = clock.now();
                let tried = one(&setup, reference, &disturbance).await;
                let trial = Trial { case: setup.case.name.clone(), disturbance };
                let verdict = match tried {
                    Ok(true) => Verdict::Passed,
                    Ok(false) => Verdict::NotReached,
                    Err(why) => Verdict::Failed { why },
                };
                (place, End { trial, verdict, took: clock.now().since(began) })
            }));
        }
        let Some(ended) = going.next().await else { break };
        // A trial that panics is a mistake of ours, and the proof is worth nothing without it.
        let (place, end) = ended.expect("no trial panics");
        heard(&end);
        ends.push((place, end));
    }
    ends.sort_by_key(|(place, _)| *place);
    Proof { ends: ends.into_iter().map(|(_, end)| end).collect() }
}

impl Wanted {
    fn disturbs(&self) -> bool {
        self.crash
            || self.fail
            || self.repeat
            || self.faults.is_some()
            || self.only.as_ref().is_some_and(|only| *only != Disturbance::None)
    }

    fn crashes(&self) -> bool {
        self.crash || matches!(self.only, Some(Disturbance::Crash { .. }))
    }

    fn disturbances(&self, reference: Option<&Arc<Reference>>) -> Vec<Disturbance> {
        if let Some(only) = &self.only {
            return if *only == Disturbance::None || reference.is_some() {
                vec![only.clone()]
            } else {
                Vec::new()
            };
        }
        let mut all = vec![Disturbance::None];
        let Some(reference) = reference else { return all };
        for (half, done) in [(Half::Run, &reference.run), (Half::Undo, &reference.undo)] {
            if self.crash {
                all.extend(crashes(half, done));
            }
            if self.fail {
                all.extend(fail::faults(reference.world(), done).into_iter().map(|fault| {
                    Disturbance::Fail { half, operation: fault.operation, nth: fault.nth, way: fault.way }
                }));
            }
        }
        if self.fail {
            all.push(Disturbance::LoseEveryAnswer);
        }
        if self.repeat {
            all.extend(Repetition::ALL.iter().map(|one| Disturbance::Repeat(*one)));
        }
        all.extend(self.faults.clone().into_iter().flatten().map(|seed| Disturbance::Faults { seed }));
        all
    }
}

fn crashes(half: Half, done: &Done) -> impl Iterator<Item = Disturbance> {
    Moment::ALL.iter().flat_map(move |moment| {
        (0..done.points.count(*moment)).map(move |write| Disturbance::Crash { half, moment: *moment, write })
    })
}

async fn one(
    setup: &Setup,
    reference: Option<Result<Arc<Reference>, String>>,
    disturbance: &Disturbance,
) -> Tried {
    if *disturbance == Disturbance::None {
        play::play(setup).await?;
        // A case that cannot be disturbed because its own run or undo fails must not look proven.
        return match reference {
            Some(Err(why)) => Err(format!("the uninterrupted run and undo failed: {why}")),
            Some(Ok(_)) | None => Ok(true),
        };
    }
    let reference = reference.ok_or("only a case that succeeds, nobody else acting, can be disturbed")??;
    match disturbance {
        Disturbance::None => Ok(true),
        Disturbance::Crash { half, moment, write } => crash::crash(&reference, *half, *moment, *write).await,
        Disturbance::Fail { half, operation, nth, way } => {
            let fault = Fault { operation: operation.clone(), nth: *nth, way: *way };
            fail::fail(setup, &reference, *half, fault).await
        }
        Disturbance::LoseEveryAnswer => fail::lose_every_answer(setup, &reference).await,
        Disturbance::Repeat(what) => repeat::repeat(setup, &reference, *what).await,
        Disturbance::Faults { seed } => seed::faults(setup, &reference, *seed).await,
    }
}
