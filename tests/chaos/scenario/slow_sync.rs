//! Every sync of the spool takes half a second longer. A cycle is five seconds of load.
//!
//! Pass: the verdict; an answer takes at most two syncs and a little; one sync serves all that wait, so there
//! are at most two in a second.

use crate::external::External;
use crate::tracer::Injection;
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use std::path::Path;
use std::time::{Duration, Instant};

const SYNC: Duration = Duration::from_millis(500);
/// What the disk itself, the tracer and a busy machine add.
const A_LITTLE: Duration = Duration::from_millis(400);
const CYCLE: Duration = Duration::from_secs(5);

pub async fn run(plan: Plan) -> Report {
    let external = External::start().await;
    let setup = Setup { external: Some((external.tables(), external.tables().url)), ..Setup::default() };
    let mut trial = Trial::begin(plan, setup);
    let log = trial.directory().join("strace.log");
    let injection = Injection::new("fdatasync", format!("delay_exit={}", SYNC.as_micros()));
    trial.installation.under = injection.prefix(&log);
    let server = trial.installation.serve();
    trial.installation.under.clear();
    let load = Load { connections: 32, batch: 1..=20, ..Load::default() };
    let (started, syncs_before) = (Instant::now(), syncs(&log));
    let traffic = trial.traffic(&load);
    // The load itself is what is measured, so its length is fixed.
    tokio::time::sleep(CYCLE * plan.cycles as u32).await;
    let took = started.elapsed();
    let per_second = (syncs(&log) - syncs_before) as f64 / took.as_secs_f64();
    let answers = traffic.end().await;
    let p99 = answers.p99(started, Instant::now());
    trial.report.require(answers.failed.is_empty(), format!("refusals: {:?}", answers.failed));
    trial.report.require(trial.acked() >= MIN_ACKED * plan.cycles as u64, "too few events were acked");
    trial.report.require(p99 >= SYNC, "no answer waited for a slow sync");
    trial.report.require(p99 <= 2 * SYNC + A_LITTLE, format!("ack p99 {p99:?}"));
    trial.report.require(per_second > 0.0, "the tracer saw no sync");
    trial.report.require(per_second <= 2.0, format!("{per_second:.2} syncs per second"));
    trial.report.figure("ack_p99_ms", p99.as_millis());
    trial.report.figure("syncs_per_s", format!("{per_second:.2}"));
    let report = trial.conclude(server).await;
    external.stop().await;
    report
}

/// Syncs of segments that the tracer has seen.
fn syncs(log: &Path) -> usize {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    log.lines().filter(|line| line.contains("fdatasync(") && line.contains(".spool>")).count()
}
