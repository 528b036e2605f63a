//! The command line, the ready line, the end. DESIGN 6.

use crate::support::{Folder, Process, command, within};
use iothub_protocol::connection_string::ConnectionString;
use std::process::Stdio;

#[tokio::test]
async fn the_ready_line_has_all_that_a_program_needs() {
    let hub = Process::start(&[]).await;
    let ready = &hub.ready;
    assert!(ready["http"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert!(ready["https"].is_null() && ready["mqtts"].is_null() && ready["caFile"].is_null());
    assert!(
        ready["serviceConnectionString"]
            .as_str()
            .unwrap()
            .starts_with("HostName=localhost;SharedAccessKeyName=iothubowner;")
    );
    let port = hub.address().rsplit(':').next().unwrap();
    let device = &ready["devices"][0];
    assert_eq!(device["deviceId"], "device-1");
    assert!(
        device["connectionString"].as_str().unwrap().ends_with(&format!(";UseLocalHub=true;Port={port}"))
    );
    assert!(
        device["connectionString"]
            .as_str()
            .unwrap()
            .starts_with(device["sdkConnectionString"].as_str().unwrap())
    );
    let (_, told) = hub.json("GET", "/local/devices/device-1", "").await;
    for name in ["connectionString", "sdkConnectionString"] {
        assert_eq!(told[name], device[name], "/local has the pair of the ready line");
    }
}

#[tokio::test]
async fn what_is_unknown_is_refused_and_not_ignored() {
    for args in [&["--no-such-option"][..], &["--https-port", "0"], &["--port", "x"], &["stray"]] {
        let output = within("the refusal", command(args).output()).await.unwrap();
        assert!(!output.status.success(), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_cure() {
    let hub = Process::start(&[]).await;
    let port = hub.address().rsplit(':').next().unwrap();
    let output = within("the refusal", command(&["--port", port]).output()).await.unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("Another program has this port") && told.contains("--port 0"), "{told}");
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_ends_it_in_order() {
    let mut hub = Process::start(&[]).await;
    let mut device = hub.device("device-1").await;
    let pid = hub.child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(sent.success());
    assert!(device.packet().await.is_none(), "the link is closed");
    assert!(within("the end", hub.child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn the_log_says_why_a_link_was_refused_and_shows_no_key() {
    let mut child = command(&["--json", "--port", "0", "--log", "json"])
        .env("IOTHUB_LOCAL_LOG", "debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = tokio::io::BufReader::new(child.stdout.take().unwrap());
    within("the ready line", tokio::io::AsyncBufReadExt::read_line(&mut stdout, &mut line)).await.unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["http"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let wrong = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let mut device = crate::support::Device::open(&address).await;
    device.introduce("device-1", wrong).await;
    assert!(device.packet().await.is_some());
    assert!(device.packet().await.is_none());
    child.start_kill().unwrap();
    let output = within("the end", child.wait_with_output()).await.unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let refusal = log.lines().find(|line| line.contains("token-signature")).expect("the reason is logged");
    let refusal: serde_json::Value = serde_json::from_str(refusal).unwrap();
    assert_eq!(refusal["identity"], "device-1");
    assert!(!log.contains("sig=") && !log.contains(wrong) && !log.contains("SharedAccessKey="), "{log}");
}

#[tokio::test]
async fn a_seed_is_sown_and_a_bad_one_is_named() {
    let folder = Folder::new("seed");
    let seed = folder.join("seed.json");
    std::fs::write(&seed, r#"{"devices":[{"deviceId":"sown","tags":{"a":1}}]}"#).unwrap();
    let hub = Process::start(&["--seed", &seed]).await;
    assert_eq!(hub.json("GET", "/local/devices/sown/twin", "").await.1["tags"]["a"], 1);
    hub.device("sown").await;
    std::fs::write(&seed, r#"{"devices":[{"deviceId":"a/b"}]}"#).unwrap();
    let output = within("the refusal", command(&["--port", "0", "--seed", &seed]).output()).await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("seed.json") && told.contains("position 2"), "{told}");
}

#[tokio::test]
async fn exec_runs_a_command_against_a_hub_of_its_own() {
    let script = "test -n \"$IOTHUB_SERVICE_CONNECTION_STRING\" && printf '%s\\n%s' \"$IOTHUB_HTTP\" \"$IOTHUB_DEVICE_CONNECTION_STRING\"; exit 7";
    let output = within("the command", command(&["exec", "--", "sh", "-c", script]).output()).await.unwrap();
    assert_eq!(output.status.code(), Some(7));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("http://127.0.0.1:") && told.contains("DeviceId=device-1;"), "{told}");
    let output = within("the refusal", command(&["exec", "--", "no-such-program"]).output()).await.unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("no-such-program"));
}

#[tokio::test]
async fn a_host_name_stands_in_all_that_is_printed() {
    let hub = Process::start(&["--host-name", "hub.localhost", "--host-name", "iothub.test"]).await;
    let ready = &hub.ready;
    let text = |pointer: &str| ready.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let port = text("/http").rsplit(':').next().unwrap().to_owned();
    assert_eq!(text("/http"), format!("http://hub.localhost:{port}"));
    assert_eq!(text("/dashboard"), format!("http://hub.localhost:{port}/"));
    for pointer in [
        "/serviceConnectionString",
        "/dottedServiceConnectionString",
        "/devices/0/connectionString",
        "/devices/0/sdkConnectionString",
        "/devices/0/dottedSdkConnectionString",
    ] {
        assert!(text(pointer).starts_with("HostName=hub.localhost;"), "{pointer}: {}", text(pointer));
    }
    assert!(text("/devices/0/connectionString").ends_with(&format!(";UseLocalHub=true;Port={port}")));
    // The client takes what is printed for it.
    ConnectionString::parse_device(&text("/devices/0/connectionString")).unwrap();
    // Each name may call /local; none that was not given.
    for (host, status) in [("iothub.test", 200), ("hub.localhost", 200), ("evil.example", 401)] {
        let answer = get(&port, host).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
    }
}

async fn get(port: &str, host: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    let head = format!("GET /local/info HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn without_one_there_is_a_string_for_sdks_that_want_a_dot() {
    let hub = Process::start(&[]).await;
    let device = &hub.ready["devices"][0];
    let starts = |text: &serde_json::Value, with: &str| text.as_str().unwrap().starts_with(with);
    assert!(starts(&device["sdkConnectionString"], "HostName=localhost;"));
    assert!(starts(&device["dottedSdkConnectionString"], "HostName=127.0.0.1;"));
    assert!(starts(&hub.ready["dottedServiceConnectionString"], "HostName=127.0.0.1;"));
}

#[tokio::test]
async fn what_is_printed_can_be_dialled_whatever_the_hub_listens_on() {
    for (host, shown) in [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("0.0.0.0", "127.0.0.1")] {
        if std::net::TcpListener::bind(format!("{shown}:0")).is_err() {
            // A machine without IPv6 has no such hub either.
            continue;
        }
        let hub = Process::start(&["--host", host]).await;
        assert!(hub.address().starts_with(&format!("{shown}:")), "{}", hub.address());
        assert_eq!(hub.request("GET", "/local/info", "").await.0, 200);
        let text = hub.ready["devices"][0]["connectionString"].as_str().unwrap();
        let read = ConnectionString::parse_device(text).unwrap();
        let dialled = (read.host_name.unwrap(), read.port.unwrap());
        assert!(
            tokio::net::TcpStream::connect(format!("{}:{}", dialled.0, dialled.1)).await.is_ok(),
            "{dialled:?}"
        );
    }
}

#[tokio::test]
async fn people_read_where_the_dashboard_is_first() {
    let mut child = command(&["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines =
        tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().unwrap()));
    let mut line = async || within("a line", lines.next_line()).await.unwrap().unwrap();
    assert_eq!(line().await, "iothub-local is ready");
    let dashboard = line().await;
    assert!(
        dashboard.trim().starts_with("dashboard") && dashboard.contains("http://127.0.0.1:"),
        "{dashboard}"
    );
    child.kill().await.unwrap();
}

/// An address of this machine that is not a loopback one.
#[tokio::test]
async fn on_an_address_of_the_network_no_string_says_localhost() {
    let Some(address) = own_address() else {
        // A machine without a network: the core's names are tested in `run`.
        return;
    };
    let hub = Process::start(&["--host", &address]).await;
    let text = hub.ready.to_string();
    assert!(!text.contains("localhost") && !text.contains("127.0.0.1"), "{text}");
    assert_eq!(hub.request("GET", "/local/info", "").await.0, 200);
}

fn own_address() -> Option<String> {
    // Nothing is sent: the system only says by which address it would.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}
