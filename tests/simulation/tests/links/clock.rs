//! A wall clock that is set, and a machine that slept: the connection and the token are looked at, calls keep their time.

use crate::support::{connected_with, outcome, told};
use iothub_device::State;
use iothub_simulation::{Answers, World, key_config, provider_config};

const HOUR: i64 = 3_600_000;

/// The clock of client 0 jumps so far, and a turn of its page goes by.
fn step(world: &mut World, ms: i64) {
    world.clients[0].skew += ms;
    world.call(0, |device, at| device.listen_messages(at));
}

#[test]
fn a_clock_that_is_set_ends_no_call() {
    for ms in [-HOUR, HOUR, 20 * HOUR] {
        let mut world = connected_with(key_config(), 1);
        world.conditions.twin_answers = Answers::Lost;
        let twin = world.get_twin(0, None);
        world.run(1_000);
        step(&mut world, ms);
        world.run(50_000);
        assert_eq!(outcome(&world, 0, twin), None, "{ms}");
        world.run(10_000);
        assert!(
            matches!(outcome(&world, 0, twin), Some(Err(error)) if error.code.as_str() == "timeout"),
            "{ms}"
        );
        assert!(world.clients[0].is_connected());
        world.assert_sound();
    }
}

#[test]
fn a_connect_that_waits_goes_on_when_the_clock_is_set() {
    let mut world = World::new(2);
    world.add_client(key_config());
    world.conditions.refuse_until = world.now + 50_000;
    let connect = world.connect(0);
    world.run(10_000);
    step(&mut world, 5 * HOUR);
    world.run(90_000);
    assert!(matches!(outcome(&world, 0, connect), Some(Ok(_))));
    world.assert_sound();
}

#[test]
fn after_a_sleep_a_dead_connection_is_found_within_10_seconds_and_an_old_token_is_renewed() {
    for config in [key_config(), provider_config(3_600)] {
        let mut world = connected_with(config, 3);
        step(&mut world, HOUR - 5_000);
        world.run(5_000);
        assert_eq!(told(&world, 0, State::Connected, "token-renewed").len(), 1, "its token had seconds left");
        world.swallow(0);
        step(&mut world, 10_000);
        assert!(world.run_until(10_010, |world| !world.clients[0].is_connected()));
        assert!(world.run_until(10_000, |world| world.clients[0].is_connected()));
        world.assert_sound();
    }
}
