//! How much a hub of a tier takes: messages of a day. Off unless a tier was asked for.

use crate::config::Tier;
use crate::hub::Hub;
use crate::reason::{Cause, Reason};
use crate::registry::Slot;
use iothub_protocol::service_error::ServiceError;

const DAY_MS: u64 = 86_400_000;

/// What was used of the quota.
#[derive(Debug)]
pub(crate) struct Traffic {
    tier: Option<Tier>,
    day: u64,
    pub(crate) messages_today: u64,
}

impl Traffic {
    pub(crate) fn new(tier: Option<Tier>) -> Self {
        Self { tier, day: 0, messages_today: 0 }
    }
}

impl Tier {
    /// Messages a day, and the bytes that count as one.
    #[must_use]
    pub fn daily_messages(self) -> (u64, usize) {
        match self {
            Self::F1 => (8_000, 512),
            Self::S1 => (400_000, 4096),
        }
    }
}

impl Hub {
    /// Counts a message from a device; over the day's quota the link is closed.
    pub(crate) fn count_telemetry(&mut self, bytes: usize) -> Result<(), Cause> {
        let Some(tier) = self.traffic.tier else { return Ok(()) };
        let (quota, block) = tier.daily_messages();
        let today = self.wall_ms() / DAY_MS;
        if today != self.traffic.day {
            self.traffic.day = today;
            self.traffic.messages_today = 0;
        }
        self.traffic.messages_today += u64::try_from(bytes.div_ceil(block).max(1)).unwrap_or(u64::MAX);
        if self.traffic.messages_today > quota {
            let detail =
                format!("the {quota} messages of this day are used up; they come back at midnight UTC");
            return Err(Cause::new(Reason::QuotaExceeded, detail));
        }
        Ok(())
    }

    /// Whether a twin request of this identity is refused for now.
    pub(crate) fn throttle_twin(&mut self, slot: Slot) -> Option<ServiceError> {
        if self.faults.is_empty() { None } else { self.fault_on_twin(slot) }
    }
}
