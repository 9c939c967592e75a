//! One visitor taken out of the tables.
//!
//! ClickHouse rewrites the parts that hold the visitor. It keeps the text of such an order in the table's
//! directory, so the visitor stands in it by the 64-bit hash that `order_events` and `visitor_activity` have too, never
//! by the id. What is inserted after the order was taken is not touched.

use super::client::{Store, in_time};
use super::error::StoreError;
use crate::store::ask::question::date_time;
use crate::store::ask::views::{Text, text_of};
use serde::Deserialize;

static TRACES: Text = Text::new(|| text_of!("visitors/visitor_traces"));
static KEPT: Text = Text::new(|| text_of!("visitors/visitor_kept"));

/// One for each table that knows visitors; a table that is added needs its own. What is told in `event_log` of
/// an order, a payment or a refund stays without its visitor, because the shop's books need it.
const FORGET: [&str; 4] = [
    "ALTER TABLE visitor_activity DELETE WHERE shop = {shop:String} AND visitor = {hash:UInt64}",
    "ALTER TABLE order_events UPDATE visitor = 0, cookieless = false, customer = '' \
     WHERE shop = {shop:String} AND visitor = {hash:UInt64}",
    "ALTER TABLE conversation_events DELETE WHERE shop = {shop:String} AND visitor = {hash:UInt64}",
    "ALTER TABLE event_log \
     DELETE WHERE shop = {shop:String} AND sipHash64(visitor) = {hash:UInt64} \
         AND kind NOT IN ('order', 'payment', 'refund'), \
     UPDATE visitor = '', cookieless = false, customer = '', url = '', referrer = '', title = '', source = \
     '', medium = '', campaign = '', path = '', device = '', browser = '', os = '', country = '', region = \
     '', city = '' \
     WHERE shop = {shop:String} AND sipHash64(visitor) = {hash:UInt64} \
         AND kind IN ('order', 'payment', 'refund')",
];

/// What the upkeep of the ledger wrote down of a visitor and no longer holds: rows up to the batch `last`, of
/// other days and orders than those that hold now.
const FORGET_DERIVED: [&str; 4] = [
    "ALTER TABLE day_facts DELETE WHERE shop = {shop:String} AND visitor = {hash:UInt64} AND batch <= \
    {last:UInt64} AND NOT has({days:Array(UInt16)}, toUInt16(day))",
    "ALTER TABLE open_visitors DELETE WHERE shop = {shop:String} AND visitor = {hash:UInt64} AND batch <= \
    {last:UInt64} AND NOT has({days:Array(UInt16)}, toUInt16(day))",
    "ALTER TABLE order_facts DELETE WHERE shop = {shop:String} AND visitor = {hash:UInt64} AND batch <= \
    {last:UInt64} AND NOT has({orders:Array(String)}, order_id)",
    "ALTER TABLE relations DELETE WHERE shop = {shop:String} AND (name = {hash:UInt64} AND NOT \
    has({orders:Array(String)}, order_id) OR visitor = {hash:UInt64} AND empty({days:Array(UInt16)}))",
];

/// What the tables hold of one visitor; the columns of the view.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Traces {
    /// The visitor in `order_events` and `visitor_activity`.
    hash: u64,
    /// Distinct events, but those of orders.
    pub events: u64,
    /// Distinct orders, payments and refunds.
    pub order_events: u64,
    /// Of `visitor_activity`.
    pub days: u64,
    /// Distinct rows of `order_events`.
    pub order_rows: u64,
    /// Distinct rows of `conversation_events`.
    pub conversation_rows: u64,
    /// Epoch milliseconds of the last arrival; 0 when there is none.
    pub last_arrival_ms: i64,
}

/// What the ledger has of one visitor; the columns of the view.
#[derive(Debug, Deserialize)]
struct Kept {
    rows: u64,
    days: Vec<u16>,
    orders: Vec<String>,
}

impl Traces {
    /// The visitor in `order_events`, `visitor_activity` and all that is made of them.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether nothing is left.
    pub fn are_gone(&self) -> bool {
        self.events + self.order_events + self.days + self.order_rows + self.conversation_rows == 0
    }
}

impl Store {
    /// What the tables hold of a visitor that arrived up to `until_ms` (epoch milliseconds).
    ///
    /// # Errors
    /// Away: ask again later. Refused: the tables are not this version's.
    pub async fn visitor_traces(
        &self,
        shop: &str,
        visitor: &str,
        until_ms: i64,
    ) -> Result<Traces, StoreError> {
        let question = self.question(&TRACES).param("shop", shop).param("visitor", visitor);
        self.row(question.param("until", date_time(until_ms))).await
    }

    /// Deletes what the ledger wrote down of a visitor before, once it holds no longer.
    ///
    /// # Errors
    /// As [`Store::forget_visitor`].
    pub async fn forget_derived(&self, shop: &str, hash: u64) -> Result<(), StoreError> {
        // Read first: what is written meanwhile has a higher number and stays.
        let last = self.last_batch().await?;
        let question = self.question(&KEPT).param("shop", shop).param("hash", hash);
        let kept: Kept = self.row(question).await?;
        if kept.rows == 0 {
            return Ok(());
        }
        for statement in FORGET_DERIVED {
            let order = self.client.query_raw(statement).param("shop", shop).param("hash", hash);
            let order = order.param("last", last).param("days", &kept.days).param("orders", &kept.orders);
            in_time(order.with_setting("mutations_sync", "1").execute()).await?;
        }
        // What the visitor has done since is of somebody new, and was perhaps not known yet when it was read
        // what is kept.
        self.await_insertions().await;
        let relink = self.client.query_raw(include_str!("../../sql/ledger/relink_visitor.sql"));
        in_time(relink.param("shop", shop).param("visitor", hash).execute()).await?;
        self.queue_visitor(shop, hash).await
    }

    /// Orders that the tables forget a visitor. It is done when [`Store::visitor_traces`] finds nothing,
    /// which takes as long as rewriting the parts does.
    ///
    /// # Errors
    /// Away: some of it may be ordered; order it again. Refused: the user may not change rows.
    pub async fn forget_visitor(&self, shop: &str, traces: &Traces) -> Result<(), StoreError> {
        for statement in FORGET {
            let order = self.client.query_raw(statement).param("shop", shop).param("hash", traces.hash);
            in_time(order.with_setting("mutations_sync", "0").execute()).await?;
        }
        Ok(())
    }
}
