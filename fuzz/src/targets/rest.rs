//! REST requests: any method, path and body is answered with a response that HTTP can carry, and the hub stays sound.
//! An input is text: `METHOD path?query`, lines of `@header: value`, then the body; `---` on a line parts requests.
//! A `!` before the method leaves the token out.

use super::hub_bench::{HubBench, owner_token};
use crate::input::text_of;
use iothub_hub::{Request, Response};
use serde_json::Value;

/// Requests of an input that are played.
const REQUESTS: usize = 12;

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    let mut bench = HubBench::new();
    let token = owner_token();
    for part in text.split("\n---\n").take(REQUESTS) {
        let (anonymous, part) = part.strip_prefix('!').map_or((false, part), |rest| (true, rest));
        let mut request = read(part);
        if !anonymous {
            request.headers.push(("authorization".to_owned(), token.clone()));
        }
        if let Ok(reader) = bench.hub.open_events(&request, bench.now) {
            let _ = bench.hub.events_after(reader.cursor, 10);
        }
        let Some(response) = bench.ask(&request) else {
            bench.pass(1_000);
            continue;
        };
        check(&response);
        let local = request.path.split('/').find(|part| !part.is_empty()) == Some("local")
            || request.path.contains('%');
        let has_token = request.headers.iter().any(|(name, _)| name == "authorization");
        assert!(local || has_token || response.status == 401, "{} without a token", response.status);
    }
    bench.pass(60_000);
    bench.check();
}

fn read(part: &str) -> Request {
    let (line, mut rest) = part.split_once('\n').unwrap_or((part, ""));
    let (method, target) = line.split_once(' ').unwrap_or((line, "/"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = vec![("host".to_owned(), "localhost".to_owned())];
    while let Some(header) = rest.strip_prefix('@') {
        let (line, behind) = header.split_once('\n').unwrap_or((header, ""));
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        headers.insert(0, (name.to_lowercase(), value.to_owned()));
        rest = behind;
    }
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: rest.as_bytes().to_vec(),
    }
}

fn check(response: &Response) {
    assert!((200..600).contains(&response.status), "status {}", response.status);
    for (name, value) in &response.headers {
        assert!(
            value.bytes().all(|byte| (b' '..=b'~').contains(&byte) || byte >= 0x80),
            "the header {name} can not be sent: {value:?}"
        );
    }
    let is_json =
        response.headers.iter().any(|(name, value)| *name == "content-type" && value.contains("json"));
    if is_json {
        let _: Value = serde_json::from_slice(&response.body).expect("a body that is called JSON is JSON");
    }
}
