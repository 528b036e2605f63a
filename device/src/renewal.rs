//! Renewal: a token can not be changed on a live MQTT link, so a new link takes over before the old token ends.
//!
//! Token first, then the new socket, then the old link's open work, then DISCONNECT there and CONNECT here. The
//! application sees no gap but a short delay; if anything fails on the way, the old link simply goes on.

use crate::config::Credentials;
use crate::device::Device;
use crate::error::Error;
use crate::io::{Output, SocketId, State, TokenId};
use crate::life::{Phase, TOKEN_TIMEOUT};
use crate::token::Held;

/// How far a renewal is.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// Nothing to renew.
    None,
    /// Due then.
    At(u64),
    /// The application was asked for a token.
    AwaitingToken { request: TokenId, until: u64 },
    /// The new socket is being opened.
    Opening { socket: SocketId, until: u64 },
    /// It is open; running method and message handlers may finish first, until then.
    Patient { socket: SocketId, until: u64 },
    /// Nothing new is sent on the old link; what is open may finish, until then.
    Draining { socket: SocketId, until: u64 },
    /// DISCONNECT left on the old link. CONNECT waits until the hub has closed it, or until then: it travels on
    /// another socket, and a hub that reads it first takes the old link for a lost one and sends its will.
    Leaving { socket: SocketId, until: u64 },
    /// CONNECT left on the new link.
    Swapping,
}

/// How long handlers may hold a swap up, in milliseconds.
const PATIENCE: u64 = 10_000;
/// How long the hub may take to close the old link, in milliseconds.
const GOODBYE: u64 = 1_000;
/// First wait after a renewal that failed, in milliseconds; doubles up to the back-off's longest wait.
const RETRY_BASE: u64 = 2_000;
/// First wait before a connection that brings a failed message again, in milliseconds; doubles up to the other.
const AGAIN_BASE: u64 = 10_000;
const AGAIN_CAP: u64 = 300_000;
/// A token is renewed at the latest this long before its end, in milliseconds, if it lives long enough.
const MARGIN: u64 = 60_000;

impl Renewal {
    pub(crate) fn awaits(&self, wanted: TokenId) -> bool {
        matches!(self, Self::AwaitingToken { request, .. } if *request == wanted)
    }

    pub(crate) fn is_draining(&self) -> bool {
        matches!(self, Self::Draining { .. } | Self::Leaving { .. })
    }

    /// Nothing may follow a DISCONNECT.
    pub(crate) fn has_left(&self) -> bool {
        matches!(self, Self::Leaving { .. })
    }

    fn socket(&self) -> Option<SocketId> {
        match self {
            Self::Opening { socket, .. }
            | Self::Patient { socket, .. }
            | Self::Draining { socket, .. }
            | Self::Leaving { socket, .. } => Some(*socket),
            _ => None,
        }
    }

    pub(crate) fn has_socket(&self, wanted: SocketId) -> bool {
        self.socket() == Some(wanted)
    }

    /// The new socket is open.
    pub(crate) fn opened(&mut self, wanted: SocketId, now: u64) -> bool {
        let ours = matches!(self, Self::Opening { socket, .. } if *socket == wanted);
        if ours {
            *self = Self::Patient { socket: wanted, until: now + PATIENCE };
        }
        ours
    }

    /// The open new socket, when the old link dies before the swap.
    pub(crate) fn take_open_socket(&mut self) -> Option<SocketId> {
        match self {
            Self::Patient { socket, .. } | Self::Draining { socket, .. } | Self::Leaving { socket, .. } => {
                let socket = *socket;
                *self = Self::None;
                Some(socket)
            }
            _ => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        match self {
            Self::At(until)
            | Self::AwaitingToken { until, .. }
            | Self::Opening { until, .. }
            | Self::Patient { until, .. }
            | Self::Draining { until, .. }
            | Self::Leaving { until, .. } => Some(*until),
            Self::None | Self::Swapping => None,
        }
    }
}

impl Device {
    /// Plans the renewal of the token that the link was just made with.
    pub(crate) fn schedule_renewal(&mut self) {
        self.renewal = match (&self.config.credentials, &self.held) {
            (Credentials::Token(_), _) | (_, None) => Renewal::None,
            (_, Some(held)) => {
                let left = held.expires.saturating_mul(1000).saturating_sub(self.at.unix_ms);
                // 75 to 85 % of its life, so that a fleet does not renew as one.
                let share = left.saturating_mul(self.random.between(750, 850)) / 1000;
                let margin = left.saturating_sub(MARGIN).max(left / 2);
                Renewal::At(self.at.now + share.min(margin))
            }
        };
    }

    /// The wall clock is another: the token may end sooner than was planned for.
    pub(crate) fn rejudge_token(&mut self) {
        if let Renewal::At(before) = self.renewal {
            self.schedule_renewal();
            let due = self.renewal.deadline().map_or(before, |due| due.min(before));
            self.renewal = Renewal::At(due);
        }
    }

    /// The application's token for a renewal is there.
    pub(crate) fn renew_with(&mut self, held: Held) {
        // A provider that keeps its last token would have us renew faster and faster until its end.
        if self.held.as_ref().is_some_and(|old| old.lasts(self.at) && held.expires <= old.expires) {
            let text = "the token provider gave a token that ends no later than the present one";
            return self.renewal_failed(&Error::new(crate::error::Code::TokenProvider, text));
        }
        self.held = Some(held);
        self.open_spare();
    }

    /// Opens the new link's socket beside the old one.
    pub(crate) fn open_spare(&mut self) {
        let socket = self.new_socket();
        self.renewal = Renewal::Opening { socket, until: self.at.now + self.config.options.open_timeout };
    }

    /// A message whose handler failed comes again on another connection only, and all behind it too: there is one
    /// after a while, and after a longer while if it fails there again.
    pub(crate) fn bring_again(&mut self) {
        let top = (AGAIN_BASE << self.failed_messages.min(10)).min(AGAIN_CAP);
        self.failed_messages = self.failed_messages.saturating_add(1);
        let due = self.at.now + self.random.between(top / 2, top);
        match &mut self.renewal {
            Renewal::At(until) => *until = due.min(*until),
            Renewal::None if matches!(self.phase, Phase::Online) => self.renewal = Renewal::At(due),
            _ => {}
        }
    }

    pub(crate) fn renewal_failed(&mut self, error: &Error) {
        self.drop_spare();
        // Growing waits: the old link may live on for minutes after its token, and so may the trouble.
        let top = (RETRY_BASE << self.renewal_failures.min(10))
            .min(self.config.options.backoff_cap.max(RETRY_BASE));
        self.renewal_failures = self.renewal_failures.saturating_add(1);
        let wait = self.random.between(top / 2, top);
        self.renewal = Renewal::At(self.at.now + wait);
        let text = format!("{}; the link goes on with the old token, next try in {wait} ms", error.message);
        self.status(State::Connected, "renewal-delayed", text, Some(wait));
    }

    /// Gives up what a renewal has begun.
    pub(crate) fn drop_spare(&mut self) {
        if let Some(socket) = self.renewal.socket() {
            self.outputs.push_back(Output::Close { socket });
        }
        if let Renewal::AwaitingToken { request, .. } = self.renewal {
            self.outputs.push_back(Output::ForgetToken { request });
        }
        self.renewal = Renewal::None;
    }

    pub(crate) fn renewal_timeout(&mut self) {
        let now = self.at.now;
        match self.renewal {
            Renewal::At(due) if now >= due => self.begin_renewal(),
            Renewal::AwaitingToken { until, .. } if now >= until => {
                let text = format!("the token provider gave nothing for {} s", TOKEN_TIMEOUT / 1000);
                self.renewal_failed(&Error::new(crate::error::Code::TokenProvider, text));
            }
            Renewal::Opening { until, .. } if now >= until => {
                let text = "the new link's WebSocket did not open in time";
                self.renewal_failed(&Error::new(crate::error::Code::Network, text));
            }
            Renewal::Leaving { until, .. } if now >= until => {
                self.lose_link("network", "the old link took too long to close".to_owned(), true);
            }
            _ => self.drain_when_quiet(),
        }
        self.swap_when_drained();
    }

    fn begin_renewal(&mut self) {
        let good = self.held.as_ref().is_some_and(|held| held.is_good(self.at));
        if self.inbox.is_stuck() && good {
            self.open_spare();
        } else if matches!(self.config.credentials, Credentials::Token(_)) {
            self.renewal = Renewal::None;
        } else if matches!(self.config.credentials, Credentials::Provider) {
            let request = self.ask_token();
            self.renewal = Renewal::AwaitingToken { request, until: self.at.now + TOKEN_TIMEOUT };
        } else {
            self.open_spare();
        }
    }

    /// Handlers that run get the chance to answer on the link that asked.
    pub(crate) fn drain_when_quiet(&mut self) {
        if let Renewal::Patient { socket, until } = self.renewal
            && (self.at.now >= until || (self.methods.is_idle() && self.inbox.is_idle()))
        {
            let until = self.at.now + self.config.options.drain_timeout;
            self.renewal = Renewal::Draining { socket, until };
        }
    }

    pub(crate) fn swap_when_drained(&mut self) {
        let Renewal::Draining { socket, until } = self.renewal else { return };
        let drained = !self.in_flight.is_awaited() && !self.requests.is_waiting();
        if !drained && self.at.now < until {
            return;
        }
        let is_provided = matches!(self.config.credentials, Credentials::Provider);
        if is_provided && self.held.as_ref().is_some_and(|held| !held.lasts(self.at)) {
            let text = "the new token ended before the new link was ready";
            return self.renewal_failed(&Error::new(crate::error::Code::TokenProvider, text));
        }
        self.say_goodbye();
        self.renewal = Renewal::Leaving { socket, until: self.at.now + GOODBYE };
    }
}
