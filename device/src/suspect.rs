//! A packet that the hub can not bear: it answers with a closed connection and no word, and gets it again first thing on
//! the next one. So who was the oldest at the end of two connections goes alone on the next ones; if they end too, it is
//! given up, and its caller is told. A method's answer needs none of this: it is never sent again.

use crate::device::Device;
use crate::error::{Code, Error};

impl Device {
    pub(crate) fn has_suspect(&self) -> bool {
        self.in_flight.is_suspicious() || self.requests.is_suspicious(self.at.now)
    }

    /// The other side has ended a connection.
    pub(crate) fn blame(&mut self, answered: bool) {
        let guilty = self.in_flight.blame(answered, self.at.now);
        let mut ops = self.requests.blame(answered, self.at.now);
        if guilty {
            ops.extend(self.in_flight.drop_oldest());
        }
        if guilty || !ops.is_empty() {
            self.backoff.forgive();
        }
        for op in ops {
            let text = "the hub closed one connection after the other when it was sent this: look at its size, names and values, and at the hub's quota";
            self.settle(op, Err(Error::new(Code::HubRefused, text)));
        }
    }
}
