//! Takes the markup off an advert in one walk, linear in its length whatever it holds. Block tags leave
//! a gap, inline tags nothing, comments and scripts go with their content. What looks like a tag but is
//! none (`< 5 years`) is text.

use memchr::{memchr, memmem};

use super::elements::Effect;
use super::entities;
use super::normalize::Normalized;
use super::scan::{Scan, is};

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

impl Stripper<'_> {
    fn run(&mut self) {
        let bytes = self.source.as_bytes();
        let mut at = 0;
        loop {
            let special = self.scans.special.next(at);
            if at < special {
                self.out.push_ascii(bytes, at..special);
            }
            at = match bytes.get(special) {
                Some(b'<') => self.markup(special),
                Some(b'&') => self.reference(special),
                Some(_) => self.out.push_beyond_ascii(self.source, special),
                None => break,
            };
        }
    }

    /// Takes the one byte for what it is.
    fn literal(&mut self, at: usize) -> usize {
        self.out.push_ascii(self.source.as_bytes(), at..at + 1);
        at + 1
    }

    /// A character reference, or a lone `&`; where to go on.
    fn reference(&mut self, at: usize) -> usize {
        let Some(found) = entities::decode(&self.source[at..]) else {
            return self.literal(at);
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
            _ => self.literal(at),
        }
    }

    #[inline]
    fn tag(&mut self, at: usize, name_start: usize) -> usize {
        let bytes = self.source.as_bytes();
        let end = self.tag_end(name_start);
        let (length, effect) = self.name(name_start, end);
        match effect {
            Effect::Block => self.mark_break(),
            Effect::Hidden if name_start == at + 1 && bytes[..end].last() == Some(&b'>') => {
                self.mark_break();
                // `<svg/>` holds nothing.
                if !bytes[..end].ends_with(b"/>") {
                    return self.hidden_end(end, &bytes[name_start..name_start + length]);
                }
            }
            Effect::Hidden | Effect::Inline => {}
        }
        end
    }

    /// The length of the name that stands at `start` in the tag before `end`, and what the tag does.
    #[inline]
    fn name(&self, start: usize, end: usize) -> (usize, Effect) {
        let rest = &self.source.as_bytes()[start..];
        let length = end - start - 1;
        // Most tags are a short name alone.
        if let Some(eight) = rest.first_chunk()
            && (1..=8).contains(&length)
            && rest[length] == b'>'
            && let Some(effect) =
                Effect::of_short(u64::from_le_bytes(*eight) & u64::MAX >> (64 - 8 * length))
        {
            return (length, effect);
        }
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        (length, Effect::of(&rest[..length]))
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
