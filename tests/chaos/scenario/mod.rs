//! The list of scenarios: what each is called, in which form it runs, and how often.

mod every_step;
mod failed_sync;
mod full_disk;
mod half_committed;
mod killed_engine;
mod killed_server;
mod lost_reply;
mod merges_stalled;
mod orderly_stop;
mod planted;
mod power_cut;
mod slow_sync;
mod store_away;

use crate::trial::{Plan, Report};

/// Which scenarios run, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Minutes: part of `make test`.
    Short,
    /// Everything, with more cycles: `make chaos`.
    Long,
    /// Only the planted faults.
    Faults,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    KilledServer,
    OrderlyStop,
    KilledEngine,
    LostReply,
    FullDisk,
    EveryStep,
    PowerCut,
    HalfCommitted,
    StoreAway,
    StalledReply,
    FailedSync,
    SlowSync,
    MergesStalled,
    CursorBeforeReply,
    DropOneInTenThousand,
    CountRepeatsTwice,
    AckBeforeSync,
}

/// One scenario of the list.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    kind: Kind,
    pub name: &'static str,
    pub about: &'static str,
    /// Cycles in each form; 0 when it is not part of it.
    short: usize,
    long: usize,
}

#[rustfmt::skip]
const SCENARIOS: [Scenario; 17] = [
    scenario(Kind::KilledServer, "killed-server", 10, 200, "kill -9 of the server under load, and a start at once"),
    scenario(Kind::OrderlyStop, "orderly-stop", 5, 50, "SIGTERM under load"),
    scenario(Kind::KilledEngine, "killed-engine", 6, 20, "kill -9 of the engine while events come in"),
    scenario(Kind::LostReply, "lost-reply", 50, 200, "the first try of every insert fails; a cycle is a batch"),
    scenario(Kind::FullDisk, "full-disk", 1, 5, "the spool's disk is full for a while"),
    scenario(Kind::EveryStep, "every-step", 0, 300, "kill -9 at the Nth call of each kind that writes, for every N"),
    scenario(Kind::PowerCut, "power-cut", 0, 20, "the disk as it is at some instant, without what was not synced"),
    scenario(Kind::HalfCommitted, "half-committed", 0, 40, "kill -9 of the engine at a rename, or the sync after it"),
    scenario(Kind::StoreAway, "store-away", 0, 6, "ClickHouse is away under load; a cycle is ten seconds"),
    scenario(Kind::StalledReply, "stalled-reply", 0, 1, "the reply to an insert never comes"),
    scenario(Kind::FailedSync, "failed-sync", 0, 20, "a sync of the spool fails with EIO"),
    scenario(Kind::SlowSync, "slow-sync", 0, 4, "every sync of the spool takes half a second longer"),
    scenario(Kind::MergesStalled, "merges-stalled", 0, 3, "merges stand still until inserts are refused"),
    scenario(Kind::CursorBeforeReply, "cursor-before-reply", 8, 8, "planted: the cursor moves before the store answers"),
    scenario(Kind::DropOneInTenThousand, "drop-one-in-10000", 1, 1, "planted: an event in 10 000 is not spooled"),
    scenario(Kind::CountRepeatsTwice, "count-repeats-twice", 1, 1, "planted: an event sent twice becomes two events"),
    scenario(Kind::AckBeforeSync, "ack-before-sync", 0, 5, "planted: the spool answers before it syncs; power cuts"),
];

const fn scenario(
    kind: Kind,
    name: &'static str,
    short: usize,
    long: usize,
    about: &'static str,
) -> Scenario {
    Scenario { kind, name, about, short, long }
}

impl Scenario {
    pub fn all() -> impl Iterator<Item = Scenario> {
        SCENARIOS.into_iter()
    }

    pub fn named(name: &str) -> Option<Scenario> {
        Scenario::all().find(|scenario| scenario.name == name)
    }

    /// Cycles in a form; `None` when it is not part of it.
    pub fn cycles(self, form: Form) -> Option<usize> {
        let is_planted = matches!(
            self.kind,
            Kind::CursorBeforeReply
                | Kind::DropOneInTenThousand
                | Kind::CountRepeatsTwice
                | Kind::AckBeforeSync
        );
        let cycles = match form {
            Form::Short => self.short,
            Form::Long => self.long,
            Form::Faults if is_planted => self.long,
            Form::Faults => 0,
        };
        (cycles > 0).then_some(cycles)
    }

    /// Cycles when it is run by its name.
    pub fn usual_cycles(self) -> usize {
        if self.short > 0 { self.short } else { self.long }
    }

    pub async fn run(self, plan: Plan) -> Report {
        let planted = |fault| Plan { fault: Some(fault), ..plan };
        match self.kind {
            Kind::KilledServer => killed_server::run(plan).await,
            Kind::OrderlyStop => orderly_stop::run(plan).await,
            Kind::KilledEngine => killed_engine::run(plan).await,
            Kind::LostReply => lost_reply::run(plan).await,
            Kind::FullDisk => full_disk::run(plan).await,
            Kind::EveryStep => every_step::run(plan).await,
            Kind::PowerCut => power_cut::run(plan).await,
            Kind::HalfCommitted => half_committed::run(plan).await,
            Kind::StoreAway => store_away::run(plan).await,
            Kind::StalledReply => lost_reply::run_stalled(plan).await,
            Kind::FailedSync => failed_sync::run(plan).await,
            Kind::SlowSync => slow_sync::run(plan).await,
            Kind::MergesStalled => merges_stalled::run(plan).await,
            Kind::CursorBeforeReply => {
                let report = lost_reply::run(planted("cursor-before-reply")).await;
                planted::caught(report, "lost > 0", |verdict| !verdict.lost.is_empty())
            }
            Kind::DropOneInTenThousand => {
                let report = planted::quiet(planted("drop-one-in-10000"), planted::SURELY_DROPS).await;
                planted::caught(report, "lost > 0, and nothing invented", |verdict| {
                    !verdict.lost.is_empty() && verdict.spurious.is_empty() && verdict.corrupt.is_empty()
                })
            }
            Kind::CountRepeatsTwice => {
                let report = planted::quiet(planted("count-repeats-twice"), planted::HAS_REPEATS).await;
                planted::caught(report, "spurious > 0 and report_diff > 0", |verdict| {
                    !verdict.spurious.is_empty() && !verdict.report_diff.is_empty()
                })
            }
            Kind::AckBeforeSync => {
                let report = power_cut::run(planted("ack-before-sync")).await;
                planted::caught(report, "lost > 0", |verdict| !verdict.lost.is_empty())
            }
        }
    }
}
