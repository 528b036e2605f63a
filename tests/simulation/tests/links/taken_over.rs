//! Two clients with one identity: noticed, told, and not fought over. And a bad network, which looks much like it:
//! not taken for another client.

use crate::support::{connected_with, told};
use iothub_device::{Config, State};
use iothub_simulation::{World, key_config};

/// Both clients send this often, in milliseconds; with 0 they are idle.
fn two_clients(seed: u64, configs: [Config; 2], sends_every: u64, minutes: u64) -> World {
    let mut world = World::new(seed);
    for (client, config) in configs.into_iter().enumerate() {
        world.add_client(config);
        world.connect(client);
    }
    let end = world.now + minutes * 60_000;
    while sends_every > 0 && world.now < end {
        (0..2).for_each(|client| _ = world.send(client, 1, None));
        world.run(sends_every);
        world.assert_sound();
    }
    world.run_to(end);
    world.assert_sound();
    world
}

#[test]
fn trap_13_two_clients_with_one_identity_make_ten_connects_in_the_first_minute_and_then_fewer() {
    for seed in 0..100 {
        let sends_every = [0, 5_000][usize::from(seed % 4 == 0)];
        let world = two_clients(seed, [key_config(), key_config()], sends_every, 60);
        let start = world.clients[0].calls[0].at;
        let mut minutes = [0_usize; 60];
        for at in world.clients.iter().flat_map(|client| &client.connects).map(|(at, _)| at - start) {
            minutes[usize::try_from(at / 60_000).unwrap().min(59)] += 1;
        }
        assert!(minutes[0] <= 10, "seed {seed}: {minutes:?}");
        assert!(minutes[1..].iter().all(|count| *count < minutes[0]), "seed {seed}: {minutes:?}");
        // A minute holds none or one later on: fewer and fewer shows over longer spans.
        let sums: Vec<usize> = [0..3, 3..10, 10..20].map(|span| minutes[span].iter().sum()).to_vec();
        let per_minute: Vec<f64> =
            sums.iter().zip([3.0, 7.0, 10.0]).map(|(sum, len)| *sum as f64 / len).collect();
        assert!(per_minute.windows(2).all(|pair| pair[1] < pair[0]), "seed {seed}: {minutes:?}");
        for client in &world.clients {
            let told =
                client.statuses.iter().any(|s| s.reason == "taken-over" && s.state == State::Reconnecting);
            assert!(told, "seed {seed}: both are told");
        }
    }
}

#[test]
fn when_the_other_client_goes_the_first_one_comes_back_and_stays() {
    for seed in 0..50 {
        let mut world = World::new(seed);
        world.add_client(key_config());
        world.connect(0);
        world.run(5_000);
        let other = world.add_client(key_config());
        world.connect(other);
        world.run(180_000);
        world.close(other, 0);
        assert!(world.run_until(1_200_000, |world| world.clients[0].is_connected()), "seed {seed}");
        let connects = world.clients[0].connects.len();
        world.run(1_800_000);
        assert_eq!(world.clients[0].connects.len(), connects, "seed {seed}");
        world.assert_sound();
    }
}

#[test]
fn a_client_that_always_comes_back_after_a_second_is_left_alone() {
    for seed in 0..50 {
        // As generic MQTT clients do: a fixed wait, for ever.
        let mut stubborn = key_config();
        stubborn.options.taken_over_after = 0;
        (stubborn.options.backoff_base, stubborn.options.backoff_cap) = (1_000, 1_000);
        let sends_every = [0, 1_000][usize::from(seed % 2 == 0)];
        let world = two_clients(seed, [key_config(), stubborn], sends_every, 30);
        let start = world.clients[0].calls[0].at;
        let connects = |client: usize, from: u64, to: u64| {
            let span = (start + from * 60_000)..(start + to * 60_000);
            world.clients[client].connects.iter().filter(|(at, _)| span.contains(at)).count()
        };
        assert!(connects(0, 0, 1) <= 5, "seed {seed}");
        assert!(connects(0, 10, 30) <= 6, "seed {seed}: ours waits for minutes by then");
        assert!(!told(&world, 0, State::Reconnecting, "taken-over").is_empty(), "seed {seed}");
    }
}

/// The slowest hundredth of the acknowledgements, and how often another client was suspected.
fn through_bad_network(seed: u64, cut: impl Fn(&mut World)) -> (u64, usize) {
    let mut world = connected_with(key_config(), seed);
    let start = world.now;
    while world.now < start + 120_000 {
        world.send(0, 1, None);
        cut(&mut world);
        world.run(200);
        world.assert_sound();
    }
    assert!(world.run_until(60_000, |world| world.clients[0].open_calls() == 0), "{}", world.trace.text());
    crate::support::assert_nothing_lost(&world);
    let calls = world.clients[0].calls.iter().filter(|call| call.at >= start);
    let mut waits: Vec<u64> =
        calls.map(|call| call.outcome.as_ref().map_or(u64::MAX, |(ended, _)| ended - call.at)).collect();
    waits.sort_unstable();
    (waits[waits.len() * 99 / 100], told(&world, 0, State::Reconnecting, "taken-over").len())
}

#[test]
fn a_network_that_is_cut_every_two_seconds_is_not_taken_for_another_client() {
    for seed in 0..20 {
        let (p99, suspected) = through_bad_network(seed, |world| {
            if world.now % 2_000 < 200 {
                world.cut_all(0, 0);
            }
        });
        assert!(p99 <= 5_000 && suspected == 0, "seed {seed}: p99 {p99} ms, suspected {suspected} times");
    }
}

#[test]
fn a_middle_box_that_ends_connections_after_two_seconds_is_not_taken_for_another_client() {
    for seed in 0..20 {
        let (p99, suspected) = through_bad_network(seed, |world| _ = world.cut_all(0, 2_000));
        assert!(p99 <= 5_000 && suspected == 0, "seed {seed}: p99 {p99} ms, suspected {suspected} times");
    }
}

#[test]
fn a_hub_that_restarts_again_and_again_is_not_taken_for_another_client() {
    for seed in 0..20 {
        let (_, suspected) = through_bad_network(seed, |world| {
            if world.now % 20_000 < 200 {
                world.cut_all(0, 0);
                world.conditions.refuse_until = world.now + 3_000;
            }
        });
        assert_eq!(suspected, 0, "seed {seed}");
    }
}

#[test]
fn an_end_that_the_client_decides_says_nothing_about_another_client() {
    for seed in 0..20 {
        let mut world = connected_with(key_config(), seed);
        for _ in 0..5 {
            world.swallow(0);
            world.send(0, 1, None);
            assert!(world.run_until(60_000, |world| !world.clients[0].is_connected()), "found half-open");
            assert!(world.run_until(60_000, |world| world.clients[0].is_connected()));
        }
        assert!(told(&world, 0, State::Reconnecting, "taken-over").is_empty(), "seed {seed}");
        assert_eq!(told(&world, 0, State::Reconnecting, "silent").len(), 5, "seed {seed}");
        world.assert_sound();
    }
}
