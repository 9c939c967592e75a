//! The first try of every insert fails: refused, or carried out and its reply lost. A cycle is a batch.
//!
//! Pass: the verdict; at most three tries per batch. With repeats allowed to reach the store and its own
//! deduplication switched off, this is the proof that figures do not notice them.

use crate::external::External;
use crate::proxy::{FaultProxy, Mode, Spoil};
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};

const MOST_TRIES: usize = 3;

/// Two halves at once: a server ships about one batch in a second, so this is mostly waiting.
pub async fn run(plan: Plan) -> Report {
    let cycles = plan.cycles / 2;
    let first = Plan { cycles: plan.cycles - cycles, ..plan };
    let second = Plan { cycles, seed: plan.seed.wrapping_add(1), ..plan };
    let mut whole = Report::default();
    let ways = vec![Spoil::Reset, Spoil::Cut, Spoil::Refuse];
    let (first, second) = tokio::join!(spoil(first, ways.clone(), 1_000.0), spoil(second, ways, 1_000.0));
    whole.absorb(first);
    whole.absorb(second);
    whole
}

/// The reply never comes, and the server has to give up by itself, which takes it two minutes.
pub async fn run_stalled(plan: Plan) -> Report {
    spoil(plan, vec![Spoil::Stall], 50.0).await
}

async fn spoil(plan: Plan, ways: Vec<Spoil>, events_per_second: f64) -> Report {
    let external = External::start().await;
    let kinds = ways.len();
    let proxy =
        FaultProxy::start(&external.tables().url, Mode::FirstTries { ways, batches: plan.cycles }).await;
    let setup = Setup { external: Some((external.tables(), proxy.url())), ..Setup::default() };
    let mut trial = Trial::begin(plan, setup);
    let server = trial.installation.serve();
    let traffic = trial.traffic(&Load {
        connections: 4,
        events_per_second: Some(events_per_second),
        ..Load::default()
    });
    trial.until("the batches have passed", async || proxy.counts().passed >= plan.cycles).await;
    let answers = traffic.end().await;
    let counts = proxy.counts();
    trial.report.require(answers.failed.is_empty(), format!("ingest noticed: {:?}", answers.failed));
    trial.report.require(
        trial.acked() >= MIN_ACKED * plan.cycles as u64,
        format!("only {} acked in {} batches", trial.acked(), plan.cycles),
    );
    trial.report.require(
        counts.spoilt.iter().filter(|&&count| count > 0).count() == kinds.min(plan.cycles),
        format!("not every fault happened: {:?}", counts.spoilt),
    );
    trial
        .report
        .require(counts.most_tries <= MOST_TRIES, format!("a batch needed {} tries", counts.most_tries));
    let failures = trial.metric("shopfunnel_insert_failures_total").await.unwrap_or(0.0) as usize;
    let spoilt: usize = counts.spoilt.iter().sum();
    trial.report.require(
        failures + 1 >= spoilt,
        format!("the server noticed only {failures} of {spoilt} spoilt inserts"),
    );
    let [refused, reset, cut, stalled] = counts.spoilt;
    trial.report.figure("batches", counts.passed);
    trial.report.figure("tries", counts.tries);
    trial.report.figure("most_tries", counts.most_tries);
    trial.report.figure("refused/reset/cut/stalled", format!("{refused}/{reset}/{cut}/{stalled}"));
    proxy.set(Mode::Pass);
    let report = trial.conclude(server).await;
    external.stop().await;
    report
}
