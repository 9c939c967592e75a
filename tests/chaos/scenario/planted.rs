//! The faults of `shopfunnel::planted`, each of which must turn the verdict red for the right reason.

use crate::traffic::Load;
use crate::trial::{Plan, Report, Setup, Trial};
use crate::verdict::Verdict;

/// Of 80 000 random ids none is dropped once in 3 000 runs, and a run's seed says whether it is that one.
pub const SURELY_DROPS: u64 = 80_000;
pub const HAS_REPEATS: u64 = 2_000;

/// A run in which nothing is broken from outside, until this many events are acked.
pub async fn quiet(plan: Plan, events: u64) -> Report {
    let mut trial = Trial::begin(plan, Setup::default());
    let server = trial.installation.serve();
    let traffic = trial.traffic(&Load { batch: 20..=100, ..Load::default() });
    trial.until_acked(events).await;
    traffic.end().await;
    trial.conclude(server).await
}

/// Turns a report around: green when its verdict is red as it should be.
pub fn caught(report: Report, red: &str, is_red: impl Fn(&Verdict) -> bool) -> Report {
    let mut turned = Report { no_verdict: true, ..Report::default() };
    match &report.verdict {
        Some(verdict) => {
            turned.figure("the judge said:", verdict);
            turned.require(is_red(verdict), format!("the planted fault was not caught; expected {red}"));
        }
        None => turned.require(false, "there is no verdict"),
    }
    turned
}
