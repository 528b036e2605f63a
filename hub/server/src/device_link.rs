//! The two pumps between a device's socket and the hub: WebSocket, and MQTT over TLS. Each is one task: it takes
//! what has come, hands it to the hub under one lock, and writes all that is due as one frame before it reads
//! again. So a client that does not read is not read from either.

use crate::outbox::{Due, Outbox};
use crate::shared::{LinkEnd, Shared};
use axum::Error;
use axum::extract::ws::{CloseCode, CloseFrame, Message, WebSocket, close_code};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use iothub_hub::{Opened, Reason};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite;
use tungstenite::error::ProtocolError;

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
    refused || !matches!(reason, Reason::Fault | Reason::Restarted | Reason::SlowReader)
}

/// Serves one WebSocket until either side ends it.
pub async fn serve_websocket(mut socket: WebSocket, opened: Opened, shared: Arc<Shared>) {
    let LinkEnd { id, outbox } = shared.open_link(opened);
    let (mut batch, mut code) = (Vec::new(), None);
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
            Due::End(bytes, reason) => return Box::pin(end_websocket(socket, bytes, reason, code)).await,
        }
        let read = tokio::select! {
            biased;
            read = receive(&mut socket, &mut batch) => read,
            () = outbox.rung() => Ok(()),
        };
        if !batch.is_empty() {
            shared.feed(id, batch.drain(..)).await;
        }
        match read {
            Ok(()) => {}
            Err(End::Gone) => return shared.close_link(id),
            Err(End::Closed) => {
                shared.close_link(id);
                return Box::pin(answer_close(socket)).await;
            }
            // What the hub still has to say is written before the close frame.
            Err(End::Broken(broken)) => {
                code = Some(broken.code);
                shared.break_link(id, broken.reason, &broken.detail);
            }
        }
    }
}

/// Why nothing more is read from a WebSocket.
enum End {
    /// The connection is gone.
    Gone,
    /// A close frame came, and wants an answer.
    Closed,
    /// What came is no WebSocket, or not one for MQTT.
    Broken(Broken),
}

struct Broken {
    code: CloseCode,
    reason: Reason,
    detail: String,
}

/// Waits for a frame and takes those that are there already, too. Nothing is lost when it is dropped: it waits
/// only while the batch is empty.
async fn receive(socket: &mut WebSocket, batch: &mut Vec<Bytes>) -> Result<(), End> {
    let mut read = socket.recv().await;
    let mut bytes = 0;
    loop {
        let frame = payload(read)?;
        bytes += frame.len();
        batch.extend(Some(frame).filter(|frame| !frame.is_empty()));
        if bytes >= BATCH_BYTES || batch.len() >= BATCH_FRAMES {
            return Ok(());
        }
        match socket.recv().now_or_never() {
            Some(next) => read = next,
            None => return Ok(()),
        }
    }
}

/// What a frame carries for MQTT.
fn payload(read: Option<Result<Message, Error>>) -> Result<Bytes, End> {
    match read {
        Some(Ok(Message::Binary(bytes))) => Ok(bytes),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Bytes::new()),
        Some(Ok(Message::Text(_))) => Err(text_frame()),
        Some(Ok(Message::Close(_))) => Err(End::Closed),
        Some(Err(error)) => Err(broken(error)),
        None => Err(End::Gone),
    }
}

fn text_frame() -> End {
    let detail =
        "a WebSocket text frame came: MQTT is carried in binary frames only [MQTT-6.0.0-1]".to_owned();
    End::Broken(Broken { code: close_code::UNSUPPORTED, reason: Reason::MalformedPacket, detail })
}

/// What the WebSocket codec did not take, or the end of the connection.
fn broken(error: Error) -> End {
    let Ok(error) = error.into_inner().downcast::<tungstenite::Error>() else { return End::Gone };
    let (code, reason) = match *error {
        tungstenite::Error::Capacity(_) => (close_code::SIZE, Reason::MessageTooLarge),
        // The client has gone without a close frame.
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return End::Gone,
        tungstenite::Error::Protocol(_) => (close_code::PROTOCOL, Reason::MalformedPacket),
        tungstenite::Error::Utf8(_) => return text_frame(),
        _ => return End::Gone,
    };
    End::Broken(Broken { code, reason, detail: format!("the client broke the WebSocket protocol: {error}") })
}

/// The answer to a close frame is written as the next frame is waited for, which never comes.
async fn answer_close(mut socket: WebSocket) {
    let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
    // Whoever does not take it in this time is gone.
    let _ = tokio::time::timeout(LINGER, answered).await;
}

async fn end_websocket(mut socket: WebSocket, bytes: Vec<u8>, reason: Reason, code: Option<CloseCode>) {
    if !ends_gently(reason, &bytes) {
        return;
    }
    let gently = async {
        if !bytes.is_empty() && socket.send(Message::Binary(Bytes::from(bytes))).await.is_err() {
            return;
        }
        // A server that goes away says so (RFC 6455 7.4.1), and the client knows to come again.
        let code = code.or((reason == Reason::HubStopping).then_some(close_code::AWAY));
        let close = code.map(|code| CloseFrame { code, reason: "".into() });
        if socket.send(Message::Close(close)).await.is_err() {
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
