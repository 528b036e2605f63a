//! What HTTP clients of all kinds send: upgrades that mean nothing, HEAD, encoded paths, bodies that break.

use crate::support::{Device, Process, within};
use iothub_protocol::packet::Packet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes as they are, and reads to the end.
async fn raw(hub: &Process, text: &str) -> String {
    let mut stream = TcpStream::connect(hub.address()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    within("the answer", stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn head(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn only_an_upgrade_to_websocket_is_one() {
    // RFC 9110 7.8. Java and curl --http2 offer h2c with every request.
    let hub = Process::start(&[]).await;
    let h2c = "upgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n";
    for path in ["/local/info", "/local/openapi.json", "/"] {
        let answer = raw(&hub, &head(&format!("GET {path}"), h2c)).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    let answer = raw(&hub, &head("GET /devices?api-version=2021-04-12", h2c)).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = raw(&hub, &head("GET /local/info", "upgrade: h2c, WebSocket\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("/$iothub/websocket"), "{answer}");
}

#[tokio::test]
async fn paths_are_compared_decoded_and_without_a_last_slash() {
    // RFC 3986 6.2.2.2.
    let hub = Process::start(&[]).await;
    for path in ["/%24iothub/websocket", "/$iothub/websocket/"] {
        let mut device = Device::open_at(hub.address(), path).await;
        device.introduce("device-1", iothub_hub::FIRST_DEVICE_KEY).await;
        assert!(matches!(device.packet().await, Some(Packet::ConnAck(ack)) if ack.code as u8 == 0), "{path}");
    }
    for path in ["/local/info/", "/local/openapi.json/", "/%6cocal/info"] {
        assert_eq!(hub.request("GET", path, "").await.0, 200, "{path}");
    }
    let mut stream = TcpStream::connect(hub.address()).await.unwrap();
    stream.write_all(head("GET /local/events/", "").as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    within("the stream", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    // RFC 9110 9.3.2.
    let hub = Process::start(&[]).await;
    for path in ["/local/info", "/local/devices", "/local/events", "/local/openapi.json", "/"] {
        let answer = raw(&hub, &head(&format!("HEAD {path}"), "")).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{path}: {answer}");
    }
    assert!(raw(&hub, &head("HEAD /local/devices/nobody", "")).await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn what_does_not_exist_is_404_in_json() {
    let hub = Process::start(&[]).await;
    for (method, path) in
        [("GET", "/local/nonsense"), ("GET", "/local"), ("PUT", "/local/info"), ("GET", "/nonsense")]
    {
        let (status, told) = hub.json(method, path, "").await;
        assert!(
            status == 404
                && told["message"]
                    .as_str()
                    .is_some_and(|m| m.contains("has no") || m.contains("there is no")),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_page_may_send_the_headers_that_it_asks_for() {
    let hub = Process::start(&["--cors"]).await;
    let asks = "origin: https://portal.example\r\naccess-control-request-method: POST\r\n\
                access-control-request-headers: authorization,x-ms-max-item-count,x-ms-continuation,request-id\r\n";
    let answer = raw(&hub, &head("OPTIONS /devices/query", asks)).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    for name in ["x-ms-max-item-count", "x-ms-continuation", "request-id"] {
        let allowed = answer.lines().find(|line| line.starts_with("access-control-allow-headers")).unwrap();
        assert!(allowed.contains(name), "{allowed}");
    }
    let local = "origin: http://localhost:5173\r\n";
    for path in ["/local/openapi.json", "/local/info", "/local/events"] {
        let answer = raw(&hub, &head(&format!("HEAD {path}"), local)).await;
        assert!(answer.contains("access-control-allow-origin: http://localhost:5173"), "{path}: {answer}");
    }
    let foreign = raw(&hub, &head("GET /local/openapi.json", "origin: https://evil.example\r\n")).await;
    assert!(foreign.starts_with("HTTP/1.1 401"), "{foreign}");
}

#[tokio::test]
async fn a_body_that_can_not_be_taken_is_told_in_json_that_the_page_can_read() {
    let hub = Process::start(&["--cors"]).await;
    let origin = "origin: http://localhost:5173\r\n";
    let large = format!("{origin}content-length: 5000000\r\n");
    let answer = raw(&hub, &(head("PUT /local/devices/d", &large) + &"x".repeat(5_000_000))).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"errorCode\":413001"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: http://localhost:5173"), "{answer}");
    let chunked = format!("{origin}transfer-encoding: chunked\r\n");
    let answer = raw(&hub, &(head("PUT /local/devices/d", &chunked) + "zz\r\nnonsense\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("\"errorCode\":400006"), "{answer}");
    let answer =
        raw(&hub, &(head("POST /devices/query?api-version=2021-04-12", &large) + &"x".repeat(5_000_000)))
            .await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("ErrorCode:MessageTooLarge"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: *"), "{answer}");
}

#[tokio::test]
async fn what_a_large_hub_exports_can_be_imported_again() {
    let hub = Process::start(&[]).await;
    let padding = "p".repeat(3000);
    let devices: Vec<String> =
        (0..2000).map(|n| format!("{{\"deviceId\":\"d{n}\",\"tags\":{{\"a\":\"{padding}\"}}}}")).collect();
    let (status, told) =
        hub.json("POST", "/local/import", &format!("{{\"devices\":[{}]}}", devices.join(","))).await;
    assert_eq!((status, told["imported"].as_u64()), (200, Some(2000)), "{told}");
    let (_, exported) = hub.request("GET", "/local/export", "").await;
    assert!(exported.len() > 6_000_000);
    let other = Process::start(&[]).await;
    assert_eq!(other.request("POST", "/local/import", &exported).await.0, 200);
    assert_eq!(other.json("GET", "/local/info", "").await.1["devices"], 2001);
}

#[tokio::test]
async fn versions_and_numbers_that_are_none_are_refused() {
    let hub = Process::start(&[]).await;
    let (_, token) = hub.json("POST", "/local/tokens", r#"{"policy":"iothubowner"}"#).await;
    let authorization = format!("authorization: {}\r\n", token["token"].as_str().unwrap());
    for (query, status) in [
        ("api-version=2021-04-12", 200),
        ("api-version=2020-05-31-preview", 200),
        ("api-version=zzzzzzzzzz", 400),
        ("api-version=2021-13-01", 400),
        ("api-version=2021-04-12&top=abc", 400),
        ("api-version=2021-04-12&top=-1", 400),
        ("api-version=2021-04-12&top=1", 200),
    ] {
        let answer = raw(&hub, &head(&format!("GET /devices?{query}"), &authorization)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{query}: {answer}");
    }
}
