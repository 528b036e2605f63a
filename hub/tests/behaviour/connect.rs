//! CONNECT and CONNACK. PROTOCOL 2.1 to 2.4 and 3.

use crate::support::{Bench, Hello, START_MS, token};
use iothub_hub::{DEVICE_POLICY_KEY, FIRST_DEVICE_KEY, HubConfig, Reason, SERVICE_KEY, Switches};
use iothub_protocol::packet::{Packet, write_pingreq};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: u64 = START_MS / 1000;

fn refused(bench: &mut Bench, hello: &Hello, code: u8, reason: Reason) {
    let (link, answer) = bench.introduce(hello);
    assert_eq!(answer, Some((code, false)));
    assert_eq!(bench.reason(link), Some(reason), "{:?}", bench.closed[&link]);
    let told = bench.events_of("refused");
    assert_eq!(told.last().unwrap()["reason"], reason.code());
    assert_eq!(told.last().unwrap()["connack"], code);
}

#[test]
fn a_device_with_a_good_token_is_let_in() {
    let mut bench = Bench::new();
    let hello = bench.hello("device-1", None);
    assert_eq!(bench.introduce(&hello).1, Some((0, false)));
    let event = &bench.events_of("connection")[0];
    assert_eq!(event["state"], "connected");
    assert_eq!(event["deviceId"], "device-1");
}

#[test]
fn every_user_name_form_of_2_2_is_let_in() {
    let mut bench = Bench::new();
    for tail in [
        "/?api-version=2021-04-12&model-id=dtmi:com:example:Thermostat;1&DeviceClientType=azure-iot-device%2F1.18.4%20(node)",
        "/?api-version=2019-10-01&DeviceClientType=py",
        "/api-version=2016-11-14&DeviceClientType=sim",
        "/api-version=2020-09-30",
        "/",
        "",
    ] {
        let mut hello = bench.hello("device-1", None);
        hello.user_name = format!("LOCALHOST/device-1{tail}");
        assert_eq!(bench.introduce(&hello).1.map(|a| a.0), Some(0), "{tail}");
    }
}

#[test]
fn the_escaping_of_sr_is_signed_as_it_came() {
    // PROTOCOL 3 and trap 40: A, A2, A3, A4 of 18.1, and the empty skn of the C SDK.
    let mut bench = Bench::new();
    for sr in [
        "localhost%2Fdevices%2Fdevice-1",
        "localhost%2fdevices%2fdevice-1",
        "localhost/devices/device-1",
        "LocalHost%2Fdevices%2Fdevice-1",
        "localhost",
    ] {
        for tail in ["", "&skn="] {
            let mut hello = bench.hello("device-1", None);
            hello.password = format!("{}{tail}", token(sr, FIRST_DEVICE_KEY, SECOND + 60, None));
            assert_eq!(bench.introduce(&hello).1.map(|a| a.0), Some(0), "{sr}{tail}");
        }
    }
}

#[test]
fn wrong_credentials_get_5_and_the_reason_is_told() {
    // PROTOCOL 2.4: 5 for every failure of authentication, then the link closes.
    let mut bench = Bench::new();
    let good = bench.hello("device-1", None);
    let sr = "localhost%2Fdevices%2Fdevice-1";
    let with = |password: String| Hello { password, ..good.clone() };
    refused(&mut bench, &with(token(sr, SERVICE_KEY, SECOND + 60, None)), 5, Reason::TokenSignature);
    refused(
        &mut bench,
        &with(token("localhost/devices/other", FIRST_DEVICE_KEY, SECOND + 60, None)),
        5,
        Reason::TokenAudience,
    );
    refused(
        &mut bench,
        &with(token("else.net/devices/device-1", FIRST_DEVICE_KEY, SECOND + 60, None)),
        5,
        Reason::TokenAudience,
    );
    refused(
        &mut bench,
        &with(token("localhost/devices/DEVICE-1", FIRST_DEVICE_KEY, SECOND + 60, None)),
        5,
        Reason::TokenAudience,
    );
    refused(&mut bench, &with("password".to_owned()), 5, Reason::MalformedToken);
    refused(&mut bench, &with(String::new()), 5, Reason::PasswordMissing);
    let unknown = Hello { client_id: "nobody".into(), user_name: "localhost/nobody/".into(), ..good.clone() };
    refused(&mut bench, &unknown, 5, Reason::UnknownDevice);
    let other_id = Hello { client_id: "random-123".into(), ..good.clone() };
    refused(&mut bench, &other_id, 5, Reason::ClientIdMismatch);
    let case = Hello { client_id: "Device-1".into(), ..good.clone() };
    refused(&mut bench, &case, 5, Reason::ClientIdMismatch);
    let host = Hello { user_name: "else.azure-devices.net/device-1/".into(), ..good.clone() };
    refused(&mut bench, &host, 5, Reason::HostMismatch);
    let nameless = Hello { user_name: "device-1".into(), ..good };
    refused(&mut bench, &nameless, 5, Reason::BadUserName);
}

#[test]
fn no_refusal_shows_a_key_or_a_signature() {
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.password = token("localhost/devices/device-1", SERVICE_KEY, SECOND + 60, None);
    let signature = hello.password.split("sig=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let (link, _) = bench.introduce(&hello);
    let events = bench.events();
    let told = format!("{:?} {events:?}", bench.closed[&link]);
    assert!(!told.contains(&signature) && !told.contains(SERVICE_KEY) && !told.contains("sig="), "{told}");
}

#[test]
fn a_token_is_good_until_its_end_and_five_minutes() {
    // PROTOCOL 3 "Clock" and 3.1: CONNECT is accepted until se + skew, 300 s by default.
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, SECOND - 299, None);
    assert_eq!(bench.introduce(&hello).1.map(|a| a.0), Some(0));
    hello.password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, SECOND - 300, None);
    refused(&mut bench, &hello, 5, Reason::TokenExpiredAtConnect);
}

#[test]
fn a_policy_needs_device_connect() {
    // PROTOCOL 3 "Policies".
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.password = token("localhost", DEVICE_POLICY_KEY, SECOND + 60, Some("device"));
    assert_eq!(bench.introduce(&hello).1.map(|a| a.0), Some(0));
    hello.password = token("localhost", SERVICE_KEY, SECOND + 60, Some("service"));
    refused(&mut bench, &hello, 5, Reason::TokenPolicy);
}

#[test]
fn a_disabled_device_gets_3_or_by_switch_5() {
    // PROTOCOL 2.4 and 15 row 22.
    for (code, disabled_is_refused) in [(3, false), (5, true)] {
        let mut bench = Bench::with(HubConfig {
            switches: Switches { disabled_is_refused, ..Switches::default() },
            ..HubConfig::default()
        });
        let hello = bench.hello("device-1", None);
        let (status, _) = bench.call_if(
            "PUT",
            "/devices/device-1",
            "\"*\"",
            r#"{"deviceId":"device-1","status":"disabled"}"#,
        );
        assert_eq!(status, 200);
        refused(&mut bench, &hello, code, Reason::DeviceDisabled);
    }
}

#[test]
fn another_protocol_level_gets_1() {
    // PROTOCOL 2.4; the codec does not know level 3 at all.
    for (name, level) in [("MQTT", 3_u8), ("MQTT", 5), ("MQIsdp", 3)] {
        let mut bench = Bench::new();
        let link = bench.open();
        let mut packet = vec![0, u8::try_from(name.len()).unwrap()];
        packet.extend_from_slice(name.as_bytes());
        packet.extend_from_slice(&[level, 2, 0, 60, 0, 1, b'd']);
        let mut bytes = vec![0x10, u8::try_from(packet.len()).unwrap()];
        bytes.extend_from_slice(&packet);
        bench.feed(link, &bytes);
        let Some(Packet::ConnAck(ack)) = bench.take(link) else { panic!("no CONNACK for {name} {level}") };
        assert_eq!(ack.code as u8, 1, "{name} {level}");
        assert_eq!(bench.reason(link), Some(Reason::ProtocolLevel));
    }
}

#[test]
fn the_first_packet_is_connect_and_there_is_no_second_one() {
    // PROTOCOL 1 "First packet".
    let mut bench = Bench::new();
    let link = bench.open();
    let mut ping = Vec::new();
    write_pingreq(&mut ping);
    bench.feed(link, &ping);
    assert_eq!(bench.reason(link), Some(Reason::ConnectExpected));

    let hello = bench.hello("device-1", None);
    let (link, _) = bench.introduce(&hello);
    let mut again = Vec::new();
    let connect = iothub_protocol::packet::Connect::new("device-1");
    iothub_protocol::packet::write_connect(&mut again, &connect).unwrap();
    bench.feed(link, &again);
    assert_eq!(bench.reason(link), Some(Reason::SecondConnect));
}

#[test]
fn connect_has_a_minute() {
    let mut bench = Bench::new();
    let link = bench.open();
    bench.pass(59_999);
    assert_eq!(bench.reason(link), None);
    bench.pass(1);
    assert_eq!(bench.reason(link), Some(Reason::ConnectTimeout));
}

#[test]
fn ten_thousand_sockets_without_connect_are_bounded() {
    let mut bench = Bench::new();
    let guest = bench.connect("device-1");
    let links: Vec<_> = (0..10_000).map(|_| bench.open()).collect();
    assert_eq!(bench.closed.len(), 10_000 - 4096);
    assert_eq!(bench.reason(links[0]), Some(Reason::ConnectTimeout));
    assert_eq!(bench.reason(links[9_999]), None);
    assert_eq!(bench.reason(guest), None);
    bench.ping(guest);
    assert!(matches!(bench.take(guest), Some(Packet::PingResp)));
}

#[test]
fn a_new_link_takes_the_old_one_over() {
    // PROTOCOL 2.3 "One link per identity".
    let mut bench = Bench::new();
    let first = bench.connect("device-1");
    let second = bench.connect("device-1");
    assert_eq!(bench.reason(first), Some(Reason::TakenOver));
    assert_eq!(bench.reason(second), None);
    let states: Vec<_> =
        bench.events_of("connection").iter().map(|e| e["reason"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["accepted", "taken-over", "accepted"]);
}

#[test]
fn a_refused_connect_takes_nothing_over() {
    let mut bench = Bench::new();
    let first = bench.connect("device-1");
    let mut hello = bench.hello("device-1", None);
    hello.password = token("localhost/devices/device-1", SERVICE_KEY, SECOND + 60, None);
    bench.introduce(&hello);
    assert_eq!(bench.reason(first), None);
}

#[test]
fn require_api_version_is_a_switch() {
    // PROTOCOL 15 row 5.
    let mut bench = Bench::with(HubConfig {
        switches: Switches { require_api_version: true, ..Switches::default() },
        ..HubConfig::default()
    });
    let mut hello = bench.hello("device-1", None);
    assert_eq!(bench.introduce(&hello).1.map(|a| a.0), Some(0));
    hello.user_name = "localhost/device-1/".to_owned();
    refused(&mut bench, &hello, 5, Reason::BadUserName);
}
