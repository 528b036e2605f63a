//! CONNACK 4 or 5: one fresh token, then `unauthorized` and a stop.

use crate::support::{connected, outcome};
use iothub_device::{Code, State};
use iothub_hub::FaultKind;
use iothub_simulation::{Manner, World, key_config, provider_config};

#[test]
fn refused_twice_it_is_unauthorized_and_every_call_ends() {
    for (code, provider) in [(5, true), (5, false), (4, true)] {
        let mut world = World::new(1);
        world.fault(FaultKind::Refuse { code }, None, None);
        world.add_client(if provider { provider_config(3600) } else { key_config() });
        let (connect, send) = (world.connect(0), world.send(0, 1, None));
        world.run(120_000);
        for call in [connect, send] {
            assert_eq!(outcome(&world, 0, call).unwrap().unwrap_err().code, Code::Unauthorized);
        }
        assert_eq!(world.clients[0].connects.len(), 2);
        assert_eq!(world.clients[0].state(), Some(State::Disconnected));
        world.run(86_400_000);
        assert_eq!(world.clients[0].connects.len(), 2, "it has stopped for good");
        if provider {
            assert_eq!(world.clients[0].provider.asked, 2, "the second try had a fresh token");
        }
    }
}

#[test]
fn refused_once_it_connects_with_a_fresh_token() {
    let mut world = World::new(2);
    world.add_client(provider_config(3600));
    world.clients[0].provider.manner = Manner::WrongKey;
    world.connect(0);
    assert!(world.run_until(10_000, |world| world.clients[0].connects.len() == 1));
    world.clients[0].provider.manner = Manner::Signs(3600);
    assert!(world.run_until(30_000, |world| world.clients[0].is_connected()));
    assert_eq!(world.clients[0].provider.asked, 2);
    world.assert_sound();
}

#[test]
fn a_refusal_long_ago_does_not_count() {
    let mut world = connected(3);
    for _ in 0..5 {
        world.fault(FaultKind::Refuse { code: 5 }, Some(1), None);
        world.cut(0, 0, 0);
        world.run(600_000);
        assert!(world.clients[0].is_connected(), "{}", world.trace.text());
    }
}
