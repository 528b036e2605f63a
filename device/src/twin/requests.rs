//! Twin requests between their call and their answer: matched by `$rid`, sent again on a new link, retried when
//! the hub throttles; reported patches one at a time, so that they can not overtake each other.

use crate::clock::earlier;
use crate::io::OpId;
use crate::mqtt::{GUILTY, SOON, SUSPECT};
use crate::random::Random;
use crate::twin::patch::{can_merge, merge_patches};
use iothub_protocol::json::Object;
use iothub_protocol::topic;

/// Who waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The mirror.
    Mirror,
    /// A `getTwin`.
    Get(OpId),
    /// One or several `updateReported`, merged.
    Patch(Vec<OpId>),
}

#[derive(Debug)]
struct Request {
    asked: Asked,
    body: Vec<u8>,
    /// The id it was sent with on the current link.
    rid: Option<u32>,
    /// Not asked before this time: the hub throttled, or its answer to the last try may still come.
    not_before: u64,
    attempts: u32,
    /// The 429 or 5xx that made it ask again.
    met: Option<u16>,
    /// The answer to this read is for the mirror, too.
    shared: bool,
    /// Connections in a row that the other side ended soon after this was sent.
    ends: u8,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    open: Vec<Request>,
    /// Patches that wait their turn.
    patches: Vec<(OpId, Object)>,
    next_rid: u32,
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nobody asked.
    Unknown,
    /// It will be asked again.
    Again,
    /// An answer for these; and for the mirror, too.
    For(Asked, bool),
}

const FIRST_RETRY: u64 = 1_000;
const LONGEST_RETRY: u64 = 60_000;
/// A request without an answer for so long is asked again, in milliseconds. Without that, one lost answer would
/// hold up every reported patch behind it, and the mirror until the next link.
const UNANSWERED: u64 = 30_000;
/// A patch that left and that nobody waits for any more holds the next one up for so long, in milliseconds: it
/// should not be overtaken, and its answer may never come.
const GIVEN_UP: u64 = 1_000;
/// A merged patch stays well below the hub's 32 KB for a section.
pub(crate) const MERGED_BYTES: usize = 24 * 1024;

impl Requests {
    /// A read, for the application or for the mirror.
    pub(crate) fn get(&mut self, asked: Asked) {
        self.open(asked, Vec::new(), 0);
    }

    fn open(&mut self, asked: Asked, body: Vec<u8>, not_before: u64) {
        self.open.push(Request {
            asked,
            body,
            rid: None,
            not_before,
            attempts: 0,
            met: None,
            shared: false,
            ends: 0,
        });
    }

    /// A read for the mirror, if there is none; one of the application that has yet to leave serves both.
    pub(crate) fn get_for_mirror(&mut self) {
        if self.open.iter().any(|request| request.shared || request.asked == Asked::Mirror) {
            return;
        }
        match self.open.iter_mut().find(|it| it.rid.is_none() && matches!(it.asked, Asked::Get(_))) {
            Some(request) => request.shared = true,
            None => self.get(Asked::Mirror),
        }
    }

    /// A read for the mirror, not before this time.
    pub(crate) fn mirror_later(&mut self, not_before: u64) {
        self.open(Asked::Mirror, Vec::new(), not_before);
    }

    /// Whether the application waits for nothing here.
    pub(crate) fn is_idle(&self) -> bool {
        self.patches.is_empty()
            && self.open.iter().all(|request| match &request.asked {
                Asked::Mirror => true,
                Asked::Get(_) => false,
                Asked::Patch(ops) => ops.is_empty(),
            })
    }

    /// A reported patch; it waits for the ones before it.
    pub(crate) fn patch(&mut self, op: OpId, patch: Object) {
        self.patches.push((op, patch));
    }

    /// Gives `publish` the topic and body of each request that is due.
    pub(crate) fn send_due(&mut self, now: u64, mut publish: impl FnMut(&str, &[u8])) {
        // Nobody waits for such a patch any more, and it has had its time.
        self.open.retain(|request| match &request.asked {
            Asked::Patch(ops) => !ops.is_empty() || request.not_before > now,
            _ => true,
        });
        self.next_patch();
        for request in self.open.iter_mut().filter(|request| request.not_before <= now) {
            request.not_before = now + UNANSWERED;
            let rid = self.next_rid;
            self.next_rid = self.next_rid.wrapping_add(1);
            request.rid = Some(rid);
            let topic = match request.asked {
                Asked::Patch(_) => topic::reported_patch(rid),
                _ => topic::twin_get(rid),
            };
            publish(&topic, &request.body);
        }
    }

    /// Takes the next patch up when none is open, with the ones behind it that can go along.
    fn next_patch(&mut self) {
        if self.open.iter().any(|request| matches!(request.asked, Asked::Patch(_))) {
            return;
        }
        if self.patches.is_empty() {
            return;
        }
        let (op, mut merged) = self.patches.remove(0);
        let mut ops = vec![op];
        let mut body = merged.to_text().into_bytes();
        while let Some((_, next)) = self.patches.first() {
            if !can_merge(&merged, next) || body.len() + next.to_text().len() > MERGED_BYTES {
                break;
            }
            let (op, next) = self.patches.remove(0);
            merge_patches(&mut merged, &next);
            ops.push(op);
            body = merged.to_text().into_bytes();
        }
        self.open(Asked::Patch(ops), body, 0);
    }

    /// An answer came. 429 and 5xx are asked again after a growing wait.
    pub(crate) fn answered(&mut self, rid: &str, status: u16, now: u64, random: &mut Random) -> Answer {
        let Ok(rid) = rid.parse::<u64>() else { return Answer::Unknown };
        let Some(index) = self.open.iter().position(|request| request.rid.map(u64::from) == Some(rid)) else {
            return Answer::Unknown;
        };
        if status == 429 || status >= 500 {
            let request = &mut self.open[index];
            request.ends = 0;
            let top = (FIRST_RETRY << request.attempts.min(10)).min(LONGEST_RETRY);
            request.attempts += 1;
            request.met = Some(status);
            request.rid = None;
            request.not_before = now + random.between(top / 2, top);
            return Answer::Again;
        }
        let Request { asked, shared, .. } = self.open.remove(index);
        Answer::For(asked, shared)
    }

    /// When something is due that is not due yet.
    pub(crate) fn deadline(&self, now: u64) -> Option<u64> {
        let open = self.open.iter().map(|request| request.not_before).filter(|at| *at > now);
        open.fold(None, |deadline, at| earlier(deadline, Some(at)))
    }

    /// The status with which the hub put this call off, if it did.
    pub(crate) fn met(&self, op: OpId) -> Option<u16> {
        let of = |asked: &Asked| match asked {
            Asked::Mirror => false,
            Asked::Get(asked) => *asked == op,
            Asked::Patch(ops) => ops.contains(&op),
        };
        self.open.iter().find(|request| of(&request.asked)).and_then(|request| request.met)
    }

    /// Whether somebody waits for the answer to a request that is on the wire.
    pub(crate) fn is_waiting(&self) -> bool {
        let given_up = Asked::Patch(Vec::new());
        self.open.iter().any(|request| request.rid.is_some() && request.asked != given_up)
    }

    fn patch_mut(&mut self) -> Option<&mut Request> {
        self.open.iter_mut().find(|request| matches!(request.asked, Asked::Patch(_)))
    }

    /// Whether the patch may be what the other side ends connections for: nothing else is sent beside it.
    pub(crate) fn is_suspicious(&self, now: u64) -> bool {
        let suspect = self.open.iter().find(|request| request.ends >= SUSPECT);
        suspect.is_some_and(|it| it.rid.is_none() || now + UNANSWERED < it.not_before + SOON)
    }

    /// As of messages in flight: the other side ended the connection; gives the callers of a patch that was sent in
    /// vain often enough.
    pub(crate) fn blame(&mut self, answered: bool, now: u64) -> Vec<OpId> {
        let Some(patch) = self.patch_mut().filter(|patch| patch.rid.is_some()) else { return Vec::new() };
        if (patch.ends >= SUSPECT && !answered) || now + UNANSWERED >= patch.not_before + SOON {
            patch.ends = 0;
            return Vec::new();
        }
        patch.ends += 1;
        match &mut patch.asked {
            Asked::Patch(ops) if patch.ends >= GUILTY => {
                patch.ends = 0;
                std::mem::take(ops)
            }
            _ => Vec::new(),
        }
    }

    /// The link is gone: what was asked is asked again on the next one.
    pub(crate) fn link_lost(&mut self) {
        self.open.retain(|request| request.asked != Asked::Mirror);
        for request in self.open.iter_mut().filter(|request| request.rid.is_some()) {
            request.rid = None;
            request.not_before = 0;
        }
        // Behind the next link's SUBACK the mirror asks anew.
        self.open.iter_mut().for_each(|request| request.shared = false);
    }

    /// The caller has given up. A patch that is on its way may still be applied.
    pub(crate) fn forget(&mut self, op: OpId) -> bool {
        let before = self.patches.len();
        self.patches.retain(|(waiting, _)| *waiting != op);
        if self.patches.len() < before {
            return true;
        }
        if let Some(index) = self.open.iter().position(|request| request.asked == Asked::Get(op)) {
            self.open.remove(index);
            return true;
        }
        for request in &mut self.open {
            let Asked::Patch(ops) = &mut request.asked else { continue };
            let Some(index) = ops.iter().position(|waiting| *waiting == op) else { continue };
            ops.remove(index);
            if ops.is_empty() {
                let sent_at = request.rid.map(|_| request.not_before - UNANSWERED);
                request.not_before = sent_at.map_or(0, |at| at + GIVEN_UP);
            }
            return true;
        }
        false
    }

    /// Empties everything; gives the calls that waited.
    pub(crate) fn drain(&mut self) -> Vec<OpId> {
        let mut ops = Vec::new();
        for request in self.open.drain(..) {
            match request.asked {
                Asked::Mirror => {}
                Asked::Get(op) => ops.push(op),
                Asked::Patch(patched) => ops.extend(patched),
            }
        }
        ops.extend(self.patches.drain(..).map(|(op, _)| op));
        ops
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iothub_protocol::json::Json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn sent(requests: &mut Requests, now: u64) -> Vec<(String, String)> {
        let mut all = Vec::new();
        requests.send_due(now, |topic, body| {
            all.push((topic.to_owned(), String::from_utf8_lossy(body).into_owned()));
        });
        all
    }

    fn patch(requests: &mut Requests, op: u32, text: &str) {
        requests.patch(OpId(op), Json::parse(text).unwrap().into_object().unwrap());
    }

    #[test]
    fn trap_37_one_patch_is_on_the_wire_at_a_time() {
        let (mut requests, mut random) = (Requests::default(), Random::new(1));
        patch(&mut requests, 1, r#"{"a":1}"#);
        assert_eq!(sent(&mut requests, 0).len(), 1);
        patch(&mut requests, 2, r#"{"a":2}"#);
        patch(&mut requests, 3, r#"{"b":3}"#);
        assert_eq!(sent(&mut requests, 0), []);
        assert_eq!(
            requests.answered("0", 204, 0, &mut random),
            Answer::For(Asked::Patch(vec![OpId(1)]), false)
        );
        let next = sent(&mut requests, 0);
        assert_eq!(next[0].1, r#"{"a":2,"b":3}"#);
        let both = Asked::Patch(vec![OpId(2), OpId(3)]);
        assert_eq!(requests.answered("1", 204, 0, &mut random), Answer::For(both, false));
    }

    #[test]
    fn trap_7_answers_are_matched_by_their_id_alone() {
        let (mut requests, mut random) = (Requests::default(), Random::new(1));
        requests.get(Asked::Get(OpId(1)));
        patch(&mut requests, 2, "{}");
        sent(&mut requests, 0);
        assert_eq!(
            requests.answered("1", 400, 0, &mut random),
            Answer::For(Asked::Patch(vec![OpId(2)]), false)
        );
        assert_eq!(requests.answered("0", 200, 0, &mut random), Answer::For(Asked::Get(OpId(1)), false));
        assert_eq!(requests.answered("0", 200, 0, &mut random), Answer::Unknown);
        assert_eq!(requests.answered("x", 200, 0, &mut random), Answer::Unknown);
    }

    #[test]
    fn trap_31_a_throttled_request_is_asked_again_later() {
        let (mut requests, mut random) = (Requests::default(), Random::new(1));
        requests.get(Asked::Get(OpId(1)));
        sent(&mut requests, 0);
        assert_eq!(requests.answered("0", 429, 0, &mut random), Answer::Again);
        assert_eq!(sent(&mut requests, 0), []);
        let due = requests.deadline(0).unwrap();
        assert!((500..=1000).contains(&due));
        assert_eq!(sent(&mut requests, due).len(), 1);
    }

    #[test]
    fn a_request_without_an_answer_is_asked_again_and_holds_nothing_up() {
        let (mut requests, mut random) = (Requests::default(), Random::new(1));
        patch(&mut requests, 1, r#"{"a":1}"#);
        sent(&mut requests, 0);
        assert_eq!(requests.deadline(0), Some(UNANSWERED));
        assert_eq!(sent(&mut requests, UNANSWERED - 1), []);
        assert_eq!(sent(&mut requests, UNANSWERED)[0].1, r#"{"a":1}"#);
        assert_eq!(requests.answered("0", 204, UNANSWERED, &mut random), Answer::Unknown);
    }

    #[test]
    fn a_patch_that_was_given_up_holds_the_next_one_up_for_a_moment_only() {
        let (mut requests, mut random) = (Requests::default(), Random::new(1));
        patch(&mut requests, 1, r#"{"a":1}"#);
        sent(&mut requests, 100);
        assert!(requests.forget(OpId(1)));
        assert!(!requests.forget(OpId(1)));
        assert!(requests.is_idle() && !requests.is_waiting());
        patch(&mut requests, 2, r#"{"a":2}"#);
        assert_eq!(sent(&mut requests, 99 + GIVEN_UP), []);
        assert_eq!(requests.deadline(0), Some(100 + GIVEN_UP));
        assert_eq!(sent(&mut requests, 100 + GIVEN_UP)[0].1, r#"{"a":2}"#);
        // One that the hub has put off leaves nothing to wait for.
        assert_eq!(requests.answered("1", 429, 2_000, &mut random), Answer::Again);
        assert!(requests.forget(OpId(2)));
        patch(&mut requests, 3, r#"{"a":3}"#);
        assert_eq!(sent(&mut requests, 2_000)[0].1, r#"{"a":3}"#);
    }

    #[test]
    fn a_lost_link_asks_again_with_a_new_id() {
        let mut requests = Requests::default();
        requests.get(Asked::Get(OpId(1)));
        requests.get(Asked::Mirror);
        sent(&mut requests, 0);
        requests.link_lost();
        assert_eq!(sent(&mut requests, 0), [("$iothub/twin/GET/?$rid=2".to_owned(), String::new())]);
    }
}
