//! Invoking a direct method: the same body on `/local` and in Microsoft's REST.

use super::{Reply, Request};
use crate::call::MethodCall;
use crate::fields::Fields;
use crate::hub::Hub;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

impl Hub {
    pub(super) fn invoke_call(
        &mut self,
        request: &Request,
        identity: &Identity,
    ) -> Result<Reply, ServiceError> {
        let call = read_method(&request.body, request.path.starts_with("/local/"))?;
        Ok(Reply::Method(self.invoke_method(identity, call, self.now)?))
    }
}

/// The payload stays the text that it was. On `/local` a field that nobody reads is an error.
fn read_method(body: &[u8], strict: bool) -> Result<MethodCall, ServiceError> {
    let raw: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|e| {
        let text = format!("the body is no JSON object: {e}");
        ServiceError::new(ErrorCode::DeserializationError, text)
    })?;
    let value = Value::Object(raw.iter().map(|(name, raw)| (name.clone(), small(raw))).collect());
    let fields = Fields::of("a method", &value)?;
    if strict {
        fields.only(&["methodName", "payload", "responseTimeoutInSeconds", "connectTimeoutInSeconds"])?;
    }
    let seconds =
        |name: &str, default: u64| Ok::<_, ServiceError>(fields.count(name, u64::MAX)?.unwrap_or(default));
    let name = fields.text("methodName")?;
    let name = name.ok_or_else(|| ServiceError::new(ErrorCode::ArgumentInvalid, "methodName is missing"))?;
    Ok(MethodCall {
        name: name.to_owned(),
        payload: raw.get("payload").map_or(String::new(), |raw| raw.get().to_owned()),
        response_timeout_s: seconds("responseTimeoutInSeconds", 30)?,
        connect_timeout_s: seconds("connectTimeoutInSeconds", 0)?,
    })
}

/// The value of a field if it is short, as names and numbers are; a payload is not read twice.
fn small(raw: &RawValue) -> Value {
    const SHORT: usize = 4096;
    let text = raw.get();
    if text.len() > SHORT { Value::Bool(true) } else { serde_json::from_str(text).unwrap_or(Value::Null) }
}
