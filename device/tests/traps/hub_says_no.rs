//! Refusals, throttling and drops without a word: each is told apart as far as the wire allows, and waited for.

use crate::bench::{Bench, of_device};
use iothub_device::{Code, Event, State};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn waits(bench: &Bench) -> Vec<u64> {
    bench
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Status { retry_in, .. } => *retry_in,
            _ => None,
        })
        .collect()
}

#[test]
fn trap_15_a_clock_that_is_off_is_named_when_the_hub_refuses() {
    let mut bench = Bench::new(of_device("d"));
    bench.connect();
    bench.connack(5);
    bench.pass(5_000);
    bench.open();
    bench.connack(5);
    let Err(error) = bench.outcome(0) else { panic!("a refused device is not connected") };
    assert_eq!(error.code, Code::Unauthorized);
    // The machine's own time stands in the message: one look tells whether it is the clock.
    assert!(error.message.contains("clock") && error.message.contains("2025-01-01T00:00:"), "{error}");
    assert_eq!(bench.connects().len(), 2, "once more with a fresh token, and no endless loop");
    bench.pass(3_600_000);
    assert_eq!(bench.connects().len(), 2);
}

#[test]
fn trap_18_a_hub_that_throttles_is_left_alone_longer_and_longer() {
    let mut bench = Bench::new(of_device("d"));
    bench.connect();
    let mut before = 0;
    for attempt in 0..6 {
        bench.connack(3);
        let wait = *waits(&bench).last().unwrap();
        let (least, most) = (2_500u64 << attempt, 5_000u64 << attempt);
        assert!((least..=most).contains(&wait), "attempt {attempt} waits {wait} ms");
        assert!(wait > before / 2);
        before = wait;
        let dialled = bench.urls.len();
        bench.pass(wait - 1);
        assert_eq!(bench.urls.len(), dialled, "not before its time");
        bench.pass(1);
        assert_eq!(bench.urls.len(), dialled + 1);
        bench.open();
    }
}

#[test]
fn trap_27_a_drop_without_a_word_is_a_lost_link_and_the_refusal_after_it_says_why() {
    let mut bench = Bench::online(of_device("d"));
    bench.hub_closes();
    let wait = *waits(&bench).last().unwrap();
    bench.pass(wait);
    bench.open();
    bench.connack(3);
    assert_eq!(
        bench.statuses()[2..],
        [(State::Reconnecting, "network"), (State::Reconnecting, "hub-unavailable")]
    );
    let Some(Event::Status { detail, .. }) = bench.events.last() else { panic!("no status") };
    assert!(detail.contains("disabled"), "{detail}");
}
