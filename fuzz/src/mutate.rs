//! Draws inputs: pieces strung together, and inputs that were kept, cut, spliced, repeated and corrupted.

use std::hash::{DefaultHasher, Hasher};

use fastrand::Rng;

/// The longest input, in bytes.
const LONGEST: usize = 8192;

/// How many inputs are kept to draw from; a new one takes the place of any.
const MOST_KEPT: usize = 4096;

/// Draws inputs from one seed.
pub struct Mutator {
    random: Rng,
    pieces: Vec<String>,
    kept: Vec<String>,
}

impl Mutator {
    /// Begins with `pieces`.
    pub fn new(pieces: Vec<String>, seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), kept: pieces.clone(), pieces }
    }

    /// Draws from this input later.
    pub fn keep(&mut self, input: String) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(input);
        } else {
            let at = self.random.usize(..MOST_KEPT);
            self.kept[at] = input;
        }
    }

    /// The next input.
    pub fn draw(&mut self) -> String {
        let mut bytes = self.any_kept();
        for _ in 0..self.random.usize(1..8) {
            self.mutate(&mut bytes);
        }
        bytes.truncate(LONGEST);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn any_kept(&mut self) -> Vec<u8> {
        let at = self.random.usize(..self.kept.len());
        self.kept[at].clone().into_bytes()
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.random.usize(..=bytes.len());
        let end = (at + self.random.usize(..32)).min(bytes.len());
        match self.random.u8(..8) {
            0..=2 => {
                let piece = &self.pieces[self.random.usize(..self.pieces.len())];
                bytes.splice(at..at, piece.bytes());
            }
            3 => drop(bytes.drain(at..end)),
            4 => {
                let again = bytes[at..end].repeat(self.random.usize(1..64));
                bytes.splice(end..end, again);
            }
            5 => {
                let other = self.any_kept();
                let from = self.random.usize(..=other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
            6 => {
                let c = char::from_u32(self.random.u32(..0x11_0000)).unwrap_or('\u{301}');
                bytes.splice(at..at, c.encode_utf8(&mut [0; 4]).bytes());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.random.u8(..8);
                }
            }
        }
    }
}

/// A number for some bytes.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
