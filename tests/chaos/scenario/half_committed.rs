//! The engine dies while it makes a part known: at a rename (before it happens), or at the sync that follows
//! one.
//!
//! Pass: the verdict. This is the window in which ClickHouse's own deduplication may take a lost part for a
//! repeat; it is here to show that nothing of ours leans on it.

use crate::server::is_alive;
use crate::tracer::Injection;
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use crate::verdict::Verdict;

/// Kills on one installation: the engine's supervisor waits twice as long after each.
const ROUND: usize = 4;

pub async fn run(plan: Plan) -> Report {
    let mut whole = Report { verdict: Some(Verdict::default()), ..Report::default() };
    for first in (0..plan.cycles).step_by(ROUND) {
        let cycles = ROUND.min(plan.cycles - first);
        let seed = plan.seed.wrapping_add(first as u64);
        whole.absorb(round(Plan { cycles, seed, ..plan }, first).await);
    }
    whole.figure("kills", plan.cycles);
    whole
}

async fn round(plan: Plan, first: usize) -> Report {
    let mut trial = Trial::begin(plan, Setup::default());
    let server = trial.installation.serve();
    let traffic = trial.traffic(&Load { connections: 4, events_per_second: Some(800.0), ..Load::default() });
    for kill in 0..plan.cycles {
        trial.until_acked(MIN_ACKED).await;
        let [engine] = server.engine_pids()[..] else {
            trial.report.require(false, "the server does not have one engine");
            break;
        };
        let number = first + kill;
        let calls = if number.is_multiple_of(2) { "rename,renameat,renameat2" } else { "fsync,fdatasync" };
        let injection = Injection::new(calls, format!("signal=KILL:when={}", number / 2 % 5 + 1));
        let mut tracer = injection.attach(engine, &trial.directory().join("strace.log"));
        trial.until("the engine is killed at its call", async || !is_alive(engine)).await;
        tracer.wait().expect("the tracer ends with what it traces");
        trial
            .until("the engine was started again", async || {
                trial.metric("shopfunnel_engine_restarts_total").await == Some(kill as f64 + 1.0)
            })
            .await;
    }
    let answers = traffic.end().await;
    trial.report.require(answers.failed.is_empty(), format!("ingest noticed: {:?}", answers.failed));
    trial.conclude(server).await
}
