//! Every surface form that a rule's word must catch. A word of an advert costs one probe; a word that
//! no rule uses is dropped there and then. Lemmas were worked out when the rules were compiled.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::text::{Text, Token};

use super::forms::Forms;
use super::matcher::KnownToken;
use super::memory::{of_table, of_texts, of_vec};
use super::slots::{Key, Probes, Slots};
use super::units::UnitId;

/// When a token of a surface form is a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum When {
    /// Whatever it looks like.
    Always,
    /// Where it is not name-like.
    UnlessNameLike,
    /// Where it is written so.
    Written(Box<str>),
}

/// What a surface form stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) word: UnitId,
    pub(super) when: When,
    /// The signs that must stand right before and right behind the token.
    pub(super) signs: Option<Box<(Box<str>, Box<str>)>>,
}

/// What the token of a surface form is: nothing, one word whatever it looks like, or some of
/// [`Vocabulary::uses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Meaning {
    /// The word, or the first of the uses.
    first: u32,
    /// 0 for nothing, 1 for one word, one more than their number for uses.
    kind: u32,
}

impl Meaning {
    const WORD: u32 = 1;
}

/// The working memory of looking up words.
#[derive(Debug, Default)]
pub(super) struct WordProbes(Probes<Packed, Meaning>);

/// How many bytes of a word are packed into a number beside their count.
const SHORT: usize = 15;

/// A short word as two numbers: its bytes, and their count in the last. Different words give different
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Packed(u64, u64);

/// The word in the first `length` bytes.
fn pack(bytes: &[u8; SHORT + 1], length: usize) -> Packed {
    const MASKS: [u128; SHORT + 1] = {
        let mut masks = [0; SHORT + 1];
        let mut length = 0;
        while length <= SHORT {
            masks[length] = (1 << (8 * length)) - 1;
            length += 1;
        }
        masks
    };
    let word = u128::from_le_bytes(*bytes) & MASKS[length];
    Packed(word as u64, (word >> 64) as u64 | (length as u64) << (8 * (SHORT - 8)))
}

/// The surface forms of a rule set, and the beginnings that a rule's star must catch.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Forms of at most [`SHORT`] bytes: each is compared as one number, and all that most tokens need lies
    /// in the slot where a probe ends. The seed is random, so that nobody can write an advert whose words
    /// collide.
    short: Slots<Packed, Meaning>,
    long: HashMap<Box<str>, Meaning, RandomState>,
    uses: Vec<Use>,
    prefixes: Prefixes,
    written_prefixes: Prefixes,
}

/// Beginnings of words.
#[derive(Debug)]
struct Prefixes {
    words: HashMap<Box<str>, UnitId, RandomState>,
    /// The lengths that occur, in bytes, rising.
    lengths: Vec<usize>,
    /// A bit for each three bytes with which one may begin, of which several share a bit. Most words
    /// begin with none of these.
    begins: Box<[u64; 1 << (BEGIN_BITS - 6)]>,
}

const BEGIN_BITS: u32 = 12;

impl Prefixes {
    fn new(prefixes: &[(Box<str>, UnitId)]) -> Self {
        let mut lengths: Vec<usize> = prefixes.iter().map(|(text, _)| text.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let mut begins = Box::new([0; 1 << (BEGIN_BITS - 6)]);
        for (text, _) in prefixes {
            let bit = begin_bit(text);
            begins[bit / 64] |= 1 << (bit % 64);
        }
        Self { words: prefixes.iter().cloned().collect(), lengths, begins }
    }

    fn memory(&self) -> usize {
        of_table::<(Box<str>, UnitId)>(self.words.capacity())
            + of_texts(self.words.keys().map(|text| &**text))
            + of_vec(&self.lengths)
    }

    fn push_of(&self, text: &str, out: &mut Vec<UnitId>) {
        let bit = begin_bit(text);
        if self.begins[bit / 64] >> (bit % 64) & 1 == 0 {
            return;
        }
        let beginnings = self.lengths.iter().map_while(|&length| text.as_bytes().get(..length));
        let texts = beginnings.filter_map(|bytes| std::str::from_utf8(bytes).ok());
        out.extend(texts.filter_map(|beginning| self.words.get(beginning)));
    }
}

/// The number of the bit for the first three bytes of `text`; a beginning has at least three letters.
fn begin_bit(text: &str) -> usize {
    let first = text.bytes().take(3).fold(0u32, |first, byte| first << 8 | u32::from(byte));
    (first.wrapping_mul(0x9E37_79B1) >> (u32::BITS - BEGIN_BITS)) as usize
}

impl Vocabulary {
    /// Files every form.
    pub(super) fn new(forms: &Forms) -> Self {
        let random = RandomState::default();
        let seed = [random.hash_one(0), random.hash_one(1)];
        let mut uses = Vec::new();
        let mut short = Vec::with_capacity(forms.whole.len());
        let mut long = HashMap::with_hasher(random);
        for same in forms.whole.chunk_by(|a, b| a.0 == b.0) {
            let (text, first) = &same[0];
            let meaning = if same.len() == 1 && first.when == When::Always && first.signs.is_none()
            {
                Meaning { first: first.word, kind: Meaning::WORD }
            } else {
                let start = uses.len() as u32;
                uses.extend(same.iter().map(|(_, meaning)| meaning.clone()));
                Meaning { first: start, kind: same.len() as u32 + Meaning::WORD }
            };
            if text.len() > SHORT {
                long.insert(text.clone(), meaning);
            } else {
                let mut bytes = [0; SHORT + 1];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                short.push((pack(&bytes, text.len()), meaning));
            }
        }
        Self {
            short: Slots::new(&short, seed),
            long,
            uses,
            prefixes: Prefixes::new(&forms.prefixes),
            written_prefixes: Prefixes::new(&forms.written_prefixes),
        }
    }

    /// The bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        self.short.memory()
            + of_table::<(Box<str>, Meaning)>(self.long.capacity())
            + of_texts(self.long.keys().map(|text| &**text))
            + of_vec(&self.uses)
            + [&self.prefixes, &self.written_prefixes].map(Prefixes::memory).iter().sum::<usize>()
    }

    /// Begins to look up what the tokens of a text are.
    pub(super) fn sift(&self, text: &Text, probes: &mut WordProbes) {
        let has_prefixes = self.has_prefixes();
        let keys = text.tokens().iter().map(|token| {
            let length = token.folded_len();
            let is_short = length <= SHORT;
            let key =
                if is_short { pack(text.folded_block(token), length) } else { Packed::default() };
            (key, !is_short | has_prefixes)
        });
        self.short.sift(keys, &mut probes.0);
    }

    /// Appends the words that each token is of the text that was given to [`Vocabulary::sift`] last, and gives to
    /// `known` those that are one.
    pub(super) fn push_words(
        &self,
        text: &Text,
        probes: &mut WordProbes,
        words: &mut Vec<UnitId>,
        known: &mut Vec<KnownToken>,
    ) {
        let tokens = text.tokens();
        let has_prefixes = self.has_prefixes();
        self.short.find(&mut probes.0);
        for &(number, meaning) in &probes.0.found {
            let token = &tokens[number as usize];
            let start = words.len() as u32;
            if meaning.kind == Meaning::WORD && !has_prefixes {
                words.push(meaning.first);
            } else {
                self.push_words_of(text, token, meaning, words);
            }
            let end = words.len() as u32;
            if start < end {
                known.push(KnownToken {
                    words: (start, end),
                    position: token.position,
                    sentence: token.sentence,
                });
            }
        }
    }

    fn has_prefixes(&self) -> bool {
        !self.prefixes.lengths.is_empty() || !self.written_prefixes.lengths.is_empty()
    }

    fn push_words_of(&self, text: &Text, token: &Token, short: Meaning, out: &mut Vec<UnitId>) {
        let meaning = if token.folded_len() > SHORT {
            self.long.get(text.folded(token)).copied().unwrap_or_default()
        } else {
            short
        };
        match meaning.kind {
            0 => {}
            Meaning::WORD => out.push(meaning.first),
            many => {
                let is = |meaning: &&Use| match &meaning.when {
                    When::Always => true,
                    When::UnlessNameLike => !text.is_name_like(token),
                    When::Written(written) => **written == *text.surface(token),
                };
                let signed = |meaning: &&Use| {
                    meaning
                        .signs
                        .as_deref()
                        .is_none_or(|(before, after)| (&**before, &**after) == text.signs(token))
                };
                let end = meaning.first + many - Meaning::WORD;
                let uses = &self.uses[meaning.first as usize..end as usize];
                out.extend(uses.iter().filter(is).filter(signed).map(|meaning| meaning.word));
            }
        }
        if !self.prefixes.lengths.is_empty() {
            self.prefixes.push_of(text.folded(token), out);
        }
        if !self.written_prefixes.lengths.is_empty() {
            self.written_prefixes.push_of(text.surface(token), out);
        }
    }
}

impl Key for Packed {
    /// Both halves of the full product: every bit of the word and of the seed tells.
    #[inline]
    fn hash(self, seed: [u64; 2]) -> u64 {
        let product = u128::from(self.0 ^ seed[0]) * u128::from(self.1 ^ seed[1]);
        product as u64 ^ (product >> 64) as u64
    }
}
