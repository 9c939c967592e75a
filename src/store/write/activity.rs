//! What visitors did on each day, out of a batch of events: rows of `visitor_activity`. Lines of orders are not
//! among it: which of them count, only all events of an order can tell.

use super::native::Block;
use crate::event::{Details, Event, Kind, Topic};
use crate::hash;
use std::collections::HashMap;

const COLUMNS: [(&str, &str); 15] = [
    ("shop", "LowCardinality(String)"),
    ("visitor", "UInt64"),
    ("day", "Date"),
    ("kinds", "UInt16"),
    ("view_min", "UInt64"),
    ("view_max", "UInt64"),
    ("asked_at", "Nullable(DateTime64(3, 'UTC'))"),
    (
        "first_visit",
        "Tuple(at DateTime64(3, 'UTC'), path String, device String, browser String, os String, country String, \
         region String, city String)",
    ),
    ("last_touch", "Tuple(at DateTime64(3, 'UTC'), source String, medium String, campaign String)"),
    ("last_inquiry", "Tuple(at DateTime64(3, 'UTC'), agent String, channel String)"),
    ("agents", "Array(String)"),
    ("channels", "Array(String)"),
    ("products", "Array(String)"),
    ("variants", "Array(String)"),
    ("customers", "Array(String)"),
];
/// 2299-12-31T00:00:00Z: none, where the least is kept.
const NO_LEAST_MS: i64 = 10_413_705_600_000;
const COOKIELESS: u16 = 32;

/// By shop, visitor and day.
#[derive(Debug, Default)]
pub(super) struct Activity {
    shops: HashMap<String, HashMap<(u64, u16), Day>>,
}

/// What a batch tells of one visitor's day.
#[derive(Debug, Default)]
struct Day {
    kinds: u16,
    /// The first view, and whether there is another one.
    view: Option<u64>,
    has_more_views: bool,
    asked_at_ms: Option<i64>,
    first_visit: Option<(i64, [String; 7])>,
    last_touch: Option<(i64, [String; 3])>,
    last_inquiry: Option<(i64, [String; 2])>,
    agents: Vec<String>,
    channels: Vec<String>,
    products: Vec<String>,
    variants: Vec<String>,
    customers: Vec<String>,
}

impl Activity {
    /// Adds what an event tells of its visitor, who is known; whether it tells anything.
    pub fn add(&mut self, event: &Event, visitor: u64, is_cookieless: bool, day: u16) -> bool {
        // An inquiry of a conversation is the conversation's, and counts for whose that is.
        let kind = match event.kind {
            Kind::Visit => 1,
            Kind::Bounce => 2,
            Kind::Inquiry if event.conversation.is_empty() => 4,
            Kind::Cart => 8,
            Kind::Favorite => 16,
            _ => 0,
        };
        let names = !(event.product.is_empty() && event.variant.is_empty() && event.customer.is_empty());
        if kind == 0 && !names {
            return false;
        }
        let shop = match self.shops.get_mut(&event.shop) {
            Some(shop) => shop,
            None => self.shops.entry(event.shop.clone()).or_default(),
        };
        let state = shop.entry((visitor, day)).or_default();
        if kind != 0 {
            state.kinds |= kind | if is_cookieless { COOKIELESS } else { 0 };
        }
        match event.kind {
            Kind::Visit => state.add_visit(event),
            Kind::Inquiry if kind != 0 => state.add_inquiry(event),
            _ => {}
        }
        name(&mut state.products, &event.product);
        name(&mut state.variants, &event.variant);
        name(&mut state.customers, &event.customer);
        true
    }

    pub fn into_block(self) -> Block {
        let mut block = Block::new("visitor_activity", &COLUMNS);
        for (shop, days) in &self.shops {
            // In the order of the table's key: what is sorted need not be sorted again.
            let mut keys: Vec<&(u64, u16)> = days.keys().collect();
            keys.sort_unstable();
            for key in keys {
                if let Some(state) = days.get(key) {
                    state.write(&mut block, shop, *key);
                }
            }
        }
        block
    }
}

/// Keeps a value that is named once.
fn name(values: &mut Vec<String>, value: &str) {
    if !value.is_empty() && !values.iter().any(|known| known == value) {
        values.push(value.to_owned());
    }
}

impl Day {
    fn add_visit(&mut self, event: &Event) {
        let view = hash::view(event.id);
        match self.view {
            Some(known) => self.has_more_views |= known != view,
            None => self.view = Some(view),
        }
        let Details { source, medium, campaign, path, device, browser, os, country, region, city } =
            &event.details;
        let visit = (event.at_ms, [path, device, browser, os, country, region, city]);
        if self.first_visit.as_ref().is_none_or(|(at_ms, values)| visit < (*at_ms, values.each_ref())) {
            self.first_visit = Some((visit.0, visit.1.map(String::clone)));
        }
        let touch = (event.at_ms, [source, medium, campaign]);
        if !source.is_empty()
            && self.last_touch.as_ref().is_none_or(|(at_ms, values)| touch > (*at_ms, values.each_ref()))
        {
            self.last_touch = Some((touch.0, touch.1.map(String::clone)));
        }
    }

    fn add_inquiry(&mut self, event: &Event) {
        if event.topic != Some(Topic::AfterSale) {
            self.asked_at_ms = Some(self.asked_at_ms.map_or(event.at_ms, |asked| asked.min(event.at_ms)));
        }
        let inquiry = (event.at_ms, [&event.agent, &event.channel]);
        if self.last_inquiry.as_ref().is_none_or(|(at_ms, values)| inquiry > (*at_ms, values.each_ref())) {
            self.last_inquiry = Some((inquiry.0, inquiry.1.map(String::clone)));
        }
        name(&mut self.agents, &event.agent);
        name(&mut self.channels, &event.channel);
    }

    fn write(&self, block: &mut Block, shop: &str, (visitor, day): (u64, u16)) {
        let (view_min, view_max) = match self.view {
            Some(_) if self.has_more_views => (0, u64::MAX),
            Some(view) => (view, view),
            None => (u64::MAX, 0),
        };
        let mut row = block.row();
        row.text(shop).u64(visitor).u16(day).u16(self.kinds).u64(view_min).u64(view_max);
        row.optional_i64(self.asked_at_ms);
        moment(&mut row, self.first_visit.as_ref(), NO_LEAST_MS);
        moment(&mut row, self.last_touch.as_ref(), 0);
        moment(&mut row, self.last_inquiry.as_ref(), 0);
        row.texts(&self.agents).texts(&self.channels).texts(&self.products);
        row.texts(&self.variants).texts(&self.customers);
    }
}

/// A moment and what it tells; without one `none` and empty texts.
fn moment<const N: usize>(row: &mut super::native::Cells<'_>, told: Option<&(i64, [String; N])>, none: i64) {
    match told {
        Some((at_ms, texts)) => row.moment(*at_ms, texts.iter().map(String::as_str)),
        None => row.moment(none, [""; N]),
    };
}
