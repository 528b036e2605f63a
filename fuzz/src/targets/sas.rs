//! SAS: a token that is made is read, covers its audience and is signed by its key only; any text is only refused.

use crate::input::{Input, text_of};
use iothub_protocol::sas::{Key, Token, device_audience, make_token};

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    let _ = Key::from_base64(&text).map(|key| {
        let again = Key::from_base64(key.to_base64().expose());
        assert_eq!(again.as_ref(), Ok(&key));
    });
    if let Ok(token) = Token::parse(&text) {
        let _ = (token.expires(), token.policy(), token.audience(), format!("{token:?}"));
        let _ = token.covers("localhost", "device-1", None);
        let _ = token.covers("localhost", "device-1", Some("m"));
        let _ = token.covers_path("localhost", "/devices/device-1");
        assert!(!token.is_signed_by([&Key::from_bytes(b"a key that the input does not know")]));
    }
    made(&mut Input::new(data));
}

fn made(input: &mut Input<'_>) {
    let (host, device, module) = (input.text(), input.text(), input.flag().then(|| input.text()));
    let key = Key::from_bytes(input.bytes());
    let policy = input.flag().then(|| input.text());
    let expires = u64::from(input.short()) << (input.byte() % 48);
    let sr = device_audience(&host, &device, module.as_deref());
    let made = make_token(&sr, &key, expires, policy.as_deref());
    let token = Token::parse(made.expose()).expect("a token that is made is read");
    assert_eq!(token.expires(), expires);
    assert_eq!(token.policy(), policy.as_deref().filter(|name| !name.is_empty()));
    assert!(token.is_signed_by([&key]), "its own key");
    let mut longer = input.bytes().to_vec();
    longer.push(1);
    let other = Key::from_bytes(&longer);
    // HMAC fills a short key up with zeros, so equal is what is equal behind them.
    if !longer.is_empty() && other.to_base64() != key.to_base64() && !is_padded(&key, &other) {
        assert!(!token.is_signed_by([&other]), "another key");
    }
    let whole = |text: &str| !text.is_empty() && !text.contains('/');
    if whole(&host) && whole(&device) && module.as_deref().is_none_or(whole) {
        assert!(token.covers(&host, &device, module.as_deref()), "the audience covers itself");
        assert!(!token.covers(&host, &format!("{device}x"), module.as_deref()), "and no other device");
    }
}

fn is_padded(one: &Key, other: &Key) -> bool {
    one.sign("") == other.sign("")
}
