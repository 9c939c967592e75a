//! The rows of the day ledger: what it holds, and batches that change it.

use super::batch::{LedgerBatch, word};
use crate::funnel::Dimension;
use crate::ledger::chain::{Measure, Set};
use crate::ledger::totals::{Key, Totals};
use crate::money::Sum;
use crate::store::client::Store;
use crate::store::error::StoreError;
use crate::store::write::row_binary::Rows;
use clickhouse::Row;
use serde::Deserialize;
use std::collections::HashSet;

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
struct WideRow {
    shop: String,
    dimension: String,
}

impl Store {
    /// Everything that the ledger holds of a shop.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn shop_ledger(&self, shop: &str) -> Result<Totals, StoreError> {
        let question =
            self.client.query_raw(include_str!("../../../sql/ledger/shop_rows.sql")).param("shop", shop);
        totals_of(self.all(question).await?)
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
        let question = self.client.query_raw(include_str!("../../../sql/ledger/known_rows.sql"));
        totals_of(self.all(question).await?)
    }

    /// Inserts a batch, once or several times.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn insert_batch(&self, batch: &LedgerBatch) -> Result<(), StoreError> {
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
        let text = include_str!("../../../sql/ledger/last_batch.sql");
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
        let text = include_str!("../../../sql/ledger/known_values.sql");
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
