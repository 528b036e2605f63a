//! The query language of the service, a stated subset of Microsoft's: `SELECT` of `*`, fields or `COUNT()`,
//! `FROM devices` or `devices.modules`, `WHERE` with comparisons, `AND`, `OR`, `NOT`, `IN`, `NIN`, `IS_DEFINED`,
//! `STARTSWITH`, `ENDSWITH`, `CONTAINS`, `GROUP BY` one field. Read by `parse`, tried on twins by `eval`.

mod eval;
mod parse;
mod token;

use crate::hub::Hub;
use crate::twin_service::document;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use parse::{Query, Select};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Most items of one page.
const PAGE_MAX: usize = 1000;

/// One page of an answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    /// `Twin` or `Raw`.
    pub(crate) item_type: &'static str,
    pub(crate) continuation: Option<String>,
}

impl Hub {
    /// Runs a query from where a continuation ended.
    pub(crate) fn run_query(
        &self,
        text: &str,
        max: Option<usize>,
        from: Option<&str>,
    ) -> Result<Page, ServiceError> {
        let bad = |text: String| ServiceError::new(ErrorCode::ArgumentInvalid, text);
        let query = parse::parse(text).map_err(bad)?;
        let after = from.map(|token| {
            read_continuation(token).ok_or_else(|| bad("x-ms-continuation is none of this hub's".to_owned()))
        });
        let after = after.transpose()?;
        let max = max.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        if let Select::Count(alias, group) = &query.select {
            return Ok(self.count(&query, alias, group.as_ref()));
        }
        let mut page = Page { items: Vec::new(), item_type: query.item_type(), continuation: None };
        let mut last = None;
        for (identity, twin) in
            self.matching(&query).filter(|(id, _)| after.as_ref().is_none_or(|after| *id > after))
        {
            if page.items.len() == max {
                page.continuation = last.map(continuation);
                break;
            }
            page.items.push(projected(&query.select, twin));
            last = Some(identity);
        }
        Ok(page)
    }

    fn matching<'h>(&'h self, query: &'h Query) -> impl Iterator<Item = (&'h Identity, Value)> {
        self.registry
            .iter()
            .filter(|(_, record)| record.is_module() == query.modules)
            .map(|(_, record)| (&*record.identity, document(record)))
            .filter(|(_, twin)| {
                let holds = |condition| eval::Looked::up(&query.fields, twin).holds(condition);
                query.condition.as_ref().is_none_or(holds)
            })
    }

    fn count(&self, query: &Query, alias: &str, group: Option<&(Vec<String>, String)>) -> Page {
        let items = match group {
            None => vec![json!({ alias: self.matching(query).count() })],
            Some((path, name)) => {
                let mut groups: BTreeMap<String, (Value, usize)> = BTreeMap::new();
                for (_, twin) in self.matching(query) {
                    let value = eval::field(&twin, path).cloned().unwrap_or(Value::Null);
                    groups.entry(value.to_string()).or_insert((value, 0)).1 += 1;
                }
                groups.into_values().map(|(value, count)| json!({ name: value, alias: count })).collect()
            }
        };
        Page { items, item_type: "Raw", continuation: None }
    }
}

impl Query {
    fn item_type(&self) -> &'static str {
        if self.select == Select::Everything { "Twin" } else { "Raw" }
    }
}

fn projected(select: &Select, twin: Value) -> Value {
    let Select::Fields(fields) = select else { return twin };
    let mut row = Map::new();
    for (path, name) in fields {
        // What is not there is left out.
        if let Some(value) = eval::field(&twin, path) {
            row.insert(name.clone(), value.clone());
        }
    }
    Value::Object(row)
}

fn continuation(last: &Identity) -> String {
    URL_SAFE_NO_PAD.encode(last.to_string())
}

fn read_continuation(token: &str) -> Option<Identity> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    Some(Identity::from_client_id(&text))
}
