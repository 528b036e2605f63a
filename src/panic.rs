//! A panic ends the module for good; every driver's JavaScript side is told once, so that no promise hangs.

use crate::driver::Shared;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Once;

thread_local! {
    static DRIVERS: RefCell<Vec<Weak<Shared>>> = const { RefCell::new(Vec::new()) };
    static HAS_COME: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Whether the module is at its end: timers and page events that come later do nothing.
pub(crate) fn has_come() -> bool {
    HAS_COME.get()
}

/// Called for every new driver.
pub(crate) fn remember(driver: &Rc<Shared>) {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            tell_all(&info.to_string());
            before(info);
        }));
    });
    DRIVERS.with_borrow_mut(|drivers| {
        drivers.retain(|known| known.strong_count() > 0);
        drivers.push(Rc::downgrade(driver));
    });
}

fn tell_all(text: &str) {
    HAS_COME.set(true);
    let drivers = DRIVERS.with(|drivers| drivers.try_borrow_mut().map(|mut all| std::mem::take(&mut *all)));
    for driver in drivers.unwrap_or_default().iter().filter_map(Weak::upgrade) {
        if let Ok(mut page) = driver.page.try_borrow_mut() {
            *page = None;
        }
        driver.host.panicked(text);
    }
}
