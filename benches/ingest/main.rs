//! How fast events are taken, durably, beside a server that only parses them: `make bench-ingest`.
//!
//! Every figure that is a ratio comes from one run in which both servers answered the same requests in turn,
//! so that it holds on a machine that is shared or slow. What is measured, and the bounds, are told in
//! `docs/BENCHMARKS.md`; this program fills in its tables. It measures and judges, and does not end in an
//! error when a bound is missed: a noisy neighbour is no broken build.
#![allow(clippy::unwrap_used, reason = "a benchmark ends where something is not as it must be")]

mod pace;
#[path = "../report.rs"]
mod report;
mod servers;
mod visits;
mod wrk;

use anyhow::{Context, ensure};
use clap::Parser;
use pace::Pace;
use report::Report;
use servers::{Installation, Server, Shipper, Tracker};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use visits::Visits;
use wrk::{Load, median};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const BATCHES: [usize; 2] = [20, 100];
const MOST_CONNECTIONS: usize = 64;
/// Goes on while a backlog is drained.
const BACKGROUND_EVENTS_PER_S: f64 = 5_000.0;
const BACKLOG_EVENTS: u64 = 3_000_000;
const SOAK_EVENTS_PER_S: f64 = 2_000.0;
/// Part of a soak in which caches and pools fill; growth counts after it.
const WARM_UP: Duration = Duration::from_secs(120);
const MAX_TRACKER_MIB: f64 = 128.0;
/// Growth in a soak that an allocator may show without a leak.
const MAX_GROWTH_MIB: f64 = 4.0;

#[derive(Parser)]
struct Arguments {
    /// Put the tables into docs/BENCHMARKS.md.
    #[arg(long)]
    write: bool,
    /// Phases of 2 s and a small backlog: shows that everything works, measures nothing.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Then take 2 000 events/s for so many seconds and watch the memory.
    #[arg(long, value_name = "SECONDS")]
    soak: Option<u64>,
    /// Only these parts: paused, running, drain, soak.
    #[arg(long, value_delimiter = ',', conflicts_with = "write")]
    only: Vec<String>,
    /// Rounds of each load; each takes one turn per server.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Where data directories are made; must be on a real disk.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-ingest"))]
    scratch: PathBuf,
    /// cargo bench says so; it changes nothing.
    #[arg(long, hide = true)]
    bench: bool,
}

struct Bench {
    arguments: Arguments,
    program: PathBuf,
    report: Report,
    /// Of one turn of `wrk`.
    turn: Duration,
    /// Of one load at a constant rate.
    paced: Duration,
    backlog: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let quick = arguments.quick;
    // Left by a run that was killed.
    let _ = std::fs::remove_dir_all(&arguments.scratch);
    std::fs::create_dir_all(&arguments.scratch)?;
    let mut bench = Bench {
        program: PathBuf::from(env!("CARGO_BIN_EXE_shopfunnel")),
        report: Report::new("ingest", &arguments.scratch),
        turn: Duration::from_secs(if quick { 2 } else { 8 }),
        paced: Duration::from_secs(if quick { 2 } else { 20 }),
        backlog: if quick { BACKLOG_EVENTS / 10 } else { BACKLOG_EVENTS },
        arguments,
    };
    let measured = bench.run();
    let _ = std::fs::remove_dir_all(&bench.arguments.scratch);
    measured?;
    println!("{}", bench.report.text());
    if bench.arguments.write {
        bench.report.write()?;
    }
    eprintln!("bounds missed: {}", bench.report.missed());
    Ok(())
}

impl Bench {
    fn run(&mut self) -> anyhow::Result<()> {
        if self.wants("paused") {
            self.shipper(Shipper::Paused)?;
        }
        if self.wants("running") {
            self.shipper(Shipper::Running)?;
        }
        if self.wants("drain") {
            self.drain()?;
        }
        match self.arguments.soak {
            Some(seconds) if self.wants("soak") => self.soak(Duration::from_secs(seconds)),
            _ => Ok(()),
        }
    }

    fn wants(&self, part: &str) -> bool {
        self.arguments.only.is_empty() || self.arguments.only.iter().any(|only| only == part)
    }

    /// Everything that is measured once with and once without the events going on to ClickHouse.
    fn shipper(&mut self, shipper: Shipper) -> anyhow::Result<()> {
        let (name, shipping) = match shipper {
            Shipper::Paused => ("shipper paused", "paused"),
            Shipper::Running => ("shipper running", "running"),
        };
        let installation = self.installation(shipping)?;
        let tracker = installation.serve(shipper)?;
        let null = servers::start_null(&self.program)?;
        let wait = || if shipper == Shipper::Running { tracker.shipped() } else { Ok(()) };
        let singles = self.visits(&installation, "singles", 1, false)?;
        // The shop's first event costs a write of its file.
        wrk::run(tracker.server.address, &singles.file, 1, Duration::from_secs(1))?;
        tracker.server.forget_peak();

        let capacity = self.single_events(name, shipper, &null, &tracker, &singles, &wait)?;
        self.report.table(
            &format!("Other loads, {name}"),
            &["load", "requests/s", "events/s", "p50 ms", "p99 ms", "server cores"],
        );
        wait()?;
        let forwarded = self.visits(&installation, "forwarded", 1, true)?;
        let mut loads = Vec::new();
        for _ in 0..self.arguments.rounds {
            wait()?;
            loads.push(self.load(&tracker, &forwarded.file, MOST_CONNECTIONS, 1)?);
        }
        let load = median(&loads);
        self.row("single events with limits in play", &load, load.requests_per_s);
        wait()?;

        self.half_of_capacity(name, &tracker, &singles, capacity)?;
        self.batches(shipper, &installation, &tracker, &wait)?;
        self.memory(&format!("all of the above, {name}"), &tracker);
        Ok(())
    }

    /// Single events over every number of connections; gives the tracker's requests a second over most of them.
    fn single_events(
        &mut self,
        name: &str,
        shipper: Shipper,
        null: &Server,
        tracker: &Tracker,
        singles: &Saved,
        wait: &dyn Fn() -> anyhow::Result<()>,
    ) -> anyhow::Result<f64> {
        self.report.table(
            &format!("Single events, {name}"),
            &[
                "connections",
                "null server, requests/s",
                "p50 / p99 ms",
                "cores",
                "shopfunnel, durable events/s",
                "p50 / p99 ms",
                "cores",
                "ratio (of single turns)",
                "p99 ratio",
            ],
        );
        let (mut capacity, mut alone) = (f64::NAN, String::new());
        for connections in CONNECTIONS {
            let (null_load, load, spread) = self.in_turn(null, tracker, &singles.file, connections, wait)?;
            let ratio = load.requests_per_s / null_load.requests_per_s;
            let p99_ratio = load.p99_us / null_load.p99_us;
            self.report.row(&[
                connections.to_string(),
                count(null_load.requests_per_s),
                latencies(&null_load),
                format!("{:.2}", null_load.cores),
                count(load.requests_per_s),
                latencies(&load),
                format!("{:.2}", load.cores),
                format!("{ratio:.2} ({spread})"),
                format!("{p99_ratio:.1}"),
            ]);
            if connections == 1 {
                let sync_us = self.bare_sync_us(singles.bytes)?;
                alone = format!(
                    "One connection alone: {:.3} ms (median) for an answer, {:.3} ms for a bare append of \
                    as many bytes ({}) and its `fdatasync`. A window that waits for company would stand \
                    between the two.",
                    load.p50_us / 1e3,
                    sync_us / 1e3,
                    singles.bytes,
                );
            }
            if connections == MOST_CONNECTIONS {
                capacity = load.requests_per_s;
                if shipper == Shipper::Paused {
                    for least in [0.6, 0.7] {
                        self.report.goal(
                            &format!(
                                "single events, {connections} connections: ≥ {least} of the null server"
                            ),
                            &format!("{ratio:.2}"),
                            ratio >= least,
                        );
                    }
                    self.report.goal(
                        "their p99 ≤ 3 × the null server's",
                        &format!("{p99_ratio:.1} ×"),
                        p99_ratio <= 3.0,
                    );
                }
            }
        }
        self.report.note(&alone);
        Ok(capacity)
    }

    /// Single events at a constant rate, so that waiting is seen and not avoided.
    fn half_of_capacity(
        &mut self,
        name: &str,
        tracker: &Tracker,
        singles: &Saved,
        capacity: f64,
    ) -> anyhow::Result<()> {
        let pace = Pace {
            address: tracker.server.address,
            requests_per_s: capacity / 2.0,
            connections: MOST_CONNECTIONS,
            duration: self.paced,
        };
        let cpu_seconds = tracker.server.cpu_seconds();
        let paced = pace::run(pace, &singles.visits, &AtomicBool::new(false))?;
        ensure!(paced.refused == 0, "{} requests were refused", paced.refused);
        let p99_ms = paced.percentile_us(99.0) / 1e3;
        self.report.row(&[
            "single events at half of capacity, constant rate".into(),
            count(paced.requests_per_s()),
            count(paced.requests_per_s()),
            format!("{:.2}", paced.percentile_us(50.0) / 1e3),
            format!("{p99_ms:.2}"),
            format!("{:.2}", (tracker.server.cpu_seconds() - cpu_seconds) / paced.duration.as_secs_f64()),
        ]);
        self.report.goal(
            &format!("at half of capacity, {name}: p99 ≤ 3 ms"),
            &format!("{p99_ms:.2} ms"),
            p99_ms <= 3.0,
        );
        Ok(())
    }

    fn batches(
        &mut self,
        shipper: Shipper,
        installation: &Installation,
        tracker: &Tracker,
        wait: &dyn Fn() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // Last, because they write most: a disk that is shared may be slower for a while after them.
        for (events, least) in BATCHES.into_iter().zip([150_000.0, 250_000.0]) {
            let batches = self.visits(installation, "batches", events, false)?;
            let mut loads = Vec::new();
            for _ in 0..self.arguments.rounds {
                wait()?;
                loads.push(self.load(tracker, &batches.file, MOST_CONNECTIONS, events)?);
            }
            let load = median(&loads);
            let events_per_s = load.requests_per_s * events as f64;
            self.row(&format!("batches of {events}, {MOST_CONNECTIONS} connections"), &load, events_per_s);
            if shipper == Shipper::Paused {
                self.report.goal(
                    &format!("batches of {events}: ≥ {} events/s", count(least)),
                    &count(events_per_s),
                    events_per_s >= least,
                );
            }
        }
        Ok(())
    }

    /// Both servers under the same load, turn by turn. `wait` comes before the null server's turn, so that
    /// what the tracker still ships does not slow it. The text tells the lowest and the highest ratio of one
    /// turn.
    fn in_turn(
        &self,
        null: &Server,
        tracker: &Tracker,
        visits: &Path,
        connections: usize,
        wait: &dyn Fn() -> anyhow::Result<()>,
    ) -> anyhow::Result<(Load, Load, String)> {
        let (mut nulls, mut loads) = (Vec::new(), Vec::new());
        for _ in 0..self.arguments.rounds {
            wait()?;
            nulls.push(busy(null, || wrk::run(null.address, visits, connections, self.turn))?);
            loads.push(self.load(tracker, visits, connections, 1)?);
        }
        let mut ratios: Vec<f64> =
            loads.iter().zip(&nulls).map(|(load, null)| load.requests_per_s / null.requests_per_s).collect();
        ratios.sort_by(f64::total_cmp);
        let spread = format!("{:.2}–{:.2}", ratios[0], ratios[ratios.len() - 1]);
        Ok((median(&nulls), median(&loads), spread))
    }

    /// One turn of the tracker, whose own count of accepted events must agree with `wrk`.
    fn load(
        &self,
        tracker: &Tracker,
        visits: &Path,
        connections: usize,
        events: usize,
    ) -> anyhow::Result<Load> {
        let before = tracker.counter("events_accepted")?;
        let load =
            busy(&tracker.server, || wrk::run(tracker.server.address, visits, connections, self.turn))?;
        let accepted = tracker.counter("events_accepted")? - before;
        let answered = load.requests * events as u64;
        ensure!(accepted >= answered, "wrk saw {answered} events accepted, the tracker {accepted}");
        Ok(load)
    }

    /// The median of one append and `fdatasync` after the other, on the disk of the data directories.
    fn bare_sync_us(&self, bytes: usize) -> anyhow::Result<f64> {
        let mut file = File::create(self.arguments.scratch.join("sync"))?;
        let record = vec![b'x'; bytes];
        let mut times_us = Vec::new();
        let began = Instant::now();
        while began.elapsed() < self.turn / 2 {
            let started = Instant::now();
            file.write_all(&record)?;
            file.sync_data()?;
            times_us.push(started.elapsed().as_secs_f64() * 1e6);
        }
        times_us.sort_by(f64::total_cmp);
        Ok(times_us[times_us.len() / 2])
    }

    /// A backlog that came while ClickHouse was away is shipped while events go on arriving.
    fn drain(&mut self) -> anyhow::Result<()> {
        let installation = self.installation("drain")?;
        let batches = self.visits(&installation, "backlog", 100, false)?;
        let tracker = installation.serve(Shipper::Paused)?;
        while tracker.counter("events_accepted")? < self.backlog {
            wrk::run(tracker.server.address, &batches.file, 16, Duration::from_secs(2))?;
        }
        let backlog = tracker.counter("events_accepted")?;
        drop(tracker);

        let singles = self.visits(&installation, "singles", 1, false)?;
        let tracker = installation.serve(Shipper::Running)?;
        tracker.server.forget_peak();
        let pace = Pace {
            address: tracker.server.address,
            requests_per_s: BACKGROUND_EVENTS_PER_S,
            connections: MOST_CONNECTIONS,
            duration: Duration::from_secs(600),
        };
        let stop = AtomicBool::new(false);
        let (shipped_per_s, paced) = std::thread::scope(|scope| {
            let load = scope.spawn(|| pace::run(pace, &singles.visits, &stop));
            let drained = drained_per_s(&tracker, backlog);
            stop.store(true, Ordering::Relaxed);
            let paced = load.join().expect("the load generator does not panic");
            anyhow::Ok((drained?, paced?))
        })?;
        ensure!(paced.refused == 0, "{} requests were refused", paced.refused);
        self.report.table(
            "Draining a backlog while events arrive",
            &["backlog, events", "shipped, events/s", "arriving, events/s", "their p50 / p99 ms"],
        );
        self.report.row(&[
            count(backlog as f64),
            count(shipped_per_s),
            count(paced.requests_per_s()),
            format!("{:.2} / {:.2}", paced.percentile_us(50.0) / 1e3, paced.percentile_us(99.0) / 1e3),
        ]);
        self.report.goal(
            "a backlog drains at ≥ 100 000 events/s while 5 000/s arrive",
            &count(shipped_per_s),
            shipped_per_s >= 100_000.0,
        );
        self.memory("draining", &tracker);
        Ok(())
    }

    /// A steady load for a long time, the engine running.
    fn soak(&mut self, duration: Duration) -> anyhow::Result<()> {
        let installation = self.installation("soak")?;
        let singles = self.visits(&installation, "singles", 1, false)?;
        let tracker = installation.serve(Shipper::Running)?;
        let pace = Pace {
            address: tracker.server.address,
            requests_per_s: SOAK_EVENTS_PER_S,
            connections: MOST_CONNECTIONS,
            duration,
        };
        self.report.table(
            &format!("{} s of {} events/s", duration.as_secs(), count(SOAK_EVENTS_PER_S)),
            &["second", "resident MiB", "open files"],
        );
        let warm_up = WARM_UP.min(duration / 4);
        let began = Instant::now();
        let (paced, growth_mib) = std::thread::scope(|scope| {
            let load = scope.spawn(|| pace::run(pace, &singles.visits, &AtomicBool::new(false)));
            let (mut next, mut warm_mib, mut last_mib) = (warm_up, f64::NAN, f64::NAN);
            while !load.is_finished() {
                std::thread::sleep(Duration::from_millis(100));
                if began.elapsed() >= next && began.elapsed() < duration {
                    last_mib = tracker.server.resident_mib();
                    if warm_mib.is_nan() {
                        warm_mib = last_mib;
                    }
                    self.report.row(&[
                        next.as_secs().to_string(),
                        format!("{last_mib:.1}"),
                        tracker.server.open_files().to_string(),
                    ]);
                    next += Duration::from_secs(60).min(duration / 4);
                }
            }
            (load.join().expect("the load generator does not panic"), last_mib - warm_mib)
        });
        let paced = paced?;
        ensure!(paced.refused == 0, "{} requests were refused", paced.refused);
        self.report.goal(
            &format!("{} s at {} events/s: no growth", duration.as_secs(), count(SOAK_EVENTS_PER_S)),
            &format!("{growth_mib:+.1} MiB, p99 {:.2} ms", paced.percentile_us(99.0) / 1e3),
            growth_mib <= MAX_GROWTH_MIB,
        );
        Ok(())
    }

    fn memory(&mut self, when: &str, tracker: &Tracker) {
        let peak_mib = tracker.server.peak_mib();
        self.report.goal(
            &format!("tracker's memory, {when}: ≤ {MAX_TRACKER_MIB} MiB"),
            &format!("{peak_mib:.0} MiB"),
            peak_mib <= MAX_TRACKER_MIB,
        );
    }

    fn row(&mut self, load: &str, figures: &Load, events_per_s: f64) {
        self.report.row(&[
            load.into(),
            count(figures.requests_per_s),
            count(events_per_s),
            format!("{:.2}", figures.p50_us / 1e3),
            format!("{:.2}", figures.p99_us / 1e3),
            format!("{:.2}", figures.cores),
        ]);
    }

    fn installation(&self, name: &str) -> anyhow::Result<Installation> {
        Installation::new(&self.program, self.arguments.scratch.join(name))
    }

    fn visits(
        &self,
        installation: &Installation,
        name: &str,
        events: usize,
        forwarded: bool,
    ) -> anyhow::Result<Saved> {
        let visits = Visits::new(&installation.public_key, events, forwarded);
        let file = self.arguments.scratch.join(name);
        visits.save(&file).with_context(|| file.display().to_string())?;
        Ok(Saved { bytes: visits.body_bytes(), visits, file })
    }
}

/// Prepared requests, and the file in which `wrk` finds them.
struct Saved {
    visits: Visits,
    file: PathBuf,
    /// Of one body.
    bytes: usize,
}

/// Events that reach ClickHouse per second until the backlog has.
fn drained_per_s(tracker: &Tracker, backlog: u64) -> anyhow::Result<f64> {
    let (began, before) = (Instant::now(), tracker.counter("events_shipped")?);
    loop {
        let shipped = tracker.counter("events_shipped")?;
        if shipped >= backlog {
            return Ok((shipped - before) as f64 / began.elapsed().as_secs_f64());
        }
        ensure!(began.elapsed() < Duration::from_secs(600), "{shipped} of {backlog} events in ten minutes");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs a load and notes how busy the server was.
fn busy(server: &Server, load: impl FnOnce() -> anyhow::Result<Load>) -> anyhow::Result<Load> {
    let (began, cpu_seconds) = (Instant::now(), server.cpu_seconds());
    let load = load()?;
    Ok(Load { cores: (server.cpu_seconds() - cpu_seconds) / began.elapsed().as_secs_f64(), ..load })
}

fn latencies(load: &Load) -> String {
    format!("{:.2} / {:.2}", load.p50_us / 1e3, load.p99_us / 1e3)
}

/// A whole number with its thousands apart.
fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
