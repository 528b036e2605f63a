//! A device under virtual time, and a hub's side that says exactly what a test writes.

use iothub_device::{
    Clock, Config, Device, Event, OpId, Output, Settlement, SocketId, State, TokenId, key_of,
};
use iothub_protocol::packet::{self, Connect, Decoder, Packet, Publish, QoS, SubscribeReasonCode};
use iothub_protocol::secret::Secret;

/// 2025-01-01T00:00:00Z, the time of the golden vectors.
pub(crate) const START: u64 = 1_735_689_600_000;
/// The key of the golden vectors: bytes 00 to 1f.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) type Outcome = Result<Settlement, iothub_device::Error>;

pub(crate) struct Bench {
    pub(crate) device: Device,
    pub(crate) now: u64,
    /// Every URL that was dialled.
    pub(crate) urls: Vec<String>,
    /// Every packet that left, with its socket.
    pub(crate) sent: Vec<Packet>,
    pub(crate) events: Vec<Event>,
    pub(crate) settled: Vec<(u32, Outcome)>,
    pub(crate) tokens_asked: Vec<(TokenId, String, u64)>,
    /// The sockets that are open or being opened.
    pub(crate) sockets: Vec<SocketId>,
    /// The one that carried the last CONNECT.
    connected: Option<SocketId>,
}

pub(crate) fn config(text: &str) -> Config {
    let config = Config::from_connection_string(text).unwrap();
    config.check().unwrap();
    config.options.check().unwrap();
    config
}

pub(crate) fn of_device(id: &str) -> Config {
    config(&format!("HostName=myhub.azure-devices.net;DeviceId={id};SharedAccessKey={KEY}"))
}

impl Bench {
    pub(crate) fn new(config: Config) -> Self {
        let device = Device::new(config, 7, Clock { now: 0, unix_ms: START });
        let (urls, sent, events, settled) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (tokens_asked, sockets) = (Vec::new(), Vec::new());
        Self { device, now: 0, urls, sent, events, settled, tokens_asked, sockets, connected: None }
    }

    /// A device that is connected, with nothing recorded yet but the CONNECT.
    pub(crate) fn online(config: Config) -> Self {
        let mut bench = Self::new(config);
        bench.connect();
        bench.connack(0);
        assert_eq!(bench.states(), [State::Connecting, State::Connected]);
        bench
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock { now: self.now, unix_ms: START + self.now }
    }

    /// Connects up to the CONNECT packet.
    pub(crate) fn connect(&mut self) {
        self.device.connect(OpId(0), Some(self.now + 600_000), self.clock()).unwrap();
        self.drain();
        self.open();
    }

    /// The newest socket opens.
    pub(crate) fn open(&mut self) {
        let socket = *self.sockets.last().unwrap();
        self.device.socket_opened(socket, self.clock());
        self.drain();
    }

    pub(crate) fn connack(&mut self, code: u8) {
        self.hub(&[0x20, 2, 0, code]);
    }

    /// The socket of the connection.
    fn link(&self) -> SocketId {
        self.connected.filter(|socket| self.sockets.contains(socket)).unwrap_or(*self.sockets.last().unwrap())
    }

    /// The hub writes these bytes on the connection.
    pub(crate) fn hub(&mut self, bytes: &[u8]) {
        let socket = self.link();
        self.device.socket_bytes(socket, bytes, self.clock());
        self.drain();
    }

    pub(crate) fn hub_publishes(&mut self, topic: &str, body: &str, qos: QoS, id: u16) {
        let mut bytes = Vec::new();
        packet::write_publish(&mut bytes, topic, body.as_bytes(), qos, id, false).unwrap();
        self.hub(&bytes);
    }

    /// The hub closes the connection without a word.
    pub(crate) fn hub_closes(&mut self) {
        self.closes(self.link());
    }

    /// This socket ends.
    pub(crate) fn closes(&mut self, socket: SocketId) {
        self.sockets.retain(|open| *open != socket);
        self.device.socket_closed(socket, 1006, self.clock());
        self.drain();
    }

    /// Confirms every SUBSCRIBE that left since the last look.
    pub(crate) fn subacks(&mut self) {
        let asked: Vec<(u16, usize)> = self
            .sent
            .iter()
            .filter_map(|packet| match packet {
                Packet::Subscribe(subscribe) => Some((subscribe.pkid, subscribe.filters.len())),
                _ => None,
            })
            .collect();
        for (id, filters) in asked {
            let mut bytes = Vec::new();
            let granted = vec![SubscribeReasonCode::Success(QoS::AtLeastOnce); filters];
            packet::write_suback(&mut bytes, id, &granted);
            self.hub(&bytes);
        }
    }

    pub(crate) fn token(&mut self, text: &str) {
        let (request, ..) = *self.tokens_asked.last().unwrap();
        self.device.token_arrived(request, Ok(Secret::new(text.to_owned())), self.clock());
        self.drain();
    }

    /// Lets time pass, waking the device whenever it asked to be woken.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(due) = self.device.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.device.handle_timeout(self.clock());
            self.drain();
        }
        self.now = end;
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.device.poll_output() {
            match output {
                Output::Open { socket, url } => {
                    self.urls.push(url);
                    self.sockets.push(socket);
                }
                Output::Transmit { socket, bytes } => {
                    let written = packets(&bytes);
                    if written.iter().any(|packet| matches!(packet, Packet::Connect(_))) {
                        self.connected = Some(socket);
                    }
                    self.sent.extend(written);
                }
                Output::Close { socket } => self.sockets.retain(|open| *open != socket),
                Output::NeedToken { request, audience, expires_at } => {
                    self.tokens_asked.push((request, audience, expires_at));
                }
                Output::ForgetToken { .. } => {}
                Output::Settled { op, outcome } => self.settled.push((op.0, outcome)),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    /// How a call ended.
    pub(crate) fn outcome(&self, op: u32) -> &Outcome {
        &self.settled.iter().find(|(settled, _)| *settled == op).unwrap().1
    }

    pub(crate) fn states(&self) -> Vec<State> {
        self.statuses().into_iter().map(|(state, _)| state).collect()
    }

    pub(crate) fn statuses(&self) -> Vec<(State, &'static str)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Status { state, reason, .. } => Some((*state, *reason)),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn connects(&self) -> Vec<&Connect> {
        self.sent
            .iter()
            .filter_map(|packet| match packet {
                Packet::Connect(connect) => Some(connect),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn published(&self) -> Vec<&Publish> {
        self.sent
            .iter()
            .filter_map(|packet| match packet {
                Packet::Publish(publish) => Some(publish),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn pubacks(&self) -> Vec<u16> {
        self.sent
            .iter()
            .filter_map(|packet| match packet {
                Packet::PubAck(ack) => Some(ack.pkid),
                _ => None,
            })
            .collect()
    }
}

/// A token of the golden key for `dev-1`, in the long form that the hub takes too.
pub(crate) fn token_for(seconds: u64) -> String {
    let key = key_of(KEY).unwrap();
    let sr = "myhub.azure-devices.net%2Fdevices%2Fdev-1";
    iothub_protocol::sas::make_token(sr, &key, START / 1000 + seconds, None).expose().to_owned()
}

fn packets(bytes: &[u8]) -> Vec<Packet> {
    let mut decoder = Decoder::new(1 << 20);
    decoder.push(bytes);
    let packets = std::iter::from_fn(|| decoder.next_packet().unwrap()).collect();
    assert_eq!(decoder.pending_bytes(), 0, "what leaves is whole packets");
    packets
}
