//! Two clients with one identity: noticed, told, and not fought over.

use iothub_device::State;
use iothub_simulation::{World, key_config};

#[test]
fn trap_13_two_clients_with_one_identity_make_ten_connects_in_the_first_minute_and_then_fewer() {
    for seed in 0..100 {
        let mut world = World::new(seed);
        for client in 0..2 {
            world.add_client(key_config());
            world.connect(client);
        }
        let start = world.now;
        world.run(60 * 60_000);
        world.assert_sound();
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
