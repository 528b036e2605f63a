//! A witness: a second socket beside the connection, which never says CONNECT. It tells a bad network from a second
//! client of the same identity, which look alike otherwise: IoT Hub closes a connection that was taken over without a
//! word.
//!
//! A second client can end only what has its identity, and a socket without CONNECT has none. So when connections keep
//! ending soon and the witness ends too, the network is to blame; when the witness stays, it is another client.
//!
//! There is one only while there is a doubt: after a connection that the hub or the network ended soon, for a minute
//! at most. Called by `life.rs`.

use crate::backoff::{Cause, SHORT_LIFE};
use crate::device::Device;
use crate::io::{Output, SocketId};
use crate::life::Phase;

/// What is known of the network since the last CONNACK.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    socket: Option<SocketId>,
    /// Since when its socket is open.
    open_since: Option<u64>,
    /// When one ended of which it is not clear why.
    ended_at: Option<u64>,
    /// A socket without identity was ended: the network does that.
    blames_network: bool,
    /// The connection has ended, and the present wait is also for the witness's end.
    judging: bool,
    /// From when on nobody needs it.
    until: u64,
}

/// A hub gives a socket time to say CONNECT. One that ends sooner was not closed for its silence, in milliseconds.
const YOUNG: u64 = 10_000;
/// What ends a connection ends its witness within this time, in milliseconds.
const TOGETHER: u64 = 1_000;
/// How long to wait for the witness's end at least, in milliseconds.
const VERDICT: u64 = 500;

impl Witness {
    /// When to look at it again.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.socket.filter(|_| !self.judging).map(|_| self.until)
    }
}

impl Device {
    /// A connection was accepted: it gets a witness if the one before ended soon.
    pub(crate) fn call_witness(&mut self) {
        let doubt = self.config.options.taken_over_after > 0 && self.backoff.short_lives() > 0;
        self.witness.blames_network = false;
        self.witness.ended_at = None;
        self.witness.until = self.at.now + SHORT_LIFE;
        if !doubt {
            self.drop_witness();
        } else if self.witness.socket.is_none() {
            self.open_witness();
        }
    }

    fn open_witness(&mut self) {
        self.witness.socket = Some(self.new_socket());
        self.witness.open_since = None;
    }

    pub(crate) fn drop_witness(&mut self) {
        if let Some(socket) = self.witness.socket.take() {
            self.outputs.push_back(Output::Close { socket });
        }
        self.witness.judging = false;
    }

    /// Whether it was the witness's socket that opened.
    pub(crate) fn witness_opened(&mut self, socket: SocketId) -> bool {
        let ours = self.witness.socket == Some(socket);
        if ours {
            self.witness.open_since = Some(self.at.now);
        }
        ours
    }

    /// Whether it was the witness's socket that closed.
    pub(crate) fn witness_closed(&mut self, socket: SocketId) -> bool {
        if self.witness.socket != Some(socket) {
            return false;
        }
        self.witness.socket = None;
        // One that never opened says nothing: some networks allow a single connection.
        let Some(since) = self.witness.open_since.take() else { return true };
        if self.witness.judging || self.at.now < since + YOUNG {
            self.witness.blames_network = true;
        } else {
            self.witness.ended_at = Some(self.at.now);
        }
        match self.phase {
            Phase::Waiting { cause: Cause::TakenOver, .. } if self.witness.blames_network => {
                self.backoff.forgive();
                let text = "the network ends other connections as well: it was no other client";
                self.wait_for(Cause::Network, "network", text.to_owned());
            }
            Phase::Online if !self.witness.blames_network => self.open_witness(),
            _ => {}
        }
        true
    }

    /// Connections keep ending soon. Whether that can be put down to another client already; otherwise the wait that
    /// follows shows it.
    pub(crate) fn is_taken_over(&mut self) -> bool {
        let just_now = self.witness.ended_at.is_some_and(|ended| self.at.now <= ended + TOGETHER);
        if self.witness.blames_network || just_now {
            self.backoff.forgive();
            return false;
        }
        self.witness.judging = self.witness.socket.is_some();
        !self.witness.judging
    }

    /// A wait that is long enough to see the witness end.
    pub(crate) fn until_verdict(&mut self, wait: u64) -> u64 {
        if self.witness.judging { wait.max(VERDICT + self.random.between(0, VERDICT)) } else { wait }
    }

    /// The wait is over. Whether the witness has outlived the connection.
    pub(crate) fn witness_accuses(&mut self) -> bool {
        if !std::mem::take(&mut self.witness.judging) {
            return false;
        }
        if self.witness.blames_network {
            self.backoff.forgive();
            return false;
        }
        // During the long wait that follows it may still clear the other client.
        self.witness.until = self.at.now + YOUNG;
        true
    }

    /// Nobody needs a witness of a connection that lives.
    pub(crate) fn witness_timeout(&mut self) {
        if self.witness.deadline().is_some_and(|until| self.at.now >= until) {
            self.drop_witness();
        }
    }
}
