//! Faults on order: what a network, a busy hub or an unlucky moment does to a client, done on purpose.
//!
//! Some act at once on the links that are there (`cut`, `half-open`, `expire-token`, `restart`); the others stay
//! until their count or their time is used up, or they are removed.

use crate::event::Happening;
use crate::hub::Hub;
use crate::link::LinkId;
use crate::reason::{Cause, Reason};
use crate::registry::Slot;
use crate::timers::Timer;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The socket closes without an MQTT packet.
    Cut,
    /// The link stays open and swallows everything, both ways.
    HalfOpen,
    /// Everything the hub sends leaves this much later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Cloud-to-device messages, desired patches, answers and method requests are sent twice.
    Duplicate,
    /// A QoS 1 PUBLISH is taken and not acknowledged.
    DropPuback,
    /// Everything the hub sends is delayed, and then the link is closed, as the hub does when it throttles.
    Throttle {
        /// Milliseconds of delay.
        ms: u64,
        /// Milliseconds until the link is closed; never when absent.
        close_after_ms: Option<u64>,
    },
    /// CONNECT is answered with this CONNACK code.
    Refuse {
        /// 1 to 5.
        code: u8,
    },
    /// Twin requests are answered with this error.
    TwinError {
        /// Which.
        code: ErrorCode,
    },
    /// The token of a live link ends now, without grace.
    ExpireToken,
    /// All links close; registry, twins, sessions and queues stay, as when a hub's node restarts.
    Restart,
}

impl FaultKind {
    /// Its name on `/local/faults`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::HalfOpen => "half-open",
            Self::Delay { .. } => "delay",
            Self::Duplicate => "duplicate",
            Self::DropPuback => "drop-puback",
            Self::Throttle { .. } => "throttle",
            Self::Refuse { .. } => "refuse",
            Self::TwinError { .. } => "twin-error",
            Self::ExpireToken => "expire-token",
            Self::Restart => "restart",
        }
    }

    fn acts_at_once(&self) -> bool {
        matches!(self, Self::Cut | Self::HalfOpen | Self::ExpireToken | Self::Restart)
    }
}

/// A fault and whom it meets.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only this device (and, without a module, its modules too); everybody when absent.
    pub device_id: Option<String>,
    /// Only this module.
    pub module_id: Option<String>,
    /// How many times; without end when absent.
    pub count: Option<u32>,
    /// For how long, in milliseconds; without end when absent.
    pub for_ms: Option<u64>,
}

impl Fault {
    fn meets(&self, identity: Option<&Identity>) -> bool {
        let Some(device) = &self.device_id else { return true };
        identity.is_some_and(|identity| {
            identity.device_id == *device
                && (self.module_id.is_none() || identity.module_id == self.module_id)
        })
    }
}

/// A fault that stays.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) id: u64,
    pub(crate) fault: Fault,
    pub(crate) left: Option<u32>,
    pub(crate) until_ms: Option<u64>,
}

/// The faults that stay.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    standing: Vec<Standing>,
    next: u64,
}

/// What becomes of a PUBACK.
pub(crate) enum AckFate {
    Send,
    Drop,
}

impl Faults {
    pub(crate) fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Standing> {
        self.standing.iter()
    }

    /// The first standing fault of that kind that meets the identity; uses it up by one.
    fn hit(
        &mut self,
        now_ms: u64,
        who: Option<&Identity>,
        wanted: fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        self.standing.retain(|s| s.until_ms.is_none_or(|until| until > now_ms) && s.left != Some(0));
        let standing = self.standing.iter_mut().find(|s| wanted(&s.fault.kind) && s.fault.meets(who))?;
        if let Some(left) = &mut standing.left {
            *left -= 1;
        }
        Some(standing.fault.kind.clone())
    }
}

impl Hub {
    /// Orders a fault. Gives its number if it stays, and how many links it met at once.
    pub fn add_fault(&mut self, fault: Fault, now: crate::Now) -> (Option<u64>, usize) {
        self.now = now;
        let what = format!("fault {}", fault.kind.name());
        self.happened(None, Happening::Control { what });
        let met: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, state)| {
                let who = state.session.as_ref().map(|session| &*session.sender.identity);
                who.is_some() && fault.meets(who)
            })
            .map(|(id, _)| *id)
            .collect();
        met.iter().for_each(|link| self.afflict(*link, &fault.kind));
        if fault.kind.acts_at_once() {
            return (None, met.len());
        }
        self.faults.next += 1;
        let id = self.faults.next;
        let until_ms = fault.for_ms.map(|ms| now.mono_ms.saturating_add(ms));
        self.faults.standing.push(Standing { id, left: fault.count, until_ms, fault });
        (Some(id), met.len())
    }

    /// Takes a standing fault back, or all of them; false when there is none of that number.
    pub fn remove_faults(&mut self, id: Option<u64>, now: crate::Now) -> bool {
        self.now = now;
        let before = self.faults.standing.len();
        self.faults.standing.retain(|standing| id.is_some_and(|id| standing.id != id));
        for state in self.links.values_mut() {
            state.delay_ms = 0;
        }
        let rest: Vec<(LinkId, Identity)> = self
            .links
            .iter()
            .filter_map(|(id, state)| Some((*id, Identity::clone(&state.session.as_ref()?.sender.identity))))
            .collect();
        rest.iter().for_each(|(link, identity)| self.apply_link_faults(*link, identity));
        id.is_none() || self.faults.standing.len() < before
    }

    /// Does to one link what a fault does to links.
    fn afflict(&mut self, link: LinkId, kind: &FaultKind) {
        let fault = |text: &str| Cause::new(Reason::Fault, text);
        match kind {
            FaultKind::Cut => self.end_link(link, fault("a fault cut the link")),
            FaultKind::Restart => {
                self.end_link(link, Cause::new(Reason::Restarted, "a fault restarted the hub"));
            }
            FaultKind::ExpireToken => {
                let cause = Cause::new(Reason::TokenExpired, "a fault ended the token of this link");
                self.end_link(link, cause);
            }
            FaultKind::HalfOpen => {
                if let Some(state) = self.links.get_mut(&link) {
                    state.half_open = true;
                }
            }
            FaultKind::Delay { ms } | FaultKind::Throttle { ms, .. } => {
                if let Some(state) = self.links.get_mut(&link) {
                    state.delay_ms = *ms;
                }
                if let FaultKind::Throttle { close_after_ms: Some(after), .. } = kind {
                    self.timers.arm(self.now.mono_ms.saturating_add(*after), Timer::Throttle(link));
                }
            }
            _ => {}
        }
    }

    /// A link that was just let in meets the faults that stay on links.
    pub(crate) fn apply_link_faults(&mut self, link: LinkId, identity: &Identity) {
        let on_links =
            |kind: &FaultKind| matches!(kind, FaultKind::Delay { .. } | FaultKind::Throttle { .. });
        if self.faults.is_empty() {
            return;
        }
        if let Some(kind) = self.faults.hit(self.now.mono_ms, Some(identity), on_links) {
            self.afflict(link, &kind);
        }
    }

    /// The deadline of a throttled link: it is closed if it is still throttled.
    pub(crate) fn resume_throttled(&mut self, link: LinkId) {
        if self.links.get(&link).is_some_and(|state| state.delay_ms > 0) {
            let detail = "too many operations: the hub delayed its answers, and now closes the link (429002)";
            self.end_link(link, Cause::new(Reason::Throttled, detail));
        }
    }

    pub(crate) fn fault_on_connect(&mut self, who: Option<&Identity>) -> Option<(u8, Cause)> {
        let kind = self.faults.hit(self.now.mono_ms, who, |kind| matches!(kind, FaultKind::Refuse { .. }))?;
        let FaultKind::Refuse { code } = kind else { return None };
        Some((code, Cause::new(Reason::Fault, format!("a fault refuses with CONNACK {code}"))))
    }

    pub(crate) fn fault_on_puback(&mut self, link: LinkId) -> AckFate {
        let who = self.who(link).map(|(_, identity)| identity);
        match self.faults.hit(self.now.mono_ms, who.as_deref(), |kind| *kind == FaultKind::DropPuback) {
            Some(_) => AckFate::Drop,
            None => AckFate::Send,
        }
    }

    /// How many times a message to this identity leaves.
    pub(crate) fn fault_copies(&mut self, slot: Slot) -> usize {
        let who = self.registry.get(slot).map(|record| std::sync::Arc::clone(&record.identity));
        match self.faults.hit(self.now.mono_ms, who.as_deref(), |kind| *kind == FaultKind::Duplicate) {
            Some(_) => 2,
            None => 1,
        }
    }

    pub(crate) fn fault_on_twin(&mut self, slot: Slot) -> Option<ServiceError> {
        let who = self.registry.get(slot).map(|record| std::sync::Arc::clone(&record.identity));
        let kind = self
            .faults
            .hit(self.now.mono_ms, who.as_deref(), |kind| matches!(kind, FaultKind::TwinError { .. }))?;
        let FaultKind::TwinError { code } = kind else { return None };
        Some(ServiceError::new(code, "a fault on /local/faults answers this"))
    }
}
