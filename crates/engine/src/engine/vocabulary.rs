//! Every surface form that a rule's word must catch. A word of an advert costs one probe; a word that
//! no rule uses is dropped there and then. Lemmas were worked out when the rules were compiled.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};
use serde::{Deserialize, Serialize};

use crate::text::{Text, Token};

use super::forms::Forms;
use super::memory::{of_table, of_texts, of_vec};
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

/// A surface form of at most [`SHORT`] bytes: it is compared as one number, and all that most tokens need
/// lies in the slot of the table that the probe ends at.
#[derive(Debug, Clone, Copy)]
struct Form {
    packed: u128,
    meaning: Meaning,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// One word, whatever the token looks like.
    Always(UnitId),
    /// A range of [`Vocabulary::uses`].
    Uses(u32, u32),
}

/// How many bytes of a word are packed into a number beside their count.
const SHORT: usize = 15;

/// A word in the first `length` of 16 bytes as a number. Different words give different numbers.
fn pack(bytes: &[u8; SHORT + 1], length: usize) -> u128 {
    const MASKS: [u128; SHORT + 1] = {
        let mut masks = [0; SHORT + 1];
        let mut length = 0;
        while length <= SHORT {
            masks[length] = (1 << (8 * length)) - 1;
            length += 1;
        }
        masks
    };
    u128::from_le_bytes(*bytes) & MASKS[length] | (length as u128) << (8 * SHORT)
}

/// The surface forms of a rule set, and the beginnings that a rule's star must catch.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Random, so that nobody can write an advert whose words collide.
    seed: [u64; 2],
    short: HashTable<Form>,
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
        let mut vocabulary = Self {
            seed: [random.hash_one(0), random.hash_one(1)],
            short: HashTable::with_capacity(forms.whole.len()),
            long: HashMap::with_hasher(random),
            uses: Vec::new(),
            prefixes: Prefixes::new(&forms.prefixes),
            written_prefixes: Prefixes::new(&forms.written_prefixes),
        };
        for same in forms.whole.chunk_by(|a, b| a.0 == b.0) {
            vocabulary.push(same);
        }
        vocabulary
    }

    fn push(&mut self, pairs: &[(Box<str>, Use)]) {
        let Some((text, first)) = pairs.first() else { return };
        let meaning = if pairs.len() == 1 && first.when == When::Always && first.signs.is_none() {
            Meaning::Always(first.word)
        } else {
            let start = self.uses.len() as u32;
            self.uses.extend(pairs.iter().map(|(_, meaning)| meaning.clone()));
            Meaning::Uses(start, self.uses.len() as u32)
        };
        if text.len() > SHORT {
            self.long.insert(text.clone(), meaning);
            return;
        }
        let mut bytes = [0; SHORT + 1];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let form = Form { packed: pack(&bytes, text.len()), meaning };
        let seed = self.seed;
        let rehash = |form: &Form| hash(seed, form.packed);
        self.short.insert_unique(rehash(&form), form, rehash);
    }

    /// The bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        of_table::<Form>(self.short.capacity())
            + of_table::<(Box<str>, Meaning)>(self.long.capacity())
            + of_texts(self.long.keys().map(|text| &**text))
            + of_vec(&self.uses)
            + [&self.prefixes, &self.written_prefixes].map(Prefixes::memory).iter().sum::<usize>()
    }

    /// Appends the words that a token is.
    pub(super) fn push_words(&self, text: &Text, token: &Token, out: &mut Vec<UnitId>) {
        match self.meaning(text, token) {
            None => {}
            Some(Meaning::Always(word)) => out.push(word),
            Some(Meaning::Uses(start, end)) => {
                let is = |meaning: &&Use| match &meaning.when {
                    When::Always => true,
                    When::UnlessNameLike => !token.name_like,
                    When::Written(written) => **written == *text.surface(token),
                };
                let signed = |meaning: &&Use| {
                    meaning
                        .signs
                        .as_deref()
                        .is_none_or(|(before, after)| (&**before, &**after) == text.signs(token))
                };
                let uses = self.uses[start as usize..end as usize].iter().filter(is).filter(signed);
                out.extend(uses.map(|meaning| meaning.word));
            }
        }
        if !self.prefixes.lengths.is_empty() {
            self.prefixes.push_of(text.folded(token), out);
        }
        if !self.written_prefixes.lengths.is_empty() {
            self.written_prefixes.push_of(text.surface(token), out);
        }
    }

    fn meaning(&self, text: &Text, token: &Token) -> Option<Meaning> {
        let length = (token.folded_end - token.folded_start) as usize;
        if length > SHORT {
            return self.long.get(text.folded(token)).copied();
        }
        let packed = pack(text.folded_block(token), length);
        let found = self.short.find(hash(self.seed, packed), |form| form.packed == packed);
        found.map(|form| form.meaning)
    }
}

/// Both halves of the full product: every bit of the word and of the seed tells.
fn hash(seed: [u64; 2], packed: u128) -> u64 {
    let (low, high) = (packed as u64 ^ seed[0], (packed >> 64) as u64 ^ seed[1]);
    let product = u128::from(low) * u128::from(high);
    product as u64 ^ (product >> 64) as u64
}
