//! Memory of a fresh server, and of one with links that are connected and silent.

use crate::devices::Device;
use crate::failure::Failure;
use crate::link::Link;
use crate::usage::resident_mb;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::task::JoinSet;

/// Links that are opened at a time: a broker that looks at its sockets ten times a second takes many at once.
const AT_A_TIME: usize = 50;

/// Opens the links and looks at the process before and after.
pub(crate) async fn measure(address: SocketAddr, pid: u32, links: usize) -> Result<Value, Failure> {
    let fresh = resident_mb(pid)?;
    let mut open = Vec::with_capacity(links);
    let mut opening = JoinSet::new();
    for number in 0..links {
        let device = Device::numbered(number)?;
        opening.spawn(async move { Link::connect(address, &device).await });
        if opening.len() >= AT_A_TIME {
            open.extend(next(&mut opening).await?);
        }
    }
    while let Some(link) = next(&mut opening).await? {
        open.push(link);
    }
    let idle = resident_mb(pid)?;
    drop(open);
    Ok(json!({ "freshMb": fresh, "links": links, "mbPer1000": (idle - fresh) * 1000.0 / links as f64 }))
}

async fn next(opening: &mut JoinSet<Result<Link, Failure>>) -> Result<Option<Link>, Failure> {
    match opening.join_next().await {
        Some(joined) => joined.map_err(|error| Failure::new(error.to_string()))?.map(Some),
        None => Ok(None),
    }
}
