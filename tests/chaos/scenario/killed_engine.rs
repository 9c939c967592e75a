//! `kill -9` of the engine while events come in.
//!
//! Pass: the verdict; every request is answered 202; the engine is back each time.

use crate::server::signal;
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use std::time::{Duration, Instant};

/// Kills on one installation: its supervisor waits twice as long after each, and so does whoever ships.
const ROUND: usize = 3;

pub async fn run(plan: Plan) -> Report {
    let mut whole = Report::default();
    for first in (0..plan.cycles).step_by(ROUND) {
        let cycles = ROUND.min(plan.cycles - first);
        let seed = plan.seed.wrapping_add(first as u64);
        whole.absorb(round(Plan { cycles, seed, ..plan }).await);
    }
    whole.figure("kills", plan.cycles);
    whole
}

async fn round(plan: Plan) -> Report {
    let mut trial = Trial::begin(plan, Setup::default());
    let server = trial.installation.serve();
    let traffic = trial.traffic(&Load { events_per_second: Some(1_000.0), ..Load::default() });
    let mut slowest = Duration::ZERO;
    for kill in 1..=plan.cycles {
        let more = trial.random.u64(..2_000);
        trial.until_acked(MIN_ACKED + more).await;
        let [engine] = server.engine_pids()[..] else {
            trial.report.require(false, "the server does not have one engine");
            break;
        };
        signal("KILL", engine);
        let killed = Instant::now();
        trial
            .until("the engine was started again", async || {
                trial.metric("shopfunnel_engine_restarts_total").await == Some(kill as f64)
            })
            .await;
        let (day, _) = trial.route.derivation.window();
        trial.until("there are figures again", async || trial.funnel(day, day).await.is_some()).await;
        slowest = slowest.max(killed.elapsed());
    }
    let answers = traffic.end().await;
    trial
        .report
        .require(answers.failed.is_empty(), format!("ingest noticed the kills: {:?}", answers.failed));
    trial.report.require(answers.broken.is_empty(), format!("answers: {:?}", answers.broken));
    trial.report.figure("slowest_figures_ms", slowest.as_millis());
    let failures = trial.metric("shopfunnel_insert_failures_total").await.unwrap_or(0.0);
    trial.report.figure("insert_failures", failures);
    trial.report.require(failures > 0.0, "no kill met an insert");
    trial.conclude(server).await
}
