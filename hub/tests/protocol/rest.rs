//! PROTOCOL 14 and 14.1: the calls of the service.

use crate::helpers::{C2D, METHODS, answer, invoke, invoke_at, listening, old_name, outcome, waiting};
use crate::support::{Bench, VERSION, json_of};
use iothub_hub::Response;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers.iter().find(|h| h.0 == name).map(|h| h.1.clone())
}

fn etag_of(document: &Value) -> String {
    format!("\"{}\"", document["etag"].as_str().unwrap())
}

/// PROTOCOL 14, Headers of a call [X]
#[test]
fn a_call_is_answered_with_the_headers_that_the_sdks_send() {
    let mut bench = Bench::new();
    let token = bench.hub.policy_token("iothubowner", 60).unwrap();
    let headers = [
        ("authorization", token.expose()),
        ("content-type", "application/json; charset=utf-8"),
        ("request-id", "0d5f3a52-0000-4000-8000-000000000000"),
        ("user-agent", "azure-iothub/1.16.6 (node v20)"),
        ("accept", "application/json"),
    ];
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let response = bench.request("PUT", "/devices/d", VERSION, headers.clone(), "{}").unwrap();
    assert_eq!(response.status, 200);
    for (query, status) in
        [(VERSION, 200), ("api-version=2020-09-30", 200), ("", 400), ("api-version=1", 400)]
    {
        let response = bench.request("GET", "/devices/d", query, headers.clone(), "").unwrap();
        assert_eq!(response.status, status, "{query}");
    }
}

/// PROTOCOL 14.1, Create device
#[test]
fn put_without_if_match_creates_and_a_second_time_conflicts() {
    let mut bench = Bench::new();
    let body = r#"{"deviceId":"d","authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}}"#;
    let (status, made) = bench.call("PUT", "/devices/d", body);
    assert_eq!((status, &made["deviceId"]), (200, &json!("d")));
    let (status, error) = bench.call("PUT", "/devices/d", body);
    assert_eq!((status, old_name(&error)), (409, "DeviceAlreadyExists"));
    let (status, error) = bench.call("PUT", "/devices/dev%201%2F%C3%A9%23", r#"{"deviceId":"dev 1/é#"}"#);
    assert_eq!((status, old_name(&error)), (400, "IotHubFormatError"));
    assert_eq!(bench.call("PUT", "/devices/e", r#"{"deviceId":"other"}"#).0, 400);
}

/// PROTOCOL 14.1, Update device [X]
/// PROTOCOL 14.1, If-Match
#[test]
fn put_with_if_match_updates_when_the_etag_fits() {
    let mut bench = Bench::new();
    let first = bench.call("GET", "/devices/device-1", "").1;
    let (status, second) =
        bench.call_if("PUT", "/devices/device-1", &etag_of(&first), r#"{"status":"disabled"}"#);
    assert_eq!((status, &second["status"]), (200, &json!("disabled")));
    assert_ne!(second["etag"], first["etag"]);
    let (status, error) = bench.call_if("PUT", "/devices/device-1", &etag_of(&first), "{}");
    assert_eq!((status, old_name(&error)), (412, "PreconditionFailed"));
    assert_eq!(bench.call("GET", "/devices/device-1", "").1["etag"], second["etag"], "nothing changed");
    for any in [second["etag"].as_str().unwrap(), "*", "\"*\""] {
        let (status, now) = bench.call_if("PUT", "/devices/device-1", any, r#"{"etag":"AAAAAAAAAGM="}"#);
        assert_eq!(status, 200, "{any}: an etag in the body decides nothing");
        assert_eq!(now["status"], "disabled", "what is not said stays");
    }
    let (status, error) = bench.call_if("PUT", "/devices/nobody", "\"*\"", "{}");
    assert_eq!((status, old_name(&error)), (404, "DeviceNotFound"));
}

/// PROTOCOL 14.1, Get
/// PROTOCOL 14.1, If-Match
#[test]
fn get_gives_the_device_with_its_etag_in_header_and_body() {
    let mut bench = Bench::new();
    for path in ["/devices/device-1", "/twins/device-1"] {
        let response = bench.call_as("iothubowner", "GET", path, &[], "");
        assert_eq!(response.status, 200);
        assert_eq!(header(&response, "etag").unwrap(), etag_of(&json_of(&response)), "{path}");
        assert!(header(&response, "x-ms-request-id").is_some());
    }
    let (status, error) = bench.call("GET", "/devices/nobody", "");
    assert_eq!((status, old_name(&error)), (404, "DeviceNotFound"));
}

/// PROTOCOL 14.1, Delete [X]
#[test]
fn delete_is_204_and_412_for_a_stale_etag() {
    let mut bench = Bench::new();
    bench.register("d");
    assert_eq!(bench.call_if("DELETE", "/devices/d", "\"AAAAAAAAAAk=\"", "").0, 412);
    let response = bench.call_as("iothubowner", "DELETE", "/devices/d", &[("if-match", "\"*\"")], "");
    assert_eq!((response.status, response.body.len()), (204, 0));
    assert_eq!(bench.call_if("DELETE", "/devices/d", "\"*\"", "").0, 404);
}

/// PROTOCOL 14.1, List [X]
#[test]
fn the_list_is_asked_for_with_a_trailing_slash_or_top() {
    let mut bench = Bench::new();
    for n in 0..1_004 {
        bench.register(&format!("d{n}"));
    }
    bench.register_module("d0", "m");
    let mut count = |target: &str| bench.call("GET", target, "").1.as_array().unwrap().len();
    assert_eq!(count("/devices/"), 1_000, "never more, and no modules");
    assert_eq!(count("/devices"), 1_000);
    assert_eq!(count("/devices?top=3&api-version=2021-04-12"), 3);
    assert_eq!(count("/devices?top=5000&api-version=2021-04-12"), 1_000);
}

/// PROTOCOL 14.1, Bulk
#[test]
fn a_hundred_operations_at_once_each_stand_for_themselves() {
    let mut bench = Bench::new();
    let rows = |n: usize| {
        Value::Array((0..n).map(|n| json!({"id": format!("d{n}"), "importMode": "create"})).collect())
    };
    assert_eq!(bench.call("POST", "/devices", &rows(101).to_string()).0, 400);
    let (status, answer) = bench.call("POST", "/devices", &rows(100).to_string());
    assert_eq!((status, answer), (200, json!({"isSuccessful": true, "errors": [], "warnings": []})));
    let mixed = json!([
        {"id": "d0", "importMode": "create"},
        {"id": "e", "importMode": "create", "status": "disabled"},
        {"id": "d1", "moduleId": "m", "importMode": "create"},
    ]);
    let (status, answer) = bench.call("POST", "/devices", &mixed.to_string());
    assert_eq!((status, &answer["isSuccessful"]), (400, &json!(false)));
    let error = &answer["errors"][0];
    assert_eq!((&error["deviceId"], &error["errorCode"]), (&json!("d0"), &json!(409_001)));
    assert!(error["errorStatus"].is_string());
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    assert_eq!(bench.call("GET", "/devices/e", "").1["status"], "disabled");
    assert_eq!(bench.call("GET", "/devices/d1/modules/m", "").0, 200);
}

/// PROTOCOL 14.1, importMode [X]
#[test]
fn import_modes_are_read_in_any_case() {
    let mut bench = Bench::new();
    let mut bulk = |row: Value| {
        let (_, answer) = bench.call("POST", "/devices", &json!([row]).to_string());
        (answer["errors"][0]["errorCode"].as_u64(), bench.call("GET", "/devices/d", "").1["etag"].clone())
    };
    let (error, etag) = bulk(json!({"id": "d", "importMode": "CREATE"}));
    assert_eq!(error, None);
    let (error, etag2) = bulk(json!({"id": "d", "importMode": "update", "status": "disabled"}));
    assert_eq!((error, etag2 == etag), (None, false));
    assert_eq!(bulk(json!({"id": "d", "importMode": "UpdateIfMatchETag", "etag": etag})).0, Some(412_001));
    let (error, etag3) =
        bulk(json!({"id": "d", "importMode": "updateIfMatchETag", "etag": etag2, "status": "enabled"}));
    assert_eq!(error, None);
    assert_eq!(bulk(json!({"id": "d", "importMode": "UpdateTwin", "tags": {"t": 1}})).0, None);
    assert_eq!(bulk(json!({"id": "d", "importMode": "deleteIfMatchETag", "etag": etag2})).0, Some(412_001));
    assert_eq!(bulk(json!({"id": "d", "importMode": "DeleteIfMatchETag", "etag": etag3})).0, None);
    assert_eq!(bulk(json!({"id": "d", "importMode": "delete"})).0, Some(404_001));
    assert_eq!(bulk(json!({"id": "d", "importMode": "nonsense"})).0, Some(400_004));
}

/// PROTOCOL 14.1, Query
#[test]
fn a_query_is_answered_in_pages_with_their_item_type() {
    let mut bench = Bench::new();
    for id in ["a", "b", "c"] {
        bench.register(id);
    }
    let body = json!({"query": "SELECT * FROM devices WHERE deviceId IN ['a', 'b', 'c']"}).to_string();
    let mut from = String::new();
    let mut pages = Vec::new();
    loop {
        let headers = [("x-ms-max-item-count", "2"), ("x-ms-continuation", from.as_str())];
        let response = bench.call_as("service", "POST", "/devices/query", &headers, &body);
        assert_eq!((response.status, header(&response, "x-ms-item-type").as_deref()), (200, Some("Twin")));
        let page = json_of(&response);
        pages.push(
            page.as_array()
                .unwrap()
                .iter()
                .map(|t| t["deviceId"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>(),
        );
        match header(&response, "x-ms-continuation") {
            Some(token) => from = token,
            None => break,
        }
    }
    assert_eq!(pages, [vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]]);
    let raw = json!({"query": "SELECT COUNT() AS n FROM devices"}).to_string();
    let response = bench.call_as("service", "POST", "/devices/query", &[], &raw);
    assert_eq!(
        (header(&response, "x-ms-item-type").as_deref(), json_of(&response)),
        (Some("Raw"), json!([{"n": 4}]))
    );
}

/// PROTOCOL 14.1, Twin get
/// PROTOCOL 14.1, Twin patch
/// PROTOCOL 14.1, Twin replace
#[test]
fn a_twin_is_read_patched_and_replaced_under_its_etag() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    for path in ["/twins/device-1", "/twins/device-1/modules/m"] {
        let first = bench.call("GET", path, "").1;
        let patch = r#"{"tags":{"a":1,"b":2},"properties":{"desired":{"x":1,"y":2}}}"#;
        let (status, second) = bench.call_if("PATCH", path, &etag_of(&first), patch);
        assert_eq!((status, &second["tags"]), (200, &json!({"a": 1, "b": 2})), "the whole twin comes back");
        let (status, error) = bench.call_if("PATCH", path, &etag_of(&first), patch);
        assert_eq!((status, old_name(&error)), (412, "PreconditionFailed"));
        let patch = r#"{"tags":{"a":null},"properties":{"desired":{"x":null}}}"#;
        let (_, third) = bench.call_if("PATCH", path, "\"*\"", patch);
        assert_eq!((&third["tags"], &third["properties"]["desired"]["y"]), (&json!({"b": 2}), &json!(2)));
        assert_eq!(bench.call_if("PUT", path, &etag_of(&second), "{}").0, 412);
        let (status, fourth) = bench.call_if(
            "PUT",
            path,
            &etag_of(&third),
            r#"{"tags":{"c":3},"properties":{"desired":{"z":1}}}"#,
        );
        assert_eq!((status, &fourth["tags"]), (200, &json!({"c": 3})));
        assert_eq!(
            (&fourth["properties"]["desired"]["z"], fourth["properties"]["desired"].get("y")),
            (&json!(1), None)
        );
    }
    assert_eq!(bench.call("GET", "/twins/nobody", "").0, 404);
    assert_eq!(bench.call("PATCH", "/twins/nobody", "{}").0, 404);
}

/// PROTOCOL 14.1, Twin patch
#[test]
fn reported_properties_are_not_the_services_to_write() {
    let mut bench = Bench::new();
    let patch = r#"{"properties":{"reported":{"x":1}}}"#;
    bench.call("PATCH", "/twins/device-1", patch);
    let twin = bench.call("GET", "/twins/device-1", "").1;
    assert_eq!(twin["properties"]["reported"].get("x"), None);
    assert_eq!(twin["properties"]["reported"]["$version"], 1);
}

/// PROTOCOL 14.1, Invoke
#[test]
fn a_method_is_invoked_with_what_node_fills_in() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    let body =
        r#"{"methodName":"foo","responseTimeoutInSeconds":30,"connectTimeoutInSeconds":0,"payload":null}"#;
    assert!(invoke(&mut bench, body).is_none());
    let request = bench.take_publish(link);
    assert_eq!(&request.payload[..], b"null");
    answer(&mut bench, link, &request, "200", b"");
    assert_eq!(outcome(&mut bench), (200, r#"{"status":200,"payload":null}"#.to_owned()));
    assert_eq!(invoke_at(&mut bench, "/twins/nobody/methods", body).map(|(status, _)| status), Some(404));
}

/// PROTOCOL 14.1, Modules
#[test]
fn modules_are_created_listed_updated_and_deleted() {
    let mut bench = Bench::new();
    let path = "/devices/device-1/modules/m";
    let (status, made) =
        bench.call("PUT", path, r#"{"deviceId":"device-1","moduleId":"m","managedBy":"me"}"#);
    assert!(matches!(status, 200 | 201));
    assert_eq!((&made["moduleId"], &made["managedBy"]), (&json!("m"), &json!("me")));
    assert_eq!(old_name(&bench.call("PUT", path, "{}").1), "ModuleAlreadyExistsOnDevice");
    let (status, updated) = bench.call_if("PUT", path, &etag_of(&made), r#"{"managedBy":"you"}"#);
    assert_eq!((status, &updated["managedBy"]), (200, &json!("you")));
    assert_eq!(bench.call_if("PUT", path, &etag_of(&made), "{}").0, 412);
    let list = bench.call("GET", "/devices/device-1/modules", "").1;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["etag"]), (1, &updated["etag"]));
    assert_eq!(bench.call_if("DELETE", path, "\"*\"", "").0, 204);
    assert_eq!(old_name(&bench.call("GET", path, "").1), "ModuleNotFound");
    assert_eq!(old_name(&bench.call("GET", "/devices/nobody/modules", "").1), "DeviceNotFound");
}

/// PROTOCOL 14.1, Registry statistics
/// PROTOCOL 14.1, Service statistics
#[test]
fn statistics_count_devices_and_links() {
    let mut bench = Bench::new();
    bench.register("d");
    bench.register_module("d", "m");
    bench.call_if("PUT", "/devices/d", "*", r#"{"status":"disabled"}"#);
    let want = json!({"totalDeviceCount": 2, "enabledDeviceCount": 1, "disabledDeviceCount": 1});
    assert_eq!(bench.call("GET", "/statistics/devices", "").1, want);
    assert_eq!(bench.call("GET", "/statistics/service", "").1, json!({"connectedDeviceCount": 0}));
    let link = bench.connect("device-1");
    assert_eq!(bench.call("GET", "/statistics/service", "").1, json!({"connectedDeviceCount": 1}));
    bench.drop_socket(link);
    assert_eq!(bench.call("GET", "/statistics/service", "").1, json!({"connectedDeviceCount": 0}));
}

/// PROTOCOL 14.1, Purge C2D
#[test]
fn purge_tells_how_many_it_dropped() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    bench.send("device-1", "on the link");
    bench.take_publish(link);
    bench.drop_socket(link);
    bench.send("device-1", "waiting");
    let want = json!({"totalMessagesPurged": 2, "deviceId": "device-1", "moduleId": null});
    assert_eq!(bench.call("DELETE", "/devices/device-1/commands", ""), (200, want));
    assert_eq!(waiting(&mut bench), 0);
    assert_eq!(bench.call("DELETE", "/devices/nobody/commands", "").0, 404);
}

/// PROTOCOL 14.1, Feedback
#[test]
fn feedback_is_fetched_settled_and_abandoned_by_its_lock() {
    let mut bench = Bench::new();
    let path = "/messages/serviceBound/feedback";
    assert_eq!(bench.call("GET", path, "").0, 204);
    bench.local("POST", crate::helpers::MESSAGES, r#"{"ack":"full"}"#);
    bench.call("DELETE", "/devices/device-1/commands", "");
    bench.pass(15_000);
    for (method, tail, then) in [("POST", "/abandon", 200), ("DELETE", "", 204)] {
        let response = bench.call_as("service", "GET", path, &[], "");
        assert_eq!(response.status, 200);
        let lock = header(&response, "etag").unwrap();
        let lock = lock.trim_matches('"');
        assert_eq!(bench.call(method, &format!("{path}/{lock}{tail}"), "").0, 204);
        let again = bench.call_as("service", "GET", path, &[], "");
        assert_eq!(again.status, then, "{method}");
        if then == 200 {
            let lock = header(&again, "etag").unwrap();
            bench.call("POST", &format!("{path}/{}/abandon", lock.trim_matches('"')), "");
        }
    }
}

/// PROTOCOL 14.1, Jobs
/// PROTOCOL 14.1, Configurations
/// PROTOCOL 14.1, Digital twin
#[test]
fn calls_that_this_hub_does_not_have_are_400_and_say_where_the_list_is() {
    let mut bench = Bench::new();
    for (method, path) in [
        ("POST", "/jobs/create"),
        ("GET", "/jobs"),
        ("PUT", "/jobs/v2/j1"),
        ("GET", "/jobs/v2/query"),
        ("GET", "/configurations"),
        ("PUT", "/configurations/c"),
        ("POST", "/devices/device-1/applyConfigurationContent"),
        ("GET", "/digitaltwins/device-1"),
        ("POST", "/digitaltwins/device-1/commands/reboot"),
    ] {
        let (status, error) = bench.call(method, path, "{}");
        assert_eq!((status, old_name(&error)), (400, "ArgumentInvalid"), "{path}");
        assert!(error["Message"].as_str().unwrap().contains("docs/hub.md"), "{error}");
    }
}
