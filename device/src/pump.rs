//! What leaves: at the end of every turn, all that is due moves into the link's buffer, in this order:
//! subscriptions, twin requests, messages; and a device that is closing leaves when nothing is open any more
//! (`closing.rs`).
//!
//! Each of them is a function by itself, called only when it may have something to do: a browser compiles a function
//! when it is called first, and what nobody has asked for need not be compiled before the first CONNACK is told.
//!
//! Called by `Device::poll_output` and whenever a deadline has passed.

use crate::device::Device;
use crate::io::Settlement;
use crate::life::Phase;
use crate::mqtt::{Link, Topic};
use crate::outbox::Waiting;
use iothub_protocol::device_side;

/// A frame that has grown to this leaves, and the hub reads it while the next one is made.
const FRAME_BYTES: usize = 48 << 10;

impl Device {
    /// Moves what is due into the link's buffer.
    pub(crate) fn pump(&mut self) {
        if self.at.has_stepped(self.origin) {
            self.clock_stepped();
        }
        self.close_when_done();
        if !matches!(self.phase, Phase::Online) {
            return;
        }
        if self.renewal.is_draining() {
            self.swap_when_drained();
            return;
        }
        if self.subscriptions.are_missing() {
            self.subscribe();
        }
        if let Some(link) = &mut self.link
            && self.in_flight.is_held(self.at.now, &mut link.out)
        {
            return;
        }
        let suspect = self.requests.is_suspicious(self.at.now);
        if self.subscriptions.is_confirmed(Topic::TwinAnswers) && (!suspect || self.in_flight.is_empty()) {
            self.ask_twin();
        }
        if !self.outbox.is_empty() && !suspect {
            self.fill_window();
        }
    }

    #[inline(never)]
    fn subscribe(&mut self) {
        let topics = self.subscriptions.missing();
        let Some(link) = self.link.as_mut().filter(|_| !topics.is_empty()) else { return };
        let filters: Vec<_> = topics.iter().map(|topic| topic.filter(&self.config.identity)).collect();
        let id = self.in_flight.take_id();
        // Filters hold a checked id: they fit.
        if device_side::write_subscribe(&mut link.out, id, &filters).is_ok() {
            self.subscriptions.asked(id, topics);
        }
    }

    #[inline(never)]
    fn ask_twin(&mut self) {
        let mirror_ready = self.mirror_wanted && self.subscriptions.is_confirmed(Topic::Desired);
        if mirror_ready && self.mirror.needs_read() {
            self.requests.get_for_mirror();
        }
        if let Some(link) = &mut self.link {
            self.requests.send_due(self.at.now, |topic, body| {
                // Request topics are short and bodies below 32 KB: they fit.
                let _ = link.publish(topic, body);
            });
        }
    }

    #[inline(never)]
    fn fill_window(&mut self) {
        if let Some(link) = &mut self.link {
            link.out.reserve(self.outbox.bytes().min(FRAME_BYTES));
        }
        while let (Some(next), Some(link)) = (self.outbox.front(), &self.link) {
            let options = &self.config.options;
            let wants_ack = next.packet.wants_ack();
            let window_full = self.in_flight.len() >= options.window_messages
                || (!self.in_flight.is_empty()
                    && self.in_flight.bytes() + next.packet.len() > options.window_bytes);
            if self.is_socket_full(link) || (wants_ack && window_full) || link.out.len() >= FRAME_BYTES {
                return;
            }
            let Some(Waiting { op, packet }) = self.outbox.pop() else { return };
            self.metrics.sent += 1;
            let Some(link) = &mut self.link else { return };
            if wants_ack {
                self.in_flight.send(Some(op), packet, self.at.now, &mut link.out);
            } else {
                link.out.extend_from_slice(packet.as_bytes());
                self.settle(op, Ok(Settlement::Sent));
            }
        }
    }

    pub(crate) fn is_socket_full(&self, link: &Link) -> bool {
        link.buffered + link.out.len() >= self.config.options.buffered_high_water
    }
}
