//! `--data`: what was acknowledged survives a kill -9.

use crate::support::{Folder, Process, command, request, within};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[tokio::test]
async fn twins_messages_and_sessions_are_there_after_a_restart() {
    let folder = Folder::new("data");
    let file = folder.join("hub.sqlite");
    let hub = Process::start(&["--data", &file]).await;
    hub.json("PUT", "/local/devices/kept", r#"{"deviceId":"kept"}"#).await;
    hub.json(
        "PATCH",
        "/local/devices/kept/twin",
        r#"{"tags":{"a":1},"properties":{"desired":{"x":{"y":2}}}}"#,
    )
    .await;
    hub.json("DELETE", "/local/devices/device-1", "").await;
    let mut device = hub.device("kept").await;
    device.subscribe(&["devices/kept/messages/devicebound/#", "$iothub/twin/res/#"]).await;
    device.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", br#"{"r":3}"#, 0).await;
    assert!(device.packet().await.is_some());
    drop(device);
    for n in 0..3 {
        hub.json(
            "POST",
            "/local/devices/kept/messages",
            &json!({"body": n, "messageId": format!("m{n}")}).to_string(),
        )
        .await;
    }
    let (_, before) = hub.json("GET", "/local/export", "").await;
    hub.kill().await;
    let hub = Process::start(&["--data", &file]).await;
    let (_, after) = hub.json("GET", "/local/export", "").await;
    let identities = |export: &Value| -> Vec<Value> {
        let mut rows = export["devices"].as_array().unwrap().clone();
        for row in &mut rows {
            // When the link was last seen is not worth a write each time.
            for name in ["lastActivityTime", "connectionStateUpdatedTime"] {
                row.as_object_mut().unwrap().remove(name);
            }
        }
        rows
    };
    assert_eq!(identities(&after), identities(&before));
    assert_eq!(hub.json("GET", "/local/devices/device-1", "").await.0, 404, "deleted is deleted");
    let mut device = hub.device("kept").await;
    for n in 0..3 {
        let Some(iothub_protocol::packet::Packet::Publish(message)) = device.packet().await else {
            panic!("no message")
        };
        assert!(message.topic.contains(&format!("m{n}")), "{}", message.topic);
    }
}

/// Writes as fast as it can until the hub is gone; counts what was acknowledged.
async fn write_until_killed(address: String, round: u64, twins: Arc<AtomicU64>, messages: Arc<AtomicU64>) {
    for n in 1.. {
        let patch = format!("{{\"properties\":{{\"desired\":{{\"round\":{round},\"n\":{n}}}}}}}");
        match request(&address, "PATCH", "/local/devices/device-1/twin", &patch).await {
            Some((200, _)) => twins.store(n, Ordering::SeqCst),
            _ => return,
        }
        if n <= 40 {
            let message = format!("{{\"body\":\"x\",\"messageId\":\"r{round}-{n}\"}}");
            match request(&address, "POST", "/local/devices/device-1/messages", &message).await {
                Some((201, _)) => messages.store(n, Ordering::SeqCst),
                _ => return,
            }
        }
    }
}

#[tokio::test]
async fn twenty_kills_lose_nothing_that_was_acknowledged() {
    let folder = Folder::new("kill");
    let file = folder.join("hub.sqlite");
    for round in 1..=20_u64 {
        let hub = Process::start(&["--data", &file]).await;
        let (_, purged) = hub.json("DELETE", "/local/devices/device-1/messages", "").await;
        assert!(purged["totalMessagesPurged"].is_u64());
        let (twins, messages) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let writer =
            write_until_killed(hub.address().to_owned(), round, Arc::clone(&twins), Arc::clone(&messages));
        let writer = tokio::spawn(writer);
        // Killed somewhere in the middle, at another place in each round.
        let goal = 5 + round * 3;
        within("some writes", async {
            while twins.load(Ordering::SeqCst) < goal {
                tokio::task::yield_now().await;
            }
        })
        .await;
        hub.kill().await;
        within("the writer's end", writer).await.unwrap();
        let (twins, messages) = (twins.load(Ordering::SeqCst), messages.load(Ordering::SeqCst));
        let hub = Process::start(&["--data", &file]).await;
        let (_, twin) = hub.json("GET", "/local/devices/device-1/twin", "").await;
        let desired = &twin["properties"]["desired"];
        assert_eq!(desired["round"], round);
        // One more may have been written and not acknowledged.
        let kept = desired["n"].as_u64().unwrap();
        assert!(kept == twins || kept == twins + 1, "round {round}: {twins} acknowledged, {kept} kept");
        let (_, queue) = hub.json("GET", "/local/devices/device-1/messages", "").await;
        let ids: Vec<&str> =
            queue.as_array().unwrap().iter().map(|m| m["messageId"].as_str().unwrap()).collect();
        for n in 1..=messages {
            assert!(
                ids.contains(&format!("r{round}-{n}").as_str()),
                "round {round}: message {n} of {messages} is lost"
            );
        }
        hub.kill().await;
    }
}

#[tokio::test]
async fn a_foreign_file_is_refused_and_left_alone() {
    let folder = Folder::new("foreign");
    let file = folder.join("notes.txt");
    std::fs::write(
        &file,
        "these are my notes, and they are longer than a header of SQLite would be: one hundred bytes",
    )
    .unwrap();
    let before = std::fs::read(&file).unwrap();
    let output = within("the refusal", command(&["--port", "0", "--data", &file]).output()).await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("notes.txt"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn messages_of_a_deleted_device_are_gone_and_a_bad_row_keeps_nobody_out() {
    let folder = Folder::new("deleted");
    let file = folder.join("hub.sqlite");
    let hub = Process::start(&["--data", &file]).await;
    for body in ["", r#"{"body":"old"}"#] {
        let path = if body.is_empty() { "/local/devices/d" } else { "/local/devices/d/messages" };
        let method = if body.is_empty() { "PUT" } else { "POST" };
        assert!(hub.json(method, path, body).await.0 < 300);
    }
    assert_eq!(hub.json("DELETE", "/local/devices/d", "").await.0, 204);
    assert_eq!(hub.json("PUT", "/local/devices/d", "").await.0, 200);
    hub.json("POST", "/local/devices/d/messages", r#"{"body":"x","ack":"full"}"#).await;
    hub.json("DELETE", "/local/devices/d/messages", "").await;
    hub.json("POST", "/local/devices/d/messages", r#"{"body":"new","messageId":"new"}"#).await;
    hub.kill().await;
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute("INSERT INTO messages (sequence, device, document) VALUES (99, 'd', '{\"bag\":5}')", [])
        .unwrap();
    connection
        .execute("INSERT INTO identities (device, module, document) VALUES ('x', '', 'no JSON')", [])
        .unwrap();
    connection.execute("INSERT INTO feedback (number, document) VALUES (99, '5')", []).unwrap();
    drop(connection);
    for _ in 0..2 {
        let hub = Process::start(&["--data", &file]).await;
        let (_, queue) = hub.json("GET", "/local/devices/d/messages", "").await;
        let ids: Vec<&Value> = queue.as_array().unwrap().iter().map(|m| &m["messageId"]).collect();
        assert_eq!(ids, ["new"]);
        hub.kill().await;
    }
    let connection = rusqlite::Connection::open(&file).unwrap();
    let aside = "SELECT count(*) FROM unreadable WHERE device IN ('d', 'x', '') AND reason <> ''";
    let count: i64 = connection.query_row(aside, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3, "what can not be read is set aside once, and not lost");
    let feedback = "SELECT document FROM feedback";
    let feedback: String = connection.query_row(feedback, [], |row| row.get(0)).unwrap();
    assert!(feedback.contains("Purged"), "{feedback}");
}

#[tokio::test]
async fn a_reset_brings_the_first_device_back_for_good() {
    let folder = Folder::new("reset");
    let file = folder.join("hub.sqlite");
    let hub = Process::start(&["--data", &file]).await;
    assert_eq!(hub.json("DELETE", "/local/devices/device-1", "").await.0, 204);
    assert_eq!(hub.json("POST", "/local/reset", "").await.0, 204);
    hub.kill().await;
    let hub = Process::start(&["--data", &file]).await;
    assert_eq!(hub.ready["devices"][0]["deviceId"], "device-1");
    assert_eq!(hub.json("DELETE", "/local/devices/device-1", "").await.0, 204);
    hub.kill().await;
    let hub = Process::start(&["--data", &file]).await;
    assert_eq!(hub.ready["devices"], json!([]));
    // The file of a hub whose first device was deleted knows it still.
    assert_eq!(hub.json("POST", "/local/reset", "").await.0, 204);
    assert_eq!(hub.json("GET", "/local/devices/device-1", "").await.0, 200);
}

#[tokio::test]
async fn a_second_hub_on_the_same_file_is_refused() {
    let folder = Folder::new("second");
    let file = folder.join("hub.sqlite");
    let hub = Process::start(&["--data", &file]).await;
    assert_eq!(hub.request("PUT", "/local/devices/first", "").await.0, 200);
    let output = within("the refusal", command(&["--port", "0", "--data", &file]).output()).await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("is a hub running on it already?"), "{told}");
    hub.kill().await;
    let hub = Process::start(&["--data", &file]).await;
    assert_eq!(hub.request("GET", "/local/devices/first", "").await.0, 200);
}

#[tokio::test]
async fn another_program_is_kept_out_and_does_not_keep_the_hub_waiting() {
    let folder = Folder::new("lock");
    let file = folder.join("hub.sqlite");
    Process::start(&["--data", &file]).await.kill().await;
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let output = within("the refusal", command(&["--port", "0", "--data", &file]).output()).await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("Another process has this file open"), "{told}");
    drop(other);
    let hub = Process::start(&["--data", &file]).await;
    let other = rusqlite::Connection::open(&file).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(other.execute_batch("BEGIN IMMEDIATE").is_err(), "the file is the hub's as long as it runs");
    assert_eq!(hub.request("PUT", "/local/devices/x", "").await.0, 200);
}

/// The file may not grow beyond 300 KB: the disk is full.
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_refuses_what_it_can_not_keep_and_ends_the_hub() {
    let folder = Folder::new("full");
    let file = folder.join("hub.sqlite");
    let script = format!(
        "trap '' XFSZ; ulimit -f 600; exec {} --json --port 0 --data {file}",
        env!("CARGO_BIN_EXE_iothub-local")
    );
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", &script]).kill_on_drop(true).stdin(std::process::Stdio::null());
    let mut hub = Process::of(shell).await;
    let mut acknowledged = Vec::new();
    let refused = within("the refusal", async {
        for n in 0.. {
            match request(hub.address(), "PUT", &format!("/local/devices/d{n}"), "").await {
                Some((200, _)) => acknowledged.push(n),
                other => return other,
            }
        }
        None
    })
    .await;
    let (status, told) = refused.expect("an answer, no broken connection");
    assert!(
        status == 500 && (told.contains("Make room on the disk") || told.contains("is it full")),
        "{status} {told}"
    );
    assert_eq!(within("the end", hub.child.wait()).await.unwrap().code(), Some(74));
    assert!(!acknowledged.is_empty());
    let hub = Process::start(&["--data", &file]).await;
    for n in acknowledged {
        assert_eq!(
            hub.request("GET", &format!("/local/devices/d{n}"), "").await.0,
            200,
            "d{n} was acknowledged"
        );
    }
}
