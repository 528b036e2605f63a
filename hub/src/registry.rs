//! The identities of the hub: devices and modules by name and by slot. A slot is never used twice, so a timer
//! or a call that outlives its device finds nothing instead of a stranger.

use crate::record::Record;
use iothub_protocol::identity::Identity;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a record stands. Cheap to copy, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(usize);

/// All identities.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    records: Vec<Option<Box<Record>>>,
    by_name: BTreeMap<Arc<Identity>, Slot>,
}

impl Registry {
    pub(crate) fn find(&self, identity: &Identity) -> Option<Slot> {
        self.by_name.get(identity).copied()
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Record> {
        self.records.get(slot.0)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Record> {
        self.records.get_mut(slot.0)?.as_deref_mut()
    }

    pub(crate) fn by_identity(&self, identity: &Identity) -> Option<&Record> {
        self.get(self.find(identity)?)
    }

    pub(crate) fn insert(&mut self, record: Record) -> Slot {
        let slot = Slot(self.records.len());
        self.by_name.insert(Arc::clone(&record.identity), slot);
        self.records.push(Some(Box::new(record)));
        slot
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Record> {
        let record = self.records.get_mut(slot.0)?.take()?;
        self.by_name.remove(&*record.identity);
        Some(*record)
    }

    /// Every identity, a device before its modules, in order of name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Record)> {
        self.by_name.values().filter_map(|slot| Some((*slot, self.get(*slot)?)))
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &Record> {
        self.iter().map(|(_, record)| record).filter(|record| record.identity.module_id.is_none())
    }

    pub(crate) fn modules_of(&self, device_id: &str) -> impl Iterator<Item = (Slot, &Record)> {
        let first = Identity { device_id: device_id.to_owned(), module_id: Some(String::new()) };
        let owner = device_id.to_owned();
        self.by_name
            .range(first..)
            .take_while(move |(identity, _)| identity.device_id == owner)
            .filter_map(|(_, slot)| Some((*slot, self.get(*slot)?)))
    }

    pub(crate) fn clear(&mut self) {
        self.by_name.clear();
        self.records.iter_mut().for_each(|record| *record = None);
    }
}
