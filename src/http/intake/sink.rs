//! From events as they were sent to records that the spool has synced: accepts or rejects each, counts, and
//! says what became of all.

use super::bounds::MAX_SERVER_EVENTS;
use super::check::{Browser, Check};
use super::slice::Intake;
use super::wire::WireEvent;
use crate::event::{Checked, LeftOut, Rejection};
use crate::http::edge::error::{ApiError, Rejected};
use crate::planted::Fault;
use crate::shops::{PrivacySignal, Shop};
use crate::spool::{Appender, Records};
use crate::telemetry::Reason;
use crate::text::cleaned;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Rejections that the answer to a stream lists; the others are counted.
const MAX_LISTED: usize = 1_000;
/// Names of unknown fields that an answer lists.
const MAX_IGNORED: usize = 20;
const MAX_IGNORED_CHARS: usize = 64;

#[derive(Serialize, ToSchema)]
pub struct Accepted {
    /// Events that are on disk here.
    accepted: usize,
    rejected: Vec<Rejected>,
    /// Rejections beyond those listed.
    #[serde(skip_serializing_if = "is_zero")]
    rejected_left_off: usize,
    #[serde(skip_serializing_if = "Dropped::is_none")]
    dropped: Dropped,
    /// Fields that the contract does not know, at most 20 names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
    /// Fields of accepted events that could not be read, and are not kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<Lacking>,
    /// Lines of accepted orders that could not be read, and are not kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items_left_out: Vec<Lacking>,
    /// Epoch milliseconds here, for a sender whose clock is wrong.
    now: i64,
}

/// Events that were acceptable and are not kept, by reason.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
struct Dropped {
    /// The visitor's browser sent `Sec-GPC: 1`.
    privacy_signal: usize,
}

impl Dropped {
    fn is_none(&self) -> bool {
        self.privacy_signal == 0
    }
}

/// What of an accepted event is not kept, by its place in the request.
#[derive(Debug, Serialize, ToSchema)]
struct Lacking {
    /// From 0.
    index: usize,
    /// What, and why.
    #[serde(flatten)]
    left_out: LeftOut,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The events of one request on their way into the spool.
pub struct Sink<'a> {
    check: Check<'a>,
    appender: &'a Appender,
    seen: usize,
    accepted: usize,
    records: Records,
    /// Events among `records` that are a bot's.
    of_bots: usize,
    rejected: Vec<Rejected>,
    rejected_left_off: usize,
    /// Neither accepted yet, nor rejected, nor dropped.
    undecided: usize,
    dropped: Dropped,
    ignored: Vec<String>,
    left_out: Vec<Lacking>,
    items_left_out: Vec<Lacking>,
}

/// Whatever ends the request, what was not decided was refused: so the counters balance.
impl Drop for Sink<'_> {
    fn drop(&mut self) {
        self.check.intake.telemetry.events_refused.inc_by(self.undecided as u64);
    }
}

impl<'a> Sink<'a> {
    /// Of a sender: `browser` is absent of the shop's server.
    pub fn new(
        intake: &'a Intake,
        appender: &'a Appender,
        shop: Arc<Shop>,
        browser: Option<Browser<'a>>,
    ) -> Sink<'a> {
        Sink {
            check: Check { intake, shop, browser, received_at_ms: intake.gate.clock.now_ms() },
            appender,
            seen: 0,
            accepted: 0,
            records: Records::default(),
            of_bots: 0,
            rejected: Vec::new(),
            rejected_left_off: 0,
            undecided: 0,
            dropped: Dropped::default(),
            ignored: Vec::new(),
            left_out: Vec::new(),
            items_left_out: Vec::new(),
        }
    }

    /// What is taken from now on arrived at this moment, in epoch milliseconds.
    pub fn arrives_at(&mut self, received_at_ms: i64) {
        self.check.received_at_ms = received_at_ms;
    }

    /// Events that wait for [`Sink::append`].
    pub fn waiting(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing has come.
    pub fn is_untouched(&self) -> bool {
        self.seen == 0
    }

    /// Accepts or rejects one event. An error is a fault of ours, not of the event.
    pub fn take(&mut self, event: Result<WireEvent<'_>, Rejection>) -> Result<(), ApiError> {
        let index = self.seen;
        self.seen += 1;
        let telemetry = &self.check.intake.telemetry;
        telemetry.events_received.inc();
        self.undecided += 1;
        let event = match event {
            Ok(event) => {
                telemetry.fields_unknown.inc_by(self.note_ignored(&event));
                let telemetry = &self.check.intake.telemetry;
                let checked = self.check.check(&event);
                if checked.is_ok() && self.is_unwanted() {
                    self.dropped.privacy_signal += 1;
                    self.undecided -= 1;
                    telemetry.events_dropped.get_or_create(&Reason { reason: "privacy_signal" }).inc();
                    return Ok(());
                }
                self.check.before_the_first(&event, checked)?
            }
            Err(rejection) => Err(rejection),
        };
        match event {
            Ok(Checked { event, left_out }) => {
                let mut event = self.check.identified(event)?;
                for left_out in left_out {
                    let of_items = left_out.item.is_some();
                    let list = if of_items { &mut self.items_left_out } else { &mut self.left_out };
                    if list.len() < MAX_LISTED {
                        list.push(Lacking { index, left_out });
                    }
                }
                let faults = self.check.intake.faults;
                if faults.has(Fault::CountRepeatsTwice) {
                    event.id = uuid::Uuid::now_v7();
                }
                if faults.has(Fault::DropOneInTenThousand) && event.id.as_u128().is_multiple_of(10_000) {
                    self.accepted += 1;
                    self.undecided -= 1;
                    return Ok(());
                }
                self.records
                    .push_with(|record| serde_json::to_writer(record, &event))
                    .map_err(|error| ApiError::Internal(error.to_string()))?;
                self.of_bots += usize::from(event.bot);
            }
            Err(rejection) => {
                self.undecided -= 1;
                telemetry.events_rejected.get_or_create(&Reason { reason: rejection.code }).inc();
                if self.rejected.len() == MAX_LISTED {
                    self.rejected_left_off += 1;
                } else {
                    self.rejected.push(Rejected { index, rejection });
                }
            }
        }
        Ok(())
    }

    /// Notes the names of fields that count for nothing, and gives their number. Of a browser's event these
    /// are also those that only a server may send: it is seen what a browser has and where it is.
    fn note_ignored(&mut self, event: &WireEvent<'_>) -> u64 {
        let of_servers = [("user_agent", &event.user_agent), ("ip", &event.ip)];
        let of_servers = of_servers.into_iter().filter(|(_, field)| !field.is_absent()).map(|(name, _)| name);
        let of_servers = of_servers.filter(|_| self.check.browser.is_some());
        let names: Vec<&str> = event.unknown.iter().map(|name| name.as_ref()).chain(of_servers).collect();
        for name in &names {
            let name = cleaned(name, MAX_IGNORED_CHARS);
            if self.ignored.len() < MAX_IGNORED && !self.ignored.contains(&name) {
                self.ignored.push(name);
            }
        }
        names.len() as u64
    }

    /// Whether the visitor asks not to be followed, and the shop listens.
    fn is_unwanted(&self) -> bool {
        self.check.shop.privacy_signal == PrivacySignal::Respect
            && self.check.browser.as_ref().is_some_and(|browser| browser.asks_for_privacy)
    }

    /// How long the sender of a stream has to wait before its next portion.
    pub fn too_fast(&self, is_exempt: bool) -> Option<Duration> {
        if is_exempt {
            return None;
        }
        self.check.intake.gate.limits.server_wait(&self.check.shop.slug, MAX_SERVER_EVENTS).err()
    }

    /// Has the spool take what waits.
    ///
    /// # Errors
    /// The spool takes nothing now.
    pub async fn append(&mut self) -> Result<(), ApiError> {
        let records = std::mem::take(&mut self.records);
        let count = records.len();
        if count > 0 {
            self.appender.append(records).await?;
            self.check.intake.telemetry.events_accepted.inc_by(count as u64);
            let of_bots = std::mem::take(&mut self.of_bots);
            if of_bots > 0 {
                let flagged = Reason { reason: "bot" };
                self.check.intake.telemetry.events_flagged.get_or_create(&flagged).inc_by(of_bots as u64);
            }
            self.accepted += count;
            self.undecided -= count;
        }
        Ok(())
    }

    /// Has the spool take the rest, and says what became of all.
    ///
    /// # Errors
    /// As [`Sink::append`]; nothing of it can be accepted.
    pub async fn finish(mut self) -> Result<Accepted, ApiError> {
        self.append().await?;
        if self.accepted == 0 && self.dropped.is_none() {
            return Err(ApiError::NothingAcceptable {
                rejected: std::mem::take(&mut self.rejected),
                now_ms: self.check.received_at_ms,
            });
        }
        Ok(Accepted {
            accepted: self.accepted,
            rejected: std::mem::take(&mut self.rejected),
            rejected_left_off: self.rejected_left_off,
            dropped: self.dropped,
            ignored: std::mem::take(&mut self.ignored),
            left_out: std::mem::take(&mut self.left_out),
            items_left_out: std::mem::take(&mut self.items_left_out),
            now: self.check.received_at_ms,
        })
    }
}
