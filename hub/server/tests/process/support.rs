//! A hub process for a test, and the smallest clients that can talk to it.

use futures_util::{SinkExt, StreamExt};
use iothub_protocol::packet::{Connect, Decoder, Packet, QoS, write_connect, write_publish, write_subscribe};
use iothub_protocol::sas::{self, Key};
use serde_json::Value;
use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// No wait is longer than this.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Waits, but not for ever.
pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not happen within {DEADLINE:?}"),
    }
}

/// A running hub; killed when the test drops it.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) ready: Value,
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iothub-local"));
    command.args(args).kill_on_drop(true).stdin(Stdio::null()).env("IOTHUB_LOCAL_LOG", "warn");
    command
}

impl Process {
    pub(crate) async fn start(args: &[&str]) -> Self {
        let mut all = vec!["--json", "--port", "0"];
        all.extend_from_slice(args);
        Self::of(command(&all)).await
    }

    /// Of a command of the caller's that ends in a hub with `--json`.
    pub(crate) async fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = within("the ready line", lines.next_line()).await.unwrap().expect("a ready line");
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }

    /// `127.0.0.1:port`.
    pub(crate) fn address(&self) -> &str {
        self.ready["http"].as_str().unwrap().strip_prefix("http://").unwrap()
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// A request; gives the status and the body.
    pub(crate) async fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        request(self.address(), method, path, body).await.expect("an answer")
    }

    pub(crate) async fn json(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (status, text) = self.request(method, path, body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Connects a device and takes its CONNACK.
    pub(crate) async fn device(&self, device_id: &str) -> Device {
        let (status, made) = self.json("GET", &format!("/local/devices/{device_id}"), "").await;
        assert_eq!(status, 200, "{made}");
        let key = made["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap().to_owned();
        let mut device = Device::open(self.address()).await;
        device.introduce(device_id, &key).await;
        match device.packet().await {
            Some(Packet::ConnAck(ack)) => assert_eq!(ack.code as u8, 0),
            other => panic!("{other:?} is no CONNACK"),
        }
        device
    }
}

/// One request on a connection of its own. None when the hub went away in the middle.
pub(crate) async fn request(address: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let text = String::from_utf8(answer).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head
            .to_ascii_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.trim().parse::<usize>().ok());
        // Cut off in the middle is no answer.
        if length.is_some_and(|length| body.len() < length) {
            return None;
        }
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    };
    within(path, exchange).await
}

/// A device that speaks MQTT in WebSocket frames.
pub(crate) struct Device {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    decoder: Decoder,
    packets: VecDeque<Packet>,
}

impl Device {
    pub(crate) async fn open(address: &str) -> Self {
        Self::open_at(address, "/$iothub/websocket").await
    }

    pub(crate) async fn open_at(address: &str, path: &str) -> Self {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "mqtt".parse().unwrap());
        let (socket, _) = within("the upgrade", tokio_tungstenite::connect_async(request)).await.unwrap();
        Self { socket, decoder: Decoder::new(1 << 20), packets: VecDeque::new() }
    }

    pub(crate) async fn send(&mut self, bytes: Vec<u8>) {
        // A hub that was killed says so on the next read.
        let _ = self.socket.send(Message::binary(bytes)).await;
    }

    pub(crate) async fn introduce(&mut self, device_id: &str, key: &str) {
        let mut bytes = Vec::new();
        write_connect(&mut bytes, &hello(device_id, key)).unwrap();
        self.send(bytes).await;
    }

    pub(crate) async fn subscribe(&mut self, filters: &[&str]) {
        let filters: Vec<(String, QoS)> =
            filters.iter().map(|f| ((*f).to_owned(), QoS::AtLeastOnce)).collect();
        let mut bytes = Vec::new();
        write_subscribe(&mut bytes, 1, &filters).unwrap();
        self.send(bytes).await;
        assert!(matches!(self.packet().await, Some(Packet::SubAck(_))));
    }

    pub(crate) async fn publish(&mut self, topic: &str, body: &[u8], id: u16) {
        let qos = if id == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let mut bytes = Vec::new();
        write_publish(&mut bytes, topic, body, qos, id, false).unwrap();
        self.send(bytes).await;
    }

    /// The next packet; none when the socket is closed.
    pub(crate) async fn packet(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = self.packets.pop_front() {
                return Some(packet);
            }
            match within("a packet", self.socket.next()).await? {
                Ok(Message::Binary(bytes)) => {
                    self.decoder.push(&bytes);
                    while let Some(packet) = self.decoder.next_packet().unwrap() {
                        self.packets.push_back(packet);
                    }
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

/// A CONNECT with a token that is good for an hour.
pub(crate) fn hello(device_id: &str, key: &str) -> Connect {
    hello_at("localhost", device_id, key)
}

/// The same to a hub of another name.
pub(crate) fn hello_at(host: &str, device_id: &str, key: &str) -> Connect {
    let expires = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
    let audience = sas::device_audience(host, device_id, None);
    let token = sas::make_token(&audience, &Key::from_base64(key).unwrap(), expires, None);
    let mut connect = Connect::new(device_id);
    connect.clean_session = false;
    connect.keep_alive = 240;
    connect.set_login(format!("{host}/{device_id}/?api-version=2021-04-12"), token.expose().to_owned());
    connect
}

/// A folder of the test's own, removed when it is dropped.
pub(crate) struct Folder(std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        // Left over from a run that was killed, perhaps.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays is only untidy.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
