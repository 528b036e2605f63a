//! Memory of a fresh server, and of one with links that are connected and silent.

use crate::devices::Device;
use crate::failure::Failure;
use crate::link::Link;
use crate::usage::resident_mb;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Opens the links one after the other and looks at the process before and after.
pub(crate) async fn measure(address: SocketAddr, pid: u32, links: usize) -> Result<Value, Failure> {
    let fresh = resident_mb(pid)?;
    let mut open = Vec::with_capacity(links);
    for number in 0..links {
        open.push(Link::connect(address, &Device::numbered(number)?).await?);
    }
    let idle = resident_mb(pid)?;
    drop(open);
    Ok(json!({ "freshMb": fresh, "links": links, "mbPer1000": (idle - fresh) * 1000.0 / links as f64 }))
}
