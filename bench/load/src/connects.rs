//! Connects a second: socket, upgrade, CONNECT with a token, CONNACK 0, gone. Tokens are signed before the clock
//! starts, so that the server's work is measured.

use crate::devices::Device;
use crate::failure::Failure;
use crate::link::Link;
use crate::usage::cpu_seconds;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::task::LocalSet;

/// Runs it; each of the parallel tasks has identities of its own, so that none takes over from another.
pub(crate) async fn measure(
    address: SocketAddr,
    pid: u32,
    count: usize,
    parallel: usize,
) -> Result<Value, Failure> {
    let devices: Result<Vec<Device>, Failure> = (0..parallel).map(Device::numbered).collect();
    let each = count / parallel;
    let cpu_before = cpu_seconds(pid)?;
    let started = Instant::now();
    let local = LocalSet::new();
    let tasks: Vec<_> = devices?
        .into_iter()
        .map(|device| {
            local.spawn_local(async move {
                for _ in 0..each {
                    drop(Link::connect(address, &device).await?);
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    let done = local.run_until(async {
        for task in tasks {
            task.await.map_err(|error| Failure::new(error.to_string()))??;
        }
        Ok::<(), Failure>(())
    });
    done.await?;
    let seconds = started.elapsed().as_secs_f64();
    let connects = each * parallel;
    Ok(json!({
        "connects": connects, "seconds": seconds, "perSecond": connects as f64 / seconds,
        "cpuPer1000": (cpu_seconds(pid)? - cpu_before) * 1000.0 / connects as f64,
    }))
}
