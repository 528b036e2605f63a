//! Pseudo-random numbers from the seed that the shell injects: ids, etags of new things, keys of new devices.
//!
//! SplitMix64: small, and the same seed gives the same hub again. The keys it makes guard a development hub
//! on one machine, nothing else.

use iothub_protocol::sas::Key;

/// The generator.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A text in the form of a GUID.
    pub(crate) fn guid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            (b >> 48) & 0x3fff | 0x8000,
            b & 0xffff_ffff_ffff
        )
    }

    /// Eighteen digits, as generation ids look.
    pub(crate) fn generation(&mut self) -> String {
        format!("{:018}", 600_000_000_000_000_000 + self.next() % 100_000_000_000_000_000)
    }

    /// Where the etag of a new identity begins: one of its name that was there before had others.
    pub(crate) fn etag(&mut self) -> u64 {
        self.next() >> 24
    }

    /// A key of 32 bytes.
    pub(crate) fn key(&mut self) -> Key {
        let mut bytes = [0_u8; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        Key::from_bytes(&bytes)
    }
}
