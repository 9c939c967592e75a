//! What the upkeep knows of the tables between two rounds, and how shops and their rules are written down
//! there.

use crate::funnel::{Dimension, FINAL_DAYS};
use crate::ledger::life::Rules;
use crate::shops::Shop;
use crate::store::ShopRow;
use std::collections::{HashMap, HashSet};

/// Changes when other rows of the ledger follow from the same events: then every ledger is made anew.
const VERSION: u32 = 3;

/// What is known about the tables, read when the store is found.
#[derive(Debug)]
pub(super) struct Known {
    pub last_batch: u64,
    pub rules: HashMap<String, String>,
    pub shops: HashMap<String, ShopRow>,
    pub wide: HashSet<(String, Dimension)>,
    /// By shop: hashes of each dimension's values.
    pub values: HashMap<String, HashMap<Dimension, HashSet<u64>>>,
}

pub(super) fn row_of(shop: &Shop) -> ShopRow {
    ShopRow {
        shop: shop.slug.clone(),
        name: shop.name.clone(),
        time_zone: shop.time_zone.name().to_owned(),
        currency: shop.currency.to_string(),
        after_sale_days: shop.after_sale_days,
        is_removed: 0,
    }
}

pub(super) fn rules_of(shop: &Shop) -> Rules {
    Rules {
        after_sale_days: shop.after_sale_days,
        final_days: FINAL_DAYS,
        currency: shop.currency.code().to_owned(),
    }
}

pub(super) fn text_of(rules: &Rules) -> String {
    let Rules { after_sale_days, final_days, currency } = rules;
    format!("version={VERSION} after_sale_days={after_sale_days} final_days={final_days} currency={currency}")
}
