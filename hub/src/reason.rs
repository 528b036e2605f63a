//! Why a link ended or was refused: a stable code and a sentence. MQTT 3.1.1 tells a client nothing, so the
//! hub tells the log, `/local/events` and the page.

/// The stable code of a reason. Listed in `docs/hub.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Connected; no end at all.
    Accepted,
    /// DISCONNECT came: a clean end.
    ClientDisconnected,
    /// The socket closed without DISCONNECT.
    ConnectionLost,
    /// Another link took this identity over.
    TakenOver,
    /// Nothing came for 1.5 times the keep-alive.
    KeepAliveTimeout,
    /// The token of a live link ended, and so did the grace.
    TokenExpired,
    /// No CONNECT within a minute.
    ConnectTimeout,
    /// The first packet was not CONNECT.
    ConnectExpected,
    /// A second CONNECT came.
    SecondConnect,
    /// The bytes are no MQTT 3.1.1.
    MalformedPacket,
    /// A packet that only a server sends, or that does not belong here.
    UnexpectedPacket,
    /// The protocol level is not 4.
    ProtocolLevel,
    /// The user name is not `{host}/{device}/?api-version=…`.
    BadUserName,
    /// The client id is not the identity of the user name.
    ClientIdMismatch,
    /// The user name names another hub.
    HostMismatch,
    /// Neither token nor client certificate.
    PasswordMissing,
    /// The password is no token.
    MalformedToken,
    /// The token is for something else.
    TokenAudience,
    /// The token's `se` has passed.
    TokenExpiredAtConnect,
    /// The key that signed is not one of the identity's.
    TokenSignature,
    /// The token names a policy that is unknown or may not connect devices.
    TokenPolicy,
    /// The identity is registered for another way of proving itself.
    AuthenticationType,
    /// The client certificate is not the one that is registered.
    CertificateMismatch,
    /// No such device or module.
    UnknownDevice,
    /// The device is disabled.
    DeviceDisabled,
    /// The device was deleted while connected.
    DeviceDeleted,
    /// PUBLISH with QoS 2.
    Qos2Publish,
    /// PUBLISH to a topic the hub does not know.
    UnknownTopic,
    /// A topic or filter of another identity.
    ForeignTopic,
    /// SUBSCRIBE to a filter the hub does not know.
    UnknownFilter,
    /// A sixth subscription.
    TooManySubscriptions,
    /// A message over its limit.
    MessageTooLarge,
    /// The client does not read what it is sent.
    SlowReader,
    /// Too many operations; the hub has waited long enough.
    Throttled,
    /// The messages of the day are used up.
    QuotaExceeded,
    /// `/local/faults` asked for it.
    Fault,
    /// `/local/faults` restarted the hub, or `/local/reset` emptied it.
    Restarted,
    /// The hub process ends.
    HubStopping,
}

impl Reason {
    /// The code, kebab-case, as `/local/events` has it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::ClientDisconnected => "client-disconnected",
            Self::ConnectionLost => "connection-lost",
            Self::TakenOver => "taken-over",
            Self::KeepAliveTimeout => "keep-alive-timeout",
            Self::TokenExpired => "token-expired",
            Self::ConnectTimeout => "connect-timeout",
            Self::ConnectExpected => "connect-expected",
            Self::SecondConnect => "second-connect",
            Self::MalformedPacket => "malformed-packet",
            Self::UnexpectedPacket => "unexpected-packet",
            Self::ProtocolLevel => "protocol-level",
            Self::BadUserName => "bad-user-name",
            Self::ClientIdMismatch => "client-id-mismatch",
            Self::HostMismatch => "host-mismatch",
            Self::PasswordMissing => "password-missing",
            Self::MalformedToken => "malformed-token",
            Self::TokenAudience => "token-audience",
            Self::TokenExpiredAtConnect => "token-expired-at-connect",
            Self::TokenSignature => "token-signature",
            Self::TokenPolicy => "token-policy",
            Self::AuthenticationType => "authentication-type",
            Self::CertificateMismatch => "certificate-mismatch",
            Self::UnknownDevice => "unknown-device",
            Self::DeviceDisabled => "device-disabled",
            Self::DeviceDeleted => "device-deleted",
            Self::Qos2Publish => "qos2-publish",
            Self::UnknownTopic => "unknown-topic",
            Self::ForeignTopic => "foreign-topic",
            Self::UnknownFilter => "unknown-filter",
            Self::TooManySubscriptions => "too-many-subscriptions",
            Self::MessageTooLarge => "message-too-large",
            Self::SlowReader => "slow-reader",
            Self::Throttled => "throttled",
            Self::QuotaExceeded => "quota-exceeded",
            Self::Fault => "fault",
            Self::Restarted => "restarted",
            Self::HubStopping => "hub-stopping",
        }
    }
}

/// A reason with its sentence: what happened, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The stable code.
    pub reason: Reason,
    /// The sentence. Never holds a key or a token.
    pub detail: String,
}

impl Cause {
    /// A reason with its sentence.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}
