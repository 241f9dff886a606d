//! Numbers and days as people write them in rules and adverts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A day of the calendar, from the year 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date(u32);

impl Date {
    /// Reads `2026-11-25`, and no other form of it.
    ///
    /// # Errors
    /// `not-a-date`, or `no-such-day` where the calendar has none of it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = text.as_bytes();
        let digits = |from: usize, to: usize| {
            let part = bytes.get(from..to).filter(|part| part.iter().all(u8::is_ascii_digit))?;
            Some(part.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
        };
        let dashed = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
        let parts = (digits(0, 4), digits(5, 7), digits(8, 10));
        let (true, (Some(year), Some(month), Some(day))) = (dashed, parts) else {
            return Err("not-a-date");
        };
        if day < 1 || day > days_of(year, month) {
            return Err("no-such-day");
        }
        Ok(Self(year * 10_000 + month * 100 + day))
    }

    /// A number that grows with the days: year, month and day as eight digits.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Reads `-?digits[.digits][k|m]` with `_` between digits and a currency's sign in front.
///
/// # Errors
/// `comma`, `range` where a number of 64 bits can't hold it, else `not-a-number`.
pub fn number(text: &str) -> Result<f64, &'static str> {
    if text.contains(',') {
        return Err("comma");
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let digits = digits.strip_prefix(['£', '€', '$']).unwrap_or(digits);
    let (digits, power) = match digits.as_bytes().last() {
        Some(b'k' | b'K') => (&digits[..digits.len() - 1], "e3"),
        Some(b'm' | b'M') => (&digits[..digits.len() - 1], "e6"),
        _ => (digits, ""),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let well_formed = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    if !well_formed(whole) || !well_formed(part) {
        return Err("not-a-number");
    }
    // The power of ten is part of what is parsed, so that 2.3k is the number that 2300 is.
    let plain = format!("{sign}{whole}.{part}{power}").replace('_', "");
    let number: f64 = plain.parse().map_err(|_| "not-a-number")?;
    // -0 is 0.
    if number.is_finite() { Ok(number + 0.0) } else { Err("range") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for day in ["2026-11-25", "2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(Date::parse(day).map(|date| date.to_string()), Ok(day.to_owned()));
        }
        for text in ["25/11/2026", "2026-1-05", "2026-11-25T09:00", "", "20261125", "２026-11-25"]
        {
            assert_eq!(Date::parse(text), Err("not-a-date"), "{text}");
        }
        for text in ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31"] {
            assert_eq!(Date::parse(text), Err("no-such-day"), "{text}");
        }
        assert!(Date::parse("2025-12-31") < Date::parse("2026-01-01"));
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let table = [
            ("40000", 40_000.0),
            ("£40k", 40_000.0),
            ("40_000", 40_000.0),
            ("-1.5", -1.5),
            ("2.3k", 2300.0),
            ("$1.25M", 1_250_000.0),
            ("-€5", -5.0),
            ("0.1", 0.1),
        ];
        for (text, expected) in table {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
        assert!(number("-0").is_ok_and(f64::is_sign_positive));
        for text in ["", "k", "1.", ".5", "1e5", "1.2.3", "+5", "5p", "£", "--5", "_5", "1k5"] {
            assert_eq!(number(text), Err("not-a-number"), "{text}");
        }
        assert_eq!(number("40,000"), Err("comma"));
        assert_eq!(number(&"9".repeat(400)), Err("range"));
    }
}
