//! What is done before the first round, and after every failure: what a crash left is finished, losses are
//! looked for, and what the tables hold is read.

use super::batch_file::Kept;
use super::error::UpkeepError;
use super::known::Known;
use super::rounds::Upkeep;
use crate::file;
use std::collections::HashMap;

impl Upkeep {
    /// Finishes the batch that a crash left, and reads what is to be known.
    pub(super) async fn recover(&mut self) -> Result<Known, UpkeepError> {
        match self.batch_file.read().await? {
            Kept::Nothing => {}
            Kept::Batch(batch) => {
                tracing::info!(batch = batch.number, "finishing a batch of the ledger");
                self.store.insert_batch(&batch).await?;
                self.batch_file.forget().await?;
            }
            Kept::Damaged => {
                tracing::error!(path = %self.batch_file.path().display(), "a batch of the ledger is damaged");
                // So that it is not forgotten before everything was verified, see `look_for_losses`.
                self.put_stamp("a batch was damaged")?;
                self.batch_file.forget().await?;
            }
        }
        self.look_for_losses().await?;
        let rules = self.store.ledger_rules().await?.into_iter().map(|row| (row.shop, row.rules));
        Ok(Known {
            last_batch: self.store.last_batch().await?,
            rules: rules.collect(),
            shops: self.store.shops().await?.into_iter().map(|row| (row.shop.clone(), row)).collect(),
            wide: self.store.wide_dimensions().await?,
            values: HashMap::new(),
        })
    }

    /// Has everything verified soon, when the store has lost rows since this was last looked at.
    async fn look_for_losses(&mut self) -> Result<(), UpkeepError> {
        let stamp = self.store.stamp().await?;
        let path = self.options.data_dir.join("ledger.stamp");
        let before = std::fs::read_to_string(&path).ok();
        if before.as_ref() == Some(&stamp) {
            return Ok(());
        }
        if before.is_some() {
            tracing::warn!("ClickHouse or a batch has lost rows; the ledger is verified");
            self.next_nightly_ms = 0;
            self.unproven_stamp = Some(stamp);
            return Ok(());
        }
        self.put_stamp(&stamp)
    }

    pub(super) fn put_stamp(&self, stamp: &str) -> Result<(), UpkeepError> {
        let path = self.options.data_dir.join("ledger.stamp");
        file::replace(&path, stamp.as_bytes()).map_err(|cause| UpkeepError::File { path, cause })
    }
}
