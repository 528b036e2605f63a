//! One MQTT link on one socket: bytes in, packets out of them, and one buffer of all that is due.

use crate::config::{Config, Options};
use crate::io::SocketId;
use crate::mqtt::KeepAlive;
use iothub_protocol::device_side::{self, Hello};
use iothub_protocol::identity::{API_VERSION, UserName};
use iothub_protocol::packet::{self, PacketError, QoS};
use iothub_protocol::secret::Secret;
use iothub_protocol::topic;

/// A link, from the opening of its socket to its end.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) socket: SocketId,
    /// The beginning of a packet whose rest has not come yet.
    pub(crate) partial: Vec<u8>,
    /// All that is due; leaves as one frame.
    pub(crate) out: Vec<u8>,
    pub(crate) keep_alive: KeepAlive,
    /// When CONNACK came.
    pub(crate) connected_at: Option<u64>,
    /// The hub has answered a PINGREQ since.
    pub(crate) answered: bool,
    /// Bytes that the socket still holds, as the driver last said.
    pub(crate) buffered: usize,
}

impl Link {
    pub(crate) fn new(socket: SocketId, now: u64) -> Self {
        Self {
            socket,
            partial: Vec::new(),
            out: Vec::new(),
            keep_alive: KeepAlive::new(now),
            connected_at: None,
            answered: false,
            buffered: 0,
        }
    }

    pub(crate) fn ping(&mut self, now: u64, options: &Options) {
        packet::write_pingreq(&mut self.out);
        self.keep_alive.pinged(now, options);
    }

    /// Writes the CONNECT of this device with this token.
    pub(crate) fn connect(&mut self, config: &Config, token: &Secret) -> Result<(), PacketError> {
        let will = config.will.as_ref();
        let topic = will.map(|will| topic::telemetry_prefix(&config.identity) + &will.bag);
        let hello = Hello {
            client_id: &config.identity.client_id(),
            keep_alive: config.options.keep_alive_seconds,
            clean_session: config.clean_session,
            will: will.zip(topic.as_deref()).map(|(will, topic)| (topic, &will.body[..], will.qos)),
            user_name: &user_name(config),
            password: token.expose(),
        };
        device_side::write_connect(&mut self.out, &hello)
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
