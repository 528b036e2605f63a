//! Tokens are renewed in good time, whatever the hub would tolerate.

use crate::bench::{Bench, START, of_device, token_for};
use iothub_device::{Credentials, State};
use iothub_protocol::sas::Token;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn asking() -> Bench {
    let mut config = of_device("dev-1");
    config.credentials = Credentials::Provider;
    let mut bench = Bench::new(config);
    bench.device.connect(iothub_device::OpId(0), None, bench.clock()).unwrap();
    bench.drain();
    bench.token(&token_for(3_600));
    bench.open();
    bench.connack(0);
    bench
}

#[test]
fn trap_14_a_token_is_replaced_well_before_its_end_and_the_old_link_left_politely() {
    let mut bench = asking();
    assert_eq!(bench.tokens_asked.len(), 1);
    // The link is kept alive by the hub's own words meanwhile.
    let asked_at = (0..3_600)
        .find(|_| {
            bench.hub(&[0xd0, 0]);
            bench.pass(1_000);
            bench.tokens_asked.len() == 2
        })
        .unwrap();
    assert!((2_600..=3_060).contains(&asked_at), "asked after {asked_at} s of 3600");
    let (_, audience, until) = bench.tokens_asked[1].clone();
    assert_eq!(audience, "myhub.azure-devices.net%2Fdevices%2Fdev-1");
    assert!(until > START / 1000 + 3_600);

    let old = bench.sockets[0];
    bench.token(&token_for(7_200));
    bench.open();
    assert_eq!(bench.connects().len(), 1, "the old link is left first");
    bench.device.socket_closed(old, 1000, bench.clock());
    bench.sockets.retain(|socket| *socket != old);
    bench.drain();
    let login = bench.connects()[1].login.clone().unwrap();
    assert_eq!(Token::parse(&login.password).unwrap().expires(), START / 1000 + 7_200);
    bench.connack(0);
    assert_eq!(bench.statuses().last(), Some(&(State::Connected, "token-renewed")));
    assert!(!bench.states().contains(&State::Reconnecting), "the application sees no gap");
}
