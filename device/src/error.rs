//! Everything that can go wrong for an application, as one table of codes.
//!
//! A message says what happened, why it is believed, and what to do; it never holds a key or a token.

use iothub_protocol::connection_string::ConnectionStringError;
use iothub_protocol::identity::IdentityError;
use std::fmt;

/// A failure, as the application gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Stable; what a program branches on.
    pub code: Code,
    /// For people: cause, evidence, cure.
    pub message: String,
}

impl Error {
    /// A failure with its message.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $retryable:literal;)*) => {
        /// The stable codes; in JavaScript `IotHubError.code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name),* }

        impl Code {
            /// Every code, in the order of the docs.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as applications see it.
            #[must_use]
            #[inline(never)]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Whether the same call may succeed later without a change.
            #[must_use]
            pub fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable),* }
            }
        }
    };
}

codes! {
    /// The connection string is malformed or lacks a part.
    ConnectionString = "connection-string", false;
    /// A hub's (service) string was given instead of a device's.
    HubConnectionString = "hub-connection-string", false;
    /// The key is not base64.
    KeyFormat = "key-format", false;
    /// An id breaks the hub's rules.
    Identity = "identity", false;
    /// The host name is malformed or lacks its domain.
    HostName = "host-name", false;
    /// Plain WebSocket was asked for to a host that is not this machine.
    LocalHubOnly = "local-hub-only", false;
    /// The credentials are for a client certificate, which a page can not choose.
    ClientCertificate = "client-certificate", false;
    /// An option or argument has a wrong type or value.
    Argument = "argument", false;
    /// A message may be sent with QoS 0 or 1; the hub closes the link on 2.
    QualityOfService = "quality-of-service", false;
    /// A property's name is empty or reserved.
    PropertyName = "property-name", false;
    /// The message exceeds 256 KB.
    MessageTooLarge = "message-too-large", false;
    /// The topic, which holds all properties, exceeds 65,535 bytes.
    TopicTooLong = "topic-too-long", false;
    /// The outbox is full and set to reject.
    OutboxFull = "outbox-full", true;
    /// The message was the oldest one in a full outbox that drops the oldest.
    OutboxDropped = "outbox-dropped", true;
    /// The client was closed.
    Closed = "closed", false;
    /// The caller's signal aborted the call.
    Aborted = "aborted", false;
    /// The call took longer than its time-out.
    Timeout = "timeout", true;
    /// The hub could not be reached.
    Network = "network", true;
    /// The hub refused the credentials twice, the second time with a fresh token.
    Unauthorized = "unauthorized", false;
    /// The ready-made token has ended and there is nothing to make another with.
    TokenExpired = "token-expired", false;
    /// The token provider failed, or gave something that is no token.
    TokenProvider = "token-provider", true;
    /// A fresh token is already past its end: this machine's clock, or the signer's, is wrong.
    ClockOff = "clock-off", false;
    /// The hub is unavailable, or the device is disabled.
    HubUnavailable = "hub-unavailable", true;
    /// The hub refused protocol or client id.
    HubRefused = "hub-refused", false;
    /// Another client holds this identity.
    TakenOver = "taken-over", true;
    /// The hub throttles.
    Throttled = "throttled", true;
    /// The hub found the twin request faulty.
    TwinBadRequest = "twin-bad-request", false;
    /// The twin has another version than the request asked for.
    TwinPrecondition = "twin-precondition", false;
    /// The hub failed on its side.
    HubError = "hub-error", true;
    /// The hub sent something that is not MQTT 3.1.1.
    Protocol = "protocol", true;
    /// This runtime lacks something the client needs.
    Runtime = "runtime", false;
    /// A fault in this library.
    Internal = "internal", false;
}

impl From<ConnectionStringError> for Error {
    fn from(error: ConnectionStringError) -> Self {
        use ConnectionStringError as E;
        let code = match &error {
            E::HubString { .. } => Code::HubConnectionString,
            E::ClientCertificate => Code::ClientCertificate,
            E::Key(_) => Code::KeyFormat,
            E::Identity(_) => Code::Identity,
            E::HostName { .. } | E::HostSuffixMissing { .. } => Code::HostName,
            E::LocalHubElsewhere { .. } => Code::LocalHubOnly,
            _ => Code::ConnectionString,
        };
        Self::new(code, error.to_string())
    }
}

impl From<IdentityError> for Error {
    fn from(error: IdentityError) -> Self {
        Self::new(Code::Identity, error.to_string())
    }
}
