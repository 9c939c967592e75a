//! All rows that follow from a batch of events, for every table that is fed by events.
//!
//! Nothing here depends on what is stored, and a repeated batch gives the same rows again, so that an insert
//! that ended without an answer is repeated. Each table is inserted by itself, `event_log` first and the
//! queue of changes last: a batch that was given up in between is repeated as a whole, and until then the
//! upkeep works on nothing that it could not see.

use super::activity::Activity;
use super::native::{Block, Cells, Values};
use crate::clock::days_since_1970;
use crate::event::{Author, Event, Item, Kind, Topic, Via, Visitor};
use crate::hash;
use crate::money::Amount;
use crate::store::error::StoreError;
use chrono::NaiveDate;
use foldhash::{HashMap, HashSet};
use std::collections::BTreeMap;

/// Of `rank`: what the shop told counts before what pages told.
const VERIFIED: u64 = 1 << 63;
/// Of `rank`: from this the arrival is taken away, so that the earliest is the greatest.
const LATEST_ARRIVAL: i64 = 1 << 62;

const EVENT_LOG: [(&str, &str); 52] = [
    ("shop", "LowCardinality(String)"),
    ("at", "DateTime64(3, 'UTC')"),
    ("id", "UUID"),
    ("batch", "LowCardinality(String)"),
    ("rank", "UInt64"),
    ("kind", "LowCardinality(String)"),
    ("day", "Date"),
    ("received_day", "Date"),
    ("visitor", "String"),
    ("cookieless", "Bool"),
    ("bot", "Bool"),
    ("url", "String"),
    ("referrer", "String"),
    ("title", "String"),
    ("source", "LowCardinality(String)"),
    ("medium", "LowCardinality(String)"),
    ("campaign", "LowCardinality(String)"),
    ("path", "String"),
    ("device", "LowCardinality(String)"),
    ("browser", "LowCardinality(String)"),
    ("os", "LowCardinality(String)"),
    ("country", "LowCardinality(String)"),
    ("region", "LowCardinality(String)"),
    ("city", "LowCardinality(String)"),
    ("order_id", "String"),
    ("payment_id", "String"),
    ("refund_id", "String"),
    ("amount", "Nullable(Decimal(18, 4))"),
    ("currency", "LowCardinality(String)"),
    ("as_of", "Nullable(DateTime64(3, 'UTC'))"),
    ("via", "LowCardinality(String)"),
    ("only_names", "Bool"),
    ("items.product", "Array(String)"),
    ("items.name", "Array(String)"),
    ("items.variant", "Array(String)"),
    ("items.quantity", "Array(UInt32)"),
    ("items.amount", "Array(Nullable(Decimal(18, 4)))"),
    ("items.cost", "Array(Nullable(Decimal(18, 4)))"),
    ("cost", "Nullable(Decimal(18, 4))"),
    ("shipping", "Nullable(Decimal(18, 4))"),
    ("tax", "Nullable(Decimal(18, 4))"),
    ("discount", "Nullable(Decimal(18, 4))"),
    ("conversation", "String"),
    ("by", "LowCardinality(String)"),
    ("agent", "LowCardinality(String)"),
    ("channel", "LowCardinality(String)"),
    ("topic", "LowCardinality(String)"),
    ("score", "UInt8"),
    ("engaged_ms", "Nullable(UInt32)"),
    ("variant", "LowCardinality(String)"),
    ("customer", "String"),
    ("product", "String"),
];

const ORDER_EVENTS: [(&str, &str); 30] = [
    ("shop", "LowCardinality(String)"),
    ("order_id", "String"),
    ("kind", "LowCardinality(String)"),
    ("at", "DateTime64(3, 'UTC')"),
    ("id", "UUID"),
    ("batch", "LowCardinality(String)"),
    ("rank", "UInt64"),
    ("day", "Date"),
    ("received_day", "Date"),
    ("visitor", "UInt64"),
    ("cookieless", "Bool"),
    ("only_names", "Bool"),
    ("customer", "String"),
    ("payment_id", "String"),
    ("refund_id", "String"),
    ("amount", "Nullable(Decimal(18, 4))"),
    ("currency", "LowCardinality(String)"),
    ("as_of", "Nullable(DateTime64(3, 'UTC'))"),
    ("via", "LowCardinality(String)"),
    ("product", "String"),
    ("items.product", "Array(String)"),
    ("items.name", "Array(String)"),
    ("items.variant", "Array(String)"),
    ("items.quantity", "Array(UInt32)"),
    ("items.amount", "Array(Nullable(Decimal(18, 4)))"),
    ("items.cost", "Array(Nullable(Decimal(18, 4)))"),
    ("cost", "Nullable(Decimal(18, 4))"),
    ("shipping", "Nullable(Decimal(18, 4))"),
    ("tax", "Nullable(Decimal(18, 4))"),
    ("discount", "Nullable(Decimal(18, 4))"),
];

const CONVERSATION_EVENTS: [(&str, &str); 16] = [
    ("shop", "LowCardinality(String)"),
    ("conversation", "UInt64"),
    ("at", "DateTime64(3, 'UTC')"),
    ("id", "UUID"),
    ("batch", "LowCardinality(String)"),
    ("rank", "UInt64"),
    ("kind", "LowCardinality(String)"),
    ("day", "Date"),
    ("received_day", "Date"),
    ("visitor", "UInt64"),
    ("cookieless", "Bool"),
    ("channel", "LowCardinality(String)"),
    ("name", "String"),
    ("by", "LowCardinality(String)"),
    ("agent", "LowCardinality(String)"),
    ("topic", "LowCardinality(String)"),
];

const RELATIONS: [(&str, &str); 5] = [
    ("shop", "LowCardinality(String)"),
    ("name", "UInt64"),
    ("order_id", "String"),
    ("visitor", "UInt64"),
    ("conversation", "UInt64"),
];

const LATE_ARRIVALS: [(&str, &str); 3] =
    [("shop", "LowCardinality(String)"), ("day", "Date"), ("received_at", "DateTime64(3, 'UTC')")];

const LEDGER_CHANGES: [(&str, &str); 5] = [
    ("shop", "LowCardinality(String)"),
    ("slot", "UInt64"),
    ("visitor", "UInt64"),
    ("order_id", "String"),
    ("conversation", "UInt64"),
];

/// Rows for every table that is fed by events.
#[derive(Debug)]
pub struct EventBatch {
    events: u64,
    event_log: Block,
    order_events: Block,
    conversation_events: Block,
    activity: Activity,
    /// Shop, name, order, visitor, conversation.
    relations: HashSet<(String, u64, String, u64, u64)>,
    /// By shop and day the last arrival.
    late_arrivals: BTreeMap<(String, u16), i64>,
    /// By shop who and what changed.
    changes: HashMap<String, Changes>,
}

/// What the upkeep of the ledger is to look at again, each with the visitor whom the event names: they are
/// found together then.
#[derive(Debug, Default)]
struct Changes {
    visitors: HashSet<u64>,
    orders: HashSet<(u64, String)>,
    conversations: HashSet<(u64, u64)>,
}

/// A batch as it travels.
#[derive(Debug)]
pub struct EncodedBatch {
    /// Events in it.
    pub events: u64,
    /// In the order in which they are to be inserted.
    pub(in crate::store) inserts: Vec<EncodedRows>,
}

/// Rows of one table as they travel.
#[derive(Debug)]
pub(in crate::store) struct EncodedRows {
    pub statement: String,
    /// Bytes, in their order.
    pub parts: Vec<Vec<u8>>,
    /// What is equal in the batch may stay until it is merged, as what is equal in two batches does. Of other
    /// tables nothing says which of two tellings of one moment counts, and it must be the same before a
    /// merge.
    pub merges_later: bool,
}

impl Default for EventBatch {
    fn default() -> EventBatch {
        EventBatch {
            events: 0,
            event_log: Block::new("event_log", &EVENT_LOG),
            order_events: Block::new("order_events", &ORDER_EVENTS),
            conversation_events: Block::new("conversation_events", &CONVERSATION_EVENTS),
            activity: Activity::default(),
            relations: HashSet::default(),
            late_arrivals: BTreeMap::new(),
            changes: HashMap::default(),
        }
    }
}

/// The number that stands for a day in the tables.
///
/// # Errors
/// Poisoned: a row with this day cannot be held; the others can be inserted without it.
pub(in crate::store) fn day_number(day: NaiveDate) -> Result<u16, StoreError> {
    days_since_1970(day).ok_or_else(|| {
        StoreError::Poisoned(format!("{day} is beyond the days that a table holds, 1970-01-01 to 2149-06-06"))
    })
}

/// What several tables hold of an event.
struct Key<'a> {
    event: &'a Event,
    day: u16,
    received_day: u16,
    rank: u64,
    visitor: u64,
    visitor_id: &'a str,
    is_cookieless: bool,
}

impl EventBatch {
    /// Events added.
    pub fn len(&self) -> u64 {
        self.events
    }

    /// Whether there is nothing to insert.
    pub fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// Adds an event.
    ///
    /// # Errors
    /// Poisoned: no table holds its day. Nothing of it was added.
    pub fn add(&mut self, event: &Event) -> Result<(), StoreError> {
        let (visitor_id, is_cookieless) = match &event.visitor {
            Visitor::Named(id) => (id.as_str(), false),
            Visitor::Cookieless(id) => (id.as_str(), true),
            Visitor::Unknown => ("", false),
        };
        let arrival = LATEST_ARRIVAL.saturating_sub(event.received_at_ms).unsigned_abs();
        let key = Key {
            event,
            day: day_number(event.day)?,
            received_day: day_number(event.received_day)?,
            rank: arrival | if event.verified { VERIFIED } else { 0 },
            visitor: hash::visitor(visitor_id),
            visitor_id,
            is_cookieless,
        };
        self.events += 1;
        key.write_log(&mut self.event_log);
        let changes = match self.changes.get_mut(&event.shop) {
            Some(changes) => changes,
            None => self.changes.entry(event.shop.clone()).or_default(),
        };
        if event.kind.is_of_an_order() {
            key.write_order(&mut self.order_events);
            changes.orders.insert((key.visitor, event.order_id.clone()));
        }
        if !event.bot {
            if !event.conversation.is_empty() {
                let conversation = hash::conversation(&event.channel, &event.conversation);
                key.write_conversation(&mut self.conversation_events, conversation);
                changes.conversations.insert((key.visitor, conversation));
            }
            if key.visitor != 0 && self.activity.add(event, key.visitor, key.is_cookieless, key.day) {
                changes.visitors.insert(key.visitor);
            }
        }
        self.relate(&key);
        if event.bot {
            return Ok(());
        }
        if key.received_day > key.day {
            let last = self.late_arrivals.entry((event.shop.clone(), key.day)).or_default();
            *last = event.received_at_ms.max(*last);
        }
        Ok(())
    }

    fn relate(&mut self, key: &Key<'_>) {
        let Key { event, visitor, .. } = *key;
        let mut relate = |name: u64, order_id: &str, visitor: u64, conversation: u64| {
            self.relations.insert((event.shop.clone(), name, order_id.to_owned(), visitor, conversation));
        };
        if event.kind == Kind::Order && visitor != 0 {
            relate(visitor, &event.order_id, 0, 0);
        }
        if event.kind == Kind::Payment && !event.payment_id.is_empty() {
            relate(hash::payment(&event.payment_id), &event.order_id, 0, 0);
        }
        if event.kind == Kind::Refund && !event.refund_id.is_empty() {
            relate(hash::refund(&event.refund_id), &event.order_id, 0, 0);
        }
        if !event.customer.is_empty() {
            let customer = hash::customer(&event.customer);
            if !event.order_id.is_empty() {
                relate(customer, &event.order_id, 0, 0);
            }
            if visitor != 0 {
                relate(customer, "", visitor, 0);
                relate(visitor, "", customer, 0);
            }
        }
        if !event.conversation.is_empty() && visitor != 0 {
            relate(visitor, "", 0, hash::conversation(&event.channel, &event.conversation));
        }
    }

    /// The rows as they travel.
    pub fn encoded(self) -> EncodedBatch {
        let events = self.events;
        let blocks = self.into_blocks().into_iter();
        EncodedBatch {
            events,
            inserts: blocks
                .map(|block| EncodedRows {
                    statement: block.statement(),
                    merges_later: ["event_log", "visitor_activity"].contains(&block.table()),
                    parts: block.into_parts(),
                })
                .collect(),
        }
    }

    /// The blocks in the order in which they are to be inserted; none that is empty.
    fn into_blocks(self) -> Vec<Block> {
        let mut relations = Block::new("relations", &RELATIONS);
        for (shop, name, order_id, visitor, conversation) in &self.relations {
            relations.row().text(shop).u64(*name).text(order_id).u64(*visitor).u64(*conversation);
        }
        let mut late = Block::new("late_arrivals", &LATE_ARRIVALS);
        for ((shop, day), received_at_ms) in &self.late_arrivals {
            late.row().text(shop).u16(*day).i64(*received_at_ms);
        }
        let mut queue = Block::new("ledger_changes", &LEDGER_CHANGES);
        for (shop, changes) in &self.changes {
            let seen_with_more = changes.orders.iter().map(|(visitor, _)| visitor);
            let seen_with_more: HashSet<&u64> =
                seen_with_more.chain(changes.conversations.iter().map(|(visitor, _)| visitor)).collect();
            for visitor in changes.visitors.iter().filter(|visitor| !seen_with_more.contains(visitor)) {
                queue.row().text(shop).u64(*visitor).u64(*visitor).text("").u64(0);
            }
            for (visitor, order_id) in &changes.orders {
                let slot = if *visitor == 0 { hash::nobody(order_id) } else { *visitor };
                queue.row().text(shop).u64(slot).u64(*visitor).text(order_id).u64(0);
            }
            for (visitor, conversation) in &changes.conversations {
                let slot = if *visitor == 0 { *conversation } else { *visitor };
                queue.row().text(shop).u64(slot).u64(*visitor).text("").u64(*conversation);
            }
        }
        let blocks = [
            self.event_log,
            self.order_events,
            self.conversation_events,
            self.activity.into_block(),
            relations,
            late,
            queue,
        ];
        blocks.into_iter().filter(|block| block.len() > 0).collect()
    }
}

impl Key<'_> {
    fn write_log(&self, block: &mut Block) {
        let event = self.event;
        let details = &event.details;
        let mut row = block.row();
        row.text(&event.shop).i64(event.at_ms).uuid(event.id).text(&event.batch).u64(self.rank);
        row.text(event.kind.as_str()).u16(self.day).u16(self.received_day);
        row.text(self.visitor_id).bool(self.is_cookieless).bool(event.bot);
        row.text(&event.url).text(&event.referrer).text(&event.title);
        row.text(&details.source).text(&details.medium).text(&details.campaign).text(&details.path);
        row.text(&details.device).text(&details.browser).text(&details.os);
        row.text(&details.country).text(&details.region).text(&details.city);
        row.text(&event.order_id).text(&event.payment_id).text(&event.refund_id);
        self.write_money(&mut row);
        row.bool(event.only_names);
        self.write_items(&mut row);
        row.text(&event.conversation).text(event.by.map_or("", Author::as_str));
        row.text(&event.agent).text(&event.channel).text(event.topic.map_or("", Topic::as_str));
        row.u8(event.score.unwrap_or(0)).optional_u32(event.engaged_ms);
        row.text(&event.variant).text(&event.customer).text(&event.product);
    }

    fn write_order(&self, block: &mut Block) {
        let event = self.event;
        let mut row = block.row();
        row.text(&event.shop).text(&event.order_id).text(event.kind.as_str());
        row.i64(event.at_ms).uuid(event.id).text(&event.batch).u64(self.rank);
        row.u16(self.day).u16(self.received_day);
        row.u64(self.visitor).bool(self.is_cookieless).bool(event.only_names).text(&event.customer);
        row.text(&event.payment_id).text(&event.refund_id);
        self.write_money(&mut row);
        row.text(&event.product);
        self.write_items(&mut row);
    }

    fn write_conversation(&self, block: &mut Block, conversation: u64) {
        let event = self.event;
        let mut row = block.row();
        row.text(&event.shop).u64(conversation).i64(event.at_ms).uuid(event.id).text(&event.batch);
        row.u64(self.rank).text(event.kind.as_str()).u16(self.day).u16(self.received_day);
        row.u64(self.visitor).bool(self.is_cookieless).text(&event.channel).text(&event.conversation);
        row.text(event.by.map_or("", Author::as_str)).text(&event.agent);
        row.text(event.topic.map_or("", Topic::as_str));
    }

    /// Amount, currency, as_of, via.
    fn write_money(&self, row: &mut Cells<'_>) {
        let (amount, currency) =
            self.event.amount.map_or((None, None), |(amount, currency)| (Some(amount), currency));
        row.optional_i64(amount.map(Amount::ten_thousandths));
        row.text(currency.as_ref().map_or("", |currency| currency.code()));
        row.optional_i64(self.event.as_of_ms).text(self.event.via.map_or("", Via::as_str));
    }

    /// Items, cost, shipping, tax, discount.
    fn write_items(&self, row: &mut Cells<'_>) {
        let items = &self.event.items;
        let mut text = |of: fn(&Item) -> &str| {
            row.array(items, |values: &mut Values, item| values.text(of(item)));
        };
        text(|item| &item.product);
        text(|item| &item.name);
        text(|item| &item.variant);
        row.array(items, |values, item| values.u32(item.quantity));
        let mut amount = |of: fn(&Item) -> Option<Amount>| {
            row.array(items, |values: &mut Values, item| {
                values.optional_i64(of(item).map(Amount::ten_thousandths));
            });
        };
        amount(|item| item.amount);
        amount(|item| item.cost);
        let costs = &self.event.costs;
        for amount in [costs.cost, costs.shipping, costs.tax, costs.discount] {
            row.optional_i64(amount.map(Amount::ten_thousandths));
        }
    }
}
