//! The two pumps between a device's socket and the hub: WebSocket, and MQTT over TLS. Each is one task: it
//! reads, hands the bytes to the hub, and writes all that is due as one frame before it reads again. So a client
//! that does not read is not read from either.

use crate::shared::{LinkEnd, Shared, ToLink};
use axum::extract::ws::{Message, WebSocket};
use bytes::{Bytes, BytesMut};
use iothub_hub::{Opened, Reason};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The packet type of a CONNACK.
const CONNACK: u8 = 2;

/// How long an ended link may take to read what was sent last.
const LINGER: Duration = Duration::from_secs(2);

/// What is due on a link.
enum Due {
    Write(Vec<u8>),
    /// Perhaps last bytes, then the end.
    End(Vec<u8>, Reason),
}

/// Takes everything that waits, so that it leaves as one frame.
fn gather(first: ToLink, end: &mut LinkEnd) -> Due {
    let mut bytes = Vec::new();
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            ToLink::Bytes(more) if bytes.is_empty() => bytes = more,
            ToLink::Bytes(more) => bytes.extend_from_slice(&more),
            ToLink::Close(reason) => return Due::End(bytes, reason),
        }
        next = end.inbox.try_recv().ok();
    }
    Due::Write(bytes)
}

/// Awaits a write, but not for long once the hub has ended the link. False when it came to nothing.
async fn finish<E>(end: &LinkEnd, write: impl Future<Output = Result<(), E>>) -> bool {
    tokio::pin!(write);
    tokio::select! {
        done = &mut write => done.is_ok(),
        () = end.ended.notified() => tokio::time::timeout(LINGER, write).await.is_ok_and(|done| done.is_ok()),
    }
}

/// Whether the client is given the time to read what came last: a CONNACK that refuses, an orderly end.
fn ends_gently(reason: Reason, last: &[u8]) -> bool {
    // A refusal's CONNACK is to be read, also when a fault ordered it.
    let refused = last.first().is_some_and(|first| first >> 4 == CONNACK);
    refused || !matches!(reason, Reason::Fault | Reason::Restarted | Reason::HubStopping | Reason::SlowReader)
}

/// Serves one WebSocket until either side ends it.
pub async fn serve_websocket(mut socket: WebSocket, opened: Opened, shared: Arc<Shared>) {
    let mut end = shared.open_link(opened);
    loop {
        tokio::select! {
            read = socket.recv() => match read {
                Some(Ok(Message::Binary(bytes))) => shared.feed(end.id, &bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                // Text is not for MQTT; the codec calls it malformed.
                Some(Ok(Message::Text(text))) => shared.feed(end.id, text.as_bytes()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return shared.close_link(end.id),
            },
            message = end.inbox.recv() => {
                let Some(message) = message else { return };
                match gather(message, &mut end) {
                    Due::Write(bytes) => {
                        let count = bytes.len();
                        if !finish(&end, socket.send(Message::Binary(Bytes::from(bytes)))).await {
                            return shared.close_link(end.id);
                        }
                        end.unsent.fetch_sub(count, Ordering::Relaxed);
                    }
                    Due::End(bytes, reason) => return end_websocket(socket, bytes, reason).await,
                }
            }
        }
    }
}

async fn end_websocket(mut socket: WebSocket, bytes: Vec<u8>, reason: Reason) {
    if !ends_gently(reason, &bytes) {
        return;
    }
    let gently = async {
        if !bytes.is_empty() && socket.send(Message::Binary(Bytes::from(bytes))).await.is_err() {
            return;
        }
        if socket.send(Message::Close(None)).await.is_err() {
            return;
        }
        // Closing before the client has read would make its kernel throw the last bytes away.
        while let Some(Ok(_)) = socket.recv().await {}
    };
    // Whoever does not read in this time has lost the answer.
    let _ = tokio::time::timeout(LINGER, gently).await;
}

/// Serves one MQTT connection over a byte stream until either side ends it.
pub async fn serve_stream<S>(stream: S, opened: Opened, shared: Arc<Shared>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut end = shared.open_link(opened);
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(4096);
        tokio::select! {
            read = reader.read_buf(&mut buffer) => match read {
                Ok(0) | Err(_) => return shared.close_link(end.id),
                Ok(_) => {
                    shared.feed(end.id, &buffer);
                    buffer.clear();
                }
            },
            message = end.inbox.recv() => {
                let Some(message) = message else { return };
                let (bytes, last) = match gather(message, &mut end) {
                    Due::Write(bytes) => (bytes, None),
                    Due::End(bytes, reason) => (bytes, Some(reason)),
                };
                if last.is_some_and(|reason| !ends_gently(reason, &bytes)) {
                    return;
                }
                let write = async {
                    writer.write_all(&bytes).await?;
                    // TLS may hold a record back until it is told.
                    writer.flush().await
                };
                let written = finish(&end, write).await;
                match last {
                    None if written => {
                        end.unsent.fetch_sub(bytes.len(), Ordering::Relaxed);
                    }
                    None => return shared.close_link(end.id),
                    Some(_) => {
                        // The peer may be gone already.
                        let _ = tokio::time::timeout(LINGER, writer.shutdown()).await;
                        return;
                    }
                }
            }
        }
    }
}
