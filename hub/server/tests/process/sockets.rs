//! The device endpoint over WebSocket. PROTOCOL 1.

use crate::support::{Device, Process, within};
use iothub_protocol::packet::Packet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, http};

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
