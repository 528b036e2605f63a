//! `exec`: signals reach the command and its children, and its end is told as shells tell it.
#![cfg(unix)]

use crate::support::{Folder, command, within};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Child;

fn start(script: &str) -> Child {
    let mut hub = command(&["exec", "--", "sh", "-c", script]);
    hub.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn send(signal: &str, pid: u32) {
    let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for a file and gives what is in it.
async fn written(path: &str) -> String {
    within(path, async {
        loop {
            match std::fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    })
    .await
}

fn lives(pid: &str) -> bool {
    // A process that has ended and was not collected yet does not live.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z'))
}

#[tokio::test]
async fn a_signal_reaches_the_command_and_its_children() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let folder = Folder::new(&format!("exec{signal}"));
        let (ready, mark) = (folder.join("ready"), folder.join("mark"));
        let script = format!(
            "trap 'echo cleaned >{mark}; exit 7' {}; sleep 600 & echo $! >{ready}; wait",
            &signal[1..]
        );
        let mut hub = start(&script);
        let child = written(&ready).await;
        send(signal, hub.id().unwrap());
        let status = within("the end", hub.wait()).await.unwrap();
        assert_eq!(status.code(), Some(7), "{signal}: the command's own code");
        assert_eq!(written(&mark).await, "cleaned", "{signal}");
        within("the end of the command's child", async {
            // A shell's background job ignores SIGINT: it ends by SIGKILL, which needs a moment.
            while lives(&child) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn who_ends_by_a_signal_gives_128_and_its_number() {
    for (script, code) in [("kill -9 $$", 137), ("kill -TERM $$", 143), ("exit 3", 3)] {
        assert_eq!(within(script, start(script).wait()).await.unwrap().code(), Some(code), "{script}");
    }
    let folder = Folder::new("exec-code");
    let ready = folder.join("ready");
    let mut hub = start(&format!("echo yes >{ready}; exec sleep 600"));
    written(&ready).await;
    send("-TERM", hub.id().unwrap());
    assert_eq!(within("the end", hub.wait()).await.unwrap().code(), Some(143));
}

#[tokio::test]
async fn a_command_that_is_not_there_is_127() {
    let output = within("the end", command(&["exec", "--", "no-such-program"]).output()).await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(127));
    assert!(told.contains("no-such-program") && told.contains("the command can not be started"), "{told}");
    let output = within("the end", command(&["exec", "--", "/"]).output()).await.unwrap();
    assert_eq!(output.status.code(), Some(126));
}
