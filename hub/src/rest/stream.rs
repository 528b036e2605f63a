//! The start of `/local/events`: who may read, from where, and which events. The shell does the streaming.

use super::{Form, Request, Response};
use crate::clock::Now;
use crate::event::Event;
use crate::hub::Hub;

/// Which events a reader wants.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    device_id: Option<String>,
    module_id: Option<String>,
    kinds: Option<Vec<String>>,
}

impl EventFilter {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            device_id: request.query_value("deviceId"),
            module_id: request.query_value("moduleId"),
            kinds: request
                .query_value("types")
                .map(|text| text.split(',').map(|t| t.trim().to_owned()).collect()),
        }
    }

    /// Whether an event is one of them.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        let identity = event.identity.as_deref();
        let device = self.device_id.as_ref().is_none_or(|id| identity.is_some_and(|i| i.device_id == *id));
        let module =
            self.module_id.as_ref().is_none_or(|id| identity.is_some_and(|i| i.module() == Some(id)));
        device
            && module
            && self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| kind == event.kind()))
    }
}

/// A reader that was let in.
#[derive(Debug)]
pub struct EventReader {
    /// What it wants.
    pub filter: EventFilter,
    /// Where it begins.
    pub cursor: u64,
    /// The head of the answer.
    pub response: Response,
}

impl Hub {
    /// Lets a reader of `/local/events` in. Without `Last-Event-ID` (or `lastEventId` in the query) it begins
    /// with what happens next; zero begins with the oldest that is kept.
    ///
    /// # Errors
    /// The response that refuses a foreign page.
    pub fn open_events(&mut self, request: &Request, now: Now) -> Result<EventReader, Box<Response>> {
        self.now = now;
        if let Err(error) = self.check_local(request) {
            return Err(Box::new(self.error_response(&error, Form::Local)));
        }
        let resume =
            request.header("last-event-id").map(str::to_owned).or_else(|| request.query_value("lastEventId"));
        let cursor = resume.and_then(|text| text.parse().ok()).unwrap_or_else(|| self.last_event_id());
        let response =
            Response::empty(200).with("content-type", "text/event-stream").with("cache-control", "no-store");
        let response = self.readable(request, response);
        Ok(EventReader { filter: EventFilter::of(request), cursor, response })
    }

    /// The response to the outcome of a method, on the path it was invoked by.
    pub fn method_response(
        &mut self,
        request: &Request,
        outcome: Result<crate::MethodAnswer, iothub_protocol::service_error::ServiceError>,
    ) -> Response {
        let local = request.path.starts_with("/local/");
        let response = match outcome {
            Ok(answer) => self.method_answer(&answer),
            Err(error) => self.error_response(&error, if local { Form::Local } else { Form::New }),
        };
        self.readable(request, response)
    }
}
