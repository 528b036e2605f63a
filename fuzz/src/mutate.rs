//! Mutation of inputs on stable Rust: the same seed gives the same inputs. It knows the words of the protocol
//! (`tokens.dict`, which libFuzzer reads too), because few random bytes are ever a topic.

/// The words, as libFuzzer's dictionaries have them.
const DICTIONARY: &str = include_str!("../tokens.dict");
/// Longest input.
const LENGTH_MAX: usize = 4096;

/// Makes inputs out of inputs.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// One that gives the same inputs for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed, words: DICTIONARY.lines().filter_map(word).collect() }
    }

    /// The next number; splitmix64.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % (end.max(1) as u64)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.draw().to_le_bytes()[0]
    }

    /// A new input out of these.
    #[must_use]
    pub fn next_input(&mut self, from: &[Vec<u8>]) -> Vec<u8> {
        let mut input = from.get(self.below(from.len())).cloned().unwrap_or_default();
        for _ in 0..=self.below(4) {
            self.change(&mut input, from);
        }
        input.truncate(LENGTH_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, from: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let length = self.below(1 + (input.len() - at).min(64));
        match self.below(9) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.byte(),
            2 => drop(input.drain(at..at + length)),
            3 => {
                let piece = input[at..at + length].to_vec();
                self.insert(input, &piece);
            }
            4 | 5 => {
                let number = self.below(self.words.len());
                let word = self.words[number].clone();
                self.insert(input, &word);
            }
            6 => {
                let other = from.get(self.below(from.len())).cloned().unwrap_or_default();
                input.truncate(at);
                input.extend_from_slice(&other[self.below(other.len() + 1)..]);
            }
            7 => {
                let many = [self.byte()].repeat(1 + self.below(300));
                self.insert(input, &many);
            }
            _ => {
                let some: Vec<u8> = (0..=self.below(8)).map(|_| self.byte()).collect();
                self.insert(input, &some);
            }
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>, piece: &[u8]) {
        let at = self.below(input.len() + 1);
        drop(input.splice(at..at, piece.iter().copied()));
    }
}

/// A line of the dictionary: a text in quotes with `\"`, `\\` and `\xNN`.
fn word(line: &str) -> Option<Vec<u8>> {
    let text = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next()? {
            b'x' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let code = digit()? << 4 | digit()?;
                bytes.push(u8::try_from(code).ok()?);
            }
            escaped => bytes.push(escaped),
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_inputs() {
        let from = [b"one".to_vec(), b"two".to_vec()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..100).map(|_| mutator.next_input(&from)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }

    #[test]
    fn every_line_of_the_dictionary_is_a_word() {
        let lines = DICTIONARY.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            assert!(word(line).is_some_and(|word| !word.is_empty()), "{line}");
        }
        assert_eq!(word(r#""a\"\\\x0a""#), Some(b"a\"\\\n".to_vec()));
    }
}
