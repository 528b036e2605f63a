//! The statements of MQTT 3.1.1 for which a server has to close the connection, one by one, as bytes.

use crate::support::Bench;
use iothub_hub::{LinkId, Reason};
use iothub_protocol::packet::Packet;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EVENTS: &str = "devices/device-1/messages/events/";
const TWINS: &str = "$iothub/twin/res/#";

/// A packet: its first byte, and its body behind the length.
fn packet(first: u8, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let more = length > 127;
        bytes.push(u8::try_from(length & 127).unwrap() | if more { 128 } else { 0 });
        length >>= 7;
        if !more {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat()
}

fn publish(first: u8, topic: impl AsRef<[u8]>, rest: &[u8]) -> Vec<u8> {
    packet(first, &[&text(topic), rest])
}

fn subscribe(first: u8, id: u16, filters: &[(&str, u8)]) -> Vec<u8> {
    let filters: Vec<u8> = filters.iter().flat_map(|(f, qos)| [text(f), vec![*qos]].concat()).collect();
    packet(first, &[&id.to_be_bytes(), &filters])
}

fn unsubscribe(first: u8, id: u16, filters: &[&str]) -> Vec<u8> {
    packet(first, &[&id.to_be_bytes(), &filters.iter().flat_map(text).collect::<Vec<u8>>()])
}

/// A CONNECT of the first device, by its parts.
struct Parts {
    first: u8,
    name: &'static str,
    level: u8,
    flags: u8,
    client_id: Vec<u8>,
    will: Option<(Vec<u8>, Vec<u8>)>,
    user_name: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
    behind: &'static [u8],
}

fn parts(bench: &Bench) -> Parts {
    let hello = bench.hello("device-1", None);
    Parts {
        first: 0x10,
        name: "MQTT",
        level: 4,
        flags: 0xc0,
        client_id: hello.client_id.into_bytes(),
        will: None,
        user_name: Some(hello.user_name.into_bytes()),
        password: Some(hello.password.into_bytes()),
        behind: &[],
    }
}

impl Parts {
    fn bytes(&self) -> Vec<u8> {
        let will = self.will.iter().flat_map(|(topic, body)| [text(topic), text(body)].concat());
        let login = self.user_name.iter().chain(&self.password).flat_map(text);
        packet(
            self.first,
            &[
                &text(self.name),
                &[self.level, self.flags, 0, 240],
                &text(&self.client_id),
                &will.collect::<Vec<u8>>(),
                &login.collect::<Vec<u8>>(),
                self.behind,
            ],
        )
    }
}

/// The connection ends without a packet, and the hub says why.
fn refused(bench: &mut Bench, link: LinkId, statement: &str, reason: Reason) {
    assert_eq!(bench.reason(link), Some(reason), "{statement}: {:?}", bench.closed.get(&link));
    assert!(bench.take(link).is_none(), "{statement}: a packet was sent");
    let told = bench.events();
    assert!(told.iter().any(|event| event["reason"] == reason.code()), "{statement}: {told:?}");
    assert!(told.iter().all(|event| event["type"] != "telemetry"), "{statement}: the message was taken");
}

/// What must end a connection that was let in.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let with_nul = [EVENTS, "a=\0"].concat();
    let surrogate = [EVENTS.as_bytes(), &[0xed, 0xa0, 0x80]].concat();
    let overlong = [EVENTS.as_bytes(), &[0xc0, 0x80]].concat();
    let events = || text(EVENTS);
    let mut cases = vec![
        ("1.5.3-1 surrogate in a topic", publish(0x30, surrogate, b"")),
        ("1.5.3-1 overlong U+0000", publish(0x30, overlong, b"")),
        ("1.5.3-1 filter", packet(0x82, &[&[0, 1], &text([0xff]), &[0]])),
        ("1.5.3-2 topic", publish(0x30, with_nul, b"")),
        ("1.5.3-2 filter", subscribe(0x82, 1, &[("a\0", 0)])),
        ("1.5.3-2 unsubscribed filter", unsubscribe(0xa2, 1, &["a\0"])),
        ("2.2.1 type 0", packet(0x00, &[])),
        ("2.2.1 type 15", packet(0xf0, &[b"x"])),
        ("2.2.3 a length of five bytes", vec![0x30, 0x80, 0x80, 0x80, 0x80, 0x01]),
        ("2.3.1-1 PUBLISH", packet(0x32, &[&events(), &[0, 0]])),
        ("2.3.1-1 SUBSCRIBE", subscribe(0x82, 0, &[(TWINS, 0)])),
        ("2.3.1-1 UNSUBSCRIBE", unsubscribe(0xa2, 0, &[TWINS])),
        ("2.3.1-1 PUBACK", packet(0x40, &[&[0, 0]])),
        ("3.3.1-2 DUP with QoS 0", publish(0x38, EVENTS, b"x")),
        ("3.3.1-4 QoS 3", packet(0x36, &[&events(), &[0, 1]])),
        ("3.3.2-2 + in a topic", publish(0x30, [EVENTS, "te+st=to+st"].concat(), b"")),
        ("3.3.2-2 # in a topic", publish(0x32, [EVENTS, "a=b#c"].concat(), &[0, 1])),
        ("3.3.2-2 a filter as a topic", publish(0x30, [EVENTS, "#"].concat(), b"")),
        ("3.3.2-2 twin request", publish(0x30, "$iothub/twin/GET/?$rid=6#", b"")),
        ("3.3.2-2 method answer", publish(0x30, "$iothub/methods/res/200/?$rid=+1", b"")),
        ("4.7.3-1 empty topic", publish(0x30, "", b"x")),
        ("3.3 topic cut off", packet(0x30, &[&[0, 9], b"abc"])),
        ("3.3 packet id cut off", packet(0x32, &[&events(), &[1]])),
        ("3.4 PUBACK without an id", packet(0x40, &[])),
        ("3.4 PUBACK with a body", packet(0x40, &[&[0, 1, 0]])),
        ("3.8.3-3 no filter", subscribe(0x82, 1, &[])),
        ("3.8.3-4 QoS 3", subscribe(0x82, 1, &[(TWINS, 3)])),
        ("3.8.3-4 reserved bits", subscribe(0x82, 1, &[(TWINS, 0x80)])),
        ("3.8.3 no QoS", packet(0x82, &[&[0, 1], &text(TWINS)])),
        ("4.7.1-2 # within a level", subscribe(0x82, 1, &[("$iothub/twin/res#", 0)])),
        ("4.7.1-2 # not last", subscribe(0x82, 1, &[("#/res", 0)])),
        ("4.7.1-3 + within a level", subscribe(0x82, 1, &[("devices/d+/messages/devicebound/#", 0)])),
        ("4.7.3-1 empty filter", subscribe(0x82, 1, &[("", 0)])),
        ("3.10.3-2 no filter", unsubscribe(0xa2, 1, &[])),
        ("3.12 PINGREQ with a body", packet(0xc0, &[b"x"])),
        ("3.14 DISCONNECT with a body", packet(0xe0, &[b"x"])),
    ];
    for (statement, mut bytes, flags) in [
        ("3.4.1 PUBACK", packet(0x40, &[&[0, 1]]), 0),
        ("3.5.1 PUBREC", packet(0x50, &[&[0, 1]]), 0),
        ("3.6.1-1 PUBREL", packet(0x62, &[&[0, 1]]), 2),
        ("3.7.1 PUBCOMP", packet(0x70, &[&[0, 1]]), 0),
        ("3.8.1-1 SUBSCRIBE", subscribe(0x82, 1, &[(TWINS, 0)]), 2),
        ("3.10.1-1 UNSUBSCRIBE", unsubscribe(0xa2, 1, &[TWINS]), 2),
        ("3.12.1 PINGREQ", packet(0xc0, &[]), 0),
        ("3.14.1-1 DISCONNECT", packet(0xe0, &[]), 0),
    ] {
        for wrong in (0..16).filter(|wrong| *wrong != flags) {
            bytes[0] = bytes[0] & 0xf0 | wrong;
            cases.push((statement, bytes.clone()));
        }
    }
    cases
}

#[test]
fn what_is_no_mqtt_ends_the_connection() {
    for (statement, bytes) in malformed() {
        let mut bench = Bench::new();
        let link = bench.connect("device-1");
        bench.events();
        bench.feed(link, &bytes);
        refused(&mut bench, link, statement, Reason::MalformedPacket);
        // The packet may come in pieces.
        let link = bench.connect("device-1");
        bench.events();
        bytes.iter().for_each(|byte| bench.feed(link, &[*byte]));
        refused(&mut bench, link, statement, Reason::MalformedPacket);
    }
}

#[test]
fn what_only_a_server_sends_ends_the_connection() {
    for (statement, bytes) in [
        ("CONNACK", packet(0x20, &[&[0, 0]])),
        ("SUBACK", packet(0x90, &[&[0, 1, 0]])),
        ("UNSUBACK", packet(0xb0, &[&[0, 1]])),
        ("PINGRESP", packet(0xd0, &[])),
        ("PUBREC", packet(0x50, &[&[0, 1]])),
        ("PUBREL", packet(0x62, &[&[0, 1]])),
        ("PUBCOMP", packet(0x70, &[&[0, 1]])),
    ] {
        let mut bench = Bench::new();
        let link = bench.connect("device-1");
        bench.events();
        bench.feed(link, &bytes);
        refused(&mut bench, link, statement, Reason::UnexpectedPacket);
        let link = bench.open();
        bench.feed(link, &bytes);
        refused(&mut bench, link, "3.1.0-1 CONNECT comes first", Reason::ConnectExpected);
    }
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.events();
    let again = parts(&bench).bytes();
    bench.feed(link, &again);
    refused(&mut bench, link, "3.1.0-2 CONNECT comes once", Reason::SecondConnect);
}

#[test]
fn a_connect_that_is_none_is_not_answered() {
    type Change = fn(&mut Parts);
    const WILL: u8 = 0xc4;
    let cases: [(&str, Change); 17] = [
        ("2.2.2-2 flags", |p| p.first = 0x11),
        ("3.1.2-1 protocol name", |p| p.name = "MQTX"),
        ("3.1.2-3 reserved flag", |p| p.flags |= 1),
        ("3.1.2-13 will QoS without a will", |p| p.flags |= 0x08),
        ("3.1.2-15 will retain without a will", |p| p.flags |= 0x20),
        ("3.1.2-14 will QoS 3", |p| (p.flags, p.will) = (WILL | 0x18, Some((EVENTS.into(), vec![])))),
        ("3.1.2-22 password without a user name", |p| (p.flags, p.user_name) = (0x40, None)),
        ("3.1.2-19 user name missing", |p| (p.user_name, p.password) = (None, None)),
        ("3.1.4-1 bytes behind", |p| p.behind = b"x"),
        ("3.1.4-1 password behind, without its flag", |p| p.flags = 0x80),
        ("3.1.4-1 will missing", |p| p.flags = WILL),
        ("1.5.3-1 client id", |p| p.client_id = vec![0xff]),
        ("1.5.3-2 client id", |p| p.client_id.push(0)),
        ("1.5.3-2 user name", |p| p.user_name = Some(b"localhost/device-1\0".to_vec())),
        ("1.5.3-2 will topic", |p| (p.flags, p.will) = (WILL, Some((vec![0], vec![])))),
        ("3.3.2-2 will topic", |p| (p.flags, p.will) = (WILL, Some((b"a/#".to_vec(), vec![])))),
        ("4.7.3-1 will topic", |p| (p.flags, p.will) = (WILL, Some((vec![], vec![])))),
    ];
    for (statement, change) in cases {
        let mut bench = Bench::new();
        let mut connect = parts(&bench);
        change(&mut connect);
        let link = bench.open();
        bench.feed(link, &connect.bytes());
        refused(&mut bench, link, statement, Reason::MalformedPacket);
    }
    for level in [3, 5, 6, 0x84] {
        let mut bench = Bench::new();
        let connect = Parts { level, behind: b"properties", ..parts(&bench) };
        let link = bench.open();
        bench.feed(link, &connect.bytes());
        assert_eq!(bench.reason(link), Some(Reason::ProtocolLevel), "3.1.2-2");
        assert!(matches!(bench.take(link), Some(Packet::ConnAck(ack)) if ack.code as u8 == 1));
    }
}

#[test]
fn what_only_looks_odd_is_taken() {
    let mut bench = Bench::new();
    let connect = Parts { flags: 0xec, will: Some((EVENTS.into(), vec![0, 0xff])), ..parts(&bench) };
    let link = bench.open();
    bench.feed(link, &connect.bytes());
    assert!(matches!(bench.take(link), Some(Packet::ConnAck(ack)) if ack.code as u8 == 0));
    let byte_order_mark = [EVENTS, "a=\u{feff}"].concat();
    for bytes in [
        // A length may be written longer than it has to be, and a body may hold anything.
        vec![0xc0, 0x80, 0x00],
        publish(0x30, byte_order_mark, b"\0+#"),
        publish(0x3a, EVENTS, &[0, 7]),
        publish(0x30, [EVENTS, "a=%2B%23%00"].concat(), b""),
        packet(0x40, &[&[0, 99]]),
        subscribe(0x82, 65_535, &[("devices/+/messages/devicebound/#", 2), (TWINS, 0)]),
        unsubscribe(0xa2, 1, &["never/subscribed", "+/+/#", "/"]),
    ] {
        bench.feed(link, &bytes);
        assert_eq!(bench.reason(link), None, "{bytes:?}: {:?}", bench.closed.get(&link));
    }
    assert_eq!(bench.events_of("telemetry").len(), 3);
}
