//! The identity registry as a service sees it: create, update, read, delete, list, count.

use crate::config::{FIRST_DEVICE, Right};
use crate::event::Happening;
use crate::hub::Hub;
use crate::identity_document::{self, Wanted};
use crate::reason::{Cause, Reason};
use crate::record::{Authentication, Record};
use crate::registry::Slot;
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::sas;
use iothub_protocol::secret::Secret;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use serde_json::Value;
use std::sync::Arc;

/// What `If-Match` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// No header.
    Absent,
    /// `*` or `"*"`.
    Any,
    /// An etag, without its quotes.
    Etag(String),
}

impl IfMatch {
    /// Reads the header.
    #[must_use]
    pub fn parse(header: Option<&str>) -> Self {
        match header.map(|text| text.trim().trim_start_matches("W/").trim_matches('"')) {
            None => Self::Absent,
            Some("*") => Self::Any,
            Some(etag) => Self::Etag(etag.to_owned()),
        }
    }

    pub(crate) fn check(&self, there: &str) -> Result<(), ServiceError> {
        match self {
            Self::Etag(etag) if etag != there => {
                let text = format!("If-Match is \"{etag}\", the etag is \"{there}\": read it again");
                Err(ServiceError::new(ErrorCode::PreconditionFailed, text))
            }
            _ => Ok(()),
        }
    }
}

impl Hub {
    pub(crate) fn add_first_device(&mut self) {
        let Some((device_id, primary)) = self.config.first_device.clone() else { return };
        let identity = Identity { device_id, module_id: None };
        let secondary = self.rng.key();
        let (generation, etag) = (self.rng.generation(), self.rng.etag());
        let authentication = Authentication::Sas { primary, secondary };
        self.take_up(Record::new(identity, generation, authentication, etag, self.wall_ms()));
    }

    /// Registers an identity and notes it for the data file.
    pub(crate) fn take_up(&mut self, mut record: Record) -> Slot {
        if record.twin.etag == 0 {
            self.twin_writes += 1;
            record.twin.etag = self.twin_writes;
        }
        self.twin_writes = self.twin_writes.max(record.twin.etag);
        self.touch(&record.identity);
        self.registry.insert(record)
    }

    /// Takes an identity out with all that hangs on it, in memory and in the data file: its link, the messages that
    /// wait, the methods that wait.
    pub(crate) fn give_up(&mut self, slot: Slot, reason: Reason, detail: &str) -> Option<Arc<Identity>> {
        if let Some(link) = self.registry.get(slot).and_then(|record| record.link) {
            self.end_link(link, Cause::new(reason, detail));
        }
        self.purge(slot);
        let record = self.registry.remove(slot)?;
        self.touch(&record.identity);
        self.fail_calls_of(slot);
        Some(record.identity)
    }

    /// The device sent something, or something was sent to it. Not worth a write to the data file.
    pub(crate) fn note_activity(&mut self, slot: Slot) {
        let wall = self.wall_ms();
        if let Some(record) = self.registry.get_mut(slot) {
            record.last_activity_ms = Some(wall);
        }
    }

    /// The slot of an identity, or which part of it is unknown.
    pub(crate) fn slot_of(&self, identity: &Identity) -> Result<Slot, ServiceError> {
        if let Some(slot) = self.registry.find(identity) {
            return Ok(slot);
        }
        let device = Identity { device_id: identity.device_id.clone(), module_id: None };
        let code = match identity.module_id {
            Some(_) if self.registry.find(&device).is_some() => ErrorCode::ModuleNotFound,
            _ => ErrorCode::DeviceNotFound,
        };
        Err(ServiceError::new(code, format!("\"{identity}\" is not registered")))
    }

    /// `PUT /devices/{id}` and `…/modules/{m}`: creates without `If-Match`, updates with it.
    ///
    /// # Errors
    /// 409 when it exists, 404 when it does not, 412 for a stale etag, 400 for a bad document.
    pub fn put_identity(
        &mut self,
        identity: &Identity,
        document: &Value,
        if_match: &IfMatch,
        now: crate::Now,
    ) -> Result<Value, ServiceError> {
        self.now = now;
        let wanted = Wanted::read(identity, document)?;
        let slot = match (self.registry.find(identity), if_match) {
            (Some(_), IfMatch::Absent) => {
                let code = match identity.module_id {
                    Some(_) => ErrorCode::ModuleAlreadyExistsOnDevice,
                    None => ErrorCode::DeviceAlreadyExists,
                };
                return Err(ServiceError::new(code, format!("\"{identity}\" is registered already")));
            }
            (None, IfMatch::Absent) => self.create_identity(identity, wanted)?,
            (Some(slot), if_match) => self.update_identity(slot, wanted, if_match)?,
            (None, _) => self.slot_of(identity)?,
        };
        let state = if *if_match == IfMatch::Absent { "created" } else { "updated" };
        self.identity_changed(slot, state);
        self.add_edge_modules(slot);
        self.registry.get(slot).map(identity_document::write).ok_or_else(gone)
    }

    fn create_identity(&mut self, identity: &Identity, wanted: Wanted) -> Result<Slot, ServiceError> {
        let checked = Identity::new(&identity.device_id, identity.module())
            .map_err(|e| ServiceError::new(ErrorCode::IotHubFormatError, e.to_string()))?;
        if identity.module_id.is_some() {
            self.slot_of(&Identity { device_id: identity.device_id.clone(), module_id: None })?;
            if self.count_modules(&identity.device_id) >= limits::MODULES_PER_DEVICE {
                let text =
                    format!("\"{}\" has {} modules already", identity.device_id, limits::MODULES_PER_DEVICE);
                return Err(ServiceError::new(ErrorCode::TooManyModulesOnDevice, text));
            }
        }
        let (generation, etag, wall) = (self.rng.generation(), self.rng.etag(), self.wall_ms());
        let authentication = wanted.authentication(None, &mut self.rng)?;
        let mut record = Record::new(checked, generation, authentication, etag, wall);
        wanted.apply(&mut record, wall);
        Ok(self.take_up(record))
    }

    fn update_identity(
        &mut self,
        slot: Slot,
        wanted: Wanted,
        if_match: &IfMatch,
    ) -> Result<Slot, ServiceError> {
        let wall = self.wall_ms();
        let Some(record) = self.registry.get_mut(slot) else { return Err(gone()) };
        if_match.check(&record.etag_text())?;
        record.authentication = wanted.authentication(Some(&record.authentication), &mut self.rng)?;
        wanted.apply(record, wall);
        record.etag += 1;
        Ok(slot)
    }

    /// An edge device has the two modules of its runtime.
    fn add_edge_modules(&mut self, slot: Slot) {
        let Some(record) = self.registry.get(slot).filter(|r| r.iot_edge && !r.is_module()) else { return };
        let device_id = record.identity.device_id.clone();
        for module in ["$edgeAgent", "$edgeHub"] {
            let identity = Identity { device_id: device_id.clone(), module_id: Some(module.to_owned()) };
            if self.registry.find(&identity).is_some() {
                continue;
            }
            let keys = Authentication::Sas { primary: self.rng.key(), secondary: self.rng.key() };
            let (generation, etag, wall) = (self.rng.generation(), self.rng.etag(), self.wall_ms());
            let mut record = Record::new(identity, generation, keys, etag, wall);
            record.managed_by = Some("IotEdge".to_owned());
            let slot = self.take_up(record);
            self.identity_changed(slot, "created");
        }
    }

    fn identity_changed(&mut self, slot: Slot, state: &'static str) {
        let Some(record) = self.registry.get(slot) else { return };
        let (identity, enabled) = (Arc::clone(&record.identity), record.enabled);
        self.touch(&identity);
        self.happened(Some(Arc::clone(&identity)), Happening::Lifecycle { state });
        if !enabled {
            let detail = "the device was disabled while it was connected";
            self.end_links_of(&identity, Reason::DeviceDisabled, detail);
        }
    }

    /// Ends the link of an identity; of a device, also those of its modules.
    pub(crate) fn end_links_of(&mut self, identity: &Identity, reason: Reason, detail: &str) {
        let mut links: Vec<_> =
            self.registry.by_identity(identity).and_then(|r| r.link).into_iter().collect();
        if identity.module_id.is_none() {
            links.extend(self.registry.modules_of(&identity.device_id).filter_map(|(_, record)| record.link));
        }
        for link in links {
            self.end_link(link, Cause::new(reason, detail));
        }
    }

    /// `GET /devices/{id}` and `…/modules/{m}`.
    ///
    /// # Errors
    /// 404.
    pub fn read_identity(&self, identity: &Identity) -> Result<Value, ServiceError> {
        let slot = self.slot_of(identity)?;
        self.registry.get(slot).map(identity_document::write).ok_or_else(gone)
    }

    /// Deletes a device with its modules, or a module.
    ///
    /// # Errors
    /// 404, and 412 for a stale etag.
    pub fn delete_identity(
        &mut self,
        identity: &Identity,
        if_match: &IfMatch,
        now: crate::Now,
    ) -> Result<(), ServiceError> {
        self.now = now;
        let slot = self.slot_of(identity)?;
        if let Some(record) = self.registry.get(slot) {
            if_match.check(&record.etag_text())?;
        }
        let mut slots = vec![slot];
        if identity.module_id.is_none() {
            slots.extend(self.registry.modules_of(&identity.device_id).map(|(slot, _)| slot));
        }
        for slot in slots {
            let detail = "the device was deleted while it was connected";
            if let Some(identity) = self.give_up(slot, Reason::DeviceDeleted, detail) {
                self.happened(Some(identity), Happening::Lifecycle { state: "deleted" });
            }
        }
        Ok(())
    }

    /// `GET /devices`: at most `top` devices, in order of name.
    #[must_use]
    pub fn list_devices(&self, top: usize) -> Value {
        self.registry.devices().take(top).map(identity_document::write).collect()
    }

    /// The ids of at most `top` devices; the well-known one comes first.
    #[must_use]
    pub fn device_ids(&self, top: usize) -> Vec<String> {
        let first = self.registry.find(&Identity { device_id: FIRST_DEVICE.to_owned(), module_id: None });
        let rest = self.registry.devices().map(|record| record.identity.device_id.clone());
        let well_known = first.map(|_| FIRST_DEVICE.to_owned());
        well_known.into_iter().chain(rest.filter(|id| id != FIRST_DEVICE)).take(top).collect()
    }

    /// `GET /devices/{id}/modules`.
    ///
    /// # Errors
    /// 404.
    pub fn list_modules(&self, device_id: &str) -> Result<Value, ServiceError> {
        self.slot_of(&Identity { device_id: device_id.to_owned(), module_id: None })?;
        Ok(self.registry.modules_of(device_id).map(|(_, record)| identity_document::write(record)).collect())
    }

    /// `DELETE /devices/{id}/commands`: how many messages were dropped.
    ///
    /// # Errors
    /// 404.
    pub fn purge_c2d(&mut self, device_id: &str, now: crate::Now) -> Result<usize, ServiceError> {
        self.now = now;
        let slot = self.slot_of(&Identity { device_id: device_id.to_owned(), module_id: None })?;
        Ok(self.purge(slot))
    }

    /// The connection string of an identity for this project's client: it dials this hub by it. None when the
    /// identity has no key.
    #[must_use]
    pub fn connection_string(&self, identity: &Identity) -> Option<Secret> {
        let Some(port) = self.config.local_port else { return self.sdk_connection_string(identity) };
        let text = self.connection_string_at(self.config.loopback_name(), identity)?;
        Some(Secret::new(format!("{};UseLocalHub=true;Port={port}", text.expose())))
    }

    /// The same for the official SDKs, which know neither a plain socket nor a port.
    #[must_use]
    pub fn sdk_connection_string(&self, identity: &Identity) -> Option<Secret> {
        self.connection_string_at(self.config.host_name(), identity)
    }

    /// The same by another of the hub's names.
    #[must_use]
    pub fn connection_string_at(&self, host: &str, identity: &Identity) -> Option<Secret> {
        let key = self.key_of(self.registry.by_identity(identity)?)?.to_base64();
        let module = identity.module().map_or(String::new(), |module| format!(";ModuleId={module}"));
        let device = &identity.device_id;
        Some(Secret::new(format!(
            "HostName={host};DeviceId={device}{module};SharedAccessKey={}",
            key.expose()
        )))
    }

    /// The connection string of a policy.
    #[must_use]
    pub fn service_connection_string(&self, policy: &str) -> Option<Secret> {
        self.service_connection_string_at(self.config.host_name(), policy)
    }

    /// The same by another of the hub's names.
    #[must_use]
    pub fn service_connection_string_at(&self, host: &str, policy: &str) -> Option<Secret> {
        let policy = self.config.policy(policy)?;
        let (name, key) = (&policy.name, policy.key.to_base64());
        Some(Secret::new(format!(
            "HostName={host};SharedAccessKeyName={name};SharedAccessKey={}",
            key.expose()
        )))
    }

    /// A token for an identity, signed with its key.
    #[must_use]
    pub fn device_token(&self, identity: &Identity, seconds: u64) -> Option<Secret> {
        self.device_token_until(identity, (self.wall_ms() / 1000).saturating_add(seconds))
    }

    /// The same with its end, in seconds since 1970.
    pub(crate) fn device_token_until(&self, identity: &Identity, ends: u64) -> Option<Secret> {
        let key = self.key_of(self.registry.by_identity(identity)?)?;
        let audience = sas::device_audience(self.config.host_name(), &identity.device_id, identity.module());
        Some(sas::make_token(&audience, &key, ends, None))
    }

    /// A token of a policy, for service calls.
    #[must_use]
    pub fn policy_token(&self, policy: &str, seconds: u64) -> Option<Secret> {
        self.policy_token_until(policy, (self.wall_ms() / 1000).saturating_add(seconds))
    }

    /// The same with its end, in seconds since 1970.
    pub(crate) fn policy_token_until(&self, policy: &str, ends: u64) -> Option<Secret> {
        let policy = self.config.policy(policy)?;
        Some(sas::make_token(self.config.host_name(), &policy.key, ends, Some(&policy.name)))
    }

    /// Whether a policy of this name has the right; for `/local`'s list of policies.
    #[must_use]
    pub fn policy_has(&self, policy: &str, right: Right) -> bool {
        self.config.policy(policy).is_some_and(|policy| policy.rights.contains(&right))
    }
}

pub(crate) fn gone() -> ServiceError {
    ServiceError::new(ErrorCode::ServerError, "the identity vanished while it was being handled")
}
