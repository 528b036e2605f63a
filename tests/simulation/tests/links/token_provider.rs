//! Token providers that are slow, fail, repeat themselves, or give tokens that have ended.

use crate::support::{connected_with, outcome, told};
use iothub_device::{Code, State};
use iothub_simulation::{Manner, World, provider_config};

#[test]
fn a_slow_provider_delays_the_connection_and_no_more() {
    let mut world = World::new(1);
    world.add_client(provider_config(3600));
    world.clients[0].provider.delay = (50_000, 55_000);
    world.connect(0);
    assert!(world.run_until(60_000, |world| world.clients[0].is_connected()));
}

#[test]
fn a_provider_that_never_answers_is_asked_again() {
    let mut world = World::new(2);
    world.add_client(provider_config(3600));
    world.clients[0].provider.manner = Manner::Silent;
    world.connect(0);
    world.run(300_000);
    assert!(world.clients[0].provider.asked >= 3, "{}", world.clients[0].provider.asked);
    assert!(!told(&world, 0, State::Connecting, "token-provider").is_empty(), "and that is told");
    world.clients[0].provider.manner = Manner::Signs(3600);
    assert!(world.run_until(120_000, |world| world.clients[0].is_connected()));
}

#[test]
fn a_provider_that_fails_is_asked_again_after_growing_waits() {
    let mut world = World::new(3);
    world.add_client(provider_config(3600));
    world.clients[0].provider.manner = Manner::Fails;
    world.connect(0);
    world.run(600_000);
    let asked = world.clients[0].provider.asked;
    assert!((20..120).contains(&asked), "{asked} requests in ten minutes");
    world.clients[0].provider.manner = Manner::Signs(3600);
    assert!(world.run_until(60_000, |world| world.clients[0].is_connected()));
}

#[test]
fn a_token_that_ended_once_is_forgiven_and_several_mean_a_wrong_clock() {
    let mut world = World::new(4);
    world.add_client(provider_config(3600));
    world.clients[0].provider.manner = Manner::SignsExpired;
    let connect = world.connect(0);
    assert!(world.run_until(10_000, |world| world.clients[0].provider.asked == 2));
    world.clients[0].provider.manner = Manner::Signs(3600);
    assert!(world.run_until(60_000, |world| world.clients[0].is_connected()), "once is a machine that slept");
    assert!(outcome(&world, 0, connect).unwrap().is_ok());

    let mut world = World::new(5);
    world.add_client(provider_config(3600));
    world.clients[0].provider.manner = Manner::SignsExpired;
    let connect = world.connect(0);
    world.run(120_000);
    let error = outcome(&world, 0, connect).unwrap().unwrap_err();
    assert_eq!(error.code, Code::ClockOff, "{}", error.message);
    assert!(world.clients[0].connects.is_empty(), "an ended token is never used");
}

#[test]
fn a_provider_that_fails_during_a_renewal_leaves_the_link_alone_until_the_token_ends() {
    let mut world = connected_with(provider_config(600), 6);
    world.clients[0].provider.manner = Manner::Fails;
    world.run(580_000);
    assert!(world.clients[0].is_connected());
    assert_eq!(world.wires.len(), 1, "the old link goes on");
    let asked = world.clients[0].provider.asked;
    assert!((3..20).contains(&asked), "{asked} requests");
    assert!(!told(&world, 0, State::Connected, "renewal-delayed").is_empty());
    world.clients[0].provider.manner = Manner::Signs(600);
    world.run(60_000);
    assert_eq!(told(&world, 0, State::Connected, "token-renewed").len(), 1, "{}", world.trace.text());
}

#[test]
fn a_provider_that_repeats_its_last_token_does_not_cause_a_storm_of_connects() {
    let mut world = connected_with(provider_config(60), 7);
    world.clients[0].provider.manner = Manner::Repeats(60);
    let before = world.clients[0].connects.len();
    world.run(3_600_000);
    let connects = world.clients[0].connects.len() - before;
    assert!((30..=80).contains(&connects), "{connects} connects in an hour of one-minute tokens");
    world.assert_sound();
}

#[test]
fn a_socket_that_opens_after_the_tokens_end_gets_another_token_first() {
    let mut world = World::new(8);
    world.add_client(provider_config(10));
    // The socket takes longer to open than the token lives.
    world.conditions.latency = (4_000, 4_000);
    world.connect(0);
    world.run(60_000);
    // The onlooker has looked at every CONNECT.
    world.assert_sound();
    world.conditions.latency = (10, 30);
    assert!(world.run_until(120_000, |world| world.clients[0].is_connected()), "{}", world.trace.text());
}
