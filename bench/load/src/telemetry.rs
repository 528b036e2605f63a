//! Throughput: every link keeps its window full until all its messages are acknowledged.

use crate::devices::Device;
use crate::failure::Failure;
use crate::frame;
use crate::link::Link;
use crate::usage::cpu_seconds;
use iothub_protocol::packet::{QoS, WrittenPublish};
use iothub_protocol::topic::telemetry_prefix;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::task::LocalSet;

const BODY_BYTES: usize = 256;
const PROPERTIES: &str = "level=storage&room=kitchen%201&run=20261121";

/// How the load looks.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Shape {
    /// Links.
    #[arg(long)]
    links: usize,
    /// Messages of a link that are sent and not acknowledged.
    #[arg(long)]
    window: usize,
    /// Messages of all links.
    #[arg(long)]
    messages: usize,
    /// Each packet in a frame of its own; absent: all that is due in one frame.
    #[arg(long)]
    frame_per_packet: bool,
}

/// Runs it.
pub(crate) async fn measure(address: SocketAddr, pid: u32, shape: &Shape) -> Result<Value, Failure> {
    let mut links = Vec::with_capacity(shape.links);
    for number in 0..shape.links {
        let device = Device::numbered(number)?;
        links.push((Link::connect(address, &device).await?, device));
    }
    let each = shape.messages / shape.links;
    let (cpu_before, own_before) = (cpu_seconds(pid)?, cpu_seconds(std::process::id())?);
    let started = Instant::now();
    let local = LocalSet::new();
    let tasks: Vec<_> = links
        .into_iter()
        .map(|(link, device)| local.spawn_local(drive(link, device, each, shape.clone())))
        .collect();
    let done = local.run_until(async {
        for task in tasks {
            task.await.map_err(|error| Failure::new(error.to_string()))??;
        }
        Ok::<(), Failure>(())
    });
    done.await?;
    let seconds = started.elapsed().as_secs_f64();
    let (cpu, own) = (cpu_seconds(pid)? - cpu_before, cpu_seconds(std::process::id())? - own_before);
    let messages = each * shape.links;
    let per_100k = 100_000.0 / messages as f64;
    Ok(json!({
        "messages": messages, "seconds": seconds, "perSecond": messages as f64 / seconds,
        "cpuPer100k": cpu * per_100k, "loadCpuPer100k": own * per_100k,
    }))
}

async fn drive(mut link: Link, device: Device, count: usize, shape: Shape) -> Result<(), Failure> {
    let mut topic = telemetry_prefix(&device.identity);
    topic.push_str(PROPERTIES);
    let written = WrittenPublish::new(QoS::AtLeastOnce, false, &[b'm'; BODY_BYTES], topic.len(), |out| {
        out.extend_from_slice(topic.as_bytes());
    });
    let mut packet = written.map_err(|error| Failure::new(error.to_string()))?;
    let (mut sent, mut acknowledged, mut id) = (0, 0, 0u16);
    let (mut payload, mut frames) = (Vec::new(), Vec::new());
    while acknowledged < count {
        frames.clear();
        payload.clear();
        while sent < count && sent - acknowledged < shape.window {
            // Ids go round; the window is far smaller than the circle.
            id = id.checked_add(1).unwrap_or(1);
            packet.set_id(id);
            if shape.frame_per_packet {
                frame::write_masked(&mut frames, packet.as_bytes());
            } else {
                payload.extend_from_slice(packet.as_bytes());
            }
            sent += 1;
        }
        if !payload.is_empty() {
            frame::write_masked(&mut frames, &payload);
        }
        if !frames.is_empty() {
            link.send(&frames).await?;
        }
        acknowledged += link.acknowledged().await?;
    }
    Ok(())
}
