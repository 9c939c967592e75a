//! Events and all that follows from them into the tables.
//!
//! Delivery is at least once: an insert that ended without an answer is sent again. The tables are made so
//! that a repeated row changes no figure, with ClickHouse's own deduplication switched off, which is said
//! with every insert.

use super::batch::{EncodedBatch, EncodedRows};
use crate::store::client::Store;
use crate::store::error::StoreError;
use std::time::{Duration, Instant};

/// A chunk that the socket does not take for this long.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// The server's whole work on one insert. Longer than the server's own limit below, so that an insert without
/// an answer is rare.
const END_TIMEOUT: Duration = Duration::from_secs(120);
const SETTINGS: [(&str, &str); 7] = [
    ("async_insert", "0"),
    ("insert_deduplicate", "0"),
    ("max_execution_time", "100"),
    // A block is one part for each partition: more rows than the largest, an import's, has.
    ("max_insert_block_size", "1000000"),
    ("min_insert_block_size_rows", "1000000"),
    ("min_insert_block_size_bytes", "1000000000"),
    // Imported history spans more months than the default allows in one insert.
    ("max_partitions_per_insert_block", "0"),
];

impl Store {
    /// Puts a batch into every table that it feeds, and waits until all of it is on the store's disk.
    ///
    /// # Errors
    /// Away: some of the batch may have arrived, insert it again. Refused: it will be refused again.
    /// Poisoned: something that it holds is refused.
    pub async fn insert_events(&self, batch: EncodedBatch) -> Result<(), StoreError> {
        let _ending = self.ending.read().await;
        let began = Instant::now();
        for EncodedRows { statement, parts, merges_later } in batch.inserts {
            let insert = self.client.insert_formatted_with(statement);
            let insert = insert.with_timeouts(Some(SEND_TIMEOUT), Some(END_TIMEOUT));
            let mut insert =
                SETTINGS.into_iter().fold(insert, |insert, (name, value)| insert.with_setting(name, value));
            if merges_later {
                insert = insert.with_setting("optimize_on_insert", "0");
            }
            for part in parts {
                insert.send(part.into()).await?;
            }
            insert.end().await?;
        }
        self.times.inserts.observe(began.elapsed());
        Ok(())
    }

    /// Waits until the batches that are being inserted are in every table: before, one of them may be in some
    /// tables, and not in the queue of changes yet.
    pub async fn await_insertions(&self) {
        drop(self.ending.write().await);
    }
}
