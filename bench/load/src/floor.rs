//! The floor: a server that upgrades, answers CONNECT with CONNACK 0 and every PUBLISH with PUBACK, counts, and
//! does nothing else. What a real hub is slower than this is what its work costs.

use crate::failure::Failure;
use crate::frame::{self, Read};
use crate::mqtt;
use iothub_protocol::packet::{write_connack, write_puback};
use serde_json::Value;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const READ: usize = 32 * 1024;

/// Serves until the process is ended; its first line on stdout is the address.
pub(crate) async fn serve() -> Result<Value, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout().lock(), "{address}")?;
    let counted = Arc::new(AtomicU64::new(0));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let counted = Arc::clone(&counted);
        tokio::spawn(async move {
            // A client that goes away is no news.
            let _ = link(stream, &counted).await;
        });
    }
}

async fn link(mut stream: TcpStream, counted: &AtomicU64) -> std::io::Result<()> {
    let mut raw = upgrade(&mut stream).await?;
    let (mut packets, mut answer, mut out) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let mut at = 0;
        while let Read::Frame { payload, end, .. } = frame::read(&mut raw[at..]) {
            packets.extend_from_slice(&raw[at + payload.start..at + payload.end]);
            at += end;
        }
        raw.drain(..at);
        answer_all(&mut packets, &mut answer, counted);
        if !answer.is_empty() {
            frame::write_plain(&mut out, &answer);
            stream.write_all(&out).await?;
            out.clear();
            answer.clear();
        }
        raw.reserve(READ);
        if stream.read_buf(&mut raw).await? == 0 {
            return Ok(());
        }
    }
}

fn answer_all(packets: &mut Vec<u8>, answer: &mut Vec<u8>, counted: &AtomicU64) {
    let mut at = 0;
    let mut publishes = 0;
    while let Some((kind, length)) = mqtt::first_packet(&packets[at..]) {
        match kind {
            mqtt::CONNECT => write_connack(answer, false, 0),
            mqtt::PUBLISH => {
                if let Some(id) = mqtt::publish_id(&packets[at..at + length]) {
                    write_puback(answer, u16::from_be_bytes(id));
                    publishes += 1;
                }
            }
            _ => {}
        }
        at += length;
    }
    packets.drain(..at);
    counted.fetch_add(publishes, Ordering::Relaxed);
}

async fn upgrade(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::with_capacity(1024);
    let end = loop {
        if stream.read_buf(&mut raw).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let key = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map_or("", |(_, value)| value.trim());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    stream.write_all(response.as_bytes()).await?;
    raw.drain(..end);
    Ok(raw)
}
