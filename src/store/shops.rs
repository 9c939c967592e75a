//! The shops, written down for whoever asks ClickHouse itself.

use super::ledger::limited;
use super::rows::Rows;
use super::{Store, StoreError, in_time};
use clickhouse::Row;
use serde::Deserialize;

/// A shop as ClickHouse knows it.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct ShopRow {
    /// Slug.
    pub shop: String,
    pub name: String,
    pub time_zone: String,
    pub currency: String,
    pub after_sale_days: u16,
    pub is_removed: u8,
}

impl Store {
    /// The shops as they were last written down, removed ones too.
    ///
    /// # Errors
    /// Away: ask again later. Refused: the tables are not this version's.
    pub async fn shops(&self) -> Result<Vec<ShopRow>, StoreError> {
        let text = include_str!("../../sql/ledger/shops.sql");
        in_time(limited(self.client.query_raw(text)).fetch_all()).await
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
