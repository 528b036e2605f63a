//! Modules. PROTOCOL 11.

use crate::support::{Bench, Hello};
use iothub_hub::{LinkId, Reason};
use iothub_protocol::packet::Packet;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn module(bench: &mut Bench) -> LinkId {
    if bench.call("GET", "/devices/device-1/modules/m1", "").0 == 404 {
        bench.register_module("device-1", "m1");
    }
    let hello = bench.hello("device-1", Some("m1"));
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer.map(|(code, _)| code), Some(0), "{:?}", bench.closed.get(&link));
    link
}

#[test]
fn a_module_has_its_own_link_and_its_events_carry_its_id() {
    let mut bench = Bench::new();
    let device = bench.connect("device-1");
    let link = module(&mut bench);
    assert_eq!(bench.reason(device), None);
    bench.events();
    bench.publish(link, "devices/device-1/modules/m1/messages/events/%24.on=out1/", b"x", 1, 1);
    let event = &bench.events_of("telemetry")[0];
    assert_eq!((event["deviceId"].as_str(), event["moduleId"].as_str()), (Some("device-1"), Some("m1")));
    assert_eq!(event["systemProperties"]["iothub-outputname"], "out1");
    assert_eq!(event["systemProperties"]["iothub-connection-module-id"], "m1");
    bench.publish(link, "devices/device-1/messages/events/", b"x", 1, 2);
    assert_eq!(bench.reason(link), Some(Reason::ForeignTopic));
}

#[test]
fn a_module_needs_an_api_version() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m1");
    let hello = Hello { user_name: "localhost/device-1/m1/".into(), ..bench.hello("device-1", Some("m1")) };
    let (link, answer) = bench.introduce(&hello);
    assert_eq!((answer, bench.reason(link)), (Some((5, false)), Some(Reason::BadUserName)));
}

#[test]
fn a_module_connects_with_its_own_key_only() {
    // PROTOCOL 3 "Module key vs device key".
    let mut bench = Bench::new();
    bench.register_module("device-1", "m1");
    let device_token = bench.hello("device-1", None).password;
    let hello = Hello { password: device_token, ..bench.hello("device-1", Some("m1")) };
    let (link, answer) = bench.introduce(&hello);
    assert_eq!((answer, bench.reason(link)), (Some((5, false)), Some(Reason::TokenSignature)));
}

#[test]
fn both_filters_for_inputs_are_taken_and_the_devices_own_is_not() {
    // PROTOCOL 15 row 24, 8 "Module".
    let mut bench = Bench::new();
    let link = module(&mut bench);
    bench.subscribe(
        link,
        &[("devices/device-1/modules/m1/#", 1), ("devices/device-1/modules/m1/inputs/#", 1)],
    );
    assert!(matches!(bench.take(link), Some(Packet::SubAck(_))));
    bench.subscribe(link, &[("devices/device-1/messages/devicebound/#", 1)]);
    assert_eq!(bench.reason(link), Some(Reason::ForeignTopic));
}

#[test]
fn a_module_gets_the_messages_that_are_sent_to_it() {
    // PROTOCOL 5 "C2D subscribe, module": what the Java SDK subscribes to.
    let mut bench = Bench::new();
    let device = bench.connect("device-1");
    bench.subscribed(device, &[("devices/device-1/messages/devicebound/#", 1)]);
    let link = module(&mut bench);
    let messages = "/local/devices/device-1/modules/m1/messages";
    assert_eq!(bench.local("POST", messages, r#"{"body":"early","messageId":"1"}"#).0, 201);
    bench.subscribed(link, &[("devices/device-1/modules/m1/messages/devicebound/#", 1)]);
    assert_eq!(bench.local("POST", messages, r#"{"body":"late","messageId":"2","ack":"full"}"#).0, 201);
    for (id, body) in [("1", "early"), ("2", "late")] {
        let publish = bench.take_publish(link);
        assert_eq!((&publish.payload[..], publish.qos as u8), (body.as_bytes(), 1));
        let to = "%24.to=%2Fdevices%2Fdevice-1%2Fmodules%2Fm1%2Fmessages%2Fdevicebound";
        let tail = if id == "2" { "&iothub-ack=full" } else { "" };
        let topic = format!("devices/device-1/modules/m1/messages/devicebound/%24.mid={id}&{to}{tail}");
        assert_eq!(publish.topic, topic);
        bench.puback(link, publish.pkid);
    }
    assert_eq!(bench.local("GET", messages, "").1, json!([]));
    assert!(bench.take(device).is_none(), "its device gets none of them");
    let told = bench.events_of("c2d");
    assert!(told.iter().all(|event| event["moduleId"] == "m1"), "{told:?}");
    for foreign in
        ["devices/device-1/modules/m2/messages/devicebound/#", "devices/x/modules/m1/messages/devicebound/#"]
    {
        let link = module(&mut bench);
        bench.subscribe(link, &[(foreign, 1)]);
        assert_eq!(bench.reason(link), Some(Reason::ForeignTopic), "{foreign}");
    }
    assert_eq!(bench.local("POST", "/local/devices/device-1/modules/no/messages", "{}").0, 404);
}

#[test]
fn a_module_has_its_own_twin_and_methods() {
    let mut bench = Bench::new();
    let link = module(&mut bench);
    bench.subscribed(link, &[("$iothub/twin/PATCH/properties/desired/#", 0), ("$iothub/methods/POST/#", 0)]);
    let (status, twin) =
        bench.call("PATCH", "/twins/device-1/modules/m1", r#"{"properties":{"desired":{"x":1}}}"#);
    assert_eq!((status, &twin["moduleId"]), (200, &json!("m1")));
    assert!(bench.take_publish(link).topic.starts_with("$iothub/twin/PATCH"));
    assert_eq!(bench.call("GET", "/twins/device-1", "").1["properties"]["desired"]["$version"], 1);
    let token = bench.hub.policy_token("service", 60).unwrap();
    let headers = vec![("authorization".to_owned(), token.expose().to_owned())];
    let path = "/twins/device-1/modules/m1/methods";
    assert!(bench.request("POST", path, crate::support::VERSION, headers, r#"{"methodName":"m"}"#).is_none());
    assert!(bench.take_publish(link).topic.starts_with("$iothub/methods/POST/m/"));
}

#[test]
fn a_disabled_device_blocks_its_modules() {
    let mut bench = Bench::new();
    let link = module(&mut bench);
    bench.call_if("PUT", "/devices/device-1", "*", r#"{"status":"disabled"}"#);
    assert_eq!(bench.reason(link), Some(Reason::DeviceDisabled));
    let hello = bench.hello("device-1", Some("m1"));
    assert_eq!(bench.introduce(&hello).1, Some((3, false)));
}

#[test]
fn modules_are_listed_counted_and_deleted() {
    let mut bench = Bench::new();
    for n in 0..50 {
        bench.register_module("device-1", &format!("m{n}"));
    }
    let body = r#"{"deviceId":"device-1","moduleId":"one-more"}"#;
    assert_eq!(bench.call("PUT", "/devices/device-1/modules/one-more", body).0, 413);
    assert_eq!(bench.call("PUT", "/devices/device-1/modules/m1", body).0, 400, "ids differ");
    let (_, list) = bench.call("GET", "/devices/device-1/modules", "");
    assert_eq!(list.as_array().unwrap().len(), 50);
    assert_eq!(bench.call("DELETE", "/devices/device-1/modules/m1", "").0, 204);
    let (status, error) = bench.call("GET", "/devices/device-1/modules/m1", "");
    assert_eq!(status, 404);
    assert!(error["Message"].as_str().unwrap().starts_with("ErrorCode:ModuleNotFound;"));
    assert_eq!(bench.call("DELETE", "/devices/device-1", "").0, 204);
    assert_eq!(bench.call("GET", "/devices/device-1/modules/m2", "").0, 404);
}
