//! How long a funnel takes, beside the ways in which others count it, on the same rows of the same engine:
//! `make bench-query`.
//!
//! Each size is generated, loaded through `shopfunnel import events` as it is generated, and asked in one
//! run. The first of several askings is the cold one: the server was just started. What is measured is told
//! in `docs/BENCHMARKS.md`.
#![allow(clippy::unwrap_used, reason = "a benchmark ends where something is not as it must be")]

mod chart;
mod life;
#[path = "../report.rs"]
mod report;
mod shapes;
mod steady;

use anyhow::{Context, ensure};
use chart::Bar;
use chrono::{Days, NaiveDate};
use clap::Parser;
use report::Report;
use reqwest::Client;
use serde_json::Value;
use shapes::Of;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

const LISTEN: &str = "127.0.0.1:18097";
const ADMIN_LISTEN: &str = "127.0.0.1:19497";
const DAY_MS: i64 = 86_400_000;
/// Of all events, in hundredths.
const SHOPS: [(&str, u64); 3] = [("large", 90), ("middle", 9), ("small", 1)];
const WINDOWS: [i64; 3] = [1, 7, life::DAYS];
/// Askings of one question end after this long.
const PATIENCE: Duration = Duration::from_secs(20);
const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/query.svg");
const YEAR_DAYS: i64 = 365;
const YEAR_LEDGER_MB: f64 = 200.0;
const SEED: u64 = 20_261_111;

#[derive(Parser)]
struct Arguments {
    /// Events of all shops together; several sizes are measured one after the other.
    #[arg(long, default_values_t = [10_000_000])]
    events: Vec<u64>,
    /// Put the tables into docs/BENCHMARKS.md.
    #[arg(long)]
    write: bool,
    /// Askings of each question, of which the median counts.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Keep what an earlier run has loaded.
    #[arg(long)]
    keep: bool,
    /// Ask nothing: only send events for a while into the tables that an earlier run left.
    #[arg(long)]
    only_steady: bool,
    /// Ask nothing else: load so many events of one shop's year, and tell how large its ledger is.
    #[arg(long, value_name = "EVENTS")]
    year: Option<u64>,
    /// Where data directories are made; must be on a real disk.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-query"))]
    scratch: PathBuf,
    /// cargo bench says so; it changes nothing.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.scratch)?;
    let mut report = Report::new("query", &arguments.scratch);
    let runtime = Runtime::new()?;
    if arguments.only_steady {
        for events in &arguments.events {
            let directory = arguments.scratch.join(events.to_string());
            runtime
                .block_on(async { steady::measure(&Place::start(&directory).await?, &mut report).await })?;
        }
        println!("{}", report.text());
        return Ok(());
    }
    if let Some(events) = arguments.year {
        runtime.block_on(measure_year(&arguments, events, &mut report))?;
        println!("{}", report.text());
        return Ok(());
    }
    let mut sizes = Vec::new();
    for events in &arguments.events {
        let measured = runtime.block_on(measure(&arguments, *events, &mut report));
        // What an hour has found out is not lost with what comes after it.
        eprintln!("{}", report.text());
        sizes.push(measured?);
    }
    // They may be named in any order.
    sizes.sort_by_key(|size| size.events);
    if let [first, .., last] = sizes.as_slice() {
        let growth = last.api / first.api;
        report.goal("median of the API, largest to smallest size", &format!("{growth:.2} ×"), growth <= 1.5);
    }
    println!("{}", report.text());
    eprintln!("{} goals missed", report.missed());
    if arguments.write {
        report.write()?;
        let groups: Vec<_> = sizes.into_iter().map(|size| size.bars).collect();
        std::fs::write(
            CHART,
            chart::draw("How long a funnel takes, by the way in which it is counted", &groups),
        )?;
    }
    Ok(())
}

/// What one size gave.
struct Measured {
    events: u64,
    /// The API's median for the whole range, in milliseconds.
    api: f64,
    bars: (String, Vec<Bar>),
}

/// First and last day, both included.
type Window = (NaiveDate, NaiveDate);

/// A server with `events` events, and the number of their first day. Loads them, unless an earlier
/// run has and they were to be kept.
async fn loaded(arguments: &Arguments, events: u64, report: &mut Report) -> anyhow::Result<(Place, i64)> {
    let directory = arguments.scratch.join(events.to_string());
    if !arguments.keep {
        let _ = std::fs::remove_dir_all(&directory);
    }
    std::fs::create_dir_all(&directory)?;
    let mut place = Place::start(&directory).await?;
    let millions = events as f64 / 1e6;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let first_file = directory.join("first-day");
    if !first_file.exists() {
        let first_ms = (now_ms / DAY_MS - life::DAYS) * DAY_MS;
        let begun = Instant::now();
        for (shop, share) in SHOPS {
            place.load(shop, events * share / 100, first_ms, life::DAYS)?;
        }
        let loaded = begun.elapsed();
        place.settle().await?;
        report.table(&format!("{millions} M events: loading"), &["what", "took", "events/s"]);
        for (what, took) in [("imported", loaded), ("in the ledger", begun.elapsed())] {
            report.row(&[
                what.into(),
                format!("{:.0} s", took.as_secs_f64()),
                format!("{:.0}", events as f64 / took.as_secs_f64()),
            ]);
        }
        std::fs::write(&first_file, first_ms.to_string())?;
        place.storage(events, report).await?;
        // So that the first asking finds nothing in memory.
        drop(place);
        place = Place::start(&directory).await?;
    }
    let first_day = std::fs::read_to_string(&first_file)?.parse::<i64>()? / DAY_MS;
    Ok((place, first_day))
}

/// The median in milliseconds of a question with two filters, as the rows lie after an hour of quiet.
async fn with_two_filters(
    arguments: &Arguments,
    place: &Place,
    whole_range: Window,
    report: &mut Report,
) -> anyhow::Result<f64> {
    let filters = "&source=baidu&source=google&device=mobile";
    let (mut filtered, mut cells) = (f64::NAN, Vec::new());
    // As they lie after the import, and then as ClickHouse leaves weeks that have been quiet for an hour.
    for before in ["SELECT 1", "OPTIMIZE TABLE day_facts FINAL"] {
        place.sql(before, Of::Total, whole_range).await?;
        let asked = async || place.funnel(Of::Total, whole_range, filters).await.map(drop);
        let (cold, median) = timed(arguments.rounds, asked).await?;
        filtered = median;
        cells.push(cell(cold, median));
    }
    report.note(&format!(
        "The API with two filters, which visitors' days have to answer: {} ms for 30 days right after the \
        import, {} ms when the weeks are merged, as they are after a quiet hour.",
        cells[0], cells[1],
    ));
    Ok(filtered)
}

/// Loads and asks one size.
async fn measure(arguments: &Arguments, events: u64, report: &mut Report) -> anyhow::Result<Measured> {
    let (place, first_day) = loaded(arguments, events, report).await?;
    let millions = events as f64 / 1e6;
    let day = |number: i64| NaiveDate::default() + Days::new(u64::try_from(number).unwrap_or_default());
    let last = first_day + life::DAYS - 1;
    let windows: [Window; 3] = WINDOWS.map(|days| (day(last + 1 - days), day(last)));

    let whole_range = windows[WINDOWS.len() - 1];
    let questions: Vec<_> = windows
        .iter()
        .map(|window| (Of::Total, *window))
        .chain([Of::Days, Of::Sources].map(|of| (of, whole_range)))
        .collect();
    report.table(
        &format!("{millions} M events: the funnel of the large shop, cold / median in ms"),
        &["how", "1 day", "7 days", "30 days", "30 days, daily series", "30 days, by source"],
    );
    let mut bars = Vec::new();
    for shape in [&shapes::WINDOW_FUNNEL].into_iter().chain(&shapes::OTHERS) {
        let mut cells = vec![shape.name.to_owned()];
        for &(of, window) in &questions {
            let took =
                timed(arguments.rounds, async || place.sql(&shape.sql(of), of, window).await.map(drop)).await;
            if let (Of::Total, Ok((_, median))) = (of, &took)
                && window == whole_range
            {
                bars.push(Bar { name: shape.name.to_owned(), ms: *median, is_ours: false });
            }
            // One way that fails on this machine does not end a run of hours.
            cells.push(
                took.map_or_else(|error| format!("failed: {error:.80}"), |(cold, median)| cell(cold, median)),
            );
        }
        report.row(&cells);
    }
    let mut cells = vec!["the HTTP API".to_owned()];
    let mut medians = Vec::new();
    for &(of, window) in &questions {
        let (cold, median) =
            timed(arguments.rounds, async || place.funnel(of, window, "").await.map(drop)).await?;
        cells.push(cell(cold, median));
        medians.push(median);
    }
    report.row(&cells);
    let api = medians[WINDOWS.len() - 1];
    let windowed = bars.first().map_or(f64::NAN, |bar| bar.ms);
    bars.push(Bar { name: "the HTTP API".into(), ms: api, is_ours: true });
    let filtered = with_two_filters(arguments, &place, whole_range, report).await?;
    for (what, median, goal) in [
        ("30 days", api, 15.0),
        ("30 days, daily series", medians[WINDOWS.len()], 25.0),
        ("30 days, by source", medians[WINDOWS.len() + 1], 30.0),
        ("30 days, two filters", filtered, 2_000.0),
    ] {
        report.goal(
            &format!("{millions} M events, API, {what}: ≤ {goal} ms"),
            &format!("{median:.1} ms"),
            median <= goal,
        );
    }
    if events >= 100_000_000 {
        let times = windowed / api;
        let goal = format!("{millions} M events, 30 days, API against `windowFunnel`: ≥ 500 ×");
        report.goal(&goal, &format!("{times:.0} ×"), times >= 500.0);
    }
    for window in windows {
        place.compare(window).await?;
    }
    report.note(
        "Visitors, effective and buyers of each window and of each day are those that the raw events give.",
    );
    if !arguments.keep {
        steady::measure(&place, report).await?;
    }
    Ok(Measured { events, api, bars: (format!("{millions} M events, 30 days"), bars) })
}

/// Loads a year of one shop, whose visitors come back after any time, and tells how large its ledger is and
/// how long it takes to ask.
async fn measure_year(arguments: &Arguments, events: u64, report: &mut Report) -> anyhow::Result<()> {
    let directory = arguments.scratch.join("year");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory)?;
    let place = Place::start(&directory).await?;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let first_day = now_ms / DAY_MS - YEAR_DAYS;
    place.load("large", events, first_day * DAY_MS, YEAR_DAYS)?;
    place.settle().await?;
    place.sql("OPTIMIZE TABLE day_ledger FINAL", Of::Total, Window::default()).await?;
    place.storage(events, report).await?;
    let size = "SELECT total_bytes / 1e6 FROM system.tables WHERE database = currentDatabase() AND name = 'day_ledger'";
    let size: f64 = place.sql(size, Of::Total, Window::default()).await?.trim().parse()?;
    let goal = format!("the ledger of one shop-year: ≤ {YEAR_LEDGER_MB} MB");
    report.goal(&goal, &format!("{size:.1} MB"), size <= YEAR_LEDGER_MB);
    let day = |number: i64| NaiveDate::default() + Days::new(u64::try_from(number).unwrap_or_default());
    let last = first_day + YEAR_DAYS - 1;
    report.table(
        "One shop-year: the API, cold / median in ms",
        &["window", "total", "daily series", "by source"],
    );
    for days in [30, 90, YEAR_DAYS] {
        let window = (day(last + 1 - days), day(last));
        let mut cells = vec![format!("{days} days")];
        for of in [Of::Total, Of::Days, Of::Sources] {
            let asked = async || place.funnel(of, window, "").await.map(drop);
            let (cold, median) = timed(arguments.rounds, asked).await?;
            cells.push(cell(cold, median));
        }
        report.row(&cells);
        place.compare(window).await?;
    }
    Ok(())
}

fn cell(cold: f64, median: f64) -> String {
    let digits = usize::from(median < 100.0);
    format!("{cold:.0} / {median:.digits$}")
}

/// The first, and the median of the others, in milliseconds. What takes long is asked less often.
async fn timed(
    rounds: usize,
    mut asked: impl AsyncFnMut() -> anyhow::Result<()>,
) -> anyhow::Result<(f64, f64)> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.len() < 2 || (times.len() <= rounds && begun.elapsed() < PATIENCE) {
        let begun = Instant::now();
        asked().await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let cold = times.remove(0);
    times.sort_by(f64::total_cmp);
    Ok((cold, times[times.len() / 2]))
}

/// The product under test with its shops.
struct Place {
    child: Child,
    directory: PathBuf,
    client: Client,
    engine: Value,
}

impl Place {
    async fn start(directory: &Path) -> anyhow::Result<Place> {
        let log = std::fs::File::options().create(true).append(true).open(directory.join("log"))?;
        let child = command(directory, &["serve"]).stdout(log.try_clone()?).stderr(log).spawn()?;
        let client = Client::builder().no_proxy().build()?;
        let deadline = Instant::now() + Duration::from_secs(120);
        let ready = format!("http://{ADMIN_LISTEN}/readyz");
        while !client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            ensure!(Instant::now() < deadline, "the server does not start, see {}/log", directory.display());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let engine = serde_json::from_slice(&std::fs::read(directory.join("data/engine/engine.json"))?)?;
        Ok(Place { child, directory: directory.to_owned(), client, engine })
    }

    /// Makes a shop and imports its events while they are made.
    fn load(&self, shop: &str, events: u64, first_ms: i64, span_days: i64) -> anyhow::Result<()> {
        let added = command(
            &self.directory,
            &["shop", "add", "--name", shop, "--time-zone", "UTC", "--currency", "CNY", "--json"],
        )
        .output()?;
        ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        std::fs::write(self.directory.join(format!("{shop}.json")), added.stdout)?;
        let mut import = command(&self.directory, &["import", "events", "-", "--shop", shop])
            .stdin(Stdio::piped())
            .spawn()?;
        let mut out = BufWriter::with_capacity(1 << 20, import.stdin.take().context("its input")?);
        for visitor in 0..events.div_ceil(life::EVENTS_PER_VISITOR) {
            life::write(visitor, first_ms, span_days, SEED, &mut out)?;
        }
        out.flush()?;
        drop(out);
        ensure!(import.wait()?.success(), "the import of {shop} failed");
        Ok(())
    }

    /// Waits until nothing is queued for the ledger.
    async fn settle(&self) -> anyhow::Result<()> {
        let queued = "SELECT count() FROM ledger_changes";
        while self.sql(queued, Of::Total, Window::default()).await?.trim() != "0" {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    async fn storage(&self, events: u64, report: &mut Report) -> anyhow::Result<()> {
        let tables = self.sql(
            "SELECT name, total_rows, total_bytes FROM system.tables WHERE database = currentDatabase() AND \
            total_bytes > 1000000 ORDER BY total_bytes DESC",
            Of::Total,
            Window::default(),
        ).await?;
        report.table(
            &format!("{:.0} M events: storage", events as f64 / 1e6),
            &["table", "rows", "MB", "bytes per event"],
        );
        for line in tables.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            let bytes: f64 = cells[2].parse()?;
            report.row(&[
                cells[0].into(),
                cells[1].into(),
                format!("{:.1}", bytes / 1e6),
                format!("{:.1}", bytes / events as f64),
            ]);
        }
        Ok(())
    }

    async fn sql(&self, sql: &str, of: Of, (from, to): Window) -> anyhow::Result<String> {
        let url = format!("http://127.0.0.1:{}/", self.engine["http_port"]);
        let parameters = [
            ("database", "shopfunnel"),
            ("param_shop", "large"),
            ("param_from", &from.to_string()),
            ("param_to", &to.to_string()),
            ("param_interval", if of == Of::Days { "day" } else { "" }),
            ("param_breakdown", if of == Of::Sources { "source" } else { "" }),
            ("param_filter_dimensions", "[]"),
            ("param_filter_values", "[]"),
            ("max_memory_usage", "0"),
            // Raw events of a hundred million rows are grouped in what memory there is.
            ("max_bytes_before_external_group_by", "6000000000"),
        ];
        let asked = self
            .client
            .post(url)
            .query(&parameters)
            .basic_auth("tracker", self.engine["tracker_password"].as_str())
            .header(
                shopfunnel::engine::TOKEN_HEADER,
                self.engine["tracker_token"].as_str().unwrap_or_default(),
            );
        let answer = asked.body(sql.to_owned()).send().await?;
        let ok = answer.status().is_success();
        let text = answer.text().await?;
        ensure!(ok, "{text}");
        Ok(text)
    }

    /// Asks the API about the large shop.
    async fn funnel(&self, of: Of, (from, to): Window, filters: &str) -> anyhow::Result<Value> {
        let keys: Value = serde_json::from_slice(&std::fs::read(self.directory.join("large.json"))?)?;
        let more = match of {
            Of::Total => "",
            Of::Days => "&interval=day",
            Of::Sources => "&breakdown=source",
        };
        let url = format!("http://{LISTEN}/v1/shops/large/funnel?from={from}&to={to}{more}{filters}");
        let answer =
            self.client.get(url).bearer_auth(keys["read_key"].as_str().context("a key")?).send().await?;
        ensure!(answer.status().is_success(), "{}", answer.text().await?);
        Ok(answer.json().await?)
    }

    /// The API's counts must be those of the raw events.
    async fn compare(&self, window: Window) -> anyhow::Result<()> {
        let found = self.funnel(Of::Days, window, "").await?;
        let days = found["series"].as_array().context("a series")?.iter();
        let counts = |funnel: &Value| ["visitors", "effective", "buyers"].map(|id| funnel[id].as_u64());
        let answered: Vec<_> =
            [counts(&found["funnel"])].into_iter().chain(days.map(|day| counts(&day["funnel"]))).collect();
        let mut exact = Vec::new();
        for (sql, of) in [(shapes::EXACT, Of::Total), (shapes::EXACT_DAYS, Of::Days)] {
            let text = self.sql(&sql.replace("DAYS", shapes::VISITOR_DAYS), of, window).await?;
            for line in text.lines() {
                let numbers: Vec<_> = line.split('\t').map(|number| number.parse().ok()).collect();
                exact.push(<[Option<u64>; 3]>::try_from(numbers).ok().context("three numbers")?);
            }
        }
        ensure!(answered == exact, "{window:?}: {answered:?} is not {exact:?}");
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Its engine ends with it.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shopfunnel"));
    command
        .args(arguments)
        .current_dir(directory)
        .env("SHOPFUNNEL_DATA_DIR", directory.join("data"))
        .env("SHOPFUNNEL_LISTEN", LISTEN)
        .env("SHOPFUNNEL_ADMIN_LISTEN", ADMIN_LISTEN);
    command
}
