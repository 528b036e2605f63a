//! Random schedules of work and trouble: no rule is broken, and what was broken once comes back from its seed.

use iothub_simulation::{Schedule, seeds, shrunk};

/// Enough to meet every kind of trouble many times, and quick enough for every test run.
const SCHEDULES: u64 = 2_000;

#[test]
fn no_rule_is_broken_in_two_thousand_random_schedules() {
    let failed = seeds(0..SCHEDULES);
    if let Some((seed, _)) = failed.first() {
        let (schedule, failure) = shrunk(&Schedule::of(*seed));
        let failure = failure.expect("a schedule is shrunk only as long as it fails");
        panic!(
            "{} of {SCHEDULES} schedules broke a rule; the first:\n{schedule}\n{}\n{}",
            failed.len(),
            failure.violation,
            failure.trace
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let twice: Vec<_> = (0..2)
        .map(|_| {
            let world = iothub_simulation::run_seed(4711).map_err(|failure| failure.violation);
            world.map(|world| {
                let frames: Vec<_> = world.clients.iter().map(|client| client.frames.clone()).collect();
                (world.now, world.wires.len(), frames)
            })
        })
        .collect();
    assert_eq!(twice[0], twice[1]);
    assert!(twice[0].is_ok());
}
