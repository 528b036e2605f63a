//! Back-off by cause, with jitter: a network that is away, a hub that throttles.

use crate::support::connected;
use iothub_device::State;
use iothub_hub::FaultKind;
use iothub_simulation::World;

/// The waits that a client was told with this reason.
fn waits(world: &World, reason: &str) -> Vec<u64> {
    let statuses = world.clients[0].statuses.iter().filter(|status| status.reason == reason);
    statuses.filter_map(|status| status.retry_in).collect()
}

#[test]
fn a_network_that_is_away_is_tried_after_growing_waits_with_full_jitter() {
    let mut longest = Vec::new();
    for seed in 0..40 {
        let mut world = connected(seed);
        world.conditions.refuse_until = world.now + 3_600_000;
        world.cut(0, 0, 0);
        world.run(600_000);
        let waits = waits(&world, "network");
        assert!(waits.iter().zip(0..).all(|(wait, n)| *wait <= (1_000 << n.min(5)).min(30_000)), "{waits:?}");
        assert!(waits.len() >= 20, "a wait is 30 s at most: {}", waits.len());
        longest.push(waits.iter().copied().max().unwrap());
        assert_eq!(world.clients[0].state(), Some(State::Reconnecting), "it never gives up");
        world.assert_sound();
    }
    assert!(longest.iter().all(|wait| *wait > 15_000), "waits grow: {longest:?}");
}

#[test]
fn a_fleet_does_not_come_back_as_one() {
    let mut first = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let mut world = connected(seed);
        world.cut(0, 0, 0);
        world.run(2_000);
        first.insert(waits(&world, "network")[0] / 100);
    }
    assert!(first.len() >= 8, "the first waits of 40 devices fall into {} tenths of a second", first.len());
}

#[test]
fn connack_3_backs_off_longer_than_a_lost_network() {
    let mut world = connected(5);
    world.fault(FaultKind::Refuse { code: 3 }, Some(4), None);
    world.cut(0, 0, 0);
    assert!(world.run_until(600_000, |world| !world.clients[0].is_connected()));
    assert!(world.run_until(600_000, |world| world.clients[0].is_connected()), "{}", world.trace.text());
    let waits = waits(&world, "hub-unavailable");
    assert_eq!(waits.len(), 4);
    assert!(waits.iter().zip(0..).all(|(wait, n)| *wait >= (2_500 << n)), "{waits:?}");
    world.assert_sound();
}

#[test]
fn trap_22_a_connack_that_takes_55_seconds_is_waited_for() {
    let mut world = World::new(8);
    world.add_client(iothub_simulation::key_config());
    world.connect(0);
    assert!(world.run_until(1_000, |world| !world.clients[0].connects.is_empty()));
    // The CONNECT is on its way; the hub's answer takes its time.
    world.conditions.latency = (55_000, 55_000);
    let start = world.now;
    assert!(world.run_until(120_000, |world| world.clients[0].is_connected()), "{}", world.trace.text());
    assert!(world.now - start > 54_000);
    assert_eq!(world.clients[0].connects.len(), 1);
}

#[test]
fn a_wake_up_ends_the_wait_for_the_network_but_not_for_a_hub_that_throttles() {
    let mut world = connected(6);
    world.conditions.refuse_until = world.now + 300_000;
    world.cut(0, 0, 0);
    world.run(300_000);
    world.signal(0, iothub_device::HostSignal::Woken);
    assert!(world.run_until(2_000, |world| world.clients[0].is_connected()), "woken, it tries at once");
    world.fault(FaultKind::Refuse { code: 3 }, Some(1), None);
    world.cut(0, 0, 0);
    assert!(world.run_until(10_000, |world| !waits(world, "hub-unavailable").is_empty()));
    let wait = waits(&world, "hub-unavailable")[0];
    world.signal(0, iothub_device::HostSignal::Woken);
    world.run(wait - 100);
    assert!(!world.clients[0].is_connected());
}
