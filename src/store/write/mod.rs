//! Rows into tables: events as they are shipped, and what is written down about shops.

mod activity;
mod annotations;
mod batch;
mod events;
mod native;
pub(super) mod row_binary;
mod seen_values;
mod shops;

pub use annotations::Annotation;
pub use batch::{EncodedBatch, EventBatch};
pub use seen_values::{Brought, Seen, SeenRow, hash_of};
pub use shops::{RulesRow, ShopRow};
