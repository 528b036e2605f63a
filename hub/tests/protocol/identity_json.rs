//! PROTOCOL 14.2: the JSON of an identity.

use crate::helpers::{connected, old_name};
use crate::support::Bench;
use iothub_protocol::sas::Key;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn keys(document: &Value) -> [String; 2] {
    let symmetric = &document["authentication"]["symmetricKey"];
    [&symmetric["primaryKey"], &symmetric["secondaryKey"]].map(|key| key.as_str().unwrap().to_owned())
}

/// PROTOCOL 14.2, Fields of a device
#[test]
fn a_device_has_every_field_with_its_value() {
    let (mut bench, _) = connected();
    bench.send("device-1", "x");
    let body = r#"{"status":"enabled","statusReason":"new","capabilities":{"iotEdge":true}}"#;
    assert_eq!(bench.call_if("PUT", "/devices/device-1", "*", body).0, 200);
    let device = bench.call("GET", "/devices/device-1", "").1;
    for (field, want) in [
        ("deviceId", json!("device-1")),
        ("connectionState", json!("Connected")),
        ("status", json!("enabled")),
        ("statusReason", json!("new")),
        ("cloudToDeviceMessageCount", json!(1)),
        ("capabilities", json!({"iotEdge": true})),
    ] {
        assert_eq!(device[field], want, "{field}");
    }
    for field in ["generationId", "etag", "statusUpdatedTime"] {
        assert!(device[field].is_string(), "{field}");
    }
    for field in ["connectionStateUpdatedTime", "lastActivityTime"] {
        assert!(device[field].as_str().unwrap().starts_with("2027-01-01"), "{field}");
    }
    let authentication = &device["authentication"];
    assert_eq!(authentication["type"], "sas");
    assert_eq!(
        authentication["x509Thumbprint"],
        json!({"primaryThumbprint": null, "secondaryThumbprint": null})
    );
    assert!(keys(&device).iter().all(|key| key.len() >= 44));
}

/// PROTOCOL 14.2, Fields of a device
#[test]
fn an_authentication_type_is_one_of_four() {
    let mut bench = Bench::new();
    let print = "0123456789abcdef0123456789ABCDEF01234567";
    for (id, authentication, kind) in [
        ("s", json!({"type": "sas"}), "sas"),
        ("x", json!({"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": print}}), "selfSigned"),
        ("c", json!({"type": "certificateAuthority"}), "certificateAuthority"),
        ("n", json!({"type": "none"}), "none"),
    ] {
        let body = json!({"authentication": authentication}).to_string();
        assert_eq!(bench.call("PUT", &format!("/devices/{id}"), &body).0, 200);
        let device = bench.call("GET", &format!("/devices/{id}"), "").1;
        assert_eq!(device["authentication"]["type"], kind);
        let twin = bench.call("GET", &format!("/twins/{id}"), "").1;
        assert_eq!(twin["authenticationType"], kind);
        if id == "x" {
            assert_eq!(twin["x509Thumbprint"]["primaryThumbprint"], print.to_uppercase());
            assert_eq!(device["authentication"]["symmetricKey"]["primaryKey"], Value::Null);
        }
    }
}

/// PROTOCOL 14.2, Fields of a module
#[test]
fn a_module_has_its_id_and_its_keeper() {
    let mut bench = Bench::new();
    let body = r#"{"moduleId":"m","managedBy":"IotEdge"}"#;
    assert_eq!(bench.call("PUT", "/devices/device-1/modules/m", body).0, 200);
    let module = bench.call("GET", "/devices/device-1/modules/m", "").1;
    assert_eq!((&module["deviceId"], &module["moduleId"]), (&json!("device-1"), &json!("m")));
    assert_eq!(
        (&module["managedBy"], &module["connectionState"]),
        (&json!("IotEdge"), &json!("Disconnected"))
    );
    for field in ["generationId", "etag", "authentication"] {
        assert!(!module[field].is_null(), "{field}");
    }
}

/// PROTOCOL 14.2, generationId
#[test]
fn the_generation_changes_with_a_new_identity_of_the_same_name_only() {
    let mut bench = Bench::new();
    bench.register("d");
    let first = bench.call("GET", "/devices/d", "").1["generationId"].clone();
    let updated = bench.call_if("PUT", "/devices/d", "*", r#"{"status":"disabled"}"#).1;
    assert_eq!(updated["generationId"], first);
    bench.call_if("DELETE", "/devices/d", "*", "");
    bench.register("d");
    assert_ne!(bench.call("GET", "/devices/d", "").1["generationId"], first);
}

/// PROTOCOL 14.2, Empty or absent keys [X]
#[test]
fn keys_that_are_empty_or_absent_are_made_and_on_update_kept() {
    let mut bench = Bench::new();
    let empty = r#"{"authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}}"#;
    for (id, body) in [("a", empty), ("b", "{}"), ("c", r#"{"authentication":{"symmetricKey":{}}}"#)] {
        let made = keys(&bench.call("PUT", &format!("/devices/{id}"), body).1);
        assert_ne!(made[0], made[1], "{body}");
        assert!(made.iter().all(|key| Key::from_base64(key).unwrap().byte_len() == 32));
        let after = keys(&bench.call_if("PUT", &format!("/devices/{id}"), "*", body).1);
        assert_eq!(after, made, "an update that says nothing changes nothing");
    }
    let own = Key::from_bytes(&[7; 32]).to_base64().expose().to_owned();
    let body = json!({"authentication": {"symmetricKey": {"primaryKey": own}}}).to_string();
    let before = keys(&bench.call("GET", "/devices/a", "").1);
    let after = keys(&bench.call_if("PUT", "/devices/a", "*", &body).1);
    assert_eq!(after, [own, before[1].clone()]);
}

/// PROTOCOL 14.2, Keys must be base64
#[test]
fn a_key_that_is_no_base64_is_400() {
    let mut bench = Bench::new();
    for bad in ["not base64!", "YWJj", "AAAA=AAA", "AAECAwQFBgcICQoLDA0ODw"] {
        let body = json!({"authentication": {"symmetricKey": {"primaryKey": bad}}}).to_string();
        let (status, error) = bench.call("PUT", "/devices/d", &body);
        assert_eq!((status, old_name(&error)), (400, "ArgumentInvalid"), "{bad}");
    }
    assert_eq!(bench.call("GET", "/devices/d", "").0, 404, "nothing was made");
}
