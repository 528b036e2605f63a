//! The same few steps that most tests begin with.

use iothub_device::{Config, Error, Settlement, State};
use iothub_simulation::World;

/// A world with one connected device of this configuration, which is client 0.
pub(crate) fn connected_with(config: Config, seed: u64) -> World {
    let mut world = World::new(seed);
    world.trace.keep(200);
    world.add_client(config);
    world.listen(0);
    world.connect(0);
    assert!(world.run_until(60_000, |world| world.clients[0].is_connected()), "{}", world.trace.text());
    // SUBACK, and the first read of the twin.
    world.run(2_000);
    world.assert_sound();
    world
}

/// A world with `device-1` connected by its key.
pub(crate) fn connected(seed: u64) -> World {
    connected_with(iothub_simulation::key_config(), seed)
}

/// How a call ended.
pub(crate) fn outcome(world: &World, client: usize, call: usize) -> Option<Result<Settlement, Error>> {
    world.clients[client].calls[call].outcome.as_ref().map(|(_, outcome)| outcome.clone())
}

/// The times at which a client was told this state with this reason.
pub(crate) fn told(world: &World, client: usize, state: State, reason: &str) -> Vec<u64> {
    let statuses = world.clients[client].statuses.iter();
    statuses.filter(|status| status.state == state && status.reason == reason).map(|s| s.at).collect()
}

/// No rule was broken, every call has ended, and every accepted message is at the hub.
pub(crate) fn assert_nothing_lost(world: &World) {
    world.assert_sound();
    assert_eq!(world.ledger.lost(), 0, "{}", world.trace.text());
    for client in &world.clients {
        assert_eq!(client.open_calls(), 0, "{}", world.trace.text());
    }
}
