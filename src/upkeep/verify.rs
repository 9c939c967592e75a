//! Proves that the ledger holds what follows from the events, and mends it where it does not.
//!
//! Every visitor and order of a shop is found anew, piece by piece, and compared with what was written down;
//! then the ledger is compared with the sum of what was written down. Between the pieces the queue is worked
//! off as ever, and what that changes about visitors already looked at is added to the sum too, so nothing
//! has to stand still meanwhile.

use super::error::UpkeepError;
use super::lots::PIECE_SLOTS;
use super::night::{next_night, night_zone};
use super::rounds::{Round, Upkeep};
use super::verdict::{Verdict, VerifyError};
use crate::clock::days_since_1970;
use crate::funnel::Window;
use crate::ledger::chain::Measure;
use crate::ledger::order::OrderFacts;
use crate::ledger::revision::{Revision, Touched, Watched};
use crate::ledger::totals::{Key, Totals};
use chrono::NaiveDate;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// Who differs while something is queued may only have changed just now: they are looked at again after the
/// queue was worked off.
const MAX_TRIES: u32 = 20;
/// Who has differed so often in a row is wrong, whatever is queued: hardly anybody changes between every two
/// looks.
const SURE_AFTER: u32 = 8;
/// Between two pieces the queue is worked off this often.
const ROUND_INTERVAL: Duration = Duration::from_secs(2);
/// After losses, until everything is proven.
const RETRY_MS: i64 = 600_000;
const DAY_MS: i64 = 86_400_000;
/// Whoever was open longer ago is not any more, in every time zone.
const OPEN_DAYS: i64 = 3;

impl Upkeep {
    pub(super) async fn verify_when_asked(&mut self) {
        while let Ok(request) = self.requests.try_recv() {
            let verdict = self.verify(&request.shop, request.window, request.mends).await;
            let _ = request.reply.send(verdict);
        }
        let now_ms = self.clock.now_ms();
        if now_ms < self.next_nightly_ms {
            return;
        }
        self.next_nightly_ms = next_night(now_ms, night_zone(&self.registry));
        let oldest = u16::try_from(now_ms / DAY_MS - OPEN_DAYS).unwrap_or_default();
        if let Err(error) = self.store.drop_open_before(oldest).await {
            tracing::warn!(%error, "days on which nobody is open any more stay for another night");
        }
        let shops: Vec<String> =
            self.registry.snapshot().shops().iter().map(|shop| shop.slug.clone()).collect();
        let mut all_are_verified = true;
        for shop in shops {
            match self.verify(&shop, None, true).await {
                Ok(verdict) if verdict.is_right() => {
                    tracing::info!(shop, verdict.rows, "the ledger is right")
                }
                Ok(verdict) => {
                    self.telemetry.ledger_differences.inc_by(verdict.wrong_facts + verdict.wrong_rows);
                    tracing::error!(shop, ?verdict, "the ledger was wrong and is mended");
                }
                Err(error) => {
                    all_are_verified = false;
                    tracing::warn!(shop, %error, "the ledger was not verified tonight");
                }
            }
        }
        let Some(stamp) = &self.unproven_stamp else { return };
        let proven = if all_are_verified {
            self.put_stamp(stamp).map_err(VerifyError::from)
        } else {
            Err(VerifyError::Restless)
        };
        match proven {
            Ok(()) => self.unproven_stamp = None,
            // What was lost is not left wrong for a day.
            Err(error) => {
                tracing::warn!(%error, "the ledger will be verified once more");
                self.next_nightly_ms = now_ms + RETRY_MS;
            }
        }
    }

    async fn verify(
        &mut self,
        shop: &str,
        window: Option<Window>,
        mends: bool,
    ) -> Result<Verdict, VerifyError> {
        self.watched = Some(Watched { shop: shop.to_owned(), up_to: None, totals: Totals::default() });
        let verdict = self.verify_watched(shop, window, mends).await;
        self.watched = None;
        if verdict.is_err() {
            // As in the queue's way: another store may answer next time.
            self.known = None;
        }
        verdict
    }

    async fn verify_watched(
        &mut self,
        shop: &str,
        window: Option<Window>,
        mends: bool,
    ) -> Result<Verdict, VerifyError> {
        let days = match window {
            Some(window) => (number_of(window.from)?, number_of(window.to)?),
            None => (0, u16::MAX),
        };
        let mut verdict = Verdict { mended: mends, ..Verdict::default() };
        self.work_off().await?;
        // Whatever wrote wrong rows may have given them any number; what mends them must have a higher one.
        let last = self.store.last_batch().await?;
        let known = self.known.as_mut().ok_or(UpkeepError::Unread)?;
        known.last_batch = known.last_batch.max(last);
        let count = self.store.ledger_size(shop).await?.div_ceil(PIECE_SLOTS).max(1);
        let width = u64::MAX / count;
        let mut rested = Instant::now();
        for index in 0..count {
            if rested.elapsed() > ROUND_INTERVAL {
                self.round().await?;
                rested = Instant::now();
            }
            let first = index * width + u64::from(index > 0);
            let last = if index + 1 == count { u64::MAX } else { (index + 1) * width };
            let (touched, wrong) = self.verify_piece(shop, first, last, days, mends).await?;
            verdict.wrong_facts += wrong;
            if let (Some(watched), Some(known)) = (&mut self.watched, &self.known) {
                watched.up_to = Some(last);
                if let Some(touched) = touched.shops.get(shop) {
                    verdict.looked_at += (touched.orders.len() + touched.known_days.len()) as u64;
                    let keeps = |dimension| !known.wide.contains(&(shop.to_owned(), dimension));
                    touched
                        .known_days
                        .values()
                        .for_each(|days| watched.totals.add_days(shop, days, false, keeps));
                    touched.known_orders.iter().for_each(|order| watched.totals.add_cash(shop, order, false));
                }
            }
        }
        let stored = self.store.shop_ledger(shop).await?;
        let correction = self.correction(shop, &stored, days)?;
        verdict.rows = stored.rows().count() as u64;
        verdict.wrong_rows = correction.totals.rows().count() as u64;
        if mends && verdict.wrong_rows > 0 {
            self.write(correction).await?;
        }
        Ok(verdict)
    }

    /// Looks at a range of slots until whoever differed has been settled: returns what is written down of it
    /// now, and how much was wrong.
    async fn verify_piece(
        &mut self,
        shop: &str,
        first: u64,
        last: u64,
        days: (u16, u16),
        mends: bool,
    ) -> Result<(Touched, u64), VerifyError> {
        let mut wrong = 0;
        let mut suspects: Option<Suspects> = None;
        let mut looks = 0;
        for _ in 0..MAX_TRIES {
            let touched = self.store.touched_range(shop, first, last).await?;
            let mut revision = self.revision(&touched)?;
            if let Some(suspects) = &suspects {
                suspects.retain(&mut revision);
            }
            let differing = Suspects::of(&revision);
            if differing.is_empty() {
                return Ok((touched, wrong));
            }
            looks += 1;
            self.store.await_insertions().await;
            // A rule that was changed just now is no fault of what was written down under the one before.
            self.compare_rules().await?;
            if looks >= SURE_AFTER || !self.store.is_queued(shop).await? {
                wrong += differences(&revision, days);
                if !mends {
                    return Ok((touched, wrong));
                }
                self.queue_again(shop, &touched, &differing).await?;
                (suspects, looks) = (None, 0);
            } else {
                suspects = Some(differing);
            }
            self.work_off().await?;
        }
        Err(VerifyError::Restless)
    }

    /// Queues what was written down wrongly. Whoever depends on it may be of another piece, looked at before
    /// this one; the queue's way looks at all of them together.
    async fn queue_again(&self, shop: &str, touched: &Touched, wrong: &Suspects) -> Result<(), VerifyError> {
        let orders = touched.shops.get(shop).map(|touched| &touched.orders);
        let nobodies: HashSet<u64> = orders.into_iter().flat_map(BTreeMap::values).copied().collect();
        let visitors = wrong.visitors.iter().copied().filter(|visitor| !nobodies.contains(visitor));
        let orders = orders.into_iter().flatten().map(|(order_id, nobody)| (order_id.as_str(), *nobody));
        let orders = orders
            .filter(|(order_id, nobody)| wrong.orders.contains(*order_id) || wrong.visitors.contains(nobody));
        Ok(self.store.queue(shop, visitors, orders).await?)
    }

    /// What is to be added to the ledger's rows of these days, so that they are the sum of what is written
    /// down.
    fn correction(
        &self,
        shop: &str,
        stored: &Totals,
        (from, to): (u16, u16),
    ) -> Result<Revision, UpkeepError> {
        let mut revision = Revision::default();
        let watched = self.watched.as_ref().ok_or(UpkeepError::Unread)?;
        let known = self.known.as_ref().ok_or(UpkeepError::Unread)?;
        let is_kept = |key: &Key<'_>| {
            (from..=to).contains(&key.day)
                && key.dimension.is_none_or(|dimension| !known.wide.contains(&(shop.to_owned(), dimension)))
        };
        for (one, other, sign) in [(&watched.totals, stored, 1), (stored, &watched.totals, -1)] {
            for (key, measure) in one.rows().filter(|(key, _)| is_kept(key)) {
                // The second time only rows that the sum does not have at all.
                let others = other.get(key).unwrap_or_default();
                let is_seen = sign < 0 && others != Measure::default();
                if is_seen || measure == others {
                    continue;
                }
                let missing = Measure {
                    count: sign * (measure.count - others.count),
                    amount: if sign > 0 {
                        measure.amount - others.amount
                    } else {
                        others.amount - measure.amount
                    },
                };
                revision.totals.add_row(key, missing);
            }
        }
        Ok(revision)
    }

    /// Works off what is queued now.
    async fn work_off(&mut self) -> Result<(), VerifyError> {
        while let Round::Worked { more: true } = self.round().await? {}
        Ok(())
    }
}

/// Who was found otherwise than written down, the visitors who stand for orders included.
struct Suspects {
    visitors: HashSet<u64>,
    orders: HashSet<String>,
}

impl Suspects {
    fn of(revision: &Revision) -> Suspects {
        Suspects {
            visitors: revision.days.iter().map(|day| day.visitor).collect(),
            orders: revision.orders.iter().map(|(_, order)| order.order_id.clone()).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.visitors.is_empty() && self.orders.is_empty()
    }

    /// Leaves of a revision only what is about these.
    fn retain(&self, revision: &mut Revision) {
        revision.days.retain(|day| self.visitors.contains(&day.visitor));
        revision.orders.retain(|(_, order)| self.orders.contains(&order.order_id));
    }
}

/// How much of these days differs. An order that was never placed nor paid is of no day, and of all.
fn differences(revision: &Revision, (from, to): (u16, u16)) -> u64 {
    let days = revision.days.iter().filter(|day| (from..=to).contains(&day.day)).count();
    let is_meant = |(_, order): &&(String, OrderFacts)| {
        let placed = order.placed.iter().map(|placed| placed.day);
        let mut of = placed.chain(order.payments.iter().map(|payment| payment.day)).peekable();
        of.peek().is_none() || of.any(|day| (from..=to).contains(&day))
    };
    (revision.orders.iter().filter(is_meant).count() + days) as u64
}

/// # Errors
/// A day that no row of the ledger can have.
fn number_of(day: NaiveDate) -> Result<u16, VerifyError> {
    days_since_1970(day).ok_or(VerifyError::Day(day))
}
