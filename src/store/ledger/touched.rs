//! Everything about the visitors and orders of a piece of the queue, as events tell it and as it is written
//! down.

use super::queue::Piece;
use super::rows::{ConversationEventRow, DayRow, OrderEventRow, OrderRow, RawDayRow};
use crate::ledger::revision::{Touched, TouchedShop};
use crate::store::ask::lists::expanded;
use crate::store::ask::views::Text;
use crate::store::client::Store;
use crate::store::error::StoreError;
use clickhouse::Row;
use serde::Deserialize;

static KNOWN_DAYS: Text = Text::new(|| expanded(include_str!("../../../sql/ledger/known_days.sql")));

#[derive(Row, Deserialize)]
struct LookedAtRow {
    shop: String,
    visitors: Vec<u64>,
}

impl Store {
    /// Everything about a piece of the queue.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn touched(&self, piece: &Piece) -> Result<Touched, StoreError> {
        self.clear_touched().await?;
        let about = |text: &str| {
            self.client
                .query_raw(text)
                .param("parts", &piece.parts)
                .param("first", piece.first_slot)
                .param("last", piece.last_slot)
        };
        self.work(about(include_str!("../../../sql/ledger/touch_orders.sql"))).await?;
        self.work(about(include_str!("../../../sql/ledger/touch_conversations.sql"))).await?;
        self.work(about(include_str!("../../../sql/ledger/touch_visitors.sql"))).await?;
        self.looked_at().await
    }

    async fn clear_touched(&self) -> Result<(), StoreError> {
        for table in ["ledger_orders", "ledger_conversations", "ledger_visitors"] {
            self.work(self.client.query_raw(&format!("TRUNCATE TABLE {table}"))).await?;
        }
        Ok(())
    }

    /// Everything about the visitors and orders of a shop in a range of slots, both included.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn touched_range(&self, shop: &str, first: u64, last: u64) -> Result<Touched, StoreError> {
        self.clear_touched().await?;
        for text in [
            include_str!("../../../sql/ledger/touch_range_orders.sql"),
            include_str!("../../../sql/ledger/touch_range_visitors.sql"),
        ] {
            let order = self.client.query_raw(text).param("shop", shop).param("first", first);
            self.work(order.param("last", last)).await?;
        }
        self.looked_at().await
    }

    /// Its questions are asked together: while ClickHouse finds rows of one, those of another are read.
    async fn looked_at(&self) -> Result<Touched, StoreError> {
        macro_rules! rows {
            ($name:literal, $row:ty) => {
                self.all::<$row>(self.client.query_raw(include_str!(concat!(
                    "../../../sql/ledger/",
                    $name,
                    ".sql"
                ))))
            };
        }
        let (
            looked_at,
            told_orders,
            known_orders,
            raw_days,
            told_conversations,
            concerned_orders,
            known_days,
        ) = tokio::try_join!(
            rows!("looked_at", LookedAtRow),
            rows!("told_orders", OrderEventRow),
            rows!("known_orders", OrderRow),
            rows!("raw_days", RawDayRow),
            rows!("told_conversations", ConversationEventRow),
            rows!("concerned_orders", OrderRow),
            self.all::<DayRow>(self.client.query_raw(&KNOWN_DAYS)),
        )?;
        let mut touched = Touched::default();
        macro_rules! each {
            ($rows:ident, |$shop:ident, $row:ident| $then:expr) => {
                for $row in $rows {
                    let $shop: &mut TouchedShop = touched.shops.entry($row.shop.clone()).or_default();
                    $then;
                }
            };
        }
        each!(looked_at, |shop, row| shop.visitors.extend(row.visitors));
        each!(told_orders, |shop, row| {
            if row.is_wanted != 0 {
                shop.orders.insert(row.order_id.clone(), row.nobody);
            }
            shop.order_events.push(row.try_into()?);
        });
        each!(known_orders, |shop, row| {
            // Nothing may be told of it any more.
            shop.orders.insert(row.order_id.clone(), row.nobody);
            shop.known_orders.push(row.into());
        });
        each!(raw_days, |shop, row| shop.raw_days.entry(row.visitor).or_default().push(row.into()));
        each!(told_conversations, |shop, row| shop.conversation_events.push(row.into()));
        each!(concerned_orders, |shop, row| shop.concerned_orders.push(row.into()));
        each!(known_days, |shop, row| {
            shop.known_days.entry(row.visitor).or_default().push(row.try_into()?)
        });
        Ok(touched)
    }
}
