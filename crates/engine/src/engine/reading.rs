//! Reads sources on all cores. A long source is cut where a line begins with `rule "`: a string ends on its
//! line, and so does a comment, so that there the one thing that can begin is a rule. Where a piece holds an
//! error the source is read again as a whole, so that recovery sees what it would have seen.

use std::ops::Range;

use rayon::prelude::*;

use crate::lang::ast::Item;
use crate::lang::{Code, Diagnostic, Fields, Parsed, Severity, parse};

use super::compile::Source;

/// About how long a piece is, in bytes.
const PIECE: usize = 128 * 1024;

/// A stretch of a source and what it says. Places in the items count from the start of the piece, those of
/// diagnostics from the start of the source.
pub(super) struct Piece {
    pub(super) source: u32,
    pub(super) offset: u32,
    pub(super) items: Vec<Item>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Whether a finding among these is an error.
pub(super) fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|found| found.code.severity() == Severity::Error)
}

/// Reads every source, in order.
pub(super) fn read(sources: &[Source], fields: &Fields) -> Vec<Piece> {
    let numbered = (0u32..).zip(sources);
    let ranges: Vec<(u32, Range<usize>)> = numbered
        .flat_map(|(number, source)| {
            cut(&source.text).into_iter().map(move |range| (number, range))
        })
        .collect();
    let texts = ranges.into_par_iter();
    let mut pieces: Vec<Piece> = texts
        .map(|(number, range)| {
            let text = sources.get(number as usize).and_then(|s| s.text.get(range.clone()));
            read_piece(number, range.start as u32, text.unwrap_or(""), fields)
        })
        .collect();
    let several = pieces.chunk_by(|a, b| a.source == b.source).filter(|same| same.len() > 1);
    let faulty = several.filter(|same| same.iter().any(|piece| has_error(&piece.diagnostics)));
    let faulty: Vec<u32> = faulty.map(|same| same[0].source).collect();
    for number in faulty {
        let first = pieces.partition_point(|piece| piece.source < number);
        let end = pieces.partition_point(|piece| piece.source <= number);
        let whole = read_piece(number, 0, &sources[number as usize].text, fields);
        pieces.splice(first..end, [whole]);
    }
    pieces
}

/// Reads `text`, which begins `offset` bytes into its source.
pub(super) fn read_piece(source: u32, offset: u32, text: &str, fields: &Fields) -> Piece {
    let Parsed { items, diagnostics } = parse(text, fields);
    let diagnostics = diagnostics.into_iter().map(|found| Diagnostic {
        source,
        span: found.span.behind(offset),
        related: found.related.map(|(_, span)| (source, span.behind(offset))),
        ..found
    });
    Piece { source, offset, items, diagnostics: diagnostics.collect() }
}

/// The stretches of a source that are read apart.
fn cut(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while text.len() - start > 2 * PIECE {
        let Some(rest) = text.as_bytes().get(start + PIECE..) else { break };
        let Some(found) = memchr::memmem::find(rest, b"\nrule \"") else { break };
        let end = start + PIECE + found + 1;
        ranges.push(start..end);
        start = end;
    }
    ranges.push(start..text.len());
    ranges
}

/// Whether nothing but a source without objects was found.
pub(super) fn is_empty_notice(found: &Diagnostic) -> bool {
    found.code == Code::NoRule
}
