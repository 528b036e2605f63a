//! A link that swallows bytes: found dead within the seconds of the contract.

use crate::support::connected;
use iothub_device::HostSignal;
use iothub_simulation::{Timers, World};

/// How long it takes until the device says that the link is gone, at most.
fn found_dead_within(world: &mut World, ms: u64) -> Option<u64> {
    let start = world.now;
    world.run_until(ms, |world| !world.clients[0].is_connected()).then(|| world.now - start)
}

fn silent(seed: u64) -> World {
    let mut world = connected(seed);
    let idle = world.random.between(0, 120_000);
    world.run(idle);
    world.swallow(0);
    world
}

#[test]
fn woken_it_is_found_dead_within_10_seconds() {
    for seed in 0..50 {
        let mut world = silent(seed);
        world.signal(0, HostSignal::Woken);
        assert!(found_dead_within(&mut world, 10_010).is_some(), "seed {seed}");
    }
}

#[test]
fn woken_again_and_again_it_is_still_found_dead_within_10_seconds() {
    for seed in 0..20 {
        let mut world = silent(seed);
        let start = world.now;
        let dead = (0..20).any(|_| {
            world.signal(0, HostSignal::Woken);
            found_dead_within(&mut world, 2_000).is_some()
        });
        assert!(dead && world.now - start <= 10_010, "seed {seed}: {} ms", world.now - start);
    }
}

#[test]
fn sending_it_is_found_dead_within_20_seconds() {
    for seed in 0..50 {
        let mut world = silent(seed);
        world.send(0, 1, None);
        assert!(found_dead_within(&mut world, 20_010).is_some(), "seed {seed}");
    }
}

#[test]
fn idle_it_is_found_dead_within_40_seconds() {
    for seed in 0..50 {
        let mut world = silent(seed);
        assert!(found_dead_within(&mut world, 40_010).is_some(), "seed {seed}");
    }
}

#[test]
fn in_a_hidden_tab_it_is_found_dead_within_130_seconds() {
    let mut slowest = 0;
    for seed in 0..200 {
        let mut world = connected(seed);
        world.clients[0].timers = Timers::OnceAMinute(world.random.between(0, 59_999));
        // The first late timer tells that the tab is hidden; that was some minutes ago.
        let hidden = world.random.between(180_000, 600_000);
        // The hub speaks to it now and then, at any moment of the minute.
        let end = world.now + hidden;
        while world.now < end {
            let pause = world.random.between(1_000, 90_000).min(end - world.now);
            world.run(pause);
            world.c2d();
        }
        world.run(1_000);
        world.swallow(0);
        let took = found_dead_within(&mut world, 300_000).unwrap();
        slowest = slowest.max(took);
        assert!(took <= 130_000, "seed {seed}: {took} ms\n{}", world.trace.text());
        world.assert_sound();
    }
    assert!(slowest > 60_000, "timers really ran once a minute: {slowest}");
}

#[test]
fn in_the_first_minute_of_a_hidden_tab_too() {
    for seed in 0..200 {
        let mut world = connected(seed);
        let visible = world.random.between(1_000, 90_000);
        world.run(visible);
        world.clients[0].timers = Timers::OnceAMinute(world.random.between(0, 59_999));
        world.signal(0, HostSignal::Hidden);
        let pause = world.random.between(0, 29_999);
        world.run(pause);
        world.swallow(0);
        let took = found_dead_within(&mut world, 300_000).unwrap();
        assert!(took <= 130_000, "seed {seed}: {took} ms\n{}", world.trace.text());
        world.assert_sound();
    }
}

#[test]
fn timers_that_run_once_a_minute_do_not_lose_a_good_link() {
    let mut world = connected(7);
    world.clients[0].timers = Timers::OnceAMinute(17_000);
    world.run(6 * 3_600_000);
    assert_eq!(world.clients[0].device.metrics().reconnects, renewals(&world), "only renewals");
    world.assert_sound();
}

fn renewals(world: &World) -> u64 {
    world.clients[0].statuses.iter().filter(|status| status.reason == "token-renewed").count() as u64
}

#[test]
fn a_page_that_was_frozen_asks_before_it_judges() {
    for seed in 0..50 {
        let mut world = connected(seed);
        // Long enough for every deadline, short enough for the hub's 1.5 times the keep-alive.
        let frozen = world.random.between(66_000, 300_000);
        world.freeze(0, frozen);
        world.run(frozen + 5_000);
        assert!(world.clients[0].is_connected(), "seed {seed}\n{}", world.trace.text());
        assert_eq!(world.wires.len(), 1, "the link was good and is kept");
    }
}
