//! The twin of one identity: three sections with their versions and the metadata of each property.
//!
//! Merging and limits are `iothub_protocol::twin`; here are `$version`, `$metadata` and the documents.

use iothub_protocol::time::format_round_trip;
use iothub_protocol::twin::{self, Object, Rules, Section, TwinError};
use serde_json::{Map, Value, json};

/// A versioned section: `desired` or `reported`.
#[derive(Debug, Clone)]
pub(crate) struct Versioned {
    pub(crate) content: Object,
    pub(crate) metadata: Object,
    pub(crate) version: u64,
}

/// A twin.
#[derive(Debug, Clone)]
pub(crate) struct TwinRecord {
    pub(crate) tags: Object,
    pub(crate) desired: Versioned,
    pub(crate) reported: Versioned,
    /// Counts the writes.
    pub(crate) version: u64,
    /// Shown as base64. It counts the writes of all twins of the hub, so that a twin of the same name that was
    /// there before had others. Zero until the hub has counted it.
    pub(crate) etag: u64,
}

/// When and by which version a change was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) unix_ms: u64,
    /// Only `desired` writes `$lastUpdatedVersion`.
    pub(crate) version: Option<u64>,
}

impl Stamp {
    fn object(self) -> Object {
        let mut object = Map::new();
        let at = i64::try_from(self.unix_ms).unwrap_or(i64::MAX);
        object.insert("$lastUpdated".to_owned(), Value::String(format_round_trip(at)));
        if let Some(version) = self.version {
            object.insert("$lastUpdatedVersion".to_owned(), Value::from(version));
        }
        object
    }
}

impl TwinRecord {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            tags: Object::new(),
            desired: Versioned::new(Stamp { unix_ms: now_ms, version: Some(1) }),
            reported: Versioned::new(Stamp { unix_ms: now_ms, version: None }),
            version: 1,
            etag: 0,
        }
    }

    pub(crate) fn section(&self, section: Section) -> &Object {
        match section {
            Section::Tags => &self.tags,
            Section::Desired => &self.desired.content,
            Section::Reported => &self.reported.content,
        }
    }

    /// What a device reads: both sections bare, with their versions.
    pub(crate) fn device_document(&self) -> Value {
        json!({ "desired": self.desired.bare(), "reported": self.reported.bare() })
    }

    /// `properties` as the service reads them.
    pub(crate) fn service_properties(&self) -> Value {
        json!({ "desired": self.desired.full(), "reported": self.reported.full() })
    }

    /// Merges a checked patch into a section after trying its size.
    pub(crate) fn patch(
        &mut self,
        section: Section,
        patch: &Object,
        rules: Rules,
        unix_ms: u64,
    ) -> Result<(), TwinError> {
        let mut merged = self.section(section).clone();
        twin::merge(&mut merged, patch);
        twin::check_size(section, &merged, rules)?;
        match section {
            Section::Tags => self.tags = merged,
            Section::Desired => {
                let version = Some(self.desired.version + 1);
                self.desired.merged(merged, patch, Stamp { unix_ms, version });
            }
            Section::Reported => self.reported.merged(merged, patch, Stamp { unix_ms, version: None }),
        }
        Ok(())
    }

    /// Puts a checked object in the place of a section.
    pub(crate) fn replace(
        &mut self,
        section: Section,
        content: &Object,
        rules: Rules,
        unix_ms: u64,
    ) -> Result<(), TwinError> {
        twin::check_size(section, content, rules)?;
        let fresh = content.clone();
        match section {
            Section::Tags => self.tags = fresh,
            Section::Desired => {
                let version = Some(self.desired.version + 1);
                self.desired.replaced(fresh, Stamp { unix_ms, version });
            }
            Section::Reported => self.reported.replaced(fresh, Stamp { unix_ms, version: None }),
        }
        Ok(())
    }
}

impl Versioned {
    fn new(stamp: Stamp) -> Self {
        Self { content: Object::new(), metadata: stamp.object(), version: 1 }
    }

    /// A section with content of which nobody knows when it was written.
    pub(crate) fn stamped(content: Object, stamp: Stamp) -> Self {
        let mut fresh = Self::new(stamp);
        stamp_patch(&mut fresh.metadata, &content, &content, stamp);
        fresh.content = content;
        fresh
    }

    fn merged(&mut self, content: Object, patch: &Object, stamp: Stamp) {
        self.content = content;
        self.version += 1;
        stamp_patch(&mut self.metadata, patch, &self.content, stamp);
    }

    fn replaced(&mut self, content: Object, stamp: Stamp) {
        self.metadata = stamp.object();
        stamp_patch(&mut self.metadata, &content, &content, stamp);
        self.content = content;
        self.version += 1;
    }

    /// Content and `$version`.
    pub(crate) fn bare(&self) -> Value {
        let mut object = self.content.clone();
        object.insert("$version".to_owned(), Value::from(self.version));
        Value::Object(object)
    }

    /// Content, `$metadata` and `$version`.
    fn full(&self) -> Value {
        let mut object = self.content.clone();
        object.insert("$metadata".to_owned(), Value::Object(self.metadata.clone()));
        object.insert("$version".to_owned(), Value::from(self.version));
        Value::Object(object)
    }
}

/// Stamps every property of a patch, at every level, and drops the metadata of what was deleted.
fn stamp_patch(metadata: &mut Object, patch: &Object, content: &Object, stamp: Stamp) {
    metadata.extend(stamp.object());
    for (name, value) in patch {
        let Some(now_there) = content.get(name) else {
            metadata.remove(name);
            continue;
        };
        let mut below = match metadata.remove(name) {
            Some(Value::Object(old)) if now_there.is_object() => old,
            _ => Object::new(),
        };
        match (value, now_there) {
            (Value::Object(inner), Value::Object(there)) => stamp_patch(&mut below, inner, there, stamp),
            _ => below.extend(stamp.object()),
        }
        metadata.insert(name.clone(), Value::Object(below));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn metadata_follows_the_patch_at_every_level() {
        let mut twin = TwinRecord::new(0);
        twin.patch(Section::Desired, &object(json!({"a": {"x": 1, "y": 2}, "b": 1})), Rules::TODAY, 1_000)
            .unwrap();
        twin.patch(
            Section::Desired,
            &object(json!({"a": {"x": 5, "y": null}, "b": null})),
            Rules::TODAY,
            2_000,
        )
        .unwrap();
        let desired = twin.service_properties()["desired"].clone();
        assert_eq!(desired["a"], json!({"x": 5}));
        assert_eq!(desired["$version"], 3);
        assert_eq!(desired["$metadata"]["$lastUpdatedVersion"], 3);
        assert_eq!(desired["$metadata"]["a"]["x"]["$lastUpdated"], "1970-01-01T00:00:02.0000000Z");
        assert_eq!(desired["$metadata"]["a"].get("y"), None);
        assert_eq!(desired["$metadata"].get("b"), None);
    }

    #[test]
    fn reported_metadata_has_no_versions() {
        let mut twin = TwinRecord::new(0);
        twin.patch(Section::Reported, &object(json!({"t": 1})), Rules::TODAY, 1_000).unwrap();
        let metadata = &twin.service_properties()["reported"]["$metadata"];
        assert_eq!(metadata["t"], json!({"$lastUpdated": "1970-01-01T00:00:01.0000000Z"}));
    }

    #[test]
    fn a_patch_that_is_too_large_changes_nothing() {
        let mut twin = TwinRecord::new(0);
        let big = object(json!({"k": "x".repeat(4000)}));
        for n in 0..8 {
            let patch = object(json!({format!("p{n}"): big["k"]}));
            twin.patch(Section::Reported, &patch, Rules::TODAY, 0).unwrap();
        }
        let before = twin.device_document();
        assert!(twin.patch(Section::Reported, &object(json!({"one": big["k"]})), Rules::TODAY, 0).is_err());
        assert_eq!(twin.device_document(), before);
    }
}
