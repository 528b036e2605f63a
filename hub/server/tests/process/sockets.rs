//! The device endpoint over WebSocket. PROTOCOL 1.

use crate::support::{Device, Process, within};
use futures_util::StreamExt as _;
use iothub_protocol::packet::Packet;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, http};

async fn upgrade(address: &str, path: &str, protocol: Option<&str>) -> Result<Option<String>, u16> {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    match within("the upgrade", tokio_tungstenite::connect_async(request)).await {
        Ok((_, response)) => {
            let header: Option<&http::HeaderValue> = response.headers().get("sec-websocket-protocol");
            assert!(response.headers().get("sec-websocket-extensions").is_none(), "no compression");
            Ok(header.map(|value| value.to_str().unwrap().to_owned()))
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_subprotocol_has_no_case_and_is_echoed() {
    // PROTOCOL 1 "Subprotocol", 15 row 18; the query is ignored.
    let hub = Process::start(&[]).await;
    let path = "/$iothub/websocket?iothub-no-client-cert=true";
    for protocol in ["mqtt", "MQTT"] {
        assert_eq!(upgrade(hub.address(), path, Some(protocol)).await, Ok(Some(protocol.to_owned())));
    }
    assert_eq!(upgrade(hub.address(), path, Some("amqp, mqtt")).await, Ok(Some("mqtt".to_owned())));
}

#[tokio::test]
async fn a_wrong_path_or_no_subprotocol_is_400() {
    // PROTOCOL 1 "Missing/wrong path or no subprotocol".
    let hub = Process::start(&[]).await;
    for (path, protocol) in [
        ("/", Some("mqtt")),
        ("/$iothub/websocket", None),
        ("/$iothub/websocket", Some("amqp")),
        ("/local/events", Some("mqtt")),
    ] {
        assert_eq!(upgrade(hub.address(), path, protocol).await, Err(400), "{path} {protocol:?}");
    }
    assert_eq!(hub.request("GET", "/$iothub/websocket", "").await.0, 400);
}

#[tokio::test]
async fn a_refusal_is_read_before_the_socket_closes() {
    let hub = Process::start(&[]).await;
    let mut device = Device::open(hub.address()).await;
    device.introduce("device-1", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").await;
    assert!(matches!(device.packet().await, Some(Packet::ConnAck(ack)) if ack.code as u8 == 5));
    assert!(device.packet().await.is_none());
}

#[tokio::test]
async fn a_second_link_takes_the_first_over() {
    let hub = Process::start(&[]).await;
    let mut first = hub.device("device-1").await;
    let mut second = hub.device("device-1").await;
    assert!(first.packet().await.is_none());
    second.publish("devices/device-1/messages/events/", b"x", 7).await;
    assert!(matches!(second.packet().await, Some(Packet::PubAck(ack)) if ack.pkid == 7));
}

#[tokio::test]
async fn a_method_is_answered_over_http() {
    let hub = Process::start(&[]).await;
    let mut device = hub.device("device-1").await;
    device.subscribe(&["$iothub/methods/POST/#"]).await;
    let body = r#"{"methodName":"m","payload":[1, 2]}"#;
    let (answer, ()) = tokio::join!(hub.json("POST", "/local/devices/device-1/methods", body), async {
        let Some(Packet::Publish(request)) = device.packet().await else { panic!("no request") };
        assert_eq!(&request.payload[..], b"[1, 2]");
        let rid = request.topic.split("$rid=").nth(1).unwrap().to_owned();
        device.publish(&format!("$iothub/methods/res/200/?$rid={rid}"), b"{\"ok\":1}", 0).await;
    });
    assert_eq!(answer, (200, serde_json::json!({"status": 200, "payload": {"ok": 1}})));
}

#[tokio::test]
async fn a_hub_without_a_dashboard_says_how_to_build_it() {
    let hub = Process::start(&["--www", "/nonexistent"]).await;
    let (status, text) = hub.request("GET", "/", "").await;
    assert_eq!(status, 200);
    assert!(text.contains("npm start"), "{text}");
    assert_eq!(hub.request("GET", "/../../etc/passwd", "").await.0, 404);
}

/// The close frame that ends this socket; none when the connection just ends.
async fn close_of(device: &mut Device) -> Option<Option<u16>> {
    loop {
        match within("the end", device.socket.next()).await {
            Some(Ok(Message::Close(frame))) => return Some(frame.map(|frame| frame.code.into())),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

/// A frame as raw bytes: its first byte, its length with or without the mask bit, a mask of zero.
async fn write_frame(device: &mut Device, first: u8, masked: bool, payload: &[u8]) {
    let MaybeTlsStream::Plain(stream) = device.socket.get_mut() else { panic!("no plain stream") };
    let mut frame = vec![first, 127 | if masked { 0x80 } else { 0 }];
    frame.extend(u64::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(if masked { &[0; 4][..] } else { &[] });
    frame.extend(payload);
    // The hub may close before it has read all of it.
    let _ = stream.write_all(&frame).await;
}

#[tokio::test]
async fn a_close_frame_is_answered() {
    // RFC 6455, 5.5.1: without the answer a browser tells 1006 of each `close(1000)`.
    let hub = Process::start(&[]).await;
    for (code, after_disconnect) in [(1000, false), (1001, false), (4000, false), (1000, true)] {
        let mut device = hub.device("device-1").await;
        if after_disconnect {
            device.send(vec![0xe0, 0]).await;
        }
        let frame = CloseFrame { code: code.into(), reason: "bye".into() };
        within("the close", device.socket.close(Some(frame))).await.unwrap();
        let answer = close_of(&mut device).await;
        assert!(answer.is_some(), "{code} has no answer");
        assert!(after_disconnect || answer == Some(Some(code)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_broken_websocket_ends_with_its_code_and_the_hub_says_why() {
    let hub = Process::start(&[]).await;
    let ping: &[u8] = &[0xc0, 0];
    let large = vec![0; 1_100_000];
    for (what, first, masked, payload, code, reason) in [
        ("a text frame that is MQTT", 0x81, true, ping, 1003, "malformed-packet"),
        ("an unmasked frame", 0x82, false, ping, 1002, "malformed-packet"),
        ("a reserved bit", 0xc2, true, ping, 1002, "malformed-packet"),
        ("an unknown opcode", 0x83, true, ping, 1002, "malformed-packet"),
        ("a frame that is too large", 0x82, true, &large[..], 1009, "message-too-large"),
    ] {
        let mut device = hub.device("device-1").await;
        device.publish("devices/device-1/messages/events/", b"before", 7).await;
        write_frame(&mut device, first, masked, payload).await;
        // What was due leaves before the end; a frame that is not read to its end may lose both.
        let puback = device.packet().await;
        assert!(matches!(&puback, Some(Packet::PubAck(ack)) if ack.pkid == 7), "{what}: {puback:?}");
        assert_eq!(close_of(&mut device).await, Some(Some(code)), "{what}");
        let (_, log) = hub.json("GET", "/local/log", "").await;
        let told =
            log["events"].as_array().unwrap().iter().rfind(|event| event["type"] == "connection").unwrap();
        assert_eq!(
            (told["state"].as_str(), told["reason"].as_str()),
            (Some("disconnected"), Some(reason)),
            "{what}"
        );
    }
}
