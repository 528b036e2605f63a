//! PROTOCOL 2.1: who a CONNECT says it is.

use crate::helpers::{DESIRED, METHODS, TWIN_ANSWERS, code, refused, told, twin_request};
use crate::support::{Bench, Hello, json_of};
use iothub_hub::{LinkId, Opened, PeerCertificate, Reason, Transport};
use iothub_protocol::packet::{Connect, write_connect};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Every punctuation mark that an id may hold.
const ODD_ID: &str = "a-.+%_#*?!(),=@$'Z9";

/// PROTOCOL 2.1, Client id
/// PROTOCOL 2.1, User name
#[test]
fn the_documented_fields_of_device_and_module_are_let_in() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "mod_A");
    for (module, client_id, user_name) in [
        (None, "device-1", "localhost/device-1/?api-version=2021-04-12"),
        (Some("mod_A"), "device-1/mod_A", "localhost/device-1/mod_A/?api-version=2021-04-12"),
    ] {
        let hello = bench.hello("device-1", module);
        let hello = Hello { client_id: client_id.into(), user_name: user_name.into(), ..hello };
        assert_eq!(code(&mut bench, &hello), 0, "{client_id}");
    }
}

/// PROTOCOL 2.1, Client id equals the identity [EI]
#[test]
fn a_client_id_that_is_not_exactly_the_identity_is_refused_with_5() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    for (module, client_id) in [
        (None, "Device-1"),
        (None, "device-1/"),
        (None, "device-1/m"),
        (None, "random-77"),
        (None, ""),
        (Some("m"), "device-1"),
        (Some("m"), "device-1/M"),
    ] {
        let hello = Hello { client_id: client_id.into(), clean: true, ..bench.hello("device-1", module) };
        refused(&mut bench, &hello, 5, Reason::ClientIdMismatch);
    }
}

/// PROTOCOL 2.1, Password
#[test]
fn an_empty_or_absent_password_is_only_for_a_client_certificate() {
    let mut bench = Bench::new();
    let hello = Hello { password: String::new(), ..bench.hello("device-1", None) };
    refused(&mut bench, &hello, 5, Reason::PasswordMissing);

    let thumbprint = "AB".repeat(20);
    let body = json!({"authentication": {"x509Thumbprint": {"primaryThumbprint": thumbprint}}}).to_string();
    assert_eq!(bench.call("PUT", "/devices/certified", &body).0, 200);
    for (sha1, want) in [(thumbprint.clone(), 0), ("CD".repeat(20), 5)] {
        let certificate =
            PeerCertificate { sha1, sha256: "EF".repeat(32), common_name: None, authority_signed: false };
        let link = LinkId(900 + u64::from(want));
        let opened = Opened { transport: Transport::MqttTls, certificate: Some(certificate) };
        bench.hub.handle_opened(link, opened, bench.now);
        let mut connect = Connect::new("certified");
        connect.set_login("localhost/certified/?api-version=2021-04-12", "");
        let mut bytes = Vec::new();
        write_connect(&mut bytes, &connect).unwrap();
        bench.feed(link, &bytes);
        assert_eq!(bench.frames[&link], [vec![0x20, 2, 0, want]]);
    }
}

/// PROTOCOL 2.1, Ids [D]
#[test]
fn an_id_has_at_most_128_characters_of_the_documented_ones() {
    let mut bench = Bench::new();
    let mut create = |id: &str| {
        let path: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        bench.call("PUT", &format!("/devices/{path}"), &json!({"deviceId": id}).to_string())
    };
    assert_eq!(create(&"x".repeat(128)).0, 200);
    assert_eq!(create(ODD_ID).0, 200);
    assert_eq!(create("CASE").0, 200);
    assert_eq!(create("case").0, 200, "ids differ by case");
    for bad in [&"x".repeat(129), "a b", "a/b", "a;b", "ä", "a\"b", "a\u{7f}b", "a<b"] {
        let (status, error) = create(bad);
        assert_eq!((status, crate::helpers::old_name(&error)), (400, "IotHubFormatError"), "{bad}");
    }
}

/// PROTOCOL 2.1, Ids are not percent-encoded [I]
#[test]
fn an_id_of_odd_characters_connects_publishes_and_listens_as_it_is() {
    let id = &ODD_ID.replace(['+', '#'], "");
    let (mut bench, link, path) = connected_as(id);
    bench.publish(link, &format!("devices/{id}/messages/events/a=1"), b"x", 1, 1);
    assert_eq!(bench.events_of("telemetry")[0]["deviceId"], *id);
    bench.take(link);
    bench.subscribed(link, &[(&format!("devices/{id}/messages/devicebound/#"), 1)]);
    assert_eq!(bench.local("POST", &format!("/local/devices/{path}/messages"), "{}").0, 201);
    let topic = bench.take_publish(link).topic;
    assert!(topic.starts_with(&format!("devices/{id}/messages/devicebound/")), "{topic}");
}

/// PROTOCOL 2.1, Ids are not percent-encoded [I]
#[test]
fn an_id_with_a_wildcard_connects_and_has_twins_and_methods_but_no_messages() {
    for id in ["(+44)090809098", "a#b", ODD_ID] {
        let (mut bench, link, path) = connected_as(id);
        let filters =
            [(TWIN_ANSWERS, 0), (METHODS, 0), (DESIRED, 0), ("devices/+/messages/devicebound/#", 1)];
        bench.subscribed(link, &filters);
        assert_eq!(
            twin_request(&mut bench, link, "$iothub/twin/GET/?$rid=1", "").0,
            "$iothub/twin/res/200/?$rid=1"
        );
        // No topic name can carry its id, so nothing that holds it may leave the hub.
        let (status, error) = bench.local("POST", &format!("/local/devices/{path}/messages"), "{}");
        assert_eq!(status, 400, "{error}");
        assert!(error["message"].as_str().unwrap().contains("wildcard"), "{error}");
        assert!(bench.take(link).is_none());
        bench.publish(link, &format!("devices/{id}/messages/events/"), b"x", 1, 1);
        assert_eq!(bench.reason(link), Some(Reason::MalformedPacket), "{id}");
    }
}

/// Registers an odd id and connects it; gives its place in a path, too.
fn connected_as(id: &str) -> (Bench, LinkId, String) {
    let mut bench = Bench::new();
    let path: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(bench.call("PUT", &format!("/devices/{path}"), &json!({"deviceId": id}).to_string()).0, 200);
    let link = bench.connect(id);
    bench.events();
    (bench, link, path)
}

/// PROTOCOL 2.1, Connection string
#[test]
fn the_hubs_connection_strings_split_at_semicolons_and_first_equals_signs() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    let info = bench.local("GET", "/local/info", "").1;
    let module = bench.local("GET", "/local/devices/device-1/modules/m", "").1;
    let device = bench.local("GET", "/local/devices/device-1", "").1;
    let names = |text: &serde_json::Value| -> Vec<String> {
        let fields = text.as_str().unwrap().split(';').map(|field| field.split_once('=').unwrap());
        fields.inspect(|(_, value)| assert!(!value.is_empty())).map(|(name, _)| name.to_owned()).collect()
    };
    assert_eq!(names(&device["connectionString"]), ["HostName", "DeviceId", "SharedAccessKey"]);
    assert_eq!(names(&module["connectionString"]), ["HostName", "DeviceId", "ModuleId", "SharedAccessKey"]);
    let policy = &info["policies"][0]["connectionString"];
    assert_eq!(names(policy), ["HostName", "SharedAccessKeyName", "SharedAccessKey"]);
    let key = device["connectionString"].as_str().unwrap().split_once("SharedAccessKey=").unwrap().1;
    assert!(key.ends_with('='), "a key's own equals signs stay");
}

/// PROTOCOL 2.1, User name
#[test]
fn the_host_in_the_user_name_is_the_hubs_whatever_was_dialled() {
    let mut bench = crate::helpers::configured(|config| {
        config.host_names = vec!["myhub.azure-devices.net".to_owned()];
    });
    let response = bench.call_as("iothubowner", "GET", "/devices/device-1", &[], "");
    let key = json_of(&response)["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap().to_owned();
    let ends = crate::support::START_MS / 1000 + 60;
    let mut hello = Hello {
        client_id: "device-1".into(),
        user_name: "MyHub.azure-devices.net/device-1/?api-version=2021-04-12".into(),
        password: crate::support::token("myhub.azure-devices.net%2Fdevices%2Fdevice-1", &key, ends, None),
        clean: true,
        keep_alive: 60,
        will: None,
    };
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, false)));
    bench.events();
    assert_eq!(told(&mut bench, link, "")["deviceId"], "device-1");
    hello.user_name = "gateway.local/device-1/?api-version=2021-04-12".into();
    refused(&mut bench, &hello, 5, Reason::HostMismatch);
}
