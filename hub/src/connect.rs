//! CONNECT: who it is, whether it may come in, and what it finds: the kept session, and the link it takes over.

use crate::event::{ConnectionState, Happening, Sender};
use crate::hub::{Hub, Output};
use crate::link::{LinkId, Session as LinkSession, Will};
use crate::reason::{Cause, Reason, shown};
use crate::registry::Slot;
use crate::session::Session;
use crate::timers::Timer;
use crate::traffic::Operation;
use iothub_protocol::identity::{Identity, UserName};
use iothub_protocol::limits;
use iothub_protocol::packet::{Connect, LastWill, Protocol, write_connack};
use iothub_protocol::time::format_millis;
use iothub_protocol::topic::DeviceTopic;
use serde_json::{Value, json};
use std::sync::Arc;

/// CONNACK codes that the hub uses.
const UNAVAILABLE: u8 = 3;
const REFUSED: u8 = 5;

/// A CONNECT that was let in.
struct Admitted {
    slot: Slot,
    user: UserName,
    auth_method: String,
    token_ends_ms: Option<u64>,
}

impl Hub {
    pub(crate) fn handle_connect(&mut self, link: LinkId, connect: Connect) -> Result<(), Cause> {
        if self.links.get(&link).is_some_and(|state| state.session.is_some()) {
            let detail = "a second CONNECT came on the same link";
            return Err(Cause::new(Reason::SecondConnect, detail));
        }
        if connect.protocol != Protocol::V4 {
            self.refuse_level(link, 5);
            return Ok(());
        }
        let user = connect.login.as_ref().and_then(|login| UserName::parse(&login.username));
        // An id that no identity can have is not carried along; the sentence shows its beginning.
        let claimed = user.as_ref().map(|user| &user.identity).filter(|identity| is_short(identity));
        let claimed = claimed.map(|identity| Arc::new(identity.clone()));
        if let Some((code, cause)) = self.fault_on_connect(claimed.as_deref()) {
            self.refuse(link, code, cause, claimed);
            return Ok(());
        }
        if let Err(cause) = self.slow_down(link, Operation::Connect) {
            self.refuse(link, UNAVAILABLE, cause, claimed);
            return Ok(());
        }
        match self.admit(link, &connect, user) {
            Ok(admitted) => self.welcome(link, &connect, admitted),
            Err((code, cause)) => self.refuse(link, code, cause, claimed),
        }
        Ok(())
    }

    fn admit(
        &self,
        link: LinkId,
        connect: &Connect,
        user: Option<UserName>,
    ) -> Result<Admitted, (u8, Cause)> {
        let refused = |reason, detail: String| (REFUSED, Cause::new(reason, detail));
        let user = user.ok_or_else(|| {
            let form = "{host}/{device}[/{module}]/?api-version=2021-04-12";
            refused(Reason::BadUserName, format!("the user name is missing or has not the form {form}"))
        })?;
        self.check_names(connect, &user).map_err(|cause| (REFUSED, cause))?;
        let found =
            self.registry.find(&user.identity).and_then(|slot| Some((slot, self.registry.get(slot)?)));
        let (slot, record) = found.ok_or_else(|| {
            refused(
                Reason::UnknownDevice,
                format!("\"{}\" is not registered: create it first", shown(&user.identity.to_string())),
            )
        })?;
        let password = connect.login.as_ref().map_or("", |login| login.password.as_str());
        let certificate = self.links.get(&link).and_then(|state| state.opened.certificate.as_ref());
        let proven = self.prove(record, password, certificate).map_err(|cause| (REFUSED, cause))?;
        if !self.is_enabled(&user.identity) {
            let code = if self.config.switches.disabled_is_refused { REFUSED } else { UNAVAILABLE };
            let detail = format!("\"{}\" is disabled", user.identity.device_id);
            return Err((code, Cause::new(Reason::DeviceDisabled, detail)));
        }
        Ok(Admitted { slot, user, auth_method: proven.auth_method, token_ends_ms: proven.token_ends_ms })
    }

    fn check_names(&self, connect: &Connect, user: &UserName) -> Result<(), Cause> {
        if !self.config.is_host(&user.host) {
            let detail = format!(
                "the user name is for \"{}\", this hub is {}",
                shown(&user.host),
                self.config.host_name()
            );
            return Err(Cause::new(Reason::HostMismatch, detail));
        }
        let wanted = user.identity.client_id();
        if connect.client_id != wanted {
            let detail = format!(
                "the client id is \"{}\", the user name wants \"{}\"",
                shown(&connect.client_id),
                shown(&wanted)
            );
            return Err(Cause::new(Reason::ClientIdMismatch, detail));
        }
        let needs_version = user.identity.module_id.is_some() || self.config.switches.require_api_version;
        if needs_version && user.api_version.is_none() {
            let detail = "the user name has no api-version: end it with /?api-version=2021-04-12";
            return Err(Cause::new(Reason::BadUserName, detail));
        }
        Ok(())
    }

    /// A module is blocked with its device.
    pub(crate) fn is_enabled(&self, identity: &Identity) -> bool {
        let device = Identity { device_id: identity.device_id.clone(), module_id: None };
        [identity, &device]
            .into_iter()
            .all(|id| self.registry.by_identity(id).is_some_and(|record| record.enabled))
    }

    fn welcome(&mut self, link: LinkId, connect: &Connect, admitted: Admitted) {
        let Admitted { slot, user, auth_method, token_ends_ms } = admitted;
        if let Some(old) = self.registry.get(slot).and_then(|record| record.link) {
            let detail = "another link connected with the same identity (400027): two clients share it, or this one reconnected";
            self.end_link(old, Cause::new(Reason::TakenOver, detail));
        }
        let wall = self.wall_ms();
        let Some(record) = self.registry.get_mut(slot) else { return };
        let present = record.session.is_some() && !connect.clean_session;
        if !present {
            record.session = Some(Session::default());
        }
        if let Some(session) = &mut record.session {
            session.clean = connect.clean_session;
        }
        record.link = Some(link);
        record.connection_updated_ms = Some(wall);
        record.last_activity_ms = Some(wall);
        record.model_id.clone_from(&user.model_id);
        let sender = Arc::new(Sender {
            identity: Arc::clone(&record.identity),
            generation_id: record.generation_id.clone(),
            auth_method,
            model_id: user.model_id.clone(),
        });
        let silence_ms = silence_allowed(connect.keep_alive);
        let mut session = LinkSession::new(slot, sender, connect.clean_session, silence_ms);
        session.token_ends_ms = token_ends_ms;
        session.will = connect.last_will.as_ref().and_then(|will| read_will(&user.identity, will));
        let ignored_will = connect.last_will.is_some() && session.will.is_none();
        if connect.clean_session && self.config.switches.purge_on_clean_session {
            self.purge(slot);
        }
        let identity = Arc::clone(&session.sender.identity);
        self.touch(&identity);
        self.start(link, session, present);
        self.announce(link, connect, &user, present, ignored_will);
        self.deliver_waiting(slot);
        self.device_came(slot);
    }

    fn start(&mut self, link: LinkId, session: LinkSession, present: bool) {
        let (silence_ms, identity) = (session.silence_ms, Arc::clone(&session.sender.identity));
        if let Some(state) = self.links.get_mut(&link) {
            state.session = Some(session);
            state.head = Vec::new();
            state.decoder.set_limit(limits::PACKET_BYTES);
            self.strangers.remove(link);
        }
        if let Some(out) = self.out(link) {
            write_connack(out, present, 0);
        }
        self.apply_link_faults(link, &identity);
        self.timers.arm(self.now.mono_ms + silence_ms, Timer::KeepAlive(link));
        self.check_token(link);
    }

    fn announce(
        &mut self,
        link: LinkId,
        connect: &Connect,
        user: &UserName,
        present: bool,
        ignored_will: bool,
    ) {
        let Some(state) = self.links.get(&link) else { return };
        let Some(session) = &state.session else { return };
        let mut info = json!({
            "transport": state.opened.transport.name(),
            "cleanSession": connect.clean_session,
            "sessionPresent": present,
            "keepAliveSeconds": connect.keep_alive,
            "clientType": user.client_type,
            "apiVersion": user.api_version,
            "modelId": user.model_id,
            "tokenEnds": session.token_ends_ms.map(|ms| format_millis(ms.cast_signed())),
        });
        if let (true, Value::Object(fields)) = (ignored_will, &mut info) {
            fields.insert(
                "willIgnored".to_owned(),
                json!("its topic is not the telemetry topic of this identity"),
            );
        }
        let identity = Arc::clone(&session.sender.identity);
        let cause = Cause::new(Reason::Accepted, "CONNACK 0");
        self.output(Output::Admitted { link, identity: Arc::clone(&identity) });
        self.happened(
            Some(identity),
            Happening::Connection { state: ConnectionState::Connected, cause, info: info.into() },
        );
    }
}

/// Whether the registry could hold it, by its length.
fn is_short(identity: &Identity) -> bool {
    [Some(&identity.device_id), identity.module_id.as_ref()]
        .into_iter()
        .flatten()
        .all(|id| id.len() <= limits::ID_CHARS)
}

/// 1.5 times the keep-alive, never more than the hub's own limit; zero means that limit.
fn silence_allowed(keep_alive: u16) -> u64 {
    let ceiling = limits::KEEP_ALIVE_CEILING_SECONDS * 1000;
    match keep_alive {
        0 => ceiling,
        seconds => (u64::from(seconds) * 1500).min(ceiling),
    }
}

/// A will to the telemetry topic of the same identity; others are ignored, as the hub does.
fn read_will(identity: &Identity, will: &LastWill) -> Option<Will> {
    let DeviceTopic::Telemetry { device, module, bag } = DeviceTopic::parse(&will.topic).ok()? else {
        return None;
    };
    let own = device == identity.device_id && module == identity.module();
    own.then(|| Will { bag: bag.to_owned(), body: will.message.to_vec(), qos: will.qos as u8 })
}
