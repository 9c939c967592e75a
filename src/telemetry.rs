//! What the program counts about itself, for the operator's monitoring.
//!
//! Every event that is seen at the edge ends in exactly one of accepted, rejected, dropped or refused, and
//! every accepted one in shipped, set aside or forgotten. `received = accepted + rejected + dropped +
//! refused` holds at any moment between requests; `accepted = shipped + set aside + forgotten` holds when the
//! spool is empty, was empty at start and no insert had to be repeated. Nothing here names a visitor, an
//! address or a key.

use crate::durations::Durations;
use crate::process::Usage;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::borrow::Cow;
use std::sync::atomic::AtomicU64;

/// The one label of a family: why, or of what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    pub reason: &'static str,
}

/// A route of the public listener and the status of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answer {
    pub route: Cow<'static, str>,
    pub status: u16,
}

/// A route of the public listener.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Route {
    pub route: Cow<'static, str>,
}

/// Upper bounds of the buckets of [`Telemetry::answer_seconds`].
const ANSWER_BOUNDS: [f64; 12] =
    [0.000_1, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

type Answers = Family<Route, histogram::Histogram, fn() -> histogram::Histogram>;

/// All counters. Clones of a counter share its value.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Events seen in requests, before they are judged.
    pub events_received: Counter,
    /// Fields that no event has; they are ignored. Many of them tell of a misspelt one.
    pub fields_unknown: Counter,
    /// Events answered with a 202.
    pub events_accepted: Counter,
    /// Of the accepted, those that are kept and in no figure, by why.
    pub events_flagged: Family<Reason, Counter>,
    /// Events that broke the contract, by the code of their rejection.
    pub events_rejected: Family<Reason, Counter>,
    /// Acceptable events that are not kept, by why.
    pub events_dropped: Family<Reason, Counter>,
    /// Acceptable events that could not be stored and were answered with a 503.
    pub events_refused: Counter,
    /// Values of events that nobody vouches for and that are beyond the bounds of new ones, by dimension.
    pub values_other: Family<Reason, Counter>,
    /// Events inserted into the store, repeats included.
    pub events_shipped: Counter,
    /// Events that the store refused for what they hold; they lie in the dead letters.
    pub events_set_aside: Counter,
    /// Events kept from the store because their visitor was forgotten after they had arrived, repeats
    /// included.
    pub events_forgotten: Counter,
    /// Requests answered with an error, by its code.
    pub requests_failed: Family<Reason, Counter>,
    /// Answers of the public listener.
    pub answers: Family<Answer, Counter>,
    /// How long they took, from the request's head to the answer's.
    pub answer_seconds: Answers,
    /// Inserts that did not succeed.
    pub insert_failures: Counter,
    /// Orders, days and rows of the ledger that were found wrong at night, and mended.
    pub ledger_differences: Counter,
    /// Spent on rounds of the ledger's upkeep, the waiting for ClickHouse included.
    pub ledger_busy_seconds: Counter<f64, AtomicU64>,
}

impl Default for Telemetry {
    fn default() -> Telemetry {
        Telemetry {
            events_received: Counter::default(),
            fields_unknown: Counter::default(),
            events_accepted: Counter::default(),
            events_flagged: Family::default(),
            events_rejected: Family::default(),
            events_dropped: Family::default(),
            events_refused: Counter::default(),
            values_other: Family::default(),
            events_shipped: Counter::default(),
            events_set_aside: Counter::default(),
            events_forgotten: Counter::default(),
            requests_failed: Family::default(),
            answers: Family::default(),
            answer_seconds: Family::new_with_constructor(|| histogram::Histogram::new(ANSWER_BOUNDS)),
            insert_failures: Counter::default(),
            ledger_differences: Counter::default(),
            ledger_busy_seconds: Counter::default(),
        }
    }
}

/// What is read when somebody asks, because it belongs to another part of the program.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// On disk, sent segments and reserved room included.
    pub spool_bytes: u64,
    /// Bound of the former.
    pub spool_max_bytes: u64,
    /// That the disks of the spool and of the engine have left.
    pub spool_disk_free_bytes: Option<u64>,
    pub engine_disk_free_bytes: Option<u64>,
    pub spool_unsent_bytes: u64,
    /// Records that were durable once and are not readable any more.
    pub spool_lost_records: u64,
    /// Since the oldest event that waits arrived; 0 when none waits.
    pub spool_oldest_age_seconds: f64,
    /// Since the latest moment before which every event is in the ledger; 0 when every event is.
    pub ledger_age_seconds: f64,
    pub spool_sync: Histogram,
    /// Inserts of events into ClickHouse, and questions asked of it.
    pub inserts: Histogram,
    pub questions: Histogram,
    pub process: Option<Usage>,
    pub engine_restarts: u64,
    /// Of the oldest database of places in use, epoch seconds.
    pub geo_built_at_seconds: Option<u64>,
    /// Databases of places that are gone or broken, so that an older one is in use, or none.
    pub geo_databases_refused: usize,
}

/// A distribution that somebody else has counted.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    pub sum: f64,
    /// Upper bound and count of each bucket, each count for its bucket alone; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
}

impl From<&Durations> for Histogram {
    fn from(durations: &Durations) -> Histogram {
        Histogram { sum: durations.sum().as_secs_f64(), buckets: durations.buckets() }
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        let count = self.buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum, count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// Media type of [`Telemetry::text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Telemetry {
    /// Everything in the OpenMetrics text format.
    pub fn text(&self, readings: Readings) -> String {
        let mut registry = Registry::with_prefix("shopfunnel");
        self.register_counts(&mut registry, &readings);
        register_ages(&mut registry, &readings);
        self.register_times(&mut registry, &readings);
        register_places(&mut registry, &readings);
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this program", version);

        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode_registry(&mut text, &registry)
            .and_then(|()| encode_registry(&mut text, &process_registry(readings.process)))
            .and_then(|()| encode_eof(&mut text));
        text
    }

    fn register_counts(&self, registry: &mut Registry, readings: &Readings) {
        let families = [
            ("events_flagged", "Events accepted and in no figure, by reason", &self.events_flagged),
            ("events_rejected", "Events that broke the contract, by code", &self.events_rejected),
            ("events_dropped", "Acceptable events not kept, by reason", &self.events_dropped),
            ("requests_failed", "Requests answered with an error, by code", &self.requests_failed),
            (
                "values_other",
                "New values beyond the bounds, counted as (other), by dimension",
                &self.values_other,
            ),
        ];
        for (name, help, family) in families {
            registry.register(name, help, family.clone());
        }
        registry.register(
            "answers",
            "Answers of the public listener, by route and status",
            self.answers.clone(),
        );
        registry.register_with_unit(
            "answer",
            "Time from a request's head to its answer's, by route",
            Unit::Seconds,
            self.answer_seconds.clone(),
        );
        let counters = [
            ("events_received", "Events seen in requests", &self.events_received),
            ("fields_unknown", "Fields of events that the contract does not know", &self.fields_unknown),
            ("events_accepted", "Events answered 202", &self.events_accepted),
            ("events_refused", "Acceptable events that could not be stored", &self.events_refused),
            ("events_shipped", "Events inserted into the store", &self.events_shipped),
            ("events_set_aside", "Events the store refused for what they hold", &self.events_set_aside),
            ("events_forgotten", "Events of visitors forgotten since", &self.events_forgotten),
            ("insert_failures", "Inserts that did not succeed", &self.insert_failures),
            (
                "ledger_differences",
                "Wrong facts and rows of the ledger found and mended",
                &self.ledger_differences,
            ),
            (
                "spool_lost_records",
                "Spooled records that damage has made unreadable",
                &counter(readings.spool_lost_records),
            ),
            ("engine_restarts", "Starts of the engine after it ended", &counter(readings.engine_restarts)),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
    }

    fn register_times(&self, registry: &mut Registry, readings: &Readings) {
        registry.register_with_unit(
            "ledger_busy",
            "Time of the ledger's upkeep",
            Unit::Seconds,
            self.ledger_busy_seconds.clone(),
        );
        for (name, help, histogram) in [
            ("spool_sync", "Time of one sync of the spool to disk", readings.spool_sync.clone()),
            ("insert", "Time of one insert of events into ClickHouse", readings.inserts.clone()),
            ("question", "Time of one question asked of ClickHouse", readings.questions.clone()),
        ] {
            registry.register_with_unit(name, help, Unit::Seconds, histogram);
        }
    }
}

/// Bytes and ages of what is stored.
fn register_ages(registry: &mut Registry, readings: &Readings) {
    for (name, help, value) in [
        ("spool", "Bytes of the spool on disk", Some(readings.spool_bytes)),
        ("spool_max", "Bound of the spool's bytes on disk", Some(readings.spool_max_bytes)),
        (
            "spool_unsent",
            "Bytes of the spool that ClickHouse does not have",
            Some(readings.spool_unsent_bytes),
        ),
        ("spool_disk_free", "Bytes that the spool's disk has left", readings.spool_disk_free_bytes),
        ("engine_disk_free", "Bytes that the engine's disk has left", readings.engine_disk_free_bytes),
    ] {
        let Some(value) = value else { continue };
        let bytes: Gauge = Gauge::default();
        bytes.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register_with_unit(name, help, Unit::Bytes, bytes);
    }
    for (name, help, seconds) in [
        ("spool_oldest_age", "Age of the oldest event that waits", readings.spool_oldest_age_seconds),
        ("ledger_age", "Age of the ledger, 0 when every event is in it", readings.ledger_age_seconds),
    ] {
        let age = Gauge::<f64, AtomicU64>::default();
        age.set(seconds);
        registry.register_with_unit(name, help, Unit::Seconds, age);
    }
}

fn register_places(registry: &mut Registry, readings: &Readings) {
    let refused: Gauge = Gauge::default();
    refused.set(i64::try_from(readings.geo_databases_refused).unwrap_or(i64::MAX));
    registry.register(
        "geo_databases_refused",
        "Databases of places whose newest content cannot be used",
        refused,
    );
    if let Some(seconds) = readings.geo_built_at_seconds {
        let built_at: Gauge = Gauge::default();
        built_at.set(i64::try_from(seconds).unwrap_or(i64::MAX));
        registry.register_with_unit(
            "geo_database_build_timestamp",
            "When the oldest database of places in use was built",
            Unit::Seconds,
            built_at,
        );
    }
}

/// Names that every exporter uses for these figures.
fn process_registry(usage: Option<Usage>) -> Registry {
    let mut registry = Registry::with_prefix("process");
    let Some(usage) = usage else { return registry };
    let cpu = Counter::<f64, AtomicU64>::default();
    cpu.inc_by(usage.cpu_seconds);
    registry.register_with_unit("cpu", "User and system time", Unit::Seconds, cpu);
    for (name, help, unit, value) in [
        ("resident_memory", "Memory in use", Some(Unit::Bytes), usage.resident_bytes as f64),
        ("virtual_memory", "Address space in use", Some(Unit::Bytes), usage.virtual_bytes as f64),
        ("open_fds", "Open files and connections", None, usage.open_files as f64),
        ("max_fds", "Bound of open files and connections", None, usage.max_files as f64),
        (
            "start_time",
            "When the process began, epoch seconds",
            Some(Unit::Seconds),
            usage.started_at_seconds,
        ),
    ] {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        match unit {
            Some(unit) => registry.register_with_unit(name, help, unit, gauge),
            None => registry.register(name, help, gauge),
        }
    }
    registry
}

fn counter(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_readings_are_told_by_name() {
        let telemetry = Telemetry::default();
        telemetry.events_received.inc_by(3);
        telemetry.events_rejected.get_or_create(&Reason { reason: "invalid_kind" }).inc();
        let text = telemetry.text(Readings {
            spool_bytes: 8,
            spool_sync: Histogram { sum: 0.5, buckets: vec![(0.1, 3), (f64::INFINITY, 1)] },
            engine_restarts: 2,
            process: Usage::now(),
            ..Readings::default()
        });
        for line in [
            "shopfunnel_events_received_total 3",
            "shopfunnel_events_rejected_total{reason=\"invalid_kind\"} 1",
            "shopfunnel_spool_bytes 8",
            "shopfunnel_engine_restarts_total 2",
            "shopfunnel_spool_sync_seconds_bucket{le=\"+Inf\"} 4",
            "shopfunnel_spool_oldest_age_seconds 0.0",
            "shopfunnel_ledger_busy_seconds_total 0.0",
            "# TYPE process_cpu_seconds counter",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
