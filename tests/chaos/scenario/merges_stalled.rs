//! Merges stand still until ClickHouse refuses inserts for too many parts (error 252).
//!
//! Pass: the verdict; events are accepted throughout; at most a minute after merges go on, everything is in
//! the store.

use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use crate::verdict::execute;
use std::time::Duration;

const RECOVERS_WITHIN: Duration = Duration::from_secs(60);
const TOO_MANY_PARTS: u32 = 4;

pub async fn run(plan: Plan) -> Report {
    let mut trial = Trial::begin(plan, Setup::default());
    let server = trial.installation.serve();
    trial.drained().await;
    let tables = trial.tables();
    let mut slowest = Duration::ZERO;
    for _ in 0..plan.cycles {
        execute(&tables, "SYSTEM STOP MERGES events").await;
        let settings = format!("parts_to_delay_insert = 0, parts_to_throw_insert = {TOO_MANY_PARTS}");
        execute(&tables, &format!("ALTER TABLE event_log MODIFY SETTING {settings}")).await;
        let failures = insert_failures(&trial).await;
        let traffic =
            trial.traffic(&Load { connections: 4, events_per_second: Some(500.0), ..Load::default() });
        trial.until("inserts are refused", async || insert_failures(&trial).await >= failures + 3.0).await;
        trial.until_acked(MIN_ACKED).await;
        let answers = traffic.end().await;
        trial.report.require(answers.failed.is_empty(), format!("ingest noticed: {:?}", answers.failed));
        let reset = "ALTER TABLE event_log RESET SETTING parts_to_delay_insert, parts_to_throw_insert";
        execute(&tables, reset).await;
        execute(&tables, "SYSTEM START MERGES events").await;
        slowest = slowest.max(trial.drained().await);
    }
    let refusals = trial.installation.log().matches("Code: 252").count();
    trial.report.require(refusals > 0, "no insert was refused for too many parts");
    trial.report.require(slowest <= RECOVERS_WITHIN, format!("drained only after {slowest:?}"));
    trial.report.figure("refused_inserts", refusals);
    trial.report.figure("slowest_drain_ms", slowest.as_millis());
    trial.conclude(server).await
}

async fn insert_failures(trial: &Trial) -> f64 {
    trial.metric("shopfunnel_insert_failures_total").await.unwrap_or(0.0)
}
