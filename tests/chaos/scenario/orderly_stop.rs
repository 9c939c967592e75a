//! SIGTERM under load.
//!
//! Pass: the verdict; each time the server ends by itself within 10 s and with code 0.

use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use std::time::{Duration, Instant};

const ENDS_WITHIN: Duration = Duration::from_secs(10);

pub async fn run(plan: Plan) -> Report {
    let mut trial = Trial::begin(plan, Setup::default());
    let mut server = trial.installation.serve();
    let traffic = trial.traffic(&Load { events_per_second: Some(3_000.0), ..Load::default() });
    let mut slowest = Duration::ZERO;
    for _ in 0..plan.cycles {
        let more = trial.random.u64(..2_000);
        trial.until_acked(MIN_ACKED + more).await;
        let ordered = Instant::now();
        let code = server.terminate();
        let took = ordered.elapsed();
        slowest = slowest.max(took);
        trial.report.require(code == Some(0), format!("the server ended with {code:?}"));
        trial.report.require(took <= ENDS_WITHIN, format!("the server ended only after {took:?}"));
        (server, _) = trial.restart();
    }
    trial.until_acked(MIN_ACKED).await;
    let answers = traffic.end().await;
    trial.report.require(answers.broken.is_empty(), format!("answers: {:?}", answers.broken));
    trial.report.figure("slowest_stop_ms", slowest.as_millis());
    trial.conclude(server).await
}
