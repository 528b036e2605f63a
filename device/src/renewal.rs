//! Renewal: a token can not be changed on a live MQTT link, so a new link takes over before the old token ends.
//!
//! Token first, then the new socket, then the old link's open work, then DISCONNECT there and CONNECT here. The
//! application sees no gap but a short delay; if anything fails on the way, the old link simply goes on.

use crate::config::Credentials;
use crate::device::Device;
use crate::error::Error;
use crate::io::{Output, SocketId, State, TokenId};
use crate::life::TOKEN_TIMEOUT;

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
    /// CONNECT left on the new link.
    Swapping,
}

/// How long handlers may hold a swap up, in milliseconds.
const PATIENCE: u64 = 10_000;
/// A token is renewed at the latest this long before its end, in milliseconds, if it lives long enough.
const MARGIN: u64 = 60_000;

impl Renewal {
    pub(crate) fn awaits(&self, wanted: TokenId) -> bool {
        matches!(self, Self::AwaitingToken { request, .. } if *request == wanted)
    }

    pub(crate) fn is_draining(&self) -> bool {
        matches!(self, Self::Draining { .. })
    }

    fn socket(&self) -> Option<SocketId> {
        match self {
            Self::Opening { socket, .. } | Self::Patient { socket, .. } | Self::Draining { socket, .. } => {
                Some(*socket)
            }
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
            Self::Patient { socket, .. } | Self::Draining { socket, .. } => {
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
            | Self::Draining { until, .. } => Some(*until),
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

    /// Opens the new link's socket beside the old one.
    pub(crate) fn open_spare(&mut self) {
        let socket = self.new_socket();
        self.renewal = Renewal::Opening { socket, until: self.at.now + self.config.options.open_timeout };
    }

    pub(crate) fn renewal_failed(&mut self, error: &Error) {
        self.drop_spare();
        let wait = self.random.between(1_000, 5_000);
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
            _ => self.drain_when_quiet(),
        }
        self.swap_when_drained();
    }

    fn begin_renewal(&mut self) {
        if matches!(self.config.credentials, Credentials::Provider) {
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
        let drained = self.in_flight.is_empty() && !self.requests.is_waiting();
        if !drained && self.at.now < until {
            return;
        }
        // Taken out first, so that leaving the old link does not close the new one.
        self.renewal = Renewal::None;
        self.leave();
        self.connect_on(socket);
    }
}
