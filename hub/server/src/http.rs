//! HTTP around the hub: requests in, responses out, and the WebSocket upgrade of the device endpoint. Nothing
//! is decided here.

use crate::device_link::serve_websocket;
use crate::door::{Away, Door, Held, Visitor};
use crate::events;
use crate::shared::Shared;
use crate::www::Dashboard;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use iothub_hub::{BodyFault, Opened, PeerCertificate, Reply, Transport};
use iothub_protocol::percent;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use std::sync::Arc;
use std::time::Duration;

/// Where devices connect.
pub const DEVICE_PATH: &str = "/$iothub/websocket";
/// How long the rest of a body is read that is too large: whoever still sends does not read the answer.
const DRAIN: Duration = Duration::from_secs(2);
/// Segments that the hub answers; everything else is the dashboard's.
const OURS: [&str; 8] =
    ["local", "devices", "twins", "statistics", "messages", "jobs", "configurations", "digitaltwins"];

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The hub.
    pub shared: Arc<Shared>,
    /// Who may come in, and how long it may take.
    pub door: Arc<Door>,
    /// The dashboard's files.
    pub dashboard: Dashboard,
}

/// A client certificate of the TLS handshake, put on each request by the listener.
#[derive(Debug, Clone)]
pub struct Shown(pub PeerCertificate);

/// Everything that HTTP serves, without a port.
pub fn app(state: AppState) -> Router {
    Router::new().fallback(serve).with_state(state)
}

/// Finds who answers. Paths are compared as RFC 3986 has it: decoded, and a slash at the end is no segment.
async fn serve(State(state): State<AppState>, request: Request<Body>) -> Response {
    let segments: Vec<String> =
        request.uri().path().split('/').filter(|s| !s.is_empty()).map(percent::decode).collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match parts.as_slice() {
        ["$iothub", "websocket"] => device(state, request).await,
        // Of the protocols that a client may offer to change to, the hub knows one; the others it ignores.
        _ if asks_for_websocket(&request) => refuse_upgrade("an upgrade came for another path"),
        ["local", "events"] if reads => events::stream(state, request),
        ["local", "openapi.json"] if reads => openapi(&state, request),
        [first, ..] if OURS.contains(first) => hub(state, request).await,
        _ => state.dashboard.serve(request).await,
    }
}

/// RFC 9110 7.8: `Upgrade` lists protocols; a server may ignore it. Java offers `h2c` with every request.
fn asks_for_websocket(request: &Request<Body>) -> bool {
    let values = request.headers().get_all(header::UPGRADE);
    let mut offered = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    offered.any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// The device endpoint: an upgrade with the subprotocol `mqtt`, in any case, or 400.
async fn device(state: AppState, request: Request<Body>) -> Response {
    let (mut parts, _) = request.into_parts();
    let offered = parts.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let offered = offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let Some(protocol) = offered.map(str::trim).find(|p| p.eq_ignore_ascii_case("mqtt")).map(str::to_owned)
    else {
        return refuse_upgrade("the upgrade offers no subprotocol \"mqtt\"");
    };
    let certificate = parts.extensions.get::<Shown>().map(|shown| shown.0.clone());
    let visitor = parts.extensions.get::<Arc<Visitor>>().cloned();
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        return refuse_upgrade("this is no WebSocket upgrade of version 13");
    };
    let opened = Opened { transport: Transport::WebSocket, certificate };
    upgrade
        // A message is at most this long. The buffer is each link's own for its whole life, and idle links are many:
        // a long frame gets its room when its head has come.
        .max_message_size(1024 * 1024)
        .max_frame_size(1024 * 1024)
        .read_buffer_size(2 * 1024)
        .write_buffer_size(0)
        // Echoed as the client wrote it: the C SDK writes MQTT.
        .protocols([protocol])
        .on_upgrade(async move |socket| {
            // The hub's own deadline for CONNECT holds from here.
            visitor.iter().for_each(|visitor| visitor.becomes_device());
            serve_websocket(socket, opened, state.shared).await;
            drop(visitor);
        })
}

/// 400, as the hub answers an upgrade that is not for devices.
fn refuse_upgrade(why: &str) -> Response {
    tracing::warn!(why, "WebSocket upgrade refused with 400");
    (StatusCode::BAD_REQUEST, format!("{why}: devices connect to {DEVICE_PATH} with the subprotocol mqtt\n"))
        .into_response()
}

/// The description of `/local`, for tools and for pages of this machine.
fn openapi(state: &AppState, request: Request<Body>) -> Response {
    let head = head(&request.into_parts().0);
    let document = iothub_hub::Response {
        status: 200,
        headers: vec![("content-type", "application/json".to_owned())],
        body: include_bytes!("openapi.json").to_vec(),
    };
    write(state.shared.with(|hub, now| match hub.check_head(&head, now) {
        Ok(_) => hub.readable(&head, document),
        Err(refusal) => *refusal,
    }))
}

/// The hub's own calls.
async fn hub(state: AppState, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let mut request = head(&parts);
    if request.method == "HEAD" {
        // As GET; the body does not leave.
        "GET".clone_into(&mut request.method);
    }
    let max = match state.shared.with(|hub, now| hub.check_head(&request, now)) {
        Ok(max) => max,
        Err(refusal) => return write(*refusal),
    };
    let fail = |request: &iothub_hub::Request, error: &ServiceError| {
        write(state.shared.with(|hub, now| hub.failure_response(request, error, now)))
    };
    let mut held = state.door.hold();
    match read(body, max, &mut held).await {
        Ok(body) => request.body = body,
        Err(fault) => {
            if matches!(fault, BodyFault::Slow(_)) {
                state.door.count(Away::Body);
            }
            return fail(&request, &fault.error());
        }
    }
    let (reply, outcome) = match state.shared.request(&request).await {
        Ok(answered) => answered,
        Err(error) => return fail(&request, &error),
    };
    drop(held);
    match (reply, outcome) {
        (Reply::Now(response), _) => write(response),
        (Reply::Method(call), Some(outcome)) => match state.shared.method_outcome(call, outcome).await {
            Some(outcome) => write(state.shared.with(|hub, _| hub.method_response(&request, outcome))),
            None => fail(&request, &ServiceError::new(ErrorCode::ServiceUnavailable, "the hub is stopping")),
        },
        (Reply::Method(_), None) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Reads a body that is at most `max` bytes long, within the door's patience.
async fn read(body: Body, max: usize, held: &mut Held) -> Result<Vec<u8>, BodyFault> {
    let patience = held.patience();
    let all = tokio::time::timeout(patience, read_all(body, max, held)).await;
    all.unwrap_or(Err(BodyFault::Slow(patience.as_secs())))
}

async fn read_all(mut body: Body, max: usize, held: &mut Held) -> Result<Vec<u8>, BodyFault> {
    let mut bytes = Vec::new();
    let too_large = usize::try_from(body.size_hint().lower()).map_or(true, |least| least > max);
    let mut fault = too_large.then_some(BodyFault::TooLarge(max));
    while fault.is_none() {
        let Some(frame) = body.frame().await else { return Ok(bytes) };
        let Ok(frame) = frame.map_err(|_| BodyFault::Broken)?.into_data() else { continue };
        fault = if bytes.len() + frame.len() > max {
            Some(BodyFault::TooLarge(max))
        } else if !held.grow(frame.len()) {
            Some(BodyFault::Crowded)
        } else {
            bytes.extend_from_slice(&frame);
            None
        };
    }
    drop(bytes);
    let drain = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whoever sends for longer finds the connection closed.
    let _ = tokio::time::timeout(DRAIN, drain).await;
    Err(fault.unwrap_or(BodyFault::Broken))
}

/// The head of a request, without its body.
pub fn head(parts: &axum::http::request::Parts) -> iothub_hub::Request {
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    iothub_hub::Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
    }
}

/// The hub's response as HTTP.
pub fn write(response: iothub_hub::Response) -> Response {
    let mut http = Response::new(Body::from(response.body));
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            http.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    http
}
