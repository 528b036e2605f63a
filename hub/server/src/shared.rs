//! The hub core between the tasks: one lock, taken once per read, and the way its outputs go to the links.
//!
//! Everything that is sent to a link goes into its queue while the lock is held, so what the core decided first
//! is written first.

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::store::Store;
use bytes::Bytes;
use iothub_hub::{CallId, Cause, Hub, LinkId, MethodAnswer, Now, Opened, Output, Reason};
use iothub_protocol::service_error::ServiceError;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot, watch};

/// One link, as its task sees it.
#[derive(Debug)]
pub struct LinkEnd {
    /// Its number.
    pub id: LinkId,
    /// What is due on it.
    pub outbox: Arc<Outbox>,
}

type Outcome = Result<MethodAnswer, ServiceError>;

#[derive(Debug)]
struct Core {
    hub: Hub,
    store: Option<Store>,
    links: HashMap<LinkId, Arc<Outbox>>,
    calls: HashMap<CallId, oneshot::Sender<Outcome>>,
}

/// The hub and its surroundings, shared by all tasks.
#[derive(Debug)]
pub struct Shared {
    core: Mutex<Core>,
    clock: Clock,
    next_link: AtomicU64,
    events: watch::Sender<u64>,
    timer: Notify,
}

impl Shared {
    /// Takes the hub over.
    #[must_use]
    pub fn new(hub: Hub, store: Option<Store>, clock: Clock) -> Arc<Self> {
        let core = Core { hub, store, links: HashMap::new(), calls: HashMap::new() };
        Arc::new(Self {
            core: Mutex::new(core),
            clock,
            next_link: AtomicU64::new(1),
            events: watch::Sender::new(0),
            timer: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        // A panic while the lock was held has been reported; the hub's state is still the best there is.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs something on the hub and carries out what it asks for.
    pub fn with<R>(&self, run: impl FnOnce(&mut Hub, Now) -> R) -> R {
        let mut core = self.lock();
        let result = run(&mut core.hub, self.clock.now());
        self.carry_out(&mut core);
        result
    }

    /// Announces a socket to the hub.
    #[must_use]
    pub fn open_link(&self, opened: Opened) -> LinkEnd {
        let id = LinkId(self.next_link.fetch_add(1, Ordering::Relaxed));
        let outbox = Arc::new(Outbox::default());
        let mut core = self.lock();
        core.links.insert(id, Arc::clone(&outbox));
        core.hub.handle_opened(id, opened, self.clock.now());
        self.carry_out(&mut core);
        LinkEnd { id, outbox }
    }

    /// Hands what came on a socket to the hub, frame by frame.
    pub fn feed(&self, link: LinkId, frames: impl IntoIterator<Item = Bytes>) {
        self.with(|hub, now| frames.into_iter().for_each(|bytes| hub.handle_bytes(link, &bytes, now)));
    }

    /// Tells the hub that a socket is gone.
    pub fn close_link(&self, link: LinkId) {
        self.with(|hub, now| hub.handle_closed(link, now));
        self.lock().links.remove(&link);
    }

    /// Waits for the outcome of a method; hangs up when the caller goes away.
    pub async fn method_outcome(
        self: &Arc<Self>,
        call: CallId,
        answer: oneshot::Receiver<Outcome>,
    ) -> Option<Outcome> {
        let mut waiting = Waiting { shared: Arc::clone(self), call: Some(call) };
        let outcome = answer.await.ok();
        waiting.call = None;
        outcome
    }

    /// Answers a request; a method's outcome comes through the receiver.
    pub fn request(
        &self,
        request: &iothub_hub::Request,
    ) -> (iothub_hub::Reply, Option<oneshot::Receiver<Outcome>>) {
        let mut core = self.lock();
        let reply = core.hub.handle_request(request, self.clock.now());
        let receiver = match &reply {
            iothub_hub::Reply::Method(call) => {
                let (sender, receiver) = oneshot::channel();
                core.calls.insert(*call, sender);
                Some(receiver)
            }
            iothub_hub::Reply::Now(_) => None,
        };
        self.carry_out(&mut core);
        (reply, receiver)
    }

    /// Counts events; changes when there are new ones.
    #[must_use]
    pub fn watch_events(&self) -> watch::Receiver<u64> {
        self.events.subscribe()
    }

    /// Runs the hub's one timer until the process ends.
    pub async fn run_timer(&self) {
        loop {
            self.clock.awake();
            let due = self.lock().hub.poll_timeout();
            let rest = due.map(|due| self.clock.until(due));
            tokio::select! {
                () = self.timer.notified() => {}
                () = sleep_for(rest) => self.with(|hub, now| hub.handle_timeout(now)),
            }
        }
    }

    fn carry_out(&self, core: &mut Core) {
        core.write_down();
        let mut slow = Vec::new();
        loop {
            while let Some(output) = core.hub.poll_output() {
                match output {
                    Output::Transmit { link, bytes } => slow.extend(core.transmit(link, bytes)),
                    Output::Close { link, cause, identity } => {
                        core.close(link, &cause);
                        log_end(link, &cause, identity.map(|identity| identity.to_string()));
                    }
                    Output::Admitted { link, identity } => {
                        tracing::info!(link = link.0, %identity, "connected");
                    }
                    Output::MethodAnswered { call, outcome } => {
                        if let Some(sender) = core.calls.remove(&call) {
                            // The caller may have hung up meanwhile.
                            let _ = sender.send(outcome);
                        }
                    }
                }
            }
            let Some((link, waiting)) = slow.pop() else { break };
            core.hub.handle_slow_reader(link, waiting, self.clock.now());
            core.write_down();
        }
        self.after(core);
    }

    fn after(&self, core: &Core) {
        if self.events.receiver_count() > 0 {
            let last = core.hub.last_event_id();
            self.events.send_if_modified(|seen| std::mem::replace(seen, last) != last);
        }
        if self.clock.earlier(core.hub.poll_timeout()) {
            self.timer.notify_one();
        }
    }
}

async fn sleep_for(rest: Option<std::time::Duration>) {
    match rest {
        Some(rest) => tokio::time::sleep(rest).await,
        None => std::future::pending().await,
    }
}

impl Core {
    /// What is acknowledged is kept: changes go to the file before any output leaves. A hub that can not keep
    /// its word stops.
    fn write_down(&mut self) {
        let Some(store) = &mut self.store else { return };
        let changes = self.hub.take_changes();
        if changes.is_empty() {
            return;
        }
        if let Err(error) = store.write(&changes) {
            tracing::error!(%error, "the data file can not be written: stopping, so that nothing is acknowledged and lost");
            std::process::exit(74);
        }
    }

    /// Queues bytes for a link; gives the link when too many wait.
    fn transmit(&self, link: LinkId, bytes: Vec<u8>) -> Option<(LinkId, usize)> {
        let waiting = self.links.get(&link)?.push(bytes);
        (waiting > self.hub.config().max_unsent_bytes).then_some((link, waiting))
    }

    fn close(&mut self, link: LinkId, cause: &Cause) {
        if let Some(outbox) = self.links.remove(&link) {
            outbox.end(cause.reason);
        }
    }
}

fn log_end(link: LinkId, cause: &Cause, identity: Option<String>) {
    let identity = identity.unwrap_or_default();
    let (link, reason, detail) = (link.0, cause.reason.code(), cause.detail.as_str());
    match cause.reason {
        Reason::ClientDisconnected | Reason::ConnectionLost => {
            tracing::info!(link, identity, reason, detail, "link closed");
        }
        _ => tracing::warn!(link, identity, reason, detail, "link closed by the hub"),
    }
}

/// Makes the hub forget a method whose caller hung up.
struct Waiting {
    shared: Arc<Shared>,
    call: Option<CallId>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            self.shared.with(|hub, _| hub.forget_method(call));
            self.shared.lock().calls.remove(&call);
        }
    }
}
