//! Every topic and filter that a device ever uses is one that the hub knows: it answers others with a closed link.

use crate::bench::{Bench, KEY, config};
use iothub_device::{CallId, Message, OpId};
use iothub_protocol::packet::{Packet, QoS};
use iothub_protocol::system_property::SystemProperty;
use iothub_protocol::topic::{DeviceTopic, Filter};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn trap_12_no_topic_and_no_filter_is_misspelt_whatever_the_application_does() {
    for module in ["", "ModuleId=m'1;"] {
        let text = format!("HostName=myhub.azure-devices.net;DeviceId=d?=1;{module}SharedAccessKey={KEY}");
        let mut bench = Bench::online(config(&text));
        use_everything(&mut bench);
        let (mut topics, mut filters) = (0, 0);
        for packet in &bench.sent {
            match packet {
                Packet::Publish(publish) => {
                    assert!(DeviceTopic::parse(&publish.topic).is_ok(), "{}", publish.topic);
                    topics += 1;
                }
                Packet::Subscribe(subscribe) => {
                    for filter in &subscribe.filters {
                        assert!(Filter::parse(&filter.path).is_some(), "{}", filter.path);
                        filters += 1;
                    }
                }
                _ => {}
            }
        }
        assert_eq!((topics, filters), (4, 4));
    }
}

fn use_everything(bench: &mut Bench) {
    bench.device.listen_messages(bench.clock());
    bench.device.listen_desired(bench.clock());
    bench.device.listen_methods(bench.clock());
    let message = Message {
        body: b"x",
        system: &[(SystemProperty::MessageId, "m/+#"), (SystemProperty::ContentType, "a/b; c=d")],
        properties: &[("a/b", "c#d"), ("+", "ä")],
        qos: QoS::AtLeastOnce,
    };
    bench.device.send(OpId(1), &message, None, bench.clock()).unwrap();
    bench.device.get_twin(OpId(2), None, bench.clock()).unwrap();
    bench.device.update_reported(OpId(3), r#"{"a":1}"#, None, bench.clock()).unwrap();
    bench.drain();
    bench.subacks();
    bench.hub_publishes("$iothub/methods/POST/m/?$rid=1f%20x", "{}", QoS::AtMostOnce, 0);
    bench.device.answer_method(CallId(0), -1, b"{}", bench.clock()).unwrap();
    bench.drain();
}
