//! Back to the first moment. All that the hub knows is made anew; what is kept is listed by name, so that a new
//! field is reset unless somebody says otherwise.

use crate::event::Happening;
use crate::hub::Hub;
use crate::reason::Reason;

impl Hub {
    /// Back to the first moment: one device, no twins, no queues, no faults, nothing used of the day's quota, the
    /// real time.
    pub fn reset(&mut self, now: crate::Now) {
        self.now = now;
        self.end_all(Reason::Restarted, "the hub was reset");
        let slots: Vec<_> = self.registry.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.give_up(slot, Reason::Restarted, "the hub was reset");
        }
        self.feedback.numbers().into_iter().for_each(|number| self.touch_feedback(number));
        let seed = self.rng.next();
        let fresh = Self::new(self.config.clone(), seed, now);
        let before = std::mem::replace(self, fresh);
        self.keep_from(before);
        self.registry.clear();
        self.add_first_device();
        self.happened(None, Happening::Control { what: "reset".to_owned() });
    }
}
