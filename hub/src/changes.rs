//! What has to be kept: which identities and messages changed since the shell last asked, and export and import
//! of everything. The shell writes changes down *before* it carries outputs out: what was acknowledged is kept.

use crate::event::Happening;
use crate::hub::Hub;
use crate::keep;
use crate::registry::Slot;
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Something to write down. Documents are JSON text; none means: delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A device or module.
    Identity {
        /// Which.
        identity: Arc<Identity>,
        /// Its document.
        document: Option<String>,
    },
    /// A cloud-to-device message.
    Message {
        /// Whose.
        identity: Arc<Identity>,
        /// Its number, unique in the hub.
        sequence: u64,
        /// Its document.
        document: Option<String>,
    },
}

/// What changed. Nothing is noted while nobody keeps it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    wanted: bool,
    identities: BTreeSet<Arc<Identity>>,
    messages: BTreeMap<u64, Arc<Identity>>,
}

impl Hub {
    /// From now on changes are noted for [`Hub::take_changes`].
    pub fn keep_changes(&mut self) {
        self.changes.wanted = true;
    }

    /// Notes everything, for a shell that begins to keep.
    pub fn note_all(&mut self) {
        let all: Vec<Arc<Identity>> =
            self.registry.iter().map(|(_, record)| Arc::clone(&record.identity)).collect();
        all.iter().for_each(|identity| self.touch(identity));
    }

    /// Notes that an identity changed.
    pub(crate) fn touch(&mut self, identity: &Arc<Identity>) {
        if self.changes.wanted && !self.changes.identities.contains(identity) {
            self.changes.identities.insert(Arc::clone(identity));
        }
    }

    /// Notes that a message came, moved or went.
    pub(crate) fn touch_message(&mut self, identity: &Arc<Identity>, sequence: u64) {
        if self.changes.wanted {
            self.changes.messages.insert(sequence, Arc::clone(identity));
        }
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        if self.changes.identities.is_empty() && self.changes.messages.is_empty() {
            return Vec::new();
        }
        let identities = std::mem::take(&mut self.changes.identities);
        let messages = std::mem::take(&mut self.changes.messages);
        let mut changes = Vec::with_capacity(identities.len() + messages.len());
        for identity in identities {
            let document = self.registry.by_identity(&identity).map(|record| keep::write(record).to_string());
            changes.push(Change::Identity { identity, document });
        }
        for (sequence, identity) in messages {
            let queue = self.registry.by_identity(&identity).map(|record| &record.queue);
            let message = queue.and_then(|queue| queue.iter().find(|m| m.sequence == sequence));
            let document = message.map(|message| keep::write_message(message).to_string());
            changes.push(Change::Message { identity, sequence, document });
        }
        changes
    }

    /// Takes an identity back as it was kept. One that is there is replaced.
    ///
    /// # Errors
    /// 400 with the field that is wrong.
    pub fn restore_identity(&mut self, document: &Value) -> Result<(), ServiceError> {
        let record = keep::read(document, &mut self.rng, self.clock.unix_ms(self.now))?;
        if let Some(old) = self.registry.find(&record.identity) {
            self.registry.remove(old);
        }
        self.registry.insert(record);
        Ok(())
    }

    /// Takes a message back as it was kept; one of an unknown device is dropped.
    ///
    /// # Errors
    /// 400 with the field that is wrong.
    pub fn restore_message(&mut self, device_id: &str, document: &Value) -> Result<(), ServiceError> {
        let message = keep::read_message(document)?;
        self.next_sequence = self.next_sequence.max(message.sequence + 1);
        let identity = Identity { device_id: device_id.to_owned(), module_id: None };
        if let Some(slot) = self.registry.find(&identity) {
            if let Some(record) = self.registry.get_mut(slot) {
                record.queue.push(message);
            }
            self.arm_expiry(slot);
        }
        Ok(())
    }

    /// Everything that is kept, as one document.
    #[must_use]
    pub fn export(&self) -> Value {
        let devices: Vec<Value> = self
            .registry
            .iter()
            .map(|(_, record)| {
                let mut document = keep::write(record);
                if let (Value::Object(fields), false) = (&mut document, record.is_module()) {
                    let messages: Vec<Value> = record.queue.iter().map(keep::write_message).collect();
                    fields.insert("messages".to_owned(), Value::Array(messages));
                }
                document
            })
            .collect();
        json!({ "form": keep::FORM, "devices": devices })
    }

    /// Takes an export or a seed in, on top of what is there. All or nothing.
    ///
    /// # Errors
    /// 400 with the identity and the field that is wrong; nothing is changed then.
    pub fn import(
        &mut self,
        document: &Value,
        only_new: bool,
        now: crate::Now,
    ) -> Result<usize, ServiceError> {
        self.now = now;
        let bad = |text: String| ServiceError::new(ErrorCode::ArgumentInvalid, text);
        if document["form"].as_u64().is_some_and(|form| form > keep::FORM) {
            return Err(bad(format!(
                "the file has form {}, this hub reads {}",
                document["form"],
                keep::FORM
            )));
        }
        let rows = document["devices"].as_array();
        let rows = rows.ok_or_else(|| bad("a seed is {\"devices\": [ … ]}".to_owned()))?;
        let (rows, wall) = (flattened(rows), self.wall_ms());
        // Numbers are unique in the hub; those of another one are moved behind ours.
        let offset = self.next_sequence;
        let mut read = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut record = keep::read(row, &mut self.rng, wall)?;
            for message in row["messages"].as_array().into_iter().flatten() {
                let mut message = keep::read_message(message)?;
                message.sequence += offset;
                record.queue.push(message);
            }
            if record.queue.len() > limits::C2D_QUEUE {
                let (count, most) = (record.queue.len(), limits::C2D_QUEUE);
                return Err(bad(format!("\"{}\" has {count} messages, {most} may wait", record.identity)));
            }
            read.push(record);
        }
        let known: BTreeSet<&str> =
            read.iter().filter(|r| !r.is_module()).map(|r| r.identity.device_id.as_str()).collect();
        let orphan = read.iter().find(|r| {
            let device = Identity { device_id: r.identity.device_id.clone(), module_id: None };
            r.is_module()
                && !known.contains(r.identity.device_id.as_str())
                && self.registry.find(&device).is_none()
        });
        if let Some(orphan) = orphan {
            return Err(bad(format!("module \"{}\" has no device", orphan.identity)));
        }
        let mut count = 0;
        for record in read {
            count += usize::from(self.take_in(record, only_new));
        }
        Ok(count)
    }

    fn take_in(&mut self, record: crate::record::Record, only_new: bool) -> bool {
        let identity = Arc::clone(&record.identity);
        if let Some(old) = self.registry.find(&identity) {
            if only_new {
                return false;
            }
            let detail = "an import replaced the identity";
            self.end_links_of(&identity, crate::Reason::Restarted, detail);
            let gone: Vec<u64> = self
                .registry
                .remove(old)
                .iter()
                .flat_map(|r| r.queue.iter().map(|m| m.sequence).collect::<Vec<_>>())
                .collect();
            gone.into_iter().for_each(|sequence| self.touch_message(&identity, sequence));
        }
        let sequences: Vec<u64> = record.queue.iter().map(|m| m.sequence).collect();
        let slot: Slot = self.registry.insert(record);
        self.next_sequence = sequences.iter().fold(self.next_sequence, |next, s| next.max(s + 1));
        sequences.into_iter().for_each(|sequence| self.touch_message(&identity, sequence));
        self.arm_expiry(slot);
        self.touch(&identity);
        self.happened(Some(identity), Happening::Lifecycle { state: "created" });
        true
    }
}

/// A seed may nest modules in their device; an export has them beside it.
fn flattened(rows: &[Value]) -> Vec<Value> {
    let mut flat = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = row.clone();
        let modules = row.as_object_mut().and_then(|fields| fields.remove("modules"));
        let device = row["deviceId"].clone();
        flat.push(row);
        for module in modules.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let mut module = module.clone();
            if let Value::Object(fields) = &mut module {
                fields.insert("deviceId".to_owned(), device.clone());
            }
            flat.push(module);
        }
    }
    flat
}
