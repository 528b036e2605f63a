//! Twin requests on a bad link: reads and reported patches end, in order, whatever becomes of their answers.

use crate::support::{assert_nothing_lost, connected, outcome};
use iothub_device::{Code, Settlement};
use iothub_hub::FaultKind;
use iothub_protocol::service_error::ErrorCode;
use iothub_simulation::Answers;
use serde_json::json;

#[test]
fn trap_37_reported_patches_arrive_in_order_across_cuts() {
    for seed in 0..50 {
        let mut world = connected(seed);
        for _ in 0..30 {
            for _ in 0..world.random.between(1, 4) {
                world.report(0, Some(3_600_000));
            }
            let pause = world.random.between(0, 3_000);
            world.run(pause);
            if world.random.percent(30) {
                world.cut_anywhere(0);
            }
        }
        assert!(world.run_until(3_600_000, |world| world.clients[0].open_calls() == 0));
        assert_eq!(world.ledger.reported.last(), Some(&world.counter()), "the last one is what the hub has");
        assert_nothing_lost(&world);
    }
}

#[test]
fn a_lost_answer_is_asked_for_again_and_holds_up_nothing_behind_it() {
    let mut world = connected(1);
    world.conditions.twin_answers = Answers::Lost;
    let (read, first) = (world.get_twin(0, None), world.report(0, None));
    world.run(20_000);
    let second = world.report(0, None);
    world.conditions.twin_answers = Answers::Prompt;
    world.run(15_000);
    assert!(matches!(outcome(&world, 0, read), Some(Ok(Settlement::Twin(_)))));
    for call in [first, second] {
        assert!(
            matches!(outcome(&world, 0, call), Some(Ok(Settlement::Reported { .. }))),
            "{}",
            world.trace.text()
        );
    }
    assert_nothing_lost(&world);
}

#[test]
fn a_lost_answer_to_the_mirrors_own_read_does_not_leave_it_out_of_step() {
    let mut world = connected(2);
    world.conditions.twin_answers = Answers::Lost;
    world.cut(0, 0, 0);
    world.run(10_000);
    world.conditions.twin_answers = Answers::Prompt;
    world.desire(&json!({ "a": 1 }));
    assert!(world.run_until(40_000, |world| world.clients[0].mirror == world.desired_at_hub()));
    assert_eq!(world.clients[0].device.metrics().reconnects, 1, "on the same link");
}

#[test]
fn trap_31_a_throttled_request_is_asked_again_after_growing_waits() {
    let mut world = connected(3);
    world.fault(FaultKind::TwinError { code: ErrorCode::ThrottlingException }, Some(3), None);
    let call = world.report(0, None);
    world.run(300);
    assert_eq!(outcome(&world, 0, call), None);
    assert!(world.run_until(30_000, |world| world.clients[0].open_calls() == 0));
    assert!(matches!(outcome(&world, 0, call), Some(Ok(Settlement::Reported { .. }))));
}

#[test]
fn a_hub_that_never_answers_lets_the_call_time_out() {
    let mut world = connected(4);
    world.conditions.twin_answers = Answers::Lost;
    let call = world.get_twin(0, Some(5_000));
    world.run(5_010);
    assert_eq!(outcome(&world, 0, call).unwrap().unwrap_err().code, Code::Timeout);
}
