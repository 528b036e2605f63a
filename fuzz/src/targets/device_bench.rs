//! A device without a driver, for the target that drives one: sockets, time, calls, and the rules for what comes out.

use iothub_device::{
    CallId, Clock, Config, Credentials, DeliveryId, Device, Event, OpId, Output, SocketId, TokenId,
};
use iothub_protocol::identity::Identity;
use iothub_protocol::json::Json;
use iothub_protocol::packet::{Decoder, Packet, QoS};
use iothub_protocol::sas::{Key, make_token};
use iothub_protocol::secret::Secret;
use std::collections::BTreeMap;

/// 2027-01-01T00:00:00Z in milliseconds.
const START_UNIX_MS: u64 = 1_798_761_600_000;
/// Outputs of one turn; more means that the device never drains.
const OUTPUTS: usize = 10_000;
/// Deadlines that may be met without time going on.
const PATIENCE: usize = 100;
/// Bounds that the device is told; small, so that inputs reach them.
const OUTBOX: usize = 6;
const WINDOW: usize = 3;

/// What a socket has seen.
#[derive(Debug, Default)]
struct Socket {
    opened: bool,
    packets: usize,
    said_goodbye: bool,
}

/// A device and what its driver remembers.
#[derive(Debug)]
pub(crate) struct DeviceBench {
    pub(crate) device: Device,
    pub(crate) at: Clock,
    sockets: BTreeMap<SocketId, Socket>,
    /// Calls, and whether they have ended.
    calls: BTreeMap<OpId, bool>,
    pub(crate) deliveries: Vec<DeliveryId>,
    pub(crate) methods: Vec<CallId>,
    pub(crate) tokens: Vec<TokenId>,
    /// The last packet id that left, for answers that fit.
    pub(crate) last_id: u16,
    /// The last request id of a twin request.
    pub(crate) last_rid: String,
    password: String,
}

impl DeviceBench {
    /// A device with a key, or one whose application signs.
    pub(crate) fn new(provider: bool, clean: bool) -> Self {
        let identity = Identity { device_id: "device-1".to_owned(), module_id: None };
        let credentials = if provider { Credentials::Provider } else { Credentials::Key(key()) };
        let mut config = Config::new("localhost".to_owned(), identity, credentials);
        config.local_port = Some(4280);
        config.clean_session = clean;
        config.options.outbox_messages = OUTBOX;
        config.options.window_messages = WINDOW;
        config.check().expect("the configuration is good");
        let at = Clock { now: 1000, unix_ms: START_UNIX_MS };
        Self {
            device: Device::new(config, 11, at),
            at,
            sockets: BTreeMap::new(),
            calls: BTreeMap::new(),
            deliveries: Vec::new(),
            methods: Vec::new(),
            tokens: Vec::new(),
            last_id: 0,
            last_rid: String::new(),
            password: String::new(),
        }
    }

    /// The sockets that the device has not closed.
    pub(crate) fn sockets(&self) -> Vec<SocketId> {
        self.sockets.keys().copied().collect()
    }

    /// The socket opens, unless it has.
    pub(crate) fn open(&mut self, socket: SocketId) {
        if self.sockets.get_mut(&socket).is_some_and(|seen| !std::mem::replace(&mut seen.opened, true)) {
            self.device.socket_opened(socket, self.at);
        }
    }

    /// Bytes come from a socket; none do before it has opened, or when it is closed.
    pub(crate) fn feed(&mut self, socket: SocketId, bytes: &[u8]) {
        if !bytes.is_empty() && self.sockets.get(&socket).is_some_and(|seen| seen.opened) {
            self.device.socket_bytes(socket, bytes, self.at);
            self.drain();
        }
    }

    /// The socket is closed by the other side.
    pub(crate) fn lose(&mut self, socket: SocketId) {
        self.sockets.remove(&socket);
        self.device.socket_closed(socket, 1006, self.at);
    }

    /// A number for a new call.
    pub(crate) fn call(&mut self) -> OpId {
        let op = OpId(u32::try_from(self.calls.len()).unwrap_or(u32::MAX));
        self.calls.insert(op, false);
        op
    }

    /// A call that was refused at once.
    pub(crate) fn refused(&mut self, op: OpId) {
        let settled = self.calls.insert(op, true);
        assert_eq!(settled, Some(false), "a call that is refused does not settle as well");
    }

    pub(crate) fn any_call(&self, choice: u8) -> OpId {
        OpId(u32::from(choice) % u32::try_from(self.calls.len().max(1)).unwrap_or(1))
    }

    /// Lets time pass; every deadline on the way is met.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.at.now + ms;
        let mut at_one_moment = 0;
        while let Some(due) = self.device.poll_timeout().filter(|due| *due <= end) {
            at_one_moment = if due > self.at.now { 0 } else { at_one_moment + 1 };
            assert!(at_one_moment < PATIENCE, "the device spins at {due}");
            self.advance_to(due.max(self.at.now));
            self.device.handle_timeout(self.at);
            self.drain();
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, now: u64) {
        let step = now - self.at.now;
        self.at = Clock { now, unix_ms: self.at.unix_ms + step };
    }

    /// Carries out what the device asks for, and checks it.
    pub(crate) fn drain(&mut self) {
        for _ in 0..OUTPUTS {
            let Some(output) = self.device.poll_output() else {
                let metrics = self.device.metrics();
                assert!(metrics.queued <= OUTBOX && metrics.in_flight <= WINDOW, "{metrics:?}");
                return;
            };
            self.carry_out(output);
        }
        panic!("the device never drains");
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Open { socket, url } => {
                assert!(url.starts_with("ws://localhost:4280/") && !url.contains("sig="), "{url}");
                assert!(self.sockets.insert(socket, Socket::default()).is_none(), "a socket's number is new");
            }
            Output::Transmit { socket, bytes } => self.sent(socket, &bytes),
            Output::Close { socket } => {
                self.sockets.remove(&socket);
            }
            Output::NeedToken { request, .. } => self.tokens.push(request),
            Output::ForgetToken { request } => self.tokens.retain(|open| *open != request),
            Output::Settled { op, outcome } => {
                let before = self.calls.insert(op, true);
                assert_eq!(before, Some(false), "a call settles once: {outcome:?}");
            }
            Output::Event(event) => self.event(event),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Message { delivery, .. } => self.deliveries.push(delivery),
            Event::Method { call, .. } => self.methods.push(call),
            Event::Desired { patch, .. } => {
                assert!(matches!(Json::parse(&patch), Ok(Json::Object(_))), "{patch}");
            }
            Event::Packet { bytes, outgoing: true } => {
                let text = String::from_utf8_lossy(&bytes);
                assert!(self.password.is_empty() || !text.contains(&self.password), "a token is shown");
            }
            Event::Packet { .. } | Event::Status { .. } | Event::MethodGone { .. } => {}
        }
    }

    fn sent(&mut self, socket: SocketId, bytes: &[u8]) {
        let Some(seen) = self.sockets.get_mut(&socket) else {
            panic!("the device writes on a socket that is closed: {socket:?}");
        };
        let mut decoder = Decoder::new(usize::MAX);
        decoder.push(bytes);
        while let Some(packet) = decoder.next_packet().expect("the device writes MQTT") {
            seen.packets += 1;
            assert!(!seen.said_goodbye, "nothing follows a DISCONNECT");
            seen.said_goodbye = matches!(packet, Packet::Disconnect);
            let first = seen.packets == 1;
            assert_eq!(first, matches!(packet, Packet::Connect(_)), "CONNECT is the first packet, and once");
            match packet {
                Packet::Connect(connect) => {
                    self.password = connect.login.map(|login| login.password).unwrap_or_default();
                }
                Packet::Publish(publish) => {
                    assert_ne!(publish.qos, QoS::ExactlyOnce, "the hub closes on QoS 2");
                    assert_eq!(publish.qos == QoS::AtLeastOnce, publish.pkid != 0, "an id with QoS 1 only");
                    self.last_id = publish.pkid.max(self.last_id);
                    if let Some((_, rid)) = publish.topic.split_once("$rid=") {
                        rid.clone_into(&mut self.last_rid);
                    }
                }
                Packet::Subscribe(subscribe) => self.last_id = subscribe.pkid,
                Packet::PubAck(_) | Packet::PingReq | Packet::Disconnect => {}
                other => panic!("the device sent {other:?}"),
            }
        }
        assert_eq!(decoder.pending_bytes(), 0, "the device writes whole packets");
    }

    /// A token of the application, good for an hour.
    pub(crate) fn token(&self) -> Secret {
        make_token("localhost%2Fdevices%2Fdevice-1", &key(), self.at.unix_seconds() + 3600, None)
    }

    /// Closes; every call has ended then, and nothing moves the device any more.
    pub(crate) fn finish(&mut self) {
        let op = self.call();
        self.device.close(op, 0, self.at);
        self.drain();
        if let Some((op, _)) = self.calls.iter().find(|(_, settled)| !**settled) {
            panic!("{op:?} has not ended when the device is closed");
        }
        // Handlers that still run have a moment to settle before DISCONNECT.
        self.pass(1_000);
        assert_eq!(self.sockets.len(), 0, "no socket is left open");
        self.pass(3_600_000);
    }
}

fn key() -> Key {
    Key::from_bytes(b"a key of a device in a fuzz target")
}
