//! Many sends in a row leave in one frame; a socket that is full holds the outbox back.

use crate::support::{assert_nothing_lost, connected, connected_with};
use iothub_simulation::key_config;

#[test]
fn all_sends_of_one_turn_leave_in_one_frame() {
    let mut world = connected(1);
    let before = world.clients[0].frames.len();
    for _ in 0..500 {
        world.send(0, 1, None);
    }
    world.run(0);
    let frames: Vec<_> = world.clients[0].frames[before..].iter().map(|(_, _, packets)| *packets).collect();
    assert_eq!(frames, [500]);
    world.run(5_000);
    assert_nothing_lost(&world);
}

#[test]
fn a_socket_that_is_full_holds_the_outbox_back() {
    let mut config = key_config();
    config.options.buffered_high_water = 10_000;
    let mut world = connected_with(config, 2);
    // One byte a millisecond: 100 messages of about 1,050 bytes take 105 s.
    world.conditions.rate = 1;
    for _ in 0..100 {
        world.send_padded(0, 1, None, 1_000);
    }
    let mut most = 0;
    let finished = world.run_until(300_000, |world| {
        let wire = world.live_wire(0).unwrap();
        most = most.max(world.wires[wire].up.buffered(world.now, 1));
        world.clients[0].open_calls() == 0
    });
    assert!(finished, "{}", world.trace.text());
    assert!(most < 12_000, "the socket held {most} bytes; the rest waited in the outbox");
    assert!(most > 9_000, "and it was used: {most}");
    assert_nothing_lost(&world);
}
