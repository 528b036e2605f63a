//! Bulk operations of the registry: up to a hundred at once, each for itself.

use crate::hub::Hub;
use crate::identities::IfMatch;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use serde_json::{Value, json};

/// Most operations of one call.
const OPERATIONS_MAX: usize = 100;

impl Hub {
    /// Runs the operations; gives the answer, and whether all went well.
    ///
    /// # Errors
    /// 400 for a body that is no list of at most a hundred.
    pub(crate) fn bulk(&mut self, operations: &Value) -> Result<(Value, bool), ServiceError> {
        let rows = operations.as_array().ok_or_else(|| {
            ServiceError::new(
                ErrorCode::DeserializationError,
                "the body is a list of identities with importMode",
            )
        })?;
        if rows.is_empty() || rows.len() > OPERATIONS_MAX {
            let text = format!("{} operations came, 1 to {OPERATIONS_MAX} are allowed", rows.len());
            return Err(ServiceError::new(ErrorCode::ArgumentInvalid, text));
        }
        let mut errors = Vec::new();
        for row in rows {
            if let Err(error) = self.bulk_one(row) {
                errors.push(json!({
                    "deviceId": row["id"],
                    "moduleId": row["moduleId"],
                    "errorCode": error.code.number(),
                    "errorStatus": error.message,
                }));
            }
        }
        let successful = errors.is_empty();
        Ok((json!({ "isSuccessful": successful, "errors": errors, "warnings": [] }), successful))
    }

    fn bulk_one(&mut self, row: &Value) -> Result<(), ServiceError> {
        let bad = |text: String| ServiceError::new(ErrorCode::ArgumentInvalid, text);
        let id = row["id"]
            .as_str()
            .or(row["deviceId"].as_str())
            .ok_or_else(|| bad("an operation has no id".to_owned()))?;
        let identity =
            Identity { device_id: id.to_owned(), module_id: row["moduleId"].as_str().map(str::to_owned) };
        let mode = row["importMode"].as_str().unwrap_or("create").to_ascii_lowercase();
        let etag = || {
            let etag = row["eTag"].as_str().or(row["etag"].as_str());
            etag.map(|etag| IfMatch::parse(Some(etag))).ok_or_else(|| bad(format!("{mode} needs an etag")))
        };
        let now = self.now;
        match mode.as_str() {
            "create" => {
                self.put_identity(&identity, &without_id(row), &IfMatch::Absent, now)?;
                self.bulk_twin(&identity, row, &IfMatch::Any)
            }
            "createorupdate" => {
                let known = self.registry.find(&identity).is_some();
                let if_match = if known { IfMatch::Any } else { IfMatch::Absent };
                self.put_identity(&identity, &without_id(row), &if_match, now).map(drop)
            }
            "update" => self.put_identity(&identity, &without_id(row), &IfMatch::Any, now).map(drop),
            "updateifmatchetag" => self.put_identity(&identity, &without_id(row), &etag()?, now).map(drop),
            "delete" => self.delete_identity(&identity, &IfMatch::Any, now),
            "deleteifmatchetag" => self.delete_identity(&identity, &etag()?, now),
            "updatetwin" => self.bulk_twin(&identity, row, &IfMatch::Any),
            "updatetwinifmatchetag" => self.bulk_twin(&identity, row, &etag()?),
            other => Err(bad(format!("importMode \"{other}\" is unknown"))),
        }
    }

    fn bulk_twin(
        &mut self,
        identity: &Identity,
        row: &Value,
        if_match: &IfMatch,
    ) -> Result<(), ServiceError> {
        if row["tags"].is_null() && row["properties"].is_null() {
            return Ok(());
        }
        let now = self.now;
        self.patch_twin(
            identity,
            &json!({ "tags": row["tags"], "properties": row["properties"] }),
            if_match,
            now,
        )
        .map(drop)
    }
}

/// The identity's document; `id` is its address.
fn without_id(row: &Value) -> Value {
    let mut document = row.clone();
    if let Value::Object(fields) = &mut document {
        fields.remove("id");
    }
    document
}
