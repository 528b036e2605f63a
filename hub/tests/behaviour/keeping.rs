//! What is kept: export and import, seeds, and the changes that a shell writes down.

use crate::kept_file::Kept;
use crate::support::{Bench, identity};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const C2D: &str = "devices/device-1/messages/devicebound/#";

/// A hub in which much has happened.
fn lived() -> Bench {
    let mut bench = Bench::new();
    bench.hub.keep_changes();
    bench.register("other");
    bench.register_module("device-1", "m1");
    bench.call("PATCH", "/twins/device-1", r#"{"tags":{"t":1},"properties":{"desired":{"a":{"b":[1]}}}}"#);
    bench.call_if("PUT", "/devices/other", "*", r#"{"status":"disabled","statusReason":"why"}"#);
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(C2D, 1), ("$iothub/twin/res/#", 0)]);
    bench.publish(link, "$iothub/twin/PATCH/properties/reported/?$rid=1", br#"{"r":1}"#, 0, 0);
    bench.send("device-1", "on the link");
    bench.drop_socket(link);
    bench.send("device-1", "waits");
    bench
}

#[test]
fn an_import_of_an_export_exports_the_same() {
    let mut bench = lived();
    let (_, export) = bench.local("GET", "/local/export", "");
    let mut fresh = Bench::new();
    fresh.pass(1_000);
    let (status, answer) = fresh.local("POST", "/local/import", &export.to_string());
    assert_eq!((status, answer), (200, json!({"imported": 3})));
    assert_eq!(fresh.local("GET", "/local/export", "").1, export);
    bench.local("POST", "/local/reset", "");
    bench.local("POST", "/local/import", &export.to_string());
    assert_eq!(bench.local("GET", "/local/export", "").1, export);
    let hello = bench.hello("device-1", None);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, true)), "the session is there again");
    let bodies: Vec<_> = (0..2).map(|_| bench.take_publish(link).payload).collect();
    assert_eq!(bodies, [&b"on the link"[..], b"waits"]);
}

#[test]
fn a_clean_session_is_not_kept() {
    let mut bench = Bench::new();
    let hello = crate::support::Hello { clean: true, ..bench.hello("device-1", None) };
    let (link, _) = bench.introduce(&hello);
    bench.subscribed(link, &[(C2D, 1)]);
    assert_eq!(bench.hub.export()["devices"][0]["session"], Value::Null);
}

#[test]
fn a_seed_may_say_little() {
    let mut bench = Bench::new();
    let seed = json!({"devices": [
        {"deviceId": "plain"},
        {"deviceId": "full", "authentication": {"symmetricKey": {"primaryKey": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}},
         "tags": {"room": 1}, "properties": {"desired": {"x": 1}, "reported": {"y": 2}},
         "modules": [{"moduleId": "m"}]},
        {"deviceId": "device-1", "tags": {"not": "taken"}},
    ]});
    assert_eq!(bench.hub.import(&seed, true, bench.now), Ok(3));
    assert!(bench.hub.connection_string(&identity("full", None)).unwrap().expose().contains("AAECAwQF"));
    let (_, twin) = bench.call("GET", "/twins/full", "");
    assert_eq!((&twin["tags"], &twin["properties"]["desired"]["x"]), (&json!({"room": 1}), &json!(1)));
    assert!(twin["properties"]["desired"]["$metadata"]["x"]["$lastUpdated"].is_string());
    assert_eq!(bench.call("GET", "/twins/full/modules/m", "").0, 200);
    assert_eq!(bench.call("GET", "/twins/device-1", "").1["tags"], json!({}));
    bench.connect("plain");
}

#[test]
fn a_bad_seed_names_its_fault_and_changes_nothing() {
    for (devices, names) in [
        (json!([{"deviceId": "good"}, {"deviceId": "a/b"}]), "position 2"),
        (json!([{"deviceId": "good"}, {}]), "deviceId"),
        (json!([{"deviceId": "twice"}, {"deviceId": "twice"}]), "\"twice\" is there twice"),
        (json!([{"deviceId": "d", "authentication": {"symetricKey": {}}}]), "symmetricKey"),
        (json!([{"deviceId": "d", "authentication": {"symmetricKey": {"primaryKey": 5}}}]), "primaryKey"),
        (json!([{"deviceId": "d", "authentication": {"type": "selfsigned"}}]), "x509Thumbprint"),
        (json!([{"deviceId": "d", "status": true}]), "status"),
        (json!([{"deviceId": "d", "desired": {}}]), "\"d\": an identity has no field \"desired\""),
        (json!([{"deviceId": "d", "properties": {"desire": {}}}]), "did you mean \"desired\""),
        (json!([{"deviceId": "d", "modules": {"moduleId": "m"}}]), "modules"),
        (json!([{"deviceId": "d", "modules": ["m"]}]), "a module of \"d\" is a JSON object"),
        (json!([{"deviceId": "d", "modules": [{}]}]), "a module of \"d\" has no moduleId"),
        (json!([{"deviceId": "d", "tags": {"a.b": 1}}]), "a.b"),
        (json!([{"deviceId": "d", "moduleId": "m"}]), "no device"),
        (json!("nonsense"), "devices"),
    ] {
        let mut bench = Bench::new();
        let before = bench.hub.export();
        let error = bench.hub.import(&json!({"devices": devices}), false, bench.now).unwrap_err();
        assert!(error.message.contains(names), "{error}");
        assert_eq!(bench.hub.export(), before);
    }
    let mut bench = Bench::new();
    assert!(bench.hub.import(&json!({"form": 99, "devices": []}), false, bench.now).is_err());
}

#[test]
fn an_import_that_the_hub_could_not_go_on_from_is_refused() {
    let message = |sequence: u64, bag: &str| {
        json!({
            "sequence": sequence, "messageId": "m", "bag": bag, "bodyBase64": "", "ack": "none",
            "enqueuedMs": 1, "expiresMs": 4_000_000_000_000u64, "deliveries": u32::MAX,
        })
    };
    let import = |device: Value| {
        let mut bench = Bench::new();
        let (status, _) = bench.local("POST", "/local/import", &json!({"devices": [device]}).to_string());
        (status, bench)
    };
    let modules: Vec<Value> = (0..51).map(|n| json!({"moduleId": format!("m{n}")})).collect();
    for (field, value) in [
        ("modules", json!(modules)),
        ("etagCounter", json!(u64::MAX)),
        ("twinVersion", json!(u64::MAX)),
        ("properties", json!({"desired": {"$version": u64::MAX}})),
        ("messages", json!([message(u64::MAX, "")])),
        ("messages", json!([message(1, &"x".repeat(65_505))])),
        ("messages", Value::from(vec![message(1, ""); 51])),
    ] {
        let (status, bench) = import(json!({"deviceId": "d", field: value}));
        assert_eq!(status, 400, "{field}");
        assert_eq!(bench.hub.export()["devices"].as_array().map(Vec::len), Some(1), "nothing is taken in");
    }
    let (status, mut bench) = import(json!({"deviceId": "device-1", "messages": [message(1, "")]}));
    assert_eq!(status, 200);
    // Its number of deliveries can not be counted up any more.
    bench.register("other");
    bench.pass(1_000);
}

#[test]
fn messages_of_a_file_are_numbered_anew_in_their_order() {
    let message = |sequence: u64, id: &str| {
        json!({
            "sequence": sequence, "messageId": id, "bag": "", "bodyBase64": "", "ack": "none",
            "enqueuedMs": 1, "expiresMs": 4_000_000_000_000u64, "deliveries": 0,
        })
    };
    let mut bench = Bench::new();
    let mut kept = Kept::of(&mut bench);
    bench.send("device-1", "ours");
    // Two exports put together by hand: each begins at zero.
    let devices = json!([
        {"deviceId": "a", "messages": [message(1, "a1"), message(0, "a0")]},
        {"deviceId": "b", "messages": [message(0, "b0")],
         "modules": [{"moduleId": "m", "messages": [message(0, "m0")]}]},
    ]);
    let (status, answer) = bench.local("POST", "/local/import", &json!({"devices": devices}).to_string());
    assert_eq!(status, 200, "{answer}");
    kept.write_down(&mut bench);
    let mut again = kept.restored(&bench);
    for (path, ids) in [
        ("/local/devices/a", vec!["a0", "a1"]),
        ("/local/devices/b", vec!["b0"]),
        ("/local/devices/b/modules/m", vec!["m0"]),
    ] {
        let (_, queue) = again.local("GET", &format!("{path}/messages"), "");
        let have: Vec<&str> =
            queue.as_array().unwrap().iter().map(|m| m["messageId"].as_str().unwrap()).collect();
        assert_eq!(have, ids, "{path}");
    }
}
