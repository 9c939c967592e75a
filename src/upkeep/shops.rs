//! What has changed about shops: their rules, which make their ledgers anew, and how they are written down.

use super::error::UpkeepError;
use super::known::{row_of, rules_of, text_of};
use super::rounds::Upkeep;
use crate::store::{RulesRow, ShopRow};
use std::sync::Arc;

impl Upkeep {
    /// Queues shops whose rules changed, and writes down the rules of new ones.
    pub(super) async fn compare_rules(&mut self) -> Result<(), UpkeepError> {
        let known = self.known.as_mut().ok_or(UpkeepError::Unread)?;
        let shops = Arc::clone(&self.registry.snapshot());
        let mut new = Vec::new();
        for shop in shops.shops() {
            let rules = text_of(&rules_of(shop));
            match known.rules.get(&shop.slug) {
                Some(before) if *before == rules => continue,
                Some(_) => self.store.queue_shop(&shop.slug).await?,
                None => {}
            }
            new.push(RulesRow { shop: shop.slug.clone(), rules });
        }
        if !new.is_empty() {
            self.store.set_ledger_rules(&new).await?;
            known.rules.extend(new.into_iter().map(|row| (row.shop, row.rules)));
        }
        Ok(())
    }

    /// Writes down what is new about shops, for whoever asks ClickHouse itself.
    pub(super) async fn compare_shops(&mut self) -> Result<(), UpkeepError> {
        let known = self.known.as_mut().ok_or(UpkeepError::Unread)?;
        let snapshot = Arc::clone(&self.registry.snapshot());
        let removed = known.shops.values().filter(|row| snapshot.by_slug(&row.shop).is_none());
        let removed = removed.map(|row| ShopRow { is_removed: 1, ..row.clone() });
        let mut new: Vec<ShopRow> = snapshot.shops().iter().map(|shop| row_of(shop)).chain(removed).collect();
        new.retain(|row| known.shops.get(&row.shop) != Some(row));
        if !new.is_empty() {
            self.store.set_shops(&new).await?;
            known.shops.extend(new.into_iter().map(|row| (row.shop.clone(), row)));
        }
        Ok(())
    }
}
