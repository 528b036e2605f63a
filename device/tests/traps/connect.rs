//! What CONNECT says, and where it goes.

use crate::bench::{Bench, KEY, config, of_device};
use iothub_device::{Options, State};
use iothub_protocol::sas::{Key, Token};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn trap_16_one_id_in_client_id_user_name_and_token_exactly_as_written() {
    let mut bench = Bench::new(of_device("Dev-1.a%b#"));
    bench.connect();
    let connect = bench.connects()[0].clone();
    let login = connect.login.unwrap();
    assert_eq!(connect.client_id, "Dev-1.a%b#");
    assert!(login.username.starts_with("myhub.azure-devices.net/Dev-1.a%b#/?api-version=2021-04-12"));
    let token = Token::parse(&login.password).unwrap();
    assert_eq!(token.audience(), "myhub.azure-devices.net/devices/Dev-1.a%b#");
    assert!(token.is_signed_by([&Key::from_base64(KEY).unwrap()]));
}

#[test]
fn trap_17_the_client_id_is_the_identity_and_nothing_random() {
    let text = format!("HostName=myhub.azure-devices.net;DeviceId=d;ModuleId=m;SharedAccessKey={KEY}");
    for _ in 0..2 {
        let mut bench = Bench::new(config(&text));
        bench.connect();
        assert_eq!(bench.connects()[0].client_id, "d/m");
    }
}

#[test]
fn trap_20_a_connect_of_any_size_leaves_whole() {
    let mut config = of_device(&"d".repeat(128));
    config.model_id = Some(format!("dtmi:com:example:{};1", "x".repeat(2_000)));
    config.product_info = Some("p".repeat(10_000));
    let mut bench = Bench::new(config);
    bench.connect();
    let login = bench.connects()[0].login.clone().unwrap();
    assert!(login.username.len() > 12_000 && login.password.contains("&sig="));
}

#[test]
fn trap_22_connack_may_take_a_minute() {
    let mut bench = Bench::new(of_device("d"));
    bench.connect();
    bench.pass(59_000);
    assert_eq!(bench.states(), [State::Connecting], "a hub that shapes traffic is slow, not dead");
    bench.connack(0);
    assert_eq!(bench.states(), [State::Connecting, State::Connected]);
    assert_eq!(Options::default().connack_timeout, 60_000);
}

#[test]
fn trap_23_the_query_keeps_the_hub_from_asking_for_a_certificate() {
    let mut bench = Bench::new(of_device("d"));
    bench.connect();
    assert_eq!(
        bench.urls,
        ["wss://myhub.azure-devices.net:443/$iothub/websocket?iothub-no-client-cert=true"]
    );
}

#[test]
fn trap_30_the_path_is_the_hubs_on_every_dial_and_through_a_gateway() {
    let mut config = of_device("d");
    config.gateway_host = Some("edge.local".to_owned());
    let mut bench = Bench::online(config);
    bench.hub_closes();
    bench.pass(60_000);
    assert!(bench.urls.len() >= 2);
    assert!(bench.urls.iter().all(|url| url.starts_with("wss://edge.local:443/$iothub/websocket?")));
}

#[test]
fn trap_34_a_model_id_is_escaped_in_the_user_name() {
    let mut config = of_device("d");
    config.model_id = Some("dtmi:com:example:Thermostat;1".to_owned());
    let mut bench = Bench::new(config);
    bench.connect();
    let user = bench.connects()[0].login.clone().unwrap().username;
    assert!(user.contains("&model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1"), "{user}");
}
