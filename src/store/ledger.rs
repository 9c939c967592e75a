//! What the upkeep of the ledger reads and writes. `sql/ledger` has its questions.

use super::batch::{Batch, word};
use super::ledger_rows::{DayRow, OrderRow, RawDayRow, ToldRow};
use super::lists::expanded;
use super::rows::Rows;
use super::views::Text;
use super::{Store, StoreError, in_time};
use crate::funnel::Dimension;
use crate::ledger::chain::{Measure, Set};
use crate::ledger::life::RawDay;
use crate::ledger::revision::{Touched, TouchedShop};
use crate::ledger::totals::{Key, Totals};
use crate::money::Sum;
use clickhouse::Row;
use clickhouse::query::Query;
use serde::Deserialize;
use std::collections::HashSet;
use std::time::Duration;

static KNOWN_DAYS: Text = Text::new(|| expanded(include_str!("../../sql/ledger/known_days.sql")));

/// One thread, so that the share of time that the upkeep works is the share of a core that it takes.
const SETTINGS: [(&str, &str); 3] = [
    ("max_execution_time", "100"),
    ("max_threads", "1"),
    // Each piece of work is asked about once.
    ("use_query_condition_cache", "0"),
];
/// A piece of work may take this long.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A part of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuePart {
    /// As ClickHouse calls it.
    pub name: String,
    /// Changes that it queues.
    pub rows: u64,
    /// First of the blocks that it holds: the queue's insertions are numbered in their order.
    pub first_block: u64,
    /// Last of them.
    pub last_block: u64,
}

#[derive(Row, Deserialize)]
struct PartRow {
    name: String,
    rows: u64,
}

impl TryFrom<PartRow> for QueuePart {
    type Error = StoreError;

    /// # Errors
    /// Refused: the name is none of a part.
    fn try_from(PartRow { name, rows }: PartRow) -> Result<QueuePart, StoreError> {
        let block = |place| name.split('_').nth(place)?.parse().ok();
        match (block(1), block(2)) {
            (Some(first_block), Some(last_block)) => Ok(QueuePart { name, rows, first_block, last_block }),
            _ => Err(StoreError::Refused(format!("`{name}` is the name of no part of the queue"))),
        }
    }
}

/// What is worked on at once: of these parts of the queue, these slots.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Names of parts.
    pub parts: Vec<String>,
    /// First of the slots, which are hashes of visitors.
    pub first_slot: u64,
    /// Last of them.
    pub last_slot: u64,
}

#[derive(Row, Deserialize)]
struct LedgerRow {
    shop: String,
    dimension: String,
    day: u16,
    value: String,
    set: i8,
    currency: String,
    start: u16,
    after: u16,
    counted: i64,
    amount: i128,
}

#[derive(Row, Deserialize)]
struct ValueRow {
    shop: String,
    dimension: String,
    value: String,
}

#[derive(Row, Deserialize)]
struct LookedAtRow {
    shop: String,
    visitors: Vec<u64>,
    orders: u64,
}

#[derive(Row, Deserialize)]
struct SlotsRow {
    slots: u64,
}

#[derive(Row, Deserialize)]
struct WideRow {
    shop: String,
    dimension: String,
}

impl Store {
    /// The parts of the queue.
    ///
    /// # Errors
    /// Of every call here: away, call again later; refused, the tables are not this version's.
    pub async fn ledger_queue(&self) -> Result<Vec<QueuePart>, StoreError> {
        let text = include_str!("../../sql/ledger/queue.sql");
        self.all::<PartRow>(self.client.query_raw(text)).await?.into_iter().map(QueuePart::try_from).collect()
    }

    /// Drops who was open on days before `day` (counted from 1970-01-01).
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn drop_open_before(&self, day: u16) -> Result<(), StoreError> {
        #[derive(Row, Deserialize)]
        struct Old {
            day: String,
        }
        let text = include_str!("../../sql/ledger/days_before.sql");
        for old in self.all::<Old>(self.client.query_raw(text).param("day", day)).await? {
            // A day as ClickHouse wrote it.
            let text = format!("ALTER TABLE open_visitors DROP PARTITION '{}'", old.day);
            in_time(self.client.query_raw(&text).execute()).await?;
        }
        Ok(())
    }

    /// How many visitors and orders these parts of the queue name.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn ledger_slots(&self, parts: &[String]) -> Result<u64, StoreError> {
        let text = include_str!("../../sql/ledger/slots.sql");
        // Without an answer the parts must not be taken for empty: they would be dropped.
        let row = self.one::<SlotsRow>(self.client.query_raw(text).param("parts", parts)).await?;
        Ok(row.slots)
    }

    /// Takes a part off the queue.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn drop_from_ledger_queue(&self, part: &str) -> Result<(), StoreError> {
        let name = part.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "");
        let text = format!("ALTER TABLE ledger_changes DROP PART '{name}'");
        in_time(self.client.query_raw(&text).execute()).await
    }

    /// Queues everything of a shop.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn queue_shop(&self, shop: &str) -> Result<(), StoreError> {
        for text in [
            include_str!("../../sql/ledger/queue_shop_visitors.sql"),
            include_str!("../../sql/ledger/queue_shop_orders.sql"),
        ] {
            self.work(self.client.query_raw(text).param("shop", shop)).await?;
        }
        Ok(())
    }

    /// Queues visitors and orders of a shop; an order with the visitor who stands for it while it has none.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn queue(
        &self,
        shop: &str,
        visitors: impl IntoIterator<Item = u64>,
        orders: impl IntoIterator<Item = (&str, u64)>,
    ) -> Result<(), StoreError> {
        let mut rows = Rows::default();
        for visitor in visitors {
            rows.text(shop).u64(visitor).u64(visitor).text("");
        }
        for (order_id, nobody) in orders {
            rows.text(shop).u64(nobody).u64(0).text(order_id);
        }
        self.insert_rows("ledger_changes (shop, slot, visitor, order_id)", rows.into_bytes()).await
    }

    /// Queues a visitor, and the orders that name or named them.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn queue_visitor(&self, shop: &str, visitor: u64) -> Result<(), StoreError> {
        let text = include_str!("../../sql/ledger/queue_visitor.sql");
        self.work(self.client.query_raw(text).param("shop", shop).param("visitor", visitor)).await
    }

    /// Everything about a piece of the queue.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn touched(&self, piece: &Piece) -> Result<Touched, StoreError> {
        for table in ["ledger_orders", "ledger_visitors"] {
            self.work(self.client.query_raw(&format!("TRUNCATE TABLE {table}"))).await?;
        }
        let about = |text: &str| {
            self.client
                .query_raw(text)
                .param("parts", &piece.parts)
                .param("first", piece.first_slot)
                .param("last", piece.last_slot)
        };
        self.work(about(include_str!("../../sql/ledger/touch_orders.sql"))).await?;
        self.work(about(include_str!("../../sql/ledger/touch_visitors.sql"))).await?;
        self.looked_at().await
    }

    /// Everything about the visitors and orders of a shop in a range of slots, both included.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn touched_range(&self, shop: &str, first: u64, last: u64) -> Result<Touched, StoreError> {
        for table in ["ledger_orders", "ledger_visitors"] {
            self.work(self.client.query_raw(&format!("TRUNCATE TABLE {table}"))).await?;
        }
        for text in [
            include_str!("../../sql/ledger/touch_range_orders.sql"),
            include_str!("../../sql/ledger/touch_range_visitors.sql"),
        ] {
            let order = self.client.query_raw(text).param("shop", shop).param("first", first);
            self.work(order.param("last", last)).await?;
        }
        self.looked_at().await
    }

    /// How many visitors and orders a shop has, about.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn ledger_size(&self, shop: &str) -> Result<u64, StoreError> {
        let question = self.client.query_raw(include_str!("../../sql/ledger/size.sql")).param("shop", shop);
        Ok(self.one::<SlotsRow>(question).await?.slots)
    }

    /// Whether anything of a shop is queued.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn is_queued(&self, shop: &str) -> Result<bool, StoreError> {
        let question = self.client.query_raw(include_str!("../../sql/ledger/queued.sql")).param("shop", shop);
        Ok(self.one::<SlotsRow>(question).await?.slots > 0)
    }

    /// Everything that the ledger holds of a shop.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn shop_ledger(&self, shop: &str) -> Result<Totals, StoreError> {
        let question =
            self.client.query_raw(include_str!("../../sql/ledger/shop_rows.sql")).param("shop", shop);
        totals_of(self.all(question).await?)
    }

    async fn looked_at(&self) -> Result<Touched, StoreError> {
        let mut touched = Touched::default();
        macro_rules! read {
            ($name:literal $(, $parameter:literal = $value:expr)?, $row:ty, |$shop:ident, $of:ident| $then:expr) => {
                let text = include_str!(concat!("../../sql/ledger/", $name, ".sql"));
                for $of in self.all::<$row>(self.client.query_raw(text)$(.param($parameter, $value))?).await? {
                    let $shop: &mut TouchedShop = touched.shops.entry($of.shop.clone()).or_default();
                    $then;
                }
            };
        }
        let mut orders = 0;
        read!("looked_at", LookedAtRow, |shop, row| {
            shop.visitors.extend(row.visitors);
            orders = row.orders;
        });
        read!("told_orders", ToldRow, |shop, row| {
            if row.is_wanted != 0 {
                shop.orders.insert(row.order_id.clone(), row.nobody);
            }
            shop.told.push(row.try_into()?);
        });
        if orders > 0 {
            read!("known_orders", OrderRow, |shop, row| {
                // Nothing may be told of it any more.
                shop.orders.insert(row.order_id.clone(), row.nobody);
                shop.known_orders.push(row.into());
            });
        }
        read!("raw_days", RawDayRow, |shop, row| shop
            .raw_days
            .entry(row.visitor)
            .or_default()
            .push(row.into()));
        let names_customer = |days: &Vec<RawDay>| days.iter().any(|day| !day.customers.is_empty());
        let with_customers = touched.shops.values().any(|shop| shop.raw_days.values().any(names_customer));
        read!("concerned_orders", "with_customers" = u8::from(with_customers), OrderRow, |shop, row| {
            shop.concerned_orders.push(row.into())
        });
        for row in self.all::<DayRow>(self.client.query_raw(&KNOWN_DAYS)).await? {
            let shop = touched.shops.entry(row.shop.clone()).or_default();
            shop.known_days.entry(row.visitor).or_default().push(row.try_into()?);
        }
        Ok(touched)
    }

    /// What the ledger holds in the rows that `totals` has.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn ledger_rows(&self, totals: &Totals) -> Result<Totals, StoreError> {
        let mut keys = Rows::default();
        for (key, _) in totals.rows() {
            keys.text(key.shop).text(word(key.dimension)).u16(key.day).text(key.value).u8(key.set as u8);
            keys.text(key.currency).u16(key.start).u16(key.after);
        }
        if keys.is_empty() {
            return Ok(Totals::default());
        }
        self.work(self.client.query_raw("TRUNCATE TABLE ledger_keys")).await?;
        self.insert_rows(
            "ledger_keys (shop, dimension, day, value, set, currency, start, after)",
            keys.into_bytes(),
        )
        .await?;
        let question = self.client.query_raw(include_str!("../../sql/ledger/known_rows.sql"));
        totals_of(self.all(question).await?)
    }

    /// Inserts a batch, once or several times.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn insert_batch(&self, batch: &Batch) -> Result<(), StoreError> {
        for (into, rows) in &batch.inserts {
            self.insert_rows(into, rows.clone()).await?;
        }
        Ok(())
    }

    /// The highest number of a batch.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn last_batch(&self) -> Result<u64, StoreError> {
        #[derive(Row, Deserialize)]
        struct Last {
            batch: u64,
        }
        let text = include_str!("../../sql/ledger/last_batch.sql");
        Ok(self.one::<Last>(self.client.query_raw(text)).await?.batch)
    }

    /// The values that the ledger has of each dimension of these shops.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn ledger_values(
        &self,
        shops: &[&str],
    ) -> Result<Vec<(String, Dimension, String)>, StoreError> {
        let text = include_str!("../../sql/ledger/known_values.sql");
        let rows = self.all::<ValueRow>(self.client.query_raw(text).param("shops", shops)).await?;
        let known = |row: ValueRow| Ok((row.shop, dimension(&row.dimension)?, row.value));
        rows.into_iter().map(known).collect()
    }

    /// Dimensions that the ledger does not keep.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn wide_dimensions(&self) -> Result<HashSet<(String, Dimension)>, StoreError> {
        let text = "SELECT DISTINCT shop, dimension FROM wide_dimensions";
        let rows = self.all::<WideRow>(self.client.query_raw(text)).await?;
        let known = |row: WideRow| Ok((row.shop, dimension(&row.dimension)?));
        rows.into_iter().map(known).collect()
    }

    pub(super) async fn all<T>(&self, question: Query) -> Result<Vec<T>, StoreError>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        let asked = limited(question).fetch_all::<T>();
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Away("it did not answer in time".into())),
        }
    }

    async fn one<T>(&self, question: Query) -> Result<T, StoreError>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        let row = self.all::<T>(question).await?.pop();
        row.ok_or_else(|| StoreError::Refused("a row was expected, and none came".into()))
    }

    async fn work(&self, order: Query) -> Result<(), StoreError> {
        let done = limited(order).execute();
        match tokio::time::timeout(TIMEOUT, done).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Away("it did not answer in time".into())),
        }
    }

    pub(super) async fn insert_rows(&self, into: &str, rows: Vec<u8>) -> Result<(), StoreError> {
        let mut insert = self
            .client
            .insert_formatted_with(format!("INSERT INTO {into} FORMAT RowBinary"))
            .with_timeouts(Some(TIMEOUT), Some(TIMEOUT))
            .with_setting("async_insert", "0")
            .with_setting("insert_deduplicate", "0")
            .with_setting("max_partitions_per_insert_block", "0");
        insert.send(rows.into()).await?;
        Ok(insert.end().await?)
    }
}

fn limited(query: Query) -> Query {
    SETTINGS.into_iter().fold(query, |query, (name, value)| query.with_setting(name, value))
}

/// # Errors
/// Refused: the word is that of no dimension.
fn dimension(word: &str) -> Result<Dimension, StoreError> {
    Dimension::parse(word).ok_or_else(|| {
        StoreError::Refused(format!("the ledger has a dimension `{word}`, which this version does not know"))
    })
}

/// # Errors
/// Refused: a set or a dimension that this version does not know.
fn totals_of(rows: Vec<LedgerRow>) -> Result<Totals, StoreError> {
    let mut found = Totals::default();
    for row in rows {
        let set = Set::from_number(row.set).ok_or_else(|| {
            StoreError::Refused(format!("the ledger has a set {}, which this version does not know", row.set))
        })?;
        let dimension = if row.dimension.is_empty() { None } else { Some(dimension(&row.dimension)?) };
        let key = Key {
            shop: &row.shop,
            dimension,
            value: &row.value,
            set,
            currency: &row.currency,
            after: row.after,
            start: row.start,
            day: row.day,
        };
        found.add_row(key, Measure { count: row.counted, amount: Sum::from_ten_thousandths(row.amount) });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_which_blocks_it_holds_or_is_none() {
        let part = |name: &str| QueuePart::try_from(PartRow { name: name.into(), rows: 7 });
        let found = part("all_12_15_2").unwrap();
        assert_eq!((found.first_block, found.last_block, found.rows), (12, 15, 7));
        for name in ["", "all", "all_1", "all_x_2_0"] {
            assert!(matches!(part(name), Err(StoreError::Refused(_))), "{name}");
        }
    }

    #[test]
    fn rows_of_another_version_are_an_error_and_not_the_total() {
        let row = |set, dimension: &str| LedgerRow {
            shop: "tea".into(),
            dimension: dimension.into(),
            day: 1,
            value: String::new(),
            set,
            currency: String::new(),
            start: 1,
            after: 0,
            counted: 1,
            amount: 0,
        };
        assert!(totals_of(vec![row(1, ""), row(1, "source")]).is_ok());
        for unknown in [row(99, ""), row(1, "mood")] {
            assert!(matches!(totals_of(vec![unknown]), Err(StoreError::Refused(_))));
        }
    }
}
