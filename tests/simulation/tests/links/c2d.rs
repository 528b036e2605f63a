//! Cloud-to-device messages: acknowledged after their handler, in order; again when a handler failed; never lost.

use crate::support::{connected, told};
use iothub_device::State;
use iothub_simulation::{World, key_config};

fn all_completed(world: &World) -> bool {
    world.ledger.queued.values().all(|queued| queued.completed)
}

#[test]
fn puback_leaves_only_after_the_handler_and_in_the_order_received() {
    let mut world = connected(1);
    world.clients[0].handler_time = (0, 5_000);
    for _ in 0..30 {
        assert!(world.c2d());
    }
    world.run(200);
    assert!(!all_completed(&world), "handlers are still at work");
    assert_eq!(world.clients[0].messages.len(), 30);
    assert!(world.run_until(20_000, all_completed));
    let raised: Vec<&String> = world.clients[0].messages.iter().map(|(_, body)| body).collect();
    assert_eq!(raised, world.ledger.queue_order.iter().collect::<Vec<_>>());
    // The onlooker has compared every PUBACK with the handlers.
    world.assert_sound();
}

#[test]
fn a_message_whose_handler_failed_comes_again_on_another_connection_which_is_made_for_it() {
    let mut world = connected(2);
    world.clients[0].handler_fails = 100;
    world.c2d();
    world.run(4_000);
    assert_eq!(world.clients[0].messages.len(), 1, "not again on the same connection");
    world.run(56_000);
    let tries = world.clients[0].messages.len();
    assert!((3..=5).contains(&tries), "{tries} tries in a minute, further and further apart");
    world.run(10 * 60_000);
    assert!(world.clients[0].messages.len() <= 10, "{}", world.clients[0].messages.len());
    assert!(told(&world, 0, State::Reconnecting, "network").is_empty(), "the application sees no gap");
    world.assert_sound();
}

#[test]
fn nothing_passes_a_message_whose_handler_failed_and_all_come_again_in_order() {
    let mut world = connected(5);
    world.clients[0].handler_fails = 100;
    world.c2d();
    world.run(100);
    world.clients[0].handler_fails = 0;
    world.c2d();
    world.run(100);
    assert!(
        world.ledger.queued.values().all(|queued| !queued.completed),
        "the second one waits for the first"
    );
    assert!(world.run_until(15_000, all_completed), "{}", world.trace.text());
    let raised: Vec<&str> = world.clients[0].messages.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(raised, ["c1", "c2", "c1", "c2"]);
    world.assert_sound();
}

#[test]
fn trap_1_what_was_queued_is_not_lost_although_the_listener_comes_late() {
    let mut world = connected(3);
    world.close(0, 0);
    world.run(1_000);
    assert!(world.c2d() && world.c2d());
    // A new client of the same identity finds the kept session, and its messages right behind CONNACK.
    let late = world.add_client(key_config());
    world.connect(late);
    assert!(world.run_until(5_000, |world| world.clients[late].is_connected()));
    world.run(30_000);
    assert!(!all_completed(&world), "nobody has handled them");
    assert!(world.clients[late].messages.is_empty());
    world.listen(late);
    assert!(world.run_until(5_000, all_completed), "{}", world.trace.text());
    assert_eq!(world.clients[late].messages.len(), 2);
    world.assert_sound();
}

#[test]
fn a_handler_that_ends_after_its_link_acknowledges_nothing_and_the_message_comes_again() {
    let mut world = connected(4);
    world.clients[0].handler_time = (20_000, 20_000);
    world.c2d();
    world.run(1_000);
    world.cut(0, 0, 0);
    assert!(world.run_until(60_000, all_completed));
    assert_eq!(world.clients[0].messages.len(), 2);
    world.assert_sound();
}
