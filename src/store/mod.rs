//! The only module that speaks ClickHouse: migrate, insert, ask.
//!
//! It does not know where the server comes from (embedded or external), nothing of HTTP requests and nothing
//! of the spool. Settings that a promise depends on are sent with the request, because servers' defaults differ
//! and move; every request has an end.

mod annotations;
mod ask;
mod client;
mod cohorts;
mod connection;
mod erase;
mod error;
mod events;
mod funnel;
mod inquiries;
mod ledger;
#[allow(missing_docs, reason = "their names and types say what their items are")]
mod migrate;
mod orders;
mod stamp;
mod views;
mod write;

pub use annotations::Annotation;
pub use client::{Store, Times};
pub use connection::{OLDEST_SERVER, StoreOptions};
pub use erase::Traces;
pub use error::StoreError;
pub use events::{PathPosition, VisitorHead};
pub use funnel::{Groups, Row};
pub use inquiries::{LostInquiries, LostInquiry, LostPage, LostPlace};
pub use ledger::{Batch, Piece, QueuePart};
pub use migrate::Divergence;
pub use write::{Brought, Insertion, RulesRow, Seen, SeenRow, ShopRow, hash_of};
