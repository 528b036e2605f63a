//! Links that have not sent their CONNECT: anybody can open them, so their number and what they hold have bounds.

use crate::hub::Hub;
use crate::link::LinkId;
use crate::reason::{Cause, Reason};
use std::collections::BTreeMap;

/// More of them cost memory and help nobody.
const COUNT_MAX: usize = 4096;
/// Bytes of CONNECTs that have come in part, of all of them together.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Each with the bytes that it holds.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    held: BTreeMap<LinkId, usize>,
    bytes: usize,
}

impl Strangers {
    pub(crate) fn insert(&mut self, link: LinkId) {
        self.held.insert(link, 0);
    }

    pub(crate) fn remove(&mut self, link: LinkId) {
        self.bytes -= self.held.remove(&link).unwrap_or(0);
    }

    /// How much a link holds now, if it is one of them.
    fn note(&mut self, link: LinkId, bytes: usize) {
        if let Some(held) = self.held.get_mut(&link) {
            self.bytes = self.bytes - *held + bytes;
            *held = bytes;
        }
    }

    /// The one that has to go, if there are too many, or they hold too much.
    fn surplus(&self) -> Option<(LinkId, Cause)> {
        if self.held.len() > COUNT_MAX {
            let detail = format!("{COUNT_MAX} newer sockets wait for their CONNECT too: the oldest goes");
            let (oldest, _) = self.held.first_key_value()?;
            return Some((*oldest, Cause::new(Reason::ConnectTimeout, detail)));
        }
        if self.bytes <= BYTES_MAX {
            return None;
        }
        let (largest, bytes) = self.held.iter().max_by_key(|(_, bytes)| **bytes)?;
        let detail =
            format!("{bytes} bytes of a CONNECT came, and others hold as much: the one that holds most goes");
        Some((*largest, Cause::new(Reason::MessageTooLarge, detail)))
    }
}

impl Hub {
    /// A link came, or holds another number of bytes.
    pub(crate) fn bound_strangers(&mut self, link: LinkId, bytes: usize) {
        self.strangers.note(link, bytes);
        while let Some((surplus, cause)) = self.strangers.surplus() {
            self.end_link(surplus, cause);
        }
    }
}
