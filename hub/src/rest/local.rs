//! `/local`: what a developer needs and the real hub has only elsewhere, or not at all. No token: see `guard`.

use super::local_body::{bad, read_fault, read_message, shown_fault};
use super::target::{Target, device, module};
use super::{Form, Reply, Request, Response};
use crate::clock::WallClock;
use crate::fields::Fields;
use crate::hub::Hub;
use crate::identities::IfMatch;
use crate::identity_document::{FIELDS, check_names};
use crate::record::Record;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::{format_millis, parse_millis};
use serde_json::{Value, json};
use std::time::Duration;

/// The last second of the year 9999, which is the last that a time can be written in.
const LAST_SECOND: f64 = 253_402_300_799.0;

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
                let body = request.json()?;
                let fields = Fields::of("a switch of the packet log", &body)?;
                fields.only(&["on"])?;
                self.switch_packets(fields.flag("on")?.ok_or_else(|| bad("say {\"on\": true} or false"))?);
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
            _ => Response::not_found(&no_such_call(request).message),
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
                let ours = ["connectionString", "sdkConnectionString"];
                let known: Vec<&str> = FIELDS.into_iter().chain(ours).collect();
                check_names(&document, &known)?;
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
            ("POST", ["messages"]) => {
                let message_id = self.send_c2d(identity, read_message(&request.json()?)?, now)?;
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
        let mut summary = json!({
            "deviceId": record.identity.device_id,
            "moduleId": record.identity.module_id,
            "status": if record.enabled { "enabled" } else { "disabled" },
            "connectionState": if record.link.is_some() { "Connected" } else { "Disconnected" },
            "authenticationType": record.authentication.name(),
            "cloudToDeviceMessageCount": record.queue.len(),
        });
        self.add_strings(&record.identity, &mut summary);
        summary
    }

    /// Both connection strings of an identity, null without a key: the names are those of the ready line.
    fn add_strings(&self, identity: &Identity, document: &mut Value) {
        let client = self.connection_string(identity);
        let sdk = self.sdk_connection_string(identity);
        document["connectionString"] = json!(client.as_ref().map(|text| text.expose()));
        document["sdkConnectionString"] = json!(sdk.as_ref().map(|text| text.expose()));
    }

    /// The identity's document and its connection strings.
    fn local_document(&self, identity: &Identity) -> Result<Value, ServiceError> {
        let mut document = self.read_identity(identity)?;
        self.add_strings(identity, &mut document);
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
        let fields = Fields::of("a request for a token", body)?;
        fields.only(&["deviceId", "moduleId", "policy", "seconds"])?;
        // A token that has ended already is what some tests are about.
        let seconds = fields.whole("seconds")?.unwrap_or(3600);
        let expires = i128::from(self.wall_ms() / 1000) + seconds;
        let expires = u64::try_from(expires.max(0)).unwrap_or(u64::MAX);
        let token = match (fields.text("deviceId")?, fields.text("policy")?, fields.text("moduleId")?) {
            (Some(device_id), None, module_id) => {
                let module_id = module_id.map(str::to_owned);
                let identity = Identity { device_id: device_id.to_owned(), module_id };
                self.slot_of(&identity)?;
                self.device_token_until(&identity, expires)
            }
            (None, Some(policy), None) => self.policy_token_until(policy, expires),
            _ => None,
        };
        let Some(token) = token else {
            return Err(bad("name either a deviceId (with a key) or a policy of this hub"));
        };
        Ok(Response::json(200, &json!({ "token": token.expose(), "expires": expires })))
    }

    fn local_clock(&mut self, method: &str, request: &Request) -> Result<Response, ServiceError> {
        if method == "POST" {
            self.clock = self.read_clock(&request.json()?)?;
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

    /// The clock after a change, which is one within the years that a time can be written in.
    fn read_clock(&self, body: &Value) -> Result<WallClock, ServiceError> {
        let (now, mut clock) = (self.now, self.clock);
        let fields = Fields::of("a change of the clock", body)?;
        fields.only(&["set", "advanceSeconds", "stopped", "reset"])?;
        if let Some(text) = fields.text("set")? {
            let at = parse_millis(text).and_then(|ms| u64::try_from(ms).ok());
            let at = at.filter(|ms| Duration::from_millis(*ms).as_secs_f64() <= LAST_SECOND);
            clock.set(at.ok_or_else(|| bad("\"set\" is a time such as 2030-01-01T00:00:00Z"))?, now);
        }
        if let Some(seconds) = fields.number("advanceSeconds")? {
            let there = Duration::from_millis(clock.unix_ms(now)).as_secs_f64() + seconds;
            if !(0.0..=LAST_SECOND).contains(&there) {
                return Err(bad(format!(
                    "\"advanceSeconds\" is {seconds}: the clock would leave the years 1970 to 9999"
                )));
            }
            #[expect(clippy::cast_possible_truncation, reason = "at most as many as the years have")]
            clock.advance((seconds * 1000.0) as i64, now);
        }
        match fields.flag("stopped")? {
            Some(true) => clock.stop(now),
            Some(false) => clock.run(now),
            None => {}
        }
        Ok(if fields.flag("reset")? == Some(true) { WallClock::default() } else { clock })
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
                let standing = self.faults.list(now.mono_ms);
                Ok(Response::json(200, &standing.iter().map(|s| shown_fault(s, now)).collect()))
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
}

fn no_such_call(request: &Request) -> ServiceError {
    let text = format!("/local has no {} {}: docs/hub.md lists what it has", request.method, request.path);
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}
