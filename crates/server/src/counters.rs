//! What one worker counts, in memory that only its own threads write: no two workers contend for a
//! cache line. Reading adds the workers up; [`metrics`](crate::metrics) makes text of it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::routes::Route;

/// The statuses that the server answers with. One that is not listed counts as the last.
pub(crate) const STATUSES: [u16; 12] = [200, 400, 401, 403, 404, 405, 408, 413, 415, 431, 503, 500];

/// Upper bounds of times, in nanoseconds.
pub(crate) const TIMES: [u64; 18] = [
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
];

/// Upper bounds of the number of an advert's categories.
pub(crate) const CATEGORY_COUNTS: [u64; 8] = [0, 1, 2, 3, 5, 10, 20, 50];

/// Counts values by size.
#[derive(Debug)]
pub(crate) struct Histogram {
    bounds: &'static [u64],
    /// One more than bounds: the last is for greater values.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, buckets: zeros(bounds.len() + 1), sum: AtomicU64::new(0) }
    }

    fn add(&self, value: u64) {
        let bucket = self.bounds.iter().position(|&bound| value <= bound);
        self.buckets[bucket.unwrap_or(self.bounds.len())].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }

    pub(crate) fn bounds(&self) -> &'static [u64] {
        self.bounds
    }

    /// How many values are in each bucket, and their sum.
    pub(crate) fn read(&self) -> (Vec<u64>, u64) {
        (self.buckets.iter().map(|of| of.load(Relaxed)).collect(), self.sum.load(Relaxed))
    }
}

/// How an advert was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Matched,
    Unmatched,
    Refused,
}

impl Outcome {
    pub(crate) const ALL: [Self; 3] = [Self::Matched, Self::Unmatched, Self::Refused];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Unmatched => "unmatched",
            Self::Refused => "refused",
        }
    }
}

/// What one worker counts.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Counters {
    /// The worker's number.
    pub(crate) worker: usize,
    /// Requests whose head was read; also the number of the next.
    pub(crate) requests: AtomicU64,
    pub(crate) connections: AtomicUsize,
    pub(crate) accepted: AtomicU64,
    pub(crate) in_flight: AtomicUsize,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) refused_connections: AtomicU64,
    pub(crate) refused_in_flight: AtomicU64,
    answers: Box<[AtomicU64]>,
    times: Box<[Histogram]>,
    pub(crate) engine: Histogram,
    adverts: Box<[AtomicU64]>,
    pub(crate) categories: Histogram,
    /// Adverts by the counter of their categories; the last counts all categories without one.
    pub(crate) given: Box<[AtomicU64]>,
}

impl Counters {
    pub(crate) fn of(worker: usize, counted_categories: usize) -> Self {
        Self {
            worker,
            requests: AtomicU64::new(0),
            connections: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            bytes_in: AtomicU64::new(0),
            refused_connections: AtomicU64::new(0),
            refused_in_flight: AtomicU64::new(0),
            answers: zeros(Route::ALL.len() * STATUSES.len()),
            times: Route::ALL.iter().map(|_| Histogram::new(&TIMES)).collect(),
            engine: Histogram::new(&TIMES),
            adverts: zeros(Outcome::ALL.len()),
            categories: Histogram::new(&CATEGORY_COUNTS),
            given: zeros(counted_categories + 1),
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, route: Route, status: u16, time: Duration, bytes_in: usize) {
        let status = STATUSES.iter().position(|&known| known == status);
        let status = status.unwrap_or(STATUSES.len() - 1);
        self.answers[route as usize * STATUSES.len() + status].fetch_add(1, Relaxed);
        self.times[route as usize].add(nanoseconds(time));
        self.bytes_in.fetch_add(bytes_in as u64, Relaxed);
    }

    /// An advert was classified; `slots` are the counters of its categories.
    pub(crate) fn classified(&self, engine: Duration, slots: impl ExactSizeIterator<Item = usize>) {
        self.engine.add(nanoseconds(engine));
        self.categories.add(slots.len() as u64);
        self.count(if slots.len() == 0 { Outcome::Unmatched } else { Outcome::Matched });
        let last = self.given.len() - 1;
        for slot in slots {
            self.given[slot.min(last)].fetch_add(1, Relaxed);
        }
    }

    /// An advert was no advert.
    pub(crate) fn refused(&self) {
        self.count(Outcome::Refused);
    }

    fn count(&self, outcome: Outcome) {
        self.adverts[outcome as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn answers(&self, route: Route, status: usize) -> u64 {
        self.answers[route as usize * STATUSES.len() + status].load(Relaxed)
    }

    pub(crate) fn times(&self, route: Route) -> &Histogram {
        &self.times[route as usize]
    }

    pub(crate) fn adverts(&self, outcome: Outcome) -> u64 {
        self.adverts[outcome as usize].load(Relaxed)
    }
}

fn zeros(count: usize) -> Box<[AtomicU64]> {
    (0..count).map(|_| AtomicU64::new(0)).collect()
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_up_to_and_with_its_bound() {
        let counts = Histogram::new(&CATEGORY_COUNTS);
        for value in [0, 1, 1, 4, 5, 51, 1000] {
            counts.add(value);
        }
        assert_eq!(counts.read(), (vec![1, 2, 0, 0, 2, 0, 0, 0, 2], 1062));
    }

    #[test]
    fn categories_without_a_counter_count_together() {
        let counters = Counters::of(0, 2);
        counters.classified(Duration::from_micros(7), [0, 5, 9].into_iter());
        let given: Vec<u64> = counters.given.iter().map(|of| of.load(Relaxed)).collect();
        assert_eq!(given, [1, 0, 2]);
        assert_eq!(counters.adverts(Outcome::Matched), 1);
    }
}
