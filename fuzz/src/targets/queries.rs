//! The query language: any text is answered or refused; pages make the whole; a condition and its opposite part the
//! twins in two.

use super::hub_bench::{HubBench, owner_token};
use crate::input::text_of;
use iothub_hub::{Request, Response};
use serde_json::{Value, json};
use std::cell::RefCell;

/// Twins that conditions tell apart.
const TWINS: [&str; 5] = [
    r#"{"tags":{"t":1,"s":"x"},"properties":{"desired":{"a":1}}}"#,
    r#"{"tags":{"t":2},"properties":{"desired":{"a":"text","b":{"c":true}}}}"#,
    r#"{"properties":{"desired":{"a":-1.5,"b":{"c":false}}}}"#,
    r#"{"tags":{"s":"it's"},"properties":{"desired":{"a":[1,2]}}}"#,
    "{}",
];

thread_local! {
    /// Queries change nothing, so one hub serves them all.
    static BENCH: RefCell<HubBench> = RefCell::new(populated());
}

fn populated() -> HubBench {
    let mut bench = HubBench::new();
    for (number, twin) in TWINS.iter().enumerate() {
        bench.local("PUT", &format!("/local/devices/d{number}"), b"{}");
        bench.local("PATCH", &format!("/local/devices/d{number}/twin"), twin.as_bytes());
    }
    bench.local("PUT", "/local/devices/d0/modules/m", b"{}");
    bench
}

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    BENCH.with_borrow_mut(|bench| {
        let Some(all) = items(bench, &text) else { return };
        assert_eq!(pages(bench, &text), all, "pages of one make the whole");
        halves(bench, &text);
    });
}

fn ask(bench: &mut HubBench, text: &str, page: &str, from: &str) -> Response {
    let headers = [
        ("host", "localhost"),
        ("authorization", &owner_token()),
        ("x-ms-max-item-count", page),
        ("x-ms-continuation", from),
    ];
    let request = Request {
        method: "POST".to_owned(),
        path: "/devices/query".to_owned(),
        query: "api-version=2021-04-12".to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: json!({ "query": text }).to_string().into_bytes(),
    };
    let response = bench.ask(&request).expect("a query is answered at once");
    assert!(matches!(response.status, 200 | 400), "status {}", response.status);
    response
}

fn items(bench: &mut HubBench, text: &str) -> Option<Vec<Value>> {
    let response = ask(bench, text, "100", "");
    let items = serde_json::from_slice(&response.body).expect("the answer is JSON");
    (response.status == 200).then(|| match items {
        Value::Array(items) => items,
        other => panic!("a page is a list, not {other}"),
    })
}

fn pages(bench: &mut HubBench, text: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut from = String::new();
    for _ in 0..=TWINS.len() + 2 {
        let response = ask(bench, text, "1", &from);
        let page: Vec<Value> = serde_json::from_slice(&response.body).expect("the answer is a list");
        all.extend(page);
        match response.headers.iter().find(|(name, _)| *name == "x-ms-continuation") {
            Some((_, next)) => from.clone_from(next),
            None => return all,
        }
    }
    panic!("the pages of {text} never end");
}

/// Each twin meets a condition or its opposite, never both.
fn halves(bench: &mut HubBench, text: &str) {
    let Some(condition) = text.strip_prefix("SELECT * FROM devices WHERE ") else { return };
    let whole = items(bench, "SELECT * FROM devices").map_or(0, |all| all.len());
    let met = items(bench, &format!("SELECT * FROM devices WHERE ({condition})"));
    let unmet = items(bench, &format!("SELECT * FROM devices WHERE NOT ({condition})"));
    if let (Some(met), Some(unmet)) = (met, unmet) {
        assert_eq!(met.len() + unmet.len(), whole, "{condition}");
    }
}
