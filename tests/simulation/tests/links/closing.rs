//! Closing: it waits for open work, and ends once for everybody who asked.

use crate::support::{connected, outcome};
use iothub_device::Settlement;

#[test]
fn two_closes_both_end_when_the_device_is_closed_and_none_before() {
    let mut world = connected(1);
    world.conditions.latency = (2_000, 2_000);
    let send = world.send(0, 1, None);
    let closes = [world.close(0, 60_000), world.close(0, 60_000)];
    world.run(1_000);
    assert!(closes.iter().all(|call| outcome(&world, 0, *call).is_none()), "the PUBACK is on its way");
    world.run(10_000);
    assert_eq!(outcome(&world, 0, send), Some(Ok(Settlement::Sent)));
    for call in closes {
        assert_eq!(outcome(&world, 0, call), Some(Ok(Settlement::Closed)));
    }
}

#[test]
fn of_two_closes_the_impatient_one_decides() {
    let mut world = connected(2);
    world.swallow(0);
    let send = world.send(0, 1, None);
    let patient = world.close(0, 8_000);
    world.run(100);
    let impatient = world.close(0, 0);
    world.run(100);
    assert!(matches!(outcome(&world, 0, send), Some(Err(_))), "the send has failed, and says so");
    assert_eq!(outcome(&world, 0, patient), Some(Ok(Settlement::Closed)));
    assert_eq!(outcome(&world, 0, impatient), Some(Ok(Settlement::Closed)));
    world.assert_sound();
}
