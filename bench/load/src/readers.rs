//! Readers of the hub's events beside a load: some that never read, some that read as fast as they can.

use crate::failure::Failure;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const READ: usize = 256 * 1024;

/// Opens them, says `ready`, and stays until stdin ends; gives the bytes that the fast ones read.
pub(crate) async fn read(address: SocketAddr, slow: usize, fast: usize) -> Result<Value, Failure> {
    let bytes = Arc::new(AtomicU64::new(0));
    let mut held = Vec::new();
    for _ in 0..slow {
        held.push(open(address).await?);
    }
    for _ in 0..fast {
        let (mut stream, bytes) = (open(address).await?, Arc::clone(&bytes));
        tokio::spawn(async move {
            let mut buffer = vec![0; READ];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                bytes.fetch_add(count as u64, Ordering::Relaxed);
            }
        });
    }
    crate::say(&json!("ready"))?;
    let stdin_ended =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    // However stdin ends, it has ended.
    let _ = stdin_ended.await;
    drop(held);
    Ok(json!({ "bytes": bytes.load(Ordering::Relaxed) }))
}

/// A stream of which the first bytes have come.
async fn open(address: SocketAddr) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /local/events HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut first = [0; 12];
    stream.read_exact(&mut first).await?;
    if &first == b"HTTP/1.1 200" {
        return Ok(stream);
    }
    Err(Failure::new(format!("/local/events was answered \"{}\"", String::from_utf8_lossy(&first))))
}
