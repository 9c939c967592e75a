//! The tables of events made anew out of the table `events` of earlier versions, by the way that every event
//! takes.
//!
//! It goes by time, an hour or more at once, and writes down how far it is: what is interrupted goes on from
//! there, and an hour that is repeated changes nothing.

use crate::event::{Details, Event, Kind, Topic, Via, Visitor};
use crate::money::{Amount, Currency};
use crate::store::client::{Store, in_time};
use crate::store::error::StoreError;
use crate::store::write::{EncodedBatch, EventBatch};
use chrono::{Days, NaiveDate};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Events that are made anew before it is written down how far they are.
const STEP_EVENTS: u64 = 200_000;
const INSERT_EVENTS: u64 = 100_000;
/// Of the next row, or of an insert.
const PATIENCE: Duration = Duration::from_secs(120);
/// Room that the new tables may need beside the old ones.
const ROOM: f64 = 1.3;

#[derive(Row, Deserialize)]
struct HourRow {
    from_ms: i64,
    events: u64,
}

#[derive(Row, Deserialize)]
struct RoomRow {
    needed: u64,
    free: u64,
}

#[derive(Row, Serialize)]
struct RebuiltRow {
    until: i64,
}

#[derive(Row, Deserialize)]
struct UntilRow {
    until_ms: i64,
}

/// A row of `events` as earlier versions have it.
#[derive(Row, Deserialize)]
struct OldRow {
    shop: String,
    at_ms: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    id: Uuid,
    kind: String,
    day: u16,
    received_at_ms: i64,
    received_day: u16,
    visitor: String,
    cookieless: bool,
    verified: bool,
    bot: bool,
    url: String,
    referrer: String,
    title: String,
    source: String,
    medium: String,
    campaign: String,
    path: String,
    device: String,
    browser: String,
    os: String,
    country: String,
    region: String,
    city: String,
    order_id: String,
    payment_id: String,
    refund_id: String,
    amount: Option<i64>,
    currency: String,
    agent: String,
    channel: String,
    topic: String,
    score: u8,
    engaged_ms: Option<u32>,
    variant: String,
    customer: String,
    product: String,
}

const OLD_ROWS: &str = "SELECT toString(shop) AS shop, toUnixTimestamp64Milli(at) AS at_ms, id, \
    toString(kind) AS kind, toUInt16(day) AS day, toUnixTimestamp64Milli(received_at) AS received_at_ms, \
    toUInt16(received_day) AS received_day, visitor, cookieless, verified, bot, url, referrer, title, \
    toString(source) AS source, toString(medium) AS medium, toString(campaign) AS campaign, path, \
    toString(device) AS device, toString(browser) AS browser, toString(os) AS os, toString(country) AS \
    country, toString(region) AS region, toString(city) AS city, order_id, payment_id, refund_id, amount, \
    toString(currency) AS currency, toString(agent) AS agent, toString(channel) AS channel, toString(topic) \
    AS topic, score, engaged_ms, toString(variant) AS variant, customer, product \
    FROM events FINAL \
    WHERE at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')";
const HOURS: &str = "SELECT toInt64(toUnixTimestamp(toStartOfHour(at))) * 1000 AS from_ms, count() AS events \
    FROM events WHERE at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') GROUP BY from_ms ORDER BY from_ms";
const UNTIL: &str = "SELECT toUnixTimestamp64Milli(max(until)) AS until_ms FROM rebuilt";
const NEEDED: &str = "SELECT toUInt64(ifNull(sum(total_bytes), 0)) AS needed, \
    toUInt64(filesystemAvailable()) AS free \
    FROM system.tables WHERE database = currentDatabase() \
    AND name IN ('events', 'visitor_days', 'orders', 'links')";
const HOUR_MS: i64 = 3_600_000;

/// Some hours that are made anew at once.
struct Step {
    from_ms: i64,
    until_ms: i64,
    events: u64,
}

impl Store {
    /// Events that are still to be made anew.
    pub(super) async fn to_rebuild(&self) -> Result<u64, StoreError> {
        Ok(self.hours_to_rebuild().await?.iter().map(|hour| hour.events).sum())
    }

    async fn hours_to_rebuild(&self) -> Result<Vec<HourRow>, StoreError> {
        let until = self.one::<UntilRow>(self.client.query_raw(UNTIL)).await?;
        self.all::<HourRow>(self.client.query_raw(HOURS).param("from", until.until_ms)).await
    }

    /// Makes the tables of events anew.
    ///
    /// # Errors
    /// Away: call again later, what is done stays. Refused: the disk has no room for it.
    pub(super) async fn rebuild(&self) -> Result<(), StoreError> {
        let hours = self.hours_to_rebuild().await?;
        let all: u64 = hours.iter().map(|hour| hour.events).sum();
        if all == 0 {
            return Ok(());
        }
        let room = self.one::<RoomRow>(self.client.query_raw(NEEDED)).await?;
        let needed = (room.needed as f64 * ROOM) as u64;
        if room.free < needed {
            return Err(StoreError::Refused(format!(
                "ClickHouse's disk has {} bytes free, and bringing its tables up to this version needs about \
                {needed}; free some and start again, nothing is lost",
                room.free
            )));
        }
        tracing::info!(events = all, "tables of an earlier version are made anew; figures wait for it");
        let mut done = 0;
        for step in steps(hours) {
            self.rebuild_step(&step).await?;
            done += step.events;
            tracing::info!(done, of = all, "events made anew");
        }
        Ok(())
    }

    async fn rebuild_step(&self, step: &Step) -> Result<(), StoreError> {
        let question =
            self.client.query_raw(OLD_ROWS).param("from", step.from_ms).param("until", step.until_ms);
        let mut rows = question.fetch::<OldRow>()?;
        let mut batch = EventBatch::default();
        let mut running = JoinSet::new();
        while let Some(row) = next(&mut rows).await? {
            // What no table can hold came into none either.
            if let Some(event) = row.event() {
                batch.add(&event)?;
            }
            if batch.len() == INSERT_EVENTS {
                self.rebuild_insert(&mut running, std::mem::take(&mut batch)).await?;
            }
        }
        self.rebuild_insert(&mut running, batch).await?;
        ended(&mut running).await?;
        in_time(async {
            let mut insert =
                self.client.insert::<RebuiltRow>("rebuilt").await?.with_setting("async_insert", "0");
            insert.write(&RebuiltRow { until: step.until_ms }).await?;
            insert.end().await
        })
        .await
    }

    async fn rebuild_insert(
        &self,
        running: &mut JoinSet<Result<(), StoreError>>,
        batch: EventBatch,
    ) -> Result<(), StoreError> {
        let batch: EncodedBatch = tokio::task::spawn_blocking(move || batch.encoded())
            .await
            .map_err(|_| StoreError::Away("a batch was given up".into()))?;
        ended(running).await?;
        let store = self.clone();
        running.spawn(async move { store.insert_events(batch).await });
        Ok(())
    }
}

async fn next(rows: &mut clickhouse::query::RowCursor<OldRow>) -> Result<Option<OldRow>, StoreError> {
    match tokio::time::timeout(PATIENCE, rows.next()).await {
        Ok(row) => Ok(row?),
        Err(_) => Err(StoreError::Away("it did not answer in time".into())),
    }
}

async fn ended(running: &mut JoinSet<Result<(), StoreError>>) -> Result<(), StoreError> {
    match running.join_next().await {
        Some(ended) => ended.unwrap_or_else(|_| Err(StoreError::Away("an insert was given up".into()))),
        None => Ok(()),
    }
}

/// The hours in steps of enough events each, without a gap between them.
fn steps(hours: Vec<HourRow>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for hour in hours {
        match steps.last_mut().filter(|step| step.events + hour.events <= STEP_EVENTS) {
            Some(step) => {
                step.until_ms = hour.from_ms + HOUR_MS;
                step.events += hour.events;
            }
            None => {
                let from_ms = steps.last().map_or(hour.from_ms, |step| step.until_ms);
                let until_ms = hour.from_ms + HOUR_MS;
                steps.push(Step { from_ms, until_ms, events: hour.events });
            }
        }
    }
    steps
}

impl OldRow {
    /// The event; none of a kind that this version does not know.
    fn event(self) -> Option<Event> {
        let kind = Kind::parse(&self.kind)?;
        let day = |number: u16| NaiveDate::default() + Days::new(number.into());
        let visitor = match (self.visitor.is_empty(), self.cookieless) {
            (true, _) => Visitor::Unknown,
            (false, true) => Visitor::Cookieless(self.visitor),
            (false, false) => Visitor::Named(self.visitor),
        };
        let amount = self.amount.and_then(Amount::from_ten_thousandths);
        Some(Event {
            shop: self.shop,
            id: self.id,
            kind,
            at_ms: self.at_ms,
            day: day(self.day),
            received_at_ms: self.received_at_ms,
            received_day: day(self.received_day),
            client: 0,
            visitor,
            verified: self.verified,
            bot: self.bot,
            url: self.url,
            referrer: self.referrer,
            title: self.title,
            details: Details {
                source: self.source,
                medium: self.medium,
                campaign: self.campaign,
                path: self.path,
                device: self.device,
                browser: self.browser,
                os: self.os,
                country: self.country,
                region: self.region,
                city: self.city,
            },
            order_id: self.order_id,
            payment_id: self.payment_id,
            refund_id: self.refund_id,
            amount: amount.map(|amount| (amount, Currency::parse(&self.currency))),
            as_of_ms: None,
            via: Some(Via::Shop).filter(|_| self.verified && kind.is_of_an_order()),
            only_names: false,
            items: Vec::new(),
            costs: Default::default(),
            batch: String::new(),
            conversation: String::new(),
            by: None,
            agent: self.agent,
            channel: self.channel,
            topic: [Topic::PreSale, Topic::AfterSale].into_iter().find(|topic| topic.as_str() == self.topic),
            score: Some(self.score).filter(|score| *score > 0),
            engaged_ms: self.engaged_ms,
            variant: self.variant,
            customer: self.customer,
            product: self.product,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_together_until_they_are_enough() {
        let hour = |number: i64, events| HourRow { from_ms: number * HOUR_MS, events };
        let steps = steps(vec![hour(1, 150_000), hour(2, 50_000), hour(5, 1), hour(6, 300_000), hour(7, 1)]);
        let found: Vec<_> =
            steps.iter().map(|s| (s.from_ms / HOUR_MS, s.until_ms / HOUR_MS, s.events)).collect();
        assert_eq!(found, [(1, 3, 200_000), (3, 6, 1), (6, 7, 300_000), (7, 8, 1)]);
    }
}
