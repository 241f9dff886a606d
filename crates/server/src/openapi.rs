//! The description of the interface for machines: an `OpenAPI` 3.1 document, kept by hand beside the
//! routes and held to them by tests.

use std::sync::LazyLock;

use bytes::Bytes;

const TEMPLATE: &str = include_str!("openapi.json");

static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| TEMPLATE.replacen("{version}", env!("CARGO_PKG_VERSION"), 1).into());

/// The body of `GET /openapi.json`.
pub(crate) fn document() -> Bytes {
    DOCUMENT.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{Right, Route};
    use hyper::Method;
    use serde_json::Value;

    fn read() -> Value {
        serde_json::from_slice(&document()).expect("JSON")
    }

    #[test]
    fn every_route_is_described_with_its_methods_and_its_right() {
        let read = read();
        let paths = read["paths"].as_object().expect("paths");
        // The explanation is a parameter of its path; nothing is at an unknown one.
        let routes = Route::ALL
            .into_iter()
            .filter(|route| !matches!(route, Route::Unknown | Route::Explain));
        let mut described = 0;
        for route in routes {
            let path = paths.get(route.template()).expect("a description");
            for (name, method) in
                [("post", Method::POST), ("get", Method::GET), ("head", Method::HEAD)]
            {
                let allowed = route.check_method(&method).is_ok();
                assert_eq!(path.get(name).is_some(), allowed, "{name} {}", route.template());
            }
            let operation = path.get("post").or(path.get("get")).expect("an operation");
            let is_open = operation["security"] == serde_json::json!([]);
            assert_eq!(is_open, route.right() == Right::None, "{}", route.template());
            described += 1;
        }
        assert_eq!(described, paths.len());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, root: &Value, count: &mut usize) {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                assert!(root.pointer(pointer).is_some(), "{reference}");
                *count += 1;
            }
            let parts: Vec<&Value> = match value {
                Value::Array(parts) => parts.iter().collect(),
                Value::Object(parts) => parts.values().collect(),
                _ => Vec::new(),
            };
            for part in parts {
                check(part, root, count);
            }
        }
        let (read, mut count) = (read(), 0);
        check(&read, &read, &mut count);
        assert!(count > 20, "{count}");
        assert_eq!(read["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
