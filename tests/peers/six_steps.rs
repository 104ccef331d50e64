//! The six steps through real protocols: the binary, a target file, Exchange over PowerShell remoting in a local process
//! or far away, the tenant over HTTP. The world must end as the simulator's own run leaves it, also where the binary is
//! killed and answers are lost. Here over a local process; what needs a server is in six_steps_remoting.rs.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::json;

use crate::site::{Look, RUN, Reference, Site, Transport};

/// How many runs are killed, and how often each at most, forward and backward.
pub(crate) const ROUNDS: u64 = 3;
const KILLS: u64 = 3;
const LATE_MAX: Duration = Duration::from_millis(150);

#[test]
fn the_six_steps_over_a_local_process_do_what_the_simulator_does() {
    let site = all_the_way(Transport::Local);
    assert_eq!(site.peer.state()["opened"], 0, "nothing went over the network");
    println!("{} cmdlets over a local process, {} judged requests", site.answers.seen().len(), site.judged());
}

/// Plan, run, verify, plan again, undo: each against what the simulator did.
pub(crate) fn all_the_way(transport: Transport) -> Site {
    let reference = Reference::new();
    let site = Site::new(transport);
    let untouched = site.look();
    assert_eq!(untouched.world, reference.untouched.world);

    site.outcome(&["plan", "sfb-online", "--target", "contoso"]).exits(2);
    assert_eq!(site.look().effects, Vec::<String>::new(), "a plan writes nothing");
    assert_eq!(site.peer.state()["shells"], 0, "and leaves no shell behind");

    site.outcome(&RUN).exits(0);
    let done = site.look();
    assert_eq!(site.state().as_deref(), Some("succeeded"), "{}", site.logs());
    same(&done, &reference.done, &untouched, &site);
    assert_eq!(site.peer.state()["shells"], 0, "a run that rests gives its shell back");

    site.outcome(&["verify", "latest"]).exits(0);
    site.outcome(&["plan", "sfb-online", "--target", "contoso"]).exits(0);
    assert_eq!(site.look().effects, done.effects, "looking writes nothing");

    site.outcome(&["undo", "latest", "--yes"]).exits(0);
    let undone = site.look();
    assert_eq!(undone.world, reference.undone.world, "{}", site.logs());
    assert_eq!(undone.since(&done), reference.undone.since(&reference.done));
    assert!(site.judged() > 10, "the tenant was asked through its judge");
    site
}

#[test]
fn answers_lost_after_the_work_are_settled_by_looking_over_a_local_process() {
    let lost = lost_answers(Transport::Local);
    println!("{lost} answers of a local process lost after the work, all settled by looking");
}

/// The first call of every cmdlet that writes, and the first change at the tenant, take effect without an answer, forward
/// and backward: over remoting the shell vanishes and its connection breaks, locally the process dies. How many were lost.
pub(crate) fn lost_answers(transport: Transport) -> usize {
    let reference = Reference::new();
    let site = Site::new(transport);
    let untouched = site.look();
    let mut lost = site.lose(&reference.done.effects);
    site.outcome(&RUN);
    site.go_on_until("succeeded");
    let done = site.look();
    same(&done, &reference.done, &untouched, &site);
    assert_eq!(site.settled(), lost, "every answer was lost that was to be lost\n{}", site.logs());

    lost += site.lose(&reference.undone.since(&reference.done));
    site.go_on_until("undone");
    let undone = site.look();
    assert_eq!(undone.world, reference.undone.world, "{}", site.logs());
    assert_eq!(undone.since(&done), reference.undone.since(&reference.done));
    assert_eq!(site.settled(), lost, "{}", site.logs());
    lost
}

#[test]
fn a_killed_binary_goes_on_over_a_local_process() {
    let kills = killed(Transport::Local, 1..=ROUNDS);
    println!("{ROUNDS} rounds over a local process, {kills} kills");
}

/// The binary is killed at moments that a seed chooses and resumed, forward and backward. How often it was killed.
pub(crate) fn killed(transport: Transport, rounds: RangeInclusive<u64>) -> u64 {
    let reference = Reference::new();
    let mut killed = 0;
    for round in rounds {
        let site = Site::new(transport);
        let untouched = site.look();
        let mut moments = Moments(round);
        killed += disturbed_until(&site, "succeeded", 60, &mut moments);
        let done = site.look();
        same(&done, &reference.done, &untouched, &site);
        killed += disturbed_until(&site, "undone", 25, &mut moments);
        let undone = site.look();
        assert_eq!(undone.world, reference.undone.world, "round {round}\n{}", site.logs());
        assert_eq!(undone.since(&done), reference.undone.since(&reference.done), "round {round}");
        assert_eq!(site.peer.state()["problems"], json!([]), "round {round}");
    }
    assert!(killed > 0, "no kill came before the binary was done");
    killed
}

/// Starts the binary and kills it, a few times, then lets it end. How often it was alive when it was killed.
fn disturbed_until(site: &Site, wanted: &str, lines: u64, moments: &mut Moments) -> u64 {
    let mut killed = 0;
    for _ in 0..=moments.next() % KILLS {
        let Some(next) = site.next(wanted) else { return killed };
        let mut going = site.start(&next);
        let mut alive = true;
        for _ in 0..moments.next() % lines {
            if going.line().is_none() {
                alive = false;
                break;
            }
        }
        wait(LATE_MAX.mul_f64((moments.next() % 1_000) as f64 / 1_000.0));
        going.kill();
        killed += u64::from(alive);
    }
    site.go_on_until(wanted);
    killed
}

/// The world is as the simulator's run left it, and the same was done, each thing once.
#[track_caller]
pub(crate) fn same(done: &Look, reference: &Look, untouched: &Look, site: &Site) {
    let mut expected = reference.effects.clone();
    expected.sort();
    assert_eq!(done.since(untouched), expected, "{}", site.logs());
    assert_eq!(done.world, reference.world, "{}", site.logs());
}

/// Numbers that a seed decides (xorshift): the same round kills at the same moments, as far as a machine allows.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> u64 {
        let mut bits = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        self.0 = bits;
        bits >> 33
    }
}

#[expect(clippy::disallowed_methods, reason = "the moment of a real kill is a moment of real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}
