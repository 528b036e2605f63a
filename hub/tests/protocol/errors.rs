//! PROTOCOL 14.3: the two forms of an error, and each code where the hub gives it.

use crate::helpers::{
    EVENTS, MESSAGES, METHODS, TWIN_ANSWERS, configured, invoke, invoke_at, listening, new_number, old_name,
    outcome, report,
};
use crate::support::{Bench, START_MS, VERSION, json_of, token};
use iothub_hub::{OWNER_KEY, Reason, Response, Tier};
use iothub_protocol::service_error::ErrorCode;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn header(response: &Response, name: &str) -> String {
    response.headers.iter().find(|h| h.0 == name).map(|h| h.1.clone()).unwrap_or_default()
}

fn invoke_response(bench: &mut Bench, headers: Vec<(String, String)>, body: &str) -> Response {
    bench.request("POST", "/twins/device-1/methods", VERSION, headers, body).unwrap()
}

fn authorized(bench: &Bench) -> Vec<(String, String)> {
    let token = bench.hub.policy_token("iothubowner", 60).unwrap();
    vec![("authorization".to_owned(), token.expose().to_owned())]
}

/// PROTOCOL 14.3, Old form
#[test]
fn registry_twins_and_every_401_have_the_old_form() {
    let mut bench = Bench::new();
    let unauthorized = invoke_response(&mut bench, Vec::new(), r#"{"methodName":"m"}"#);
    for (response, name) in [
        (bench.call_as("iothubowner", "GET", "/devices/nobody", &[], ""), "DeviceNotFound"),
        (bench.call_as("iothubowner", "GET", "/twins/nobody", &[], ""), "DeviceNotFound"),
        (bench.call_as("iothubowner", "PUT", "/devices/device-1", &[], "{}"), "DeviceAlreadyExists"),
        (unauthorized, "IotHubUnauthorizedAccess"),
    ] {
        let body = json_of(&response);
        assert_eq!(body.as_object().unwrap().len(), 2);
        assert!(body["Message"].as_str().unwrap().starts_with(&format!("ErrorCode:{name};")), "{body}");
        let exception = body["ExceptionMessage"].as_str().unwrap();
        assert!(exception.starts_with("Tracking ID:") && exception.contains("-TimeStamp:"), "{exception}");
    }
}

/// PROTOCOL 14.3, New form
#[test]
fn methods_answer_json_text_inside_json() {
    let mut bench = Bench::new();
    let headers = authorized(&bench);
    let body = json_of(&invoke_response(&mut bench, headers, r#"{"methodName":"m"}"#));
    assert_eq!(body["ExceptionMessage"], "");
    let inner: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
    assert_eq!(inner["errorCode"], 404_103);
    for field in ["trackingId", "message", "timestampUtc"] {
        assert!(inner[field].is_string(), "{field}");
    }
    assert_eq!(inner["info"], json!({"timeout": "00:00:00"}));
}

/// PROTOCOL 14.3, Headers of an error
#[test]
fn name_in_the_header_and_number_in_the_body_agree() {
    let mut bench = Bench::new();
    let old = bench.call_as("iothubowner", "GET", "/devices/nobody", &[], "");
    assert_eq!(header(&old, "iothub-errorcode"), old_name(&json_of(&old)));
    let headers = authorized(&bench);
    let new = invoke_response(&mut bench, headers, r#"{"methodName":"m"}"#);
    let number = new_number(&json_of(&new));
    let code = ErrorCode::ALL.iter().find(|code| u64::from(code.number()) == number).unwrap();
    assert_eq!(header(&new, "iothub-errorcode"), code.name());
    for response in [old, new] {
        assert!(!header(&response, "x-ms-request-id").is_empty());
    }
}

/// PROTOCOL 14.3, Content-Type of a success
#[test]
fn every_answer_with_a_body_says_that_it_is_json() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    for target in
        ["/devices/device-1", "/devices/", "/twins/device-1", "/statistics/devices", "/devices/nobody"]
    {
        let response = bench.call_as("iothubowner", "GET", target, &[], "");
        assert!(header(&response, "content-type").contains("application/json"), "{target}");
    }
    invoke(&mut bench, r#"{"methodName":"m"}"#);
    let request = bench.take_publish(link);
    crate::helpers::answer(&mut bench, link, &request, "200", b"1");
    let answered = bench.answers.pop().unwrap();
    let response = bench.hub.method_response(&iothub_hub::Request::default(), answered);
    assert!(header(&response, "content-type").contains("application/json"));
}

/// PROTOCOL 14.3, Codes, names and statuses
#[test]
fn the_table_of_codes_is_the_sheets() {
    let have: Vec<(u32, &str, u16)> =
        ErrorCode::ALL.iter().map(|code| (code.number(), code.name(), code.http_status())).collect();
    let want = [
        (400_001, "InvalidProtocolVersion", 400),
        (400_004, "ArgumentInvalid", 400),
        (400_006, "IotHubFormatError", 400),
        (400_012, "DeserializationError", 400),
        (400_013, "BulkRegistryOperationFailure", 400),
        (400_027, "ConnectionForcefullyClosedOnNewConnection", 400),
        (401_002, "IotHubUnauthorizedAccess", 401),
        (401_003, "IotHubUnauthorized", 401),
        (403_002, "IotHubQuotaExceeded", 403),
        (403_004, "DeviceMaximumQueueDepthExceeded", 403),
        (403_006, "DeviceMaximumActiveFileUploadLimitExceeded", 403),
        (403_012, "DeviceDisabled", 403),
        (403_800, "DeviceMaximumInflightMethodExceeded", 403),
        (404_001, "DeviceNotFound", 404),
        (404_010, "ModuleNotFound", 404),
        (404_103, "DeviceNotOnline", 404),
        (404_104, "DeviceConnectionClosedRemotely", 404),
        (409_001, "DeviceAlreadyExists", 409),
        (409_002, "LinkCreationConflict", 409),
        (409_301, "ModuleAlreadyExistsOnDevice", 409),
        (412_001, "PreconditionFailed", 412),
        (412_002, "DeviceMessageLockLost", 412),
        (413_001, "MessageTooLarge", 413),
        (413_002, "TooManyDevices", 413),
        (413_003, "TooManyModulesOnDevice", 413),
        (429_001, "ThrottlingException", 429),
        (429_002, "ThrottleBacklogLimitExceeded", 429),
        (500_001, "ServerError", 500),
        (503_001, "ServiceUnavailable", 503),
        (503_003, "PartitionNotFound", 503),
        (504_101, "GatewayTimeout", 504),
    ];
    assert_eq!(have, want);
}

/// PROTOCOL 14.3, 400001
#[test]
fn an_unknown_api_version_is_400001() {
    let mut bench = Bench::new();
    for query in ["", "api-version=", "api-version=x"] {
        let headers = authorized(&bench);
        let response = bench.request("GET", "/devices/device-1", query, headers, "").unwrap();
        assert_eq!(
            (response.status, old_name(&json_of(&response))),
            (400, "InvalidProtocolVersion"),
            "{query}"
        );
    }
}

/// PROTOCOL 14.3, 400004
/// PROTOCOL 14.3, 400006
/// PROTOCOL 14.3, 400012
#[test]
fn bad_values_bad_ids_and_bad_json_are_told_apart() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    assert_eq!(report(&mut bench, link, "[]").1["errorCode"], 400_004);
    for (target, body, name) in [
        ("/devices/d", r#"{"status":"asleep"}"#, "ArgumentInvalid"),
        ("/devices/a%20b", "{}", "IotHubFormatError"),
        ("/devices/d", "no json", "DeserializationError"),
        ("/devices/d", "[]", "DeserializationError"),
    ] {
        let (status, error) = bench.call("PUT", target, body);
        assert_eq!((status, old_name(&error)), (400, name), "{body}");
    }
    let patch = bench.call("PATCH", "/twins/device-1", "no json");
    assert_eq!((patch.0, old_name(&patch.1)), (400, "DeserializationError"));
}

/// PROTOCOL 14.3, 400013
#[test]
fn a_bulk_that_fails_in_part_names_400013_in_its_header() {
    let mut bench = Bench::new();
    let rows = r#"[{"id":"device-1","importMode":"create"}]"#;
    let response = bench.call_as("iothubowner", "POST", "/devices", &[], rows);
    assert_eq!(
        (response.status, header(&response, "iothub-errorcode").as_str()),
        (400, "BulkRegistryOperationFailure")
    );
}

/// PROTOCOL 14.3, 400027
#[test]
fn a_takeover_says_400027_on_the_log() {
    let mut bench = Bench::new();
    let old = bench.connect("device-1");
    bench.connect("device-1");
    assert_eq!(bench.reason(old), Some(Reason::TakenOver));
    assert!(bench.closed[&old].detail.contains("400027"));
}

/// PROTOCOL 14.3, 401002
/// PROTOCOL 14.3, 401003
#[test]
fn a_bad_token_is_401002_and_one_that_ended_or_may_not_is_401003() {
    let mut bench = Bench::new();
    let second = START_MS / 1000;
    let ended = token("localhost", OWNER_KEY, second - 301, Some("iothubowner"));
    let forged = token("localhost", OWNER_KEY, second + 60, Some("service"));
    let weak = bench.hub.policy_token("device", 60).unwrap().expose().to_owned();
    for (given, name) in [
        (None, "IotHubUnauthorizedAccess"),
        (Some("no token".to_owned()), "IotHubUnauthorizedAccess"),
        (Some(forged), "IotHubUnauthorizedAccess"),
        (Some(ended), "IotHubUnauthorized"),
        (Some(weak), "IotHubUnauthorized"),
    ] {
        let headers = given.map(|text| ("authorization".to_owned(), text)).into_iter().collect();
        let response = bench.request("GET", "/devices/device-1", VERSION, headers, "").unwrap();
        assert_eq!((response.status, old_name(&json_of(&response))), (401, name));
        assert_eq!(header(&response, "iothub-errorcode"), name);
        assert!(!String::from_utf8_lossy(&response.body).contains("sig="), "no signature is shown");
    }
}

/// PROTOCOL 14.3, 403002
#[test]
fn a_used_up_day_closes_the_link_with_its_reason() {
    let mut bench = configured(|config| config.tier = Some(Tier::F1));
    let link = bench.connect("device-1");
    for _ in 0..17 {
        bench.publish(link, EVENTS, &vec![b'x'; 262_144], 0, 0);
        bench.pass(10);
    }
    assert_eq!(bench.reason(link), Some(Reason::QuotaExceeded));
    assert_eq!(bench.events_of("connection").last().unwrap()["reason"], "quota-exceeded");
}

/// PROTOCOL 14.3, 403004
#[test]
fn a_full_queue_is_403004() {
    let mut bench = Bench::new();
    for _ in 0..50 {
        bench.send("device-1", "x");
    }
    let (status, error) = bench.local("POST", MESSAGES, "{}");
    assert_eq!((status, &error["errorCode"]), (403, &json!(403_004)));
}

/// PROTOCOL 14.3, 403800
/// PROTOCOL 14.3, 404103
/// PROTOCOL 14.3, 504101
#[test]
fn methods_that_are_too_many_unheard_or_unanswered_are_told_apart() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    for _ in 0..100 {
        invoke(&mut bench, r#"{"methodName":"m","responseTimeoutInSeconds":5}"#);
    }
    let error = invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap();
    assert_eq!((error.0, new_number(&error.1)), (403, 403_800));
    bench.pass(5_000);
    let (status, body) = outcome(&mut bench);
    assert_eq!((status, new_number(&serde_json::from_str(&body).unwrap())), (504, 504_101));
    bench.drop_socket(link);
    let error = invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap();
    assert_eq!((error.0, new_number(&error.1)), (404, 404_103));
}

/// PROTOCOL 14.3, 404001
/// PROTOCOL 14.3, 404010
#[test]
fn what_is_unknown_is_named_device_or_module() {
    let mut bench = Bench::new();
    for (target, name) in [
        ("/devices/nobody", "DeviceNotFound"),
        ("/twins/nobody", "DeviceNotFound"),
        ("/devices/nobody/modules/m", "DeviceNotFound"),
        ("/devices/device-1/modules/m", "ModuleNotFound"),
        ("/twins/device-1/modules/m", "ModuleNotFound"),
    ] {
        let (status, error) = bench.call("GET", target, "");
        assert_eq!((status, old_name(&error)), (404, name), "{target}");
    }
    let call = r#"{"methodName":"m"}"#;
    assert_eq!(new_number(&invoke_at(&mut bench, "/twins/nobody/methods", call).unwrap().1), 404_001);
    assert_eq!(
        new_number(&invoke_at(&mut bench, "/twins/device-1/modules/m/methods", call).unwrap().1),
        404_010
    );
}

/// PROTOCOL 14.3, 409001
/// PROTOCOL 14.3, 409301
#[test]
fn what_is_there_already_is_named_device_or_module() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    for (target, name) in [
        ("/devices/device-1", "DeviceAlreadyExists"),
        ("/devices/device-1/modules/m", "ModuleAlreadyExistsOnDevice"),
    ] {
        let (status, error) = bench.call("PUT", target, "{}");
        assert_eq!((status, old_name(&error)), (409, name));
    }
}

/// PROTOCOL 14.3, 412001
/// PROTOCOL 14.3, 412002
#[test]
fn a_stale_etag_and_a_lost_lock_are_told_apart() {
    let mut bench = Bench::new();
    for (method, target) in
        [("PUT", "/devices/device-1"), ("DELETE", "/devices/device-1"), ("PATCH", "/twins/device-1")]
    {
        let (status, error) = bench.call_if(method, target, "\"AAAAAAAAAGM=\"", "{}");
        assert_eq!((status, old_name(&error)), (412, "PreconditionFailed"), "{method}");
    }
    let (status, error) = bench.call("DELETE", "/messages/serviceBound/feedback/no-such-lock", "");
    assert_eq!((status, old_name(&error)), (412, "DeviceMessageLockLost"));
}

/// PROTOCOL 14.3, 413001 / 413002 / 413003
#[test]
fn too_large_and_too_many_are_413() {
    let mut bench = Bench::new();
    let (status, error) = bench.local("POST", MESSAGES, &json!({"body": "x".repeat(65_537)}).to_string());
    assert_eq!((status, &error["errorCode"]), (413, &json!(413_001)));
    for n in 0..50 {
        bench.register_module("device-1", &format!("m{n}"));
    }
    let (status, error) = bench.call("PUT", "/devices/device-1/modules/more", "{}");
    assert_eq!((status, old_name(&error)), (413, "TooManyModulesOnDevice"));
    assert_eq!(ErrorCode::TooManyDevices.http_status(), 413);
}

/// PROTOCOL 14.3, 429001 / 429002
#[test]
fn a_throttled_call_is_429001_and_a_link_that_waited_too_long_429002() {
    let mut bench = configured(|config| config.tier = Some(Tier::S1));
    let query = r#"{"query":"SELECT * FROM devices"}"#;
    let last = (0..21).map(|_| bench.call("POST", "/devices/query", query)).last().unwrap();
    assert_eq!((last.0, old_name(&last.1)), (429, "ThrottlingException"));
    let link = bench.connect("device-1");
    let mut sent = 0;
    while bench.reason(link).is_none() && sent < 5_000 {
        bench.publish(link, EVENTS, b"x", 0, 0);
        sent += 1;
    }
    assert_eq!(bench.reason(link), Some(Reason::Throttled));
    assert!(bench.closed[&link].detail.contains("429002"));
}

/// PROTOCOL 14.3, 500001
/// PROTOCOL 14.3, 503001 / 503003
#[test]
fn a_failing_hub_is_ordered_on_local_faults() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    for code in [500_001, 503_001, 503_003] {
        let fault = json!({"kind": "twin-error", "code": code, "count": 1}).to_string();
        assert_eq!(bench.local("POST", "/local/faults", &fault).0, 201);
        let (topic, error) = report(&mut bench, link, "{}");
        assert_eq!(
            (topic.contains(&format!("/{}/", code / 1000)), &error["errorCode"]),
            (true, &json!(code))
        );
    }
}
