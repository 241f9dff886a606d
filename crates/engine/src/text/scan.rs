//! Where a text has bytes of a kind: a bit for each byte, found for 64 bytes at once, so that the next one
//! costs a few instructions however far it is, and none of them waits for the text.

use wide::u8x16;

/// The places of one kind of bytes in one text.
#[derive(Debug, Default)]
pub(super) struct Scan {
    bits: Vec<u64>,
}

const LANES: usize = 16;
const BLOCK: usize = 64;

impl Scan {
    /// Looks through `text`, replacing what was known of another. Of the bytes given to it `of_kind` gives
    /// back those of the kind with their highest bit set, others without.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8], of_kind: impl Fn(u8x16) -> u8x16) {
        let bits = |block: &[u8; BLOCK]| {
            let (sixteens, _) = block.as_chunks::<LANES>();
            sixteens.iter().rev().fold(0, |bits, sixteen| {
                bits << LANES | u64::from(of_kind(u8x16::new(*sixteen)).to_bitmask())
            })
        };
        let (blocks, rest) = text.as_chunks();
        self.bits.clear();
        self.bits.extend(blocks.iter().map(bits));
        let mut last = [0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        // What follows the text counts as such a byte: every search ends.
        self.bits.extend([bits(&last) | u64::MAX << rest.len(), u64::MAX]);
    }

    /// The first such byte from `at` on, which lies in the text or at its end; the end where there is none.
    #[inline]
    pub(super) fn next(&self, at: usize) -> usize {
        let here = self.bits[at / BLOCK] >> (at % BLOCK);
        if here != 0 {
            return at + here.trailing_zeros() as usize;
        }
        let behind = at / BLOCK + 1;
        let none = self.bits[behind..].iter().take_while(|bits| **bits == 0).count();
        (behind + none) * BLOCK + self.bits[behind + none].trailing_zeros() as usize
    }
}

/// Goes over the bytes of one scan, from one to the next. Where the next one lies does not hang on what was
/// made of the last one, so that a processor can be ahead.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    scan: &'a Scan,
    block: usize,
    /// Those of the block that were not come to yet.
    bits: u64,
    /// From where the last one was looked for, and one past it.
    from: usize,
    behind: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(scan: &'a Scan) -> Self {
        let bits = scan.bits.first().copied().unwrap_or(0);
        Self { scan, block: 0, bits, from: 0, behind: 0 }
    }

    /// As [`Scan::next`]. Each byte of the kind is passed once, unless `at` is before where the last one was
    /// looked for.
    #[inline]
    pub(super) fn next(&mut self, at: usize) -> usize {
        if at < self.behind {
            if at >= self.from {
                return self.behind - 1;
            }
            self.block = at / BLOCK;
            self.bits = self.scan.bits[self.block] & u64::MAX << (at % BLOCK);
        }
        loop {
            while self.bits == 0 {
                self.block += 1;
                self.bits = self.scan.bits[self.block];
            }
            let found = self.block * BLOCK + self.bits.trailing_zeros() as usize;
            self.bits &= self.bits - 1;
            if found >= at {
                (self.from, self.behind) = (at, found + 1);
                return found;
            }
        }
    }
}

/// Sets the highest bit of the bytes that are `byte`.
#[inline]
pub(super) fn is(bytes: u8x16, byte: u8) -> u8x16 {
    bytes.simd_eq(u8x16::splat(byte))
}

/// Sets the highest bit of the bytes from `first` to `last`.
#[inline]
pub(super) fn is_in(bytes: u8x16, first: u8, last: u8) -> u8x16 {
    let above = bytes - u8x16::splat(first);
    above.min(u8x16::splat(last - first)).simd_eq(above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_next_byte_of_a_kind_is_found(
            text in "([a-zA-Z0-9]{0,70}|[ -~é]{0,9}){0,9}",
            at in any::<prop::sample::Index>(),
        ) {
            let at = at.index(text.len() + 1);
            let mut scan = Scan::default();
            let kind = |bytes| !is_in(bytes, b'b', b'y') & !is(bytes, b'3');
            for text in ["of another text", &text] {
                scan.read(text.as_bytes(), kind);
            }
            let others = |byte: &&u8| (b'b'..=b'y').contains(*byte) || **byte == b'3';
            let others = text.as_bytes()[at..].iter().take_while(others).count();
            prop_assert_eq!(scan.next(at), at + others);
        }

        #[test]
        fn a_cursor_finds_what_a_search_does(
            text in "([a-z]{0,150}|[ a]{0,9}){0,9}",
            places in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            sorted in any::<bool>(),
        ) {
            let mut scan = Scan::default();
            scan.read(text.as_bytes(), |bytes| is(bytes, b' '));
            let mut places: Vec<_> = places.iter().map(|at| at.index(text.len() + 1)).collect();
            if sorted {
                places.sort_unstable();
            }
            let mut cursor = Cursor::new(&scan);
            for at in places.into_iter().chain([text.len(), text.len()]) {
                prop_assert_eq!(cursor.next(at), scan.next(at), "from {}", at);
            }
        }
    }
}
