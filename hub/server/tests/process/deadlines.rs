//! How long strangers may take, in virtual time: each connection is one end of a pipe, the hub has the other.

use crate::support::Folder;
use iothub_hub::{Hub, HubConfig, Now};
use iothub_local::clock::Clock;
use iothub_local::door::{Door, Limits};
use iothub_local::http::{AppState, app};
use iothub_local::listen::{serve_connection, serve_https, serve_mqtts};
use iothub_local::shared::Shared;
use iothub_local::www::Dashboard;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

const INFO: &[u8] = b"GET /local/info HTTP/1.1\r\nhost: localhost\r\n\r\n";
const EVENTS: &[u8] = b"GET /local/events HTTP/1.1\r\nhost: localhost\r\n\r\n";

struct Bench {
    state: AppState,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        let hub = Hub::new(HubConfig::default(), 1, Now::new(0, 1_700_000_000_000));
        let shared = Shared::new(hub, None, Clock::start()).unwrap();
        let door = Door::new(limits);
        Self { state: AppState { shared, door, dashboard: Dashboard::new(Path::new("/nonexistent")) } }
    }

    /// A connection; the pipe holds a few bytes, so that who does not read is felt at once.
    fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(1024);
        let visitor = self.state.door.enter().expect("a place");
        tokio::spawn(serve_connection(server, visitor, app(self.state.clone())));
        client
    }
}

/// Reads until the hub closes; gives how long that took, in whole seconds.
async fn seconds_until_closed(client: &mut DuplexStream) -> u64 {
    let begun = Instant::now();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(600), client.read_to_end(&mut rest)).await.expect("the end").unwrap();
    begun.elapsed().as_secs()
}

/// Reads one answer with a length.
async fn answer(client: &mut DuplexStream) -> String {
    let mut text = Vec::new();
    loop {
        let byte = timeout(Duration::from_secs(5), client.read_u8()).await.expect("an answer").unwrap();
        text.push(byte);
        let seen = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = seen.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_none_or(|length| body.len() >= length.parse().unwrap()) {
                return seen;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_closed_after_30_s_however_slowly_it_drips() {
    let bench = Bench::new(Limits::default());
    let mut silent = bench.connect();
    let mut half = bench.connect();
    half.write_all(b"GET /local/info HTTP/1.1\r\nho").await.unwrap();
    let (mut reader, mut dripping) = tokio::io::split(bench.connect());
    tokio::spawn(async move {
        while dripping.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let begun = Instant::now();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(600), reader.read_to_end(&mut rest)).await.expect("the end").unwrap();
    assert_eq!(begun.elapsed().as_secs(), 30);
    for client in [&mut silent, &mut half] {
        assert_eq!(seconds_until_closed(client).await, 0);
    }
    assert_eq!(bench.state.door.numbers(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_further_request_is_closed_after_30_s() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connect();
    for _ in 0..3 {
        client.write_all(INFO).await.unwrap();
        assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
        sleep(Duration::from_secs(25)).await;
    }
    assert_eq!(seconds_until_closed(&mut client).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_body_has_60_s_however_slowly_it_drips() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connect();
    let head = "POST /local/import HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\ncontent-length: 900\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(client);
    tokio::spawn(async move {
        while writer.write_all(b"{").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let begun = Instant::now();
    let mut told = vec![0; 4096];
    let count = timeout(Duration::from_secs(600), reader.read(&mut told)).await.expect("told").unwrap();
    let told = String::from_utf8_lossy(&told[..count]).into_owned();
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert!(told.starts_with("HTTP/1.1 400") && told.contains("within 60 s"), "{told}");
    assert!(told.contains("access-control-allow-origin: http://localhost"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_events_that_never_reads_is_let_go_after_60_s() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connect();
    client.write_all(EVENTS).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.state.door.numbers(), (0, 1));
    // More than the pipe and the connection's buffers hold.
    let request = iothub_hub::Request {
        method: "POST".to_owned(),
        path: "/local/faults".to_owned(),
        body: br#"{"kind":"cut"}"#.to_vec(),
        ..iothub_hub::Request::default()
    };
    for _ in 0..1000 {
        bench.state.shared.request(&request).await.unwrap();
    }
    sleep(Duration::from_secs(58)).await;
    assert_eq!(bench.state.door.numbers(), (0, 1));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(bench.state.door.numbers(), (0, 0), "it holds neither a place nor memory");
}

#[tokio::test(start_paused = true)]
async fn one_that_reads_slowly_stays() {
    let bench = Bench::new(Limits::default());
    let mut client = bench.connect();
    client.write_all(EVENTS).await.unwrap();
    let mut byte = [0; 100];
    for _ in 0..40 {
        // The comment that comes every 15 s is enough.
        timeout(Duration::from_secs(20), client.read(&mut byte)).await.expect("a comment").unwrap();
    }
    assert_eq!(bench.state.door.numbers(), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn strangers_make_room_for_each_other_and_who_asks_is_answered() {
    let bench = Bench::new(Limits { connections: 50, ..Limits::default() });
    let mut half = Vec::new();
    for _ in 0..500 {
        let mut client = bench.connect();
        // One that was sent away at once can not be written to.
        let _ = client.write_all(b"GET / HTTP/1.1\r\n").await;
        half.push(client);
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.state.door.numbers(), (50, 0));
    let mut client = bench.connect();
    client.write_all(INFO).await.unwrap();
    assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
    for client in &mut half[..400] {
        assert_eq!(seconds_until_closed(client).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn more_readers_of_events_than_the_bound_are_told_so() {
    let bench = Bench::new(Limits { event_readers: 1, ..Limits::default() });
    let mut first = bench.connect();
    first.write_all(EVENTS).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let mut second = bench.connect();
    second.write_all(EVENTS).await.unwrap();
    let told = answer(&mut second).await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("1 readers"), "{told}");
    drop(first);
    sleep(Duration::from_secs(16)).await;
    let mut third = bench.connect();
    third.write_all(EVENTS).await.unwrap();
    assert!(answer(&mut third).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn all_bodies_together_have_a_bound() {
    let bench = Bench::new(Limits { body_bytes: 100, ..Limits::default() });
    let post = |length: usize| {
        format!("POST /devices HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n")
    };
    let mut first = bench.connect();
    first.write_all(post(91).as_bytes()).await.unwrap();
    first.write_all(&[b'x'; 90]).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let mut second = bench.connect();
    second.write_all(post(90).as_bytes()).await.unwrap();
    second.write_all(&[b'x'; 90]).await.unwrap();
    let told = answer(&mut second).await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("too many large bodies"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_closing_door_lets_answers_finish_and_nothing_begin() {
    let bench = Bench::new(Limits::default());
    let (mut idle, mut reader) = (bench.connect(), bench.connect());
    reader.write_all(EVENTS).await.unwrap();
    let mut half = bench.connect();
    half.write_all(b"GET / HT").await.unwrap();
    sleep(Duration::from_millis(1)).await;
    bench.state.door.close();
    timeout(Duration::from_secs(1), bench.state.door.empty()).await.expect("all have left");
    for client in [&mut idle, &mut reader, &mut half] {
        assert_eq!(seconds_until_closed(client).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tls_handshake_has_10_s_on_both_ports() {
    let folder = Folder::new("deadlines-tls");
    let names = HubConfig::default().host_names;
    let tls = iothub_local::tls::prepare(Path::new(&folder.join("certs")), None, &names).unwrap();
    let bench = Bench::new(Limits::default());
    let (mqtts, https) = (free().await, free().await);
    let addresses = [mqtts.local_addr().unwrap(), https.local_addr().unwrap()];
    let AppState { shared, door, .. } = bench.state.clone();
    tokio::spawn(serve_mqtts(mqtts, Arc::clone(&door), tls.clone(), shared));
    tokio::spawn(serve_https(https, Arc::clone(&door), tls, app(bench.state.clone())));
    for address in addresses {
        let mut client = TcpStream::connect(address).await.unwrap();
        // A record of 512 bytes begins, and no more comes.
        client.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).await.unwrap();
        let begun = Instant::now();
        let mut rest = Vec::new();
        timeout(Duration::from_secs(600), client.read_to_end(&mut rest)).await.expect("the end").unwrap();
        assert_eq!(begun.elapsed().as_secs(), 10);
    }
    assert_eq!(bench.state.door.numbers(), (0, 0));
}

async fn free() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
