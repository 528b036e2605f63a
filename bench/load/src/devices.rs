//! The identities of the load: `load-0`, `load-1`, …, each with a key of its own and a token that is good for an
//! hour. The seed file gives the same ones to the hub; a broker without accounts takes them as they are.

use crate::failure::Failure;
use iothub_protocol::identity::{Identity, UserName};
use iothub_protocol::packet::{Connect, write_connect};
use iothub_protocol::sas::{Key, derive_device_key, device_audience, make_token};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOST: &str = "localhost";
const KEEP_ALIVE_SECONDS: u16 = 240;
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// What one device of the load sends and signs.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) identity: Identity,
    key: Key,
}

impl Device {
    /// The device of this number.
    pub(crate) fn numbered(number: usize) -> Result<Self, Failure> {
        let id = format!("load-{number}");
        let group = Key::from_bytes(b"keys of the load are no secrets!");
        let key = Key::from_base64(derive_device_key(&group, &id).expose());
        let identity = Identity::new(&id, None);
        match (identity, key) {
            (Ok(identity), Ok(key)) => Ok(Self { identity, key }),
            _ => Err(Failure::new(format!("{id} is no device id"))),
        }
    }

    /// Its CONNECT, with a fresh token.
    pub(crate) fn connect(&self) -> Result<Vec<u8>, Failure> {
        let audience = device_audience(HOST, &self.identity.device_id, None);
        let end = (SystemTime::now() + TOKEN_LIFE).duration_since(UNIX_EPOCH).unwrap_or_default();
        let token = make_token(&audience, &self.key, end.as_secs(), None);
        let user = UserName {
            host: HOST.to_owned(),
            identity: self.identity.clone(),
            api_version: Some("2021-04-12".to_owned()),
            model_id: None,
            client_type: Some("iothub-bench".to_owned()),
        };
        let mut connect = Connect::new(self.identity.client_id());
        connect.keep_alive = KEEP_ALIVE_SECONDS;
        connect.set_login(user.write(), token.expose().to_owned());
        let mut bytes = Vec::new();
        write_connect(&mut bytes, &connect).map_err(|error| Failure::new(error.to_string()))?;
        Ok(bytes)
    }
}

/// Writes a seed file with the devices from 0.
pub(crate) fn write_seed(count: usize, out: &Path) -> Result<Value, Failure> {
    let devices = (0..count).map(|number| {
        let device = Device::numbered(number)?;
        let key = device.key.to_base64();
        let authentication = json!({ "type": "sas", "symmetricKey": { "primaryKey": key.expose(), "secondaryKey": key.expose() } });
        Ok(json!({ "deviceId": device.identity.device_id, "authentication": authentication }))
    });
    let devices = devices.collect::<Result<Vec<Value>, Failure>>()?;
    std::fs::write(out, json!({ "devices": devices }).to_string())
        .map_err(|error| Failure::new(format!("{}: {error}", out.display())))?;
    Ok(json!({ "devices": count }))
}
