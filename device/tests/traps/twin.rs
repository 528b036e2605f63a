//! Twin answers: which status means what, and their acknowledgement.

use crate::bench::{Bench, of_device};
use iothub_device::{OpId, Settlement};
use iothub_protocol::packet::QoS;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A device with one twin read (op 1) and one patch (op 2) on the wire; gives their request ids.
fn asked() -> (Bench, String, String) {
    let mut bench = Bench::online(of_device("d"));
    bench.device.get_twin(OpId(1), None, bench.clock()).unwrap();
    bench.device.update_reported(OpId(2), r#"{"a":1}"#, None, bench.clock()).unwrap();
    bench.drain();
    bench.subacks();
    let rid = |part: &str| {
        let topic =
            &bench.published().into_iter().find(|publish| publish.topic.contains(part)).unwrap().topic;
        topic.split_once("$rid=").unwrap().1.to_owned()
    };
    let (get, patch) = (rid("twin/GET"), rid("twin/PATCH"));
    (bench, get, patch)
}

#[test]
fn trap_6_a_read_is_answered_200_and_a_patch_204_and_either_is_good() {
    // The documentation had them the other way round for a year, and 202 is on record too.
    for (read, patch) in [(200, 204), (204, 200), (202, 200)] {
        let (mut bench, get_rid, patch_rid) = asked();
        let body = r#"{"desired":{"$version":1},"reported":{"$version":1}}"#;
        bench.hub_publishes(&format!("$iothub/twin/res/{read}/?$rid={get_rid}"), body, QoS::AtMostOnce, 0);
        let topic = format!("$iothub/twin/res/{patch}/?$rid={patch_rid}&$version=8");
        bench.hub_publishes(&topic, "", QoS::AtMostOnce, 0);
        assert!(matches!(bench.outcome(1), Ok(Settlement::Twin(text)) if text.contains("desired")));
        assert_eq!(bench.outcome(2), &Ok(Settlement::Reported { version: Some(8) }));
    }
}

#[test]
fn trap_39_whatever_comes_with_qos_1_is_acknowledged() {
    let (mut bench, get_rid, _) = asked();
    let body = r#"{"desired":{"$version":1},"reported":{"$version":1}}"#;
    bench.hub_publishes(&format!("$iothub/twin/res/200/?$rid={get_rid}"), body, QoS::AtLeastOnce, 21);
    let desired = "$iothub/twin/PATCH/properties/desired/?$version=2";
    bench.hub_publishes(desired, r#"{"a":1,"$version":2}"#, QoS::AtLeastOnce, 22);
    bench.hub_publishes("$iothub/methods/POST/m/?$rid=1", "{}", QoS::AtLeastOnce, 23);
    bench.hub_publishes("$iothub/something/new", "", QoS::AtLeastOnce, 24);
    assert_eq!(bench.pubacks(), [21, 22, 23, 24]);
}
