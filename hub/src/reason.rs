//! Why a link ended or was refused: a stable code and a sentence. MQTT 3.1.1 tells a client nothing, so the
//! hub tells the log, `/local/events` and the page.

use std::borrow::Cow;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// The stable code of a reason. Listed in `docs/hub.md`; a test keeps the list complete.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code, kebab-case, as `/local/events` has it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

reasons! {
    /// Connected; no end at all.
    Accepted = "accepted";
    /// DISCONNECT came: a clean end.
    ClientDisconnected = "client-disconnected";
    /// The socket closed without DISCONNECT.
    ConnectionLost = "connection-lost";
    /// Another link took this identity over.
    TakenOver = "taken-over";
    /// Nothing came for 1.5 times the keep-alive.
    KeepAliveTimeout = "keep-alive-timeout";
    /// The token of a live link ended, and so did the grace.
    TokenExpired = "token-expired";
    /// No CONNECT within a minute.
    ConnectTimeout = "connect-timeout";
    /// The first packet was not CONNECT.
    ConnectExpected = "connect-expected";
    /// A second CONNECT came.
    SecondConnect = "second-connect";
    /// The bytes are no MQTT 3.1.1.
    MalformedPacket = "malformed-packet";
    /// A packet that only a server sends, or that does not belong here.
    UnexpectedPacket = "unexpected-packet";
    /// The protocol level is not 4.
    ProtocolLevel = "protocol-level";
    /// The user name is not `{host}/{device}/?api-version=…`.
    BadUserName = "bad-user-name";
    /// The client id is not the identity of the user name.
    ClientIdMismatch = "client-id-mismatch";
    /// The user name names another hub.
    HostMismatch = "host-mismatch";
    /// Neither token nor client certificate.
    PasswordMissing = "password-missing";
    /// The password is no token.
    MalformedToken = "malformed-token";
    /// The token is for something else.
    TokenAudience = "token-audience";
    /// The token's `se` has passed.
    TokenExpiredAtConnect = "token-expired-at-connect";
    /// The key that signed is not one of the identity's.
    TokenSignature = "token-signature";
    /// The token names a policy that is unknown or may not connect devices.
    TokenPolicy = "token-policy";
    /// The identity is registered for another way of proving itself.
    AuthenticationType = "authentication-type";
    /// The client certificate is not the one that is registered.
    CertificateMismatch = "certificate-mismatch";
    /// No such device or module.
    UnknownDevice = "unknown-device";
    /// The device is disabled.
    DeviceDisabled = "device-disabled";
    /// The device was deleted while connected.
    DeviceDeleted = "device-deleted";
    /// PUBLISH with QoS 2.
    Qos2Publish = "qos2-publish";
    /// PUBLISH to a topic the hub does not know.
    UnknownTopic = "unknown-topic";
    /// A topic or filter of another identity.
    ForeignTopic = "foreign-topic";
    /// SUBSCRIBE to a filter the hub does not know.
    UnknownFilter = "unknown-filter";
    /// A sixth subscription.
    TooManySubscriptions = "too-many-subscriptions";
    /// A message over its limit.
    MessageTooLarge = "message-too-large";
    /// The client does not read what it is sent.
    SlowReader = "slow-reader";
    /// Too many operations; the hub has waited long enough.
    Throttled = "throttled";
    /// The messages of the day are used up.
    QuotaExceeded = "quota-exceeded";
    /// `/local/faults` asked for it.
    Fault = "fault";
    /// `/local/faults` restarted the hub, or `/local/reset` emptied it.
    Restarted = "restarted";
    /// The hub process ends.
    HubStopping = "hub-stopping";
}

/// Characters of a client's own words that a sentence shows.
const SHOWN: usize = 200;
/// Characters of a sentence; nobody reads more, and a client decides how long its words are.
const DETAIL: usize = 2000;

/// What a client said, as much as a sentence shows of it.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    cut(text, SHOWN)
}

fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}… ({} bytes)", &text[..end], text.len())),
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
        let detail = detail.into();
        let detail = match cut(&detail, DETAIL) {
            Cow::Owned(cut) => cut,
            Cow::Borrowed(_) => detail,
        };
        Self { reason, detail }
    }
}
