//! MQTT packets: a stream gives the same packets however it is cut, and what is read can be written and read again.

use crate::input::Input;
use iothub_protocol::packet::{
    Decoder, Packet, PacketError, QoS, WrittenPublish, first_packet_len, write_connect, write_publish,
    write_subscribe,
};

const LIMIT: usize = 4096;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = [usize::from(input.byte()) + 1, usize::from(input.byte() % 16) + 1];
    let stream = data.get(2..).unwrap_or_default();
    let (whole, end) = read(std::iter::once(stream));
    let (pieces, same_end) = read(Cut { rest: stream, cuts, turn: 0 });
    assert_eq!(whole, pieces, "the same packets however the stream is cut");
    assert_eq!(end.is_some(), same_end.is_some(), "the same end: {end:?} {same_end:?}");
    whole.iter().for_each(again);
    if !stream.is_empty() && !whole.is_empty() {
        assert!(first_packet_len(stream).is_some_and(|length| length <= stream.len()));
    }
}

struct Cut<'d> {
    rest: &'d [u8],
    cuts: [usize; 2],
    turn: usize,
}

impl<'d> Iterator for Cut<'d> {
    type Item = &'d [u8];

    fn next(&mut self) -> Option<&'d [u8]> {
        self.turn += 1;
        let length = self.cuts[self.turn % 2].min(self.rest.len());
        let (piece, rest) = self.rest.split_at(length);
        self.rest = rest;
        (!piece.is_empty()).then_some(piece)
    }
}

fn read<'d>(pieces: impl Iterator<Item = &'d [u8]>) -> (Vec<Packet>, Option<PacketError>) {
    let mut decoder = Decoder::new(LIMIT);
    let mut packets = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_packet() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(error) => return (packets, Some(error)),
            }
        }
        // What is held back is one packet that is not whole: never more than the limit and its header.
        assert!(decoder.pending_bytes() <= LIMIT + 5, "{} bytes are held back", decoder.pending_bytes());
    }
    (packets, None)
}

fn again(packet: &Packet) {
    let mut out = Vec::new();
    match packet {
        Packet::Publish(publish) => {
            // Reading takes a topic for text, so a topic that was none is written differently.
            let written = write_publish(
                &mut out,
                &publish.topic,
                &publish.payload,
                publish.qos,
                publish.pkid,
                publish.dup,
            );
            if written.is_err() || publish.qos == QoS::ExactlyOnce {
                return;
            }
            let mut kept = WrittenPublish::new(publish.qos, publish.retain, &publish.payload, 0, |topic| {
                topic.extend_from_slice(publish.topic.as_bytes());
            })
            .expect("the topic was read, so it fits");
            kept.set_id(publish.pkid);
            let Packet::Publish(read) = one(&out) else { panic!("a PUBLISH") };
            let same = (&read.topic, &read.payload, read.pkid, read.qos)
                == (&publish.topic, &publish.payload, publish.pkid, publish.qos);
            assert!(same, "{read:?} {publish:?}");
            let Packet::Publish(read) = one(kept.as_bytes()) else { panic!("a PUBLISH") };
            assert_eq!((&read.topic, read.pkid, read.retain), (&publish.topic, publish.pkid, publish.retain));
        }
        Packet::Connect(connect) if write_connect(&mut out, connect).is_ok() => {
            assert_eq!(one(&out), *packet);
        }
        Packet::Subscribe(subscribe) if subscribe.pkid > 0 && !subscribe.filters.is_empty() => {
            let filters: Vec<_> = subscribe.filters.iter().map(|f| (f.path.clone(), f.qos)).collect();
            if write_subscribe(&mut out, subscribe.pkid, &filters).is_ok() {
                assert_eq!(one(&out), *packet);
            }
        }
        _ => {}
    }
}

fn one(bytes: &[u8]) -> Packet {
    let mut decoder = Decoder::new(2 * LIMIT);
    decoder.push(bytes);
    let packet = decoder.next_packet();
    assert_eq!(decoder.pending_bytes(), 0, "a written packet is whole");
    packet.expect("a written packet is read").expect("a written packet is whole")
}
