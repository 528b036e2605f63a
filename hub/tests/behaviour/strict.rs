//! What a body says and the hub does not understand is refused with 400 and changes nothing.

use crate::support::Bench;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

/// Each of the bodies is refused, the answer has these words in it, and nothing is changed.
fn all_refused(bench: &mut Bench, rows: &[(&str, &str, Value, &str)]) {
    let before = bench.hub.export();
    for (method, path, body, words) in rows {
        let (status, answer) = if path.starts_with("/local") {
            bench.local(method, path, &body.to_string())
        } else {
            bench.call(method, path, &body.to_string())
        };
        assert_eq!(status, 400, "{method} {path} {body}: {answer}");
        let text = answer["message"].as_str().or(answer["Message"].as_str()).unwrap();
        assert!(text.contains(words), "{method} {path} {body}: {text}");
        assert_eq!(bench.hub.export(), before, "{method} {path} {body}");
    }
}

#[test]
fn an_identity_that_can_not_be_read_is_not_made() {
    let mut bench = Bench::new();
    let mut rows = Vec::new();
    for path in ["/devices/x", "/local/devices/x"] {
        for (body, words) in [
            (json!({"authentication": {"type": "foo"}}), "selfSigned"),
            (json!({"authentication": {"type": 5}}), "\"type\""),
            (json!({"authentication": "sas"}), "\"authentication\""),
            (json!({"authentication": {"type": "selfSigned"}}), "x509Thumbprint"),
            (
                json!({"authentication": {"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": 5}}}),
                "primaryThumbprint",
            ),
            (json!({"authentication": {"symmetricKey": {"primaryKey": 5}}}), "primaryKey"),
            (json!({"authentication": {"symmetricKey": "key"}}), "symmetricKey"),
            (json!({"status": 5}), "status"),
            (json!({"status": true}), "status"),
            (json!({"deviceId": 5}), "deviceId"),
            (json!({"capabilities": {"iotEdge": "yes"}}), "iotEdge"),
            (json!({"capabilities": true}), "capabilities"),
            (json!({"statusReason": 5}), "statusReason"),
        ] {
            rows.push(("PUT", path, body, words));
        }
    }
    for (body, words) in [
        (json!({"statuss": "disabled"}), "did you mean \"status\""),
        (json!({"authentication": {"symetricKey": {}}}), "did you mean \"symmetricKey\""),
        (json!({"authentication": {"symmetricKey": {"primary": "x"}}}), "did you mean \"primaryKey\""),
        (json!({"capabilities": {"iotedge": true}}), "did you mean \"iotEdge\""),
        (json!({"tags": {}}), "no field \"tags\""),
    ] {
        rows.push(("PUT", "/local/devices/x", body, words));
    }
    all_refused(&mut bench, &rows);
}

#[test]
fn the_types_of_authentication_have_no_case_and_what_was_read_can_be_sent_back() {
    for (given, kind) in
        [("SAS", "sas"), ("SelfSigned", "selfSigned"), ("certificateauthority", "certificateAuthority")]
    {
        let mut bench = Bench::new();
        let body = json!({"authentication": {"type": given, "x509Thumbprint": {"primaryThumbprint": PRINT}}});
        let (status, made) = bench.local("PUT", "/local/devices/x", &body.to_string());
        assert_eq!((status, &made["authentication"]["type"]), (200, &json!(kind)));
        if kind == "selfSigned" {
            assert_eq!(made["authentication"]["x509Thumbprint"]["primaryThumbprint"], PRINT);
        }
        bench.local("DELETE", "/local/devices/x", "");
        assert_eq!(bench.local("PUT", "/local/devices/x", &made.to_string()).0, 200, "{made}");
        let twin = bench.local("GET", "/local/devices/x/twin", "").1;
        assert_eq!(bench.local("PUT", "/local/devices/x/twin", &twin.to_string()).0, 200);
        assert_eq!(bench.local("PATCH", "/local/devices/x/twin", &twin.to_string()).0, 200);
    }
}

#[test]
fn a_twin_is_not_written_by_what_is_no_part_of_it() {
    let mut bench = Bench::new();
    let mut rows = Vec::new();
    for path in ["/twins/device-1", "/local/devices/device-1/twin"] {
        for method in ["PATCH", "PUT"] {
            for (body, words) in [
                (json!({"properties": 5}), "\"properties\""),
                (json!({"properties": {"desired": 5}}), "JSON object"),
                (json!({"tags": "x"}), "JSON object"),
                (json!({"properties": {"reported": {"a": 1}}}), "properties.reported"),
                (json!({"properties": {"desire": {}}}), "did you mean \"desired\""),
                (json!({"tag": {"a": 1}}), "did you mean \"tags\""),
                (json!({"desired": {"a": 1}}), "did you mean \"properties.desired\""),
            ] {
                rows.push((method, path, body, words));
            }
        }
        rows.push(("PATCH", path, json!({"tags": null}), "JSON object"));
        rows.push(("PATCH", path, json!({"properties": {"desired": null}}), "JSON object"));
        rows.push(("PUT", path, json!({}), "neither tags nor properties"));
        rows.push(("PUT", path, json!({"tags": {"my-tag": null}}), "Error in Property/Tag my-tag"));
        rows.push((
            "PUT",
            path,
            json!({"properties": {"desired": {"a": {"b": null}}}}),
            "Error in Property/Tag b",
        ));
    }
    all_refused(&mut bench, &rows);
}

#[test]
fn one_write_of_a_twin_is_one_version() {
    let mut bench = Bench::new();
    let version = |bench: &mut Bench| bench.call("GET", "/twins/device-1", "").1["version"].as_u64().unwrap();
    assert_eq!(version(&mut bench), 1);
    bench.call("PATCH", "/twins/device-1", r#"{"tags":{"a":1},"properties":{"desired":{"b":1}}}"#);
    assert_eq!(version(&mut bench), 2);
    bench.call("PUT", "/twins/device-1", r#"{"tags":{}}"#);
    assert_eq!(version(&mut bench), 3);
    bench.call("PATCH", "/twins/device-1", "{}");
    assert_eq!(version(&mut bench), 3);
}

#[test]
fn bodies_of_local_calls_have_known_fields_of_known_types() {
    let mut bench = Bench::new();
    let path = "/local/devices/device-1";
    let (messages, methods) = (format!("{path}/messages"), format!("{path}/methods"));
    all_refused(
        &mut bench,
        &[
            ("POST", &messages, json!({"bodi": "x"}), "did you mean \"body\""),
            ("POST", &messages, json!({"propertys": {}}), "did you mean \"properties\""),
            (
                "POST",
                &methods,
                json!({"methodName": "x", "responseTimeout": 5}),
                "did you mean \"responseTimeoutInSeconds\"",
            ),
            ("POST", &methods, json!({"method": "x"}), "did you mean \"methodName\""),
            ("POST", &methods, json!({"methodName": 5}), "methodName"),
            (
                "POST",
                &methods,
                json!({"methodName": "x", "responseTimeoutInSeconds": "5"}),
                "responseTimeoutInSeconds",
            ),
            ("POST", "/local/faults", json!({"kind": "cut", "device": "d"}), "did you mean \"deviceId\""),
            ("POST", "/local/faults", json!({"kind": "cut", "deviceId": 5}), "deviceId"),
            ("POST", "/local/faults", json!({"kind": "cut", "count": -1}), "count"),
            ("POST", "/local/faults", json!({"kind": 5}), "kind"),
            ("POST", "/local/packets", json!({"on": "yes"}), "\"on\""),
            ("POST", "/local/packets", json!({"off": true}), "\"off\""),
            ("POST", "/local/packets", json!({}), "\"on\""),
            ("POST", "/local/import", json!({"device": []}), "did you mean \"devices\""),
            ("POST", "/local/import", json!({"form": "1", "devices": []}), "form"),
        ],
    );
}

#[test]
fn a_bulk_operation_is_done_whole_or_not_at_all() {
    let mut bench = Bench::new();
    let call = |bench: &mut Bench, row: Value| bench.call("POST", "/devices", &json!([row]).to_string());
    for row in [
        json!({"id": "x", "importMode": "create", "tags": {"a.b": 1}}),
        json!({"id": "x", "importMode": "createOrUpdate", "tags": {"t": "x".repeat(4097)}}),
        json!({"id": "x", "importMode": 7}),
        json!({"id": "x", "importMode": "create", "status": 5}),
        json!({"id": 7, "importMode": "create"}),
    ] {
        let (status, answer) = call(&mut bench, row.clone());
        assert_eq!((status, &answer["isSuccessful"]), (400, &json!(false)), "{row}");
        assert_eq!(bench.call("GET", "/devices/x", "").0, 404, "{row}");
    }
    for (mode, n) in [("create", 1), ("createOrUpdate", 2), ("update", 3), ("updateTwin", 4)] {
        let row =
            json!({"id": "x", "importMode": mode, "tags": {"n": n}, "properties": {"desired": {"n": n}}});
        assert_eq!(call(&mut bench, row).0, 200, "{mode}");
        let twin = bench.call("GET", "/twins/x", "").1;
        assert_eq!(
            (&twin["tags"]["n"], &twin["properties"]["desired"]["n"]),
            (&json!(n), &json!(n)),
            "{mode}"
        );
    }
    let row = json!({"id": "x", "importMode": "update", "status": "disabled", "tags": {"a.b": 1}});
    assert_eq!(call(&mut bench, row).0, 400);
    assert_eq!(bench.call("GET", "/devices/x", "").1["status"], "enabled");
}

#[test]
fn an_etag_of_an_earlier_life_is_stale() {
    let mut bench = Bench::new();
    let etag = |bench: &mut Bench, path: &str| {
        format!("\"{}\"", bench.call("GET", path, "").1["etag"].as_str().unwrap())
    };
    bench.register("r");
    let (device, twin) = (etag(&mut bench, "/devices/r"), etag(&mut bench, "/twins/r"));
    bench.call("DELETE", "/devices/r", "");
    bench.register("r");
    assert_ne!(etag(&mut bench, "/devices/r"), device);
    assert_eq!(bench.call_if("PUT", "/devices/r", &device, "{}").0, 412);
    assert_eq!(bench.call_if("PATCH", "/twins/r", &twin, r#"{"tags":{"a":1}}"#).0, 412);
    let mut kept = crate::kept_file::Kept::of(&mut bench);
    let twin = etag(&mut bench, "/twins/r");
    bench.call("DELETE", "/devices/r", "");
    kept.write_down(&mut bench);
    let mut again = kept.restored(&bench);
    again.register("r");
    assert_eq!(again.call_if("PATCH", "/twins/r", &twin, r#"{"tags":{"a":1}}"#).0, 412, "over a restart too");
}

#[test]
fn an_edge_device_has_its_scope_and_the_modules_of_its_runtime() {
    let mut bench = Bench::new();
    let body = r#"{"capabilities":{"iotEdge":true}}"#;
    let (_, made) = bench.call("PUT", "/devices/e", body);
    let scope = format!("ms-azure-iot-edge://e-{}", made["generationId"].as_str().unwrap());
    assert_eq!(made["deviceScope"], scope);
    let modules = bench.call("GET", "/devices/e/modules", "").1;
    let ids: Vec<&Value> = modules.as_array().unwrap().iter().map(|m| &m["moduleId"]).collect();
    assert_eq!(ids, ["$edgeAgent", "$edgeHub"]);
    for n in 0..50 {
        bench.register_module("e", &format!("m{n}"));
    }
    assert_eq!(bench.call("PUT", "/devices/e/modules/m50", "{}").0, 413, "they do not count");
    bench.call("PUT", "/devices/leaf", &json!({"deviceScope": scope, "parentScopes": [scope]}).to_string());
    let export = bench.hub.export();
    let mut fresh = Bench::new();
    assert_eq!(fresh.local("POST", "/local/import", &export.to_string()).0, 200);
    assert_eq!(fresh.call("GET", "/devices/leaf", "").1["parentScopes"], json!([scope]));
    assert_eq!(fresh.hub.export(), export);
}
