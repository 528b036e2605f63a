//! A hub without a shell, for the targets that drive one: links, time, requests, and the rules for what comes out.

use iothub_hub::{
    FIRST_DEVICE, Hub, HubConfig, LinkId, Now, Opened, Output, Reply, Request, Response, Transport,
};
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::packet::{Connect, Decoder, Packet, QoS, write_connect};
use iothub_protocol::sas::{self, Key};
use iothub_protocol::twin::{self, Rules, Section};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// 2027-01-01T00:00:00Z in milliseconds.
const START_UNIX_MS: u64 = 1_798_761_600_000;
/// 2100-01-01T00:00:00Z in seconds.
const TOKEN_ENDS: u64 = 4_102_444_800;
/// Events that this hub keeps.
pub(crate) const EVENTS_KEPT: usize = 64;
/// Deadlines that may be met without time going on.
const PATIENCE: usize = 1000;

/// What one link has shown.
#[derive(Debug, Default)]
struct Seen {
    packets: usize,
    flying: BTreeSet<u16>,
}

/// A hub and its links.
#[derive(Debug)]
pub(crate) struct HubBench {
    pub(crate) hub: Hub,
    pub(crate) now: Now,
    links: BTreeMap<LinkId, Seen>,
    next_link: u64,
    pub(crate) received: Vec<(LinkId, Packet)>,
}

impl HubBench {
    pub(crate) fn new() -> Self {
        let now = Now::new(1000, START_UNIX_MS);
        let config =
            HubConfig { events_kept: EVENTS_KEPT, event_bytes_kept: 1 << 16, ..HubConfig::default() };
        Self {
            hub: Hub::new(config, 7, now),
            now,
            links: BTreeMap::new(),
            next_link: 0,
            received: Vec::new(),
        }
    }

    pub(crate) fn open(&mut self) -> LinkId {
        self.next_link += 1;
        let link = LinkId(self.next_link);
        self.links.insert(link, Seen::default());
        let opened = Opened { transport: Transport::WebSocket, certificate: None };
        self.hub.handle_opened(link, opened, self.now);
        self.drain();
        link
    }

    /// The links that are open.
    pub(crate) fn open_links(&self) -> Vec<LinkId> {
        self.links.keys().copied().collect()
    }

    pub(crate) fn feed(&mut self, link: LinkId, bytes: &[u8]) {
        self.hub.handle_bytes(link, bytes, self.now);
        self.drain();
    }

    pub(crate) fn lose(&mut self, link: LinkId) {
        self.links.remove(&link);
        self.hub.handle_closed(link, self.now);
        self.drain();
    }

    /// Lets time pass; every deadline on the way is met.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now.mono_ms + ms;
        let mut at_one_moment = 0;
        while let Some(due) = self.hub.poll_timeout().filter(|due| *due <= end) {
            at_one_moment = if due > self.now.mono_ms { 0 } else { at_one_moment + 1 };
            assert!(at_one_moment < PATIENCE, "the hub spins at {due}");
            self.advance_to(due.max(self.now.mono_ms));
            self.hub.handle_timeout(self.now);
            self.drain();
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, mono_ms: u64) {
        let step = mono_ms - self.now.mono_ms;
        self.now = Now::new(mono_ms, self.now.unix_ms + step);
    }

    /// Carries out what the hub asks for, and checks it.
    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Transmit { link, bytes } => self.sent(link, &bytes),
                Output::Close { link, .. } => {
                    self.links.remove(&link);
                }
                Output::Admitted { .. } | Output::MethodAnswered { .. } => {}
            }
        }
    }

    fn sent(&mut self, link: LinkId, bytes: &[u8]) {
        let mut decoder = Decoder::new(usize::MAX);
        decoder.push(bytes);
        let mut packets = Vec::new();
        while let Some(packet) = decoder.next_packet().expect("the hub writes MQTT") {
            packets.push(packet);
        }
        assert_eq!(decoder.pending_bytes(), 0, "the hub writes whole packets");
        for packet in packets {
            if let Some(seen) = self.links.get_mut(&link) {
                seen.check(&packet);
            }
            self.received.push((link, packet));
        }
    }

    /// A client has acknowledged.
    pub(crate) fn acknowledged(&mut self, link: LinkId, id: u16) {
        if let Some(seen) = self.links.get_mut(&link) {
            seen.flying.remove(&id);
        }
    }

    pub(crate) fn request(&mut self, method: &str, path: &str, body: &[u8]) -> Option<Response> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![("host".to_owned(), "localhost:4280".to_owned())],
            body: body.to_vec(),
        };
        self.ask(&request)
    }

    /// Asks; none when the answer is a device's, which comes later or never.
    pub(crate) fn ask(&mut self, request: &Request) -> Option<Response> {
        let reply = self.hub.handle_request(request, self.now);
        self.drain();
        match reply {
            Reply::Now(response) => Some(response),
            Reply::Method(_) => None,
        }
    }

    /// A JSON answer of `/local`.
    pub(crate) fn local(&mut self, method: &str, path: &str, body: &[u8]) -> Value {
        let response = self.request(method, path, body).expect("this call is answered at once");
        serde_json::from_slice(&response.body).unwrap_or(Value::Null)
    }

    /// What holds after any input: bounds, legal twins, and an export that another hub takes.
    pub(crate) fn check(&self) {
        let kept = self.hub.events_after(0, usize::MAX).events.len();
        assert!(kept <= EVENTS_KEPT, "{kept} events are kept");
        let mut export = self.hub.export();
        for identity in export["devices"].as_array().map_or(&[][..], Vec::as_slice) {
            check_identity(identity);
        }
        let mut other = self.import(&export);
        // Messages are numbered anew by the hub that takes them.
        assert_eq!(
            self.import(&other),
            other,
            "an import is the export's mirror, numbers of messages and all"
        );
        without_numbers(&mut export);
        without_numbers(&mut other);
        assert_eq!(other, export, "an import is the export's mirror");
    }

    /// What another hub exports that has imported this.
    fn import(&self, export: &Value) -> Value {
        let mut other = Hub::new(HubConfig { first_device: None, ..HubConfig::default() }, 8, self.now);
        other.import(export, false, self.now).expect("a hub takes what a hub gave");
        other.export()
    }
}

fn without_numbers(export: &mut Value) {
    let devices = export["devices"].as_array_mut().into_iter().flatten();
    for message in devices.filter_map(|device| device.get_mut("messages")?.as_array_mut()).flatten() {
        message["sequence"] = Value::Null;
    }
}

fn check_identity(identity: &Value) {
    let id = identity["deviceId"].as_str().unwrap_or_default();
    Identity::new(id, identity["moduleId"].as_str()).expect("an id that the registry has is legal");
    let waiting = identity["messages"].as_array().map_or(0, Vec::len);
    assert!(waiting <= limits::C2D_QUEUE, "{waiting} messages wait");
    let properties = &identity["properties"];
    let sections = [
        (Section::Tags, &identity["tags"]),
        (Section::Desired, &properties["desired"]),
        (Section::Reported, &properties["reported"]),
    ];
    for (section, value) in sections {
        let Some(mut fields) = value.as_object().cloned() else { continue };
        fields.retain(|name, _| !name.starts_with('$'));
        let value = Value::Object(fields);
        let fields = twin::checked(&value, Rules::TODAY).expect("what a twin has is legal");
        twin::check_size(section, fields, Rules::TODAY).expect("a section is within its bound");
    }
}

impl Seen {
    fn check(&mut self, packet: &Packet) {
        self.packets += 1;
        let first = self.packets == 1;
        assert_eq!(first, matches!(packet, Packet::ConnAck(_)), "CONNACK is the first packet, and once");
        match packet {
            Packet::Publish(publish) => {
                assert_ne!(publish.qos, QoS::ExactlyOnce, "the hub sends no QoS 2");
                if publish.qos == QoS::AtLeastOnce {
                    assert_ne!(publish.pkid, 0);
                    self.flying.insert(publish.pkid);
                }
            }
            Packet::ConnAck(_) | Packet::PubAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_) => {}
            Packet::PingResp => {}
            other => panic!("the hub sent {other:?}"),
        }
    }
}

/// A CONNECT that the hub lets in, as far as its token goes.
pub(crate) fn connect(
    device: &str,
    module: Option<&str>,
    clean: bool,
    will: Option<(String, Vec<u8>)>,
) -> Vec<u8> {
    let identity = Identity { device_id: device.to_owned(), module_id: module.map(str::to_owned) };
    let mut connect = Connect::new(identity.client_id());
    connect.clean_session = clean;
    connect.keep_alive = 240;
    connect.set_login(format!("localhost/{identity}/?api-version=2021-04-12"), token(device));
    connect.last_will = will.map(|(topic, message)| iothub_protocol::packet::LastWill {
        topic,
        message: message.into(),
        qos: QoS::AtLeastOnce,
        retain: false,
    });
    let mut out = Vec::new();
    // What does not fit into a CONNECT is no input of a hub.
    let _ = write_connect(&mut out, &connect);
    out
}

/// The first device signs with its own key, the others come with the policy `device`.
fn token(device: &str) -> String {
    let (sr, key, policy) = match device {
        FIRST_DEVICE => ("localhost%2Fdevices%2Fdevice-1", iothub_hub::FIRST_DEVICE_KEY, None),
        _ => ("localhost", iothub_hub::DEVICE_POLICY_KEY, Some("device")),
    };
    let key = Key::from_base64(key).expect("the hub's constants are keys");
    sas::make_token(sr, &key, TOKEN_ENDS, policy).expose().to_owned()
}

/// The header of a service call that may do everything.
pub(crate) fn owner_token() -> String {
    let key = Key::from_base64(iothub_hub::OWNER_KEY).expect("the hub's constants are keys");
    sas::make_token("localhost", &key, TOKEN_ENDS, Some("iothubowner")).expose().to_owned()
}
