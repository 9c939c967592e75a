//! What visitors did on each day, out of a batch of events: rows of `visitor_activity`. Lines of orders are
//! not among it: which of them count, only all events of an order can tell.

use super::native::{Block, Cells};
use crate::event::{Details, Event, Kind, Topic};
use crate::hash;
use foldhash::HashMap;
use std::cmp::Ordering;
use std::sync::Arc;

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
    /// Shops in the order in which they came.
    shops: Vec<Box<str>>,
    /// Where in `days` a day is: by the place of its shop, visitor and day.
    places: HashMap<Key, usize>,
    days: Vec<(Key, Day)>,
    texts: Texts,
}

/// Place of the shop, visitor, day.
type Key = (usize, u64, u16);

/// What a batch tells of one visitor's day. Texts are those of [`Texts`]: batches hold many days, and few
/// texts.
#[derive(Debug, Default)]
struct Day {
    kinds: u16,
    /// The first view, and whether there is another one.
    view: Option<u64>,
    has_more_views: bool,
    asked_at_ms: Option<i64>,
    first_visit: Option<Moment<7>>,
    last_touch: Option<Moment<3>>,
    last_inquiry: Option<Moment<2>>,
    named: Vec<(List, Text)>,
}

/// The columns in which a day names things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Agents,
    Channels,
    Products,
    Variants,
    Customers,
}

/// When, in epoch milliseconds, and what it tells.
type Moment<const N: usize> = (i64, [Text; N]);

/// A text of [`Texts`].
type Text = u32;

/// Each text once.
#[derive(Debug, Default)]
struct Texts {
    places: HashMap<Arc<str>, Text>,
    texts: Vec<Arc<str>>,
}

impl Texts {
    fn place(&mut self, text: &str) -> Text {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = Text::try_from(self.texts.len()).unwrap_or(Text::MAX);
        let text: Arc<str> = text.into();
        self.places.insert(Arc::clone(&text), place);
        self.texts.push(text);
        place
    }

    fn at(&self, place: Text) -> &str {
        self.texts.get(place as usize).map_or("", |text| text)
    }

    fn places<const N: usize>(&mut self, texts: [&String; N]) -> [Text; N] {
        texts.map(|text| self.place(text))
    }

    /// How a moment with these texts compares to one that is kept, as ClickHouse compares tuples.
    fn compare<const N: usize>(&self, (at_ms, texts): (i64, [&String; N]), kept: &Moment<N>) -> Ordering {
        at_ms.cmp(&kept.0).then_with(|| texts.map(String::as_str).cmp(&kept.1.map(|place| self.at(place))))
    }
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
        let key = (self.shop(&event.shop), visitor, day);
        let place = *self.places.entry(key).or_insert_with(|| {
            self.days.push((key, Day::default()));
            self.days.len() - 1
        });
        let Some((_, state)) = self.days.get_mut(place) else { return false };
        let texts = &mut self.texts;
        if kind != 0 {
            state.kinds |= kind | if is_cookieless { COOKIELESS } else { 0 };
        }
        match event.kind {
            Kind::Visit => state.add_visit(event, texts),
            Kind::Inquiry if kind != 0 => state.add_inquiry(event, texts),
            _ => {}
        }
        state.name(List::Products, &event.product, texts);
        state.name(List::Variants, &event.variant, texts);
        state.name(List::Customers, &event.customer, texts);
        true
    }

    /// Events of a batch are of one shop, mostly, or of few.
    fn shop(&mut self, shop: &str) -> usize {
        match self.shops.iter().rposition(|known| **known == *shop) {
            Some(place) => place,
            None => {
                self.shops.push(shop.into());
                self.shops.len() - 1
            }
        }
    }

    pub fn into_block(mut self) -> Block {
        let mut block = Block::new("visitor_activity", &COLUMNS);
        // In the order of the table's key: what is sorted need not be sorted again.
        let shops = &self.shops;
        self.days.sort_unstable_by(|(one, _), (other, _)| {
            let key = |&(shop, visitor, day): &Key| (shops.get(shop), visitor, day);
            key(one).cmp(&key(other))
        });
        for ((shop, visitor, day), state) in &self.days {
            let shop = self.shops.get(*shop).map_or("", |shop| shop);
            state.write(&mut block, shop, (*visitor, *day), &self.texts);
        }
        block
    }
}

impl Day {
    fn add_visit(&mut self, event: &Event, texts: &mut Texts) {
        let view = hash::view(event.id);
        match self.view {
            Some(known) => self.has_more_views |= known != view,
            None => self.view = Some(view),
        }
        let Details { source, medium, campaign, path, device, browser, os, country, region, city } =
            &event.details;
        let visit = (event.at_ms, [path, device, browser, os, country, region, city]);
        if self.first_visit.as_ref().is_none_or(|kept| texts.compare(visit, kept).is_lt()) {
            self.first_visit = Some((visit.0, texts.places(visit.1)));
        }
        let touch = (event.at_ms, [source, medium, campaign]);
        if !source.is_empty()
            && self.last_touch.as_ref().is_none_or(|kept| texts.compare(touch, kept).is_gt())
        {
            self.last_touch = Some((touch.0, texts.places(touch.1)));
        }
    }

    fn add_inquiry(&mut self, event: &Event, texts: &mut Texts) {
        if event.topic != Some(Topic::AfterSale) {
            self.asked_at_ms = Some(self.asked_at_ms.map_or(event.at_ms, |asked| asked.min(event.at_ms)));
        }
        let inquiry = (event.at_ms, [&event.agent, &event.channel]);
        if self.last_inquiry.as_ref().is_none_or(|kept| texts.compare(inquiry, kept).is_gt()) {
            self.last_inquiry = Some((inquiry.0, texts.places(inquiry.1)));
        }
        self.name(List::Agents, &event.agent, texts);
        self.name(List::Channels, &event.channel, texts);
    }

    /// Keeps a value that is named once.
    fn name(&mut self, list: List, value: &str, texts: &mut Texts) {
        if !value.is_empty() {
            let named = (list, texts.place(value));
            if !self.named.contains(&named) {
                self.named.push(named);
            }
        }
    }

    fn write(&self, block: &mut Block, shop: &str, (visitor, day): (u64, u16), texts: &Texts) {
        let (view_min, view_max) = match self.view {
            Some(_) if self.has_more_views => (0, u64::MAX),
            Some(view) => (view, view),
            None => (u64::MAX, 0),
        };
        let mut row = block.row();
        row.text(shop).u64(visitor).u16(day).u16(self.kinds).u64(view_min).u64(view_max);
        row.optional_i64(self.asked_at_ms);
        moment(&mut row, self.first_visit.as_ref(), NO_LEAST_MS, texts);
        moment(&mut row, self.last_touch.as_ref(), 0, texts);
        moment(&mut row, self.last_inquiry.as_ref(), 0, texts);
        for list in [List::Agents, List::Channels, List::Products, List::Variants, List::Customers] {
            let named = self.named.iter().filter(|(of, _)| *of == list);
            row.texts(named.map(|(_, text)| texts.at(*text)));
        }
    }
}

/// A moment and what it tells; without one `none` and empty texts.
fn moment<const N: usize>(row: &mut Cells<'_>, told: Option<&Moment<N>>, none: i64, texts: &Texts) {
    match told {
        Some((at_ms, told)) => row.moment(*at_ms, told.iter().map(|text| texts.at(*text))),
        None => row.moment(none, [""; N]),
    };
}
