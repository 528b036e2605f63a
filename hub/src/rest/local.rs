//! `/local`: what a developer needs and the real hub has only elsewhere, or not at all. No token: see `guard`.

use super::local_body::{read_fault, read_message, shown_fault};
use super::target::{Target, device, module};
use super::{Form, Reply, Request, Response};
use crate::hub::Hub;
use crate::identities::IfMatch;
use crate::reason::Reason;
use crate::record::Record;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::{format_millis, parse_millis};
use serde_json::{Value, json};

/// Events that one call of `/local/log` looks through.
const LOG_MAX: usize = 1000;

impl Hub {
    pub(super) fn local(&mut self, request: &Request, target: &Target) -> Reply {
        match self.local_route(request, &target.parts()[1..]) {
            Ok(reply) => reply,
            Err(error) => Reply::Now(self.error_response(&error, Form::Local)),
        }
    }

    fn local_route(&mut self, request: &Request, parts: &[&str]) -> Result<Reply, ServiceError> {
        let method = request.method.as_str();
        let response = match (method, parts) {
            ("GET", ["info"]) => Response::json(200, &self.local_info()),
            ("GET", ["packets"]) => {
                let after = request.query_value("after").and_then(|text| text.parse().ok()).unwrap_or(0);
                Response::json(200, &self.packets_after(after))
            }
            ("POST", ["packets"]) => {
                self.switch_packets(request.json()?["on"].as_bool().unwrap_or(true));
                Response::empty(204)
            }
            ("GET", ["log"]) => self.local_log(request),
            ("POST", ["reset"]) => self.local_reset(),
            ("GET", ["export"]) => Response::json(200, &self.export()),
            ("POST", ["import"]) => {
                let count = self.import(&request.json()?, false, self.now)?;
                Response::json(200, &json!({ "imported": count }))
            }
            ("POST", ["tokens"]) => self.local_token(&request.json()?)?,
            (_, ["clock"]) => self.local_clock(method, request)?,
            (_, ["faults", rest @ ..]) => self.local_faults(method, rest, request)?,
            ("GET", ["devices"]) => Response::json(200, &self.local_devices()),
            (_, ["devices", id, "modules", m, rest @ ..]) => {
                return self.local_identity(request, &module(id, m), rest);
            }
            (_, ["devices", id, rest @ ..]) => return self.local_identity(request, &device(id), rest),
            _ => return Err(no_such_call(request)),
        };
        Ok(Reply::Now(response))
    }

    fn local_identity(
        &mut self,
        request: &Request,
        identity: &Identity,
        rest: &[&str],
    ) -> Result<Reply, ServiceError> {
        let (method, now, any) =
            (request.method.as_str(), self.now, IfMatch::parse(request.header("if-match")));
        let response = match (method, rest) {
            ("GET", []) => Response::json(200, &self.local_document(identity)?),
            ("PUT", []) => {
                let document = if request.body.is_empty() { json!({}) } else { request.json()? };
                self.put_identity(identity, &document, &any, now)?;
                Response::json(200, &self.local_document(identity)?)
            }
            ("DELETE", []) => {
                self.delete_identity(identity, &any, now)?;
                Response::empty(204)
            }
            ("GET", ["twin"]) => Response::json(200, &self.read_twin(identity)?),
            ("PATCH", ["twin"]) => {
                Response::json(200, &self.patch_twin(identity, &request.json()?, &any, now)?)
            }
            ("PUT", ["twin"]) => {
                Response::json(200, &self.replace_twin(identity, &request.json()?, &any, now)?)
            }
            ("POST", ["methods"]) => return self.invoke_call(request, identity),
            ("GET", ["messages"]) => Response::json(200, &self.local_queue(identity)?),
            ("POST", ["messages"]) if identity.module_id.is_none() => {
                let message_id = self.send_c2d(&identity.device_id, read_message(&request.json()?)?, now)?;
                Response::json(201, &json!({ "messageId": message_id }))
            }
            ("DELETE", ["messages"]) => {
                let slot = self.slot_of(identity)?;
                Response::json(200, &json!({ "totalMessagesPurged": self.purge(slot) }))
            }
            _ => return Err(no_such_call(request)),
        };
        Ok(Reply::Now(response))
    }

    /// Names, policies and numbers of this hub.
    #[must_use]
    pub fn local_info(&self) -> Value {
        let policies: Vec<Value> = self
            .config
            .policies
            .iter()
            .map(|policy| {
                let text = self.service_connection_string(&policy.name);
                let rights: Vec<&str> = policy.rights.iter().map(|right| right.name()).collect();
                json!({ "name": policy.name, "rights": rights, "connectionString": text.as_ref().map(|t| t.expose()) })
            })
            .collect();
        json!({
            "hostName": self.config.host_name(),
            "policies": policies,
            "devices": self.registry.devices().count(),
            "links": self.links.len(),
            "lastEventId": self.events.last_id(),
            "sasSkewSeconds": self.config.sas_skew_ms / 1000,
            "sasGraceSeconds": self.config.sas_grace_ms / 1000,
            "lenient": self.config.switches.lenient,
        })
    }

    /// The events that are kept, for tools that do not stream: `{events, missed, cursor}`.
    fn local_log(&self, request: &Request) -> Response {
        let number = |name: &str| request.query_value(name).and_then(|text| text.parse().ok());
        let batch = self.events_after(number("lastEventId").unwrap_or(0), LOG_MAX);
        let filter = super::EventFilter::of(request);
        let events: Vec<Value> =
            batch.events.iter().filter(|e| filter.wants(e)).map(|e| e.to_json()).collect();
        Response::json(200, &json!({ "events": events, "missed": batch.missed, "cursor": batch.cursor }))
    }

    fn local_devices(&self) -> Value {
        self.registry.iter().map(|(_, record)| self.summary(record)).collect()
    }

    fn summary(&self, record: &Record) -> Value {
        let text = self.connection_string(&record.identity);
        json!({
            "deviceId": record.identity.device_id,
            "moduleId": record.identity.module_id,
            "status": if record.enabled { "enabled" } else { "disabled" },
            "connectionState": if record.link.is_some() { "Connected" } else { "Disconnected" },
            "authenticationType": record.authentication.name(),
            "cloudToDeviceMessageCount": record.queue.len(),
            "connectionString": text.as_ref().map(|t| t.expose()),
        })
    }

    /// The identity's document and its connection string.
    fn local_document(&self, identity: &Identity) -> Result<Value, ServiceError> {
        let mut document = self.read_identity(identity)?;
        if let (Value::Object(fields), Some(text)) = (&mut document, self.connection_string(identity)) {
            fields.insert("connectionString".to_owned(), json!(text.expose()));
        }
        Ok(document)
    }

    fn local_queue(&self, identity: &Identity) -> Result<Value, ServiceError> {
        let slot = self.slot_of(identity)?;
        let record = self.registry.get(slot).ok_or_else(crate::identities::gone)?;
        let waiting = record.queue.iter().map(|m| {
            json!({
                "messageId": m.message_id,
                "enqueuedTimeUtc": format_millis(m.enqueued_ms.cast_signed()),
                "expiryTimeUtc": format_millis(m.expires_ms.cast_signed()),
                "deliveries": m.deliveries,
                "onLink": m.locked,
                "ack": m.ack.name(),
                "bytes": m.body.len(),
            })
        });
        Ok(waiting.collect())
    }

    fn local_token(&self, body: &Value) -> Result<Response, ServiceError> {
        let seconds = body["seconds"].as_u64().unwrap_or(3600);
        let token = match (body["deviceId"].as_str(), body["policy"].as_str()) {
            (Some(device_id), _) => {
                let module_id = body["moduleId"].as_str().map(str::to_owned);
                let identity = Identity { device_id: device_id.to_owned(), module_id };
                self.slot_of(&identity)?;
                self.device_token(&identity, seconds)
            }
            (None, Some(policy)) => self.policy_token(policy, seconds),
            (None, None) => None,
        };
        let Some(token) = token else {
            let text = "name a deviceId (with a key) or a policy of this hub";
            return Err(ServiceError::new(ErrorCode::ArgumentInvalid, text));
        };
        let expires = (self.wall_ms() / 1000).saturating_add(seconds);
        Ok(Response::json(200, &json!({ "token": token.expose(), "expires": expires })))
    }

    fn local_clock(&mut self, method: &str, request: &Request) -> Result<Response, ServiceError> {
        if method == "POST" {
            let body = request.json()?;
            let now = self.now;
            if let Some(text) = body["set"].as_str() {
                let at = parse_millis(text).and_then(|ms| u64::try_from(ms).ok()).ok_or_else(|| {
                    ServiceError::new(
                        ErrorCode::ArgumentInvalid,
                        "\"set\" is a time such as 2030-01-01T00:00:00Z",
                    )
                })?;
                self.clock.set(at, now);
            }
            if let Some(seconds) = body["advanceSeconds"].as_f64() {
                // A float to an integer saturates: the clock stays within its range.
                #[expect(clippy::cast_possible_truncation, reason = "saturating is what is wanted")]
                self.clock.advance((seconds * 1000.0) as i64, now);
            }
            match body["stopped"].as_bool() {
                Some(true) => self.clock.stop(now),
                Some(false) => self.clock.run(now),
                None => {}
            }
            if body["reset"].as_bool() == Some(true) {
                self.clock = crate::clock::WallClock::default();
            }
            self.clock_moved();
        }
        Ok(Response::json(
            200,
            &json!({
                "now": format_millis(self.wall_ms().cast_signed()),
                "offsetMs": self.clock.offset_ms(self.now),
                "stopped": self.clock.is_stopped(),
            }),
        ))
    }

    fn local_faults(
        &mut self,
        method: &str,
        rest: &[&str],
        request: &Request,
    ) -> Result<Response, ServiceError> {
        let now = self.now;
        match (method, rest) {
            ("GET", []) => {
                Ok(Response::json(200, &self.faults.iter().map(|s| shown_fault(s, now)).collect()))
            }
            ("POST", []) => {
                let (id, links) = self.add_fault(read_fault(&request.json()?)?, now);
                Ok(Response::json(201, &json!({ "id": id, "links": links })))
            }
            ("DELETE", []) => {
                self.remove_faults(None, now);
                Ok(Response::empty(204))
            }
            ("DELETE", [id]) => match id.parse().ok().filter(|id| self.remove_faults(Some(*id), now)) {
                Some(_) => Ok(Response::empty(204)),
                None => Err(ServiceError::new(ErrorCode::ArgumentInvalid, format!("there is no fault {id}"))),
            },
            _ => Err(no_such_call(request)),
        }
    }

    fn local_reset(&mut self) -> Response {
        let now = self.now;
        self.reset(now);
        Response::empty(204)
    }

    /// Back to the first moment: one device, no twins, no queues, no faults, the real time.
    pub fn reset(&mut self, now: crate::Now) {
        self.now = now;
        self.end_all(Reason::Restarted, "the hub was reset");
        let all: Vec<_> =
            self.registry.iter().map(|(_, record)| std::sync::Arc::clone(&record.identity)).collect();
        all.iter().for_each(|identity| self.touch(identity));
        let slots: Vec<_> = self.registry.iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| {
            self.purge(slot);
        });
        self.registry.clear();
        self.next_sequence = 0;
        self.fail_all_calls();
        self.timers.clear();
        self.remove_faults(None, now);
        self.clock = crate::clock::WallClock::default();
        self.add_first_device();
        self.happened(None, crate::event::Happening::Control { what: "reset".to_owned() });
    }
}

fn no_such_call(request: &Request) -> ServiceError {
    let text = format!("/local has no {} {}: docs/hub.md lists what it has", request.method, request.path);
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}
