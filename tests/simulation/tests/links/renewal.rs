//! Renewal: a new link with a new token takes over before the old token ends, and the application sees no gap.

use crate::support::{assert_nothing_lost, connected_with, told};
use iothub_device::{State, Will};
use iothub_protocol::packet::QoS;
use iothub_simulation::{World, key_config, provider_config};

/// Nothing but `connected`, from the first time on.
fn assert_no_gap(world: &World) {
    let statuses = &world.clients[0].statuses;
    let first = statuses.iter().position(|status| status.state == State::Connected).unwrap();
    let gaps: Vec<_> = statuses[first..].iter().filter(|status| status.state != State::Connected).collect();
    assert!(gaps.is_empty(), "{gaps:?}");
}

/// Each CONNECT came before the end of the token of the one before.
fn assert_in_time(world: &World, earliest_share: u64) {
    for pair in world.clients[0].connects.windows(2) {
        let ((before, ends), (at, _)) = (pair[0], pair[1]);
        let ends = ends * 1000 - iothub_simulation::START_UNIX_MS;
        let share = (at - before) * 100 / (ends - before);
        assert!(at < ends, "renewed {} ms after the token's end", at - ends);
        assert!(share >= earliest_share, "renewed at {share} % of the token's life");
        assert!(share <= 87 || ends - at >= 60_000, "renewed at {share} % of the token's life");
    }
}

#[test]
fn ten_second_tokens_through_twenty_renewals_under_continuous_sends_lose_nothing() {
    for seed in 0..10 {
        let mut world = connected_with(provider_config(10), seed);
        while told(&world, 0, State::Connected, "token-renewed").len() < 20 {
            for _ in 0..3 {
                world.send(0, 1, Some(3_000));
            }
            world.run(20);
            assert!(world.now < 600_000, "{}", world.trace.text());
        }
        world.run(5_000);
        assert_no_gap(&world);
        let sent = world.ledger.sent.len();
        assert!(sent > 10_000, "sends went on all the while: {sent}");
        assert_eq!(world.clients[0].sends_done(), sent, "none is rejected, none timed out within 3 s");
        assert_in_time(&world, 45);
        assert_nothing_lost(&world);
    }
}

#[test]
fn one_hour_tokens_over_a_day() {
    for (seed, config) in [(1, key_config()), (2, provider_config(3600))] {
        let mut world = connected_with(config, seed);
        for _ in 0..24 * 60 {
            world.send(0, 1, None);
            world.run(60_000);
        }
        assert_no_gap(&world);
        assert_in_time(&world, 70);
        let renewals = told(&world, 0, State::Connected, "token-renewed").len();
        assert!((28..=33).contains(&renewals), "{renewals} renewals in a day");
        assert_eq!(world.ledger.endings.iter().filter(|(_, why)| *why != "client-disconnected").count(), 0);
        assert_nothing_lost(&world);
    }
}

#[test]
fn an_idle_link_swaps_within_a_second() {
    for seed in 0..20 {
        let mut world = connected_with(provider_config(10), seed);
        let opened = world.wires.len();
        assert!(world.run_until(10_000, |world| world.wires.len() > opened));
        let start = world.now;
        assert!(
            world.run_until(1_000, |world| { !told(world, 0, State::Connected, "token-renewed").is_empty() }),
            "{}",
            world.trace.text()
        );
        assert!(world.now - start < 1_000);
        assert_no_gap(&world);
    }
}

#[test]
fn a_handler_that_is_at_work_gets_to_answer_before_the_swap() {
    for seed in 0..20 {
        let mut world = connected_with(provider_config(60), seed);
        world.clients[0].handler_time = (4_000, 4_000);
        while told(&world, 0, State::Connected, "token-renewed").is_empty() {
            if world.ledger.invoked == world.ledger.answers.len() {
                world.method(0);
            }
            world.run(100);
        }
        world.run(10_000);
        assert!(world.ledger.answers.iter().all(Result::is_ok), "{:?}", world.ledger.answers);
        assert!(world.ledger.invoked >= 6);
        world.assert_sound();
    }
}

#[test]
fn a_renewal_does_not_make_the_hub_send_the_will() {
    for seed in 0..20 {
        let mut config = provider_config(20);
        config.will = Some(Will { body: b"gone".to_vec(), bag: String::new(), qos: QoS::AtLeastOnce });
        let mut world = connected_with(config, seed);
        world.run(300_000);
        assert!(told(&world, 0, State::Connected, "token-renewed").len() >= 15);
        assert_eq!(world.ledger.wills, 0, "seed {seed}");
        world.cut(0, 0, 0);
        world.run(5_000);
        assert_eq!(world.ledger.wills, 1, "and a lost link does");
    }
}

#[test]
fn a_short_token_and_cuts_are_not_taken_for_another_client() {
    let mut world = connected_with(provider_config(10), 3);
    for _ in 0..20 {
        world.run(70_000);
        world.cut(0, 0, 0);
        world.run(5_000);
    }
    assert!(told(&world, 0, State::Reconnecting, "taken-over").is_empty());
    world.assert_sound();
}

#[test]
fn when_the_new_socket_dies_behind_the_old_links_goodbye_another_link_is_made() {
    let mut lost = 0;
    for seed in 0..50 {
        let mut world = connected_with(key_config(), seed);
        let wires = world.wires.len();
        assert!(world.run_until(3_600_000, |world| world.wires.len() > wires), "a renewal begins");
        // Somewhere between the new socket and the CONNACK on it.
        world.run(40 + seed * 4);
        world.cut(0, 0, 0);
        world.send(0, 1, None);
        world.run(30_000);
        lost += told(&world, 0, State::Reconnecting, "network").len();
        assert_eq!(world.clients[0].sends_done(), 1, "seed {seed}: {}", world.trace.text());
        assert_nothing_lost(&world);
    }
    assert!(lost > 0, "some cuts fell behind the DISCONNECT");
}
