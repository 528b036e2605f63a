//! User names, ids, times and escapes: what is written is read back.

use crate::input::text_of;
use iothub_protocol::connection_string::{check_host, is_loopback};
use iothub_protocol::identity::{API_VERSION, Identity, UserName};
use iothub_protocol::{percent, time};

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    if let Some(name) = UserName::parse(&text) {
        let known = Identity::new(&name.identity.device_id, name.identity.module());
        if known.is_ok() && !name.host.is_empty() {
            let mut whole = name;
            whole.api_version.get_or_insert_with(|| API_VERSION.to_owned());
            // The writer announces no version in escapes: none has a character that needs one.
            if whole.api_version.as_deref().is_some_and(|v| percent::encode_component(v) == v) {
                assert_eq!(UserName::parse(&whole.write()), Some(whole));
            }
        }
    }
    if let Some((device, module)) = text.split_once('\n')
        && let Ok(identity) = Identity::new(device, Some(module))
    {
        assert_eq!(Identity::from_client_id(&identity.client_id()), identity);
    }
    escapes(&text);
    let _ = (check_host(&text, false), check_host(&text, true), is_loopback(&text));
    if let Some(ms) = time::parse_millis(&text) {
        let written = time::format_millis(ms);
        if (0..=253_402_300_799_999).contains(&ms) {
            assert_eq!(time::parse_millis(&written), Some(ms), "{written}");
            assert_eq!(time::parse_millis(&time::format_round_trip(ms)), Some(ms));
        }
    }
    if let Some(eight) = data.first_chunk::<8>() {
        let _ = time::format_millis(i64::from_be_bytes(*eight));
        let _ = time::format_round_trip(i64::from_be_bytes(*eight));
    }
}

fn escapes(text: &str) {
    assert_eq!(percent::decode(&percent::encode_component(text)), text);
    assert_eq!(percent::decode(&percent::encode_strict(text)), text);
    let _ = percent::decode(text);
}
