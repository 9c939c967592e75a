//! The only module that speaks ClickHouse: migrate, insert, ask.
//!
//! It does not know where the server comes from (embedded or external), nothing of HTTP requests and nothing
//! of the spool. Settings that a promise depends on are sent with the request, because servers' defaults
//! differ and move; every request has an end.

mod ask;
mod client;
mod connection;
mod erase;
mod error;
mod ledger;
#[allow(missing_docs, reason = "their names and types say what their items are")]
mod migrate;
mod stamp;
mod write;

pub use ask::{Groups, LostInquiries, LostInquiry, LostPage, LostPlace, PathPosition, Row, VisitorHead};
pub use client::{Store, Times};
pub use connection::{OLDEST_SERVER, StoreOptions};
pub use erase::Traces;
pub use error::StoreError;
pub use ledger::{LedgerBatch, Piece, QueuePart};
pub use migrate::{Divergence, Rebuild};
pub use write::{Annotation, Brought, EncodedBatch, EventBatch, RulesRow, Seen, SeenRow, ShopRow, hash_of};
