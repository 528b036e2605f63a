//! The listeners: HTTP, HTTPS, MQTT over TLS. Each accepted socket is a task of its own.

use crate::client_certificate::Reader;
use crate::device_link::serve_stream;
use crate::http::Shown;
use crate::shared::Shared;
use axum::{Extension, Router};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use iothub_hub::{Opened, Transport};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A handshake that takes longer is not a client.
const HANDSHAKE: Duration = Duration::from_secs(10);

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

/// Accepts for ever. A socket that can not be accepted (too many open files) is logged and left.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // Small packets must not wait for each other; a socket that refuses is served slower.
                let _ = socket.set_nodelay(true);
                return socket;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// HTTP and WebSocket, in the clear.
pub async fn serve_http(listener: TcpListener, router: Router) {
    loop {
        let socket = accept(&listener).await;
        tokio::spawn(serve_connection(socket, router.clone()));
    }
}

/// HTTPS and WSS.
pub async fn serve_https(listener: TcpListener, acceptor: TlsAcceptor, reader: Reader, router: Router) {
    loop {
        let (socket, acceptor, router) = (accept(&listener).await, acceptor.clone(), router.clone());
        let reader = reader.clone();
        tokio::spawn(async move {
            if let Some(stream) = shake_hands(&acceptor, socket, "https").await {
                let router = match reader.shown(stream.get_ref().1) {
                    Some(certificate) => router.layer(Extension(Shown(certificate))),
                    None => router,
                };
                serve_connection(stream, router).await;
            }
        });
    }
}

/// MQTT over TLS.
pub async fn serve_mqtts(listener: TcpListener, acceptor: TlsAcceptor, reader: Reader, shared: Arc<Shared>) {
    loop {
        let (socket, acceptor, shared) = (accept(&listener).await, acceptor.clone(), Arc::clone(&shared));
        let reader = reader.clone();
        tokio::spawn(async move {
            if let Some(stream) = shake_hands(&acceptor, socket, "mqtts").await {
                let certificate = reader.shown(stream.get_ref().1);
                let opened = Opened { transport: Transport::MqttTls, certificate };
                serve_stream(stream, opened, shared).await;
            }
        });
    }
}

async fn shake_hands(acceptor: &TlsAcceptor, socket: TcpStream, port: &str) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::warn!(port, %error, "TLS handshake failed: does the client trust the hub's CA file?");
            None
        }
        Err(_) => {
            tracing::warn!(port, "TLS handshake took more than 10 s");
            None
        }
    }
}

async fn serve_connection<S>(stream: S, router: Router)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "an HTTP connection broke off");
    }
}
