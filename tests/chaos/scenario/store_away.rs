//! The store is away under load. A cycle is ten seconds of absence.
//!
//! Pass: the verdict; events are accepted throughout and about as fast as before; memory does not grow with
//! what waits; the spool is drained while events go on coming in.

use crate::external::External;
use crate::proxy::{FaultProxy, Mode};
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use std::time::{Duration, Instant};

const CYCLE: Duration = Duration::from_secs(10);
const EVENTS_PER_SECOND: f64 = 2_000.0;
const MOST_GROWTH_KIB: u64 = 32 << 10;
/// The machine is shared, and a p99 of milliseconds jumps.
const SLOWER_BY: Duration = Duration::from_millis(100);
/// So far behind is caught up, while events come in all the time.
const CAUGHT_UP_SECONDS: f64 = 3.0;

pub async fn run(plan: Plan) -> Report {
    let external = External::start().await;
    let proxy = FaultProxy::start(&external.tables().url, Mode::Pass).await;
    let setup = Setup { external: Some((external.tables(), proxy.url())), ..Setup::default() };
    let mut trial = Trial::begin(plan, setup);
    let server = trial.installation.serve();
    let traffic = trial.traffic(&Load { events_per_second: Some(EVENTS_PER_SECOND), ..Load::default() });
    // Both measurements are of a length, so both are waited for.
    let quiet = Instant::now();
    tokio::time::sleep(CYCLE).await;
    let resident_before = resident_kib(server.pid());
    let away = Instant::now();
    proxy.set(Mode::Away);
    let acked = trial.acked();
    tokio::time::sleep(CYCLE * plan.cycles as u32).await;
    let back = Instant::now();
    let spooled = trial.metric("shopfunnel_spool_bytes").await.unwrap_or(0.0);
    let resident = resident_kib(server.pid());
    let acked = trial.acked() - acked;
    proxy.set(Mode::Pass);
    trial
        .until("the spool is caught up with", async || {
            let age = trial.metric("shopfunnel_spool_oldest_age_seconds").await;
            age.is_some_and(|age| age < CAUGHT_UP_SECONDS)
        })
        .await;
    let drained = back.elapsed();
    let answers = traffic.end().await;
    let (p99_quiet, p99_away) = (answers.p99(quiet, away), answers.p99(away, back));
    let growth_kib = resident.saturating_sub(resident_before);
    trial.report.require(answers.failed.is_empty(), format!("ingest noticed: {:?}", answers.failed));
    trial.report.require(acked >= MIN_ACKED * plan.cycles as u64, format!("only {acked} acked meanwhile"));
    trial.report.require(growth_kib <= MOST_GROWTH_KIB, format!("memory grew by {growth_kib} KiB"));
    trial.report.require(
        p99_away <= p99_quiet * 2 + SLOWER_BY,
        format!("ack p99 {p99_away:?}, {p99_quiet:?} before"),
    );
    trial.report.figure("away_s", (back - away).as_secs());
    trial.report.figure("acked_meanwhile", acked);
    trial
        .report
        .figure("ack_p99_ms_quiet/away", format!("{}/{}", p99_quiet.as_millis(), p99_away.as_millis()));
    trial.report.figure("rss_kib_before/away", format!("{resident_before}/{resident}"));
    trial.report.figure("spool_bytes", spooled);
    trial.report.figure("caught_up_ms", drained.as_millis());
    let report = trial.conclude(server).await;
    external.stop().await;
    report
}

/// Memory of a process.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the server lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
