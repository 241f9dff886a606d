//! Where a text has runs of ASCII letters and digits: a bit for each byte, found for 64 bytes at once, so
//! that the end of a word costs a few instructions however long the word is.

/// The runs of one text.
#[derive(Debug, Default)]
pub(super) struct Runs {
    bits: Vec<u64>,
}

impl Runs {
    /// Looks through `text`, replacing what was known of another.
    pub(super) fn read(&mut self, text: &[u8]) {
        let (blocks, rest) = text.as_chunks();
        self.bits.clear();
        self.bits.extend(blocks.iter().map(bits));
        // What follows the text is in no run: bits of zero end the last one.
        let mut last = [0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        self.bits.extend([bits(&last), 0]);
    }

    /// The first place from `at` on, which lies in the text or at its end, that is in no run.
    pub(super) fn end(&self, at: usize) -> usize {
        let outside = !self.bits[at / BLOCK] >> (at % BLOCK);
        if outside != 0 {
            return at + outside.trailing_zeros() as usize;
        }
        let behind = at / BLOCK + 1;
        let full = self.bits[behind..].iter().take_while(|bits| **bits == u64::MAX).count();
        (behind + full) * BLOCK + self.bits[behind + full].trailing_ones() as usize
    }
}

const BLOCK: usize = 64;

/// The bit of each byte that is a letter or digit, the first byte's lowest.
fn bits(block: &[u8; BLOCK]) -> u64 {
    let inside = block.map(|byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        u8::from(letter | (byte.wrapping_sub(b'0') < 10))
    });
    let (eights, _) = inside.as_chunks();
    // The product moves the lowest bits of eight bytes side by side into the highest byte.
    let gathered = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080);
    eights.iter().rev().fold(0, |bits, eight| bits << 8 | gathered(eight) >> 56)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_end_at_the_first_other_byte(
            text in "([a-zA-Z0-9]{0,70}|[ -~é]{0,9}){0,9}",
            at in any::<prop::sample::Index>(),
        ) {
            let mut runs = Runs::default();
            runs.read(b"of another text");
            runs.read(text.as_bytes());
            let at = at.index(text.len() + 1);
            let rest = &text.as_bytes()[at..];
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            prop_assert_eq!(runs.end(at), at + length);
        }
    }
}
