//! The content hash of a rule set: what its answers depend on, and nothing else. The order of rules
//! and files, comments and layout play no part.

use std::fmt::Write;

use sha2::{Digest as _, Sha256};

use super::rulebook::{Digest, Rulebook};

/// Raised when the same rules could give other answers than before.
const ENGINE_FORMAT: u32 = 2;

/// The digest of a rule or a list by its canonical form, which begins with its kind and name.
pub(super) fn digest(canonical: &str) -> Digest {
    Sha256::digest(canonical.as_bytes()).into()
}

/// Whether a text looks like the hash of a rule set.
pub(super) fn is_hash(text: &str) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(digit))
}

/// `sha256:` and 64 hexadecimal digits; `settings` describes all that analysis depends on.
pub(super) fn hash(book: &Rulebook, settings: &str) -> String {
    let lists = book.lists.iter().map(|list| list.digest);
    let mut digests: Vec<Digest> = book.rules.iter().map(|rule| rule.digest).chain(lists).collect();
    // The first bytes as one number: comparing whole arrays takes twice as long.
    let first = |digest: &Digest| digest.first_chunk().map(|eight| u64::from_be_bytes(*eight));
    digests.sort_unstable_by(|a, b| first(a).cmp(&first(b)).then_with(|| a.cmp(b)));
    let mut whole = Sha256::new();
    whole.update(format!("engine {ENGINE_FORMAT}\n{settings}\n"));
    for digest in &digests {
        whole.update(digest);
    }
    let mut text = String::from("sha256:");
    for byte in whole.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
