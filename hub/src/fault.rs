//! Faults on order: what a network, a busy hub or an unlucky moment does to a client, done on purpose.
//!
//! Some act at once on the links that are there (`cut`, `half-open`, `expire-token`, `restart`); the others stand
//! until their count or their time is used up, or they are removed. What a fault does to a link is never written
//! into the link: it is looked up when something leaves, so it ends when the fault does.

use crate::event::Happening;
use crate::hub::Hub;
use crate::link::LinkId;
use crate::reason::{Cause, Reason};
use crate::registry::Slot;
use crate::timers::Timer;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use std::collections::BTreeSet;

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

    /// Whether it acts on the links that are there, and is over.
    pub(crate) fn acts_at_once(&self) -> bool {
        matches!(self, Self::Cut | Self::HalfOpen | Self::ExpireToken | Self::Restart)
    }

    /// For how long it holds back what is sent on a link, if it does.
    fn slowing_ms(&self) -> Option<u64> {
        match self {
            Self::Delay { ms } | Self::Throttle { ms, .. } => Some(*ms),
            _ => None,
        }
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
    /// How many times, or how many links if it is one that slows links down; without end when absent.
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

/// A fault that stands.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) id: u64,
    pub(crate) fault: Fault,
    pub(crate) left: Option<u32>,
    pub(crate) until_ms: Option<u64>,
    /// The links that a fault with a count slows down.
    links: BTreeSet<LinkId>,
}

impl Standing {
    fn is_over(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until| until <= now_ms) || (self.left == Some(0) && self.links.is_empty())
    }

    /// Uses it up by one.
    fn count_down(&mut self) {
        self.left = self.left.map(|left| left.saturating_sub(1));
    }
}

/// A fault in effect on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slowing {
    pub(crate) ms: u64,
    id: u64,
}

/// The faults that stand.
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

    /// Those that are not used up.
    pub(crate) fn list(&mut self, now_ms: u64) -> &[Standing] {
        self.standing.retain(|standing| !standing.is_over(now_ms));
        &self.standing
    }

    /// The first standing fault of that kind that meets the identity; uses it up by one.
    fn hit(
        &mut self,
        now_ms: u64,
        who: Option<&Identity>,
        wanted: fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        self.list(now_ms);
        let standing = self.standing.iter_mut().find(|s| wanted(&s.fault.kind) && s.fault.meets(who))?;
        standing.count_down();
        Some(standing.fault.kind.clone())
    }

    /// What slows this link down now: the fault that was ordered last.
    pub(crate) fn slowing(&self, now_ms: u64, link: LinkId, who: &Identity) -> Option<Slowing> {
        self.standing.iter().rev().find_map(|standing| {
            let ms = standing.fault.kind.slowing_ms()?;
            let meets = !standing.is_over(now_ms)
                && standing.fault.meets(Some(who))
                && (standing.fault.count.is_none() || standing.links.contains(&link));
            meets.then_some(Slowing { ms, id: standing.id })
        })
    }

    /// A link that came in is counted by the fault that slows it down.
    fn meet(&mut self, now_ms: u64, link: LinkId, who: &Identity) {
        self.list(now_ms);
        let met = self.standing.iter_mut().rev().find(|standing| {
            let slows = standing.fault.kind.slowing_ms().is_some() && standing.fault.meets(Some(who));
            slows && standing.left != Some(0)
        });
        if let Some(standing) = met.filter(|standing| standing.left.is_some()) {
            standing.count_down();
            standing.links.insert(link);
        }
    }

    /// The link is gone.
    pub(crate) fn forget(&mut self, link: LinkId) {
        for standing in &mut self.standing {
            standing.links.remove(&link);
        }
    }
}

impl Hub {
    /// Orders a fault. Gives its number if it stays, and how many links it met at once.
    pub fn add_fault(&mut self, fault: Fault, now: crate::Now) -> (Option<u64>, usize) {
        self.now = now;
        let what = format!("fault {}", fault.kind.name());
        self.happened(None, Happening::Control { what });
        let most = fault.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        let met: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, state)| {
                let who = state.session.as_ref().map(|session| &*session.sender.identity);
                who.is_some() && fault.meets(who)
            })
            .map(|(id, _)| *id)
            .take(most)
            .collect();
        if fault.kind.acts_at_once() {
            met.iter().for_each(|link| self.afflict(*link, &fault.kind));
            return (None, met.len());
        }
        self.faults.next += 1;
        let id = self.faults.next;
        let until_ms = fault.for_ms.map(|ms| now.mono_ms.saturating_add(ms));
        let mut standing = Standing { id, left: fault.count, until_ms, links: BTreeSet::new(), fault };
        if standing.fault.kind.slowing_ms().is_none() {
            self.faults.standing.push(standing);
            return (Some(id), met.len());
        }
        if standing.left.is_some() {
            met.iter().for_each(|_| standing.count_down());
            standing.links.extend(&met);
        }
        self.faults.standing.push(standing);
        met.iter().for_each(|link| self.arm_throttle(*link));
        (Some(id), met.len())
    }

    /// Takes a standing fault back, or all of them; false when there is none of that number.
    pub fn remove_faults(&mut self, id: Option<u64>, now: crate::Now) -> bool {
        self.now = now;
        let before = self.faults.list(now.mono_ms).len();
        self.faults.standing.retain(|standing| id.is_some_and(|id| standing.id != id));
        id.is_none() || self.faults.standing.len() < before
    }

    /// What a fault does to one link at once.
    fn afflict(&mut self, link: LinkId, kind: &FaultKind) {
        let (reason, detail) = match kind {
            FaultKind::Cut => (Reason::Fault, "a fault cut the connection"),
            FaultKind::Restart => (Reason::Restarted, "a fault restarted the hub"),
            FaultKind::ExpireToken => (Reason::TokenExpired, "a fault ended the token of this connection"),
            _ => {
                if let Some(state) = self.links.get_mut(&link) {
                    state.half_open = true;
                }
                return;
            }
        };
        self.end_link(link, Cause::new(reason, detail));
    }

    /// A link that was just let in meets the faults that slow links down.
    pub(crate) fn apply_link_faults(&mut self, link: LinkId, identity: &Identity) {
        if !self.faults.is_empty() {
            self.faults.meet(self.now.mono_ms, link, identity);
            self.arm_throttle(link);
        }
    }

    /// Arms the end of a link that is throttled.
    fn arm_throttle(&mut self, link: LinkId) {
        let Some(Slowing { id, .. }) = self.slowing(link) else { return };
        let fault = self.faults.standing.iter().find(|standing| standing.id == id).map(|s| &s.fault.kind);
        if let Some(FaultKind::Throttle { close_after_ms: Some(after), .. }) = fault {
            self.timers.arm(self.now.mono_ms.saturating_add(*after), Timer::Throttle(link, id));
        }
    }

    /// What slows a link down now.
    pub(crate) fn slowing(&self, link: LinkId) -> Option<Slowing> {
        let (_, identity) = self.who(link)?;
        self.faults.slowing(self.now.mono_ms, link, &identity)
    }

    /// The deadline of a throttled link: it is closed if that fault still throttles it.
    pub(crate) fn resume_throttled(&mut self, link: LinkId, fault: u64) {
        if self.slowing(link).is_some_and(|slowing| slowing.id == fault) {
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
