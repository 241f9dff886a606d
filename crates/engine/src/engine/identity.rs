//! The content hash of a rule set: what its answers depend on, and nothing else. The order of rules
//! and files, comments and layout play no part.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Raised when the same rules could give other answers than before.
const ENGINE_FORMAT: u32 = 1;

/// Gathers the parts of a rule set's identity.
#[derive(Default)]
pub(super) struct Identity {
    digests: Vec<[u8; 32]>,
}

impl Identity {
    /// Adds a rule or a list by its canonical form, which begins with its kind and name.
    pub(super) fn add(&mut self, canonical: &str) {
        self.digests.push(Sha256::digest(canonical.as_bytes()).into());
    }

    /// `sha256:` and 64 hexadecimal digits; `settings` describes all that analysis depends on.
    pub(super) fn finish(mut self, settings: &str) -> String {
        self.digests.sort_unstable();
        let mut whole = Sha256::new();
        whole.update(format!("engine {ENGINE_FORMAT}\n{settings}\n"));
        for digest in &self.digests {
            whole.update(digest);
        }
        let mut text = String::from("sha256:");
        for byte in whole.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
