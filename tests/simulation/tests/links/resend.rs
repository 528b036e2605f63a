//! A lost link: what was in flight is sent again with DUP, nothing is lost, nothing is rejected.

use crate::support::{assert_nothing_lost, connected};

#[test]
fn what_was_in_flight_is_sent_again_with_dup_after_a_cut() {
    let mut world = connected(1);
    for _ in 0..20 {
        world.send(0, 1, None);
    }
    // The frame has left, and nothing of it arrives.
    world.run(0);
    world.cut(0, 0, 0);
    assert!(world.run_until(60_000, |world| world.clients[0].open_calls() == 0));
    assert_eq!(world.clients[0].in_flight.resends, 20, "the onlooker counts copies, and each had DUP");
    assert_nothing_lost(&world);
}

#[test]
fn a_message_whose_puback_was_lost_reaches_the_hub_twice_and_resolves_once() {
    let mut world = connected(2);
    let call = world.send(0, 1, None);
    assert!(world.run_until(5_000, |world| world.ledger.sent[0].at_hub == 1));
    world.cut(0, 0, 0);
    assert!(world.run_until(60_000, |world| world.clients[0].calls[call].outcome.is_some()));
    assert_eq!(world.ledger.sent[0].at_hub, 2);
    assert_nothing_lost(&world);
}

#[test]
fn a_link_cut_a_hundred_times_in_the_middle_of_ten_thousand_sends_loses_nothing() {
    for seed in 1..=2 {
        let mut world = connected(seed);
        for batch in 0..100 {
            for _ in 0..100 {
                world.send(0, 1, None);
            }
            let pause = world.random.between(0, 60);
            world.run(pause);
            if batch % 2 == 0 {
                world.conditions.pieces = 1 + world.random.index(200);
            }
            // A cut needs a link: the wait for it is the longest one, because so many short links look like
            // another client.
            let mut later = world.random.between(0, 40);
            while !world.cut_anywhere(0) {
                assert!(world.run_until(3_600_000, |world| world.live_wire(0).is_some()));
                world.run(later);
                later = world.random.between(0, 40);
            }
        }
        assert!(world.run_until(3_600_000, |world| world.clients[0].open_calls() == 0));
        assert_eq!(world.clients[0].sends_done(), 10_000, "every send settles, and settles well");
        assert!(world.clients[0].in_flight.resends > 0);
        assert_nothing_lost(&world);
    }
}
