//! What goes out of the machine. The driver drains [`Output`]s with `poll_output` after every call into the
//! device, until there are none, and calls `handle_timeout` when `poll_timeout` says so.

use crate::error::Error;

/// A socket, numbered by the device; a renewal has two for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

/// A call of the application, numbered by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u32);

/// A C2D message that waits for its handler, numbered by the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u32);

/// A method call that waits for its answer, numbered by the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// A request for a token, numbered by the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub u32);

/// What the driver has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Open a WebSocket with the subprotocol `mqtt`.
    Open {
        /// Its number from now on.
        socket: SocketId,
        /// Where to.
        url: String,
    },
    /// Write these bytes as one frame.
    Transmit {
        /// Which socket.
        socket: SocketId,
        /// All that is due.
        bytes: Vec<u8>,
    },
    /// Close it; nothing that comes from it any more matters.
    Close {
        /// Which socket.
        socket: SocketId,
    },
    /// Ask the application for a token; answer with `token_arrived`.
    NeedToken {
        /// Number to answer with.
        request: TokenId,
        /// What the token is for (`sr`), percent-encoded as it goes into the token.
        audience: String,
        /// When it should end, in seconds since 1970.
        expires_at: u64,
    },
    /// The answer to that request is of no use any more.
    ForgetToken {
        /// Which request.
        request: TokenId,
    },
    /// A call has ended.
    Settled {
        /// Which call.
        op: OpId,
        /// How.
        outcome: Result<Settlement, Error>,
    },
    /// Something happened.
    Event(Event),
}

/// How a call ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Connected for the first time, with all subscriptions that were wanted by then.
    Connected,
    /// The hub has confirmed every subscription.
    Subscribed,
    /// The PUBACK is there (QoS 1), or the packet left (QoS 0).
    Sent,
    /// The twin, as JSON text with `desired` and `reported`.
    Twin(String),
    /// The reported patch was taken.
    Reported {
        /// The new version; an Edge hub does not say.
        version: Option<u64>,
    },
    /// Closed.
    Closed,
}

/// The state of the link, as the application sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The first connection is being made.
    Connecting,
    /// Work flows.
    Connected,
    /// The link is lost; another one is being made, or waited for.
    Reconnecting,
    /// Given up: the reason says why and what to do.
    Disconnected,
    /// Closed by the application.
    Closed,
}

impl State {
    /// The word that JavaScript sees.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Disconnected => "disconnected",
            Self::Closed => "closed",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The link's state changed.
    Status {
        /// The new state.
        state: State,
        /// Why: a short stable word.
        reason: &'static str,
        /// Why, for people.
        detail: String,
        /// When the next attempt is due, in milliseconds from now.
        retry_in: Option<u64>,
    },
    /// A C2D message; answer with `message_handled`.
    Message {
        /// Number to answer with.
        delivery: DeliveryId,
        /// The input it came to, for a module behind an Edge hub; still encoded.
        input: Option<String>,
        /// Its property bag, still encoded.
        bag: String,
        /// Its body.
        body: Vec<u8>,
        /// Set when the hub has sent it before.
        dup: bool,
    },
    /// A change of the desired properties, in `$version` order, once.
    Desired {
        /// What changed, as JSON text; `null` for what was removed.
        patch: String,
        /// The version it leads to.
        version: u64,
        /// The patch is all there is: for who does not know anything yet.
        complete: bool,
    },
    /// A method was called; answer with `answer_method`.
    Method {
        /// Number to answer with.
        call: CallId,
        /// The method's name.
        name: String,
        /// The payload as it came; empty when there was none.
        payload: Vec<u8>,
    },
    /// The caller of a method can not be answered any more.
    MethodGone {
        /// Which call.
        call: CallId,
    },
    /// A packet crossed the link; only when packets are watched.
    Packet {
        /// From the device to the hub.
        outgoing: bool,
        /// The packet; a CONNECT has its signature cut out.
        bytes: Vec<u8>,
    },
}
