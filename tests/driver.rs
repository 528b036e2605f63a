//! The driver in a real browser against a real hub process, which `npm test` starts and names at compile time.
#![cfg(target_arch = "wasm32")]

use iothub_wasm::{Driver, Host};
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/driver-host.js")]
extern "C" {
    type RecordingHost;
    #[wasm_bindgen(constructor)]
    fn new() -> RecordingHost;
    #[wasm_bindgen(method)]
    fn next(this: &RecordingHost, kind: &str) -> Promise;
    fn call(method: &str, url: &str, body: Option<String>) -> Promise;
}

/// Read at compile time, because a page has no environment; absent when this is only checked.
const DEVICE: Option<&str> = option_env!("IOTHUB_TEST_DEVICE");
const HUB: Option<&str> = option_env!("IOTHUB_TEST_HTTP");

fn connection_string() -> &'static str {
    DEVICE.expect("npm test names the hub's device in IOTHUB_TEST_DEVICE")
}

/// The hub's API below `/local`.
async fn local(method: &str, path: &str, body: Option<&str>) -> String {
    let hub = HUB.expect("npm test names the hub in IOTHUB_TEST_HTTP");
    let answer = JsFuture::from(call(method, &format!("{hub}/local/{path}"), body.map(str::to_owned))).await;
    answer.expect("the hub answers").as_string().unwrap_or_default()
}

struct Bench {
    driver: Driver,
    host: RecordingHost,
}

impl Bench {
    /// A driver with a device of its own, so that tests do not take each other's links over.
    async fn new(device_id: &str) -> Self {
        let made = local("PUT", &format!("devices/{device_id}"), None).await;
        let made = js_sys::JSON::parse(&made).expect("the hub answers JSON");
        let text = Reflect::get(&made, &"connectionString".into()).expect("a field").as_string();
        Self::with(&text.expect("a connection string"), &[])
    }

    fn with(connection_string: &str, options: &[(&str, JsValue)]) -> Self {
        Self::try_with(connection_string, options).expect("good credentials")
    }

    fn try_with(connection_string: &str, options: &[(&str, JsValue)]) -> Result<Self, JsValue> {
        let host = RecordingHost::new();
        let credentials = text_of(&object(&[("connectionString", connection_string.into())]));
        let given: Host = host.unchecked_ref::<JsValue>().clone().unchecked_into();
        let driver = Driver::new(&credentials, &text_of(&object(options)), 1.0, given)?;
        // The same driver, as an object of JavaScript.
        Reflect::set(host.as_ref(), &"driver".into(), &driver.clone().into()).expect("a plain object");
        Ok(Self { driver, host })
    }

    async fn connected(device_id: &str) -> Self {
        let bench = Self::new(device_id).await;
        bench.driver.connect(0, Some(10_000.0));
        bench.next("done 0").await;
        bench
    }

    /// What the driver tells of this kind; fails after ten seconds, with all that it told.
    /// Sends one message, written as `npm/staging.js` does: names and values in turns, the first `system` pairs the
    /// hub's own.
    fn send(&self, op: u32, fields: &[&str], system: u32, body: &[u8], qos: u32) {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("a short message");
        let pairs = u32::try_from(fields.len() / 2).expect("a few fields");
        let mut heads = vec![op, qos, u32::MAX, system, pairs, length(body)];
        heads.extend(fields.iter().map(|field| length(field.as_bytes())));
        let bytes = [fields.concat().as_bytes(), body].concat();
        self.driver.send(&heads, &bytes, false);
    }

    async fn next(&self, kind: &str) -> Array {
        JsFuture::from(self.host.next(kind)).await.expect("told in time").unchecked_into()
    }
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).expect("a plain object");
    }
    object.into()
}

fn text_of(plain: &JsValue) -> String {
    js_sys::JSON::stringify(plain).expect("a plain object").into()
}

fn text(args: &Array, index: u32) -> String {
    args.get(index).as_string().unwrap_or_default()
}

fn number(args: &Array, index: u32) -> u32 {
    args.get(index).as_f64().map_or(u32::MAX, |number| number as u32)
}

#[wasm_bindgen_test]
async fn a_send_resolves_with_its_puback() {
    let bench = Bench::connected("driver-send").await;
    bench.send(1, &["$.mid", "m1", "level", "high"], 1, b"hello", 1);
    bench.send(2, &[], 0, &[1, 2, 3], 0);
    bench.next("sent 1").await;
    bench.next("sent 2").await;
    assert_eq!(bench.driver.metrics()[3], 1.0, "one PUBACK came: QoS 0 has none");
    bench.driver.close(3, 1000.0);
    bench.next("done 3").await;
    bench.next("status closed").await;
}

#[wasm_bindgen_test]
async fn a_c2d_message_comes_and_is_acknowledged_after_its_handler() {
    let bench = Bench::connected("driver-c2d").await;
    bench.driver.listen_messages();
    local(
        "POST",
        "devices/driver-c2d/messages",
        Some(r#"{"body":"hi","messageId":"c1","properties":{"k":"v"}}"#),
    )
    .await;
    let message = bench.next("message").await;
    assert_eq!(text(&message, 2), "hi");
    assert!(local("GET", "devices/driver-c2d/messages", None).await.contains("c1"), "kept until its PUBACK");
    bench.driver.message_handled(number(&message, 0), true);
    // A round trip behind the PUBACK shows that the hub has read it.
    bench.send(1, &[], 0, b"", 1);
    bench.next("sent 1").await;
    assert!(!local("GET", "devices/driver-c2d/messages", None).await.contains("c1"));
}

#[wasm_bindgen_test]
async fn twin_and_methods_go_both_ways() {
    let bench = Bench::connected("driver-twin").await;
    bench.driver.update_reported(1, r#"{"fw":1}"#, None);
    assert_eq!(number(&bench.next("done 1").await, 0), 2);
    bench.driver.get_twin(2, None);
    assert!(text(&bench.next("done 2").await, 0).contains(r#""fw":1"#));
    bench.driver.listen_methods();
    // A subscription is in force once a later request is answered.
    bench.driver.get_twin(3, None);
    bench.next("done 3").await;
    let answer = call(
        "POST",
        &format!("{}/local/devices/driver-twin/methods", HUB.unwrap_or("")),
        Some(r#"{"methodName":"reboot","payload":{"in":5},"connectTimeoutInSeconds":5}"#.to_owned()),
    );
    let method = bench.next("method").await;
    assert_eq!((text(&method, 1).as_str(), text(&method, 2).as_str()), ("reboot", r#"{"in":5}"#));
    bench.driver.answer_method(number(&method, 0), 202, r#"{"ok":true}"#).expect("a small answer");
    let answer = JsFuture::from(answer).await.expect("the hub answers").as_string().unwrap_or_default();
    assert!(answer.contains("202") && answer.contains(r#"{"ok":true}"#), "{answer}");
}

#[wasm_bindgen_test]
async fn a_wrong_key_is_unauthorized() {
    let other_key = "SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let parts = connection_string().split(';');
    let wrong: Vec<_> =
        parts.map(|part| if part.starts_with("SharedAccessKey=") { other_key } else { part }).collect();
    let wrong = wrong.join(";");
    let bench = Bench::with(&wrong, &[]);
    bench.driver.connect(0, Some(10_000.0));
    let error = bench.next("failed 0").await;
    assert_eq!(text(&error, 0), "unauthorized");
    assert!(!text(&error, 1).contains("AAECAw"), "no key in an error");
    bench.next("status disconnected").await;
}

#[wasm_bindgen_test]
async fn a_lost_link_comes_back_and_nothing_is_lost() {
    let bench = Bench::connected("driver-cut").await;
    local("POST", "faults", Some(r#"{"kind":"cut","deviceId":"driver-cut"}"#)).await;
    for op in 1..=20 {
        bench.send(op, &[], 0, b"x", 1);
    }
    for op in 1..=20 {
        bench.next(&format!("sent {op}")).await;
    }
    bench.next("status reconnecting").await;
}

#[wasm_bindgen_test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let bench = Bench::connected("driver-refuse").await;
    bench.send(1, &["", "value"], 0, b"", 1);
    assert_eq!(text(&bench.next("failed 1").await, 0), "property-name");
    bench.send(2, &["a", "b\0c"], 0, b"", 1);
    assert_eq!(text(&bench.next("failed 2").await, 0), "property-name");
    bench.send(3, &[], 0, b"", 2);
    assert_eq!(text(&bench.next("failed 3").await, 0), "quality-of-service");
    bench.send(4, &[], 0, &vec![0; 262_145], 1);
    assert_eq!(text(&bench.next("failed 4").await, 0), "message-too-large");
    assert_eq!(bench.driver.metrics()[2], 0.0, "nothing left");
}

#[wasm_bindgen_test]
async fn options_and_credentials_are_checked_by_name() {
    let refused = |text_: &str, options: &[(&str, JsValue)]| {
        let error: Array = Bench::try_with(text_, options).err().expect("refused").unchecked_into();
        (text(&error, 0), text(&error, 1))
    };
    let (code, message) = refused(connection_string(), &[("keepAliv", 1.into())]);
    assert_eq!(code, "argument");
    assert!(message.contains("keepAliv"), "{message}");
    assert_eq!(refused(connection_string(), &[("keepAliveSeconds", 1178.into())]).0, "argument");
    assert_eq!(refused("HostName=h.example;DeviceId=d;SharedAccessKey=abc", &[]).0, "key-format");
}

#[wasm_bindgen_test]
async fn an_aborted_send_settles_once() {
    let bench = Bench::new("driver-abort").await;
    bench.driver.connect(0, Some(10_000.0));
    bench.send(1, &[], 0, b"x", 1);
    bench.driver.abort(1);
    assert_eq!(text(&bench.next("failed 1").await, 0), "aborted");
    bench.next("done 0").await;
    bench.send(2, &[], 0, b"x", 1);
    bench.next("sent 2").await;
}
