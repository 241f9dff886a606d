//! Who may ask for what: bearer tokens, known here by their digests alone. A comparison takes the same
//! time whatever was sent, and no token is ever logged or given back.

use hyper::header::{AUTHORIZATION, HeaderMap};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::problem::Problem;
use crate::routes::Right;
use crate::settings::ServerSettings;

type TokenDigest = [u8; 32];

/// The tokens in force.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    classify: Vec<TokenDigest>,
    /// Theirs is also what those for classification allow.
    inspect: Vec<TokenDigest>,
}

impl Rights {
    pub(crate) fn of(settings: &ServerSettings) -> Self {
        let digests =
            |tokens: &[String]| tokens.iter().map(|token| digest(token.as_bytes())).collect();
        Self {
            classify: digests(&settings.classify_tokens),
            inspect: digests(&settings.inspect_tokens),
        }
    }

    /// Whether a request with these headers has `right`.
    pub(crate) fn check(&self, right: Right, headers: &HeaderMap) -> Result<(), Problem> {
        let is_open = match right {
            Right::None => true,
            Right::Classify => self.classify.is_empty(),
            Right::Inspect => self.inspect.is_empty() && self.classify.is_empty(),
        };
        if is_open {
            return Ok(());
        }
        let Some(token) = bearer(headers) else {
            return Err(Problem::Unauthorized);
        };
        let given = digest(token);
        let may_inspect = is_among(&given, &self.inspect);
        let may_classify = is_among(&given, &self.classify);
        let may = match right {
            Right::Inspect if !self.inspect.is_empty() => may_inspect,
            _ => may_classify | may_inspect,
        };
        if may.into() {
            Ok(())
        } else if may_classify.into() {
            Err(Problem::Forbidden)
        } else {
            Err(Problem::Unauthorized)
        }
    }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let given = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = given.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

fn digest(token: &[u8]) -> TokenDigest {
    Sha256::digest(token).into()
}

fn is_among(given: &TokenDigest, known: &[TokenDigest]) -> Choice {
    known.iter().fold(Choice::from(0), |found, one| found | given.ct_eq(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn rights(classify: &[&str], inspect: &[&str]) -> Rights {
        let owned = |tokens: &[&str]| tokens.iter().map(|&token| token.to_owned()).collect();
        Rights::of(&ServerSettings {
            classify_tokens: owned(classify),
            inspect_tokens: owned(inspect),
            ..ServerSettings::default()
        })
    }

    /// The statuses for no, a wrong, the first classify and the first inspect token.
    fn statuses(rights: &Rights, right: Right) -> [u16; 4] {
        ["", "Bearer wrong", "bearer reader", "Bearer  boss"].map(|given| {
            let mut headers = HeaderMap::new();
            if !given.is_empty() {
                headers.insert(AUTHORIZATION, HeaderValue::from_static(given));
            }
            rights.check(right, &headers).map_or_else(|problem| problem.status().as_u16(), |()| 200)
        })
    }

    #[test]
    fn every_right_is_given_to_whom_it_belongs() {
        let open = rights(&[], &[]);
        for right in [Right::None, Right::Classify, Right::Inspect] {
            assert_eq!(statuses(&open, right), [200; 4]);
        }
        let both = rights(&["other", "reader"], &["boss"]);
        assert_eq!(statuses(&both, Right::None), [200; 4]);
        assert_eq!(statuses(&both, Right::Classify), [401, 401, 200, 200]);
        assert_eq!(statuses(&both, Right::Inspect), [401, 401, 403, 200]);
        let open_to_classify = rights(&[], &["boss"]);
        assert_eq!(statuses(&open_to_classify, Right::Classify), [200; 4]);
        assert_eq!(statuses(&open_to_classify, Right::Inspect), [401, 401, 401, 200]);
        let one_for_all = rights(&["reader"], &[]);
        assert_eq!(statuses(&one_for_all, Right::Inspect), [401, 401, 200, 401]);
    }
}
