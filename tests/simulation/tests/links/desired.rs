//! Desired properties: in step with the hub after every reconnect, each change once, in `$version` order.

use crate::support::{connected, outcome};
use iothub_simulation::{Answers, World};
use serde_json::{Value, json};

fn versions(world: &World) -> Vec<u64> {
    world.clients[0].desired.iter().map(|desired| desired.version).collect()
}

fn patches(world: &World) -> Vec<String> {
    world.clients[0].desired.iter().map(|desired| Value::Object(desired.patch.clone()).to_string()).collect()
}

#[test]
fn a_change_made_while_offline_is_raised_once_after_reconnect_and_before_any_later_one() {
    for seed in 0..20 {
        let mut world = connected(seed);
        world.desire(&json!({ "a": 1, "b": 1 }));
        world.run(1_000);
        world.conditions.refuse_until = world.now + 30_000;
        world.cut(0, 0, 0);
        world.run(1_000);
        world.desire(&json!({ "a": 2 }));
        world.run(1_000);
        world.desire(&json!({ "b": null }));
        world.run(1_000);
        assert!(world.run_until(120_000, |world| world.clients[0].is_connected()));
        // A later one, at any moment of the reconnect.
        let moment = world.random.between(0, 100);
        world.run(moment);
        world.desire(&json!({ "c": 3 }));
        world.run(5_000);
        world.assert_sound();
        assert_eq!(versions(&world)[..2], [1, 2], "that there is nothing is said, too");
        let all = patches(&world);
        assert_eq!(all[..2], ["{}", r#"{"a":1,"b":1}"#]);
        let later: Vec<_> = all[2..].iter().filter(|patch| patch.contains("\"a\"")).collect();
        assert_eq!(later.len(), 1, "once: {all:?}");
        assert!(all.last().unwrap().contains("\"c\":3"), "{all:?}");
        assert_eq!(world.clients[0].mirror, world.desired_at_hub());
    }
}

#[test]
fn after_a_reconnect_nothing_is_raised_when_nothing_changed() {
    let mut world = connected(1);
    world.desire(&json!({ "a": 1 }));
    world.run(1_000);
    for _ in 0..5 {
        world.cut(0, 0, 0);
        world.run(70_000);
    }
    assert_eq!(versions(&world), [1, 2]);
    assert!(world.clients[0].is_connected());
}

#[test]
fn a_change_and_its_undoing_while_offline_are_no_change() {
    let mut world = connected(2);
    world.desire(&json!({ "a": 1 }));
    world.run(1_000);
    world.conditions.refuse_until = world.now + 10_000;
    world.cut(0, 0, 0);
    world.run(1_000);
    world.desire(&json!({ "a": 2 }));
    world.desire(&json!({ "a": 1 }));
    world.run(60_000);
    assert_eq!(versions(&world), [1, 2], "{:?}", patches(&world));
    world.desire(&json!({ "a": 3 }));
    world.run(1_000);
    assert_eq!(versions(&world), [1, 2, 5]);
}

#[test]
fn a_device_that_was_deleted_and_made_again_begins_anew() {
    let mut world = connected(4);
    for n in 0..5 {
        world.desire(&json!({ "a": n, "old": true }));
        world.run(1_000);
    }
    world.recreate();
    assert!(world.run_until(60_000, |world| !world.clients[0].is_connected()));
    assert!(world.run_until(60_000, |world| world.clients[0].is_connected()));
    world.run(2_000);
    assert!(world.clients[0].mirror.is_empty(), "{:?}", world.clients[0].mirror);
    world.desire(&json!({ "a": 7 }));
    world.run(2_000);
    world.assert_sound();
    assert_eq!(world.clients[0].mirror, world.desired_at_hub());
}

#[test]
fn trap_38_a_patch_between_subscribe_and_read_is_not_lost() {
    // At each millisecond of the first 200 after CONNECT.
    for moment in 0..200 {
        let mut world = World::new(3);
        world.add_client(iothub_simulation::key_config());
        world.listen(0);
        world.connect(0);
        world.run(moment);
        world.desire(&json!({ "a": moment }));
        world.run(2_000);
        world.assert_sound();
        let seen = versions(&world);
        assert!(seen == [2] || seen == [1, 2], "{moment}: {seen:?}");
        assert_eq!(world.clients[0].mirror, world.desired_at_hub());
    }
}

#[test]
fn a_patch_that_overtakes_the_answer_to_a_read_is_not_lost() {
    for seed in 0..50 {
        let mut world = connected(seed);
        world.conditions.twin_answers = Answers::Late(3_000);
        world.cut(0, 0, 0);
        assert!(world.run_until(60_000, |world| !world.clients[0].is_connected()));
        assert!(world.run_until(60_000, |world| world.clients[0].is_connected()));
        // The read is at the hub, or nearly; its answer is not here yet.
        let moment = world.random.between(0, 300);
        world.run(moment);
        world.desire(&json!({ "a": seed }));
        world.run(10_000);
        world.assert_sound();
        assert_eq!(world.clients[0].mirror, world.desired_at_hub(), "seed {seed}");
    }
}

#[test]
fn a_thousand_random_schedules_of_drops_and_changes_end_with_the_mirror_equal_to_the_twin() {
    for seed in 0..1_000 {
        let mut world = World::new(seed);
        world.add_client(iothub_simulation::key_config());
        world.listen(0);
        world.connect(0);
        world.conditions.pieces = [0, 1, 20][world.random.index(3)];
        for _ in 0..world.random.between(1, 25) {
            match world.random.index(4) {
                0 => drop(world.cut_anywhere(0).then_some(())),
                _ => {
                    let name = ["a", "b", "c", "d"][world.random.index(4)];
                    let value =
                        [json!(null), json!(1), json!(2), json!({ "x": 1 }), json!({ "x": null, "y": 2 })]
                            [world.random.index(5)]
                        .clone();
                    world.desire(&json!({ name: value }));
                }
            }
            let pause =
                [0, world.random.between(0, 60), world.random.between(0, 5_000)][world.random.index(3)];
            world.run(pause);
        }
        // Drops in a row look like another client: its wait is the longest one.
        world.run_until(600_000, |world| {
            world.clients[0].is_connected() && world.clients[0].mirror == world.desired_at_hub()
        });
        world.run(1_000);
        world.assert_sound();
        assert_eq!(world.clients[0].mirror, world.desired_at_hub(), "seed {seed}");
    }
}

#[test]
fn who_listens_later_learns_all_there_is_at_any_moment() {
    // The onlooker compares what a late listener learns with what the first one knows.
    for seed in 0..100 {
        let mut world = connected(seed);
        world.conditions.twin_answers = [Answers::Prompt, Answers::Late(2_000)][world.random.index(2)];
        for n in 0..10 {
            world.desire(&json!({ "a": n, "b": null }));
            let moment = world.random.between(0, 300);
            world.run(moment);
            world.listen(0);
            if world.random.percent(20) {
                world.cut(0, 0, 0);
            }
        }
        world.run(200_000);
        world.assert_sound();
        assert_eq!(world.clients[0].mirror, world.desired_at_hub(), "seed {seed}");
    }
}

#[test]
fn a_read_of_the_application_serves_the_mirror_too() {
    let mut world = World::new(7);
    world.add_client(iothub_simulation::key_config());
    world.listen(0);
    let twin = world.get_twin(0, None);
    world.connect(0);
    world.run(2_000);
    world.assert_sound();
    assert!(matches!(outcome(&world, 0, twin), Some(Ok(_))));
    assert_eq!(versions(&world), [1]);
    assert_eq!(world.clients[0].twin_reads, 1);
}
