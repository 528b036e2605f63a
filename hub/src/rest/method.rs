//! Invoking a direct method: the same body on `/local` and in Microsoft's REST.

use super::{Reply, Request};
use crate::call::MethodCall;
use crate::hub::Hub;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

impl Hub {
    pub(super) fn invoke_call(
        &mut self,
        request: &Request,
        identity: &Identity,
    ) -> Result<Reply, ServiceError> {
        let call = read_method(&request.body)?;
        Ok(Reply::Method(self.invoke_method(identity, call, self.now)?))
    }
}

/// The payload stays the text that it was.
fn read_method(body: &[u8]) -> Result<MethodCall, ServiceError> {
    let bad = |code, text: String| ServiceError::new(code, text);
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body)
        .map_err(|e| bad(ErrorCode::DeserializationError, format!("the body is no JSON object: {e}")))?;
    let seconds = |name: &str, default: u64| match fields.get(name).map(|raw| raw.get()) {
        None | Some("null") => Ok(default),
        Some(text) => text.parse().map_err(|_| {
            bad(ErrorCode::ArgumentInvalid, format!("{name} is {text}, it must be a number of seconds"))
        }),
    };
    let name = fields.get("methodName").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    Ok(MethodCall {
        name: name.ok_or_else(|| bad(ErrorCode::ArgumentInvalid, "methodName is missing".to_owned()))?,
        payload: fields.get("payload").map_or(String::new(), |raw| raw.get().to_owned()),
        response_timeout_s: seconds("responseTimeoutInSeconds", 30)?,
        connect_timeout_s: seconds("connectTimeoutInSeconds", 0)?,
    })
}
