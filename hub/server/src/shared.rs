//! The hub core between the tasks: one lock, taken once per read, and the way its outputs go to the links.
//!
//! Everything that is sent to a link goes into its queue while the lock is held, so what the core decided first
//! is written first. With a data file, what the core decided waits until all changes before it are on the disk:
//! what is acknowledged is kept.

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::store::Store;
use crate::writer::Writer;
use bytes::Bytes;
use iothub_hub::{CallId, Cause, Hub, LinkId, MethodAnswer, Now, Opened, Output, Reason};
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use std::collections::{HashMap, VecDeque};
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
    writer: Option<Writer>,
    /// The last hand-over to the writer, and the last one that is on the disk.
    handed: u64,
    written: u64,
    /// What waits for the disk, each with the hand-over that it waits for.
    held: VecDeque<(u64, Output)>,
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
    /// The last hand-over that is on the disk, or why nothing is written any more.
    disk: watch::Sender<Result<u64, String>>,
    timer: Notify,
}

impl Shared {
    /// Takes the hub over, and starts the thread that writes its data file.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(hub: Hub, store: Option<Store>, clock: Clock) -> std::io::Result<Arc<Self>> {
        let core = Core {
            hub,
            writer: None,
            handed: 0,
            written: 0,
            held: VecDeque::new(),
            links: HashMap::new(),
            calls: HashMap::new(),
        };
        let shared = Arc::new(Self {
            core: Mutex::new(core),
            clock,
            next_link: AtomicU64::new(1),
            events: watch::Sender::new(0),
            disk: watch::Sender::new(Ok(0)),
            timer: Notify::new(),
        });
        if let Some(store) = store {
            let told = Arc::clone(&shared);
            shared.lock().writer = Some(Writer::start(store, move |written| told.written(written))?);
        }
        Ok(shared)
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

    /// Hands what came on a socket to the hub, frame by frame. Returns when what it changed is on the disk: a link
    /// is not read from faster than its changes are written.
    pub async fn feed(&self, link: LinkId, frames: impl IntoIterator<Item = Bytes>) {
        let handed = {
            let mut core = self.lock();
            let now = self.clock.now();
            frames.into_iter().for_each(|bytes| core.hub.handle_bytes(link, &bytes, now));
            self.carry_out(&mut core);
            core.outstanding()
        };
        // A file that can not be written ends the hub, and with it the link.
        let _ = self.on_disk(handed).await;
    }

    /// Tells the hub that a socket is gone.
    pub fn close_link(&self, link: LinkId) {
        self.with(|hub, now| hub.handle_closed(link, now));
        self.lock().links.remove(&link);
    }

    /// Tells the hub that what came on a socket can not be read; it ends the link.
    pub fn break_link(&self, link: LinkId, reason: Reason, detail: &str) {
        self.with(|hub, now| hub.handle_broken(link, Cause::new(reason, detail), now));
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

    /// Answers a request once what it changed is on the disk; a method's outcome comes through the receiver.
    ///
    /// # Errors
    /// When the data file can not be written: whatever the request did is not to be relied on.
    pub async fn request(
        &self,
        request: &iothub_hub::Request,
    ) -> Result<(iothub_hub::Reply, Option<oneshot::Receiver<Outcome>>), ServiceError> {
        let (reply, receiver, handed) = {
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
            (reply, receiver, core.outstanding())
        };
        match self.on_disk(handed).await {
            Ok(()) => Ok((reply, receiver)),
            Err(text) => Err(ServiceError::new(ErrorCode::ServerError, text)),
        }
    }

    /// Waits until a hand-over is on the disk.
    async fn on_disk(&self, handed: Option<u64>) -> Result<(), String> {
        let Some(handed) = handed else { return Ok(()) };
        let mut disk = self.disk.subscribe();
        // The sender is ours: it outlives the wait.
        match disk.wait_for(|disk| disk.as_ref().map_or(true, |written| *written >= handed)).await {
            Ok(disk) => disk.as_ref().map(|_| ()).map_err(Clone::clone),
            Err(_) => Ok(()),
        }
    }

    /// Waits until the data file can not be written; gives why.
    pub async fn disk_failure(&self) -> String {
        match self.disk.subscribe().wait_for(Result::is_err).await.as_deref() {
            Ok(Err(text)) => text.clone(),
            _ => std::future::pending().await,
        }
    }

    /// The writer's word.
    fn written(&self, written: Result<u64, String>) {
        let mut core = self.lock();
        match &written {
            Ok(number) => {
                core.written = *number;
                self.carry_out(&mut core);
            }
            // Nothing is acknowledged any more. Sockets still close.
            Err(_) => {
                core.handed = u64::MAX;
                core.held.retain(|(_, output)| matches!(output, Output::Close { .. }));
            }
        }
        drop(core);
        drop(self.disk.send_replace(written));
    }

    /// The hub stops: links end, and who waits for a method's outcome is told that there is none.
    pub fn stop(&self) {
        // Before the links end: that the device is gone is not why there is no answer.
        self.lock().calls.clear();
        self.with(Hub::handle_stopping);
        self.lock().release_ends();
    }

    /// Waits until everything is written and the data file is closed.
    pub async fn finish(&self) {
        let writer = self.lock().writer.take();
        if let Some(writer) = writer {
            // A panic of the thread has been printed.
            let _ = tokio::task::spawn_blocking(move || writer.finish()).await;
        }
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
        loop {
            core.hand_over();
            while let Some(output) = core.hub.poll_output() {
                core.held.push_back((core.handed, output));
            }
            let Some((link, waiting)) = core.release() else { break };
            core.hub.handle_slow_reader(link, waiting, self.clock.now());
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
    /// What the hub has changed goes to the writer before any output leaves.
    fn hand_over(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        let changes = self.hub.take_changes();
        if !changes.is_empty() && self.handed != u64::MAX {
            self.handed = writer.hand_over(changes);
        }
    }

    /// The hand-over that everything so far waits for.
    fn outstanding(&self) -> Option<u64> {
        (self.handed > self.written).then_some(self.handed)
    }

    /// Carries out what waits for nothing any more; stops at a link whose client does not read.
    fn release(&mut self) -> Option<(LinkId, usize)> {
        while self.held.front().is_some_and(|(number, _)| *number <= self.written) {
            let (_, output) = self.held.pop_front()?;
            if let Some(slow) = self.perform(output) {
                return Some(slow);
            }
        }
        None
    }

    /// Closes sockets without waiting for a disk that does not answer any more.
    fn release_ends(&mut self) {
        if self.handed == u64::MAX {
            for (_, output) in std::mem::take(&mut self.held) {
                if matches!(output, Output::Close { .. }) {
                    self.perform(output);
                }
            }
        }
    }

    fn perform(&mut self, output: Output) -> Option<(LinkId, usize)> {
        match output {
            Output::Transmit { link, bytes } => return self.transmit(link, bytes),
            Output::Close { link, cause, identity } => {
                self.close(link, &cause);
                log_end(link, &cause, identity.map(|identity| identity.to_string()));
            }
            Output::Admitted { link, identity } => tracing::info!(link = link.0, %identity, "connected"),
            Output::MethodAnswered { call, outcome } => {
                if let Some(sender) = self.calls.remove(&call) {
                    // The caller may have hung up meanwhile.
                    let _ = sender.send(outcome);
                }
            }
        }
        None
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
