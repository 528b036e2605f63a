//! A panic ends the module for good; every driver's JavaScript side is told once, so that no promise hangs.

use crate::driver::Shared;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static DRIVERS: RefCell<Vec<Weak<Shared>>> = const { RefCell::new(Vec::new()) };
}

static HOOKED: AtomicBool = AtomicBool::new(false);

/// Called for every new driver.
pub(crate) fn remember(driver: &Rc<Shared>) {
    // The hook before it writes to where wasm has nothing.
    if !HOOKED.swap(true, Ordering::Relaxed) {
        std::panic::set_hook(Box::new(|info| {
            tell_all(&info.to_string());
        }));
    }
    DRIVERS.with_borrow_mut(|drivers| {
        drivers.retain(|known| known.strong_count() > 0);
        drivers.push(Rc::downgrade(driver));
    });
}

fn tell_all(text: &str) {
    let drivers = DRIVERS.with(|drivers| drivers.try_borrow_mut().map(|mut all| std::mem::take(&mut *all)));
    for driver in drivers.unwrap_or_default().iter().filter_map(Weak::upgrade) {
        driver.host.panicked(text);
    }
}
