//! Microsoft's service REST: what `azure-iothub` and its kin send. Each call needs a token of a policy with the
//! right for it.

use super::target::{Target, device, module};
use super::{Form, Reply, Request, Response};
use crate::config::Right;
use crate::hub::Hub;
use crate::identities::IfMatch;
use crate::traffic::Operation;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::parse_millis;
use serde_json::{Value, json};

/// Most devices that a list answers.
const LIST_MAX: usize = 1000;

impl Hub {
    pub(super) fn service(&mut self, request: &Request, target: &Target) -> Reply {
        let parts = target.parts();
        // Methods answer errors in the new form, everything else and every 401 in the old one.
        let form = if parts.last() == Some(&"methods") { Form::New } else { Form::Old };
        match self.route(request, &parts) {
            Ok(reply) => reply,
            Err(error) => {
                let form = if error.code.http_status() == 401 { Form::Old } else { form };
                Reply::Now(self.error_response(&error, form))
            }
        }
    }

    fn route(&mut self, request: &Request, parts: &[&str]) -> Result<Reply, ServiceError> {
        let method = request.method.as_str();
        let right = right_for(method, parts);
        self.authorize(request.header("authorization"), &parts.join("/"), right)?;
        check_version(request)?;
        if let Some(operation) = operation_of(method, parts) {
            self.count_call(operation)?;
        }
        let response = match (method, parts) {
            ("GET", ["devices"]) => self.list(request)?,
            ("POST", ["devices"]) => {
                let (answer, successful) = self.bulk(&request.json()?)?;
                let response = Response::json(if successful { 200 } else { 400 }, &answer);
                if successful {
                    response
                } else {
                    response.with("iothub-errorcode", ErrorCode::BulkRegistryOperationFailure.name())
                }
            }
            ("POST", ["devices", "query"]) => self.query_call(request)?,
            (_, ["devices", id]) => self.identity_call(request, &device(id))?,
            ("GET", ["devices", id, "modules"]) => Response::json(200, &self.list_modules(id)?),
            (_, ["devices", id, "modules", m]) => self.identity_call(request, &module(id, m))?,
            ("DELETE", ["devices", id, "commands"]) => self.purge_call(id)?,
            (_, ["twins", id]) => self.twin_call(request, &device(id))?,
            (_, ["twins", id, "modules", m]) => self.twin_call(request, &module(id, m))?,
            ("POST", ["twins", id, "methods"]) => return self.invoke_call(request, &device(id)),
            ("POST", ["twins", id, "modules", m, "methods"]) => {
                return self.invoke_call(request, &module(id, m));
            }
            ("GET", ["statistics", "devices"]) => Response::json(200, &self.registry_statistics()),
            ("GET", ["statistics", "service"]) => Response::json(200, &self.service_statistics()),
            (_, ["messages", "serviceBound", "feedback", rest @ ..]) => self.feedback_call(method, rest)?,
            _ => return Err(no_such_call(request)),
        };
        Ok(Reply::Now(response.with("x-ms-request-id", self.rng.guid())))
    }

    fn list(&self, request: &Request) -> Result<Response, ServiceError> {
        let top = match request.query_value("top") {
            None => LIST_MAX,
            Some(text) => text.parse().map_err(|_| {
                let text = format!("top={text} is no number: use 1 to {LIST_MAX}, or leave it out");
                ServiceError::new(ErrorCode::ArgumentInvalid, text)
            })?,
        };
        Ok(Response::json(200, &self.list_devices(top.min(LIST_MAX))))
    }

    fn identity_call(&mut self, request: &Request, identity: &Identity) -> Result<Response, ServiceError> {
        let if_match = IfMatch::parse(request.header("if-match"));
        let document = match request.method.as_str() {
            "GET" => self.read_identity(identity)?,
            "PUT" => self.put_identity(identity, &request.json()?, &if_match, self.now)?,
            "DELETE" => {
                self.delete_identity(identity, &if_match, self.now)?;
                return Ok(Response::empty(204));
            }
            _ => return Err(no_such_call(request)),
        };
        Ok(with_etag(&document))
    }

    fn twin_call(&mut self, request: &Request, identity: &Identity) -> Result<Response, ServiceError> {
        let if_match = IfMatch::parse(request.header("if-match"));
        let document = match request.method.as_str() {
            "GET" => self.read_twin(identity)?,
            "PATCH" => self.patch_twin(identity, &request.json()?, &if_match, self.now)?,
            "PUT" => self.replace_twin(identity, &request.json()?, &if_match, self.now)?,
            _ => return Err(no_such_call(request)),
        };
        Ok(with_etag(&document))
    }

    fn query_call(&self, request: &Request) -> Result<Response, ServiceError> {
        let body = request.json()?;
        let text = body["query"].as_str();
        let text = text.ok_or_else(|| {
            ServiceError::new(ErrorCode::ArgumentInvalid, "the body is {\"query\": \"SELECT …\"}")
        })?;
        let max = request.header("x-ms-max-item-count").and_then(|text| text.parse().ok());
        // The Node SDK sends an empty header on the first page.
        let from = request.header("x-ms-continuation").filter(|text| !text.is_empty());
        let page = self.run_query(text, max, from)?;
        let response = Response::json(200, &Value::Array(page.items)).with("x-ms-item-type", page.item_type);
        Ok(match page.continuation {
            Some(token) => response.with("x-ms-continuation", token),
            None => response,
        })
    }

    fn purge_call(&mut self, device_id: &str) -> Result<Response, ServiceError> {
        let count = self.purge_c2d(device_id, self.now)?;
        Ok(Response::json(
            200,
            &json!({ "totalMessagesPurged": count, "deviceId": device_id, "moduleId": null }),
        ))
    }

    fn feedback_call(&mut self, method: &str, rest: &[&str]) -> Result<Response, ServiceError> {
        let settled = match (method, rest) {
            ("GET", []) => {
                let Some((lock, records)) = self.lock_feedback() else { return Ok(Response::empty(204)) };
                let mut response = Response::json(200, &records).with("etag", format!("\"{lock}\""));
                response.headers[0].1 = "application/vnd.microsoft.iothub.feedback.json".to_owned();
                return Ok(response);
            }
            ("DELETE", [lock]) => self.settle_feedback(lock, true),
            ("POST", [lock, "abandon"]) => self.settle_feedback(lock, false),
            _ => return Err(ServiceError::new(ErrorCode::ArgumentInvalid, "no such call on feedback")),
        };
        if settled {
            return Ok(Response::empty(204));
        }
        Err(ServiceError::new(ErrorCode::DeviceMessageLockLost, "no batch of feedback has this lock"))
    }
}

fn with_etag(document: &Value) -> Response {
    let etag = document["etag"].as_str().unwrap_or("").to_owned();
    Response::json(200, document).with("etag", format!("\"{etag}\""))
}

fn right_for(method: &str, parts: &[&str]) -> Right {
    match (method, parts) {
        ("POST", ["devices", "query"]) => Right::ServiceConnect,
        ("DELETE", ["devices", _, "commands"]) => Right::ServiceConnect,
        ("GET", ["devices" | "statistics", ..]) => Right::RegistryRead,
        (_, ["devices", ..]) => Right::RegistryWrite,
        _ => Right::ServiceConnect,
    }
}

/// What a call counts as in a tier's quotas.
fn operation_of(method: &str, parts: &[&str]) -> Option<Operation> {
    match (method, parts) {
        ("POST", ["devices", "query"]) => Some(Operation::Query),
        (_, ["devices", ..]) => Some(Operation::Registry),
        ("GET", ["twins", ..]) => Some(Operation::TwinRead),
        ("PATCH" | "PUT", ["twins", ..]) => Some(Operation::TwinWrite),
        _ => None,
    }
}

/// Any date is a version to us; a missing one is refused as the hub does.
fn check_version(request: &Request) -> Result<(), ServiceError> {
    let text = match request.query_value("api-version") {
        Some(version) if is_version(&version) => return Ok(()),
        Some(version) => format!("api-version={version} is none: use 2021-04-12"),
        None => "the query has no api-version: add ?api-version=2021-04-12".to_owned(),
    };
    Err(ServiceError::new(ErrorCode::InvalidProtocolVersion, text))
}

/// A date, perhaps with `-preview` behind it.
fn is_version(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    let is_date = parse_millis(&format!("{date}T00:00:00Z")).is_some();
    is_date && (rest.is_empty() || rest.strip_prefix('-').is_some_and(|name| !name.is_empty()))
}

fn no_such_call(request: &Request) -> ServiceError {
    let text = format!("this hub has no {} {}: docs/hub.md lists what it has", request.method, request.path);
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}
