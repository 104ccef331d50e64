//! Long and wide workflows are decided to the end: the work of a decision does not grow with the workflow.

use model::Life;

use crate::driver::Driver;
use crate::shapes::{Part, chain};
use crate::world::Faults;

fn decided_to_the_end(parts: &[Part]) {
    let mut driver = Driver::new(parts, Faults::default(), 1, 1);
    driver.watch = false;
    driver.append(vec![model::Event::Approved {
        digest: model::Digest::default(),
        by: "b".into(),
        note: None,
    }]);
    driver.finish();
    assert_eq!(driver.state.life, Life::Succeeded);
    assert_eq!(driver.world.present().len(), parts.iter().map(|part| part.changes).sum::<usize>());
}

#[test]
fn a_chain_of_ten_thousand_steps() {
    decided_to_the_end(&chain(10_000, 1));
}

#[test]
fn two_thousand_steps_beside_one_another_and_one_behind_them() {
    let mut parts = chain(2_002, 1);
    for part in &mut parts[2..] {
        part.needs = [0].into();
    }
    parts[2_001].needs = (1..2_001).collect();
    decided_to_the_end(&parts);
}
