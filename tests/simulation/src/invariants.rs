//! The rules that hold at every step, and those that hold when things have calmed down. The rules of single
//! packets are in `driver.rs` and `watch.rs`, those of settled calls in `calls.rs`, where they can be seen.

use crate::client::{Kind, Timers};
use crate::net::Conditions;
use crate::provider::Manner;
use crate::world::World;
use iothub_device::{HostSignal, State};

/// Sockets that one client may ask for in any minute for each cause, whatever happens: waits grow, so it is far fewer
/// as a rule. A wake-up may cost one more, and so may a connection that got messages acknowledged before it ended.
const OPENS_PER_MINUTE: usize = 16;
/// Time in which everything settles once nothing goes wrong any more: the longest wait after a take-over is ten
/// minutes, and what it waits for comes after that.
const CALM: u64 = 30 * 60_000;

impl World {
    /// After every turn: queues within bounds, no connect storm.
    pub(crate) fn check_bounds(&mut self, client: usize) {
        let state = &self.clients[client];
        let metrics = state.device.metrics();
        let (outbox, window) = state.bounds;
        if metrics.queued > outbox || metrics.in_flight > window {
            let text = format!(
                "client {client} holds {} messages and has {} in flight; {outbox} and {window} are allowed",
                metrics.queued, metrics.in_flight
            );
            return self.ledger.violated(text);
        }
        let since = self.now.saturating_sub(60_000);
        let lately = |times: &[u64]| times.iter().rev().take_while(|at| **at > since).count();
        let (opens, renewals, wakes) = (lately(&state.opens), lately(&state.renewals), lately(&state.wakes));
        if opens.max(renewals) > OPENS_PER_MINUTE + wakes + lately(&state.worked) {
            let text =
                format!("client {client} asked for {opens} sockets and {renewals} renewals within a minute");
            self.ledger.violated(text);
        }
    }

    /// Ends all trouble, and gives what failed on the way another link.
    pub fn calm_down(&mut self) {
        self.trace.line(self.now, || "== calm".to_owned());
        self.conditions = Conditions::default();
        self.hub.remove_faults(None, self.hub_now());
        self.drain_hub();
        for client in 0..self.clients.len() {
            self.thaw(client);
            let state = &mut self.clients[client];
            state.timers = Timers::Prompt;
            state.timer = None;
            state.skew = 0;
            state.handler_time = (0, 0);
            state.handler_fails = 0;
            state.provider.delay = (5, 50);
            state.provider.manner = Manner::Signs(3600);
            if client > 0 && !state.calls.iter().any(|call| call.kind == Kind::Close) {
                self.close(client, 0);
            }
        }
        self.listen(0);
        self.run(200_000);
        // What a PUBACK was lost for is sent again on another connection only.
        self.cut_anywhere(0);
        self.signal(0, HostSignal::Woken);
    }

    /// When nothing has gone wrong for long enough: every call has ended, nothing is lost, both sides agree.
    pub fn check_calm(&mut self) {
        self.run_until(CALM, |world| world.is_settled());
        if self.ledger.violation.is_none() {
            let unmet = self.unmet();
            unmet.into_iter().for_each(|text| self.ledger.violated(text));
        }
    }

    fn is_stopped(&self, client: usize) -> bool {
        matches!(self.clients[client].state(), Some(State::Disconnected | State::Closed))
    }

    fn is_settled(&self) -> bool {
        let calls = self.clients.iter().all(|client| client.open_calls() == 0);
        let idle = self.is_stopped(0)
            || (self.clients[0].is_connected()
                && self.clients[0].mirror == self.desired_at_hub()
                && self.ledger.queued.values().all(|queued| queued.completed || queued.given_up));
        calls && idle
    }

    fn unmet(&self) -> Option<String> {
        for (number, client) in self.clients.iter().enumerate() {
            if let Some(index) = client.calls.iter().position(|call| call.outcome.is_none()) {
                let call = &client.calls[index];
                return Some(format!(
                    "client {number}: call {index} ({:?} at {}) has never ended",
                    call.kind, call.at
                ));
            }
        }
        let first = &self.clients[0];
        if self.is_stopped(0) {
            return None;
        }
        if !first.is_connected() {
            return Some(format!("client 0 is not connected when all is calm: {:?}", first.statuses.last()));
        }
        if first.mirror != self.desired_at_hub() {
            return Some(format!(
                "the mirror is {:?}, the hub has {:?}",
                first.mirror,
                self.desired_at_hub()
            ));
        }
        let waiting = self.ledger.queued.iter().find(|(_, queued)| !queued.completed && !queued.given_up);
        if let Some((id, _)) = waiting {
            return Some(format!("the message {id} was never acknowledged"));
        }
        self.lost_delivery()
    }

    fn lost_delivery(&self) -> Option<String> {
        let done = |id: &String| self.clients.iter().any(|client| client.handled.contains(id));
        let completed = self.ledger.queued.iter().filter(|(_, queued)| queued.completed);
        let lost = completed.map(|(id, _)| id).find(|id| !done(id));
        lost.map(|id| format!("the message {id} was acknowledged, and no handler of it went well"))
    }
}
