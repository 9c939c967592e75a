//! `kill -9` of the server under load.
//!
//! Pass: the verdict; ready again within 5 s without a hand laid on; no row more than once per time it was
//! sent, and once more for each kill that may have cut its insert off.

use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use crate::verdict::Verdict;
use std::time::Duration;

/// Cycles on one data directory; more begin with a new one, which keeps each verdict short.
const ROUND: usize = 10;

pub async fn run(plan: Plan) -> Report {
    let mut whole = Report { verdict: Some(Verdict::default()), ..Report::default() };
    let mut slowest = Duration::ZERO;
    for first in (0..plan.cycles).step_by(ROUND) {
        let cycles = ROUND.min(plan.cycles - first);
        let round = Plan { cycles, seed: plan.seed.wrapping_add(first as u64), ..plan };
        let (report, ready) = kill(round).await;
        slowest = slowest.max(ready);
        if !report.failures().is_empty() {
            whole.missed.push(format!("the round that failed has --cycles {cycles} --seed {}", round.seed));
        }
        whole.absorb(report);
    }
    whole.figure("kills", plan.cycles);
    whole.figure("slowest_start_ms", slowest.as_millis());
    whole
}

/// One round, and its slowest start.
async fn kill(plan: Plan) -> (Report, Duration) {
    let mut trial = Trial::begin(plan, Setup::default());
    let mut server = trial.installation.serve();
    let traffic =
        trial.traffic(&Load { connections: 16, events_per_second: Some(5_000.0), ..Load::default() });
    let mut slowest = Duration::ZERO;
    let mut cut_off = 0;
    for _ in 0..plan.cycles {
        let before = trial.acked();
        // The moment of the kill is the fault, so it is drawn and not awaited.
        tokio::time::sleep(Duration::from_millis(trial.random.u64(50..=3_000))).await;
        trial.until_acked(MIN_ACKED.saturating_sub(trial.acked() - before)).await;
        server.kill();
        cut_off += trial.acked() - before;
        let ready;
        (server, ready) = trial.restart();
        slowest = slowest.max(ready);
    }
    trial.until_acked(MIN_ACKED).await;
    let answers = traffic.end().await;
    trial.report.require(answers.broken.is_empty(), format!("answers: {:?}", answers.broken));
    trial.report.require(answers.failed("none") > 0, "no request was cut off by a kill");
    let repeats = trial.route.ledger.repeats();
    trial.report.require(repeats > 0, "no event was sent twice");
    let mut report = trial.conclude(server).await;
    let raw_dup = report.verdict.as_ref().map_or(0, |verdict| verdict.raw_dup) as u64;
    report.require(
        raw_dup <= repeats + cut_off,
        format!("{raw_dup} rows too many for {repeats} repeats and {cut_off} events of cycles cut off"),
    );
    (report, slowest)
}
