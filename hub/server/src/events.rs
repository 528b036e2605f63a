//! `GET /local/events`: server-sent events. Each reader has a cursor into the hub's ring and comes when it can;
//! one that is too slow gets a `gap` event with the number it missed, and holds nothing back.

use crate::door::{Door, ReaderPlace};
use crate::http::{AppState, head, write};
use crate::shared::Shared;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use iothub_hub::{EventFilter, EventReader};
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Events that are encoded before the devices have their turn again. Encoding an event costs more than taking the
/// message in, so a reader of a busy hub misses some (`gap`) rather than hold the devices back.
const BATCH: usize = 16;
/// Bytes after which a piece of the stream leaves: a reader that does not read holds no more than this and an event.
const CHUNK_BYTES: usize = 64 * 1024;
/// A comment line after this silence keeps proxies and browsers from giving up.
const COMMENT_AFTER: Duration = Duration::from_secs(15);

struct Reader {
    shared: Arc<Shared>,
    door: Arc<Door>,
    news: watch::Receiver<u64>,
    filter: EventFilter,
    cursor: u64,
    greeted: bool,
    _place: ReaderPlace,
}

/// The stream. `?deviceId=`, `?moduleId=`, `?types=a,b` filter; `Last-Event-ID` or `?lastEventId=` resume;
/// without either it begins with what happens next.
pub fn stream(state: AppState, request: Request<Body>) -> Response {
    let head = head(&request.into_parts().0);
    let opened = state.shared.with(|hub, now| hub.open_events(&head, now));
    let EventReader { filter, cursor, response } = match opened {
        Ok(opened) => opened,
        Err(refusal) => return write(*refusal),
    };
    let mut response = write(response);
    if head.method == "HEAD" {
        return response;
    }
    let Some(place) = state.door.reader() else {
        let text = format!("{} readers of events are here already", state.door.limits.event_readers);
        let error = ServiceError::new(ErrorCode::ServiceUnavailable, text);
        return write(state.shared.with(|hub, now| hub.failure_response(&head, &error, now)));
    };
    let news = state.shared.watch_events();
    let reader = Reader {
        shared: state.shared,
        door: state.door,
        news,
        filter,
        cursor,
        greeted: false,
        _place: place,
    };
    *response.body_mut() = Body::from_stream(stream::unfold(reader, next_chunk));
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
        let mut text = String::new();
        if batch.missed > 0 {
            let _ = write!(text, "event: gap\ndata: {{\"type\":\"gap\",\"missed\":{}}}\n\n", batch.missed);
        }
        reader.cursor = batch.cursor;
        for event in &batch.events {
            if text.len() >= CHUNK_BYTES {
                // The rest is read again when the client has taken this.
                reader.cursor = event.id - 1;
                break;
            }
            if reader.filter.wants(event) {
                let _ =
                    write!(text, "id: {}\nevent: {}\ndata: {}\n\n", event.id, event.kind(), event.to_json());
            }
        }
        if !text.is_empty() {
            return Some((Ok(Bytes::from(text)), reader));
        }
        if !at_end {
            tokio::task::yield_now().await;
            continue;
        }
        let news = tokio::select! {
            news = tokio::time::timeout(COMMENT_AFTER, reader.news.changed()) => news,
            () = reader.door.closing() => return None,
        };
        match news {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some((Ok(Bytes::from_static(b": still here\n\n")), reader)),
        }
    }
}
