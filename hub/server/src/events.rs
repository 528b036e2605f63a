//! `GET /local/events`: server-sent events. Each reader has a cursor into the hub's ring and comes when it can;
//! one that is too slow gets a `gap` event with the number it missed, and holds nothing back.

use crate::http::{AppState, head, refuse_upgrade, write};
use crate::shared::Shared;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use iothub_hub::{EventFilter, EventReader};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Events that are encoded before the devices have their turn again. Encoding an event costs more than taking the
/// message in, so a reader of a busy hub misses some (`gap`) rather than hold the devices back.
const BATCH: usize = 16;
/// A comment line after this silence keeps proxies and browsers from giving up.
const COMMENT_AFTER: Duration = Duration::from_secs(15);

struct Reader {
    shared: Arc<Shared>,
    news: watch::Receiver<u64>,
    filter: EventFilter,
    cursor: u64,
    greeted: bool,
}

/// The stream. `?deviceId=`, `?moduleId=`, `?types=a,b` filter; `Last-Event-ID` or `?lastEventId=` resume;
/// without either it begins with what happens next.
pub async fn stream(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.headers.contains_key(header::UPGRADE) {
        return refuse_upgrade("an upgrade came for another path");
    }
    let head = head(&parts);
    let opened = state.shared.with(|hub, now| hub.open_events(&head, now));
    let EventReader { filter, cursor, origin } = match opened {
        Ok(opened) => opened,
        Err(refusal) => return write(*refusal),
    };
    let news = state.shared.watch_events();
    let reader = Reader { shared: state.shared, news, filter, cursor, greeted: false };
    let mut response = Response::new(Body::from_stream(stream::unfold(reader, next_chunk)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(&origin).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

async fn next_chunk(mut reader: Reader) -> Option<(Result<Bytes, Infallible>, Reader)> {
    if !reader.greeted {
        reader.greeted = true;
        return Some((Ok(Bytes::from_static(b": iothub-local\n\n")), reader));
    }
    tokio::task::yield_now().await;
    loop {
        reader.news.mark_unchanged();
        let batch = reader.shared.with(|hub, _| hub.events_after(reader.cursor, BATCH));
        let at_end = batch.events.is_empty();
        reader.cursor = batch.cursor;
        let mut text = String::new();
        if batch.missed > 0 {
            let _ = write!(text, "event: gap\ndata: {{\"type\":\"gap\",\"missed\":{}}}\n\n", batch.missed);
        }
        for event in batch.events.iter().filter(|event| reader.filter.wants(event)) {
            let _ = write!(text, "id: {}\nevent: {}\ndata: {}\n\n", event.id, event.kind(), event.to_json());
        }
        if !text.is_empty() {
            return Some((Ok(Bytes::from(text)), reader));
        }
        if !at_end {
            tokio::task::yield_now().await;
            continue;
        }
        match tokio::time::timeout(COMMENT_AFTER, reader.news.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some((Ok(Bytes::from_static(b": still here\n\n")), reader)),
        }
    }
}
