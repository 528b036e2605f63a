//! What happened in a run, one readable line each: packets, calls, troubles. Written only when somebody will read
//! it.

use iothub_device::Event;
use iothub_protocol::packet::{Packet, Publish};
use std::collections::VecDeque;

/// The last lines of a run.
#[derive(Debug, Default)]
pub struct Trace {
    lines: VecDeque<String>,
    most: usize,
}

impl Trace {
    /// Keeps so many lines from now on.
    pub fn keep(&mut self, most: usize) {
        self.most = most;
    }

    /// Adds a line.
    pub fn line(&mut self, now: u64, text: impl FnOnce() -> String) {
        if self.most == 0 {
            return;
        }
        if self.lines.len() == self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>9}.{:03} {}", now / 1000, now % 1000, text()));
    }

    /// A packet leaves a device, or arrives there.
    pub fn packet(&mut self, now: u64, client: usize, wire: usize, outgoing: bool, packet: &Packet) {
        let arrow = if outgoing { "->" } else { "<-" };
        self.line(now, || format!("client {client} wire {wire} {arrow} {}", packet_text(packet)));
    }

    /// An event that the application is told.
    pub fn event(&mut self, now: u64, client: usize, event: &Event) {
        self.line(now, || match event {
            Event::Status { state, reason, detail, retry_in } => {
                format!("client {client} status {} ({reason}, retry {retry_in:?}): {detail}", state.as_str())
            }
            Event::Message { delivery, body, dup, .. } => {
                let again = if *dup { " DUP" } else { "" };
                format!(
                    "client {client} message {}{again} (delivery {})",
                    String::from_utf8_lossy(body),
                    delivery.0
                )
            }
            Event::Desired { patch, version, .. } => {
                format!("client {client} desired version {version}: {patch}")
            }
            other => format!("client {client} {other:?}"),
        });
    }

    /// All lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

fn packet_text(packet: &Packet) -> String {
    match packet {
        Packet::Connect(connect) => format!("CONNECT {} clean {}", connect.client_id, connect.clean_session),
        Packet::ConnAck(ack) => format!("CONNACK {:?} session {}", ack.code, ack.session_present),
        Packet::Publish(publish) => publish_text(publish),
        Packet::PubAck(ack) => format!("PUBACK {}", ack.pkid),
        Packet::Subscribe(subscribe) => {
            let filters: Vec<&str> = subscribe.filters.iter().map(|filter| filter.path.as_str()).collect();
            format!("SUBSCRIBE {} {}", subscribe.pkid, filters.join(" "))
        }
        Packet::SubAck(ack) => format!("SUBACK {}", ack.pkid),
        other => format!("{other:?}").to_uppercase(),
    }
}

fn publish_text(publish: &Publish) -> String {
    let dup = if publish.dup { " DUP" } else { "" };
    let body: String = String::from_utf8_lossy(&publish.payload).chars().take(60).collect();
    format!("PUBLISH {} qos {}{dup} {} \"{body}\"", publish.pkid, publish.qos as u8, publish.topic)
}
