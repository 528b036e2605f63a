//! Sends while offline: they queue in a bounded outbox and resolve on PUBACK.

use crate::support::{assert_nothing_lost, connected, connected_with, outcome};
use iothub_device::{Code, Settlement, WhenFull};
use iothub_simulation::key_config;

#[test]
fn sends_while_offline_queue_and_resolve_on_puback() {
    let mut world = connected(1);
    world.conditions.refuse_until = world.now + 120_000;
    world.cut(0, 0, 0);
    world.run(1_000);
    let calls: Vec<usize> = (0..50).map(|_| world.send(0, 1, None)).collect();
    world.run(60_000);
    assert!(calls.iter().all(|call| outcome(&world, 0, *call).is_none()), "nothing settles while offline");
    assert_eq!(world.clients[0].device.metrics().queued, 50);
    assert!(world.run_until(180_000, |world| world.clients[0].open_calls() == 0));
    assert!(calls.iter().all(|call| outcome(&world, 0, *call) == Some(Ok(Settlement::Sent))));
    assert_nothing_lost(&world);
}

#[test]
fn sends_before_the_first_connection_wait_for_it() {
    let mut world = iothub_simulation::World::new(2);
    world.conditions.refuse_until = world.now + 30_000;
    world.add_client(key_config());
    world.connect(0);
    let call = world.send(0, 1, None);
    world.run(20_000);
    assert_eq!(outcome(&world, 0, call), None);
    assert!(world.run_until(90_000, |world| world.clients[0].open_calls() == 0));
    assert_eq!(outcome(&world, 0, call), Some(Ok(Settlement::Sent)));
}

#[test]
fn a_full_outbox_rejects_the_new_message_or_drops_the_oldest_as_told() {
    for (when_full, lost, code) in
        [(WhenFull::Reject, 3, Code::OutboxFull), (WhenFull::DropOldest, 0, Code::OutboxDropped)]
    {
        let mut config = key_config();
        config.options.outbox_messages = 3;
        config.options.when_full = when_full;
        let mut world = connected_with(config, 3);
        world.conditions.refuse_until = world.now + 10_000;
        world.cut(0, 0, 0);
        world.run(500);
        let calls: Vec<usize> = (0..4).map(|_| world.send(0, 1, None)).collect();
        world.run(0);
        let failed = outcome(&world, 0, calls[lost]);
        assert_eq!(failed.map(|end| end.map_err(|error| error.code)), Some(Err(code)));
        assert!(world.run_until(90_000, |world| world.clients[0].open_calls() == 0));
        assert_eq!(world.clients[0].sends_done(), 3);
        world.assert_sound();
    }
}

#[test]
fn a_call_with_a_time_out_or_an_abort_ends_while_offline() {
    let mut world = connected(4);
    world.conditions.refuse_until = world.now + 600_000;
    world.cut(0, 0, 0);
    world.run(500);
    let (timed, aborted) = (world.send(0, 1, Some(5_000)), world.send(0, 1, None));
    world.run(4_999);
    assert_eq!(outcome(&world, 0, timed), None);
    world.abort(0, aborted);
    world.run(10);
    assert_eq!(outcome(&world, 0, timed).unwrap().unwrap_err().code, Code::Timeout);
    assert_eq!(outcome(&world, 0, aborted).unwrap().unwrap_err().code, Code::Aborted);
}
