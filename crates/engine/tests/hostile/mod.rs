//! Texts made to be slow to read: what is at most linear elsewhere has been quadratic on one of these in
//! some parser.

/// A text of any length: `start`, then `middle` again and again, then `end`.
pub struct Shape {
    /// What it is.
    pub name: &'static str,
    start: &'static str,
    middle: &'static str,
    end: &'static str,
}

impl Shape {
    /// The text of nearly `bytes` bytes.
    pub fn of(&self, bytes: usize) -> String {
        let times = (bytes - self.start.len() - self.end.len()) / self.middle.len();
        format!("{}{}{}", self.start, self.middle.repeat(times), self.end)
    }
}

const fn shape(
    name: &'static str,
    start: &'static str,
    middle: &'static str,
    end: &'static str,
) -> Shape {
    Shape { name, start, middle, end }
}

pub const SHAPES: &[Shape] = &[
    shape("comments", "", "<!--", ""),
    shape("angles", "", "<", ""),
    shape("open tags", "", "<a b=\"", ""),
    shape("open tags, one quote", "", "<a b=", "\""),
    shape("nested divs", "", "<div>", ""),
    shape("one letter to a block", "", "a<p>", ""),
    shape("numbers", "", "&#", ""),
    shape("long number", "&#", "0", ";"),
    shape("amp;amp;", "&", "amp;", ""),
    shape("&amp; repeated", "", "&amp;", ""),
    shape("escaped angles", "", "&lt;", ""),
    shape("escaped tags", "", "&lt;p", ""),
    shape("escaped tags, closed far", "", "&lt;p ", "&gt;"),
    shape("marks", "e", "\u{301}", ""),
    shape("marks that join", "", "e\u{301}", ""),
    shape("marks of many classes", "", "\u{301}\u{316}", ""),
    shape("ligatures of 18", "", "\u{FDFA}", ""),
    shape("one word", "", "a", ""),
    shape("one word, not ASCII", "", "é", ""),
    shape("one word, upper", "", "É", ""),
    shape("one word with a tag within", "", "é<b>", ""),
    shape("one word with soft hyphens", "", "a\u{AD}", ""),
    shape("joined by stops", "", "a.", ""),
    shape("open script", "<script>", "a ", ""),
    shape("scripts", "", "<script>", ""),
    shape("open style", "<style>", "</", ""),
    shape("styles that close nothing", "<style>", "</styl", ""),
    shape("quotes in tags", "", "<a b='\">", ""),
    shape("quotes in one tag", "<a ", "=\"\"", ">"),
    shape("spaces in one tag", "<a ", "= \" ", ">"),
    shape("quotes behind spaces", "<a ", "  '", ">"),
    shape("one tag name", "<", "a", ">"),
    shape("closing tags", "", "</a", ""),
    shape("declarations", "", "<!", ""),
    shape("instructions", "", "<?", ""),
    shape("stops", "", ".", ""),
    shape("stops and words", "", "a. B", ""),
    shape("lexemes", "", "c++", ""),
    shape("half lexemes", "", "visual c+", ""),
    shape("new lines", "", "\n", ""),
    shape("new lines and spaces", "a", "\n ", "b"),
    shape("bullets", "", "\n• a", ""),
    shape("possessives", "", "'s", ""),
    shape("flags", "", "\u{1F1EC}\u{1F1E7}", ""),
    shape("joiners", "", "\u{1F468}\u{200D}", ""),
    shape("hangul", "", "\u{1100}\u{1161}", ""),
    shape("hebrew quotes", "", "א\"", ""),
    shape("middle dots", "", "é·", ""),
    shape("katakana", "", "カ", ""),
    shape("colons", "", "é:", ""),
    shape("format characters", "", "é:\u{FFF9}", ""),
    shape("marks that are no marks", "", "é.\u{20E3}", ""),
    shape("quoted value never closed", "", "<a b='>", ""),
    shape("capitals in one sentence", "", "Brantocks BACS aaaa ", ""),
    shape("folded to two", "", "ß", ""),
];
