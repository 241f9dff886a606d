//! What can be asked for: paths, their methods, their queries, and the right that each needs.

use std::borrow::Cow;

use hyper::{Method, Uri};

use crate::problem::Problem;

/// A path, and for `/v1/classify` whether reasons are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Classify,
    Explain,
    Batch,
    Ruleset,
    Metrics,
    OpenApi,
    Live,
    Ready,
    Unknown,
}

/// What a request must be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Everybody may.
    None,
    Classify,
    Inspect,
}

impl Route {
    pub(crate) const ALL: [Self; 9] = [
        Self::Classify,
        Self::Explain,
        Self::Batch,
        Self::Ruleset,
        Self::Metrics,
        Self::OpenApi,
        Self::Live,
        Self::Ready,
        Self::Unknown,
    ];

    fn of_path(path: &str) -> Self {
        match path {
            "/v1/classify" => Self::Classify,
            "/v1/classify/batch" => Self::Batch,
            "/v1/ruleset" => Self::Ruleset,
            "/metrics" => Self::Metrics,
            "/openapi.json" => Self::OpenApi,
            "/livez" => Self::Live,
            "/readyz" => Self::Ready,
            _ => Self::Unknown,
        }
    }

    /// Its name in logs and metrics; nothing of it comes from the request.
    pub(crate) fn template(self) -> &'static str {
        match self {
            Self::Classify => "/v1/classify",
            Self::Explain => "/v1/classify?explain=true",
            Self::Batch => "/v1/classify/batch",
            Self::Ruleset => "/v1/ruleset",
            Self::Metrics => "/metrics",
            Self::OpenApi => "/openapi.json",
            Self::Live => "/livez",
            Self::Ready => "/readyz",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn right(self) -> Right {
        match self {
            Self::Classify | Self::Batch => Right::Classify,
            Self::Explain | Self::Ruleset | Self::Metrics => Right::Inspect,
            Self::OpenApi | Self::Live | Self::Ready | Self::Unknown => Right::None,
        }
    }

    /// Whether it is answered even where limits are reached: the probes and the metrics tell of them.
    pub(crate) fn is_exempt(self) -> bool {
        matches!(self, Self::Live | Self::Ready | Self::Metrics)
    }

    pub(crate) fn check_method(self, method: &Method) -> Result<(), Problem> {
        match self {
            Self::Unknown => Err(Problem::UnknownPath),
            Self::Classify | Self::Explain | Self::Batch if method == Method::POST => Ok(()),
            Self::Classify | Self::Explain | Self::Batch => {
                Err(Problem::Method { allowed: "POST" })
            }
            _ if method == Method::GET || method == Method::HEAD => Ok(()),
            _ => Err(Problem::Method { allowed: "GET, HEAD" }),
        }
    }
}

/// The route of a request, and what its query asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) route: Route,
    /// A rule to be explained even if it did not match.
    pub(crate) rule: Option<String>,
    /// What is wrong with the query.
    pub(crate) fault: Option<Problem>,
}

impl Asked {
    pub(crate) fn of(uri: &Uri) -> Self {
        let route = Route::of_path(uri.path());
        let mut asked = Self { route, rule: None, fault: None };
        if let (Route::Classify | Route::Batch, Some(query)) = (route, uri.query()) {
            asked.read(query);
        }
        asked
    }

    /// Strict: a parameter that is misspelt would else be without effect in silence.
    fn read(&mut self, query: &str) {
        let fault =
            |name: &str, reason: &'static str| Problem::Query { name: shortened(name), reason };
        let (mut explain, mut rule) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if self.route == Route::Batch {
                self.fault = Some(fault(&name, "is unknown; a batch takes no parameters"));
                return;
            }
            let is_twice = match &*name {
                "explain" => explain.replace(value).is_some(),
                "rule" => rule.replace(value).is_some(),
                _ => {
                    self.fault =
                        Some(fault(&name, "is unknown; there are \"explain\" and \"rule\""));
                    return;
                }
            };
            if is_twice {
                self.fault = Some(fault(&name, "is given twice"));
                return;
            }
        }
        match explain.as_deref() {
            Some("true") => self.route = Route::Explain,
            Some("false") | None if rule.is_none() => {}
            Some("false") | None => self.fault = Some(fault("rule", "needs \"explain=true\"")),
            Some(_) => self.fault = Some(fault("explain", "must be \"true\" or \"false\"")),
        }
        self.rule = rule.map(Cow::into_owned);
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &'static str) -> Asked {
        Asked::of(&Uri::from_static(uri))
    }

    #[test]
    fn explanations_are_asked_for_by_the_query() {
        assert_eq!(asked("/v1/classify").route, Route::Classify);
        assert_eq!(asked("/v1/classify?explain=false").route, Route::Classify);
        let with_rule = asked("/v1/classify?rule=a%20%C3%A9+b&explain=true");
        assert_eq!((with_rule.route, with_rule.rule.as_deref()), (Route::Explain, Some("a é b")));
        assert_eq!(asked("/livez?probe=1").fault, None);
    }

    #[test]
    fn a_wrong_query_is_a_fault_not_ignored() {
        for uri in [
            "/v1/classify?explian=true",
            "/v1/classify?explain=1",
            "/v1/classify?explain=true&explain=true",
            "/v1/classify?rule=x",
            "/v1/classify/batch?explain=true",
        ] {
            assert!(matches!(asked(uri).fault, Some(Problem::Query { .. })), "{uri}");
        }
    }
}
