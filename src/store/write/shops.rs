//! What is written down of shops: how they are, for whoever asks ClickHouse itself, and under which rules
//! their ledgers were made.

use super::row_binary::Rows;
use crate::store::client::Store;
use crate::store::error::StoreError;
use clickhouse::Row;
use serde::Deserialize;

/// A shop as ClickHouse knows it.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct ShopRow {
    /// Slug.
    pub shop: String,
    /// For people.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// ISO 4217.
    pub currency: String,
    /// Days after an order in which an inquiry is about it.
    pub after_sale_days: u16,
    /// 1 of a shop that is gone.
    pub is_removed: u8,
}

/// The rules under which a shop's ledger was made.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct RulesRow {
    /// Slug.
    pub shop: String,
    /// As `key=value`, compared as a whole.
    pub rules: String,
}

impl Store {
    /// The rules under which the ledgers were made.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn ledger_rules(&self) -> Result<Vec<RulesRow>, StoreError> {
        self.all(self.client.query_raw("SELECT shop, rules FROM ledger_rules FINAL")).await
    }

    /// Writes down rules.
    ///
    /// # Errors
    /// As [`Store::ledger_queue`].
    pub async fn set_ledger_rules(&self, rules: &[RulesRow]) -> Result<(), StoreError> {
        let mut rows = Rows::default();
        for row in rules {
            rows.text(&row.shop).text(&row.rules);
        }
        self.insert_rows("ledger_rules (shop, rules)", rows.into_bytes()).await
    }

    /// The shops as they were last written down, removed ones too.
    ///
    /// # Errors
    /// Away: ask again later. Refused: the tables are not this version's.
    pub async fn shops(&self) -> Result<Vec<ShopRow>, StoreError> {
        let text = include_str!("../../../sql/ledger/shops.sql");
        self.all(self.client.query_raw(text)).await
    }

    /// Writes shops down, each as it is now.
    ///
    /// # Errors
    /// As [`Store::shops`].
    pub async fn set_shops(&self, shops: &[ShopRow]) -> Result<(), StoreError> {
        let mut rows = Rows::default();
        for shop in shops {
            rows.text(&shop.shop).text(&shop.name).text(&shop.time_zone).text(&shop.currency);
            rows.u16(shop.after_sale_days).u8(shop.is_removed);
        }
        let columns = "shops (shop, name, time_zone, currency, after_sale_days, is_removed)";
        self.insert_rows(columns, rows.into_bytes()).await
    }
}
