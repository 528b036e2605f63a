//! PROTOCOL 6.1: the property bag, read from devices and written to them. Bags of 18.3 and 18.4.

use crate::helpers::{C2D, EVENTS, MESSAGES, connected, delivered, listening, told};
use iothub_hub::Reason;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What the application properties of this D2C bag are read as.
fn read(bag: &str) -> Value {
    let (mut bench, link) = connected();
    told(&mut bench, link, bag)["properties"].clone()
}

/// The C2D bag that these application properties are written as, after the system properties.
fn written(properties: &Value) -> String {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    let topic = delivered(&mut bench, link, &json!({"messageId": "m", "properties": properties})).topic;
    topic.split_once("%2Fdevicebound&").unwrap().1.to_owned()
}

/// PROTOCOL 6.1, Form [D]
/// PROTOCOL 6.1, Must be escaped [IX]
#[test]
fn the_two_sdks_bags_of_the_same_message_are_the_same_properties() {
    let node = "%24.mid=m%201%2F%C3%A4&plain=v&sp%20ace=a%20b%26c%3Dd&empty=&q!'()*~=x";
    let python = "%24.mid=m%201%2F%C3%A4&empty=&plain=v&q%21%27%28%29%2A~=x&sp%20ace=a%20b%26c%3Dd";
    let want = json!({"plain": "v", "sp ace": "a b&c=d", "empty": "", "q!'()*~": "x"});
    assert_eq!(read(node), want);
    assert_eq!(read(python), want);
}

/// PROTOCOL 6.1, Encoder [SX]
#[test]
fn a_plus_is_a_plus_and_a_space_is_written_as_20() {
    assert_eq!(read("plus=a%20b&a%2Bb=c%2Bd"), json!({"plus": "a b", "a+b": "c+d"}));
    // A raw one is a wildcard in a topic name.
    let (mut bench, link) = connected();
    bench.publish(link, &format!("{EVENTS}plus=a+b"), b"x", 0, 0);
    assert_eq!(bench.reason(link), Some(Reason::MalformedPacket));
    assert_eq!(written(&json!({"a b": "c d+e"})), "a%20b=c%20d%2Be");
}

/// PROTOCOL 6.1, Must be escaped [IX]
#[test]
fn the_hub_escapes_what_would_break_a_topic_or_a_bag() {
    assert_eq!(
        written(&json!({"a/+#%&=ä": "/+#%&=ä"})),
        "a%2F%2B%23%25%26%3D%C3%A4=%2F%2B%23%25%26%3D%C3%A4"
    );
}

/// PROTOCOL 6.1, Leading ? [IX]
#[test]
fn a_question_mark_before_a_d2c_bag_stays_in_the_first_key_and_the_hub_writes_none() {
    assert_eq!(
        read("?prop1&prop2=&prop3=a%20string"),
        json!({"?prop1": null, "prop2": "", "prop3": "a string"})
    );
    let (mut bench, link) = listening(&[(C2D, 1)]);
    let topic = delivered(&mut bench, link, &json!({"messageId": "m"})).topic;
    assert!(topic.starts_with("devices/device-1/messages/devicebound/%24."), "{topic}");
}

/// PROTOCOL 6.1, System names [IS]
#[test]
fn system_names_are_read_in_both_spellings_and_written_escaped() {
    let (mut bench, link) = connected();
    for bag in
        ["$.mid=x&$.ct=text%2Fplain", "%24.mid=x&%24.ct=text%2Fplain", "%24%2Emid=x&$%2Ect=text%2Fplain"]
    {
        let system = told(&mut bench, link, bag)["systemProperties"].clone();
        assert_eq!(
            (&system["message-id"], &system["content-type"]),
            (&json!("x"), &json!("text/plain")),
            "{bag}"
        );
    }
    bench.subscribed(link, &[(C2D, 1)]);
    let topic = delivered(&mut bench, link, &json!({"messageId": "x", "contentType": "text/plain"})).topic;
    assert!(topic.contains("%24.mid=x&") && topic.ends_with("%24.ct=text%2Fplain"), "{topic}");
    assert!(!topic.contains("$."));
}

/// PROTOCOL 6.1, No = vs empty [D]
#[test]
fn no_value_is_not_an_empty_value_in_either_direction() {
    assert_eq!(
        read("prop1&prop2=&prop3=a%20string"),
        json!({"prop1": null, "prop2": "", "prop3": "a string"})
    );
    assert_eq!(written(&json!({"a": null, "b": "", "c": "v"})), "a&b=&c=v");
}

/// PROTOCOL 6.1, Duplicates [E]
#[test]
fn the_first_of_two_equal_names_wins() {
    let (mut bench, link) = connected();
    let event = told(&mut bench, link, "a=1&a=2&$.mid=x&%24.mid=y");
    assert_eq!(
        (&event["properties"], &event["systemProperties"]["message-id"]),
        (&json!({"a": "1"}), &json!("x"))
    );
}

/// PROTOCOL 6.1, Raw : ; in values [I]
#[test]
fn raw_colons_and_semicolons_stand_for_themselves() {
    let (mut bench, link) = connected();
    let bag = "iothub-creation-time-utc=2023-06-19T13:35:13.4276974Z&%24.ct=text%2Fplain;%20charset=UTF-8&a;b:c=d;e:f";
    let event = told(&mut bench, link, bag);
    assert_eq!(event["properties"], json!({"a;b:c": "d;e:f"}));
    assert_eq!(event["systemProperties"]["iothub-creation-time-utc"], "2023-06-19T13:35:13.4276974Z");
    assert_eq!(event["systemProperties"]["content-type"], "text/plain; charset=UTF-8");
}

/// PROTOCOL 6.1, = inside a value [S]
#[test]
fn the_first_equals_sign_parts_and_the_hub_escapes_its_own() {
    assert_eq!(read("a=b=c&d=%3D&==x"), json!({"a": "b=c", "d": "="}));
    assert_eq!(written(&json!({"a=b": "c=d"})), "a%3Db=c%3Dd");
}

/// PROTOCOL 6.1, Malformed %
#[test]
fn a_malformed_escape_is_kept_as_text_and_the_message_is_whole() {
    assert_eq!(read("%zz=1&a=%&b=%4&c=%41"), json!({"%zz": "1", "a": "%", "b": "%4", "c": "A"}));
    assert_eq!(read("a=1&&b=2&=x&"), json!({"a": "1", "b": "2"}));
    assert_eq!(read("a=%ff%fe").as_object().unwrap().len(), 1, "bytes that are no UTF-8 lose no message");
}

/// PROTOCOL 6.1, Charset [D]
#[test]
fn the_documented_characters_go_both_ways_unchanged() {
    let odd = "!#$%&'*+-.^_~`|azAZ09";
    let escaped: String = odd.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(read(&format!("x{escaped}={escaped}")), json!({format!("x{odd}"): odd}));
    let bag = written(&json!({format!("x{odd}"): odd}));
    assert_eq!(read(&bag), json!({format!("x{odd}"): odd}));
}

/// PROTOCOL 6.1, MQTT topic limit
#[test]
fn a_topic_has_65535_bytes_at_most() {
    let (mut bench, link) = connected();
    let longest = format!("a={}", "x".repeat(65_535 - EVENTS.len() - 2));
    assert_eq!(
        told(&mut bench, link, &longest)["properties"]["a"].as_str().unwrap().len(),
        longest.len() - 2
    );
    let message = json!({"properties": {"a": "x".repeat(64_000), "b": "ä".repeat(300)}}).to_string();
    let (status, error) = bench.local("POST", MESSAGES, &message);
    assert_eq!((status, &error["errorCode"]), (413, &json!(413_001)), "what fits no topic is not queued");
    assert_eq!(bench.reason(link), None::<Reason>);
}
