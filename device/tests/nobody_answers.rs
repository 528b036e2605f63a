//! What an application is told when nobody answers, or the local hub refuses: the address, and what to do.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

use iothub_device::{Clock, Code, Config, Device, Error, Event, OpId, Output};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const KEY: &str = "SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A connect to `place`, whose socket fails as `why` says; then the end of its time: every detail, and the error.
fn refused(place: &str, why: &str) -> (Vec<String>, Error) {
    let config = Config::from_connection_string(&format!("{place};DeviceId=d;{KEY}")).unwrap();
    let at = |now| Clock { now, unix_ms: 1_735_689_600_000 + now };
    let mut device = Device::new(config, 7, at(0));
    device.connect(OpId(0), Some(400), at(0)).unwrap();
    let (mut details, mut now) = (Vec::new(), 0);
    loop {
        while let Some(output) = device.poll_output() {
            match output {
                Output::Open { socket, .. } => device.socket_failed(socket, 1006, why, at(now)),
                Output::Event(Event::Status { detail, .. }) => details.push(detail),
                Output::Settled { outcome, .. } => return (details, outcome.unwrap_err()),
                _ => {}
            }
        }
        now = device.poll_timeout().unwrap();
        device.handle_timeout(at(now));
    }
}

#[test]
fn a_local_hub_that_does_not_run_is_named_at_the_first_refusal() {
    let (details, error) = refused("HostName=localhost;UseLocalHub=true;Port=4399", "ECONNREFUSED");
    assert_eq!(
        details[1],
        "the WebSocket to ws://localhost:4399 could not be opened (close code 1006: ECONNREFUSED); is the local hub \
         running? Start it with \"npm start\" or \"npx iothub-local\""
    );
    assert_eq!(error.code, Code::Network);
    assert!(error.message.contains(&details[1]), "{error}");
}

#[test]
fn a_loopback_host_without_use_local_hub_gets_a_hint() {
    let (details, error) = refused("HostName=localhost", "");
    let text = "the WebSocket to wss://localhost:443 could not be opened (close code 1006); for a local hub add \
                UseLocalHub=true and its Port";
    assert_eq!(details[1], text);
    assert!(error.message.ends_with(text), "{error}");
}

#[test]
fn another_host_gets_its_address_and_no_hint() {
    let (details, _) = refused("HostName=h.azure-devices.net", "");
    assert_eq!(
        details[1],
        "the WebSocket to wss://h.azure-devices.net:443 could not be opened (close code 1006)"
    );
}

#[test]
fn a_socket_that_does_not_open_in_time_names_its_address_too() {
    let config =
        Config::from_connection_string(&format!("HostName=localhost;UseLocalHub=true;DeviceId=d;{KEY}"));
    let at = |now| Clock { now, unix_ms: 1_735_689_600_000 + now };
    let mut device = Device::new(config.unwrap(), 7, at(0));
    device.connect(OpId(0), None, at(0)).unwrap();
    device.handle_timeout(at(30_000));
    let told = std::iter::from_fn(|| device.poll_output()).find_map(|output| match output {
        Output::Event(Event::Status { detail, retry_in: Some(_), .. }) => Some(detail),
        _ => None,
    });
    assert!(
        told.unwrap()
            .starts_with("the WebSocket to ws://localhost:4280 did not open in time; is the local hub")
    );
}

#[test]
fn a_refusal_of_the_local_hub_says_where_its_reason_is() {
    for (place, log) in [
        ("HostName=127.0.0.1;UseLocalHub=true;Port=4399", Some("http://127.0.0.1:4399/local/log")),
        ("HostName=h.azure-devices.net", None),
    ] {
        let config = Config::from_connection_string(&format!("{place};DeviceId=d;{KEY}")).unwrap();
        let at = |now| Clock { now, unix_ms: 1_735_689_600_000 + now };
        let mut device = Device::new(config, 7, at(0));
        device.connect(OpId(0), None, at(0)).unwrap();
        let mut now = 0;
        let error = loop {
            match device.poll_output() {
                Some(Output::Open { socket, .. }) => {
                    device.socket_opened(socket, at(now));
                    device.socket_bytes(socket, &[0x20, 2, 0, 5], at(now));
                }
                Some(Output::Settled { outcome, .. }) => break outcome.unwrap_err(),
                Some(_) => {}
                None => {
                    now = device.poll_timeout().unwrap();
                    device.handle_timeout(at(now));
                }
            }
        };
        assert_eq!(error.code, Code::Unauthorized);
        assert_eq!(error.message.contains("/local/log"), log.is_some(), "{error}");
        assert!(log.is_none_or(|log| error.message.ends_with(log)), "{error}");
    }
}
