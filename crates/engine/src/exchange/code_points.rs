//! Byte offsets as code points, the unit in which people's tools and Python count text.

/// Turns byte offsets of one text into code points, for offsets in any order.
#[derive(Debug)]
pub struct CodePoints<'a> {
    text: &'a str,
    /// Byte offset of every 64th code point; none for ASCII, where both counts are the same.
    marks: Option<Vec<u32>>,
}

const STRIDE: usize = 64;

impl<'a> CodePoints<'a> {
    /// For this text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let marks = || text.char_indices().step_by(STRIDE).map(|(byte, _)| byte as u32).collect();
        Self { text, marks: (!text.is_ascii()).then(marks) }
    }

    /// How many code points lie before `byte`, which must be a character boundary.
    #[must_use]
    pub fn before(&self, byte: u32) -> usize {
        let Some(marks) = &self.marks else { return byte as usize };
        let mark = marks.partition_point(|&mark| mark <= byte).saturating_sub(1);
        let start = marks.get(mark).copied().unwrap_or(0);
        let rest = self.text.get(start as usize..byte as usize).unwrap_or("");
        mark * STRIDE + rest.chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_boundary_is_counted() {
        for text in [String::new(), "ascii only".repeat(20), "aé€😀b".repeat(50)] {
            let points = CodePoints::new(&text);
            for (count, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!(points.before(byte as u32), count);
            }
            assert_eq!(points.before(text.len() as u32), text.chars().count());
        }
    }
}
