//! What has to be kept: which identities and messages changed since the shell last asked, and export of
//! everything. The shell writes changes down *before* it carries outputs out: what was acknowledged is kept.

use crate::hub::Hub;
use crate::keep;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::ServiceError;
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
    /// A batch of feedback about such messages.
    Feedback {
        /// Its number, unique in the hub.
        number: u64,
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
    feedback: BTreeSet<u64>,
}

impl Hub {
    /// From now on changes are noted for [`Hub::take_changes`].
    pub fn keep_changes(&mut self) {
        self.changes.wanted = true;
    }

    /// Notes everything, for a shell that begins to keep.
    pub fn note_all(&mut self) {
        let all = self.registry.iter().map(|(_, record)| {
            (Arc::clone(&record.identity), record.queue.iter().map(|m| m.sequence).collect::<Vec<_>>())
        });
        let all: Vec<_> = all.collect();
        for (identity, messages) in all {
            self.touch(&identity);
            messages.into_iter().for_each(|sequence| self.touch_message(&identity, sequence));
        }
        self.feedback.numbers().into_iter().for_each(|number| self.touch_feedback(number));
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

    /// Notes that a batch of feedback came, grew or went.
    pub(crate) fn touch_feedback(&mut self, number: u64) {
        if self.changes.wanted {
            self.changes.feedback.insert(number);
        }
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let noted = &self.changes;
        if noted.identities.is_empty() && noted.messages.is_empty() && noted.feedback.is_empty() {
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
            let document = message.map(|message| keep::write_message(&identity, message).to_string());
            changes.push(Change::Message { identity, sequence, document });
        }
        for number in std::mem::take(&mut self.changes.feedback) {
            let document = self.feedback.document(number).map(|document| document.to_string());
            changes.push(Change::Feedback { number, document });
        }
        changes
    }

    /// Forgets the first device, for a shell that is about to restore: its file knows whether that is still there.
    pub fn begin_restore(&mut self, now: crate::Now) {
        self.now = now;
        self.registry.clear();
        // Etags of what was deleted before the restart are not in the file; the time is beyond them all.
        self.twin_writes = self.wall_ms() / 1000;
    }

    /// Takes an identity back as it was kept. One that is there is replaced.
    ///
    /// # Errors
    /// 400 with the field that is wrong.
    pub fn restore_identity(&mut self, document: &Value) -> Result<(), ServiceError> {
        let record = keep::read(document, keep::Origin::Own, &mut self.rng, self.clock.unix_ms(self.now))?;
        if let Some(old) = self.registry.find(&record.identity) {
            self.registry.remove(old);
        }
        self.take_up(record);
        Ok(())
    }

    /// Takes a message back as it was kept.
    ///
    /// # Errors
    /// 400 with the field that is wrong, 404 when the device is not there.
    pub fn restore_message(&mut self, device_id: &str, document: &Value) -> Result<(), ServiceError> {
        let module_id = document["moduleId"].as_str().map(str::to_owned);
        let identity = Identity { device_id: device_id.to_owned(), module_id };
        let slot = self.slot_of(&identity)?;
        let message = keep::read_message(&identity, document)?;
        self.next_sequence = self.next_sequence.max(message.sequence + 1);
        if let Some(record) = self.registry.get_mut(slot) {
            record.queue.push(message);
        }
        self.arm_expiry(slot);
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
                if let Value::Object(fields) = &mut document {
                    let messages: Vec<Value> =
                        record.queue.iter().map(|m| keep::write_message(&record.identity, m)).collect();
                    fields.insert("messages".to_owned(), Value::Array(messages));
                }
                document
            })
            .collect();
        json!({ "form": keep::FORM, "devices": devices })
    }
}
