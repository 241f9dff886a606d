//! What stands between and at words: signs, amounts of money, the ends of sentences without a stop.

use super::Token;

/// What an amount of money begins with.
pub(super) const CURRENCIES: &[char] = &['£', '€', '$'];

/// Signs that mean something to who writes them; others part words or end sentences.
const SIGNS: &str = "+#&@%£$€^=<>|~§°";

/// The signs right before and right behind a word.
pub(super) fn signs_around<'a>(text: &'a str, word: &Token) -> (&'a str, &'a str) {
    let (start, end) = (word.start as usize, word.end as usize);
    let (before, after) = (text.get(..start).unwrap_or(""), text.get(end..).unwrap_or(""));
    let sign = |c: char| SIGNS.contains(c);
    let first = before.trim_end_matches(sign).len();
    let last = after.len() - after.trim_start_matches(sign).len();
    (&before[first..], &after[..last])
}

/// The length of the amount of money at the start of `text`, if there is one (`£35k`, `$40,000`).
pub(super) fn money_length(text: &str) -> Option<usize> {
    let sign = CURRENCIES.iter().find(|&&sign| text.starts_with(sign))?;
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut stop = sign.len_utf8();
    if !digit(stop) {
        return None;
    }
    while digit(stop) || (matches!(bytes.get(stop), Some(b'.' | b',')) && digit(stop + 1)) {
        stop += 1;
    }
    let letters = bytes[stop..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
    Some(stop + letters.count())
}

/// Where in a word of the library's a sentence ends without a space behind its stop (`care.You`).
pub(super) fn glued_stop(piece: &str) -> Option<usize> {
    let glued = |at: usize| {
        let before = piece[..at].chars().next_back().is_some_and(char::is_lowercase);
        before && piece[at + 1..].chars().next().is_some_and(char::is_uppercase)
    };
    piece.match_indices('.').map(|(at, _)| at).find(|&at| glued(at))
}

/// A blank line, or a line that begins with a bullet.
pub(super) fn newlines_part(gap: &[u8]) -> bool {
    let Some(first) = gap.iter().position(|&byte| byte == b'\n') else { return false };
    let rest = &gap[first + 1..];
    let Some(next) = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) else {
        return false;
    };
    // Bullets beyond ASCII (•, ▪, ·) all begin with a high byte; no letter does in a gap.
    matches!(next, b'\n' | b'*' | b'-' | b'+' | b'>') || !next.is_ascii()
}
