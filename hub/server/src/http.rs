//! HTTP around the hub: requests in, responses out, and the WebSocket upgrade of the device endpoint. Nothing
//! is decided here.

use crate::device_link::serve_websocket;
use crate::events;
use crate::shared::Shared;
use crate::www::Dashboard;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use iothub_hub::{Opened, PeerCertificate, Reply, Transport};
use std::sync::Arc;

/// Where devices connect.
pub const DEVICE_PATH: &str = "/$iothub/websocket";
/// Largest body of a request: a bulk operation of a hundred devices has room.
const BODY_MAX: usize = 4 * 1024 * 1024;
/// Segments that the hub answers; everything else is the dashboard's.
const OURS: [&str; 8] =
    ["local", "devices", "twins", "statistics", "messages", "jobs", "configurations", "digitaltwins"];

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The hub.
    pub shared: Arc<Shared>,
    /// The dashboard's files.
    pub dashboard: Dashboard,
}

/// A client certificate of the TLS handshake, put on each request by the listener.
#[derive(Debug, Clone)]
pub struct Shown(pub PeerCertificate);

/// Everything that HTTP serves, without a port.
pub fn app(state: AppState) -> Router {
    Router::new()
        .route(DEVICE_PATH, any(device))
        .route("/local/events", get(events::stream).fallback(hub))
        .route("/local/openapi.json", get(openapi).fallback(hub))
        .fallback(hub)
        .with_state(state)
}

/// The device endpoint: an upgrade with the subprotocol `mqtt`, in any case, or 400.
async fn device(State(state): State<AppState>, request: Request<Body>) -> Response {
    let (mut parts, _) = request.into_parts();
    let offered = parts.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let offered = offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let Some(protocol) = offered.map(str::trim).find(|p| p.eq_ignore_ascii_case("mqtt")).map(str::to_owned)
    else {
        return refuse_upgrade("the upgrade offers no subprotocol \"mqtt\"");
    };
    let certificate = parts.extensions.get::<Shown>().map(|shown| shown.0.clone());
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
        .on_upgrade(move |socket| serve_websocket(socket, opened, state.shared))
}

/// 400, as the hub answers an upgrade that is not for devices.
pub fn refuse_upgrade(why: &str) -> Response {
    tracing::warn!(why, "WebSocket upgrade refused with 400");
    (StatusCode::BAD_REQUEST, format!("{why}: devices connect to {DEVICE_PATH} with the subprotocol mqtt\n"))
        .into_response()
}

/// The description of `/local`, for tools.
async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json"))
}

/// Everything else: the hub's own calls, or a file of the dashboard.
async fn hub(State(state): State<AppState>, request: Request<Body>) -> Response {
    if request.headers().get(header::UPGRADE).is_some() {
        return refuse_upgrade("an upgrade came for another path");
    }
    let first = request.uri().path().split('/').find(|segment| !segment.is_empty()).unwrap_or("");
    if !OURS.contains(&first) {
        return state.dashboard.serve(request).await;
    }
    let request = match read(request).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    let (reply, outcome) = state.shared.request(&request);
    match (reply, outcome) {
        (Reply::Now(response), _) => write(response),
        (Reply::Method(call), Some(outcome)) => {
            let Some(outcome) = state.shared.method_outcome(call, outcome).await else {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            };
            write(state.shared.with(|hub, _| hub.method_response(&request, outcome)))
        }
        (Reply::Method(_), None) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// An HTTP request as the hub reads it.
pub async fn read(request: Request<Body>) -> Result<iothub_hub::Request, Response> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or broke off\n").into_response());
    };
    Ok(iothub_hub::Request { body: body.to_vec(), ..head(&parts) })
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
