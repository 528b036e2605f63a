//! WebSocket frames, as far as a load of binary messages needs them: written masked by the client, read by the
//! client and by the floor. Written here, not taken from a library, so that the load costs as little as can be.

/// The mask of every frame: a fixed one, the server has to undo it all the same.
const MASK: [u8; 4] = [0x5a, 0x13, 0xc7, 0x81];

/// Appends a masked binary frame around `payload`.
pub(crate) fn write_masked(out: &mut Vec<u8>, payload: &[u8]) {
    write_head(out, payload.len(), 0x80);
    out.extend_from_slice(&MASK);
    let at = out.len();
    out.extend_from_slice(payload);
    unmask(&mut out[at..], MASK);
}

/// Appends an unmasked binary frame around `payload`.
pub(crate) fn write_plain(out: &mut Vec<u8>, payload: &[u8]) {
    write_head(out, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn write_head(out: &mut Vec<u8>, length: usize, mask_bit: u8) {
    out.push(0x82);
    if let (Ok(short), true) = (u8::try_from(length), length < 126) {
        out.push(short | mask_bit);
    } else if let Ok(medium) = u16::try_from(length) {
        out.push(126 | mask_bit);
        out.extend_from_slice(&medium.to_be_bytes());
    } else {
        out.push(127 | mask_bit);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let mut chunks = bytes.chunks_exact_mut(4);
    for chunk in &mut chunks {
        chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    chunks.into_remainder().iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A whole frame of this many bytes, its payload unmasked in place.
    Frame { opcode: u8, payload: std::ops::Range<usize>, end: usize },
    /// More bytes are needed.
    Part,
}

/// Looks at the beginning of `bytes`.
pub(crate) fn read(bytes: &mut [u8]) -> Read {
    let [first, second, rest @ ..] = &*bytes else { return Read::Part };
    let (opcode, masked) = (first & 0x0f, second & 0x80 != 0);
    let (length, mut at) = match second & 0x7f {
        126 => match rest {
            [a, b, ..] => (usize::from(u16::from_be_bytes([*a, *b])), 4),
            _ => return Read::Part,
        },
        127 => match rest.first_chunk::<8>() {
            Some(long) => (usize::try_from(u64::from_be_bytes(*long)).unwrap_or(usize::MAX), 10),
            None => return Read::Part,
        },
        short => (usize::from(short), 2),
    };
    let mask = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().filter(|_| masked);
    if masked {
        at += 4;
    }
    let end = at.saturating_add(length);
    if bytes.len() < end {
        return Read::Part;
    }
    if let Some(mask) = mask {
        unmask(&mut bytes[at..end], mask);
    }
    Read::Frame { opcode, payload: at..end, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_whatever_its_length() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let payload: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap_or(0)).collect();
            for write in [write_masked, write_plain] {
                let mut bytes = Vec::new();
                write(&mut bytes, &payload);
                let whole = bytes.len();
                assert_eq!(read(&mut bytes[..whole - 1]), Read::Part);
                let Read::Frame { opcode: 2, payload: at, end } = read(&mut bytes) else {
                    panic!("{length}")
                };
                assert_eq!((&bytes[at], end), (&payload[..], whole));
            }
        }
    }
}
