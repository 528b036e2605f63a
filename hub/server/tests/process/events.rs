//! `/local/events`: what a reader sees, and that a slow one holds nobody back.

use crate::support::{Process, within};
use iothub_protocol::packet::{Packet, QoS, write_publish};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const EVENTS: &str = "devices/device-1/messages/events/";

struct Reader(BufReader<TcpStream>);

impl Reader {
    async fn open(hub: &Process, query: &str, header: &str) -> Self {
        let mut stream = TcpStream::connect(hub.address()).await.unwrap();
        let head = format!("GET /local/events{query} HTTP/1.1\r\nhost: {}\r\n{header}\r\n", hub.address());
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut reader = Self(BufReader::new(stream));
        // The greeting: from here on nothing is missed.
        while !reader.line().await.starts_with(": iothub-local") {}
        reader
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        within("a line", self.0.read_line(&mut line)).await.unwrap();
        line
    }

    /// The next event: id and data.
    async fn event(&mut self) -> (Option<u64>, Value) {
        let mut id = None;
        loop {
            let line = self.line().await;
            if let Some(text) = line.strip_prefix("id: ") {
                id = text.trim().parse().ok();
            }
            if let Some(text) = line.strip_prefix("data: ") {
                return (id, serde_json::from_str(text).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn a_reader_sees_what_it_asked_for_and_can_resume() {
    let hub = Process::start(&[]).await;
    let mut reader = Reader::open(&hub, "?types=telemetry&deviceId=device-1", "").await;
    let mut device = hub.device("device-1").await;
    for n in 1..=3_u16 {
        device.publish(&format!("{EVENTS}n={n}"), b"body", n).await;
    }
    let (first, event) = reader.event().await;
    assert_eq!((event["type"].as_str(), event["properties"]["n"].as_str()), (Some("telemetry"), Some("1")));
    assert_eq!(reader.event().await.1["properties"]["n"], "2");
    drop(reader);
    let header = format!("last-event-id: {}\r\n", first.unwrap());
    let mut reader = Reader::open(&hub, "", &header).await;
    assert_eq!(reader.event().await.1["properties"]["n"], "2");
    assert_eq!(reader.event().await.1["properties"]["n"], "3");
}

#[tokio::test]
async fn a_foreign_page_can_not_read() {
    let hub = Process::start(&[]).await;
    let mut stream = TcpStream::connect(hub.address()).await.unwrap();
    let head = format!(
        "GET /local/events HTTP/1.1\r\nhost: {}\r\norigin: https://evil.example\r\nconnection: close\r\n\r\n",
        hub.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 401") && !answer.contains("access-control-allow-origin"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_reader_that_sleeps_holds_nobody_back_and_is_told_of_the_gap() {
    let hub = Process::start(&[]).await;
    let mut sleeper = Reader::open(&hub, "?types=telemetry", "").await;
    let mut device = hub.device("device-1").await;
    // More than the socket's buffers and the ring together: the reader must fall behind.
    let body = vec![b'x'; 4096];
    let mut sent = 0_u16;
    for _ in 0..150 {
        let mut bytes = Vec::new();
        for _ in 0..100 {
            sent += 1;
            write_publish(&mut bytes, EVENTS, &body, QoS::AtLeastOnce, sent, false).unwrap();
        }
        device.send(bytes).await;
        let mut acked = 0;
        while acked < sent {
            let Some(Packet::PubAck(ack)) = device.packet().await else { panic!("no PUBACK") };
            acked = ack.pkid;
        }
    }
    let mut last = 0;
    let mut gaps = 0;
    loop {
        let (id, event) = sleeper.event().await;
        if event["type"] == "gap" {
            gaps += 1;
            assert!(event["missed"].as_u64().unwrap() > 0);
        } else if let Some(id) = id {
            assert!(id > last);
            last = id;
        }
        if event["systemProperties"]["x-opt-sequence-number"].as_u64() == Some(u64::from(sent) + 1) {
            break;
        }
    }
    assert!(gaps > 0, "15,000 messages of 4 KB were more than the hub keeps");
}
