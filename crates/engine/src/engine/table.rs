//! Long arrays in a [bundle](super::bundle): a row of numbers for each value, each column as wide as its
//! greatest number needs. They are read several times as fast as value by value, and take no more room.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

/// A value that is so many numbers.
pub(super) trait Row<const N: usize>: Sized {
    fn to_row(&self) -> [u32; N];
    /// `None` where no value has these numbers.
    fn from_row(row: [u32; N]) -> Option<Self>;
}

impl Row<1> for u32 {
    fn to_row(&self) -> [u32; 1] {
        [*self]
    }

    fn from_row([number]: [u32; 1]) -> Option<Self> {
        Some(number)
    }
}

impl Row<2> for (u32, u32) {
    fn to_row(&self) -> [u32; 2] {
        (*self).into()
    }

    fn from_row(row: [u32; 2]) -> Option<Self> {
        Some(row.into())
    }
}

/// The widest that a column gets, in bytes.
const WIDEST: usize = size_of::<u32>();
/// Bytes behind the last row, so that each number can be read with as many bytes as the widest has.
const BEHIND: usize = WIDEST - 1;

/// For serde's `with`.
pub(super) fn serialize<S: Serializer, T: Row<N>, const N: usize>(
    values: &[T],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(&write(values))
}

/// For serde's `with`.
pub(super) fn deserialize<'de, D: Deserializer<'de>, T: Row<N>, const N: usize>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let bytes = deserializer.deserialize_bytes(Borrowed)?;
    read(bytes).ok_or_else(|| D::Error::custom("no table of such values"))
}

/// The widths of the columns, then the rows.
pub(super) fn write<T: Row<N>, const N: usize>(values: &[T]) -> Vec<u8> {
    let mut greatest = [0; N];
    for value in values {
        for (greatest, number) in greatest.iter_mut().zip(value.to_row()) {
            *greatest = number.max(*greatest);
        }
    }
    // A column of nothing has a byte, too: rows that took none could be any number of rows.
    let widths = greatest.map(|greatest| WIDEST - (greatest | 1).leading_zeros() as usize / 8);
    let stride: usize = widths.iter().sum();
    let mut bytes = Vec::with_capacity(N + values.len() * stride + BEHIND);
    bytes.extend(widths.map(|width| width as u8));
    for value in values {
        for (number, width) in value.to_row().into_iter().zip(widths) {
            bytes.extend_from_slice(&number.to_le_bytes()[..width]);
        }
    }
    bytes.extend([0; BEHIND]);
    bytes
}

/// What was written; `None` where it is no table of such values.
pub(super) fn read<T: Row<N>, const N: usize>(bytes: &[u8]) -> Option<Vec<T>> {
    let (widths, bytes) = bytes.split_first_chunk::<N>()?;
    let (mut starts, mut masks, mut stride) = ([0; N], [0; N], 0);
    for ((start, mask), &width) in starts.iter_mut().zip(&mut masks).zip(widths) {
        if !(1..=WIDEST).contains(&usize::from(width)) {
            return None;
        }
        *start = stride;
        *mask = u32::MAX >> (u32::BITS - 8 * u32::from(width));
        stride += usize::from(width);
    }
    let length = bytes.len().checked_sub(BEHIND)?;
    if stride == 0 || !length.is_multiple_of(stride) {
        return None;
    }
    let mut values = Vec::with_capacity(length / stride);
    for at in (0..length).step_by(stride) {
        let row = &bytes[at..at + stride + BEHIND];
        let mut numbers = [0; N];
        for ((number, &start), &mask) in numbers.iter_mut().zip(&starts).zip(&masks) {
            *number = u32::from_le_bytes(*row[start..].first_chunk()?) & mask;
        }
        values.push(T::from_row(numbers)?);
    }
    Some(values)
}

/// Bytes as they lie in the file.
struct Borrowed;

impl<'de> Visitor<'de> for Borrowed {
    type Value = &'de [u8];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{read, write};

    #[test]
    fn a_column_is_as_wide_as_its_greatest_number() {
        let bytes = write(&[(1, 70_000), (255, 0)]);
        assert_eq!(bytes, [1, 3, 1, 0x70, 0x11, 1, 255, 0, 0, 0, 0, 0, 0]);
        assert_eq!(write::<u32, 1>(&[]), [1, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let right = [1, 3, 1, 0x70, 0x11, 1, 0, 0, 0];
        assert_eq!(read(&right), Some(vec![(1u32, 70_000u32)]));
        for width in [0, 5] {
            let mut wrong = right;
            wrong[0] = width;
            assert_eq!(read::<(u32, u32), 2>(&wrong), None);
        }
        for end in 0..right.len() {
            assert_ne!(read(&right[..end]), Some(vec![(1u32, 70_000u32)]), "{end}");
        }
        assert_eq!(read::<(u32, u32), 2>(&right[..8]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec(any::<(u32, u32)>(), 0..40), shift in 0..32) {
            let values: Vec<(u32, u32)> = values.iter().map(|(a, b)| (a >> shift, *b)).collect();
            prop_assert_eq!(read(&write(&values)), Some(values));
        }
    }
}
