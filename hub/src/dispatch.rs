//! Packets after CONNECT, each to its place.

use crate::hub::Hub;
use crate::link::{InFlight, LinkId};
use crate::reason::{Cause, Reason, shown};
use crate::session::{Subscription, Wanted};
use iothub_protocol::identity::Identity;
use iothub_protocol::packet::{
    Packet, QoS, Subscribe, SubscribeReasonCode, Unsubscribe, write_pingresp, write_suback, write_unsuback,
};
use iothub_protocol::topic::Filter;
use std::sync::Arc;

impl Hub {
    /// An error ends the link with its cause.
    pub(crate) fn handle_packet(&mut self, link: LinkId, packet: Packet) -> Result<(), Cause> {
        if let Packet::Connect(connect) = packet {
            return self.handle_connect(link, connect);
        }
        let session = self.links.get(&link).and_then(|state| state.session.as_ref());
        let Some(slot) = session.map(|session| session.slot) else {
            let detail = "the first packet of a link must be CONNECT";
            return Err(Cause::new(Reason::ConnectExpected, detail));
        };
        if matches!(packet, Packet::Publish(_) | Packet::PubAck(_)) {
            self.note_activity(slot);
        }
        match packet {
            Packet::Publish(publish) => self.handle_publish(link, publish),
            Packet::PubAck(ack) => {
                self.handle_puback(link, ack.pkid);
                Ok(())
            }
            Packet::Subscribe(subscribe) => self.handle_subscribe(link, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.handle_unsubscribe(link, &unsubscribe),
            Packet::PingReq => {
                self.out(link).map(write_pingresp);
                Ok(())
            }
            Packet::Disconnect => Err(Cause::new(Reason::ClientDisconnected, "the client sent DISCONNECT")),
            _ => {
                let detail = "a packet came that only a server sends, or that belongs to QoS 2";
                Err(Cause::new(Reason::UnexpectedPacket, detail))
            }
        }
    }

    fn handle_puback(&mut self, link: LinkId, id: u16) {
        let Some(session) = self.links.get_mut(&link).and_then(|state| state.session.as_mut()) else {
            return;
        };
        let slot = session.slot;
        if let Some(InFlight::C2d { sequence }) = session.acknowledged(id) {
            self.complete_message(slot, sequence);
        }
    }

    fn handle_subscribe(&mut self, link: LinkId, subscribe: Subscribe) -> Result<(), Cause> {
        let Some((slot, identity)) = self.who(link) else { return Ok(()) };
        let mut granted = Vec::with_capacity(subscribe.filters.len());
        let mut wanted = Vec::new();
        for filter in subscribe.filters {
            // The hub grants 1 where 2 is asked for.
            let qos = u8::from(filter.qos != QoS::AtMostOnce);
            let code =
                SubscribeReasonCode::Success(if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce });
            let taken = read_filter(&identity, &filter.path).and_then(|wanted| {
                self.add_subscription(slot, Subscription { filter: filter.path, wanted, qos })
                    .map(|()| wanted)
            });
            match taken {
                Ok(meaning) => {
                    wanted.push(meaning);
                    granted.push(code);
                }
                Err(cause) if self.config.switches.lenient => {
                    self.tell_refused(link, cause);
                    granted.push(SubscribeReasonCode::Failure);
                }
                Err(cause) => return Err(cause),
            }
        }
        self.touch(&identity);
        if let Some(out) = self.out(link) {
            write_suback(out, subscribe.pkid, &granted);
        }
        if wanted.contains(&Wanted::Devicebound) {
            self.deliver_waiting(slot);
        }
        if wanted.contains(&Wanted::Methods) {
            self.device_came(slot);
        }
        Ok(())
    }

    fn add_subscription(
        &mut self,
        slot: crate::registry::Slot,
        subscription: Subscription,
    ) -> Result<(), Cause> {
        let Some(session) = self.registry.get_mut(slot).and_then(|record| record.session.as_mut()) else {
            return Ok(());
        };
        let filter = subscription.filter.clone();
        if session.subscribe(subscription) {
            return Ok(());
        }
        let held: Vec<&str> = session.subscriptions().iter().map(|s| s.filter.as_str()).collect();
        let detail = format!("\"{filter}\" would be a sixth subscription; held are {}", held.join(", "));
        Err(Cause::new(Reason::TooManySubscriptions, detail))
    }

    fn handle_unsubscribe(&mut self, link: LinkId, unsubscribe: &Unsubscribe) -> Result<(), Cause> {
        let Some((slot, identity)) = self.who(link) else { return Ok(()) };
        self.touch(&identity);
        if let Some(session) = self.registry.get_mut(slot).and_then(|record| record.session.as_mut()) {
            unsubscribe.topics.iter().for_each(|filter| session.unsubscribe(filter));
        }
        if let Some(out) = self.out(link) {
            write_unsuback(out, unsubscribe.pkid);
        }
        Ok(())
    }

    /// Whose link this is.
    pub(crate) fn who(&self, link: LinkId) -> Option<(crate::registry::Slot, Arc<Identity>)> {
        let session = self.links.get(&link)?.session.as_ref()?;
        Some((session.slot, Arc::clone(&session.sender.identity)))
    }
}

pub(crate) fn read_filter(identity: &Identity, filter: &str) -> Result<Wanted, Cause> {
    let own = |device: &str, module: Option<&str>| {
        let device_fits = device == "+" || device == identity.device_id;
        let module_fits = match (module, identity.module()) {
            (None, None) => true,
            (Some(given), Some(have)) => given == "+" || given == have,
            _ => false,
        };
        device_fits && module_fits
    };
    let (wanted, fits) = match Filter::parse(filter) {
        Some(Filter::C2d { device }) => (Wanted::Devicebound, own(device, None)),
        Some(Filter::ModuleC2d { device, module }) => (Wanted::Devicebound, own(device, Some(module))),
        Some(Filter::ModuleInputs { device, module }) => (Wanted::Inputs, own(device, Some(module))),
        Some(Filter::TwinAnswers) => (Wanted::TwinAnswers, true),
        Some(Filter::DesiredPatches) => (Wanted::Desired, true),
        Some(Filter::Methods) => (Wanted::Methods, true),
        None => {
            let detail =
                format!("the hub knows no filter \"{}\": see the topic list of docs/hub.md", shown(filter));
            return Err(Cause::new(Reason::UnknownFilter, detail));
        }
    };
    if fits {
        return Ok(wanted);
    }
    let detail = format!("the filter \"{}\" does not belong to {identity}", shown(filter));
    Err(Cause::new(Reason::ForeignTopic, detail))
}
