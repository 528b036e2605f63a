//! PROTOCOL 6.2: system properties, from the device, to the device, and stamped by the hub.

use crate::helpers::{C2D, EVENTS, connected, delivered, listening, publish_flagged, told};
use crate::support::{Bench, Hello};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The system property that this D2C bag is read as; it must not be an application property too.
fn system(bag: &str, name: &str) -> Value {
    let (mut bench, link) = connected();
    let event = told(&mut bench, link, bag);
    assert_eq!(event["properties"], json!({}), "{bag}");
    event["systemProperties"][name].clone()
}

/// The fields of the bag that a C2D message arrives with.
fn c2d_fields(message: &Value) -> Vec<String> {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    let topic = delivered(&mut bench, link, message).topic;
    topic.rsplit('/').next().unwrap().split('&').map(str::to_owned).collect()
}

/// PROTOCOL 6.2, $.mid
#[test]
fn a_message_id_is_taken_from_the_device_and_made_up_only_for_c2d() {
    let odd = "-:.+%_#*?!(),=@;$'aZ9";
    let escaped: String = odd.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(system(&format!("%24.mid={escaped}"), "message-id"), odd);
    assert_eq!(system("", "message-id"), Value::Null);
    assert!(c2d_fields(&json!({"messageId": "mine"})).contains(&"%24.mid=mine".to_owned()));
    let made: Vec<String> =
        c2d_fields(&json!({})).into_iter().filter(|field| field.starts_with("%24.mid=")).collect();
    assert_eq!((made.len(), made[0].len() > "%24.mid=".len()), (1, true));
}

/// PROTOCOL 6.2, $.cid
#[test]
fn a_correlation_id_may_be_empty() {
    assert_eq!(system("%24.cid=c%2B1", "correlation-id"), "c+1");
    assert!(c2d_fields(&json!({"correlationId": ""})).contains(&"%24.cid=".to_owned()));
    assert!(!c2d_fields(&json!({})).iter().any(|field| field.starts_with("%24.cid")));
}

/// PROTOCOL 6.2, $.uid
#[test]
fn a_user_id_is_the_senders() {
    assert_eq!(system("%24.uid=u%231", "user-id"), "u#1");
    assert!(c2d_fields(&json!({"userId": "service-7"})).contains(&"%24.uid=service-7".to_owned()));
}

/// PROTOCOL 6.2, $.to
#[test]
fn to_is_written_by_the_hub_and_decides_nothing_on_the_way_up() {
    let to = "%24.to=%2Fdevices%2Fdevice-1%2Fmessages%2Fdevicebound";
    assert!(c2d_fields(&json!({})).contains(&to.to_owned()));
    let (mut bench, link) = connected();
    let event = told(&mut bench, link, "%24.to=%2Fdevices%2Fother%2Fmessages%2Fdevicebound");
    assert_eq!(event["deviceId"], "device-1");
    assert_eq!(event["systemProperties"]["to"], "/devices/other/messages/devicebound");
}

/// PROTOCOL 6.2, $.ct
/// PROTOCOL 6.2, $.ce
#[test]
fn content_type_and_encoding_go_both_ways() {
    assert_eq!(system("%24.ct=application%2Fjson", "content-type"), "application/json");
    for encoding in ["utf-8", "utf-16", "utf-32"] {
        assert_eq!(system(&format!("$.ce={encoding}"), "content-encoding"), encoding);
    }
    let fields = c2d_fields(&json!({"contentType": "text/plain; charset=UTF-8", "contentEncoding": "utf-8"}));
    assert!(fields.contains(&"%24.ct=text%2Fplain%3B%20charset%3DUTF-8".to_owned()), "{fields:?}");
    assert!(fields.contains(&"%24.ce=utf-8".to_owned()));
}

/// PROTOCOL 6.2, $.ctime
#[test]
fn the_creation_time_is_read_under_both_names() {
    let name = "iothub-creation-time-utc";
    assert_eq!(system("%24.ctime=2024-01-01T00%3A00%3A00Z", name), "2024-01-01T00:00:00Z");
    assert_eq!(system("iothub-creation-time-utc=2024-01-01T00%3A00%3A00Z", name), "2024-01-01T00:00:00Z");
}

/// PROTOCOL 6.2, $.exp
#[test]
fn an_expiry_is_written_with_seven_decimals_and_z() {
    assert_eq!(system("%24.exp=2030-01-01T00%3A00%3A00Z", "absolute-expiry-time"), "2030-01-01T00:00:00Z");
    let fields = c2d_fields(&json!({"expiryTimeUtc": "2027-01-02T23:06:40.5Z"}));
    assert!(fields.contains(&"%24.exp=2027-01-02T23%3A06%3A40.5000000Z".to_owned()), "{fields:?}");
}

/// PROTOCOL 6.2, $.on
/// PROTOCOL 6.2, $.ifid
/// PROTOCOL 6.2, $.schema
/// PROTOCOL 6.2, $.cdid and $.cmid
/// PROTOCOL 6.2, $.diagid and $.diagctx [S]
/// PROTOCOL 6.2, iothub-operation
#[test]
fn the_rarer_properties_have_their_routing_names() {
    for (bag, name, value) in [
        ("%24.on=out1", "iothub-outputname", "out1"),
        (
            "%24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1",
            "iothub-interface-id",
            "urn:azureiot:Security:SecurityAgent:1",
        ),
        ("%24.schema=s1", "iothub-message-schema", "s1"),
        ("%24.diagid=abc", "diagnostic-id", "abc"),
        ("%24.diagctx=creationtimeutc%3D1506054225", "diagnostic-context", "creationtimeutc=1506054225"),
        ("iothub-operation=x", "iothub-operation", "x"),
    ] {
        assert_eq!(system(bag, name), value, "{bag}");
    }
    // The hub's own stamp stands above what a device claims.
    let (mut bench, link) = connected();
    let event = told(&mut bench, link, "%24.cdid=other&%24.cmid=m");
    assert_eq!(event["systemProperties"]["iothub-connection-device-id"], "device-1");
}

/// PROTOCOL 6.2, $.sub [X]
#[test]
fn a_component_is_read_as_dt_subject() {
    assert_eq!(system("%24.sub=comp1", "dt-subject"), "comp1");
    assert_eq!(system("dt-subject=comp1", "dt-subject"), "comp1");
}

/// PROTOCOL 6.2, iothub-ack
#[test]
fn the_wanted_feedback_is_written_unprefixed_and_read_in_any_case() {
    for (given, written) in
        [("full", "full"), ("Full", "full"), ("positive", "positive"), ("negative", "negative")]
    {
        let fields = c2d_fields(&json!({"ack": given}));
        assert!(fields.contains(&format!("iothub-ack={written}")), "{fields:?}");
    }
    assert!(!c2d_fields(&json!({"ack": "none"})).iter().any(|field| field.starts_with("iothub-ack")));
}

/// PROTOCOL 6.2, dt-dataschema
#[test]
fn the_model_of_the_connect_is_stamped_on_every_message() {
    let mut bench = Bench::new();
    let user_name =
        "localhost/device-1/?api-version=2021-04-12&model-id=dtmi:com:example:Thermostat;1".to_owned();
    let hello = Hello { user_name, ..bench.hello("device-1", None) };
    let (link, _) = bench.introduce(&hello);
    let system = told(&mut bench, link, "")["systemProperties"].clone();
    assert_eq!(system["dt-dataschema"], "dtmi:com:example:Thermostat;1");
    let (mut bench, link) = connected();
    assert_eq!(told(&mut bench, link, "")["systemProperties"].get("dt-dataschema"), None);
}

/// PROTOCOL 6.2, iothub-MessageType
#[test]
fn only_a_will_is_called_a_will() {
    let mut bench = Bench::new();
    let will = Some((EVENTS.to_owned(), "gone".to_owned()));
    let hello = Hello { will, ..bench.hello("device-1", None) };
    let (link, _) = bench.introduce(&hello);
    assert_eq!(told(&mut bench, link, "")["properties"], json!({}));
    bench.drop_socket(link);
    assert_eq!(bench.events_of("telemetry")[0]["properties"], json!({"iothub-MessageType": "Will"}));
}

/// PROTOCOL 6.2, mqtt-retain and mqtt-dup
#[test]
fn the_flags_of_the_packet_are_stamped_as_properties() {
    let (mut bench, link) = connected();
    publish_flagged(&mut bench, link, EVENTS, 1, true, true);
    let properties = bench.events_of("telemetry")[0]["properties"].clone();
    assert_eq!(properties, json!({"mqtt-retain": "true", "mqtt-dup": "true"}));
}

/// PROTOCOL 6.2, Stamped by the hub [I]
#[test]
fn the_hub_stamps_who_when_and_how() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    let hello = bench.hello("device-1", Some("m"));
    let (link, _) = bench.introduce(&hello);
    let generation = bench.call("GET", "/devices/device-1/modules/m", "").1["generationId"].clone();
    bench.pass(1_500);
    bench.events();
    bench.publish(link, "devices/device-1/modules/m/messages/events/", b"", 0, 0);
    bench.publish(link, "devices/device-1/modules/m/messages/events/", b"", 0, 0);
    let events = bench.events_of("telemetry");
    let system = &events[0]["systemProperties"];
    assert_eq!(system["iothub-connection-device-id"], "device-1");
    assert_eq!(system["iothub-connection-module-id"], "m");
    assert_eq!(system["iothub-connection-auth-generation-id"], generation);
    assert_eq!(system["iothub-enqueuedtime"], "2027-01-01T00:00:01.500Z");
    assert_eq!(system["iothub-message-source"], "Telemetry");
    assert!(system["iothub-connection-auth-method"].is_string());
    let number = |event: &Value| event["systemProperties"]["x-opt-sequence-number"].as_u64().unwrap();
    assert!(number(&events[1]) > number(&events[0]));
}

/// PROTOCOL 6.2, Field order [X]
#[test]
fn the_order_of_the_fields_means_nothing() {
    let (mut bench, link) = connected();
    let node = told(&mut bench, link, "%24.mid=m&%24.ct=text%2Fplain&b=2&a=1");
    let python = told(&mut bench, link, "%24.mid=m&%24.ct=text%2Fplain&a=1&b=2");
    let c = told(&mut bench, link, "a=1&b=2&%24.ct=text%2Fplain&%24.mid=m");
    for other in [python, c] {
        assert_eq!(other["properties"], node["properties"]);
        assert_eq!(other["systemProperties"]["message-id"], node["systemProperties"]["message-id"]);
        assert_eq!(other["systemProperties"]["content-type"], node["systemProperties"]["content-type"]);
    }
}
