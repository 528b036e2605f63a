//! Messages as `npm/staging.js` writes them: many in one crossing. Called by `driver.rs`.
//!
//! For each message a list of whole numbers, `[op, qos, timeout, system, pairs, body, name, value, name, value, …]`,
//! where the last ones are lengths in bytes; and, for all messages, the bytes of names, values and body in that
//! order. The first `system` pairs are the hub's own properties under their bag key.

use iothub_device::{Code, Error, Message, Will, bag_of};
use iothub_protocol::packet::QoS;
use iothub_protocol::system_property::SystemProperty;

/// The time-out that stands for none.
const NEVER: u32 = u32::MAX;

/// One message, still in parts.
pub(crate) struct Staged<'s> {
    pub(crate) op: u32,
    pub(crate) timeout: Option<u64>,
    qos: u32,
    system: usize,
    lengths: &'s [u32],
    fields: &'s [u8],
    body: &'s [u8],
}

/// Its properties; used for one message after the other.
#[derive(Default)]
pub(crate) struct Properties<'s> {
    system: Vec<(SystemProperty, &'s str)>,
    own: Vec<(&'s str, &'s str)>,
}

/// Both lists, and how far they have been read.
pub(crate) struct Reader<'s> {
    heads: &'s [u32],
    bytes: &'s [u8],
}

impl<'s> Reader<'s> {
    pub(crate) fn new(heads: &'s [u32], bytes: &'s [u8]) -> Self {
        Self { heads, bytes }
    }

    /// The next message; none at the end.
    pub(crate) fn next(&mut self) -> Option<Staged<'s>> {
        let (&[op, qos, timeout, system, pairs, body], heads) = self.heads.split_first_chunk()?;
        let (lengths, heads) = heads.split_at_checked(pairs as usize * 2)?;
        let size = lengths.iter().map(|length| *length as usize).sum();
        let (fields, bytes) = self.bytes.split_at_checked(size)?;
        let (body, bytes) = bytes.split_at_checked(body as usize)?;
        *self = Self { heads, bytes };
        let timeout = (timeout != NEVER).then_some(u64::from(timeout));
        Some(Staged { op, timeout, qos, system: system as usize, lengths, fields, body })
    }
}

impl<'s> Staged<'s> {
    /// Puts the message together.
    pub(crate) fn message<'m>(&self, properties: &'m mut Properties<'s>) -> Result<Message<'m>, Error>
    where
        's: 'm,
    {
        properties.system.clear();
        properties.own.clear();
        let mut rest = self.fields;
        let mut take = |length: u32| {
            let (field, behind) = rest.split_at_checked(length as usize).unwrap_or((rest, &[]));
            rest = behind;
            text_of(field)
        };
        for pair in self.lengths.chunks_exact(2) {
            let (name, value) = (take(pair[0])?, take(pair[1])?);
            if properties.system.len() < self.system {
                let property = SystemProperty::from_bag_key(name)
                    .ok_or_else(|| Error::new(Code::Internal, format!("\"{name}\" is no system property")))?;
                properties.system.push((property, value));
            } else {
                properties.own.push((name, value));
            }
        }
        let qos = qos_of(self.qos)?;
        Ok(Message { body: self.body, system: &properties.system, properties: &properties.own, qos })
    }

    /// The message as a last will.
    pub(crate) fn will(&self) -> Result<Will, Error> {
        let mut properties = Properties::default();
        let message = self.message(&mut properties)?;
        Ok(Will { body: self.body.to_vec(), bag: bag_of(&message)?, qos: message.qos })
    }
}

fn text_of(field: &[u8]) -> Result<&str, Error> {
    if field.contains(&0) {
        return Err(Error::new(
            Code::PropertyName,
            "a property's name or value holds the character U+0000, which no topic may",
        ));
    }
    // `TextEncoder` wrote it, so it is UTF-8.
    str::from_utf8(field).map_err(|error| Error::new(Code::Internal, error.to_string()))
}

/// 0 or 1 as the codec's QoS; 2 goes through so that the device's own check names it.
fn qos_of(qos: u32) -> Result<QoS, Error> {
    match qos {
        0 => Ok(QoS::AtMostOnce),
        1 => Ok(QoS::AtLeastOnce),
        2 => Ok(QoS::ExactlyOnce),
        _ => Err(Error::new(Code::QualityOfService, format!("qos is {qos}: use 1 (at least once) or 0"))),
    }
}
