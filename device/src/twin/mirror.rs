//! A copy of the desired properties that is in step with the hub's: every change is raised once, in order.
//!
//! Patches that arrive while a read is on its way wait for it; what the read already has is dropped; a version
//! that is skipped asks for another read.

use crate::twin::patch::merge;
use iothub_protocol::json::{Json, Object};

/// A change to raise.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) patch: Object,
    pub(crate) version: u64,
    /// The patch is all there is.
    pub(crate) complete: bool,
}

/// The copy.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    /// None before the first read.
    known: Option<(Object, u64)>,
    /// Patches that wait for a read.
    waiting: Vec<(u64, Object)>,
    in_step: bool,
    /// The last read was older than what is known.
    doubted: bool,
}

/// Patches that may wait; more than that and the read has what they say.
const WAITING: usize = 256;

impl Mirror {
    /// The link is new: whatever happened meanwhile is not known.
    pub(crate) fn out_of_step(&mut self) {
        self.in_step = false;
        self.waiting.clear();
    }

    /// Whether a read is needed.
    pub(crate) fn needs_read(&self) -> bool {
        !self.in_step
    }

    /// All there is, once it was read.
    pub(crate) fn all(&self) -> Option<Change> {
        let (patch, version) = self.known.clone()?;
        Some(Change { patch, version, complete: true })
    }

    /// A read has come. Gives what changed since the last known state.
    pub(crate) fn read(&mut self, mut desired: Object, version: u64) -> Vec<Change> {
        desired.retain_names(|name| !name.starts_with('$'));
        let mut changes = Vec::new();
        let older = self.known.as_ref().is_some_and(|(_, known)| *known > version);
        if older && !std::mem::replace(&mut self.doubted, true) {
            // Asked once more. A second one is believed: the device was deleted and made again.
            return changes;
        }
        self.doubted = false;
        let (patch, complete) = match &self.known {
            Some((known, _)) => (difference(known, &desired), false),
            None => (desired.clone(), true),
        };
        // That there is nothing is news, too.
        if complete || !patch.is_empty() {
            changes.push(Change { patch, version, complete });
        }
        self.known = Some((desired, version));
        self.in_step = true;
        for (version, patch) in std::mem::take(&mut self.waiting) {
            changes.extend(self.patch(patch, version));
        }
        changes
    }

    /// A patch has come. Gives it back when it is the next one.
    pub(crate) fn patch(&mut self, mut patch: Object, version: u64) -> Option<Change> {
        patch.retain_names(|name| !name.starts_with('$'));
        let (known, at) = match &mut self.known {
            Some((known, at)) if self.in_step => (known, at),
            _ => {
                if self.waiting.len() < WAITING {
                    self.wait(version, patch);
                }
                return None;
            }
        };
        if version <= *at {
            return None;
        }
        if version > *at + 1 {
            self.in_step = false;
            self.wait(version, patch);
            return None;
        }
        merge(known, &patch);
        *at = version;
        Some(Change { patch, version, complete: false })
    }

    /// In the order of versions; equal ones in the order of arrival.
    fn wait(&mut self, version: u64, patch: Object) {
        let at = self.waiting.partition_point(|(waiting, _)| *waiting <= version);
        self.waiting.insert(at, (version, patch));
    }
}

/// The merge patch that leads from `before` to `after`.
fn difference(before: &Object, after: &Object) -> Object {
    let mut patch = Object::default();
    for (name, old) in before.iter() {
        match (old, after.get(name)) {
            (_, None) => {
                patch.insert(name, Json::Null);
            }
            (Json::Object(old), Some(Json::Object(new))) => {
                let inner = difference(old, new);
                if !inner.is_empty() {
                    patch.insert(name, Json::Object(inner));
                }
            }
            (old, Some(new)) if old != new => {
                patch.insert(name, new.clone());
            }
            _ => {}
        }
    }
    for (name, new) in after.iter().filter(|(name, _)| before.get(name).is_none()) {
        patch.insert(name, new.clone());
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(text: &str) -> Object {
        Json::parse(text).unwrap().into_object().unwrap()
    }

    fn in_step(text: &str, version: u64) -> Mirror {
        let mut mirror = Mirror::default();
        mirror.read(object(text), version);
        mirror
    }

    #[test]
    fn the_first_read_raises_all_there_is() {
        let mut mirror = Mirror::default();
        let changes = mirror.read(object(r#"{"a":1,"$version":3}"#), 3);
        assert_eq!(changes, [Change { patch: object(r#"{"a":1}"#), version: 3, complete: true }]);
        let nothing = Mirror::default().read(object(r#"{"$version":1}"#), 1);
        assert_eq!(nothing, [Change { patch: object("{}"), version: 1, complete: true }]);
    }

    #[test]
    fn who_comes_late_is_told_all_there_is() {
        assert_eq!(Mirror::default().all(), None, "nothing was read yet");
        let mut mirror = in_step(r#"{"a":1}"#, 3);
        mirror.patch(object(r#"{"b":2}"#), 4);
        let all = Change { patch: object(r#"{"a":1,"b":2}"#), version: 4, complete: true };
        assert_eq!(mirror.all(), Some(all));
    }

    #[test]
    fn trap_38_a_patch_between_subscribe_and_read_is_not_lost() {
        let mut mirror = Mirror::default();
        assert_eq!(mirror.patch(object(r#"{"a":2}"#), 4), None);
        let changes = mirror.read(object(r#"{"a":1}"#), 3);
        assert_eq!(changes.iter().map(|c| c.version).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn what_the_read_already_has_is_dropped() {
        let mut mirror = Mirror::default();
        mirror.patch(object(r#"{"a":2}"#), 4);
        assert_eq!(mirror.read(object(r#"{"a":2}"#), 4).len(), 1);
        assert_eq!(mirror.patch(object(r#"{"a":2}"#), 4), None, "a copy is raised once only");
    }

    #[test]
    fn a_gap_asks_for_another_read() {
        let mut mirror = in_step("{}", 1);
        assert_eq!(mirror.patch(object(r#"{"a":3}"#), 3), None);
        assert!(mirror.needs_read());
        let changes = mirror.read(object(r#"{"a":3,"b":1}"#), 3);
        assert_eq!(changes, [Change { patch: object(r#"{"a":3,"b":1}"#), version: 3, complete: false }]);
        assert!(!mirror.needs_read());
    }

    #[test]
    fn a_twin_that_began_anew_is_believed_at_the_second_read() {
        let mut mirror = in_step(r#"{"a":1}"#, 9);
        mirror.out_of_step();
        assert_eq!(mirror.read(object("{}"), 1), []);
        assert!(mirror.needs_read());
        assert_eq!(
            mirror.read(object("{}"), 1),
            [Change { patch: object(r#"{"a":null}"#), version: 1, complete: false }]
        );
        assert_eq!(mirror.patch(object(r#"{"a":2}"#), 2).map(|change| change.version), Some(2));
    }

    #[test]
    fn after_a_lost_link_only_what_really_changed_is_raised() {
        let mut mirror = in_step(r#"{"a":1,"b":{"c":1,"d":2},"gone":true}"#, 5);
        mirror.out_of_step();
        let changes = mirror.read(object(r#"{"a":1,"b":{"c":1,"d":3},"new":0}"#), 9);
        assert_eq!(
            changes,
            [Change { patch: object(r#"{"b":{"d":3},"gone":null,"new":0}"#), version: 9, complete: false }]
        );
        mirror.out_of_step();
        assert_eq!(mirror.read(object(r#"{"a":1,"b":{"c":1,"d":3},"new":0}"#), 9), []);
    }
}
