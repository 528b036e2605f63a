//! Small readings for pages that explain: a packet taken apart, a connection string checked. No secrets go out.

use crate::errors;
use iothub_device::Config;
use iothub_protocol::connection_string::ConnectionString;
use iothub_protocol::packet::{Decoder, Packet, Publish, QoS};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a property of a fresh plain object can not fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

/// Reads one packet for an inspector: `{ type, … }` with the fields that its type has; none when it is no packet.
#[wasm_bindgen(js_name = decodePacket)]
#[must_use]
pub fn decode_packet(bytes: &[u8]) -> Option<Object> {
    let mut decoder = Decoder::new(bytes.len());
    decoder.push(bytes);
    Some(match decoder.next_packet().ok()?? {
        Packet::Connect(connect) => {
            let login = connect.login.unwrap_or_else(|| iothub_protocol::packet::Login::new("", ""));
            object(&[
                ("type", "CONNECT".into()),
                ("clientId", connect.client_id.into()),
                ("userName", login.username.into()),
                ("password", login.password.into()),
                ("keepAlive", connect.keep_alive.into()),
                ("cleanSession", connect.clean_session.into()),
            ])
        }
        Packet::ConnAck(ack) => object(&[
            ("type", "CONNACK".into()),
            ("sessionPresent", ack.session_present.into()),
            ("returnCode", (ack.code as u8).into()),
        ]),
        Packet::Publish(publish) => published(&publish),
        Packet::PubAck(ack) => numbered("PUBACK", ack.pkid),
        Packet::Subscribe(subscribe) => {
            let filters: Array = subscribe.filters.iter().map(|f| JsValue::from_str(&f.path)).collect();
            let fields = numbered("SUBSCRIBE", subscribe.pkid);
            let _ = Reflect::set(&fields, &"filters".into(), &filters);
            fields
        }
        Packet::SubAck(ack) => numbered("SUBACK", ack.pkid),
        Packet::Unsubscribe(unsubscribe) => numbered("UNSUBSCRIBE", unsubscribe.pkid),
        Packet::UnsubAck(ack) => numbered("UNSUBACK", ack.pkid),
        Packet::PingReq => object(&[("type", "PINGREQ".into())]),
        Packet::PingResp => object(&[("type", "PINGRESP".into())]),
        Packet::Disconnect => object(&[("type", "DISCONNECT".into())]),
        _ => return None,
    })
}

fn numbered(kind: &str, id: u16) -> Object {
    object(&[("type", kind.into()), ("packetId", id.into())])
}

fn published(publish: &Publish) -> Object {
    object(&[
        ("type", "PUBLISH".into()),
        ("topic", publish.topic.as_str().into()),
        ("qos", (publish.qos as u8).into()),
        ("dup", publish.dup.into()),
        ("retain", publish.retain.into()),
        ("packetId", if publish.qos == QoS::AtMostOnce { JsValue::NULL } else { publish.pkid.into() }),
        ("payload", Uint8Array::from(&publish.payload[..]).into()),
    ])
}

/// Checks a device connection string and gives its parts, without the key.
///
/// # Errors
/// `[code, message, retryable]` that names what is wrong and what to do.
#[wasm_bindgen(js_name = parseConnectionString)]
pub fn parse_connection_string(text: &str) -> Result<Object, JsValue> {
    let config = Config::from_connection_string(text).map_err(|error| errors::to_js(&error))?;
    let read = ConnectionString::parse(text).unwrap_or_default();
    let has = if read.shared_access_key.is_some() { "key" } else { "sas" };
    Ok(object(&[
        ("host", config.host.as_str().into()),
        ("deviceId", config.identity.device_id.as_str().into()),
        ("moduleId", config.identity.module_id.clone().into()),
        ("gatewayHost", config.gateway_host.clone().into()),
        ("useLocalHub", config.local_port.is_some().into()),
        ("port", config.local_port.into()),
        ("credential", has.into()),
        ("url", config.url().into()),
    ]))
}
