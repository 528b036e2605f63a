//! Reads choices out of fuzz input. At its end every choice is the first one, so that each prefix is an input too.

/// What is left of an input.
#[derive(Debug)]
pub(crate) struct Input<'d> {
    rest: &'d [u8],
}

impl<'d> Input<'d> {
    pub(crate) fn new(data: &'d [u8]) -> Self {
        Self { rest: data }
    }

    /// The next operation; none at the end.
    pub(crate) fn operation(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.operation().unwrap_or(0)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// A time span in milliseconds, from nothing to about two hours, fine where it is short.
    pub(crate) fn span(&mut self) -> u64 {
        let byte = u64::from(self.byte());
        if byte < 128 { byte } else { (byte - 127) * (byte - 127) * 500 }
    }

    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[usize::from(self.byte()) % from.len()]
    }

    /// Bytes with their length before them; 255 means a two-byte length.
    pub(crate) fn bytes(&mut self) -> &'d [u8] {
        let length = match self.byte() {
            255 => usize::from(self.short()),
            length => usize::from(length),
        };
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// One of these texts, or with one chance in four a text from the input behind it.
    pub(crate) fn text_like(&mut self, from: &[&str]) -> String {
        let choice = self.byte();
        let known = from[usize::from(choice >> 2) % from.len()];
        if choice & 3 == 3 { known.to_owned() + &self.text() } else { known.to_owned() }
    }
}

/// The whole input as text.
pub(crate) fn text_of(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
