//! PROTOCOL 2.2: the forms of the user name that SDKs have sent.

use crate::helpers::{code, refused, switched};
use crate::support::{Bench, Hello};
use iothub_hub::Reason;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Connects with this behind `localhost/device-1` and gives the `connection` event.
fn said(bench: &mut Bench, tail: &str) -> Value {
    let hello = Hello { user_name: format!("localhost/device-1{tail}"), ..bench.hello("device-1", None) };
    bench.events();
    assert_eq!(code(bench, &hello), 0, "{tail}");
    bench.events_of("connection").into_iter().find(|event| event["state"] == "connected").unwrap()
}

fn holds(event: &Value, version: Option<&str>, client: Option<&str>, model: Option<&str>) {
    assert_eq!(event["apiVersion"], json!(version));
    assert_eq!(event["clientType"], json!(client));
    assert_eq!(event["modelId"], json!(model));
}

const MODEL: Option<&str> = Some("dtmi:com:example:Thermostat;1");

/// PROTOCOL 2.2, Node [X]
#[test]
fn nodes_raw_model_id_before_the_client_type_is_read() {
    let mut bench = Bench::new();
    let tail = "/?api-version=2021-04-12&model-id=dtmi:com:example:Thermostat;1\
                &DeviceClientType=azure-iot-device%2F1.18.4%20(node%20v20)";
    holds(&said(&mut bench, tail), Some("2021-04-12"), Some("azure-iot-device/1.18.4 (node v20)"), MODEL);
}

/// PROTOCOL 2.2, Python [X]
#[test]
fn pythons_two_api_versions_are_read() {
    let mut bench = Bench::new();
    let first =
        said(&mut bench, "/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0");
    holds(&first, Some("2019-10-01"), Some("azure-iot-device-iothub-py/2.14.0"), None);
    let tail = "/?api-version=2020-09-30&DeviceClientType=py&model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1";
    holds(&said(&mut bench, tail), Some("2020-09-30"), Some("py"), MODEL);
}

/// PROTOCOL 2.2, C
#[test]
fn cs_lower_case_escapes_are_read() {
    let mut bench = Bench::new();
    let tail = "/?api-version=2020-09-30&DeviceClientType=iothubclient%2f1.9.1%20(native%3b%20linux)\
                &model-id=dtmi%3acom%3aexample%3aThermostat%3b1";
    holds(&said(&mut bench, tail), Some("2020-09-30"), Some("iothubclient/1.9.1 (native; linux)"), MODEL);
}

/// PROTOCOL 2.2, C#
#[test]
fn an_auth_chain_between_the_fields_is_passed_over() {
    let mut bench = Bench::new();
    let tail = "/?api-version=2020-09-30&DeviceClientType=.NET%2F1.42&auth-chain=a%3Bb\
                &model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1";
    holds(&said(&mut bench, tail), Some("2020-09-30"), Some(".NET/1.42"), MODEL);
}

/// PROTOCOL 2.2, Java
/// PROTOCOL 2.2, Embedded C
#[test]
fn the_model_id_may_stand_on_either_side_of_the_client_type() {
    let mut bench = Bench::new();
    let model = "model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1";
    let java = said(&mut bench, &format!("/?api-version=2020-09-30&{model}&DeviceClientType=java"));
    holds(&java, Some("2020-09-30"), Some("java"), MODEL);
    let embedded =
        said(&mut bench, &format!("/?api-version=2020-09-30&DeviceClientType=azsdk-c%2F1.5.0&{model}"));
    holds(&embedded, Some("2020-09-30"), Some("azsdk-c/1.5.0"), MODEL);
}

/// PROTOCOL 2.2, Go and web simulator
#[test]
fn a_query_without_its_question_mark_is_read() {
    let mut bench = Bench::new();
    holds(&said(&mut bench, "/api-version=2020-09-30"), Some("2020-09-30"), None, None);
    let simulator = said(&mut bench, "/api-version=2016-11-14&DeviceClientType=web");
    holds(&simulator, Some("2016-11-14"), Some("web"), None);
    holds(&said(&mut bench, "/DeviceClientType=web"), None, Some("web"), None);
}

/// PROTOCOL 2.2, 2016 to 2019
#[test]
fn the_old_documents_forms_are_read() {
    let mut bench = Bench::new();
    for (tail, version) in [
        ("", None),
        ("/", None),
        ("/api-version=2016-11-14", Some("2016-11-14")),
        ("/?api-version=2018-06-30", Some("2018-06-30")),
    ] {
        holds(&said(&mut bench, tail), version, None, None);
    }
}

/// PROTOCOL 2.2, Is api-version needed
#[test]
fn a_device_needs_no_api_version_and_a_module_does() {
    let mut bench = Bench::new();
    said(&mut bench, "/?DeviceClientType=x");
    said(&mut bench, "/?api-version=1999-01-01");
    bench.register_module("device-1", "m");
    for tail in ["", "/", "/?DeviceClientType=x"] {
        let hello = bench.hello("device-1", Some("m"));
        let hello = Hello { user_name: format!("localhost/device-1/m{tail}"), ..hello };
        refused(&mut bench, &hello, 5, Reason::BadUserName);
    }
    let mut strict = switched(|switches| switches.require_api_version = true);
    let hello = Hello { user_name: "localhost/device-1/".into(), ..strict.hello("device-1", None) };
    refused(&mut strict, &hello, 5, Reason::BadUserName);
}

/// PROTOCOL 2.2, Reading the query
#[test]
fn the_last_segment_is_the_query_and_the_first_of_two_equal_fields_wins() {
    let mut bench = Bench::new();
    let twice = said(&mut bench, "/?api-version=2021-04-12&api-version=2016-02-03&model-id=a&model-id=b");
    holds(&twice, Some("2021-04-12"), None, Some("a"));
    // `?` and `=` are legal in ids: only the beginning of the last segment makes a query.
    let id = "api?api-version=1";
    assert_eq!(bench.call("PUT", "/devices/api%3Fapi-version%3D1", "{}").0, 200);
    let hello = bench.hello(id, None);
    assert_eq!(code(&mut bench, &hello), 0);
    for bad in ["localhost", "localhost//?api-version=2021-04-12", "/device-1/?api-version=2021-04-12", "/"] {
        let hello = Hello { user_name: bad.into(), ..bench.hello("device-1", None) };
        refused(&mut bench, &hello, 5, Reason::BadUserName);
    }
}
