//! What MQTT 3.1.1 obliges a server to close a connection for, and the codec lets through: reserved bits, a packet
//! id of zero, empty lists, text with U+0000, wildcards in a topic name, bytes behind the end of a packet. The hub
//! asks before it reads a packet; each answer names the statement of the standard that was broken.

type Checked<T = ()> = Result<T, &'static str>;

const ID_ZERO: &str = "the packet id must not be 0 [MQTT-2.3.1-1]";

/// Cuts pieces off the body of a packet.
struct Body<'b>(&'b [u8]);

impl<'b> Body<'b> {
    fn take(&mut self, count: usize) -> Checked<&'b [u8]> {
        let (piece, rest) = self.0.split_at_checked(count).ok_or("the packet ends within a field")?;
        self.0 = rest;
        Ok(piece)
    }

    fn byte(&mut self) -> Checked<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or(0))
    }

    fn number(&mut self) -> Checked<u16> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn binary(&mut self) -> Checked<&'b [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    /// UTF-8 without surrogates is what the codec asks for anyway.
    fn text(&mut self) -> Checked<&'b [u8]> {
        let text = self.binary()?;
        if text.contains(&0) { Err("a text holds U+0000 [MQTT-1.5.3-2]") } else { Ok(text) }
    }

    fn end(&self, or: &'static str) -> Checked {
        if self.0.is_empty() { Ok(()) } else { Err(or) }
    }
}

/// Looks at one whole packet from a client.
///
/// # Errors
/// What is wrong with it, and the statement of the standard that says so. The connection can only be closed then.
pub(crate) fn check(packet: &[u8]) -> Checked {
    // The length has up to four bytes, the last of them below 0x80.
    let head = 2 + packet.iter().skip(1).take_while(|byte| **byte >= 0x80).count();
    let first = packet.first().copied().unwrap_or(0);
    let body = Body(packet.get(head..).unwrap_or(&[]));
    let (kind, flags) = (first >> 4, first & 0x0f);
    check_flags(kind, flags)?;
    match kind {
        1 => check_connect(body),
        3 => check_publish(flags, body),
        4..=7 => check_ack(body),
        8 => check_filters(body, true),
        10 => check_filters(body, false),
        12 | 14 => body.end("PINGREQ and DISCONNECT have no body (3.12.2, 3.14.2)"),
        _ => Ok(()),
    }
}

fn check_flags(kind: u8, flags: u8) -> Checked {
    match (kind, flags) {
        (3, _) | (6 | 8 | 10, 2) | (1..=5 | 7 | 9 | 11..=14, 0) => Ok(()),
        (6 | 8 | 10, _) => Err("the flags of PUBREL, SUBSCRIBE and UNSUBSCRIBE must be 2 [MQTT-2.2.2-2]"),
        (1..=14, _) => Err("the flags of a packet of this type must be 0 [MQTT-2.2.2-2]"),
        _ => Err("the packet types 0 and 15 are forbidden (2.2.1)"),
    }
}

fn check_connect(mut body: Body<'_>) -> Checked {
    body.text()?;
    if body.byte()? != 4 {
        // Another version has another form, and gets an answer of its own.
        return Ok(());
    }
    let flags = body.byte()?;
    body.number()?;
    let (user_name, password, will) = (flags & 0x80 != 0, flags & 0x40 != 0, flags & 4 != 0);
    if flags & 1 != 0 {
        return Err("the reserved connect flag must be 0 [MQTT-3.1.2-3]");
    }
    if password && !user_name {
        return Err("a password comes with a user name only [MQTT-3.1.2-22]");
    }
    body.text()?;
    if will {
        check_topic(body.text()?)?;
        body.binary()?;
    }
    if user_name {
        body.text()?;
    }
    if password {
        body.binary()?;
    }
    body.end("bytes follow the last field of CONNECT [MQTT-3.1.4-1]")
}

fn check_publish(flags: u8, mut body: Body<'_>) -> Checked {
    if flags & 0b1110 == 0b1000 {
        return Err("DUP must be 0 with QoS 0 [MQTT-3.3.1-2]");
    }
    check_topic(body.text()?)
}

fn check_topic(topic: &[u8]) -> Checked {
    if topic.is_empty() {
        return Err("a topic name has at least one character [MQTT-4.7.3-1]");
    }
    if topic.iter().any(|byte| matches!(byte, b'+' | b'#')) {
        return Err("a topic name must not hold the wildcards + and # [MQTT-3.3.2-2]: write %2B and %23");
    }
    Ok(())
}

/// PUBACK, PUBREC, PUBREL, PUBCOMP.
fn check_ack(mut body: Body<'_>) -> Checked {
    if body.number()? == 0 {
        return Err(ID_ZERO);
    }
    body.end("bytes follow the packet id of an acknowledgement (3.4.1)")
}

/// SUBSCRIBE, where a QoS follows each filter, and UNSUBSCRIBE.
fn check_filters(mut body: Body<'_>, with_qos: bool) -> Checked {
    if body.number()? == 0 {
        return Err(ID_ZERO);
    }
    if body.0.is_empty() {
        return Err("there must be at least one filter [MQTT-3.8.3-3] [MQTT-3.10.3-2]");
    }
    while !body.0.is_empty() {
        check_filter(body.text()?)?;
        if with_qos && body.byte()? > 2 {
            return Err("the requested QoS must be 0, 1 or 2 [MQTT-3.8.3-4]");
        }
    }
    Ok(())
}

fn check_filter(filter: &[u8]) -> Checked {
    if filter.is_empty() {
        return Err("a filter has at least one character [MQTT-4.7.3-1]");
    }
    let mut levels = filter.split(|byte| *byte == b'/').peekable();
    while let Some(level) = levels.next() {
        let alone = level.len() == 1;
        if level.contains(&b'#') && !(alone && levels.peek().is_none()) {
            return Err("# must be the last level of a filter, and all of it [MQTT-4.7.1-2]");
        }
        if level.contains(&b'+') && !alone {
            return Err("+ must be a whole level of a filter [MQTT-4.7.1-3]");
        }
    }
    Ok(())
}
