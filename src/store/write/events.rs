//! Events into their table; the materialised views do the rest.
//!
//! Delivery is at least once: an insert that ended without an answer is sent again. The tables are made so
//! that a repeated row changes no figure, with ClickHouse's own deduplication switched off, which is said
//! with every insert.

use crate::clock::days_since_1970;
use crate::event::{Event, Topic, Visitor};
use crate::store::client::{Store, Times, in_time};
use crate::store::error::StoreError;
use chrono::NaiveDate;
use clickhouse::Row;
use clickhouse::insert::Insert;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::RwLock;
use uuid::Uuid;

/// A chunk that the socket does not take for this long.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// The server's whole work on one insert. Longer than the server's own limit below, so that an insert without
/// an answer is rare.
const END_TIMEOUT: Duration = Duration::from_secs(120);
const MAX_EXECUTION_SECONDS: &str = "100";
/// More than the largest insert, an import's, has.
const MAX_BLOCK_ROWS: &str = "1000000";
const MAX_BLOCK_BYTES: &str = "1000000000";

/// One row of `events`, in the types of RowBinary: times in epoch milliseconds, days since 1970-01-01.
#[derive(Row, Serialize)]
struct EventRow<'a> {
    shop: &'a str,
    at: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    id: Uuid,
    kind: &'a str,
    day: u16,
    received_at: i64,
    received_day: u16,
    visitor: &'a str,
    cookieless: bool,
    verified: bool,
    bot: bool,
    url: &'a str,
    referrer: &'a str,
    title: &'a str,
    source: &'a str,
    medium: &'a str,
    campaign: &'a str,
    path: &'a str,
    device: &'a str,
    browser: &'a str,
    os: &'a str,
    country: &'a str,
    region: &'a str,
    city: &'a str,
    order_id: &'a str,
    payment_id: &'a str,
    refund_id: &'a str,
    amount: Option<i64>,
    currency: &'a str,
    agent: &'a str,
    channel: &'a str,
    topic: &'a str,
    score: u8,
    engaged_ms: Option<u32>,
    variant: &'a str,
    customer: &'a str,
    product: &'a str,
}

impl<'a> EventRow<'a> {
    fn new(event: &'a Event) -> Result<EventRow<'a>, StoreError> {
        let (visitor, cookieless) = match &event.visitor {
            Visitor::Named(id) => (id.as_str(), false),
            Visitor::Cookieless(id) => (id.as_str(), true),
            Visitor::Unknown => ("", false),
        };
        Ok(EventRow {
            shop: &event.shop,
            at: event.at_ms,
            id: event.id,
            kind: event.kind.as_str(),
            day: day_number(event.day)?,
            received_at: event.received_at_ms,
            received_day: day_number(event.received_day)?,
            visitor,
            cookieless,
            verified: event.verified,
            bot: event.bot,
            url: &event.url,
            referrer: &event.referrer,
            title: &event.title,
            source: &event.details.source,
            medium: &event.details.medium,
            campaign: &event.details.campaign,
            path: &event.details.path,
            device: &event.details.device,
            browser: &event.details.browser,
            os: &event.details.os,
            country: &event.details.country,
            region: &event.details.region,
            city: &event.details.city,
            order_id: &event.order_id,
            payment_id: &event.payment_id,
            refund_id: &event.refund_id,
            amount: event.amount.map(|(amount, _)| amount.ten_thousandths()),
            currency: event.amount.as_ref().map_or("", |(_, currency)| currency.code()),
            agent: &event.agent,
            channel: &event.channel,
            topic: event.topic.map_or("", Topic::as_str),
            score: event.score.unwrap_or(0),
            engaged_ms: event.engaged_ms,
            variant: &event.variant,
            customer: &event.customer,
            product: &event.product,
        })
    }
}

/// The number that stands for a day in the tables.
///
/// # Errors
/// Poisoned: a row with this day cannot be held; the others can be inserted without it.
pub(in crate::store) fn day_number(day: NaiveDate) -> Result<u16, StoreError> {
    days_since_1970(day).ok_or_else(|| {
        StoreError::Poisoned(format!("{day} is beyond the days that a table holds, 1970-01-01 to 2149-06-06"))
    })
}

impl Store {
    /// Begins an insert; events travel while more are added.
    ///
    /// # Errors
    /// Away: try again later. Refused: the table is not this version's.
    pub async fn insertion(&self) -> Result<Insertion, StoreError> {
        // Asks the server for the table's columns the first time.
        let insert = in_time(self.client.insert::<EventRow<'_>>("events"))
            .await?
            .with_timeouts(Some(SEND_TIMEOUT), Some(END_TIMEOUT))
            .with_setting("async_insert", "0")
            .with_setting("insert_deduplicate", "0")
            .with_setting("max_execution_time", MAX_EXECUTION_SECONDS)
            // Nothing shows before the end: see `await_insertions`.
            .with_setting("max_insert_block_size", MAX_BLOCK_ROWS)
            .with_setting("min_insert_block_size_rows", MAX_BLOCK_ROWS)
            .with_setting("min_insert_block_size_bytes", MAX_BLOCK_BYTES)
            // Imported history spans more months than the default allows in one insert.
            .with_setting("max_partitions_per_insert_block", "0");
        Ok(Insertion { insert, ending: self.ending.clone(), times: self.times.clone() })
    }
}

impl Store {
    /// Waits until the inserts that are ending have ended. One insert shows in one table after the other:
    /// what is seen queued in `ledger_changes` is in the tables beside it for sure only then.
    pub async fn await_insertions(&self) {
        drop(self.ending.write().await);
    }
}

/// An insert under way. Dropped before its end it is given up, and may have happened or not.
pub struct Insertion {
    insert: Insert<EventRow<'static>>,
    ending: Arc<RwLock<()>>,
    times: Arc<Times>,
}

impl Insertion {
    /// Adds an event.
    ///
    /// # Errors
    /// Away: the events may or may not have arrived, send them again. Refused: they will be refused again.
    pub async fn add(&mut self, event: &Event) -> Result<(), StoreError> {
        Ok(self.insert.write(&EventRow::new(event)?).await?)
    }

    /// Waits until the events are on the store's disk.
    ///
    /// # Errors
    /// As [`Insertion::add`].
    pub async fn end(self) -> Result<(), StoreError> {
        let _ending = self.ending.read().await;
        let began = Instant::now();
        self.insert.end().await?;
        self.times.inserts.observe(began.elapsed());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_no_table_holds_sets_the_row_aside_and_is_not_1970() {
        let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        assert_eq!(day_number(day(1970)).unwrap(), 0);
        for year in [1969, 2150] {
            assert!(matches!(day_number(day(year)), Err(StoreError::Poisoned(_))), "{year}");
        }
    }
}
