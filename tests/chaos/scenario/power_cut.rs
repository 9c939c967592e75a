//! Power cuts: the data directory lies on an ext4 in a file, and a cut is a copy of that file. A cycle is a
//! cut.
//!
//! The server and its engine stand still while the file is copied; what they have written without a sync is
//! not in it. The copy is mounted, a server started on it, and its contents compared with the acks noted
//! before the copy began.
//!
//! Syncs are slowed down, as a busy disk does: then there is always something that is written and not synced.
//!
//! What it cannot show is a directory that was not synced: ext4 commits a new file's name with the first sync
//! of the file itself. The spool's own tests cover that with a model of a disk that does not.

use crate::disk::Image;
use crate::ledger::Fate;
use crate::server::signal;
use crate::tracer::Injection;
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use std::path::Path;
use std::time::Duration;

/// Sparse: only what is written takes space.
const DISK_BYTES: u64 = 2 << 30;
const SYNC_DELAY: Duration = Duration::from_millis(30);
/// A server that finds itself after another boot sends again what the store may have lost.
const SENT_AGAIN_WITHIN: Duration = Duration::from_secs(30);

pub async fn run(plan: Plan) -> Report {
    let directory = tempfile::tempdir().expect("a directory");
    let disk = Image::create(&directory.path().join("disk"), DISK_BYTES, &directory.path().join("mounted"));
    let setup = Setup { place: Some(disk.at().to_owned()), ..Setup::default() };
    let mut trial = Trial::begin(plan, setup);
    // The engine is traced too; its syncs are slow like the spool's.
    let delay = Injection::new("fdatasync", format!("delay_enter={}", SYNC_DELAY.as_micros()));
    trial.installation.under = delay.prefix(&trial.directory().join("strace.log"));
    let server = trial.installation.serve();
    trial.installation.under.clear();
    let mut whole = Report::default();
    let mut red_cuts = Vec::new();
    for cut in 1..=plan.cycles {
        let traffic = trial.traffic(&Load { connections: 4, batch: 1..=20, ..Load::default() });
        trial.until_acked(MIN_ACKED).await;
        // The moment of the cut is the fault, so it is drawn and not awaited.
        tokio::time::sleep(Duration::from_millis(trial.random.u64(..1_500))).await;
        let still: Vec<u32> = std::iter::once(server.pid()).chain(server.engine_pids()).collect();
        still.iter().for_each(|&pid| signal("STOP", pid));
        let mut books = trial.route.ledger.books();
        let copy = directory.path().join(format!("cut-{cut}"));
        disk.cut(&copy);
        still.iter().for_each(|&pid| signal("CONT", pid));
        // Answered after the books were noted, and so sent before: promised by the server, not by the copy.
        for (number, _) in trial.route.ledger.books() {
            books.entry(number).or_insert(Fate::Unknown);
        }
        traffic.end().await;
        let after = Image::mount(&copy, &directory.path().join("after"));
        let mut survivor = trial.beside(after.at());
        survivor.installation.under = after_another_boot(&directory.path().join("boot_id"));
        let (second, _) = survivor.restart();
        let judged = survivor.judge_in_time(&books, SENT_AGAIN_WITHIN).await;
        survivor.report.verdict = Some(judged);
        second.kill();
        let report = survivor.close();
        if report.failures().is_empty() {
            std::fs::remove_file(copy).expect("the copy goes");
        } else {
            red_cuts.push(cut);
        }
        whole.absorb(report);
        drop(after);
    }
    trial.report.figure("cuts", plan.cycles);
    trial.probe().await;
    server.kill();
    trial.report.absorb(whole);
    if !red_cuts.is_empty() && plan.fault.is_none() {
        drop(disk);
        println!("  cuts {red_cuts:?} are kept in {}", directory.keep().display());
    }
    trial.close()
}

/// The prefix of a command that finds another boot id than ours, as after a power cut.
fn after_another_boot(id: &Path) -> Vec<String> {
    std::fs::write(id, format!("{}\n", uuid::Uuid::now_v7())).expect("a boot id");
    let script = "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";
    ["unshare", "--mount", "sh", "-c", script, &id.to_string_lossy()].map(str::to_owned).into()
}
