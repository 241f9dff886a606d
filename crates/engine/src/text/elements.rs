//! What does a tag of HTML do to the text around it?

/// What a tag does to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It parts what stands before from what stands behind.
    Block,
    /// Its content is no text.
    Hidden,
    /// None.
    Inline,
}

/// Elements whose tags part what stands around them.
#[rustfmt::skip]
const BLOCKS: &[&str] = &[
    "p", "br", "li", "ul", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "td", "th", "ol", "hr", "dd", "dl", "dt",
    "div", "dir", "nav", "pre", "body", "form", "head", "html", "main", "menu", "table", "tbody", "thead",
    "tfoot", "aside", "title", "center", "figure", "footer", "header", "legend", "option", "select", "address",
    "article", "caption", "details", "section", "summary", "fieldset", "textarea",
];
/// Those with names of more than eight letters.
const LONG_BLOCKS: &[&str] = &["blockquote", "figcaption"];
/// Those whose content is no text.
const HIDDEN: &[&str] = &["svg", "style", "script", "iframe", "object", "noscript", "template"];
/// The frequent ones whose tags do nothing.
const INLINE: &[&str] = &["b", "i", "u", "a", "em", "span", "strong"];

/// The elements whose names have at most eight letters, by the hashes of their names as numbers; 0 is none.
/// Three in four slots are free.
static ELEMENTS: [(u64, Effect); SLOTS] = {
    let elements = [(0, Effect::Inline); SLOTS];
    let elements = filed(elements, BLOCKS, Effect::Block);
    let elements = filed(elements, HIDDEN, Effect::Hidden);
    filed(elements, INLINE, Effect::Inline)
};
const SLOTS: usize = 256;

const fn filed(
    mut elements: [(u64, Effect); SLOTS],
    names: &[&str],
    effect: Effect,
) -> [(u64, Effect); SLOTS] {
    let mut which = 0;
    while which < names.len() {
        let letters = names[which].as_bytes();
        let (mut name, mut at) = (0, letters.len());
        while at > 0 {
            at -= 1;
            name = name << 8 | letters[at] as u64;
        }
        let mut slot = slot(name);
        while elements[slot].0 != 0 {
            slot = (slot + 1) % SLOTS;
        }
        elements[slot] = (name, effect);
        which += 1;
    }
    elements
}

const fn slot(name: u64) -> usize {
    (name.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize
}

impl Effect {
    /// What the tags of an element do, whose name is letters and digits.
    pub(super) fn of(name: &[u8]) -> Self {
        let mut eight = [0; 8];
        if let Some(place) = eight.get_mut(..name.len()) {
            place.copy_from_slice(name);
            return Self::of_short(u64::from_le_bytes(eight)).unwrap_or(Self::Inline);
        }
        let is_block = LONG_BLOCKS.iter().any(|long| name.eq_ignore_ascii_case(long.as_bytes()));
        if is_block { Self::Block } else { Self::Inline }
    }

    /// That of a name in eight bytes, the first letter lowest and zeros behind, if it is in the table.
    #[inline]
    pub(super) fn of_short(name: u64) -> Option<Self> {
        // The bit 0x20 makes a letter small; other bytes with the bit 0x40 do not become letters or digits.
        const LETTERS: u64 = u64::MAX / 255 * 0x40;
        let small = name | (name & LETTERS) >> 1;
        let mut slot = slot(small);
        while ELEMENTS[slot].0 != small {
            if ELEMENTS[slot].0 == 0 {
                return None;
            }
            slot = (slot + 1) % SLOTS;
        }
        Some(ELEMENTS[slot].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_its_effect() {
        let table = [
            (BLOCKS, Effect::Block),
            (LONG_BLOCKS, Effect::Block),
            (HIDDEN, Effect::Hidden),
            (INLINE, Effect::Inline),
            (&["pp", "h7", "h\u{11}", "blockquot", "blockquotes", "abbr", ""], Effect::Inline),
        ];
        for (names, effect) in table {
            for name in names {
                assert_eq!(Effect::of(name.as_bytes()), effect, "{name}");
                assert_eq!(Effect::of(name.to_uppercase().as_bytes()), effect, "{name}");
            }
        }
    }
}
