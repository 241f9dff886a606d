//! `GET /metrics`: what is counted, in Prometheus's text format 0.0.4. A scrape reads atomics and holds
//! up no request. What the control plane knows (reloads) it hands over as finished lines.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jobsieve_engine::engine::{CategoryId, RuleSet};

use crate::counters::{Counters, Histogram, Outcome, STATUSES};
use crate::routes::Route;
use crate::worker::Shared;

pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Which counter each category has. A category keeps its counter when rule sets change; one that comes
/// when all are taken is counted among the others.
#[derive(Debug)]
pub(crate) struct CategorySlots {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    slots: HashMap<Box<str>, usize>,
    /// The category of each slot.
    paths: Vec<Box<str>>,
}

impl CategorySlots {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, taken: Mutex::default() }
    }

    /// The slot of each category of `ruleset`, by its number; `most` for those without one.
    pub(crate) fn of(&self, ruleset: &RuleSet) -> Box<[usize]> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Taken { slots, paths } = &mut *taken;
        let slot = |number: usize| {
            let path = ruleset.category_path(CategoryId(number as u32));
            if let Some(&slot) = slots.get(path) {
                return slot;
            }
            if paths.len() == self.most {
                return self.most;
            }
            slots.insert(path.into(), paths.len());
            paths.push(path.into());
            paths.len() - 1
        };
        (0..ruleset.category_count()).map(slot).collect()
    }

    fn paths(&self) -> Vec<Box<str>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).paths.clone()
    }
}

/// The whole page.
pub(crate) fn page(shared: &Shared) -> Bytes {
    let mut page = Page { text: String::with_capacity(16 * 1024), counters: &shared.counters };
    page.requests();
    page.limits(shared);
    page.adverts(&shared.category_slots.paths());
    page.ruleset(shared);
    page.family(
        "jobsieve_log_lines_dropped_total",
        "counter",
        "Lines of the log that were dropped.",
    );
    page.value("jobsieve_log_lines_dropped_total", "", shared.log.dropped());
    page.family("jobsieve_build_info", "gauge", "The version that runs.");
    let version = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    page.value("jobsieve_build_info", version, 1);
    page.process();
    page.text.into()
}

struct Page<'a> {
    text: String,
    counters: &'a [Arc<Counters>],
}

impl Page<'_> {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Text can't fail to be written to memory, here and below.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }

    fn sum(&self, of: impl Fn(&Counters) -> &AtomicU64) -> u64 {
        self.counters.iter().map(|counters| of(counters).load(Relaxed)).sum()
    }

    fn sum_now(&self, of: impl Fn(&Counters) -> &AtomicUsize) -> usize {
        self.counters.iter().map(|counters| of(counters).load(Relaxed)).sum()
    }

    fn requests(&mut self) {
        let name = "jobsieve_http_requests_total";
        self.family(name, "counter", "Requests answered, by route and status.");
        for route in Route::ALL {
            for (number, status) in STATUSES.iter().enumerate() {
                let count: u64 = self.counters.iter().map(|of| of.answers(route, number)).sum();
                // The usual answer and the failure are there from the start: of a series that begins with
                // its first failure, no rate would tell.
                if count > 0 || (matches!(status, 200 | 500) && route != Route::Unknown) {
                    let labels = format!("{{route=\"{}\",status=\"{status}\"}}", route.template());
                    self.value(name, &labels, count);
                }
            }
        }
        let name = "jobsieve_http_request_duration_seconds";
        let help =
            "Time from the end of a request's head to its answer; of a batch, to the last record.";
        self.family(name, "histogram", help);
        for route in Route::ALL {
            let read = read(self.counters.iter().map(|of| of.times(route)));
            if read.count > 0 || route == Route::Classify {
                self.histogram(name, &format!("route=\"{}\",", route.template()), 1e-9, &read);
            }
        }
        let name = "jobsieve_http_request_bytes_total";
        self.family(name, "counter", "Bytes of the bodies of requests, as sent.");
        self.value(name, "", self.sum(|of| &of.bytes_in));
    }

    fn limits(&mut self, shared: &Shared) {
        let name = "jobsieve_http_requests_in_flight";
        self.family(name, "gauge", "Requests whose answer is not complete.");
        self.value(name, "", self.sum_now(|of| &of.in_flight));
        let name = "jobsieve_http_requests_in_flight_limit";
        self.family(
            name,
            "gauge",
            "Requests in flight beyond which further ones are answered 503.",
        );
        self.value(name, "", shared.settings.max_in_flight);
        let name = "jobsieve_http_connections";
        self.family(name, "gauge", "Connections open.");
        self.value(name, "", self.sum_now(|of| &of.connections));
        let name = "jobsieve_http_connections_limit";
        self.family(name, "gauge", "Connections beyond which further ones are answered 503.");
        self.value(name, "", shared.settings.max_connections);
        let name = "jobsieve_http_connections_total";
        self.family(name, "counter", "Connections accepted.");
        self.value(name, "", self.sum(|of| &of.accepted));
        let name = "jobsieve_http_rejected_total";
        self.family(name, "counter", "Requests answered 503 for a limit, by limit.");
        self.value(name, "{limit=\"connections\"}", self.sum(|of| &of.refused_connections));
        self.value(name, "{limit=\"in_flight\"}", self.sum(|of| &of.refused_in_flight));
    }

    fn adverts(&mut self, paths: &[Box<str>]) {
        let name = "jobsieve_engine_duration_seconds";
        self.family(name, "histogram", "Time in the engine, for each advert classified.");
        let times = read(self.counters.iter().map(|of| &of.engine));
        self.histogram(name, "", 1e-9, &times);
        let name = "jobsieve_adverts_total";
        self.family(
            name,
            "counter",
            "Adverts, by how they were answered; refused ones were no adverts.",
        );
        for outcome in Outcome::ALL {
            let count: u64 = self.counters.iter().map(|of| of.adverts(outcome)).sum();
            self.value(name, &format!("{{outcome=\"{}\"}}", outcome.name()), count);
        }
        let name = "jobsieve_advert_categories";
        self.family(name, "histogram", "Categories of an advert.");
        let counts = read(self.counters.iter().map(|of| &of.categories));
        self.histogram(name, "", 1.0, &counts);
        let name = "jobsieve_category_adverts_total";
        let help = "Adverts by category; (others) are those without a counter of their own.";
        self.family(name, "counter", help);
        let slots = self.counters.first().map_or(0, |of| of.given.len());
        for slot in 0..slots {
            let count: u64 = self.counters.iter().map(|of| of.given[slot].load(Relaxed)).sum();
            if count > 0 {
                let path = if slot + 1 == slots {
                    "(others)"
                } else {
                    paths.get(slot).map_or("", |path| path)
                };
                self.value(name, &format!("{{category=\"{}\"}}", escaped(path)), count);
            }
        }
    }

    fn ruleset(&mut self, shared: &Shared) {
        let current = shared.published.load();
        if let Some(live) = &current.live {
            let name = "jobsieve_ruleset_info";
            self.family(name, "gauge", "The rule set that answers.");
            let version = live.version.map(|version| version.to_string()).unwrap_or_default();
            let hash = live.ruleset.hash();
            self.value(name, &format!("{{version=\"{version}\",hash=\"{hash}\"}}"), 1);
            let name = "jobsieve_ruleset_version";
            self.family(name, "gauge", "The store's number of the rule set that answers.");
            self.value(name, "", live.version.unwrap_or(0));
            let name = "jobsieve_ruleset_rules";
            self.family(name, "gauge", "Rules of the rule set that answers.");
            self.value(name, "", live.ruleset.rule_count());
        }
        if let Some(status) = &current.status {
            self.text.push_str(&status.metrics);
        }
    }

    /// The usual measures of a process, where the system tells them.
    fn process(&mut self) {
        let Some(process) = Process::read() else { return };
        let name = "process_resident_memory_bytes";
        self.family(name, "gauge", "Memory in use.");
        self.value(name, "", process.resident_bytes);
        let name = "process_cpu_seconds_total";
        self.family(name, "counter", "Processor time, of the user and the system.");
        self.value(name, "", process.cpu_seconds);
        let name = "process_open_fds";
        self.family(name, "gauge", "File descriptors open.");
        self.value(name, "", process.open_files);
    }

    /// `labels` are written as they are, before `le`; `unit` is what a value of 1 stands for.
    fn histogram(&mut self, name: &str, labels: &str, unit: f64, read: &Read) {
        let mut below = 0;
        for (&bound, count) in read.bounds.iter().zip(&read.buckets) {
            below += count;
            let le = scaled(bound, unit);
            self.value(&format!("{name}_bucket"), &format!("{{{labels}le=\"{le}\"}}"), below);
        }
        self.value(&format!("{name}_bucket"), &format!("{{{labels}le=\"+Inf\"}}"), read.count);
        let labels = match labels.strip_suffix(',') {
            Some(labels) => format!("{{{labels}}}"),
            None => String::new(),
        };
        self.value(&format!("{name}_sum"), &labels, scaled(read.sum, unit));
        self.value(&format!("{name}_count"), &labels, read.count);
    }
}

/// Histograms of several workers, added up.
struct Read {
    bounds: &'static [u64],
    buckets: Vec<u64>,
    sum: u64,
    count: u64,
}

fn read<'h>(of: impl Iterator<Item = &'h Histogram>) -> Read {
    let mut all = Read { bounds: &[], buckets: Vec::new(), sum: 0, count: 0 };
    for histogram in of {
        let (buckets, sum) = histogram.read();
        all.bounds = histogram.bounds();
        all.buckets.resize(buckets.len(), 0);
        all.buckets.iter_mut().zip(&buckets).for_each(|(all, count)| *all += count);
        all.sum += sum;
    }
    all.count = all.buckets.iter().sum();
    all
}

#[expect(clippy::cast_precision_loss, reason = "a sum of nanoseconds is exact for a hundred days")]
fn scaled(value: u64, unit: f64) -> f64 {
    // Divided, not multiplied: 5e-6 is then written as 0.000005.
    if unit < 1.0 { value as f64 / (1.0 / unit).round() } else { value as f64 * unit }
}

/// A label's value.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

struct Process {
    resident_bytes: u64,
    cpu_seconds: f64,
    open_files: usize,
}

impl Process {
    /// Linux alone tells of itself like this.
    #[expect(clippy::cast_precision_loss, reason = "ticks are exact for millions of years")]
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name, which may hold spaces, ends at the last parenthesis.
        let fields: Vec<&str> = stat.get(stat.rfind(')')? + 2..)?.split(' ').collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let ticks = number(11)? + number(12)?;
        Some(Self {
            resident_bytes: number(21)? * rustix::param::page_size() as u64,
            cpu_seconds: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
            open_files: fs::read_dir("/proc/self/fd").ok()?.count(),
        })
    }
}
