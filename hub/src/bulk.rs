//! Bulk operations of the registry: up to a hundred at once, each for itself.

use crate::fields::Fields;
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

    /// Each operation is whole or not: what would be refused halfway is tried before anything is changed.
    fn bulk_one(&mut self, row: &Value) -> Result<(), ServiceError> {
        let bad = |text: String| ServiceError::new(ErrorCode::ArgumentInvalid, text);
        let fields = Fields::of("an operation", row)?;
        let id = match fields.text("id")? {
            Some(id) => id,
            None => fields.text("deviceId")?.ok_or_else(|| bad("an operation has no id".to_owned()))?,
        };
        let module_id = fields.text("moduleId")?.map(str::to_owned);
        let identity = Identity { device_id: id.to_owned(), module_id };
        let mode = fields.text("importMode")?.unwrap_or("create").to_ascii_lowercase();
        let etag = |names: [&str; 2]| {
            let etag = names.into_iter().find_map(|name| fields.text(name).transpose()).transpose()?;
            etag.map(|etag| IfMatch::parse(Some(etag))).ok_or_else(|| bad(format!("{mode} needs an etag")))
        };
        let identity_etag = || etag(["eTag", "etag"]);
        let twin_etag = || etag(["twinETag", "twinEtag"]).or_else(|_| identity_etag());
        let (any, now) = (IfMatch::Any, self.now);
        let if_match = match mode.as_str() {
            "create" => IfMatch::Absent,
            "createorupdate" if self.registry.find(&identity).is_none() => IfMatch::Absent,
            "createorupdate" | "update" => IfMatch::Any,
            "updateifmatchetag" => identity_etag()?,
            "delete" => return self.delete_identity(&identity, &any, now),
            "deleteifmatchetag" => return self.delete_identity(&identity, &identity_etag()?, now),
            "updatetwin" => return self.bulk_twin(&identity, row, &any),
            "updatetwinifmatchetag" => return self.bulk_twin(&identity, row, &twin_etag()?),
            other => return Err(bad(format!("importMode \"{other}\" is unknown"))),
        };
        self.try_twin_patch(&identity, &twin_of(row))?;
        self.put_identity(&identity, &without_id(row), &if_match, now)?;
        self.bulk_twin(&identity, row, &any)
    }

    fn bulk_twin(
        &mut self,
        identity: &Identity,
        row: &Value,
        if_match: &IfMatch,
    ) -> Result<(), ServiceError> {
        self.patch_twin(identity, &twin_of(row), if_match, self.now).map(drop)
    }
}

/// What an operation says of the twin: the SDKs write null for a section that they leave alone.
fn twin_of(row: &Value) -> Value {
    let mut twin = json!({});
    for name in ["tags", "properties"] {
        if !row[name].is_null() {
            twin[name] = row[name].clone();
        }
    }
    if let Some(Value::Object(properties)) = twin.get_mut("properties") {
        properties.retain(|_, section| !section.is_null());
    }
    twin
}

/// The identity's document; `id` is its address.
fn without_id(row: &Value) -> Value {
    let mut document = row.clone();
    if let Value::Object(fields) = &mut document {
        fields.remove("id");
    }
    document
}
