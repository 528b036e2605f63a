//! The two pumps between a device's socket and the hub: WebSocket, and MQTT over TLS. Each is one task: it takes
//! what has come, hands it to the hub under one lock, and writes all that is due as one frame before it reads
//! again. So a client that does not read is not read from either.

use crate::outbox::{Due, Outbox};
use crate::shared::{LinkEnd, Shared};
use axum::Error;
use axum::extract::ws::{Message, WebSocket};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use iothub_hub::{Opened, Reason};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The packet type of a CONNACK.
const CONNACK: u8 = 2;

/// How long an ended link may take to read what was sent last.
const LINGER: Duration = Duration::from_secs(2);

/// Bytes after which frames that are there already have to wait until the hub has answered the ones before.
const BATCH_BYTES: usize = 32 * 1024;
/// The same for the number of frames: a client that sends each packet in its own has its answers in one.
const BATCH_FRAMES: usize = 64;

/// Awaits a write, but not for long once the hub has ended the link. False when it came to nothing.
async fn finish<E>(outbox: &Outbox, write: impl Future<Output = Result<(), E>>) -> bool {
    tokio::pin!(write);
    tokio::select! {
        biased;
        done = &mut write => done.is_ok(),
        () = outbox.ended() => tokio::time::timeout(LINGER, write).await.is_ok_and(|done| done.is_ok()),
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
    let LinkEnd { id, outbox } = shared.open_link(opened);
    let mut batch = Vec::new();
    loop {
        match outbox.take() {
            Due::Nothing => {}
            Due::Write(bytes) => {
                if !finish(&outbox, socket.send(Message::Binary(Bytes::from(bytes)))).await {
                    return shared.close_link(id);
                }
                continue;
            }
            // Apart, so that a link that lives does not keep room for its end.
            Due::End(bytes, reason) => return Box::pin(end_websocket(socket, bytes, reason)).await,
        }
        let open = tokio::select! {
            biased;
            open = receive(&mut socket, &mut batch) => open,
            () = outbox.rung() => true,
        };
        if !batch.is_empty() {
            shared.feed(id, batch.drain(..)).await;
        }
        if !open {
            return shared.close_link(id);
        }
    }
}

/// Waits for a frame and takes those that are there already, too. False when the socket is closed. Nothing is
/// lost when it is dropped: it waits only while the batch is empty.
async fn receive(socket: &mut WebSocket, batch: &mut Vec<Bytes>) -> bool {
    let mut read = socket.recv().await;
    let mut bytes = 0;
    loop {
        match payload(read) {
            Ok(frame) => {
                bytes += frame.len();
                batch.extend(Some(frame).filter(|frame| !frame.is_empty()));
            }
            Err(()) => return false,
        }
        if bytes >= BATCH_BYTES || batch.len() >= BATCH_FRAMES {
            return true;
        }
        match socket.recv().now_or_never() {
            Some(next) => read = next,
            None => return true,
        }
    }
}

/// What a frame carries for MQTT; an error when the socket is closed.
fn payload(read: Option<Result<Message, Error>>) -> Result<Bytes, ()> {
    match read {
        Some(Ok(Message::Binary(bytes))) => Ok(bytes),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Bytes::new()),
        // Text is not for MQTT; the codec calls it malformed.
        Some(Ok(Message::Text(text))) => Ok(Bytes::from(text)),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(()),
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
    let LinkEnd { id, outbox } = shared.open_link(opened);
    let mut buffer = BytesMut::new();
    loop {
        let (bytes, last) = match outbox.take() {
            Due::Nothing => {
                buffer.reserve(4096);
                let open = tokio::select! {
                    biased;
                    read = reader.read_buf(&mut buffer) => read.is_ok_and(|count| count > 0),
                    () = outbox.rung() => true,
                };
                if !buffer.is_empty() {
                    shared.feed(id, [buffer.split().freeze()]).await;
                }
                if !open {
                    return shared.close_link(id);
                }
                continue;
            }
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
        let written = finish(&outbox, write).await;
        if last.is_some() {
            // The peer may be gone already.
            let _ = tokio::time::timeout(LINGER, writer.shutdown()).await;
            return;
        }
        if !written {
            return shared.close_link(id);
        }
    }
}
