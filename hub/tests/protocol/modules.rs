//! PROTOCOL 11: modules.

use crate::helpers::{C2D, DESIRED, METHODS, TWIN_ANSWERS, invoke_at, old_name, refused, twin_request};
use crate::support::{Bench, Hello};
use iothub_hub::{LinkId, Reason};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn module(bench: &mut Bench, name: &str) -> LinkId {
    bench.register_module("device-1", name);
    let hello = bench.hello("device-1", Some(name));
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, false)), "{:?}", bench.closed.get(&link));
    bench.events();
    link
}

/// PROTOCOL 11, Count
#[test]
fn a_device_has_fifty_modules() {
    let mut bench = Bench::new();
    for n in 0..50 {
        bench.register_module("device-1", &format!("m{n}"));
    }
    let (status, error) = bench.call("PUT", "/devices/device-1/modules/m50", "{}");
    assert_eq!((status, old_name(&error)), (413, "TooManyModulesOnDevice"));
    bench.call_if("DELETE", "/devices/device-1/modules/m0", "*", "");
    assert_eq!(bench.call("PUT", "/devices/device-1/modules/m50", "{}").0, 200);
    bench.register("other");
    assert_eq!(bench.call("PUT", "/devices/other/modules/m0", "{}").0, 200);
}

/// PROTOCOL 11, Identity [?]
#[test]
fn a_module_has_keys_twin_methods_and_link_of_its_own() {
    let mut bench = Bench::new();
    let device = bench.connect("device-1");
    let link = module(&mut bench, "m");
    assert_eq!((bench.reason(device), bench.reason(link)), (None, None));
    let key = |bench: &mut Bench, path: &str| {
        bench.call("GET", path, "").1["authentication"]["symmetricKey"]["primaryKey"].clone()
    };
    assert_ne!(key(&mut bench, "/devices/device-1"), key(&mut bench, "/devices/device-1/modules/m"));
    for link in [device, link] {
        bench.subscribed(link, &[(DESIRED, 0), (TWIN_ANSWERS, 0), (METHODS, 0)]);
    }
    bench.call("PATCH", "/twins/device-1/modules/m", r#"{"properties":{"desired":{"x":1}}}"#);
    assert!(bench.take(device).is_none());
    bench.take_publish(link);
    let twin = twin_request(&mut bench, device, "$iothub/twin/GET/?$rid=1", "").1;
    assert_eq!(twin["desired"], json!({"$version": 1}));
    bench.drop_socket(device);
    assert_eq!(bench.reason(link), None);
}

/// PROTOCOL 11, Identity [?]
#[test]
fn a_disabled_or_deleted_device_takes_its_modules_with_it() {
    let mut bench = Bench::new();
    let link = module(&mut bench, "m");
    bench.call_if("PUT", "/devices/device-1", "*", r#"{"status":"disabled"}"#);
    assert_eq!(bench.reason(link), Some(Reason::DeviceDisabled));
    let hello = bench.hello("device-1", Some("m"));
    refused(&mut bench, &hello, 3, Reason::DeviceDisabled);
    bench.call_if("PUT", "/devices/device-1", "*", r#"{"status":"enabled"}"#);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer.map(|(code, _)| code), Some(0));
    bench.call_if("DELETE", "/devices/device-1", "*", "");
    assert_eq!(bench.reason(link), Some(Reason::DeviceDeleted));
    assert_eq!(bench.call("GET", "/devices/device-1/modules/m", "").0, 404);
    refused(&mut bench, &hello, 5, Reason::UnknownDevice);
}

/// PROTOCOL 11, Names
#[test]
fn a_module_name_follows_the_rules_of_device_ids() {
    let mut bench = Bench::new();
    for good in ["$edgeHub", "$edgeAgent", "a.b-c_d", &"m".repeat(128)] {
        let path = format!("/devices/device-1/modules/{}", good.replace('$', "%24"));
        assert_eq!(bench.call("PUT", &path, &json!({"moduleId": good}).to_string()).0, 200, "{good}");
        let hello = bench.hello("device-1", Some(good));
        assert_eq!(bench.introduce(&hello).1, Some((0, false)), "{good}");
    }
    for bad in ["a%20b", "a%2Fb", "a%3Bb", &"m".repeat(129)] {
        let (status, error) = bench.call("PUT", &format!("/devices/device-1/modules/{bad}"), "{}");
        assert_eq!((status, old_name(&error)), (400, "IotHubFormatError"), "{bad}");
    }
}

/// PROTOCOL 11, Connect
#[test]
fn a_module_says_its_api_version_and_both_parts_of_its_client_id() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    let good = bench.hello("device-1", Some("m"));
    assert_eq!(
        (good.client_id.as_str(), good.user_name.as_str()),
        ("device-1/m", "localhost/device-1/m/?api-version=2021-04-12")
    );
    assert_eq!(bench.introduce(&good).1, Some((0, false)));
    let bare = Hello { user_name: "localhost/device-1/m".into(), ..good.clone() };
    refused(&mut bench, &bare, 5, Reason::BadUserName);
    let device_only = Hello { client_id: "device-1".into(), ..good.clone() };
    refused(&mut bench, &device_only, 5, Reason::ClientIdMismatch);
    let unknown = Hello {
        client_id: "device-1/none".into(),
        user_name: "localhost/device-1/none/?api-version=2021-04-12".into(),
        ..good
    };
    refused(&mut bench, &unknown, 5, Reason::UnknownDevice);
}

/// PROTOCOL 11, D2C
/// PROTOCOL 11, Outputs
#[test]
fn a_modules_events_carry_its_id_and_its_output() {
    let mut bench = Bench::new();
    let link = module(&mut bench, "m");
    bench.publish(link, "devices/device-1/modules/m/messages/events/%24.on=out/", b"x", 1, 1);
    let event = &bench.events_of("telemetry")[0];
    assert_eq!((&event["deviceId"], &event["moduleId"]), (&json!("device-1"), &json!("m")));
    let system = &event["systemProperties"];
    assert_eq!(
        (&system["iothub-connection-module-id"], &system["iothub-outputname"]),
        (&json!("m"), &json!("out"))
    );
    for foreign in ["devices/device-1/messages/events/", "devices/device-1/modules/other/messages/events/"] {
        let link = module_again(&mut bench);
        bench.publish(link, foreign, b"x", 1, 2);
        assert_eq!(bench.reason(link), Some(Reason::ForeignTopic), "{foreign}");
    }
}

fn module_again(bench: &mut Bench) -> LinkId {
    let hello = bench.hello("device-1", Some("m"));
    bench.introduce(&hello).0
}

/// PROTOCOL 11, C2D
#[test]
fn a_module_may_listen_for_inputs_only() {
    let mut bench = Bench::new();
    let link = module(&mut bench, "m");
    bench.subscribed(link, &[("devices/device-1/modules/m/inputs/#", 1)]);
    bench.send("device-1", "for the device");
    assert!(bench.take(link).is_none());
    bench.subscribe(link, &[(C2D, 1)]);
    assert_eq!(bench.reason(link), Some(Reason::ForeignTopic));
}

/// PROTOCOL 11, Methods
#[test]
fn a_modules_methods_are_invoked_below_its_twin() {
    let mut bench = Bench::new();
    let link = module(&mut bench, "m");
    let path = "/twins/device-1/modules/m/methods";
    assert_eq!(invoke_at(&mut bench, path, r#"{"methodName":"x"}"#).map(|(status, _)| status), Some(404));
    bench.subscribed(link, &[(METHODS, 1)]);
    assert!(invoke_at(&mut bench, path, r#"{"methodName":"x","payload":1}"#).is_none());
    let request = bench.take_publish(link);
    crate::helpers::answer(&mut bench, link, &request, "200", b"2");
    assert_eq!(crate::helpers::outcome(&mut bench), (200, r#"{"status":200,"payload":2}"#.to_owned()));
}
