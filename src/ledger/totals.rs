//! Rows of the ledger added up: of what was found, or of the difference to what was found before.

use super::chain::{self, Measure, Row, Set};
use super::life::DayFacts;
use super::order::OrderFacts;
use crate::funnel::Dimension;
use foldhash::HashMap;

/// Rows of the ledger by what they count. Texts are kept once.
#[derive(Debug, Default)]
pub struct Totals {
    numbers: HashMap<Box<str>, u32>,
    /// Of the empty text.
    empty: Option<u32>,
    texts: Vec<Box<str>>,
    rows: HashMap<Place, Measure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    shop: u32,
    /// As [`number_of`].
    dimension: u8,
    value: u32,
    set: Set,
    currency: u32,
    after: u16,
    start: u16,
    day: u16,
}

/// Which row of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key<'a> {
    /// Slug.
    pub shop: &'a str,
    /// None for all days.
    pub dimension: Option<Dimension>,
    /// Of the dimension; empty for unknown and for the total.
    pub value: &'a str,
    /// What is counted.
    pub set: Set,
    /// ISO 4217; empty where persons are counted.
    pub currency: &'a str,
    /// The day of the set before.
    pub after: u16,
    /// The row counts in windows that begin after `after`, and not after this day …
    pub start: u16,
    /// … and end on this day or later.
    pub day: u16,
}

/// 0 for all days.
fn number_of(dimension: Option<Dimension>) -> u8 {
    dimension.map_or(0, |dimension| dimension as u8 + 1)
}

impl Totals {
    /// Adds what follows from the days of one visitor, or takes it away; of the dimensions only those that
    /// the ledger `keeps`.
    pub fn add_days(
        &mut self,
        shop: &str,
        days: &[DayFacts],
        taken: bool,
        keeps: impl Fn(Dimension) -> bool,
    ) {
        let shop = self.number(shop);
        let empty = self.number("");
        chain::rows(days, |row| self.add(shop, 0, empty, row, taken));
        chain::outcomes(days, |row| self.add(shop, 0, empty, row, taken));
        let mut carried: Vec<(&str, usize)> = Vec::new();
        for dimension in Dimension::ALL.iter().copied().filter(|dimension| keeps(*dimension)) {
            carried.clear();
            for (place, facts) in days.iter().enumerate() {
                carried.extend(facts.values[dimension].iter().map(|value| (value.as_str(), place)));
            }
            carried.sort_unstable();
            for group in carried.chunk_by(|a, b| a.0 == b.0) {
                let value = self.number(group[0].0);
                let days = group.iter().map(|(_, place)| &days[*place]);
                chain::rows(days, |row| self.add(shop, number_of(Some(dimension)), value, row, taken));
            }
        }
    }

    /// Adds what follows from the payments of one order, or takes it away.
    pub fn add_cash(&mut self, shop: &str, order: &OrderFacts, taken: bool) {
        let shop = self.number(shop);
        let empty = self.number("");
        chain::cash(order, |row| self.add(shop, 0, empty, row, taken));
    }

    /// Adds to one row.
    pub fn add_row(&mut self, key: Key<'_>, measure: Measure) {
        let (shop, value) = (self.number(key.shop), self.number(key.value));
        let row = Row {
            set: key.set,
            currency: key.currency,
            after: key.after,
            start: key.start,
            day: key.day,
            measure,
        };
        self.add(shop, number_of(key.dimension), value, row, false);
    }

    /// What was added to the row, and not taken away again.
    pub fn get(&self, key: Key<'_>) -> Option<Measure> {
        let number = |text: &str| self.numbers.get(text).copied();
        let place = Place {
            shop: number(key.shop)?,
            dimension: number_of(key.dimension),
            value: number(key.value)?,
            set: key.set,
            currency: number(key.currency)?,
            after: key.after,
            start: key.start,
            day: key.day,
        };
        self.rows.get(&place).copied()
    }

    /// The rows that are not nothing, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (Key<'_>, Measure)> {
        let text = |number: u32| &*self.texts[number as usize];
        self.rows.iter().filter(|(_, measure)| **measure != Measure::default()).map(
            move |(place, measure)| {
                let key = Key {
                    shop: text(place.shop),
                    dimension: (place.dimension > 0)
                        .then(|| Dimension::ALL[usize::from(place.dimension) - 1]),
                    value: text(place.value),
                    set: place.set,
                    currency: text(place.currency),
                    after: place.after,
                    start: place.start,
                    day: place.day,
                };
                (key, *measure)
            },
        )
    }

    fn add(&mut self, shop: u32, dimension: u8, value: u32, row: Row<'_>, taken: bool) {
        let currency = self.number(row.currency);
        let Row { set, after, start, day, measure, .. } = row;
        let sum =
            self.rows.entry(Place { shop, dimension, value, set, currency, after, start, day }).or_default();
        if taken {
            sum.count -= measure.count;
            sum.amount = sum.amount - measure.amount;
        } else {
            sum.count += measure.count;
            sum.amount = sum.amount + measure.amount;
        }
    }

    fn number(&mut self, text: &str) -> u32 {
        // Nearly every row names no currency.
        if let (true, Some(number)) = (text.is_empty(), self.empty) {
            return number;
        }
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        if text.is_empty() {
            self.empty = Some(number);
        }
        number
    }
}
