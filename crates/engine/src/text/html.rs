//! Takes the markup off an advert in one walk, linear in its length whatever it holds. Block tags leave
//! a gap, inline tags nothing, comments and scripts go with their content. What looks like a tag but is
//! none (`< 5 years`) is text.

use memchr::{memchr, memmem};

use super::elements::Effect;
use super::entities::{self, Reference};
use super::normalize::Normalized;
use super::scan::{Cursor, Scan, is};

/// Working memory: where a source has the bytes that matter.
#[derive(Debug, Default)]
pub(super) struct Scans {
    /// Those that are not text as they stand: `<`, `&` and what is not ASCII.
    special: Scan,
    /// Those by which a tag ends, or goes on behind a `>`: `>` and quotes.
    closing: Scan,
}

/// Walks over one source; `out` collects its text, `breaks` where in the text a block ends or begins.
struct Stripper<'a> {
    source: &'a str,
    scans: &'a Scans,
    out: &'a mut Normalized,
    breaks: &'a mut Vec<u32>,
    /// A quote in a tag was never closed: from then on quotes in tags mean nothing, else each such
    /// tag could be looked for to the end of the source.
    quotes_broken: bool,
}

/// Strips `source`, appending to `out` and `breaks`.
pub(super) fn strip(source: &str, scans: &mut Scans, out: &mut Normalized, breaks: &mut Vec<u32>) {
    let bytes = source.as_bytes();
    scans.special.read(bytes, |bytes| bytes | is(bytes, b'<') | is(bytes, b'&'));
    scans.closing.read(bytes, |bytes| is(bytes, b'>') | is(bytes, b'"') | is(bytes, b'\''));
    Stripper { source, scans, out, breaks, quotes_broken: false }.run();
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

/// What stands in the source where text does not go on as it is.
enum Special {
    /// Markup up to `end`; whether it `parts` what stands before from what stands behind.
    Markup {
        end: usize,
        parts: bool,
    },
    Reference(Reference),
    BeyondAscii,
    End,
}

impl Stripper<'_> {
    fn run(&mut self) {
        let bytes = self.source.as_bytes();
        // Where the text begins that is not copied yet, and where what follows it is looked for.
        let (mut start, mut at) = (0, 0);
        let mut specials = Cursor::new(&self.scans.special);
        loop {
            let here = specials.next(at);
            let Some(special) = self.special(here) else {
                at = here + 1;
                continue;
            };
            self.out.push_ascii(bytes, start..here);
            start = match special {
                Special::Markup { end, parts } => {
                    if parts {
                        self.mark_break();
                    }
                    end
                }
                Special::Reference(Reference { chars, length }) => {
                    let end = here + length;
                    self.out.push_char(chars.0, here, end);
                    if let Some(second) = chars.1 {
                        self.out.push_char(second, here, end);
                    }
                    end
                }
                Special::BeyondAscii => self.out.push_beyond_ascii(self.source, here),
                Special::End => return,
            };
            at = start;
        }
    }

    /// What stands at `at`; nothing where a `<` or `&` stands for itself.
    #[inline]
    fn special(&mut self, at: usize) -> Option<Special> {
        match self.source.as_bytes().get(at) {
            Some(b'<') => self.plain_tag(at).or_else(|| self.markup(at)),
            Some(b'&') => entities::decode(&self.source[at..]).map(Special::Reference),
            Some(_) => Some(Special::BeyondAscii),
            None => Some(Special::End),
        }
    }

    /// What begins with the `<` at `at`, if it is a frequent name alone, as most tags are.
    #[inline]
    fn plain_tag(&self, at: usize) -> Option<Special> {
        let bytes = self.source.as_bytes();
        let start = at + 1 + usize::from(bytes.get(at + 1) == Some(&b'/'));
        let eight: &[u8; 8] = bytes.get(start..)?.first_chunk()?;
        // Where no tag begins its end is not looked for: in a row of `<` each search could be long.
        if !eight[0].is_ascii_alphabetic() {
            return None;
        }
        let end = self.scans.closing.next(start);
        let length = end - start;
        if !(1..=8).contains(&length) || bytes.get(end) != Some(&b'>') {
            return None;
        }
        let name = u64::from_le_bytes(*eight) & u64::MAX >> (64 - 8 * length);
        match Effect::of_short(name)? {
            Effect::Block => Some(Special::Markup { end: end + 1, parts: true }),
            Effect::Inline => Some(Special::Markup { end: end + 1, parts: false }),
            Effect::Hidden => None,
        }
    }

    /// The same of any markup.
    fn markup(&mut self, at: usize) -> Option<Special> {
        let bytes = self.source.as_bytes();
        let behind = |found: Option<usize>| found.unwrap_or(bytes.len());
        let end = match bytes[at + 1..] {
            [b'!', b'-', b'-', ..] => {
                // `<!-->` is a whole comment; one without end hides the rest, as in a browser.
                behind(memmem::find(&bytes[at + 2..], b"-->").map(|found| at + 2 + found + 3))
            }
            [b'!' | b'?', ..] => behind(memchr(b'>', &bytes[at..]).map(|found| at + found + 1)),
            [b'/', name, ..] if name.is_ascii_alphabetic() => return Some(self.tag(at, at + 2)),
            [name, ..] if name.is_ascii_alphabetic() => return Some(self.tag(at, at + 1)),
            _ => return None,
        };
        Some(Special::Markup { end, parts: false })
    }

    fn tag(&mut self, at: usize, name_start: usize) -> Special {
        let bytes = self.source.as_bytes();
        let end = self.tag_end(name_start);
        let name = bytes[name_start..].iter().take_while(|byte| byte.is_ascii_alphanumeric());
        let name = &bytes[name_start..name_start + name.count()];
        match Effect::of(name) {
            Effect::Block => Special::Markup { end, parts: true },
            Effect::Hidden if name_start == at + 1 && bytes[..end].last() == Some(&b'>') => {
                // `<svg/>` holds nothing.
                let is_empty = bytes[..end].ends_with(b"/>");
                let end = if is_empty { end } else { self.hidden_end(end, name) };
                Special::Markup { end, parts: true }
            }
            Effect::Hidden | Effect::Inline => Special::Markup { end, parts: false },
        }
    }

    fn mark_break(&mut self) {
        let here = self.out.length() as u32;
        if self.breaks.last() != Some(&here) {
            self.breaks.push(here);
        }
        self.out.end_letter();
    }

    /// Behind the `>` of the tag in which `start` lies; a `>` in a quoted value does not count.
    #[inline]
    fn tag_end(&mut self, start: usize) -> usize {
        let mark = self.scans.closing.next(start);
        if self.source.as_bytes().get(mark) == Some(&b'>') {
            mark + 1
        } else {
            self.quoted_tag_end(start, mark)
        }
    }

    /// The same where `mark` is a quote, or the end of the source.
    fn quoted_tag_end(&mut self, start: usize, mut mark: usize) -> usize {
        let bytes = self.source.as_bytes();
        let first = || memchr(b'>', &bytes[start..]).map_or(bytes.len(), |found| start + found + 1);
        if self.quotes_broken {
            return first();
        }
        while let Some(&byte) = bytes.get(mark) {
            if byte == b'>' {
                return mark + 1;
            }
            // A quote opens a value only behind `=`.
            let before = bytes[start..mark].iter().rev().find(|byte| !byte.is_ascii_whitespace());
            if before == Some(&b'=') {
                let Some(closing) = memchr(byte, &bytes[mark + 1..]) else {
                    self.quotes_broken = true;
                    return first();
                };
                mark += closing + 1;
            }
            mark = self.scans.closing.next(mark + 1);
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
        strip(source, &mut Scans::default(), &mut out, &mut breaks);
        out.finish();
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
    fn tags_do_the_same_with_attributes_and_in_capitals() {
        for tag in ["<p>", "</P>", "<p class=x>", "<blockquote>", "<BLOCKQUOTE\n cite='>'>"] {
            assert_eq!(stripped(&format!("a{tag}b")), "a|b", "{tag}");
        }
        for tag in ["<b>", "<SPAN id=1>", "<pp>", "<h\u{11}>", "<blockquotes>", "<x:p>", "<q/>"] {
            assert_eq!(stripped(&format!("a{tag}b")), "ab", "{tag}");
        }
        assert_eq!(stripped("a<NoScript>b</noscript>c<svg\n/>d"), "a|c|d");
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
