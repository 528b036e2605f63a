//! The wire log: packets in both directions, decoded. Off until somebody asks for it, for it costs a look at
//! every packet; bounded. Passwords are shown as the audience and end of their token, never more.

use crate::hub::Hub;
use crate::link::LinkId;
use iothub_protocol::packet::{Connect, Decoder, Packet, Publish};
use iothub_protocol::sas::Token;
use iothub_protocol::time::format_millis;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// Packets that are kept.
const KEPT: usize = 1000;
/// Characters of a body that are shown.
const BODY_SHOWN: usize = 500;

/// The log.
#[derive(Debug, Default)]
pub(crate) struct PacketLog {
    pub(crate) on: bool,
    packets: VecDeque<Value>,
    last_id: u64,
}

impl PacketLog {
    /// Off and empty, with its numbers going on.
    pub(crate) fn emptied(self) -> Self {
        Self { last_id: self.last_id, ..Self::default() }
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
        if self.packets.packets.len() >= KEPT {
            self.packets.packets.pop_front();
        }
        self.packets.packets.push_back(Value::Object(row));
    }

    /// Whether the log is on, and the packets after an id.
    pub(crate) fn packets_after(&self, after: u64) -> Value {
        let rows = self.packets.packets.iter().filter(|row| row["id"].as_u64().is_some_and(|id| id > after));
        json!({ "on": self.packets.on, "packets": rows.collect::<Vec<_>>(), "lastId": self.packets.last_id })
    }

    pub(crate) fn switch_packets(&mut self, on: bool) {
        self.packets.on = on;
        if !on {
            self.packets.packets.clear();
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
