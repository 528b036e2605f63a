//! The wire log: packets in both directions, decoded. Off until somebody asks for it, for it costs a look at
//! every packet; bounded. Passwords are shown as the audience and end of their token, never more.

use crate::hub::Hub;
use crate::link::LinkId;
use iothub_protocol::packet::{Connect, Decoder, Packet, Publish};
use iothub_protocol::sas::Token;
use iothub_protocol::time::format_millis;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// Packets that are kept, and the bytes of all of them: a topic may have 64 KB.
const KEPT: usize = 1000;
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Characters of a body that are shown.
const BODY_SHOWN: usize = 500;

/// The log.
#[derive(Debug, Default)]
pub(crate) struct PacketLog {
    pub(crate) on: bool,
    /// Each with its id, as JSON text.
    packets: VecDeque<(u64, Box<str>)>,
    bytes: usize,
    last_id: u64,
}

impl PacketLog {
    /// Off and empty, with its numbers going on.
    pub(crate) fn emptied(self) -> Self {
        Self { last_id: self.last_id, ..Self::default() }
    }

    fn keep(&mut self, id: u64, row: Box<str>) {
        self.bytes += row.len();
        self.packets.push_back((id, row));
        while self.packets.len() > KEPT || (self.bytes > KEPT_BYTES && self.packets.len() > 1) {
            if let Some((_, old)) = self.packets.pop_front() {
                self.bytes -= old.len();
            }
        }
    }
}

impl Hub {
    pub(crate) fn log_incoming(&mut self, link: LinkId, packet: &Packet) {
        if self.packets.on {
            self.log_packet(link, "in", packet);
        }
    }

    /// What leaves is in one buffer; it is taken apart again.
    pub(crate) fn log_outgoing(&mut self, link: LinkId, bytes: &[u8]) {
        if !self.packets.on {
            return;
        }
        let mut decoder = Decoder::new(usize::MAX);
        decoder.push(bytes);
        while let Ok(Some(packet)) = decoder.next_packet() {
            self.log_packet(link, "out", &packet);
        }
    }

    fn log_packet(&mut self, link: LinkId, direction: &str, packet: &Packet) {
        self.packets.last_id += 1;
        let mut row = Map::new();
        let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
        put("id", json!(self.packets.last_id));
        put("at", json!(format_millis(self.wall_ms().cast_signed())));
        put("direction", json!(direction));
        put("link", json!(link.0));
        if let Some((_, identity)) = self.who(link) {
            put("deviceId", json!(identity.device_id));
            put("moduleId", json!(identity.module_id));
        }
        if let Value::Object(fields) = shown(packet) {
            row.extend(fields);
        }
        let id = self.packets.last_id;
        self.packets.keep(id, Value::Object(row).to_string().into_boxed_str());
    }

    /// Whether the log is on, and the packets after an id.
    pub(crate) fn packets_after(&self, after: u64) -> Value {
        let rows = self.packets.packets.iter().filter(|(id, _)| *id > after);
        // Each was written from a value.
        let rows: Vec<Value> = rows.map(|(_, row)| serde_json::from_str(row).unwrap_or_default()).collect();
        json!({ "on": self.packets.on, "packets": rows, "lastId": self.packets.last_id })
    }

    pub(crate) fn switch_packets(&mut self, on: bool) {
        self.packets.on = on;
        if !on {
            self.packets.packets.clear();
            self.packets.bytes = 0;
        }
    }
}

fn shown(packet: &Packet) -> Value {
    match packet {
        Packet::Connect(connect) => shown_connect(connect),
        Packet::ConnAck(ack) => {
            json!({ "type": "CONNACK", "code": ack.code as u8, "sessionPresent": ack.session_present })
        }
        Packet::Publish(publish) => shown_publish(publish),
        Packet::PubAck(ack) => json!({ "type": "PUBACK", "packetId": ack.pkid }),
        Packet::Subscribe(subscribe) => {
            let filters: Vec<Value> =
                subscribe.filters.iter().map(|f| json!([f.path, f.qos as u8])).collect();
            json!({ "type": "SUBSCRIBE", "packetId": subscribe.pkid, "filters": filters })
        }
        Packet::SubAck(ack) => {
            json!({ "type": "SUBACK", "packetId": ack.pkid, "granted": format!("{:?}", ack.return_codes) })
        }
        Packet::Unsubscribe(unsubscribe) => {
            json!({ "type": "UNSUBSCRIBE", "packetId": unsubscribe.pkid, "filters": unsubscribe.topics })
        }
        Packet::UnsubAck(ack) => json!({ "type": "UNSUBACK", "packetId": ack.pkid }),
        Packet::PingReq => json!({ "type": "PINGREQ" }),
        Packet::PingResp => json!({ "type": "PINGRESP" }),
        Packet::Disconnect => json!({ "type": "DISCONNECT" }),
        _ => json!({ "type": "QoS 2" }),
    }
}

fn shown_connect(connect: &Connect) -> Value {
    let login = connect.login.as_ref();
    let token = login.and_then(|login| Token::parse(&login.password).ok()).map(|token| {
        json!({ "audience": token.audience(), "ends": format_millis(token.expires().saturating_mul(1000).cast_signed()) })
    });
    json!({
        "type": "CONNECT",
        "clientId": connect.client_id,
        "userName": login.map(|login| &login.username),
        "token": token,
        "keepAliveSeconds": connect.keep_alive,
        "cleanSession": connect.clean_session,
        "will": connect.last_will.as_ref().map(|will| &will.topic),
    })
}

fn shown_publish(publish: &Publish) -> Value {
    let text = String::from_utf8_lossy(&publish.payload);
    json!({
        "type": "PUBLISH",
        "topic": publish.topic,
        "qos": publish.qos as u8,
        "dup": publish.dup,
        "retain": publish.retain,
        "packetId": publish.pkid,
        "bytes": publish.payload.len(),
        "body": text.chars().take(BODY_SHOWN).collect::<String>(),
    })
}
