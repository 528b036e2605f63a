//! The end of the process: what is open ends in order, and in time.
#![cfg(unix)]

use crate::support::{Process, within};
use futures_util::{SinkExt, StreamExt};
use iothub_protocol::packet::Packet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

fn send(signal: &str, hub: &Process) {
    let pid = hub.child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

#[tokio::test]
async fn an_open_method_gets_503_and_a_websocket_a_close_frame() {
    let mut hub = Process::start(&[]).await;
    let mut device = hub.device("device-1").await;
    device.subscribe(&["$iothub/methods/POST/#"]).await;
    let address = hub.address().to_owned();
    let body = r#"{"methodName":"m","responseTimeoutInSeconds":300}"#;
    let call = tokio::spawn(async move {
        crate::support::request(&address, "POST", "/local/devices/device-1/methods", body).await
    });
    assert!(matches!(device.packet().await, Some(Packet::Publish(_))), "the request");
    send("-TERM", &hub);
    let (status, told) = within("the answer", call).await.unwrap().expect("an answer, no broken connection");
    assert_eq!(status, 503, "{told}");
    let close = within("the close frame", device.socket.next()).await.unwrap().unwrap();
    let Message::Close(Some(frame)) = close else { panic!("{close:?} is no close frame") };
    assert_eq!(u16::from(frame.code), 1001);
    // The reply to it has been queued by the library.
    let _ = device.socket.flush().await;
    assert!(within("the end", hub.child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn readers_of_events_and_half_requests_do_not_hold_it() {
    let mut hub = Process::start(&[]).await;
    let mut reader = TcpStream::connect(hub.address()).await.unwrap();
    reader.write_all(b"GET /local/events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut half = TcpStream::connect(hub.address()).await.unwrap();
    half.write_all(b"POST /local/devices/d HTTP/1.1\r\nhost: lo").await.unwrap();
    let mut greeting = [0; 12];
    within("the stream", reader.read_exact(&mut greeting)).await.unwrap();
    send("-HUP", &hub);
    let mut rest = String::new();
    within("the stream's end", reader.read_to_string(&mut rest)).await.unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream ends as HTTP has it: {rest}");
    assert!(within("the end", hub.child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn a_client_that_does_not_answer_holds_it_for_seconds_at_most() {
    let mut hub = Process::start(&[]).await;
    // It reads nothing from here on, and does not answer the close frame.
    let _deaf = hub.device("device-1").await;
    let mut body = TcpStream::connect(hub.address()).await.unwrap();
    body.write_all(b"PUT /local/devices/d HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
        .await
        .unwrap();
    hub.json("GET", "/local/info", "").await;
    let begun = std::time::Instant::now();
    send("-INT", &hub);
    assert!(within("the end", hub.child.wait()).await.unwrap().success());
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}
