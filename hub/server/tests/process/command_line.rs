//! The command line, the ready line, the end. DESIGN 6.

use crate::support::{Folder, Process, command, within};
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
