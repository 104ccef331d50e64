//! The power goes: the real binary's every write to its disk is recorded, the recording is cut anywhere, what a disk would
//! have kept is made into a state folder, and the run is carried on from there.
//!
//! The simulated world stands for another machine: whatever was done there stays done.

use std::path::Path;

use super::replay::{Act, Disk, Step, read_log};
use super::{OUTSIDE, shim};
use crate::binary::{Bench, Moments};
use crate::bounds;
use crate::lab::{differences, shipped, sorted};

/// How often the power goes without being asked for more.
const CUTS: u64 = 48;

#[test]
fn a_power_cut_loses_nothing_that_counts_and_repeats_nothing() {
    let cuts = bounds::of("FOOTBRIDGE_POWER_CUTS", CUTS);
    let tools = tempfile::tempdir().expect("a folder for the shim");
    let shim = shim(tools.path());
    let (mut settled, mut begun_anew) = (0, 0);
    for (id, workflow) in shipped() {
        let quiet = Bench::new(&workflow);
        let log = tools.path().join(format!("{id}.log"));
        let forward = recorded(&quiet, &shim, &log, &quiet.run());
        let (world, effects) = quiet.look();
        let whole = recorded(&quiet, &shim, &log, &["undo", "latest", "--yes"]);
        let (untouched, all_effects) = quiet.look();
        let undo_effects = sorted(all_effects[effects.len()..].to_vec());
        let effects = sorted(effects);
        let moments = moments_of(&whole, cuts);
        assert!(moments.len() as u64 >= cuts.min(20), "{} moments to cut at", moments.len());

        for (number, at) in moments.into_iter().enumerate() {
            let mut luck = Moments(number as u64 + 1);
            // Every other cut keeps nothing but what was synced.
            let luck = (number % 2 == 1).then_some(&mut luck);
            let name =
                format!("{id}, cut {number} after {at} of {} steps, luck {}", whole.len(), luck.is_some());
            let bench = Bench::new(&workflow);
            std::fs::create_dir(bench.state_folder()).expect("a state folder");
            Disk::after(&whole[..at]).survive(&bench.state_folder(), OUTSIDE, luck);
            begun_anew += u64::from(!bench.state_folder().join("FORMAT").is_file());
            let (wanted, expected, done) = if at <= forward.len() {
                ("succeeded", &world, &effects)
            } else {
                ("undone", &untouched, &undo_effects)
            };
            bench.finish(wanted, &name);
            let (after, all) = bench.look();
            assert_eq!(differences(&after, expected), Vec::<String>::new(), "{name}\n{}", bench.logs());
            let before = if wanted == "undone" { effects.len() } else { 0 };
            assert_eq!(&sorted(all[before..].to_vec()), done, "{name}\n{}", bench.logs());
            settled += u64::from(bench.logs().contains("settled"));
        }
    }
    println!(
        "power cuts: {cuts}; runs that settled a lost answer: {settled}; stores begun anew: {begun_anew}"
    );
    assert!(settled > 0, "no cut came between an effect and its record");
}

/// Runs a command to its good end; everything that was recorded so far.
fn recorded(bench: &Bench, shim: &Path, log: &Path, arguments: &[&str]) -> Vec<Step> {
    std::fs::create_dir_all(bench.state_folder()).expect("a state folder");
    let mut command = bench.command(arguments);
    command.env("LD_PRELOAD", shim).env("DISK_LOG", log).env("DISK_ROOT", bench.state_folder());
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let steps = read_log(&std::fs::read(log).expect("the shim wrote its log"));
    let synced =
        |file: &str| steps.iter().filter(|step| matches!(step.act, Act::Sync) && step.path == file).count();
    assert!(synced("journal/db") > 10, "the shim sees the journal reach the disk");
    steps
}

/// Around every moment at which something reaches the disk or the world, as many as are wanted, spread evenly.
fn moments_of(steps: &[Step], wanted: u64) -> Vec<usize> {
    let telling = |step: &Step| match &step.act {
        Act::Sync | Act::Rename { .. } => true,
        Act::Write { .. } => step.path == "journal/db" || step.path == "tally",
        Act::Create | Act::Folder | Act::Truncate { .. } | Act::Remove => false,
    };
    let all: Vec<usize> = (1..=steps.len()).filter(|at| telling(&steps[at - 1])).collect();
    let wanted = usize::try_from(wanted).expect("a number of cuts").min(all.len());
    (0..wanted).map(|number| all[number * all.len() / wanted]).collect()
}
