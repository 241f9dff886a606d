//! Cuts a source into its objects without losing a byte: the parts join to the whole. Comments and
//! blank lines above an object belong to it, a comment behind its semicolon too, and what follows the
//! last object belongs to the last. So a store can keep each object apart and give the file back.

use super::ast::Item;

/// Where each of `items` ends in `source`, in order; each begins where the one before ends.
#[must_use]
pub fn ends(source: &str, items: &[Item]) -> Vec<usize> {
    let mut ends: Vec<usize> = items
        .iter()
        .map(|item| {
            let end = item.span().end as usize;
            let rest = source.get(end..).unwrap_or("");
            let line = rest.find('\n').map_or(rest, |newline| &rest[..=newline]);
            let text = line.trim_start();
            if text.is_empty() || text.starts_with('#') { end + line.len() } else { end }
        })
        .collect();
    if let Some(last) = ends.last_mut() {
        *last = source.len();
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::super::{Fields, parse};
    use super::*;

    #[test]
    fn the_parts_join_to_the_whole() {
        let source = "# head\n\nlist \"a\": \"b\"; # of b\n\n# about r\nrule \"r\": when \"x\" then add category \"c\"; \
                      rule \"s\": when \"x\" then add category \"c\";\n\n# tail\n";
        let parsed = parse(source, &Fields::default());
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        let ends = ends(source, &parsed.items);
        let mut start = 0;
        let parts: Vec<_> = ends
            .iter()
            .map(|&end| {
                let part = &source[start..end];
                start = end;
                part
            })
            .collect();
        assert_eq!(parts.concat(), source);
        assert_eq!(parts[0], "# head\n\nlist \"a\": \"b\"; # of b\n");
        assert!(parts[1].starts_with("\n# about r\nrule \"r\"") && parts[1].ends_with("\"c\";"));
        assert!(parts[2].starts_with(" rule \"s\"") && parts[2].ends_with("# tail\n"));
    }
}
