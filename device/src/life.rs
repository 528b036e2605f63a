//! The life of a link: token, socket, CONNECT, CONNACK, loss, the wait before the next one, and giving up.

use crate::backoff::Cause;
use crate::clock::earlier;
use crate::config::Credentials;
use crate::device::Device;
use crate::error::{Code, Error};
use crate::io::{Output, SocketId, State, TokenId};
use crate::mqtt::{Link, Verdict};
use crate::renewal::Renewal;
use crate::token::{self, Held};
use iothub_protocol::packet;
use iothub_protocol::secret::Secret;
use iothub_protocol::time;

/// Where the link is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Not connected yet, not asked to.
    Idle,
    /// The application was asked for a token.
    AwaitingToken { request: TokenId, until: u64 },
    /// A socket is being opened.
    Opening { since: u64, until: u64 },
    /// CONNECT has left.
    Handshake { since: u64, until: u64 },
    /// CONNACK came.
    Online,
    /// The next attempt is due then.
    Waiting { until: u64, cause: Cause },
    /// Given up, for this reason.
    Stopped(Error),
    /// Closed for the application; handlers have a moment to settle before DISCONNECT.
    Parting,
    /// Closed by the application.
    Closed,
}

/// A token provider has this long, in milliseconds.
pub(crate) const TOKEN_TIMEOUT: u64 = 60_000;
/// So many tokens in a row that have ended when they come mean that a clock is wrong.
const ENDED_TOKENS: u32 = 3;

/// An attempt that is this old when the network comes back was made on the old one, in milliseconds.
const STALE: u64 = 5_000;
/// A timer that fires this much later than asked is throttled, in milliseconds.
const LATE: u64 = 5_000;

impl Device {
    /// Begins a link with what it takes first: a token, or at once the socket.
    pub(crate) fn start_link(&mut self) {
        let good = self.held.as_ref().is_some_and(|held| held.is_good(self.at));
        match &self.config.credentials {
            Credentials::Key(_) => self.open_socket(),
            // Whether a ready token is any good the hub decides, every time: this machine's clock may be the one that
            // is off.
            Credentials::Token(token) if self.held.is_none() => match Held::given(token.clone()) {
                Ok(held) => {
                    self.held = Some(held);
                    self.open_socket();
                }
                Err(error) => self.stop(error),
            },
            Credentials::Provider if !good => {
                let request = self.ask_token();
                self.phase = Phase::AwaitingToken { request, until: self.at.now + TOKEN_TIMEOUT };
            }
            _ => self.open_socket(),
        }
    }

    pub(crate) fn ask_token(&mut self) -> TokenId {
        let request = TokenId(self.next_token);
        self.next_token += 1;
        self.outputs.push_back(Output::NeedToken {
            request,
            audience: token::audience(&self.config),
            expires_at: self.at.unix_seconds() + self.config.options.token_life_seconds,
        });
        request
    }

    pub(crate) fn new_socket(&mut self) -> SocketId {
        let socket = SocketId(self.next_socket);
        self.next_socket += 1;
        self.outputs.push_back(Output::Open { socket, url: self.config.url() });
        socket
    }

    fn open_socket(&mut self) {
        let socket = self.new_socket();
        self.link = Some(Link::new(socket, self.at.now));
        let since = self.at.now;
        self.phase = Phase::Opening { since, until: since + self.config.options.open_timeout };
    }

    /// The application's token, for a first link or for a renewal.
    pub(crate) fn on_token(&mut self, request: TokenId, token: Result<Secret, String>) {
        let waited = matches!(self.phase, Phase::AwaitingToken { request: open, .. } if open == request);
        if !waited && !self.renewal.awaits(request) {
            return;
        }
        let checked = match token {
            Ok(token) => Held::check(token, &self.config, self.at, "the token provider"),
            Err(text) => Err(Error::new(Code::TokenProvider, format!("the token provider failed: {text}"))),
        };
        match checked {
            Ok(held) if waited => {
                self.ended_tokens = 0;
                self.held = Some(held);
                self.open_socket();
            }
            Ok(held) => self.renew_with(held),
            Err(error) if waited => self.token_failed(error),
            Err(error) => self.renewal_failed(&error),
        }
    }

    /// A token that has ended when it comes may be a machine that slept meanwhile; several are a wrong clock.
    fn token_failed(&mut self, error: Error) {
        if error.code == Code::ClockOff {
            self.ended_tokens += 1;
            if self.ended_tokens >= ENDED_TOKENS {
                return self.stop(error);
            }
        }
        self.wait_for(Cause::TokenProvider, "token-provider", error.message);
    }

    pub(crate) fn on_opened(&mut self, socket: SocketId) {
        if self.renewal.opened(socket, self.at.now) {
            return self.drain_when_quiet();
        }
        if self.witness_opened(socket) {
            return;
        }
        let current = self.link.as_ref().is_some_and(|link| link.socket == socket);
        if current && matches!(self.phase, Phase::Opening { .. }) {
            self.send_connect();
        }
    }

    /// Writes the CONNECT on the current link's open socket.
    pub(crate) fn send_connect(&mut self) {
        if let Some(signed) = token::sign(&self.config, self.at) {
            self.held = Some(signed);
        }
        let (Some(link), Some(held)) = (&mut self.link, &self.held) else {
            return self.stop(Error::new(Code::Internal, "a socket opened without a token at hand"));
        };
        if matches!(self.config.credentials, Credentials::Provider) && !held.lasts(self.at) {
            let text = "the token ended while the socket was being opened; asking for another one".to_owned();
            return self.lose_link("token-provider", text, true);
        }
        if let Err(error) = link.connect(&self.config, &held.token) {
            return self.stop(Error::new(Code::Argument, error.to_string()));
        }
        let since = self.at.now;
        self.phase = Phase::Handshake { since, until: since + self.config.options.connack_timeout };
    }

    pub(crate) fn on_connack(&mut self, session_present: bool, code: u8) {
        if !matches!(self.phase, Phase::Handshake { .. }) {
            return;
        }
        match code {
            0 => self.online(session_present),
            4 | 5 => self.refused(),
            3 => {
                self.drop_link();
                let text = "the hub answered CONNACK 3: the device is disabled, or the hub is unavailable or throttles";
                self.wait_for(Cause::Unavailable, "hub-unavailable", text.to_owned());
            }
            code => {
                self.drop_link();
                let code = u32::from(code);
                self.stop(Error::new(
                    Code::HubRefused,
                    format!(
                        "the hub refused the CONNECT (CONNACK {code}): protocol or client id do not suit it"
                    ),
                ));
            }
        }
    }

    fn online(&mut self, session_present: bool) {
        let first = self.connect_op.is_some();
        let renewed = matches!(self.renewal, Renewal::Swapping);
        self.refusals = 0;
        self.renewal_failures = 0;
        if !renewed {
            self.online_since = self.at.now;
            self.acked_before = self.metrics.acked;
            self.call_witness();
        }
        self.phase = Phase::Online;
        self.subscriptions.link_opened(session_present);
        self.mirror.out_of_step();
        if self.has_suspect() {
            // The answer tells a hub that listens from one that ends every connection.
            self.probe();
        }
        if let Some(link) = &mut self.link {
            link.connected_at = Some(self.at.now);
            link.keep_alive.timers_are_late(self.late_timers || self.hidden);
            self.metrics.resent += self.in_flight.len() as u64;
            self.in_flight.resend(self.at.now, &mut link.out);
        }
        self.schedule_renewal();
        // Every renewal is told, also the second in a row.
        self.last_status = None;
        let (reason, detail) = match (renewed, first) {
            (true, _) => ("token-renewed", "a new connection took over from the old one"),
            (false, true) => ("connected", "the hub accepted the connection"),
            (false, false) => ("reconnected", "the hub accepted the connection again"),
        };
        if !first {
            self.metrics.reconnects += 1;
        }
        self.status(State::Connected, reason, detail.to_owned(), None);
        self.settle_subscribed();
    }

    /// CONNACK 4 or 5: once more with a fresh token, then the end.
    #[inline(never)] // As in pump.rs: most pages are never refused.
    fn refused(&mut self) {
        self.refusals += 1;
        self.drop_link();
        let fresh = !matches!(self.config.credentials, Credentials::Token(_));
        let ended = self.held.take().and_then(|held| held.ended(self.at)).unwrap_or_default();
        if !fresh && !ended.is_empty() && self.connect_op.is_none() {
            let text = format!(
                "the token of the connection string has expired{ended}: connect with a new one, with a key, or with a token provider"
            );
            return self.stop(Error::new(Code::TokenExpired, text));
        }
        if fresh && self.refusals < 2 {
            let text = "the hub refused the token; once more with a fresh one".to_owned();
            return self.wait_for(Cause::Network, "refused", text);
        }
        let now = time::format_millis(i64::try_from(self.at.unix_ms).unwrap_or(i64::MAX));
        // A real hub gives no reason; the local one writes it down.
        let log = match self.config.local_port {
            Some(port) => {
                let port = u32::from(port);
                format!("; the local hub's log says why: http://{}:{port}/local/log", self.config.host)
            }
            None => String::new(),
        };
        let tried = if fresh { "twice, the second time with a fresh token" } else { "the given token" };
        self.stop(Error::new(
            Code::Unauthorized,
            format!(
                "the hub refused {tried} (CONNACK 5) for \"{}\" on {}{ended}: check that the device exists there, that key and id are its own (ids are case-sensitive), and that this machine's clock is right (it says {now}; 5 minutes off is too much){log}",
                self.config.identity, self.config.host
            ),
        ));
    }

    pub(crate) fn on_closed(&mut self, socket: SocketId, code: u16, why: &str) {
        let colon = if why.is_empty() { "" } else { ": " };
        let code = u32::from(code);
        let said = format!("(close code {code}{colon}{why})");
        if self.renewal.has_socket(socket) {
            let text = format!("the new link's socket closed {said}");
            if self.renewal.has_left() {
                // Behind its DISCONNECT the old link carries nothing any more.
                self.renewal = Renewal::None;
                return self.lose_link("network", text + ", and the old link was left already", true);
            }
            return self.renewal_failed(&Error::new(Code::Network, text));
        }
        if self.witness_closed(socket) || self.link.as_ref().is_none_or(|link| link.socket != socket) {
            return;
        }
        if matches!(self.phase, Phase::Opening { .. }) {
            // Another client can not keep a socket from opening.
            self.backoff.forgive();
        }
        let text = match self.phase {
            Phase::Opening { .. } => self.config.unreachable(&format!("could not be opened {said}")),
            Phase::Handshake { .. } => format!("the hub closed the link before CONNACK {said}"),
            _ => format!("the link was closed by the hub or the network {said}"),
        };
        self.lose_link("network", text, false);
    }

    /// The link is gone or given up: what hung on it is told, and the next one is prepared.
    pub(crate) fn lose_link(&mut self, reason: &'static str, detail: String, close: bool) {
        let Some(link) = &self.link else { return };
        // A renewal's new link is the old one's life gone on: it says nothing about another client.
        let life = link.connected_at.map(|_| self.at.now.saturating_sub(self.online_since));
        if life.is_some() && !close {
            let answered = link.answered;
            self.blame(answered);
        }
        let Some(link) = &self.link else { return };
        if close {
            let socket = link.socket;
            if matches!(self.phase, Phase::Handshake { .. }) {
                self.say_goodbye();
            }
            self.outputs.push_back(Output::Close { socket });
        }
        self.forget_link();
        if matches!(self.phase, Phase::Parting) {
            return self.part();
        }
        if let Some(socket) = self.renewal.take_open_socket() {
            // The renewal's new socket stands ready: it takes over at once.
            return self.connect_on(socket);
        }
        self.drop_spare();
        let mut taken_over = false;
        if let Some(life) = life {
            self.backoff.lived(life, self.metrics.acked > self.acked_before);
            // An end that was decided here says nothing about another client.
            taken_over = !close
                && self.backoff.ended_by_other_side(life, &self.config.options)
                && self.is_taken_over();
        }
        if taken_over {
            return self.yield_to_other();
        }
        let cause = if reason == "token-provider" { Cause::TokenProvider } else { Cause::Network };
        self.wait_for(cause, reason, detail);
    }

    /// Another client has the identity: waits long, and longer each time.
    #[inline(never)] // As in pump.rs: most pages never meet another client.
    fn yield_to_other(&mut self) {
        let text = format!(
            "the hub closed the last {} connections soon after connecting: another client probably uses \"{}\" (one connection per identity); stop it, or give each client its own device",
            self.backoff.short_lives(),
            self.config.identity
        );
        self.wait_for(Cause::TakenOver, "taken-over", text);
    }

    /// Makes an open socket the current link and sends CONNECT on it.
    pub(crate) fn connect_on(&mut self, socket: SocketId) {
        self.link = Some(Link::new(socket, self.at.now));
        self.renewal = Renewal::Swapping;
        self.send_connect();
    }

    /// Closes the current link's socket and forgets the link.
    fn drop_link(&mut self) {
        if let Some(link) = &self.link {
            self.outputs.push_back(Output::Close { socket: link.socket });
        }
        self.forget_link();
        self.drop_spare();
        self.drop_witness();
    }

    pub(crate) fn forget_link(&mut self) {
        self.link = None;
        self.inbox.link_lost();
        self.requests.link_lost();
        self.mirror.out_of_step();
        self.watch.link_lost();
        let gone = self.methods.link_lost();
        self.raise(gone);
    }

    pub(crate) fn wait_for(&mut self, cause: Cause, reason: &'static str, detail: String) {
        let wait = self.backoff.wait(cause, &self.config.options, &mut self.random);
        let wait = self.until_verdict(wait);
        self.phase = Phase::Waiting { until: self.at.now + wait, cause };
        self.trouble = Some(Error::new(code_of(cause), detail.clone()));
        let state = if self.connect_op.is_some() { State::Connecting } else { State::Reconnecting };
        self.status(state, reason, detail, Some(wait));
    }

    /// Gives up for good: every call ends with this error, and later ones do at once.
    pub(crate) fn stop(&mut self, error: Error) {
        self.say_goodbye();
        self.drop_link();
        if let Phase::AwaitingToken { request, .. } = self.phase {
            self.outputs.push_back(Output::ForgetToken { request });
        }
        self.status(State::Disconnected, error.code.as_str(), error.message.clone(), None);
        self.phase = Phase::Stopped(error.clone());
        self.settle_all(&error);
    }

    /// Leaves politely, and at once.
    pub(crate) fn leave(&mut self) {
        self.say_goodbye();
        if let Phase::AwaitingToken { request, .. } = self.phase {
            self.outputs.push_back(Output::ForgetToken { request });
        }
        self.drop_link();
    }

    /// DISCONNECT, so that the hub drops the will: also behind a CONNECT that it has not answered yet.
    pub(crate) fn say_goodbye(&mut self) {
        let says = matches!(self.phase, Phase::Online | Phase::Handshake { .. } | Phase::Parting)
            && !self.renewal.has_left();
        let Some(link) = self.link.as_mut().filter(|_| says) else { return };
        packet::write_disconnect(&mut link.out);
        let (socket, bytes) = (link.socket, std::mem::take(&mut link.out));
        let seen = self.watch.outgoing(&bytes);
        self.raise(seen);
        self.outputs.push_back(Output::Transmit { socket, bytes });
    }

    /// Asks the hub for a sign of life now.
    pub(crate) fn probe(&mut self) {
        if let (Phase::Online, Some(link)) = (&self.phase, &mut self.link) {
            link.ping(self.at.now, &self.config.options);
        }
    }

    /// The page is back: look at the connection, and do not sit out a wait that began in another world. Only a hub
    /// that is busy and another client are left alone: what woke us has not changed them.
    pub(crate) fn woken(&mut self) {
        self.probe();
        let now = self.at.now;
        match &mut self.phase {
            Phase::Waiting { cause: Cause::Network | Cause::TokenProvider, until } => {
                *until = (*until).min(now + self.random.between(0, 250));
            }
            Phase::Opening { since, .. } | Phase::Handshake { since, .. } if now >= *since + STALE => {
                let text = "the network is back, and this attempt began before".to_owned();
                self.lose_link("network", text, true);
                self.woken();
            }
            _ => {}
        }
    }

    /// The machine slept, or its wall clock was set: the connection may be dead, and the token has another end.
    #[inline(never)] // As in pump.rs.
    pub(crate) fn clock_stepped(&mut self) {
        self.origin = self.at.origin();
        self.woken();
        self.rejudge_token();
    }

    pub(crate) fn life_deadline(&self) -> Option<u64> {
        let own = match &self.phase {
            Phase::AwaitingToken { until, .. }
            | Phase::Opening { until, .. }
            | Phase::Handshake { until, .. }
            | Phase::Waiting { until, .. } => Some(*until),
            Phase::Online => {
                let options = &self.config.options;
                let alive = self
                    .link
                    .as_ref()
                    .map(|link| link.keep_alive.deadline(options, self.in_flight.oldest_sent_at()));
                earlier(alive, None)
            }
            Phase::Idle | Phase::Stopped(_) | Phase::Parting | Phase::Closed => None,
        };
        earlier(own, self.witness.deadline())
    }

    pub(crate) fn life_timeout(&mut self) {
        let now = self.at.now;
        self.witness_timeout();
        match &self.phase {
            Phase::AwaitingToken { request, until } if now >= *until => {
                self.outputs.push_back(Output::ForgetToken { request: *request });
                let text = format!("the token provider gave nothing for {} s", TOKEN_TIMEOUT / 1000);
                self.token_failed(Error::new(Code::TokenProvider, text));
            }
            Phase::Opening { until, .. } if now >= *until => {
                let text = self.config.unreachable("did not open in time");
                self.lose_link("network", text, true);
            }
            Phase::Handshake { until, .. } if now >= *until => {
                self.lose_link("network", "the hub sent no CONNACK in time".to_owned(), true);
            }
            Phase::Waiting { until, .. } if now >= *until => {
                if self.witness_accuses() {
                    self.yield_to_other();
                } else {
                    self.start_link();
                }
            }
            Phase::Online => self.check_alive(),
            _ => {}
        }
    }

    /// Hosts run the timers of hidden tabs once a minute. Who knows it asks for a sign of life in time.
    pub(crate) fn note_late_timer(&mut self) {
        let Some(asked) = self.timer.filter(|asked| *asked <= self.at.now) else { return };
        self.timer = None;
        self.late_timers = self.at.now > asked + LATE;
        self.tell_late_timers();
    }

    pub(crate) fn set_hidden(&mut self, hidden: bool) {
        self.hidden = hidden;
        self.tell_late_timers();
    }

    fn tell_late_timers(&mut self) {
        if let Some(link) = &mut self.link {
            link.keep_alive.timers_are_late(self.late_timers || self.hidden);
        }
    }

    fn check_alive(&mut self) {
        let Some(link) = &mut self.link else { return };
        let options = &self.config.options;
        match link.keep_alive.check(self.at.now, options, self.in_flight.oldest_sent_at()) {
            Verdict::Fine => {}
            Verdict::Ping => link.ping(self.at.now, options),
            Verdict::Dead => {
                let text = format!(
                    "the hub did not answer a PINGREQ within {} s: the link is half-open",
                    options.ping_timeout / 1000
                );
                self.lose_link("silent", text, true);
            }
        }
    }
}

/// What a call is told that waited for a link in vain.
fn code_of(cause: Cause) -> Code {
    match cause {
        Cause::Network => Code::Network,
        Cause::Unavailable => Code::HubUnavailable,
        Cause::TokenProvider => Code::TokenProvider,
        Cause::TakenOver => Code::TakenOver,
    }
}
