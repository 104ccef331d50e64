//! Runs every target over its corpus, then over blind mutations of it for so many seconds: `replay SECONDS [TARGET…]`.
//!
//! Needs nothing but a stable compiler. It looks at no coverage, so it finds far less than cargo fuzz does; it shows that
//! what was found once stays mended, and that the targets still run.

#![expect(clippy::disallowed_methods, reason = "a program of its own, which measures and ends by itself")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use footbridge_fuzz::mutate::{Chance, mutated};
use footbridge_fuzz::{TARGETS, Target};

/// Reading takes milliseconds; what takes longer is an attack that works.
const SLOWEST: Duration = Duration::from_secs(5);
const LENGTH_MAX: usize = 1 << 16;
/// As much as a thread of the engine has, so that deep nesting shows.
const STACK: usize = 2 << 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds =
        arguments.next().and_then(|text| text.parse().ok()).expect("usage: replay SECONDS [TARGET...]");
    let wanted: Vec<String> = arguments.collect();
    let chosen: Vec<Target> = TARGETS
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|one| one == name))
        .collect();
    assert!(!chosen.is_empty(), "no such target");
    for target in chosen {
        let work = move || run(target, Duration::from_secs(seconds));
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
        if thread.join().is_err() {
            std::process::exit(1);
        }
    }
}

fn run((name, target): Target, span: Duration) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<_> =
        fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let inputs: Vec<Vec<u8>> =
        paths.iter().map(|path| fs::read(path).expect("a file of the corpus")).collect();
    assert!(!inputs.is_empty(), "{}: an empty corpus", folder.display());
    for (path, input) in paths.iter().zip(&inputs) {
        eprintln!("{}", path.display());
        timed(target, input);
    }
    let begun = Instant::now();
    let mut chance = Chance::new(0x5eed);
    let mut rounds = 0_u64;
    while begun.elapsed() < span {
        let bytes = mutated(&inputs, &mut chance, LENGTH_MAX);
        let result = std::panic::catch_unwind(|| timed(target, &bytes));
        if result.is_err() {
            let kept = folder.with_file_name(format!("{name}.failed"));
            fs::write(&kept, &bytes).expect("the input that failed is kept");
            eprintln!("{name}: this input failed: {}", kept.display());
            std::process::exit(1);
        }
        rounds += 1;
    }
    println!("{name}: {} inputs, {rounds} mutations, no finding", inputs.len());
}

fn timed(target: fn(&[u8]), bytes: &[u8]) {
    let begun = Instant::now();
    target(bytes);
    assert!(begun.elapsed() < SLOWEST, "{} bytes took {:?}", bytes.len(), begun.elapsed());
}
