//! The queue of what changed: which visitors and orders the upkeep has to find anew.

use crate::store::client::{Store, in_time};
use crate::store::error::StoreError;
use crate::store::write::row_binary::Rows;
use clickhouse::Row;
use serde::Deserialize;
use std::collections::HashSet;

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
        let block = |index| name.split('_').nth(index)?.parse().ok();
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

/// Of all slots: less than any insertion of events has, whose slots are hashes.
const NARROW: u64 = u64::MAX / 4;

#[derive(Row, Deserialize)]
struct SpanRow {
    name: String,
    first_slot: u64,
    last_slot: u64,
}

#[derive(Row, Deserialize)]
struct SlotsRow {
    slots: u64,
}

impl Store {
    /// The parts of the queue.
    ///
    /// # Errors
    /// Of every call here: away, call again later; refused, the tables are not this version's.
    pub async fn ledger_queue(&self) -> Result<Vec<QueuePart>, StoreError> {
        let text = include_str!("../../../sql/ledger/queue.sql");
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
        let text = include_str!("../../../sql/ledger/days_before.sql");
        for old in self.all::<Old>(self.client.query_raw(text).param("day", day)).await? {
            // A day as ClickHouse wrote it.
            let text = format!("ALTER TABLE open_visitors DROP PARTITION '{}'", old.day);
            in_time(self.client.query_raw(&text).execute()).await?;
        }
        Ok(())
    }

    /// Names of the parts of the queue that hold no more than a small range of slots.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn narrow_parts(&self) -> Result<HashSet<String>, StoreError> {
        let spans = self.all::<SpanRow>(self.client.query_raw(include_str!("../../../sql/ledger/spans.sql")));
        let narrow = spans.await?.into_iter().filter(|span| span.last_slot - span.first_slot <= NARROW);
        Ok(narrow.map(|span| span.name).collect())
    }

    /// Queues a piece once more, in a part of its own; its parts are to be dropped when all of their pieces are.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn queue_again(&self, piece: &Piece) -> Result<(), StoreError> {
        let order = self.client.query_raw(include_str!("../../../sql/ledger/sort.sql"));
        let order = order.param("parts", &piece.parts).param("first", piece.first_slot);
        self.work(order.param("last", piece.last_slot)).await
    }

    /// How many visitors and orders these parts of the queue name.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn ledger_slots(&self, parts: &[String]) -> Result<u64, StoreError> {
        let text = include_str!("../../../sql/ledger/slots.sql");
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
            include_str!("../../../sql/ledger/queue_shop_visitors.sql"),
            include_str!("../../../sql/ledger/queue_shop_orders.sql"),
            include_str!("../../../sql/ledger/queue_shop_conversations.sql"),
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

    /// Queues whoever has named these customers (`person` of order facts).
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn queue_persons(&self, shop: &str, persons: &[u64]) -> Result<(), StoreError> {
        let text = include_str!("../../../sql/ledger/queue_persons.sql");
        self.work(self.client.query_raw(text).param("shop", shop).param("persons", persons)).await
    }

    /// Queues a visitor, and the orders that name or named them.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn queue_visitor(&self, shop: &str, visitor: u64) -> Result<(), StoreError> {
        let text = include_str!("../../../sql/ledger/queue_visitor.sql");
        self.work(self.client.query_raw(text).param("shop", shop).param("visitor", visitor)).await
    }

    /// Whether anything of a shop is queued.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn is_queued(&self, shop: &str) -> Result<bool, StoreError> {
        let question =
            self.client.query_raw(include_str!("../../../sql/ledger/queued.sql")).param("shop", shop);
        Ok(self.one::<SlotsRow>(question).await?.slots > 0)
    }

    /// How many visitors and orders a shop has, about.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn ledger_size(&self, shop: &str) -> Result<u64, StoreError> {
        let question =
            self.client.query_raw(include_str!("../../../sql/ledger/size.sql")).param("shop", shop);
        Ok(self.one::<SlotsRow>(question).await?.slots)
    }
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
}
