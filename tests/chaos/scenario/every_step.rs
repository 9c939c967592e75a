//! A kill at every step: at the Nth call of each kind that writes, for N = 1, 2, 3 … until a run survives.
//!
//! One client, a few small batches, then an orderly stop; then a start without the tracer and the verdict, at
//! every N. The tables are outside, so that every traced call is the server's own. A cycle is the most points
//! per kind.

use crate::external::External;
use crate::payload::Door;
use crate::tracer::Injection;
use crate::traffic::{Answer, Sender};
use crate::trial::{Plan, Report, Setup, Trial};
use std::sync::Arc;

/// Each kind is counted by itself: a thread that writes often must not hide one that renames seldom.
const KINDS: [(&str, &str); 6] = [
    ("write", "write,pwrite64,pwritev,pwritev2"),
    ("sync", "fdatasync,fsync"),
    ("rename", "rename,renameat,renameat2"),
    ("unlink", "unlink,unlinkat"),
    ("truncate", "ftruncate"),
    ("allocate", "fallocate"),
];
/// Each round ends with an empty spool, so that the cursor moves as often.
const ROUNDS: usize = 4;
const BATCHES: usize = 4;
const BATCH: usize = 5;
/// Fewer points would mean that the tracer missed the spool: it writes and syncs every batch.
const MIN_POINTS: usize = 2 * BATCHES;

pub async fn run(plan: Plan) -> Report {
    let external = External::start().await;
    let setup = Setup { external: Some((external.tables(), external.tables().url)), ..Setup::default() };
    let mut trial = Trial::begin(plan, setup);
    let mut points = 0;
    for (kind, calls) in KINDS {
        let mut reached = 0;
        while reached < plan.cycles && dies_at(&mut trial, calls, reached + 1).await {
            reached += 1;
            let server = trial.installation.serve();
            let verdict = trial.judge().await;
            for failure in verdict.failures() {
                trial.report.require(false, format!("after a kill at {kind} {reached}: {failure}"));
            }
            server.kill();
        }
        let more = if reached == plan.cycles { "+" } else { "" };
        trial.report.figure(kind, format!("{reached}{more}"));
        points += reached;
    }
    trial.report.figure("points", points);
    trial.report.require(points >= MIN_POINTS.min(2 * plan.cycles), format!("only {points} points reached"));
    let server = trial.installation.serve();
    let report = trial.conclude(server).await;
    external.stop().await;
    report
}

/// Runs the server until the Nth call of a kind kills it; `false` when it survives.
async fn dies_at(trial: &mut Trial, calls: &str, n: usize) -> bool {
    let log = trial.directory().join("strace.log");
    trial.installation.under = Injection::new(calls, format!("signal=KILL:when={n}")).prefix(&log);
    let mut server = trial.installation.launch();
    trial.installation.under.clear();
    trial
        .until("the server is open or dead", async || {
            server.ended().is_some() || trial.installation.is_open(&server)
        })
        .await;
    let sender = Sender::new(trial.route.clone(), Arc::default());
    'batches: for _ in 0..ROUNDS {
        for door in [Door::Browser, Door::Server].into_iter().cycle().take(BATCHES) {
            let numbers = trial.route.ledger.mint(door, BATCH);
            if sender.send(door, &numbers).await == Answer::NobodyThere {
                trial.route.ledger.unanswered(&numbers);
                break 'batches;
            }
        }
        trial
            .until("the spool is drained or the server dead", async || {
                server.ended().is_some()
                    || trial.metric("shopfunnel_spool_oldest_age_seconds").await == Some(0.0)
            })
            .await;
    }
    server.ended().is_some() || server.terminate() != Some(0)
}
