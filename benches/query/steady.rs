//! What the ledger costs while events arrive: so many a second, of visitors who are all on the site at once.

use super::{ADMIN_LISTEN, LISTEN, Place, life};
use crate::report::Report;
use anyhow::{Context, ensure};
use fastrand::Rng;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

const EVENTS_PER_SECOND: u64 = 5_000;
const EVENTS_PER_REQUEST: u64 = 100;
const VISITORS: u64 = 50_000;
const WARM_UP: Duration = Duration::from_secs(20);
/// Some rests of the ledger, so that one round more or less decides nothing.
const MEASURED: Duration = Duration::from_secs(240);

/// What has been used up so far, in seconds.
struct Used {
    at: Instant,
    server: f64,
    engine: f64,
    ledger: f64,
}

/// Sends events for a while and reports who used how much of a core meanwhile.
pub async fn measure(place: &Place, report: &mut Report) -> anyhow::Result<()> {
    let keys: Value = serde_json::from_slice(&std::fs::read(place.directory.join("large.json"))?)?;
    let key = keys["secret_key"].as_str().context("a key")?;
    let mut random = Rng::with_seed(super::SEED);
    let mut ticks = interval(Duration::from_secs(1) / (EVENTS_PER_SECOND / EVENTS_PER_REQUEST) as u32);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = Instant::now();
    let (mut first, mut sent, mut oldest) = (None, 0, 0f64);
    while begun.elapsed() < WARM_UP + MEASURED {
        ticks.tick().await;
        let events: Vec<Value> = (0..EVENTS_PER_REQUEST).map(|_| life::live(VISITORS, &mut random)).collect();
        let url = format!("http://{LISTEN}/v1/events");
        let answer = place.client.post(url).bearer_auth(key).json(&events).send().await?;
        ensure!(answer.status().is_success(), "{}", answer.text().await?);
        if begun.elapsed() < WARM_UP {
            continue;
        }
        if first.is_none() {
            first = Some(used(place).await?);
        }
        sent += EVENTS_PER_REQUEST;
        if sent % EVENTS_PER_SECOND == 0 {
            oldest = oldest.max(metric(place, "shopfunnel_ledger_age_seconds").await?);
        }
    }
    let (first, last) = (first.context("a first look")?, used(place).await?);
    let seconds = last.at.duration_since(first.at).as_secs_f64();
    let cores = |of: fn(&Used) -> f64| (of(&last) - of(&first)) / seconds;
    report.table(
        "While events arrive",
        &[
            "events/s",
            "tracker, cores",
            "ClickHouse, cores",
            "of these the ledger, at most",
            "ledger behind, at most",
        ],
    );
    let ledger = cores(|used| used.ledger);
    report.row(&[
        format!("{:.0}", sent as f64 / seconds),
        format!("{:.2}", cores(|used| used.server)),
        format!("{:.2}", cores(|used| used.engine)),
        format!("{ledger:.2}"),
        format!("{oldest:.1} s"),
    ]);
    report.goal(
        "the ledger while 5 000 events/s arrive: ≤ 0.25 core",
        &format!("{ledger:.2}"),
        ledger <= 0.25,
    );
    report.goal("events are in the ledger within 60 s", &format!("{oldest:.1} s"), oldest <= 60.0);
    Ok(())
}

async fn used(place: &Place) -> anyhow::Result<Used> {
    let server = place.child.id();
    let engine = child_of(server).context("an engine")?;
    Ok(Used {
        at: Instant::now(),
        server: processor_seconds(server)?,
        engine: processor_seconds(engine)?,
        ledger: metric(place, "shopfunnel_ledger_busy_seconds_total").await?,
    })
}

async fn metric(place: &Place, name: &str) -> anyhow::Result<f64> {
    let text = place.client.get(format!("http://{ADMIN_LISTEN}/metrics")).send().await?.text().await?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context(name.to_owned())?;
    Ok(line.trim().parse()?)
}

fn child_of(process: u32) -> Option<u32> {
    let mut numbers = std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.find(|number| stat(*number).is_ok_and(|fields| fields.get(1) == Some(&process.to_string())))
}

/// In user and kernel mode.
fn processor_seconds(process: u32) -> anyhow::Result<f64> {
    let fields = stat(process)?;
    let ticks: f64 = fields.iter().skip(11).take(2).map(|ticks| ticks.parse().unwrap_or(f64::NAN)).sum();
    Ok(ticks / 100.0)
}

/// What the kernel tells of a process, from its state on.
fn stat(process: u32) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    Ok(text.rsplit_once(')').context("a name")?.1.split_whitespace().map(str::to_owned).collect())
}
