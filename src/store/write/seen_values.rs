//! Values that shops have seen, as the bounds of new ones need them.

use super::batch::day_number;
use super::row_binary::Rows;
use crate::store::client::Store;
use crate::store::error::StoreError;
use chrono::NaiveDate;
use serde::Deserialize;
use sha2::{Digest, Sha256};

const SEEN: &str = include_str!("../../../sql/values/seen.sql");
const BROUGHT: &str = include_str!("../../../sql/values/brought.sql");

/// A value that a shop has seen.
#[derive(Debug, Deserialize)]
pub struct Seen {
    /// As [`hash_of`] makes it.
    pub value: u64,
    /// In no order.
    pub days: Vec<NaiveDate>,
}

/// New values that one client has brought to a shop on one day.
#[derive(Debug, Deserialize)]
pub struct Brought {
    /// Of the events that brought them.
    pub day: NaiveDate,
    /// By the name of the contract.
    pub dimension: String,
    /// As [`crate::identity::client_of`] makes it.
    pub client: u16,
    /// How many.
    pub brought: u64,
}

/// A value to be remembered as seen.
#[derive(Debug, Clone, Copy)]
pub struct SeenRow<'a> {
    /// Slug.
    pub shop: &'a str,
    /// Of the event that carries the value.
    pub day: NaiveDate,
    /// By the name of the contract.
    pub dimension: &'a str,
    /// As [`hash_of`] makes it.
    pub value: u64,
    /// Nobody vouches for it, and it was not seen before.
    pub is_new: bool,
    /// Who brought a new one, as [`crate::identity::client_of`] makes it; else 0.
    pub client: u16,
}

/// What stands for a value in the tables.
pub fn hash_of(dimension: &str, value: &str) -> u64 {
    let hash = Sha256::new().chain_update(dimension).chain_update([0]).chain_update(value).finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(first)
}

impl Store {
    /// Those of `values` that `shop` has seen, with the days from 30 days before `from` to `to`.
    ///
    /// # Errors
    /// As every question.
    pub async fn seen(
        &self,
        shop: &str,
        (from, to): (NaiveDate, NaiveDate),
        values: &[u64],
    ) -> Result<Vec<Seen>, StoreError> {
        let question = self.question(SEEN).param("shop", shop).param("values", values);
        self.rows(question.param("from", from.to_string()).param("to", to.to_string())).await
    }

    /// How many new values each client has brought to `shop` on each day from `from` to `to`.
    ///
    /// # Errors
    /// As every question.
    pub async fn brought(
        &self,
        shop: &str,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<Vec<Brought>, StoreError> {
        let question = self.question(BROUGHT).param("shop", shop);
        self.rows(question.param("from", from.to_string()).param("to", to.to_string())).await
    }

    /// Remembers values, durably. Doing so again changes nothing.
    ///
    /// # Errors
    /// Away: do it again.
    pub async fn remember_seen(&self, seen: &[SeenRow<'_>]) -> Result<(), StoreError> {
        let mut rows = Rows::default();
        for row in seen {
            rows.text(row.shop).u16(day_number(row.day)?).text(row.dimension).u64(row.value);
            rows.u8(u8::from(row.is_new)).u16(row.client);
        }
        self.insert_rows("seen_values (shop, day, dimension, value, is_new, client)", rows.into_bytes()).await
    }
}
