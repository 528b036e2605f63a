//! The description of `/local` and the hub say the same.

use crate::support::Process;
use serde_json::Value;

/// What the hub says of a call that it does not have.
const UNKNOWN: &str = "/local has no";

#[tokio::test]
async fn every_described_call_is_there() {
    let hub = Process::start(&[]).await;
    let (status, document) = hub.json("GET", "/local/openapi.json", "").await;
    assert_eq!((status, &document["openapi"]), (200, &Value::from("3.1.0")));
    let mut calls = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let target = path.replace("{deviceId}", "nobody").replace("{moduleId}", "m").replace("{id}", "77");
        for method in item.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            // The stream does not end; its own tests read it.
            if path == "/local/events" || path == "/local/reset" {
                continue;
            }
            let (status, body) = hub.request(&method.to_uppercase(), &target, "no json").await;
            assert!(!body.contains(UNKNOWN) && status != 405, "{method} {path}: {status} {body}");
            calls += 1;
        }
    }
    assert!(calls > 20, "{calls} calls");
    let (status, body) = hub.request("POST", "/local/nonsense", "").await;
    assert!(status == 404 && body.contains(UNKNOWN), "{body}");
}

#[tokio::test]
async fn the_kinds_of_faults_are_those_that_are_taken() {
    let hub = Process::start(&[]).await;
    let (_, document) = hub.json("GET", "/local/openapi.json", "").await;
    for kind in document["components"]["schemas"]["Fault"]["properties"]["kind"]["enum"].as_array().unwrap() {
        let slows = ["delay", "throttle"].contains(&kind.as_str().unwrap());
        let fault =
            if slows { format!("{{\"kind\":{kind},\"ms\":1}}") } else { format!("{{\"kind\":{kind}}}") };
        let (status, answer) = hub.json("POST", "/local/faults", &fault).await;
        assert_eq!(status, 201, "{kind}: {answer}");
    }
}
