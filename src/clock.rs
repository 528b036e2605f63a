//! The two clocks of the host, as the device wants them. Called by the driver, once per turn.

use iothub_device::Clock;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// A wall clock that ran this much further than the monotonic one means that the machine slept, in milliseconds.
const SLEEP: f64 = 2_000.0;

/// A monotonic clock that counts sleep, which `performance.now()` alone does not on every system.
#[derive(Debug)]
pub(crate) struct HostClock {
    start: f64,
    start_unix: f64,
    slept: f64,
    last: u64,
}

impl HostClock {
    pub(crate) fn new() -> Self {
        Self { start: performance_now(), start_unix: js_sys::Date::now(), slept: 0.0, last: 0 }
    }

    pub(crate) fn read(&mut self) -> Clock {
        let unix = js_sys::Date::now();
        let monotonic = performance_now() - self.start;
        let beyond = unix - self.start_unix - monotonic;
        if beyond > self.slept + SLEEP {
            self.slept = beyond;
        }
        self.last = self.last.max(whole(monotonic + self.slept));
        Clock { now: self.last, unix_ms: whole(unix) }
    }
}

/// Milliseconds as the device counts them; a host's clock is neither negative nor beyond 2^53.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to what fits"
)]
pub(crate) fn whole(ms: f64) -> u64 {
    ms.clamp(0.0, 9_007_199_254_740_991.0) as u64
}
