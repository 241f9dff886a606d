//! Where a piece of changed text stood in the text it came from.

/// Maps offsets of an output to offsets of its source, as runs: a copied run keeps distances, a
/// replaced one (an entity, a composed character) stands for its source as a whole.
#[derive(Debug, Clone, Default)]
pub(super) struct OffsetMap {
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    output: u32,
    source: u32,
    /// The end of what a replaced run stands for; [`COPIED`] for a copied run.
    source_end: u32,
}

const COPIED: u32 = u32::MAX;

impl OffsetMap {
    pub(super) fn clear(&mut self) {
        self.runs.clear();
    }

    /// From `output` on, the output is a copy of the source from `source` on.
    pub(super) fn copied(&mut self, output: usize, source: usize) {
        let (output, source) = (output as u32, source as u32);
        self.runs.push(Run { output, source, source_end: COPIED });
    }

    /// From `output` on, the output stands for `source..source_end` as a whole.
    pub(super) fn replaced(&mut self, output: usize, source: usize, source_end: usize) {
        let source_end = source_end as u32;
        self.runs.push(Run { output: output as u32, source: source as u32, source_end });
    }

    /// The output was taken back to its first `output` bytes.
    pub(super) fn taken_back(&mut self, output: usize) {
        while self.runs.last().is_some_and(|last| last.output as usize >= output) {
            self.runs.pop();
        }
    }

    /// The source of `start..end` of the output.
    pub(super) fn source(&self, start: u32, end: u32) -> (u32, u32) {
        let first = match self.run(start) {
            Some(run) if run.source_end == COPIED => run.source + (start - run.output),
            Some(run) => run.source,
            None => start,
        };
        if end <= start {
            return (first, first);
        }
        let last = match self.run(end - 1) {
            Some(run) if run.source_end == COPIED => run.source + (end - run.output),
            Some(run) => run.source_end,
            None => end,
        };
        (first, last.max(first))
    }

    fn run(&self, output: u32) -> Option<Run> {
        let after = self.runs.partition_point(|run| run.output <= output);
        self.runs.get(after.checked_sub(1)?).copied()
    }
}
