//! How a connection begins and ends: DISCONNECT, wake-ups, and what is to blame when connections keep ending.

use crate::bench::{Bench, of_device, token_for};
use iothub_device::{Code, Config, Credentials, Event, HostSignal, OpId, State};
use iothub_protocol::packet::Packet;
use iothub_protocol::secret::Secret;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NETWORK: (State, &str) = (State::Reconnecting, "network");
const TAKEN_OVER: (State, &str) = (State::Reconnecting, "taken-over");

fn disconnects(bench: &Bench) -> usize {
    bench.sent.iter().filter(|packet| matches!(packet, Packet::Disconnect)).count()
}

fn last_wait(bench: &Bench) -> u64 {
    let waits = bench.events.iter().rev().filter_map(|event| match event {
        Event::Status { retry_in, .. } => *retry_in,
        _ => None,
    });
    waits.take(1).sum()
}

fn last_status(bench: &Bench) -> (State, &'static str) {
    *bench.statuses().last().unwrap()
}

/// Dials when it is due, and is accepted; so is its witness, if it asks for one.
fn reconnects(bench: &mut Bench) {
    let dialled = bench.urls.len();
    assert!((0..600).any(|_| {
        bench.pass(100);
        bench.urls.len() > dialled
    }));
    bench.open();
    bench.connack(0);
    if bench.urls.len() > dialled + 1 {
        bench.open();
    }
}

/// A connection that ended soon for the third time in a row, and has a witness.
fn ended_three_times() -> Bench {
    let mut bench = Bench::online(of_device("d"));
    for end in 0..3 {
        bench.pass(500);
        bench.hub_closes();
        assert_eq!(last_status(&bench), NETWORK);
        assert_eq!(bench.sockets.len(), usize::from(end > 0), "no witness before there is a doubt");
        if end < 2 {
            reconnects(&mut bench);
        }
    }
    bench
}

#[test]
fn connections_that_keep_ending_while_the_witness_stays_mean_another_client() {
    let mut bench = ended_three_times();
    bench.pass(1_500);
    assert_eq!(last_status(&bench), TAKEN_OVER);
    assert!(last_wait(&bench) >= 10_000);
    bench.pass(10_000);
    assert!(bench.sockets.is_empty(), "a witness does not stand by through a long wait");
}

#[test]
fn connections_that_keep_ending_together_with_the_witness_mean_the_network() {
    let mut bench = ended_three_times();
    bench.closes(bench.sockets[0]);
    reconnects(&mut bench);
    assert!(!bench.statuses().contains(&TAKEN_OVER));
    assert!(bench.now < 10_000, "back at once");
}

#[test]
fn a_suspicion_ends_when_the_witness_ends_during_the_wait() {
    let mut bench = ended_three_times();
    bench.pass(1_500);
    assert_eq!(last_status(&bench), TAKEN_OVER);
    bench.pass(2_000);
    bench.closes(bench.sockets[0]);
    assert_eq!(last_status(&bench), NETWORK);
    reconnects(&mut bench);
    assert!(bench.now < 40_000, "it does not sit out the rest");
}

#[test]
fn a_witness_that_the_hub_closes_for_its_silence_is_replaced_and_accuses_all_the_same() {
    let mut bench = Bench::online(of_device("d"));
    for _ in 0..2 {
        bench.pass(500);
        bench.hub_closes();
        reconnects(&mut bench);
    }
    bench.pass(15_000);
    let (witness, dialled) = (bench.sockets[0], bench.urls.len());
    bench.closes(witness);
    assert_eq!(bench.urls.len(), dialled + 1);
    bench.open();
    bench.pass(15_000);
    bench.hub_closes();
    bench.pass(1_500);
    assert_eq!(last_status(&bench), TAKEN_OVER);
}

#[test]
fn close_between_connect_and_connack_says_disconnect() {
    let mut bench = Bench::new(of_device("d"));
    bench.connect();
    bench.device.close(OpId(1), 0, bench.clock());
    bench.drain();
    assert_eq!(disconnects(&bench), 1);
    assert!(bench.sockets.is_empty());
}

#[test]
fn a_connect_that_is_aborted_or_too_late_after_connect_left_says_disconnect() {
    let mut bench = Bench::new(of_device("d"));
    bench.connect();
    bench.device.abort(OpId(0), bench.clock());
    bench.drain();
    assert_eq!(disconnects(&bench), 1, "the hub must not send the will of a device that never was there");

    let mut bench = Bench::new(of_device("d"));
    bench.device.connect(OpId(0), Some(1_000), bench.clock()).unwrap();
    bench.drain();
    bench.open();
    bench.pass(1_000);
    assert_eq!(disconnects(&bench), 1);
}

fn with_provider() -> Config {
    let mut config = of_device("dev-1");
    config.credentials = Credentials::Provider;
    config
}

#[test]
fn waking_ends_the_wait_after_a_token_provider_that_failed() {
    let mut bench = Bench::new(with_provider());
    bench.device.connect(OpId(0), None, bench.clock()).unwrap();
    bench.drain();
    // Offline, the provider's own request fails as well; by the sixth time the wait is long.
    for asked in 1..=6 {
        assert!((0..400).any(|_| {
            bench.pass(100);
            bench.tokens_asked.len() == asked
        }));
        let (request, ..) = *bench.tokens_asked.last().unwrap();
        bench.device.token_arrived(request, Err("offline".to_owned()), bench.clock());
        bench.drain();
    }
    bench.device.host_signal(HostSignal::Woken, bench.clock());
    bench.drain();
    bench.pass(250);
    assert_eq!(bench.tokens_asked.len(), 7);
}

#[test]
fn waking_gives_up_an_attempt_that_began_on_the_old_network() {
    let mut bench = Bench::new(of_device("d"));
    bench.device.connect(OpId(0), None, bench.clock()).unwrap();
    bench.drain();
    bench.pass(2_000);
    bench.device.host_signal(HostSignal::Woken, bench.clock());
    bench.drain();
    assert_eq!(bench.urls.len(), 1, "an attempt that has just begun goes on");
    bench.pass(8_000);
    bench.device.host_signal(HostSignal::Woken, bench.clock());
    bench.drain();
    bench.pass(250);
    assert_eq!((bench.urls.len(), bench.sockets.len()), (2, 1));
}

/// A device with a ready token of 10 minutes, and a clock that is two hours ahead.
fn with_token_and_fast_clock() -> Bench {
    let mut config = of_device("dev-1");
    config.credentials = Credentials::Token(Secret::new(token_for(600)));
    let mut bench = Bench::new(config);
    bench.now = 7_200_000;
    bench.device.connect(OpId(0), None, bench.clock()).unwrap();
    bench.drain();
    bench.open();
    bench.connack(0);
    bench
}

#[test]
fn the_hub_judges_a_ready_token_after_every_lost_connection_too() {
    let mut bench = with_token_and_fast_clock();
    bench.pass(20_000);
    bench.hub_closes();
    reconnects(&mut bench);
    assert_eq!(last_status(&bench), (State::Connected, "reconnected"));
}

#[test]
fn a_ready_token_that_has_expired_ends_the_device_when_the_hub_refuses_it() {
    let mut bench = with_token_and_fast_clock();
    bench.hub_closes();
    bench.pass(2_000);
    bench.open();
    bench.connack(5);
    assert_eq!(last_status(&bench), (State::Disconnected, Code::TokenExpired.as_str()));
}
