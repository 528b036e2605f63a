//! Bulk operations and queries. PROTOCOL 14.1.

use crate::support::{Bench, json_of};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn fleet() -> Bench {
    let mut bench = Bench::new();
    for (id, floor, t) in [("a", 1, 20.5), ("b", 1, 30.0), ("c", 2, 10.0)] {
        bench.register(id);
        let body = json!({"tags": {"floor": floor, "name": format!("it's {id}")}, "properties": {"desired": {"t": t, "on": t > 15.0}}});
        bench.call("PATCH", &format!("/twins/{id}"), &body.to_string());
    }
    bench.register_module("a", "m");
    bench
}

fn ask(bench: &mut Bench, query: &str) -> (u16, Value) {
    bench.call("POST", "/devices/query", &json!({"query": query}).to_string())
}

fn ids(bench: &mut Bench, condition: &str) -> Vec<String> {
    let (status, rows) = ask(bench, &format!("SELECT * FROM devices WHERE {condition}"));
    assert_eq!(status, 200, "{rows}");
    rows.as_array().unwrap().iter().map(|row| row["deviceId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn conditions_choose() {
    let mut bench = fleet();
    for (condition, want) in [
        ("deviceId = 'a'", &["a"][..]),
        ("tags.floor = 1 AND properties.desired.t > 25", &["b"]),
        ("tags.floor = 2 OR properties.desired.t >= 30", &["b", "c"]),
        ("NOT tags.floor = 1", &["c", "device-1"]),
        ("tags.floor != 1", &["c"]),
        ("tags.floor <> 1", &["c"]),
        ("NOT IS_DEFINED(tags.floor)", &["device-1"]),
        ("is_defined(tags.floor) and tags.floor in [2, 3]", &["c"]),
        ("tags.floor NIN [2, 3]", &["a", "b"]),
        ("properties.desired.on = true", &["a", "b"]),
        ("tags.name = 'it''s b'", &["b"]),
        ("STARTSWITH(deviceId, 'dev') OR ENDSWITH(tags.name, 'c')", &["c", "device-1"]),
        ("CONTAINS(tags.name, 's a')", &["a"]),
        ("(tags.floor = 1 OR tags.floor = 2) AND (deviceId = 'c')", &["c"]),
        ("tags.floor = '1'", &[]),
        ("connectionState = 'Connected'", &[]),
        ("deviceId IN []", &[]),
        ("tags.name = 'it\\'s b'", &["b"]),
        ("tags.name = \"it's b\"", &["b"]),
        ("deviceId = '\\u0061'", &["a"]),
        ("DEVICEID = 'c'", &["c"]),
        ("devices.tags.floor = 2", &["c"]),
        ("Properties.Desired.t = 10", &["c"]),
        ("TAGS.floor = 2 AND tags.Floor = 2", &[]),
    ] {
        assert_eq!(ids(&mut bench, condition), want, "{condition}");
    }
}

#[test]
fn fields_counts_and_modules_are_selected() {
    let mut bench = fleet();
    let (_, rows) = ask(
        &mut bench,
        "SELECT deviceId, properties.desired.t AS heat, tags.nothing FROM devices WHERE tags.floor = 1",
    );
    assert_eq!(rows, json!([{"deviceId": "a", "heat": 20.5}, {"deviceId": "b", "heat": 30.0}]));
    assert_eq!(ask(&mut bench, "SELECT COUNT() AS n FROM devices").1, json!([{"n": 4}]));
    let (_, groups) = ask(
        &mut bench,
        "SELECT tags.floor, COUNT() AS n FROM devices WHERE IS_DEFINED(tags.floor) GROUP BY tags.floor",
    );
    assert_eq!(groups, json!([{"floor": 1, "n": 2}, {"floor": 2, "n": 1}]));
    let (_, modules) = ask(&mut bench, "SELECT * FROM devices.modules");
    assert_eq!((modules.as_array().unwrap().len(), &modules[0]["moduleId"]), (1, &json!("m")));
}

#[test]
fn every_name_of_a_twin_can_be_reached() {
    let mut bench = fleet();
    let odd = json!({"tags": {"4g": 1, "my-key": 1, "back\\slash": 1, "é": 1, "it's": 1, "a:b": {"c-d": 1}, "FROM": 1}});
    assert_eq!(bench.call("PATCH", "/twins/b", &odd.to_string()).0, 200);
    for path in [
        "tags.4g",
        "tags.my-key",
        "tags['my-key']",
        "tags[\"it's\"]",
        "tags['it\\'s']",
        "tags['back\\\\slash']",
        "tags.[[4g]]",
        "tags.[[a:b]].c-d",
        "tags['a:b']['c-d']",
        "tags.é",
        "tags['FROM']",
    ] {
        assert_eq!(ids(&mut bench, &format!("{path} = 1")), ["b"], "{path}");
    }
}

#[test]
fn rows_have_the_names_of_the_document_and_the_aliases_that_were_given() {
    let mut bench = fleet();
    for (query, want) in [
        ("SELECT DeviceID FROM devices WHERE deviceId = 'a'", json!([{"deviceId": "a"}])),
        (
            "SELECT tags.floor AS level, COUNT() AS n FROM devices WHERE IS_DEFINED(tags.floor) GROUP BY tags.floor",
            json!([{"level": 1, "n": 2}, {"level": 2, "n": 1}]),
        ),
        ("SELECT COUNT() FROM devices GROUP BY Status", json!([{"status": "enabled", "count": 4}])),
        (
            "SELECT moduleId AS m FROM devices.modules WHERE devices.modules.moduleId = 'm'",
            json!([{"m": "m"}]),
        ),
    ] {
        assert_eq!(ask(&mut bench, query), (200, want), "{query}");
    }
}

#[test]
fn pages_continue_where_they_ended() {
    let mut bench = fleet();
    let body = json!({"query": "SELECT * FROM devices"}).to_string();
    let mut from = String::new();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let headers = [("x-ms-max-item-count", "1"), ("x-ms-continuation", from.as_str())];
        let response = bench.call_as("service", "POST", "/devices/query", &headers, &body);
        let header = |name: &str| response.headers.iter().find(|h| h.0 == name).map(|h| h.1.clone());
        assert_eq!(header("x-ms-item-type").as_deref(), Some("Twin"));
        let rows = json_of(&response);
        assert_eq!(rows.as_array().unwrap().len(), 1);
        seen.push(rows[0]["deviceId"].as_str().unwrap().to_owned());
        from = header("x-ms-continuation").unwrap_or_default();
    }
    assert_eq!((seen, from), (["a", "b", "c", "device-1"].map(str::to_owned).to_vec(), String::new()));
    let bad = bench.call_as("service", "POST", "/devices/query", &[("x-ms-continuation", "%%%")], &body);
    assert_eq!(bad.status, 400);
}

#[test]
fn what_the_subset_does_not_have_is_named() {
    let mut bench = fleet();
    for (query, named) in [
        ("SELECT * FROM devices.jobs", "devices.jobs"),
        ("SELECT * FROM devices ORDER BY deviceId", "ORDER"),
        ("SELECT * FROM devices WHERE tags.a", "comparison"),
        ("SELECT * FROM devices WHERE tags.a = ", "the query ends"),
        ("SELECT * FROM devices WHERE deviceId = 'x", "never ends"),
        ("SELECT AVG(tags.a) FROM devices", "FROM"),
        ("DELETE * FROM devices", "SELECT"),
        ("SELECT * FROM devices WHERE deviceId ; 1", "';'"),
        ("", "SELECT"),
        ("SELECT COUNT() AS n, deviceId FROM devices", "deviceId stands beside COUNT()"),
        ("SELECT COUNT() AS n, status FROM devices GROUP BY tags.floor", "status stands beside COUNT()"),
        ("SELECT COUNT() AS a, COUNT() AS b FROM devices", "twice"),
        ("SELECT deviceId FROM devices GROUP BY deviceId", "COUNT()"),
        ("SELECT * FROM devices GROUP BY deviceId", "COUNT()"),
        ("SELECT tags.a, properties.desired.a FROM devices", "two fields are named \"a\""),
        ("SELECT nothing FROM devices", "\"nothing\""),
        ("SELECT * FROM devices WHERE tag.floor = 1", "\"tag\""),
        ("SELECT * FROM devices WHERE properties.floor = 1", "\"properties.floor\""),
        ("SELECT * FROM devices WHERE deviceId = '\\x'", "backslash"),
        ("SELECT * FROM devices WHERE deviceId = '\\u12'", "hexadecimal"),
        ("SELECT * FROM devices WHERE tags.[[a = 1", "never ends"),
        ("SELECT * FROM devices WHERE tags. = 1", "behind the dot"),
        ("SELECT * FROM devices WHERE tags[0] = 1", "in quotes"),
    ] {
        let (status, error) = ask(&mut bench, query);
        assert_eq!(status, 400, "{query}");
        assert!(error["Message"].as_str().unwrap().contains(named), "{query}: {error}");
    }
    let deep = format!("SELECT * FROM devices WHERE {}deviceId = 'a'{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(ask(&mut bench, &deep).0, 400);
    let deep = format!("SELECT * FROM devices WHERE {}deviceId = 'a'", "NOT ".repeat(5000));
    assert_eq!(ask(&mut bench, &deep).0, 400);
}

#[test]
fn bulk_operations_stand_each_for_itself() {
    // PROTOCOL 14.1 "Bulk", "importMode": compared without case.
    let mut bench = Bench::new();
    let keys = json!({"type": "sas", "symmetricKey": {"primaryKey": "", "secondaryKey": ""}});
    let rows = json!([
        {"id": "x", "importMode": "create", "authentication": keys, "tags": {"a": 1}},
        {"id": "y", "importMode": "Create", "authentication": keys},
    ]);
    let (status, answer) = bench.call("POST", "/devices", &rows.to_string());
    assert_eq!((status, &answer), (200, &json!({"isSuccessful": true, "errors": [], "warnings": []})));
    assert_eq!(bench.call("GET", "/twins/x", "").1["tags"], json!({"a": 1}));
    let rows = json!([
        {"id": "x", "importMode": "create"},
        {"id": "y", "importMode": "Update", "status": "disabled"},
        {"id": "z", "importMode": "Delete"},
        {"id": "x", "importMode": "DeleteIfMatchETag", "etag": "AAAAAAAAAAk="},
        {"id": "x", "importMode": "nonsense"},
    ]);
    let (status, answer) = bench.call("POST", "/devices", &rows.to_string());
    assert_eq!((status, &answer["isSuccessful"]), (400, &json!(false)));
    let codes: Vec<&Value> = answer["errors"].as_array().unwrap().iter().map(|e| &e["errorCode"]).collect();
    assert_eq!(codes, [&json!(409_001), &json!(404_001), &json!(412_001), &json!(400_004)]);
    assert_eq!(bench.call("GET", "/devices/y", "").1["status"], "disabled");
    let many: Vec<Value> = (0..101).map(|n| json!({"id": format!("d{n}"), "importMode": "create"})).collect();
    assert_eq!(bench.call("POST", "/devices", &Value::Array(many.clone()).to_string()).0, 400);
    assert_eq!(bench.call("POST", "/devices", &Value::Array(many[..100].to_vec()).to_string()).0, 200);
}

#[test]
fn a_condition_of_any_length_is_answered_or_refused() {
    // As deep a tree as it is long: 25,000 terms overflowed the stack.
    let mut bench = fleet();
    for sign in [" AND ", " OR "] {
        let chain = |terms: usize| vec!["tags.floor = 1"; terms].join(sign);
        assert_eq!(ids(&mut bench, &chain(1_000)), ["a", "b"]);
        for terms in [1_001, 25_000] {
            let (status, answer) = ask(&mut bench, &format!("SELECT * FROM devices WHERE {}", chain(terms)));
            assert_eq!(status, 400, "{answer}");
        }
    }
}
