//! The listeners: HTTP, HTTPS, MQTT over TLS. Each accepted socket is a task of its own.

use crate::device_link::serve_stream;
use crate::door::{Away, Door, Visitor};
use crate::http::Shown;
use crate::patient::Patient;
use crate::shared::Shared;
use crate::tls::Tls;
use axum::body::{Body, HttpBody};
use axum::http::Request;
use axum::{Extension, Router};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use iothub_hub::{Opened, Transport};
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

/// Bytes of one HTTP connection that are held, each way: a head with a token is some hundred bytes, and thousands
/// may be half there.
const HTTP_BUFFER: usize = 32 * 1024;
/// Connections that make room at once when the system gives no file descriptor.
const MADE_AT_ONCE: usize = 64;

/// Why a port can not be had.
#[derive(Debug, thiserror::Error)]
#[error("can not listen on {address} for {what}: {error}{}", hint(.error, .option))]
pub struct ListenError {
    address: SocketAddr,
    what: &'static str,
    option: &'static str,
    error: io::Error,
}

fn hint(error: &io::Error, option: &str) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(". Another program has this port; is a hub running already? {option} 0 picks a free one")
        }
        io::ErrorKind::PermissionDenied => {
            format!(". Ports below 1024 need rights; {option} 0 picks a free one")
        }
        _ => String::new(),
    }
}

/// Binds a port.
///
/// # Errors
/// [`ListenError`] with the option that helps.
pub async fn bind(
    host: IpAddr,
    port: u16,
    what: &'static str,
    option: &'static str,
) -> Result<TcpListener, ListenError> {
    let address = SocketAddr::new(host, port);
    TcpListener::bind(address).await.map_err(|error| ListenError { address, what, option, error })
}

/// Accepts for ever. Without a free file descriptor those go that have waited longest.
async fn accept(listener: &TcpListener, door: &Arc<Door>) -> (TcpStream, Arc<Visitor>) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // Small packets must not wait for each other; a socket that refuses is served slower.
                let _ = socket.set_nodelay(true);
                if let Some(visitor) = door.enter() {
                    return (socket, visitor);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                door.make_room(MADE_AT_ONCE);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// HTTP and WebSocket, in the clear.
pub async fn serve_http(listener: TcpListener, door: Arc<Door>, router: Router) {
    loop {
        let (socket, visitor) = accept(&listener, &door).await;
        tokio::spawn(serve_connection(socket, visitor, router.clone()));
    }
}

/// HTTPS and WSS.
pub async fn serve_https(listener: TcpListener, door: Arc<Door>, tls: Tls, router: Router) {
    loop {
        let (socket, visitor) = accept(&listener, &door).await;
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            if let Some(stream) = shake_hands(&tls, socket, &visitor, "https").await {
                let router = match tls.reader.shown(stream.get_ref().1) {
                    Some(certificate) => router.layer(Extension(Shown(certificate))),
                    None => router,
                };
                serve_connection(stream, visitor, router).await;
            }
        });
    }
}

/// MQTT over TLS.
pub async fn serve_mqtts(listener: TcpListener, door: Arc<Door>, tls: Tls, shared: Arc<Shared>) {
    loop {
        let (socket, visitor) = accept(&listener, &door).await;
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            if let Some(stream) = shake_hands(&tls, socket, &visitor, "mqtts").await {
                let certificate = tls.reader.shown(stream.get_ref().1);
                let opened = Opened { transport: Transport::MqttTls, certificate };
                visitor.becomes_device();
                serve_stream(stream, opened, shared).await;
            }
        });
    }
}

async fn shake_hands<S>(tls: &Tls, socket: S, visitor: &Visitor, port: &str) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let door = visitor.door();
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(door.limits.handshake, tls.acceptor.accept(socket)) => shaken,
        () = visitor.sent_away() => return None,
        () = door.closing() => return None,
    };
    match shaken {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::warn!(port, %error, "TLS handshake failed: does the client trust the hub's CA file?");
            None
        }
        Err(_) => {
            door.count(Away::Handshake);
            None
        }
    }
}

/// Serves HTTP on one connection until either side ends it, or the door's patience.
pub async fn serve_connection<S>(stream: S, visitor: Arc<Visitor>, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let door = Arc::clone(visitor.door());
    let inner = TowerToHyperService::new(router);
    let served = Arc::clone(&visitor);
    let service = service_fn(move |mut request: Request<Incoming>| {
        served.works();
        let turn = Turn(Arc::clone(&served));
        request.extensions_mut().insert(Arc::clone(&served));
        let answer = inner.call(request);
        async move { Ok::<_, Infallible>(answer.await?.map(|body| Answer { body, _turn: turn })) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.limits.head)
        .max_buf_size(HTTP_BUFFER)
        .serve_connection(TokioIo::new(Patient::new(stream, Arc::clone(&visitor))), service)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = visitor.sent_away() => return,
        () = door.closing() => {
            if !visitor.is_busy() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    let Err(error) = served else { return };
    match (error.is_timeout(), visitor.has_heard()) {
        (true, true) => door.count(Away::Head),
        // Nothing was asked, or nothing more: browsers open such connections ahead of need.
        (true, false) => tracing::debug!("an idle HTTP connection was closed"),
        _ if is_stalled(&error) => door.count(Away::Stalled),
        _ => tracing::debug!(%error, "an HTTP connection broke off"),
    }
}

/// Whether the stream gave up on the client.
fn is_stalled(error: &hyper::Error) -> bool {
    let mut cause = error.source();
    while let Some(found) = cause {
        if found.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        cause = found.source();
    }
    false
}

/// A request that is being answered; the visitor waits again when the answer has left.
struct Turn(Arc<Visitor>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.waits();
    }
}

/// An answer's body, which holds the turn.
struct Answer {
    body: Body,
    _turn: Turn,
}

impl HttpBody for Answer {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
