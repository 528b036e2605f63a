//! A hub on a bench: virtual time, no socket, clients that speak raw MQTT. Every test of `hub/tests` uses it.

use iothub_hub::{
    Cause, Hub, HubConfig, LinkId, MethodAnswer, Now, Opened, Output, Reason, Reply, Request, Response,
    Transport,
};
use iothub_protocol::identity::Identity;
use iothub_protocol::packet::{
    Bytes, Connect, Decoder, LastWill, Packet, Publish, QoS, write_connect, write_disconnect, write_pingreq,
    write_puback, write_publish, write_subscribe,
};
use iothub_protocol::sas::{self, Key};
use iothub_protocol::service_error::ServiceError;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// 2027-01-01T00:00:00Z in milliseconds.
pub(crate) const START_MS: u64 = 1_798_761_600_000;
/// What `azure-iothub` sends with every call.
pub(crate) const VERSION: &str = "api-version=2021-04-12";

/// A hub and the time.
pub(crate) struct Bench {
    pub(crate) hub: Hub,
    pub(crate) now: Now,
    next_link: u64,
    cursor: u64,
    received: BTreeMap<LinkId, (Decoder, VecDeque<Packet>)>,
    pub(crate) frames: BTreeMap<LinkId, Vec<Vec<u8>>>,
    pub(crate) closed: BTreeMap<LinkId, Cause>,
    pub(crate) answers: Vec<Result<MethodAnswer, ServiceError>>,
}

/// How a client introduces itself; change what a test is about.
#[derive(Clone)]
pub(crate) struct Hello {
    pub(crate) client_id: String,
    pub(crate) user_name: String,
    pub(crate) password: String,
    pub(crate) clean: bool,
    pub(crate) keep_alive: u16,
    pub(crate) will: Option<(String, String)>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(HubConfig::default())
    }

    pub(crate) fn with(config: HubConfig) -> Self {
        Self::at(config, Now::new(0, START_MS))
    }

    pub(crate) fn at(config: HubConfig, now: Now) -> Self {
        Self {
            hub: Hub::new(config, 7, now),
            now,
            next_link: 0,
            cursor: 0,
            received: BTreeMap::new(),
            frames: BTreeMap::new(),
            closed: BTreeMap::new(),
            answers: Vec::new(),
        }
    }

    /// Carries out what the hub asks for.
    pub(crate) fn settle(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Transmit { link, bytes } => {
                    let (decoder, packets) =
                        self.received.entry(link).or_insert_with(|| (Decoder::new(1 << 20), VecDeque::new()));
                    decoder.push(&bytes);
                    while let Some(packet) = decoder.next_packet().unwrap() {
                        packets.push_back(packet);
                    }
                    self.frames.entry(link).or_default().push(bytes);
                }
                Output::Close { link, cause, .. } => {
                    assert!(self.closed.insert(link, cause).is_none(), "a link is closed once");
                }
                Output::Admitted { .. } => {}
                Output::MethodAnswered { outcome, .. } => self.answers.push(outcome),
            }
        }
    }

    /// Lets time pass, with every deadline on its way met in time.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now.mono_ms + ms;
        while let Some(due) = self.hub.poll_timeout().filter(|due| *due <= end) {
            self.advance_to(due.max(self.now.mono_ms));
            self.hub.handle_timeout(self.now);
            self.settle();
        }
        self.advance_to(end);
        self.hub.handle_timeout(self.now);
        self.settle();
    }

    fn advance_to(&mut self, mono_ms: u64) {
        let step = mono_ms - self.now.mono_ms;
        self.now = Now::new(mono_ms, self.now.unix_ms + step);
    }

    pub(crate) fn open(&mut self) -> LinkId {
        self.next_link += 1;
        let link = LinkId(self.next_link);
        self.hub.handle_opened(link, Opened { transport: Transport::WebSocket, certificate: None }, self.now);
        self.settle();
        link
    }

    pub(crate) fn feed(&mut self, link: LinkId, bytes: &[u8]) {
        self.hub.handle_bytes(link, bytes, self.now);
        self.settle();
    }

    /// The introduction of a registered identity with a fresh token.
    pub(crate) fn hello(&self, device: &str, module: Option<&str>) -> Hello {
        let identity = identity(device, module);
        let tail = module.map_or(String::new(), |module| format!("/{module}"));
        let token = self.hub.device_token(&identity, 3600).expect("a registered identity");
        Hello {
            client_id: identity.client_id(),
            user_name: format!("localhost/{device}{tail}/?api-version=2021-04-12"),
            password: token.expose().to_owned(),
            clean: false,
            keep_alive: 240,
            will: None,
        }
    }

    /// Opens a link and sends CONNECT; gives the CONNACK's code and whether a session was there.
    pub(crate) fn introduce(&mut self, hello: &Hello) -> (LinkId, Option<(u8, bool)>) {
        let link = self.open();
        let mut connect = Connect::new(hello.client_id.clone());
        connect.set_login(hello.user_name.clone(), hello.password.clone());
        connect.clean_session = hello.clean;
        connect.keep_alive = hello.keep_alive;
        connect.last_will = hello.will.as_ref().map(|(topic, body)| LastWill {
            topic: topic.clone(),
            message: Bytes::copy_from_slice(body.as_bytes()),
            qos: QoS::AtLeastOnce,
            retain: false,
        });
        let mut bytes = Vec::new();
        write_connect(&mut bytes, &connect).unwrap();
        self.feed(link, &bytes);
        let answer = match self.take(link) {
            Some(Packet::ConnAck(ack)) => Some((ack.code as u8, ack.session_present)),
            None => None,
            other => panic!("{other:?} is no CONNACK"),
        };
        (link, answer)
    }

    /// Connects the first device, or another registered one; it must be let in.
    pub(crate) fn connect(&mut self, device: &str) -> LinkId {
        let hello = self.hello(device, None);
        let (link, answer) = self.introduce(&hello);
        assert_eq!(answer.map(|(code, _)| code), Some(0), "{:?}", self.closed.get(&link));
        link
    }

    /// The next packet that the hub sent on this link.
    pub(crate) fn take(&mut self, link: LinkId) -> Option<Packet> {
        self.received.get_mut(&link)?.1.pop_front()
    }

    pub(crate) fn take_publish(&mut self, link: LinkId) -> Publish {
        match self.take(link) {
            Some(Packet::Publish(publish)) => publish,
            other => panic!("{other:?} is no PUBLISH"),
        }
    }

    pub(crate) fn subscribe(&mut self, link: LinkId, filters: &[(&str, u8)]) {
        let filters: Vec<(String, QoS)> =
            filters.iter().map(|(filter, qos)| ((*filter).to_owned(), qos_of(*qos))).collect();
        let mut bytes = Vec::new();
        write_subscribe(&mut bytes, 1, &filters).unwrap();
        self.feed(link, &bytes);
    }

    /// Subscribes and takes the SUBACK away.
    pub(crate) fn subscribed(&mut self, link: LinkId, filters: &[(&str, u8)]) {
        self.subscribe(link, filters);
        let ack = self.take(link);
        assert!(matches!(ack, Some(Packet::SubAck(_))), "{ack:?} {:?}", self.closed.get(&link));
    }

    pub(crate) fn publish(&mut self, link: LinkId, topic: &str, body: &[u8], qos: u8, id: u16) {
        let mut bytes = Vec::new();
        write_publish(&mut bytes, topic, body, qos_of(qos), id, false).unwrap();
        self.feed(link, &bytes);
    }

    pub(crate) fn puback(&mut self, link: LinkId, id: u16) {
        let mut bytes = Vec::new();
        write_puback(&mut bytes, id);
        self.feed(link, &bytes);
    }

    pub(crate) fn ping(&mut self, link: LinkId) {
        let mut bytes = Vec::new();
        write_pingreq(&mut bytes);
        self.feed(link, &bytes);
    }

    pub(crate) fn disconnect(&mut self, link: LinkId) {
        let mut bytes = Vec::new();
        write_disconnect(&mut bytes);
        self.feed(link, &bytes);
    }

    pub(crate) fn drop_socket(&mut self, link: LinkId) {
        self.hub.handle_closed(link, self.now);
        self.settle();
    }

    pub(crate) fn reason(&self, link: LinkId) -> Option<Reason> {
        self.closed.get(&link).map(|cause| cause.reason)
    }

    /// Events since the last call.
    pub(crate) fn events(&mut self) -> Vec<Value> {
        let batch = self.hub.events_after(self.cursor, usize::MAX);
        self.cursor = batch.cursor;
        batch.events.iter().map(|event| event.to_json()).collect()
    }

    pub(crate) fn events_of(&mut self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["type"] == kind).collect()
    }

    /// A service call with a token of a policy.
    pub(crate) fn call_as(
        &mut self,
        policy: &str,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let token = self.hub.policy_token(policy, 3600).expect("a policy");
        let mut all = vec![("authorization".to_owned(), token.expose().to_owned())];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let query = if target.contains('?') { target.to_owned() } else { format!("{target}?{VERSION}") };
        let (path, query) = query.split_once('?').unwrap();
        self.request(method, path, query, all, body).expect("an answer at once")
    }

    pub(crate) fn call(&mut self, method: &str, target: &str, body: &str) -> (u16, Value) {
        let response = self.call_as("iothubowner", method, target, &[], body);
        (response.status, json_of(&response))
    }

    pub(crate) fn call_if(&mut self, method: &str, target: &str, if_match: &str, body: &str) -> (u16, Value) {
        let response = self.call_as("iothubowner", method, target, &[("if-match", if_match)], body);
        (response.status, json_of(&response))
    }

    /// A call on `/local`.
    pub(crate) fn local(&mut self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let headers = vec![("host".to_owned(), "127.0.0.1:4280".to_owned())];
        let response = self.request(method, path, "", headers, body).expect("an answer at once");
        (response.status, json_of(&response))
    }

    /// None when a method was invoked and waits.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        query: &str,
        headers: Vec<(String, String)>,
        body: &str,
    ) -> Option<Response> {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        };
        let reply = self.hub.handle_request(&request, self.now);
        self.settle();
        match reply {
            Reply::Now(response) => Some(response),
            Reply::Method(_) => None,
        }
    }

    /// Registers a device.
    pub(crate) fn register(&mut self, device: &str) {
        let (status, answer) =
            self.call("PUT", &format!("/devices/{device}"), &format!("{{\"deviceId\":\"{device}\"}}"));
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) fn register_module(&mut self, device: &str, module: &str) {
        let body = format!("{{\"deviceId\":\"{device}\",\"moduleId\":\"{module}\"}}");
        let (status, answer) = self.call("PUT", &format!("/devices/{device}/modules/{module}"), &body);
        assert_eq!(status, 200, "{answer}");
    }

    /// Queues a message for a device.
    pub(crate) fn send(&mut self, device: &str, body: &str) -> u16 {
        self.local("POST", &format!("/local/devices/{device}/messages"), &format!("{{\"body\":\"{body}\"}}"))
            .0
    }
}

pub(crate) fn identity(device: &str, module: Option<&str>) -> Identity {
    Identity { device_id: device.to_owned(), module_id: module.map(str::to_owned) }
}

pub(crate) fn qos_of(qos: u8) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos)]
}

pub(crate) fn json_of(response: &Response) -> Value {
    if response.body.is_empty() { Value::Null } else { serde_json::from_slice(&response.body).expect("JSON") }
}

/// A token made by hand.
pub(crate) fn token(sr: &str, key: &str, expires: u64, policy: Option<&str>) -> String {
    sas::make_token(sr, &Key::from_base64(key).unwrap(), expires, policy).expose().to_owned()
}
