//! One MQTT link on one socket: bytes in, packets out of them, and one buffer of all that is due.

use crate::config::{Config, Options};
use crate::io::SocketId;
use crate::mqtt::KeepAlive;
use iothub_protocol::identity::{API_VERSION, UserName};
use iothub_protocol::limits::PACKET_BYTES;
use iothub_protocol::packet::{self, Connect, Decoder, LastWill, Login, Packet, PacketError, Protocol, QoS};
use iothub_protocol::secret::Secret;
use iothub_protocol::topic;

/// A link, from the opening of its socket to its end.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) socket: SocketId,
    decoder: Decoder,
    /// All that is due; leaves as one frame.
    pub(crate) out: Vec<u8>,
    pub(crate) keep_alive: KeepAlive,
    /// When CONNACK came.
    pub(crate) connected_at: Option<u64>,
    /// Bytes that the socket still holds, as the driver last said.
    pub(crate) buffered: usize,
}

impl Link {
    pub(crate) fn new(socket: SocketId, now: u64) -> Self {
        Self {
            socket,
            decoder: Decoder::new(PACKET_BYTES),
            out: Vec::new(),
            keep_alive: KeepAlive::new(now),
            connected_at: None,
            buffered: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8], now: u64) {
        self.keep_alive.heard(now);
        self.decoder.push(bytes);
    }

    pub(crate) fn next_packet(&mut self) -> Result<Option<Packet>, PacketError> {
        self.decoder.next_packet()
    }

    pub(crate) fn ping(&mut self, now: u64, options: &Options) {
        packet::write_pingreq(&mut self.out);
        self.keep_alive.pinged(now, options);
    }

    /// Writes the CONNECT of this device with this token.
    pub(crate) fn connect(&mut self, config: &Config, token: &Secret) -> Result<(), PacketError> {
        let mut connect = Connect {
            protocol: Protocol::V4,
            keep_alive: config.options.keep_alive_seconds,
            client_id: config.identity.client_id(),
            clean_session: config.clean_session,
            last_will: config.will.as_ref().map(|will| {
                let topic = topic::telemetry_prefix(&config.identity) + &will.bag;
                LastWill::new(topic, will.body.clone(), will.qos, false)
            }),
            login: None,
        };
        connect.login = Some(Login::new(user_name(config), token.expose().to_owned()));
        packet::write_connect(&mut self.out, &connect)
    }

    /// Appends a QoS 0 PUBLISH of the hub's own topics, whose length is known to be short.
    pub(crate) fn publish(&mut self, topic: &str, body: &[u8]) -> Result<(), PacketError> {
        packet::write_publish(&mut self.out, topic, body, QoS::AtMostOnce, 0, false)
    }
}

fn user_name(config: &Config) -> String {
    let mut client_type = concat!("iothub-wasm/", env!("CARGO_PKG_VERSION")).to_owned();
    if let Some(info) = &config.product_info {
        client_type.push(' ');
        client_type.push_str(info);
    }
    UserName {
        host: config.host.clone(),
        identity: config.identity.clone(),
        api_version: Some(API_VERSION.to_owned()),
        model_id: config.model_id.clone(),
        client_type: Some(client_type),
    }
    .write()
}
