//! A sync of the spool fails with EIO, the Nth in cycle N.
//!
//! Pass: the verdict after a restart; the requests of that round are answered 503; the file whose sync failed
//! is never synced again, because the kernel may have dropped its pages and would say that all is well. A
//! server that meets the failure at its start may refuse to start.

use crate::external::External;
use crate::tracer::Injection;
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use std::path::Path;

/// The exit code of a server that cannot trust its disk.
const IO_ERROR: i32 = 74;

pub async fn run(plan: Plan) -> Report {
    let external = External::start().await;
    let setup = Setup { external: Some((external.tables(), external.tables().url)), ..Setup::default() };
    let mut trial = Trial::begin(plan, setup);
    let (mut refused, mut ended, mut not_started) = (0, 0, 0);
    for n in 1..=plan.cycles {
        let log = trial.directory().join("strace.log");
        let injection = Injection::new("fdatasync", format!("error=EIO:when={n}"));
        trial.installation.under = injection.prefix(&log);
        let mut server = trial.installation.launch();
        trial.installation.under.clear();
        trial
            .until("the server is open or has refused to start", async || {
                server.ended().is_some() || trial.installation.is_open(&server)
            })
            .await;
        if let Some(status) = server.ended() {
            not_started += 1;
            trial.report.require(!status.success(), "a server that could not start ended with success");
            let again = syncs_after_a_failure(&log);
            trial.report.require(again == Some(0), format!("syncs of a file after its failure: {again:?}"));
            continue;
        }
        let acked = trial.acked();
        let traffic = trial.traffic(&Load { connections: 4, batch: 1..=10, ..Load::default() });
        trial
            .until("events are acked after the failed sync, or the server gave up", async || {
                let went_on = trial.acked() >= acked + MIN_ACKED && !traffic.answers().failed.is_empty();
                went_on || server.ended().is_some()
            })
            .await;
        let answers = traffic.end().await;
        match server.ended() {
            None => server.kill(),
            Some(status) => {
                ended += 1;
                trial.report.require(status.code() == Some(IO_ERROR), format!("it ended with {status}"));
            }
        }
        trial.report.require(answers.broken.is_empty(), format!("answers: {:?}", answers.broken));
        refused += answers.failed("storage_error");
        let again = syncs_after_a_failure(&log);
        trial.report.require(again == Some(0), format!("syncs of a file after its failure: {again:?}"));
    }
    trial.report.require(refused > 0 || ended > 0, "no request noticed the failures");
    trial.report.figure("failed_syncs", plan.cycles);
    trial.report.figure("requests_refused", refused);
    trial.report.figure("servers_ended", ended);
    trial.report.figure("servers_not_started", not_started);
    let (server, _) = trial.restart();
    let report = trial.conclude(server).await;
    external.stop().await;
    report
}

/// How often the file whose sync failed was synced again; `None` when no sync failed.
fn syncs_after_a_failure(log: &Path) -> Option<usize> {
    let log = std::fs::read_to_string(log).expect("the tracer's log");
    let mut lines = log.lines();
    let failed = lines.find(|line| line.contains("(INJECTED)"))?;
    let path = failed.split(['<', '>']).nth(1)?;
    Some(lines.filter(|line| line.contains(&format!("<{path}>"))).count())
}
