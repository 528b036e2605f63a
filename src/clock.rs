//! The two clocks of the host, as the device wants them. Called by the driver, once per turn.

use iothub_device::Clock;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Time since the driver was made, and the wall clock as it is. Where the host's monotonic clock stands still while the
/// machine sleeps, so do time-outs; the device notices the sleep by the wall clock that ran on.
#[derive(Debug)]
pub(crate) struct HostClock {
    start: f64,
}

impl HostClock {
    pub(crate) fn new() -> Self {
        Self { start: performance_now() }
    }

    pub(crate) fn read(&self) -> Clock {
        Clock { now: whole(performance_now() - self.start), unix_ms: whole(js_sys::Date::now()) }
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
