//! The service REST and `/local`. PROTOCOL 14.

use crate::support::{Bench, VERSION, json_of, token};
use iothub_hub::{HubConfig, OWNER_KEY, Tier};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: u64 = crate::support::START_MS / 1000;

fn name_of(error: &Value) -> String {
    let message = error["Message"].as_str().unwrap();
    message.strip_prefix("ErrorCode:").unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn a_device_is_created_read_listed_updated_and_deleted() {
    // PROTOCOL 14.1, 14.2; the list with its trailing slash.
    let mut bench = Bench::new();
    let body = r#"{"deviceId":"d","authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}}"#;
    let (status, made) = bench.call("PUT", "/devices/d", body);
    assert_eq!(status, 200);
    let keys = &made["authentication"]["symmetricKey"];
    assert_eq!(keys["primaryKey"].as_str().map(str::len), Some(44));
    assert_ne!(keys["primaryKey"], keys["secondaryKey"]);
    assert_eq!((&made["status"], &made["connectionState"]), (&json!("enabled"), &json!("Disconnected")));
    assert_eq!(bench.call("PUT", "/devices/d", body).0, 409);
    assert_eq!(bench.call("GET", "/devices/", "").1.as_array().unwrap().len(), 2);
    let (status, updated) = bench.call_if(
        "PUT",
        "/devices/d",
        "\"*\"",
        r#"{"deviceId":"d","status":"disabled","statusReason":"why"}"#,
    );
    assert_eq!((status, &updated["statusReason"]), (200, &json!("why")));
    assert_eq!(updated["authentication"]["symmetricKey"], *keys, "keys stay when none are given");
    assert_eq!(
        bench.call_if("PUT", "/devices/d", &format!("\"{}\"", made["etag"].as_str().unwrap()), "{}").0,
        412
    );
    assert_eq!(bench.call_if("DELETE", "/devices/d", "\"*\"", "").0, 204);
    assert_eq!(name_of(&bench.call("GET", "/devices/d", "").1), "DeviceNotFound");
    assert_eq!(bench.call_if("PUT", "/devices/d", "*", "{}").0, 404);
    let (_, again) = bench.call("PUT", "/devices/d", body);
    assert_ne!(again["generationId"], made["generationId"]);
}

#[test]
fn answers_have_the_headers_of_14_3() {
    let mut bench = Bench::new();
    let response = bench.call_as("iothubowner", "GET", "/devices/nobody", &[], "");
    let header = |name: &str| response.headers.iter().find(|h| h.0 == name).map(|h| h.1.clone());
    assert_eq!(header("iothub-errorcode").as_deref(), Some("DeviceNotFound"));
    assert!(header("x-ms-request-id").is_some());
    assert!(header("content-type").unwrap().contains("application/json"));
    assert!(json_of(&response)["ExceptionMessage"].as_str().unwrap().starts_with("Tracking ID:"));
    let response = bench.call_as("iothubowner", "GET", "/devices/device-1", &[], "");
    let etag = response.headers.iter().find(|h| h.0 == "etag").unwrap().1.clone();
    assert_eq!(etag.trim_matches('"'), json_of(&response)["etag"].as_str().unwrap());
}

#[test]
fn a_call_needs_a_token_of_a_policy_with_the_right() {
    let mut bench = Bench::new();
    let mut ask = |authorization: Option<String>| {
        let headers = authorization.map(|text| ("authorization".to_owned(), text)).into_iter().collect();
        let response = bench.request("GET", "/devices/device-1", VERSION, headers, "").unwrap();
        (response.status, json_of(&response))
    };
    let made = |sr: &str, skn: Option<&str>, se| Some(token(sr, OWNER_KEY, se, skn));
    assert_eq!(ask(made("localhost", Some("iothubowner"), SECOND + 60)).0, 200);
    for (given, name) in [
        (None, "IotHubUnauthorizedAccess"),
        (Some("Bearer x".to_owned()), "IotHubUnauthorizedAccess"),
        (made("localhost", Some("nobody"), SECOND + 60), "IotHubUnauthorizedAccess"),
        (made("localhost", None, SECOND + 60), "IotHubUnauthorizedAccess"),
        (made("localhost", Some("service"), SECOND + 60), "IotHubUnauthorizedAccess"),
        (made("else.net", Some("iothubowner"), SECOND + 60), "IotHubUnauthorizedAccess"),
        (made("localhost", Some("iothubowner"), SECOND - 301), "IotHubUnauthorized"),
    ] {
        let (status, error) = ask(given);
        assert_eq!((status, name_of(&error)), (401, name.to_owned()));
    }
}

#[test]
fn rights_are_kept_apart() {
    // PROTOCOL 3 "Policies".
    let mut bench = Bench::new();
    let mut status = |policy, method, target, body| bench.call_as(policy, method, target, &[], body).status;
    assert_eq!(status("registryRead", "GET", "/devices/device-1", ""), 200);
    assert_eq!(status("registryRead", "PUT", "/devices/x", "{}"), 401);
    assert_eq!(status("registryRead", "GET", "/twins/device-1", ""), 401);
    assert_eq!(status("registryReadWrite", "PUT", "/devices/x", "{}"), 200);
    assert_eq!(status("service", "GET", "/twins/device-1", ""), 200);
    assert_eq!(status("service", "GET", "/devices/device-1", ""), 401);
    assert_eq!(status("device", "GET", "/devices/device-1", ""), 401);
}

#[test]
fn ids_are_decoded_and_checked() {
    // PROTOCOL 2.1, 18.6.
    let mut bench = Bench::new();
    let (status, made) = bench.call("PUT", "/devices/a%2Bb%23c%3Fd!(e)", r#"{"deviceId":"a+b#c?d!(e)"}"#);
    assert_eq!((status, &made["deviceId"]), (200, &json!("a+b#c?d!(e)")));
    let (status, error) = bench.call("PUT", "/devices/dev%201%2F%C3%A9%23", r#"{"deviceId":"dev 1/é#"}"#);
    assert_eq!((status, name_of(&error)), (400, "IotHubFormatError".to_owned()));
}

#[test]
fn bad_documents_are_400() {
    let mut bench = Bench::new();
    for body in [
        "no json",
        "[]",
        r#"{"deviceId":"other"}"#,
        r#"{"status":"asleep"}"#,
        r#"{"authentication":{"symmetricKey":{"primaryKey":"not base64!"}}}"#,
        r#"{"authentication":{"symmetricKey":{"primaryKey":"c2hvcnQ="}}}"#,
        r#"{"authentication":{"x509Thumbprint":{"primaryThumbprint":"xyz"}}}"#,
    ] {
        assert_eq!(bench.call("PUT", "/devices/d", body).0, 400, "{body}");
    }
    let response = bench.call_as("iothubowner", "GET", "/devices/device-1?api-version=x", &[], "");
    assert_eq!(name_of(&json_of(&response)), "InvalidProtocolVersion");
    assert_eq!(bench.call("GET", "/no/such/call", "").0, 400);
}

#[test]
fn statistics_count() {
    let mut bench = Bench::new();
    bench.register("d");
    bench.call_if("PUT", "/devices/d", "*", r#"{"status":"disabled"}"#);
    bench.connect("device-1");
    let (_, counts) = bench.call("GET", "/statistics/devices", "");
    assert_eq!(counts, json!({"totalDeviceCount": 2, "enabledDeviceCount": 1, "disabledDeviceCount": 1}));
    assert_eq!(bench.call("GET", "/statistics/service", "").1, json!({"connectedDeviceCount": 1}));
}

#[test]
fn a_foreign_page_can_not_touch_local() {
    let mut bench = Bench::new();
    let mut ask = |host: &str, origin: Option<&str>| {
        let mut headers = vec![("host".to_owned(), host.to_owned())];
        headers.extend(origin.map(|origin| ("origin".to_owned(), origin.to_owned())));
        let response = bench.request("POST", "/local/reset", "", headers, "").unwrap();
        let allowed =
            response.headers.iter().find(|h| h.0 == "access-control-allow-origin").map(|h| h.1.clone());
        (response.status, allowed)
    };
    assert_eq!(ask("localhost:4280", None), (204, None));
    assert_eq!(
        ask("127.0.0.1:4280", Some("http://localhost:5173")),
        (204, Some("http://localhost:5173".to_owned()))
    );
    assert_eq!(ask("localhost:4280", Some("https://evil.example")), (401, None));
    assert_eq!(ask("localhost:4280", Some("null")), (401, None));
    assert_eq!(ask("evil.example", None), (401, None));
    assert_eq!(ask("evil.example", Some("http://evil.example")), (401, None));
}

#[test]
fn reset_is_the_first_moment_again() {
    let mut bench = Bench::new();
    let key = bench.hub.connection_string(&crate::support::identity("device-1", None)).unwrap();
    bench.register("d");
    let link = bench.connect("d");
    bench.send("device-1", "x");
    bench.local("POST", "/local/clock", r#"{"advanceSeconds":100}"#);
    bench.local("POST", "/local/faults", r#"{"kind":"refuse"}"#);
    assert_eq!(bench.local("POST", "/local/reset", "").0, 204);
    assert!(bench.closed.contains_key(&link));
    assert_eq!(bench.local("GET", "/local/devices", "").1.as_array().unwrap().len(), 1);
    assert_eq!(bench.local("GET", "/local/clock", "").1["offsetMs"], 0);
    assert_eq!(bench.hub.connection_string(&crate::support::identity("device-1", None)).unwrap(), key);
    bench.connect("device-1");
}

#[test]
fn the_wire_log_is_off_until_asked_for_and_shows_no_token() {
    let mut bench = Bench::new();
    bench.connect("device-1");
    assert_eq!(bench.local("GET", "/local/packets", "").1, json!({"on": false, "packets": [], "lastId": 0}));
    assert_eq!(bench.local("POST", "/local/packets", r#"{"on":true}"#).0, 204);
    let link = bench.connect("device-1");
    bench.publish(link, "devices/device-1/messages/events/a=1", b"body", 1, 9);
    let (_, log) = bench.local("GET", "/local/packets", "");
    let rows = log["packets"].as_array().unwrap();
    let types: Vec<_> =
        rows.iter().map(|row| (row["direction"].as_str().unwrap(), row["type"].as_str().unwrap())).collect();
    assert_eq!(types, [("in", "CONNECT"), ("out", "CONNACK"), ("in", "PUBLISH"), ("out", "PUBACK")]);
    assert_eq!(rows[0]["token"]["audience"], "localhost/devices/device-1");
    assert_eq!(
        (&rows[2]["topic"], &rows[2]["body"]),
        (&json!("devices/device-1/messages/events/a=1"), &json!("body"))
    );
    assert!(!log.to_string().contains("sig="));
    bench.local("POST", "/local/packets", r#"{"on":false}"#);
    assert_eq!(bench.local("GET", "/local/packets", "").1["packets"], json!([]));
}

#[test]
fn tokens_are_made_for_identities_and_policies() {
    let mut bench = Bench::new();
    let (status, made) = bench.local("POST", "/local/tokens", r#"{"deviceId":"device-1","seconds":60}"#);
    assert_eq!((status, made["expires"].as_u64()), (200, Some(SECOND + 60)));
    let hello = crate::support::Hello {
        password: made["token"].as_str().unwrap().into(),
        ..bench.hello("device-1", None)
    };
    assert_eq!(bench.introduce(&hello).1, Some((0, false)));
    assert_eq!(bench.local("POST", "/local/tokens", r#"{"policy":"service"}"#).0, 200);
    assert_eq!(bench.local("POST", "/local/tokens", r#"{"policy":"nobody"}"#).0, 400);
    assert_eq!(bench.local("POST", "/local/tokens", r#"{"deviceId":"nobody"}"#).0, 404);
}

#[test]
fn every_answer_has_the_string_for_our_client_and_the_one_for_the_sdks() {
    let mut bench = Bench::new();
    bench.hub.listens_on(4280);
    let (_, made) = bench.local("PUT", "/local/devices/x", "");
    let key = made["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap();
    let sdk = format!("HostName=localhost;DeviceId=x;SharedAccessKey={key}");
    let client = format!("{sdk};UseLocalHub=true;Port=4280");
    assert_eq!((&made["connectionString"], &made["sdkConnectionString"]), (&json!(client), &json!(sdk)));
    bench.local("PUT", "/local/devices/x/modules/m", "");
    bench.local("PUT", "/local/devices/c", r#"{"authentication":{"type":"certificateAuthority"}}"#);
    bench.local("POST", "/local/reset", "");
    bench.local("PUT", "/local/devices/x", "");
    bench.local("PUT", "/local/devices/x/modules/m", "");
    bench.local("PUT", "/local/devices/c", r#"{"authentication":{"type":"certificateAuthority"}}"#);
    let (_, all) = bench.local("GET", "/local/devices", "");
    for row in all.as_array().unwrap() {
        if row["deviceId"] == "c" {
            assert_eq!((&row["connectionString"], &row["sdkConnectionString"]), (&Value::Null, &Value::Null));
            continue;
        }
        let sdk = row["sdkConnectionString"].as_str().unwrap();
        assert_eq!(sdk.contains(";ModuleId=m;"), row["moduleId"] == "m");
        assert_eq!(row["connectionString"], format!("{sdk};UseLocalHub=true;Port=4280"));
    }
}

#[test]
fn a_token_may_have_ended_already_and_what_is_not_understood_makes_none() {
    let mut bench = Bench::new();
    let (status, made) = bench.local("POST", "/local/tokens", r#"{"deviceId":"device-1","seconds":-400}"#);
    assert_eq!((status, made["expires"].as_u64()), (200, Some(SECOND - 400)));
    let hello = crate::support::Hello {
        password: made["token"].as_str().unwrap().into(),
        ..bench.hello("device-1", None)
    };
    assert_eq!(bench.introduce(&hello).1.map(|(code, _)| code), Some(5));
    for body in [
        r#"{"deviceId":"device-1","seconds":"10"}"#,
        r#"{"deviceId":"device-1","seconds":1.5}"#,
        r#"{"deviceId":"device-1","second":10}"#,
        r#"{"deviceId":5}"#,
        r#"{"deviceId":"device-1","policy":"service"}"#,
        r#"{"policy":"service","moduleId":"m"}"#,
        "[]",
    ] {
        assert_eq!(bench.local("POST", "/local/tokens", body).0, 400, "{body}");
    }
}

#[test]
fn the_clock_stays_within_the_years_and_moves_by_what_it_understands_only() {
    let mut bench = Bench::new();
    let before = bench.local("GET", "/local/clock", "").1;
    for body in [
        r#"{"advanceSeconds":1e300}"#,
        r#"{"advanceSeconds":-1e300}"#,
        r#"{"advanceSeconds":253402300800}"#,
        r#"{"advanceSeconds":"60"}"#,
        r#"{"set":5}"#,
        r#"{"set":"1969-12-31T23:59:59Z"}"#,
        r#"{"set":"yesterday"}"#,
        r#"{"stoped":true}"#,
        r#"{"stopped":"yes"}"#,
        r#"{"advance":60}"#,
        r#"{"reset":true,"advanceSeconds":1e300}"#,
        "5",
    ] {
        assert_eq!(bench.local("POST", "/local/clock", body).0, 400, "{body}");
        assert_eq!(bench.local("GET", "/local/clock", "").1, before, "{body}");
    }
    for body in [r#"{"set":"9999-12-31T23:59:58Z"}"#, r#"{"set":"1970-01-01T00:00:00Z"}"#] {
        assert_eq!(bench.local("POST", "/local/clock", body).0, 200);
        let mut kept = crate::kept_file::Kept::of(&mut bench);
        assert_eq!(bench.send("device-1", "x"), 201);
        kept.write_down(&mut bench);
        assert_eq!(kept.restored(&bench).hub.export(), bench.hub.export());
    }
}

#[test]
fn a_reset_leaves_nothing_that_was_used_up_or_waits() {
    let mut bench = Bench::with(HubConfig { tier: Some(Tier::F1), ..HubConfig::default() });
    let link = bench.connect("device-1");
    for _ in 0..16 {
        bench.publish(link, "devices/device-1/messages/events/", &[b'x'; 256 * 1024], 0, 0);
    }
    assert_eq!(bench.reason(link), Some(iothub_hub::Reason::QuotaExceeded));
    bench.local("POST", "/local/packets", r#"{"on":true}"#);
    let message = r#"{"body":"x","ack":"full"}"#;
    bench.local("POST", "/local/devices/device-1/messages", message);
    bench.local("POST", "/local/reset", "");
    bench.pass(60_000);
    assert_eq!(bench.local("GET", "/local/packets", "").1["on"], false);
    assert_eq!(bench.events_of("feedback"), Vec::<Value>::new(), "what was before is nobody's any more");
    let link = bench.connect("device-1");
    bench.publish(link, "devices/device-1/messages/events/", b"x", 0, 0);
    assert_eq!(bench.reason(link), None);
    bench.subscribed(link, &[("devices/device-1/messages/devicebound/#", 1)]);
    bench.local("POST", "/local/devices/device-1/messages", message);
    let publish = bench.take_publish(link);
    bench.puback(link, publish.pkid);
    bench.pass(15_000);
    let feedback = bench.events_of("feedback");
    assert_eq!(feedback[0]["records"][0]["statusCode"], "Success");
}

#[test]
fn numbers_without_measure_are_taken_for_very_large_ones() {
    let mut bench = Bench::new();
    let huge = u64::MAX;
    let fault = format!(r#"{{"kind":"drop-puback","forMs":{huge},"count":{}}}"#, u32::MAX);
    assert_eq!(bench.local("POST", "/local/faults", &fault).0, 201);
    bench.pass(1_000);
    assert_eq!(bench.local("GET", "/local/faults", "").1[0]["endsInMs"], json!(huge - 1_000));
    for who in [r#""deviceId":"device-1""#, r#""policy":"service""#] {
        let (status, answer) = bench.local("POST", "/local/tokens", &format!("{{{who},\"seconds\":{huge}}}"));
        assert_eq!((status, &answer["expires"]), (200, &json!(huge)));
    }
}

#[test]
fn an_origin_that_no_header_can_carry_is_none() {
    let mut bench = Bench::new();
    for (origin, status) in
        [("http://localhost", 200), ("http\u{1e}://localhost", 401), ("x\r\ny://localhost", 401)]
    {
        let headers = vec![("origin".to_owned(), origin.to_owned())];
        let response = bench.request("GET", "/local/info", "", headers, "").expect("an answer at once");
        assert_eq!(response.status, status, "{origin:?}");
        let plain = |value: &str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        assert!(response.headers.iter().all(|(_, value)| plain(value)), "{:?}", response.headers);
    }
}
