//! The golden vectors of `tests/vectors/`: taken from the specifications and from what the official SDKs send.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iothub_protocol::packet::{self, Decoder, Packet, QoS};
use iothub_protocol::sas::{self, Key, Token};
use iothub_protocol::{bag, time};
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn sas_vectors() -> Value {
    json(include_str!("../../tests/vectors/sas.json"))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    let list = value[name].as_array().unwrap();
    assert!(!list.is_empty(), "{name} is empty");
    list
}

fn token_of(vector: &Value) -> Token {
    let signature = iothub_protocol::percent::encode_strict(text(vector, "signature"));
    let policy = vector["keyName"].as_str().map(|name| format!("&skn={name}")).unwrap_or_default();
    let resource = text(vector, "resource");
    Token::parse(&format!(
        "SharedAccessSignature sr={resource}&sig={signature}&se={}{policy}",
        vector["expiry"]
    ))
    .unwrap()
}

#[test]
fn every_sas_vector_is_made_and_checked() {
    for vector in list(&sas_vectors(), "vectors") {
        let key = Key::from_base64(text(vector, "key")).unwrap();
        let signed = format!("{}\n{}", text(vector, "resource"), vector["expiry"]);
        assert_eq!(key.sign(&signed), text(vector, "signature"), "{vector}");
        let token = token_of(vector);
        assert!(token.is_signed_by([&key]), "{vector}");
        assert!(!token.is_signed_by([&Key::from_bytes(b"another key, sixteen")]));
        assert_eq!(token.policy(), vector["keyName"].as_str());
    }
}

#[test]
fn whole_tokens_of_the_sdks_are_taken_apart() {
    let all = sas_vectors();
    for row in list(&all, "tokens") {
        let vector = list(&all, "vectors").iter().find(|v| v["name"] == row["vector"]).unwrap();
        let token = Token::parse(text(row, "token")).unwrap();
        assert_eq!(token.expires(), vector["expiry"].as_u64().unwrap());
        assert!(token.is_signed_by([&Key::from_base64(text(vector, "key")).unwrap()]), "{row}");
        assert_eq!(token.policy(), vector["keyName"].as_str(), "an empty skn is no policy: {row}");
    }
}

#[test]
fn our_token_is_the_golden_one() {
    let all = sas_vectors();
    let key = Key::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let audience = sas::device_audience("myhub.azure-devices.net", "dev-1", None);
    let token = sas::make_token(&audience, &key, 1_735_689_600, None);
    assert_eq!(token.expose(), text(&list(&all, "tokens")[0], "token"));
}

#[test]
fn trap_40_a_device_is_let_in_with_any_escaping_of_sr_and_its_own_signature() {
    let all = sas_vectors();
    let rule = &all["authorisation"];
    let find = |name: &str| list(&all, "vectors").iter().find(|v| v["name"] == name).unwrap();
    for name in list(rule, "accepted") {
        let token = token_of(find(name.as_str().unwrap()));
        assert!(token.covers(text(rule, "host"), text(rule, "deviceId"), None), "{name}");
        assert!(!token.covers(text(rule, "host"), "dev-10", None));
        assert!(!token.covers(text(rule, "host"), "DEV-1", None));
        assert!(!token.covers("other.azure-devices.net", text(rule, "deviceId"), None));
    }
    // A's signature under A2's `sr` is nobody's.
    let mut mixed = find("A2").clone();
    mixed["signature"] = find("A")["signature"].clone();
    let key = Key::from_base64(text(find("A"), "key")).unwrap();
    assert!(!token_of(&mixed).is_signed_by([&key]));
}

#[test]
fn group_keys_derive_device_keys() {
    for row in list(&sas_vectors(), "derivedKeys") {
        let group = Key::from_base64(text(row, "groupKey")).unwrap();
        assert_eq!(
            sas::derive_device_key(&group, text(row, "registrationId")).expose(),
            text(row, "deviceKey")
        );
    }
}

#[test]
fn every_bag_says_what_it_should() {
    for row in list(&json(include_str!("../../tests/vectors/bags.json")), "bags") {
        let read = if text(row, "direction") == "device-to-hub" { bag::read } else { bag::read_devicebound };
        let properties: Vec<Value> =
            read(text(row, "bag")).into_iter().map(|p| serde_json::json!([p.name, p.value])).collect();
        assert_eq!(Value::from(properties), row["properties"], "{}", row["name"]);
    }
}

#[test]
fn expiry_times_of_bags_are_times() {
    assert_eq!(time::parse_millis("2030-07-19T23:06:40.0000000Z"), Some(1_910_732_800_000));
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn read_packet(bytes: &[u8]) -> Packet {
    let mut decoder = Decoder::new(1 << 20);
    decoder.push(bytes);
    decoder.next_packet().unwrap().unwrap()
}

/// Writes a packet again from what was read; the bytes must be the vector's.
fn write_packet(packet: &Packet) -> Vec<u8> {
    let mut out = Vec::new();
    match packet {
        Packet::Connect(connect) => packet::write_connect(&mut out, connect).unwrap(),
        Packet::ConnAck(ack) => packet::write_connack(&mut out, ack.session_present, ack.code as u8),
        Packet::Publish(p) => {
            packet::write_publish(&mut out, &p.topic, &p.payload, p.qos, p.pkid, p.dup).unwrap();
        }
        Packet::Subscribe(s) => {
            let filters: Vec<_> = s.filters.iter().map(|f| (f.path.clone(), f.qos)).collect();
            packet::write_subscribe(&mut out, s.pkid, &filters).unwrap();
        }
        Packet::SubAck(ack) => packet::write_suback(&mut out, ack.pkid, &ack.return_codes),
        Packet::PubAck(ack) => packet::write_puback(&mut out, ack.pkid),
        Packet::UnsubAck(ack) => packet::write_unsuback(&mut out, ack.pkid),
        Packet::PingReq => packet::write_pingreq(&mut out),
        Packet::PingResp => packet::write_pingresp(&mut out),
        Packet::Disconnect => packet::write_disconnect(&mut out),
        other => panic!("no vector has {other:?}"),
    }
    out
}

#[test]
fn every_packet_is_read_and_written_byte_for_byte() {
    for row in list(&json(include_str!("../../tests/vectors/packets.json")), "packets") {
        let bytes = bytes_of(text(row, "hex"));
        let packet = read_packet(&bytes);
        assert_eq!(write_packet(&packet), bytes, "{}", row["name"]);
        let fields = &row["fields"];
        match packet {
            Packet::Connect(c) => {
                let login = c.login.unwrap();
                assert_eq!(c.client_id, text(fields, "clientId"));
                assert_eq!(login.username, text(fields, "userName"));
                assert_eq!(login.password, text(fields, "password"));
                assert_eq!(
                    (Value::from(c.keep_alive), Value::from(c.clean_session)),
                    (fields["keepAlive"].clone(), fields["cleanSession"].clone())
                );
            }
            Packet::Publish(p) => {
                assert_eq!(p.topic, text(fields, "topic"));
                assert_eq!(p.qos == QoS::AtLeastOnce, fields["qos"] == 1);
            }
            Packet::ConnAck(ack) => assert_eq!(Value::from(ack.session_present), fields["sessionPresent"]),
            _ => {}
        }
    }
}
