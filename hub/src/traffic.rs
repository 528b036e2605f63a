//! How much a hub of a tier takes. Off unless a tier was asked for.
//!
//! As the real hub does: devices are slowed down first (their PUBACK or CONNACK comes later) and closed only when
//! the debt has grown too large; twin requests and service calls are answered 429; the messages of a day end.

use crate::config::Tier;
use crate::hub::Hub;
use crate::link::LinkId;
use crate::reason::{Cause, Reason};
use crate::registry::Slot;
use iothub_protocol::service_error::{ErrorCode, ServiceError};

const DAY_MS: u64 = 86_400_000;
/// A link whose answers would be later than this is closed (429002).
const PATIENCE_MS: u64 = 10_000;

/// What is counted apart. PROTOCOL 14.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Connect,
    Telemetry,
    TwinRead,
    TwinWrite,
    SendC2d,
    Registry,
    Query,
    /// Counted in blocks of 4 KB.
    Method,
}

/// What a method's payload is counted in.
const METHOD_BLOCK: usize = 4096;

impl Operation {
    /// How many in how many milliseconds, of one unit.
    fn allowance(self) -> (u64, u64) {
        match self {
            Self::Connect | Self::Telemetry | Self::TwinRead => (100, 1_000),
            Self::TwinWrite => (50, 1_000),
            Self::SendC2d | Self::Registry => (100, 60_000),
            Self::Query => (20, 60_000),
            Self::Method => (40, 1_000),
        }
    }
}

/// Fills up with time and is drawn from; may go into debt.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// When it is full again, in monotonic milliseconds times its count.
    full_at: u64,
}

impl Bucket {
    /// Draws some; gives how many milliseconds it is overdrawn by.
    fn draw(&mut self, operation: Operation, amount: u64, now_ms: u64) -> u64 {
        let (count, per_ms) = operation.allowance();
        let now = now_ms * count;
        self.full_at = self.full_at.max(now) + per_ms * amount;
        (self.full_at - now).saturating_sub(count * per_ms).div_ceil(count)
    }

    /// Draws some unless that is more than there is.
    fn try_draw(&mut self, operation: Operation, amount: u64, now_ms: u64) -> bool {
        let before = *self;
        let good = self.draw(operation, amount, now_ms) == 0;
        if !good {
            *self = before;
        }
        good
    }
}

/// What was used.
#[derive(Debug)]
pub(crate) struct Traffic {
    tier: Option<Tier>,
    day: u64,
    messages_today: u64,
    buckets: [Bucket; 8],
}

impl Traffic {
    pub(crate) fn new(tier: Option<Tier>) -> Self {
        Self { tier, day: 0, messages_today: 0, buckets: [Bucket::default(); 8] }
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
    /// Counts a message from a device. Over the rate its answer is held back; over the day's quota, or too far
    /// over the rate, the link is closed.
    pub(crate) fn count_telemetry(&mut self, link: LinkId, bytes: usize) -> Result<(), Cause> {
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
        self.slow_down(link, Operation::Telemetry)
    }

    /// Holds the answers of a link back for as long as the operation is over its rate.
    pub(crate) fn slow_down(&mut self, link: LinkId, operation: Operation) -> Result<(), Cause> {
        if self.traffic.tier.is_none() {
            return Ok(());
        }
        let now = self.now.mono_ms;
        let late = self.traffic.buckets[operation as usize].draw(operation, 1, now);
        if late > PATIENCE_MS {
            let detail = format!(
                "{operation:?} is {} s over its rate: the hub has waited long enough (429002)",
                late / 1000
            );
            return Err(Cause::new(Reason::Throttled, detail));
        }
        if let Some(state) = self.links.get_mut(&link).filter(|_| late > 0) {
            state.held_until_ms = state.held_until_ms.max(now + late);
        }
        Ok(())
    }

    /// Counts a call of a service.
    pub(crate) fn count_call(&mut self, operation: Operation) -> Result<(), ServiceError> {
        self.count_amount(operation, 1)
    }

    /// Counts a method by the size of its payload.
    pub(crate) fn count_method(&mut self, payload_bytes: usize) -> Result<(), ServiceError> {
        let blocks = u64::try_from(payload_bytes.div_ceil(METHOD_BLOCK).max(1)).unwrap_or(u64::MAX);
        self.count_amount(Operation::Method, blocks)
    }

    fn count_amount(&mut self, operation: Operation, amount: u64) -> Result<(), ServiceError> {
        if self.traffic.tier.is_none()
            || self.traffic.buckets[operation as usize].try_draw(operation, amount, self.now.mono_ms)
        {
            return Ok(());
        }
        let (count, per_ms) = operation.allowance();
        let text = format!("{operation:?}: {count} in {} s are allowed, wait and try again", per_ms / 1000);
        Err(ServiceError::new(ErrorCode::ThrottlingException, text))
    }

    /// Whether a twin request of this identity is refused for now.
    pub(crate) fn throttle_twin(&mut self, slot: Slot, operation: Operation) -> Option<ServiceError> {
        let fault = if self.faults.is_empty() { None } else { self.fault_on_twin(slot) };
        fault.or_else(|| self.count_call(operation).err())
    }
}
