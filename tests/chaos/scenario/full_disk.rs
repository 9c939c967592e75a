//! The spool's disk is full for a while.
//!
//! The spool lies on a tmpfs of which a stranger's file leaves little; inserts are refused, so that the spool
//! grows until the disk is full. Space comes back when the stranger's file goes. Where mounting is not
//! permitted, the spool's own bound is the disk, and space comes back when inserts pass.
//!
//! Pass: the verdict; refusals are 503 `spool_full` with `Retry-After`; the server lives and answers queries
//! meanwhile; events are accepted at most 2 s after space has come back.

use crate::disk::Mount;
use crate::external::External;
use crate::proxy::{FaultProxy, Mode, Spoil};
use crate::traffic::Load;
use crate::trial::{MIN_ACKED, Plan, Report, Setup, Trial};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DISK_BYTES: u64 = 64 << 20;
/// What the stranger's file leaves.
const SPARE_BYTES: u64 = 8 << 20;
/// The least bound that the server takes.
const LEAST_SPOOL_BYTES: u64 = 16 << 20;
/// Bytes of each event beyond what it needs, so that a disk is full within seconds.
const PADDING: usize = 1_500;
const REFUSALS: u64 = 20;
const ACCEPTS_WITHIN: Duration = Duration::from_secs(2);

pub async fn run(plan: Plan) -> Report {
    let external = External::start().await;
    let proxy = FaultProxy::start(&external.tables().url, Mode::Pass).await;
    let place = tempfile::tempdir().expect("a directory");
    let disk = SmallDisk::make(&place);
    let setup = Setup {
        padding: PADDING,
        external: Some((external.tables(), proxy.url())),
        environment: vec![("SHOPFUNNEL_SPOOL__MAX_BYTES", disk.spool_bytes().to_string())],
        place: Some(place.path().to_owned()),
    };
    let mut trial = Trial::begin(plan, setup);
    let mut server = trial.installation.serve();
    let (first_day, _) = trial.route.derivation.window();
    let (mut slowest, mut refused) = (Duration::ZERO, 0);
    for _ in 0..plan.cycles {
        proxy.set(Mode::All(Spoil::Refuse));
        disk.fill();
        let traffic = trial.traffic(&Load { batch: 5..=30, repeated: 0.02, ..Load::default() });
        trial.until_acked(MIN_ACKED).await;
        trial.until("the disk is full", async || traffic.answers().failed("spool_full") > REFUSALS).await;
        let figures = trial.funnel(first_day, first_day).await;
        trial.report.require(figures.is_some(), "no figures while the disk is full");
        let acked = trial.acked();
        match disk {
            SmallDisk::Mounted { .. } => disk.free(),
            SmallDisk::Bounded => proxy.set(Mode::Pass),
        }
        let freed = Instant::now();
        trial.until("events are accepted again", async || trial.acked() >= acked + MIN_ACKED).await;
        slowest = slowest.max(freed.elapsed());
        trial.report.require(server.ended().is_none(), "the server ended");
        let answers = traffic.end().await;
        trial.report.require(answers.broken.is_empty(), format!("answers: {:?}", answers.broken));
        trial.report.require(
            answers.failed.keys().all(|code| code == "spool_full"),
            format!("other refusals: {:?}", answers.failed),
        );
        refused += answers.failed("spool_full");
        proxy.set(Mode::Pass);
        trial.drained().await;
    }
    trial.report.require(slowest <= ACCEPTS_WITHIN, format!("accepted again only after {slowest:?}"));
    trial.report.figure("disk", disk.word());
    trial.report.figure("refused", refused);
    trial.report.figure("accepts_again_ms", slowest.as_millis());
    let report = trial.conclude(server).await;
    external.stop().await;
    report
}

enum SmallDisk {
    Mounted { _mount: Mount, stranger: PathBuf },
    Bounded,
}

impl SmallDisk {
    fn make(place: &TempDir) -> SmallDisk {
        let spool = place.path().join("data/spool");
        match Mount::tmpfs(&spool, DISK_BYTES) {
            Some(mount) => SmallDisk::Mounted { _mount: mount, stranger: spool.join("stranger") },
            None => SmallDisk::Bounded,
        }
    }

    fn spool_bytes(&self) -> u64 {
        match self {
            SmallDisk::Mounted { .. } => DISK_BYTES,
            SmallDisk::Bounded => LEAST_SPOOL_BYTES,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            SmallDisk::Mounted { .. } => "tmpfs",
            SmallDisk::Bounded => "bound",
        }
    }

    fn fill(&self) {
        if let SmallDisk::Mounted { stranger, .. } = self {
            let mut file = File::create(stranger).expect("the stranger's file");
            let chunk = vec![0; 1 << 20];
            while file.write_all(&chunk).is_ok() {}
            let bytes = file.metadata().expect("its size").len();
            file.set_len(bytes.saturating_sub(SPARE_BYTES)).expect("some space is given back");
        }
    }

    fn free(&self) {
        if let SmallDisk::Mounted { stranger, .. } = self {
            std::fs::remove_file(stranger).expect("the stranger's file goes");
        }
    }
}
