//! Property bags and topics: reading never fails, what is written is read back, also through a whole topic.

use crate::input::{Input, text_of};
use iothub_device::{Message, bag_of};
use iothub_protocol::bag;
use iothub_protocol::identity::Identity;
use iothub_protocol::packet::QoS;
use iothub_protocol::system_property::SystemProperty;
use iothub_protocol::topic::{self, DeviceTopic, Filter, HubTopic};

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    let properties = bag::read(&text);
    let written = bag::write(properties.iter().map(|p| (p.name.as_str(), p.value.as_deref())));
    assert!(!written.contains(['/', '+', '#', ' ']), "nothing that MQTT reads as its own: {written}");
    // `%` alone decodes to itself and is written as `%25`, so equal is what is read, not the text.
    assert_eq!(bag::read(&written), properties, "what is written is read back");
    let _ = bag::read_devicebound(&text);
    for property in &properties {
        if let Some(system) = SystemProperty::from_bag_key(&property.name) {
            let _ = (system.routing_name(), system.written_key());
        }
    }
    topics(&text, &written);
    message(&mut Input::new(data));
}

fn topics(text: &str, bag: &str) {
    let _ = (DeviceTopic::parse(text), HubTopic::parse(text));
    if let Some(filter) = Filter::parse(text) {
        assert_eq!(Filter::parse(&filter.write()), Some(filter));
    }
    let identity = Identity { device_id: "d".to_owned(), module_id: None };
    let up = topic::telemetry_prefix(&identity) + bag;
    let Ok(DeviceTopic::Telemetry { device: "d", module: None, bag: read }) = DeviceTopic::parse(&up) else {
        panic!("{up} is a telemetry topic")
    };
    assert_eq!(read, bag);
    assert_eq!(HubTopic::parse(&topic::c2d("d", bag)), Some(HubTopic::C2d { bag }));
}

/// What the device writes for an application is what the hub reads.
fn message(input: &mut Input<'_>) {
    let names: Vec<(String, String)> = (0..input.byte() % 8).map(|_| (input.text(), input.text())).collect();
    let properties: Vec<(&str, &str)> = names.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let id = input.text();
    let system = [(SystemProperty::MessageId, id.as_str())];
    let message = Message { body: b"x", system: &system, properties: &properties, qos: QoS::AtLeastOnce };
    let Ok(bag) = bag_of(&message) else { return };
    let read = bag::read(&bag);
    assert_eq!(read[0].name, "$.mid");
    assert_eq!(read[0].value.as_deref(), Some(id.as_str()));
    let rest: Vec<(&str, &str)> =
        read[1..].iter().map(|p| (p.name.as_str(), p.value.as_deref().unwrap_or("none"))).collect();
    assert_eq!(rest, properties, "the application's properties arrive");
}
