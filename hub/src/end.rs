//! How links end: every way out leads through `end_link`, which says why.

use crate::event::{ConnectionState, Happening};
use crate::hub::Hub;
use crate::link::{LinkId, Session};
use crate::outgoing::is_abrupt;
use crate::reason::{Cause, Reason};
use crate::timers::Timer;
use iothub_protocol::packet::{PacketError, write_connack};
use serde_json::json;
use std::sync::Arc;

impl Hub {
    /// Forgets a link and closes its socket. Of a link that is about to close it closes the socket at once.
    pub(crate) fn end_link(&mut self, link: LinkId, cause: Cause) {
        let identity = self.who(link).map(|(_, identity)| identity);
        let Some(state) = self.close(link, &cause, identity, is_abrupt(cause.reason)) else {
            return self.close_leaving(link);
        };
        match state.session {
            Some(session) => self.end_session(session, &cause),
            None if cause.reason == Reason::ConnectionLost => {}
            None => self.happened(None, Happening::Refused { cause, connack: None }),
        }
    }

    /// Refuses a CONNECT with a code and closes. The refusal is told with the identity that was claimed.
    pub(crate) fn refuse(
        &mut self,
        link: LinkId,
        code: u8,
        cause: Cause,
        claimed: Option<Arc<iothub_protocol::identity::Identity>>,
    ) {
        if let Some(out) = self.out(link) {
            write_connack(out, false, code);
        }
        self.close(link, &cause, claimed.clone(), false);
        self.happened(claimed, Happening::Refused { cause, connack: Some(code) });
    }

    /// A lenient hub tells what it would have closed the link for.
    pub(crate) fn tell_refused(&mut self, link: LinkId, cause: Cause) {
        let identity = self.who(link).map(|(_, identity)| identity);
        self.happened(identity, Happening::Refused { cause, connack: None });
    }

    fn end_session(&mut self, session: Session, cause: &Cause) {
        let wall = self.wall_ms();
        let identity = Arc::clone(&session.sender.identity);
        if let Some(will) = session.will.as_ref().filter(|_| cause.reason != Reason::ClientDisconnected) {
            self.publish_will(&session.sender, will);
        }
        if let Some(record) = self.registry.get_mut(session.slot) {
            record.link = None;
            record.connection_updated_ms = Some(wall);
            record.last_activity_ms = Some(wall);
            if session.clean {
                record.session = None;
            }
            let on_link: Vec<u64> = session.unacknowledged().collect();
            for message in record.queue.iter_mut().filter(|m| on_link.contains(&m.sequence)) {
                message.locked = false;
            }
            self.expire_messages(session.slot);
        }
        self.touch(&identity);
        self.fail_calls_of(session.slot);
        let happening = Happening::Connection {
            state: ConnectionState::Disconnected,
            cause: cause.clone(),
            info: json!({}).into(),
        };
        self.happened(Some(identity), happening);
    }

    /// The bytes are no MQTT. Before CONNECT an unknown protocol level has its own answer.
    pub(crate) fn handle_malformed(&mut self, link: LinkId, error: &PacketError) {
        let Some(state) = self.links.get(&link) else { return };
        let level = if state.session.is_none() { state.announced_level() } else { None };
        if let Some(level) = level.filter(|level| *level != 4) {
            return self.refuse_level(link, level);
        }
        let reason = match error {
            PacketError::TooLarge { .. } => Reason::MessageTooLarge,
            _ => Reason::MalformedPacket,
        };
        self.end_link(link, Cause::new(reason, error.to_string()));
    }

    pub(crate) fn refuse_level(&mut self, link: LinkId, level: u8) {
        let detail =
            format!("protocol level {level} was announced; the hub speaks MQTT 3.1.1, which is level 4");
        self.refuse(link, 1, Cause::new(Reason::ProtocolLevel, detail), None);
    }

    pub(crate) fn connect_timed_out(&mut self, link: LinkId) {
        if self.links.get(&link).is_some_and(|state| state.session.is_none()) {
            let detail = "no CONNECT packet came within a minute of the socket's opening";
            self.end_link(link, Cause::new(Reason::ConnectTimeout, detail));
        }
    }

    /// The keep-alive timer is lazy: it looks when the last packet came and goes to sleep for the rest.
    pub(crate) fn check_keep_alive(&mut self, link: LinkId) {
        let Some(state) = self.links.get(&link) else { return };
        let Some(session) = &state.session else { return };
        let deadline = state.heard_ms + session.silence_ms;
        if state.half_open {
            return;
        }
        if deadline > self.now.mono_ms {
            return self.timers.arm(deadline, Timer::KeepAlive(link));
        }
        let seconds = session.silence_ms / 1000;
        let detail =
            format!("no packet came for {seconds} s, which is 1.5 times the keep-alive: PINGREQ is missing");
        self.end_link(link, Cause::new(Reason::KeepAliveTimeout, detail));
    }

    /// The token of a live link is good until `se` and the grace have passed.
    pub(crate) fn check_token(&mut self, link: LinkId) {
        let alive = self.links.get(&link).filter(|state| !state.half_open);
        let Some(session) = alive.and_then(|state| state.session.as_ref()) else { return };
        let Some(token_ends) = session.token_ends_ms else { return };
        let ends = token_ends.saturating_add(self.config.sas_grace_ms);
        let wall = self.wall_ms();
        if wall >= ends {
            let grace = self.config.sas_grace_ms / 1000;
            let detail = format!(
                "the token of this link ended, and so did {grace} s of grace: connect with a new one"
            );
            return self.end_link(link, Cause::new(Reason::TokenExpired, detail));
        }
        if !self.clock.is_stopped() {
            self.timers.arm(self.now.mono_ms.saturating_add(ends - wall), Timer::Token(link));
        }
    }
}

impl Hub {
    /// The wall clock was moved: everything that waits for a moment of it looks again.
    pub(crate) fn clock_moved(&mut self) {
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        links.into_iter().for_each(|link| self.check_token(link));
        let slots: Vec<_> = self.registry.iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.expire_messages(slot));
    }
}
