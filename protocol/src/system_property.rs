//! The system properties of a message: their key in a bag, their name in routing, and who may set them.
//!
//! One table serves the device (writing D2C, reading C2D) and the hub (the other way round, and `/local/events`).

/// A property that the hub itself understands. PROTOCOL: 6.2 of the fact sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SystemProperty {
    /// `$.mid`: up to 128 characters, chosen by the sender.
    MessageId,
    /// `$.cid`: often present and empty in C2D.
    CorrelationId,
    /// `$.uid`: in C2D set by the sending service.
    UserId,
    /// `$.to`: the destination of a C2D message.
    To,
    /// `$.ct`: `application/json` is what body routing needs.
    ContentType,
    /// `$.ce`: `utf-8`, `utf-16` or `utf-32`.
    ContentEncoding,
    /// `$.ctime` or `iothub-creation-time-utc`: when the sender made it, ISO 8601.
    CreationTimeUtc,
    /// `$.exp`: .NET round-trip form with seven decimals.
    AbsoluteExpiryTime,
    /// `$.on`: the output of a module.
    OutputName,
    /// `$.ifid`: marks a security message.
    InterfaceId,
    /// `$.sub`: the Plug and Play component.
    Subject,
    /// `$.schema`: the message's schema.
    MessageSchema,
    /// `$.cdid`: the sending device of a module input.
    ConnectionDeviceId,
    /// `$.cmid`: the sending module of a module input.
    ConnectionModuleId,
    /// `$.diagid`: tracing.
    DiagnosticId,
    /// `$.diagctx`: tracing.
    DiagnosticContext,
    /// `iothub-ack`: which feedback the sender of a C2D message asked for. Not prefixed.
    Ack,
    /// `iothub-operation`: rare. Not prefixed.
    Operation,
}

use SystemProperty as P;

/// Bag key (decoded) and property. The first row of a property is the one that is written.
const KEYS: [(&str, P); 20] = [
    ("$.mid", P::MessageId),
    ("$.cid", P::CorrelationId),
    ("$.uid", P::UserId),
    ("$.to", P::To),
    ("$.ct", P::ContentType),
    ("$.ce", P::ContentEncoding),
    ("$.ctime", P::CreationTimeUtc),
    ("iothub-creation-time-utc", P::CreationTimeUtc),
    ("$.exp", P::AbsoluteExpiryTime),
    ("$.on", P::OutputName),
    ("$.ifid", P::InterfaceId),
    ("$.sub", P::Subject),
    ("dt-subject", P::Subject),
    ("$.schema", P::MessageSchema),
    ("$.cdid", P::ConnectionDeviceId),
    ("$.cmid", P::ConnectionModuleId),
    ("$.diagid", P::DiagnosticId),
    ("$.diagctx", P::DiagnosticContext),
    ("iothub-ack", P::Ack),
    ("iothub-operation", P::Operation),
];

impl SystemProperty {
    /// The property that a decoded bag key names; none for an application property.
    #[must_use]
    pub fn from_bag_key(key: &str) -> Option<Self> {
        // Most keys are the application's own; their first byte rules them out at once.
        if !matches!(key.as_bytes().first(), Some(b'$' | b'i' | b'd')) {
            return None;
        }
        KEYS.iter().find(|row| row.0 == key).map(|row| row.1)
    }

    /// The bag key, decoded: `$.mid`.
    #[must_use]
    pub fn bag_key(self) -> &'static str {
        // Every property has a row: a test counts them. The first row would only misname one.
        KEYS.iter().find(|row| row.1 == self).unwrap_or(&KEYS[0]).0
    }

    /// The name in routing and in `/local/events`: `message-id`.
    #[must_use]
    pub fn routing_name(self) -> &'static str {
        match self {
            P::MessageId => "message-id",
            P::CorrelationId => "correlation-id",
            P::UserId => "user-id",
            P::To => "to",
            P::ContentType => "content-type",
            P::ContentEncoding => "content-encoding",
            P::CreationTimeUtc => "iothub-creation-time-utc",
            P::AbsoluteExpiryTime => "absolute-expiry-time",
            P::OutputName => "iothub-outputname",
            P::InterfaceId => "iothub-interface-id",
            P::Subject => "dt-subject",
            P::MessageSchema => "iothub-message-schema",
            P::ConnectionDeviceId => "iothub-connection-device-id",
            P::ConnectionModuleId => "iothub-connection-module-id",
            P::DiagnosticId => "diagnostic-id",
            P::DiagnosticContext => "diagnostic-context",
            P::Ack => "iothub-ack",
            P::Operation => "iothub-operation",
        }
    }

    /// The bag key as it is written, ready-made: `%24.mid`.
    #[must_use]
    pub fn written_key(self) -> &'static str {
        match self {
            P::MessageId => "%24.mid",
            P::CorrelationId => "%24.cid",
            P::UserId => "%24.uid",
            P::To => "%24.to",
            P::ContentType => "%24.ct",
            P::ContentEncoding => "%24.ce",
            P::CreationTimeUtc => "%24.ctime",
            P::AbsoluteExpiryTime => "%24.exp",
            P::OutputName => "%24.on",
            P::InterfaceId => "%24.ifid",
            P::Subject => "%24.sub",
            P::MessageSchema => "%24.schema",
            P::ConnectionDeviceId => "%24.cdid",
            P::ConnectionModuleId => "%24.cmid",
            P::DiagnosticId => "%24.diagid",
            P::DiagnosticContext => "%24.diagctx",
            P::Ack => "iothub-ack",
            P::Operation => "iothub-operation",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::percent;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn written_keys_decode_to_bag_keys() {
        for (_, property) in KEYS {
            assert_eq!(percent::decode(property.written_key()), property.bag_key());
            assert_eq!(SystemProperty::from_bag_key(property.bag_key()), Some(property));
        }
    }

    #[test]
    fn application_names_are_not_system_properties() {
        for name in ["level", "iothub-MessageType", "$.nope", "", "ct"] {
            assert_eq!(SystemProperty::from_bag_key(name), None);
        }
    }
}
