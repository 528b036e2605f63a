//! What strangers send. The hub stays up, says why it closed, and serves the others.

use crate::support::{Device, Process, within};
use iothub_protocol::packet::Packet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A small generator, so that a failure can be run again.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.next() % 200 + 1;
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

#[tokio::test]
async fn noise_ends_its_own_link_and_no_other() {
    let hub = Process::start(&[]).await;
    let mut bystander = hub.device("device-1").await;
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for _ in 0..200 {
        let mut stranger = Device::open(hub.address()).await;
        stranger.send(noise.bytes()).await;
        // The beginning of a packet would wait for its rest: 0xff four times is no length.
        stranger.send(vec![0xff; 300]).await;
        drop(stranger);
    }
    // Nobody waits for the strangers' ends: the hub may still be reading them.
    within("more than 150 of 200 being told", async {
        loop {
            let (_, told) = hub.json("GET", "/local/log?lastEventId=0", "").await;
            let is_refused = |event: &&serde_json::Value| event["type"] == "refused";
            if told["events"].as_array().unwrap().iter().filter(is_refused).count() > 150 {
                break;
            }
        }
    })
    .await;
    bystander.publish("devices/device-1/messages/events/", b"still here", 5).await;
    assert!(matches!(bystander.packet().await, Some(Packet::PubAck(ack)) if ack.pkid == 5));
}

#[tokio::test]
async fn noise_on_the_http_port_is_survived() {
    let hub = Process::start(&[]).await;
    let mut noise = Noise(42);
    for _ in 0..100 {
        let mut stream = TcpStream::connect(hub.address()).await.unwrap();
        // The hub may have hung up already.
        let _ = stream.write_all(&noise.bytes()).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = within("the end", stream.read_to_end(&mut answer)).await;
    }
    assert_eq!(hub.request("GET", "/local/info", "").await.0, 200);
}

#[tokio::test]
async fn sockets_without_connect_cost_little() {
    let hub = Process::start(&[]).await;
    let before = resident_kb(&hub);
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(Device::open(hub.address()).await);
    }
    let after = resident_kb(&hub);
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after - before < 400 * 40, "{before} KB became {after} KB for 400 links");
    }
    let mut device = hub.device("device-1").await;
    device.publish("devices/device-1/messages/events/", b"x", 1).await;
    assert!(device.packet().await.is_some());
    drop(idle);
}

/// Resident memory of the hub, where the system tells.
fn resident_kb(hub: &Process) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.child.id()?)).ok()?;
    status.lines().find(|line| line.starts_with("VmRSS:"))?.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go_and_others_go_on() {
    let hub = Process::start(&[]).await;
    let mut deaf = hub.device("device-1").await;
    deaf.subscribe(&["$iothub/twin/PATCH/properties/desired/#"]).await;
    let chunk = "x".repeat(4000);
    let mut ended = false;
    // 30 KB each: some megabytes fill the socket's buffers, eight more the hub's patience.
    for n in 0..2000 {
        let fields: Vec<String> = (0..7).map(|f| format!("\"f{f}\":\"{chunk}\"")).collect();
        let body = format!("{{\"properties\":{{\"desired\":{{\"n\":{n},{}}}}}}}", fields.join(","));
        assert_eq!(hub.request("PATCH", "/local/devices/device-1/twin", &body).await.0, 200);
        let (_, log) = hub.json("GET", "/local/log?types=connection&lastEventId=0", "").await;
        ended = log["events"].as_array().unwrap().iter().any(|event| event["reason"] == "slow-reader");
        if ended {
            break;
        }
    }
    assert!(ended, "60 MB were held for a client that reads nothing");
    let mut again = hub.device("device-1").await;
    again.publish("devices/device-1/messages/events/", b"x", 3).await;
    assert!(matches!(again.packet().await, Some(Packet::PubAck(ack)) if ack.pkid == 3));
}
