//! Import: an export or a seed file, taken in whole or not at all.

use crate::event::Happening;
use crate::fields::Fields;
use crate::hub::Hub;
use crate::keep;
use crate::queue::Waiting;
use crate::record::Record;
use crate::{Reason, identity_document};
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

fn bad(text: String) -> ServiceError {
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}

impl Hub {
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
        let mut read = self.read_rows(document)?;
        if only_new {
            read.retain(|record| self.registry.find(&record.identity).is_none());
        }
        self.check_modules(&read)?;
        self.number_anew(&mut read);
        let count = read.len();
        read.into_iter().for_each(|record| self.take_in(record));
        Ok(count)
    }

    fn read_rows(&mut self, document: &Value) -> Result<Vec<Record>, ServiceError> {
        let fields = Fields::of("an export or a seed", document)?;
        fields.only(&["form", "devices"])?;
        let form = fields.count("form", u64::MAX)?.unwrap_or(keep::FORM);
        if form > keep::FORM {
            return Err(bad(format!("the file has form {form}, this hub reads {}", keep::FORM)));
        }
        if !fields.has("devices") {
            return Err(bad("a seed is {\"devices\": [ … ]}".to_owned()));
        }
        let wall = self.wall_ms();
        let mut read: BTreeMap<Arc<Identity>, Record> = BTreeMap::new();
        for row in flattened(fields.list("devices")?)? {
            let record = self.read_row(&row, wall)?;
            let identity = Arc::clone(&record.identity);
            if read.insert(Arc::clone(&identity), record).is_some() {
                return Err(bad(format!("\"{identity}\" is there twice")));
            }
        }
        // In order of name a device comes before its modules.
        Ok(read.into_values().collect())
    }

    fn read_row(&mut self, row: &Value, wall: u64) -> Result<Record, ServiceError> {
        let mut record = keep::read(row, keep::Origin::Foreign, &mut self.rng, wall)?;
        let named = record.identity.to_string();
        let in_it =
            |error: ServiceError| ServiceError::new(error.code, format!("\"{named}\": {}", error.message));
        let known: Vec<&str> = identity_document::FIELDS.into_iter().chain(keep::FIELDS).collect();
        identity_document::check_names(row, &known).map_err(in_it)?;
        for message in Fields::of("an identity", row)?.list("messages").map_err(in_it)? {
            record.queue.push(keep::read_message(&record.identity, message).map_err(in_it)?);
        }
        if record.queue.len() > limits::C2D_QUEUE {
            let (count, most) = (record.queue.len(), limits::C2D_QUEUE);
            return Err(bad(format!("\"{named}\" has {count} messages, {most} may wait")));
        }
        Ok(record)
    }

    /// Every module has its device, and no device has too many of them.
    fn check_modules(&self, read: &[Record]) -> Result<(), ServiceError> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for record in read {
            let Some(module) = record.identity.module() else {
                counts.entry(&record.identity.device_id).or_default();
                continue;
            };
            let device_id = record.identity.device_id.as_str();
            let device = Identity { device_id: device_id.to_owned(), module_id: None };
            if !counts.contains_key(device_id) && self.registry.find(&device).is_none() {
                return Err(bad(format!("module \"{}\" has no device", record.identity)));
            }
            let is_new = self.registry.find(&record.identity).is_none() && !is_system_module(module);
            *counts.entry(device_id).or_default() += usize::from(is_new);
        }
        for (device_id, new) in counts {
            let count = new + self.count_modules(device_id);
            if new > 0 && count > limits::MODULES_PER_DEVICE {
                let most = limits::MODULES_PER_DEVICE;
                return Err(bad(format!("\"{device_id}\" would have {count} modules, {most} are allowed")));
            }
        }
        Ok(())
    }

    /// Numbers are unique in the hub, and order the messages of a device: those of a file come behind ours, in the
    /// order that they had, even where a file has one number twice.
    fn number_anew(&mut self, read: &mut [Record]) {
        let mut messages: Vec<&mut Waiting> = read.iter_mut().flat_map(|r| r.queue.iter_mut()).collect();
        messages.sort_by_key(|message| message.sequence);
        for message in messages {
            message.sequence = self.next_sequence;
            self.next_sequence += 1;
        }
        read.iter_mut().for_each(|record| record.queue.sort());
    }

    fn take_in(&mut self, record: Record) {
        let identity = Arc::clone(&record.identity);
        if let Some(old) = self.registry.find(&identity) {
            let detail = "an import replaced the identity";
            // What was is ended for the modules too; they stay.
            self.end_links_of(&identity, Reason::Restarted, detail);
            self.give_up(old, Reason::Restarted, detail);
        }
        let sequences: Vec<u64> = record.queue.iter().map(|m| m.sequence).collect();
        let slot = self.take_up(record);
        sequences.into_iter().for_each(|sequence| self.touch_message(&identity, sequence));
        self.arm_expiry(slot);
        self.happened(Some(identity), Happening::Lifecycle { state: "created" });
    }

    /// How many modules of a device count towards the limit.
    pub(crate) fn count_modules(&self, device_id: &str) -> usize {
        let modules = self.registry.modules_of(device_id);
        modules.filter(|(_, record)| record.identity.module().is_some_and(|id| !is_system_module(id))).count()
    }
}

/// The runtime's own modules on an edge device, `$edgeAgent` and `$edgeHub`.
fn is_system_module(module_id: &str) -> bool {
    module_id.starts_with('$')
}

/// A seed may nest modules in their device; an export has them beside it.
fn flattened(rows: &[Value]) -> Result<Vec<Value>, ServiceError> {
    let mut flat = Vec::with_capacity(rows.len());
    for row in rows {
        let fields = Fields::of("an identity", row)?;
        let modules = fields.list("modules")?;
        let device = row["deviceId"].clone();
        let mut row = row.clone();
        if let Value::Object(fields) = &mut row {
            fields.remove("modules");
        }
        flat.push(row);
        for module in modules {
            let of = format!("a module of {device}");
            if !Fields::of(&of, module)?.has("moduleId") {
                return Err(bad(format!("{of} has no moduleId")));
            }
            let mut module = module.clone();
            if let Value::Object(fields) = &mut module {
                fields.insert("deviceId".to_owned(), device.clone());
            }
            flat.push(module);
        }
    }
    Ok(flat)
}
