//! Takes the markup off an advert in one walk, linear in its length whatever it holds. Block tags leave
//! a gap, inline tags nothing, comments and scripts go with their content. What looks like a tag but is
//! none (`< 5 years`) is text.

use memchr::{memchr, memchr2, memchr3, memmem};

use super::entities;
use super::normalize::Normalized;

/// What a tag does to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It parts what stands before from what stands behind.
    Block,
    /// Its content is no text.
    Hidden,
    /// None.
    Inline,
}

/// The elements whose tags do more than nothing, by the length of their names.
#[rustfmt::skip]
const ELEMENTS: [&[(&[u8], Effect)]; 11] = {
    use Effect::{Block as B, Hidden as H};
    [
        &[],
        &[(b"p", B)],
        &[(b"br", B), (b"li", B), (b"ul", B), (b"h1", B), (b"h2", B), (b"h3", B), (b"h4", B), (b"h5", B),
            (b"h6", B), (b"tr", B), (b"td", B), (b"th", B), (b"ol", B), (b"hr", B), (b"dd", B), (b"dl", B),
            (b"dt", B)],
        &[(b"div", B), (b"dir", B), (b"nav", B), (b"pre", B), (b"svg", H)],
        &[(b"body", B), (b"form", B), (b"head", B), (b"html", B), (b"main", B), (b"menu", B)],
        &[(b"table", B), (b"tbody", B), (b"thead", B), (b"tfoot", B), (b"aside", B), (b"title", B),
            (b"style", H)],
        &[(b"center", B), (b"figure", B), (b"footer", B), (b"header", B), (b"legend", B),
            (b"option", B), (b"select", B), (b"script", H), (b"iframe", H), (b"object", H)],
        &[(b"address", B), (b"article", B), (b"caption", B), (b"details", B), (b"section", B),
            (b"summary", B)],
        &[(b"fieldset", B), (b"textarea", B), (b"noscript", H), (b"template", H)],
        &[],
        &[(b"blockquote", B), (b"figcaption", B)],
    ]
};

impl Effect {
    fn of(name: &[u8]) -> Self {
        let alike = ELEMENTS.get(name.len()).copied().unwrap_or_default();
        let found = alike.iter().find(|(element, _)| name.eq_ignore_ascii_case(element));
        found.map_or(Self::Inline, |(_, effect)| *effect)
    }
}

/// Walks over one source; `out` collects its text, `breaks` where in the text a block ends or begins.
pub(super) struct Stripper<'a> {
    source: &'a str,
    out: &'a mut Normalized,
    breaks: &'a mut Vec<u32>,
    is_ascii: bool,
    /// A quote in a tag was never closed: from then on quotes in tags mean nothing, else each such
    /// tag could be looked for to the end of the source.
    quotes_broken: bool,
}

/// Strips `source`, appending to `out` and `breaks`.
pub(super) fn strip(source: &str, out: &mut Normalized, breaks: &mut Vec<u32>) {
    Stripper { source, out, breaks, is_ascii: source.is_ascii(), quotes_broken: false }.run();
}

/// Whether the whole of `source` is markup escaped once more (`&lt;p&gt;`), as feeds deliver it: it
/// holds an escaped tag and no tag.
pub(super) fn is_escaped(source: &str) -> bool {
    let bytes = source.as_bytes();
    let tag_behind = |rest: &[u8]| {
        let name = rest.strip_prefix(b"/").unwrap_or(rest);
        name.first().is_some_and(u8::is_ascii_alphabetic)
    };
    let tag = |at: usize| tag_behind(&bytes[at + 1..]);
    if memchr(b'&', bytes).is_none() || memchr::memchr_iter(b'<', bytes).any(tag) {
        return false;
    }
    memmem::find_iter(bytes, b"&lt;").any(|at| {
        let rest = &bytes[at + 4..];
        tag_behind(rest) && memmem::find(&rest[..rest.len().min(1000)], b"&gt;").is_some()
    })
}

/// Where the next tag or reference begins. It is near more often than not in a text with markup, and the
/// library takes a moment to begin.
fn special_in(bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 24;
    const ONES: u64 = u64::MAX / 255;
    let near = &bytes[..bytes.len().min(NEAR)];
    for (index, &eight) in near.as_chunks().0.iter().enumerate() {
        let eight = u64::from_le_bytes(eight);
        // The high bit of each byte that is zero; above the first one others may be set.
        let zeros = |number: u64| number.wrapping_sub(ONES) & !number & (ONES << 7);
        let found =
            zeros(eight ^ (ONES * u64::from(b'<'))) | zeros(eight ^ (ONES * u64::from(b'&')));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let seen = near.len() / 8 * 8;
    Some(seen + memchr2(b'<', b'&', &bytes[seen..])?)
}

impl Stripper<'_> {
    fn run(&mut self) {
        let bytes = self.source.as_bytes();
        let mut at = 0;
        while let Some(found) = special_in(&bytes[at..]) {
            let special = at + found;
            self.text(at, special);
            at =
                if bytes[special] == b'<' { self.markup(special) } else { self.reference(special) };
        }
        self.text(at, bytes.len());
    }

    #[inline]
    fn text(&mut self, start: usize, end: usize) {
        if start == end {
            return;
        }
        if self.is_ascii {
            self.out.push_ascii(&self.source[start..end], start);
        } else {
            self.out.push_source(&self.source[start..end], start);
        }
    }

    /// A character reference, or a lone `&`; where to go on.
    fn reference(&mut self, at: usize) -> usize {
        let Some(found) = entities::decode(&self.source[at..]) else {
            self.text(at, at + 1);
            return at + 1;
        };
        let end = at + found.length;
        self.out.push_char(found.chars.0, at, end);
        if let Some(second) = found.chars.1 {
            self.out.push_char(second, at, end);
        }
        end
    }

    /// What begins with `<`; where to go on.
    fn markup(&mut self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        let end = bytes.len();
        let name_start = at + 1 + usize::from(bytes.get(at + 1) == Some(&b'/'));
        if bytes.get(name_start).is_some_and(u8::is_ascii_alphabetic) {
            return self.tag(at, name_start);
        }
        match bytes.get(at + 1) {
            Some(b'!') if bytes[at..].starts_with(b"<!--") => {
                // `<!-->` is a whole comment; one without end hides the rest, as in a browser.
                memmem::find(&bytes[at + 2..], b"-->").map_or(end, |found| at + 2 + found + 3)
            }
            Some(b'!' | b'?') => memchr(b'>', &bytes[at..]).map_or(end, |found| at + found + 1),
            _ => {
                self.text(at, at + 1);
                at + 1
            }
        }
    }

    #[inline]
    fn tag(&mut self, at: usize, name_start: usize) -> usize {
        let bytes = self.source.as_bytes();
        let name = &bytes[name_start..];
        let ends = |&byte: &u8| byte == b'>' || !byte.is_ascii_alphanumeric();
        let length = name.iter().position(ends).unwrap_or(name.len());
        let name = &name[..length];
        let end = self.tag_end(name_start + length);
        match Effect::of(name) {
            Effect::Block => self.mark_break(),
            Effect::Hidden if name_start == at + 1 && bytes[..end].last() == Some(&b'>') => {
                self.mark_break();
                // `<svg/>` holds nothing.
                if !bytes[..end].ends_with(b"/>") {
                    return self.hidden_end(end, name);
                }
            }
            Effect::Hidden | Effect::Inline => {}
        }
        end
    }

    fn mark_break(&mut self) {
        let here = self.out.text.len() as u32;
        if self.breaks.last() != Some(&here) {
            self.breaks.push(here);
        }
        self.out.end_letter();
    }

    /// Behind the `>` of the tag in which `at` lies; a `>` in a quoted value does not count.
    #[inline]
    fn tag_end(&mut self, at: usize) -> usize {
        if self.source.as_bytes().get(at) == Some(&b'>') { at + 1 } else { self.far_tag_end(at) }
    }

    fn far_tag_end(&mut self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        let first = |from: usize| memchr(b'>', &bytes[from..]).map(|found| from + found + 1);
        if self.quotes_broken {
            return first(at).unwrap_or(bytes.len());
        }
        let mut here = at;
        while let Some(found) = memchr3(b'>', b'"', b'\'', &bytes[here..]) {
            let mark = here + found;
            if bytes[mark] == b'>' {
                return mark + 1;
            }
            // A quote opens a value only behind `=`.
            let before = bytes[at..mark].iter().rev().find(|byte| !byte.is_ascii_whitespace());
            here = mark + 1;
            if before == Some(&b'=') {
                let Some(closing) = memchr(bytes[mark], &bytes[here..]) else {
                    self.quotes_broken = true;
                    return first(at).unwrap_or(bytes.len());
                };
                here += closing + 1;
            }
        }
        bytes.len()
    }

    /// Behind the closing tag of a hidden element; without one it hides the rest.
    fn hidden_end(&self, at: usize, name: &[u8]) -> usize {
        let bytes = self.source.as_bytes();
        for found in memmem::find_iter(&bytes[at..], b"</") {
            let start = at + found + 2;
            let same = bytes.get(start..start + name.len());
            if same.is_some_and(|same| same.eq_ignore_ascii_case(name)) {
                return memchr(b'>', &bytes[start..]).map_or(bytes.len(), |end| start + end + 1);
            }
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with `|` where a block ends or begins.
    fn stripped(source: &str) -> String {
        let (mut out, mut breaks) = (Normalized::default(), Vec::new());
        out.clear(source.len(), usize::MAX);
        strip(source, &mut out, &mut breaks);
        let mut text = out.text;
        for at in breaks.into_iter().rev() {
            text.insert(at as usize, '|');
        }
        text
    }

    #[test]
    fn markup_goes_and_text_stays() {
        let table = [
            ("<p>a</p><p>b</p>", "|a|b|"),
            ("<b>Java</b>Script", "JavaScript"),
            ("a<br/>b<BR>c", "a|b|c"),
            ("<a href=\"x>y\" title='>'>link</a>", "link"),
            ("a < b > c <5 years <- x", "a < b > c <5 years <- x"),
            ("a<!-- b <p> -->c<!-->d", "acd"),
            ("a<script>if (b < c) {}</script>d<style>x</style>e", "a|d|e"),
            ("a<svg/>b", "a|b"),
            ("A&amp;E &pound;35k &lt;b&gt;", "A&E £35k <b>"),
            ("end <a href=", "end "),
            ("<p class=\"x>a</p><p>b", "|a|b"),
            ("a<!-- never closed", "a"),
            ("it's<p title=it's>b</p>", "it's|b|"),
        ];
        for (source, expected) in table {
            assert_eq!(stripped(source), expected, "{source}");
        }
    }

    #[test]
    fn elements_are_filed_by_the_length_of_their_names() {
        for (length, elements) in ELEMENTS.iter().enumerate() {
            assert!(elements.iter().all(|(name, _)| name.len() == length), "{length}");
        }
        assert_eq!(ELEMENTS.iter().map(|elements| elements.len()).sum::<usize>(), 58);
    }

    #[test]
    fn a_field_escaped_as_a_whole_is_told() {
        assert!(is_escaped("&lt;p&gt;a&lt;/p&gt;"));
        assert!(is_escaped("a &lt;br /&gt; b"));
        assert!(!is_escaped("<p>write &lt;p&gt; tags</p>"));
        assert!(!is_escaped("salary &lt; 5"));
        assert!(!is_escaped("a &lt;b"));
    }
}
