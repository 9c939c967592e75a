//! Which rows of the ledger follow from the days of one visitor that carry one value (or from all of them).

use super::life::{DayFacts, Marks};
use super::order::OrderFacts;
use crate::money::Sum;

macro_rules! sets {
    ($($(#[$doc:meta])+ $set:ident = $number:literal $name:literal,)+) => {
        /// What the rows of the ledger count. Numbers and names are those of the column `set` of
        /// `day_ledger`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Set {
            $($(#[$doc])+ $set = $number,)+
        }

        impl Set {
            const ALL: &[Set] = &[$(Set::$set),+];

            /// The name of the set.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Set::$set => $name),+
                }
            }
        }
    };
}

sets! {
    /// Present.
    Visitors = 1 "visitors",
    /// On one of the days.
    Effective = 2 "effective",
    /// With any inquiry.
    Inquired = 3 "inquired",
    /// With a pre-sale inquiry.
    Asked = 4 "asked",
    /// With a pre-sale inquiry that no order of theirs in the window precedes.
    Inquirers = 5 "inquirers",
    /// With a placed order.
    Buyers = 6 "buyers",
    /// Those of them who asked before it.
    InquiryBuyers = 7 "inquiry_buyers",
    /// Buyers with a paid order.
    Payers = 8 "payers",
    /// Those of them who asked before their first order.
    InquiryPayers = 9 "inquiry_payers",
    /// Known by a same-day id on one of the days.
    Cookieless = 10 "cookieless",
    /// With an order that was paid in a currency.
    PayersIn = 11 "payers_in",
    /// Orders and what they are worth; `start` is the day of the last pre-sale inquiry before.
    Orders = 20 "orders",
    /// Those of them that were paid, and how much.
    PaidOrders = 21 "paid_orders",
    /// What was given back of them.
    Refunds = 22 "refunds",
    /// What was paid of them that no verified event tells.
    Unverified = 23 "unverified",
    /// Those of the paid ones that tell their cost, and what they cost.
    Costs = 24 "costs",
    /// What is left of those without cost, shipping and tax.
    Profits = 25 "profits",
    /// Paid ones that tell no cost.
    UncostedOrders = 26 "uncosted_orders",
    /// The same of orders without a known visitor.
    UnattributedOrders = 30 "unattributed_orders",
    /// Those of them that were paid.
    UnattributedPaidOrders = 31 "unattributed_paid_orders",
    /// What was given back of them.
    UnattributedRefunds = 32 "unattributed_refunds",
    /// What was paid of them that no verified event tells.
    UnattributedUnverified = 33 "unattributed_unverified",
    /// Those of the paid ones that tell their cost, and what they cost.
    UnattributedCosts = 34 "unattributed_costs",
    /// What is left of those without cost, shipping and tax.
    UnattributedProfits = 35 "unattributed_profits",
    /// Paid ones that tell no cost.
    UnattributedUncostedOrders = 36 "unattributed_uncosted_orders",
    /// Payments by their own day.
    Received = 40 "received",
    /// Those among them whose order has not been seen.
    Waiting = 41 "waiting",
    /// Of those who asked on `day`: with an order after it that day.
    BuyersD0 = 50 "buyers_d0",
    /// With one by `final_days` later.
    BuyersFinal = 51 "buyers_final",
    /// With such an order paid that day.
    PayersD0 = 52 "payers_d0",
    /// Paid by the next day.
    PayersD1 = 53 "payers_d1",
    /// Paid by `final_days` later.
    PayersFinal = 54 "payers_final",
}

impl Set {
    /// The set of that number.
    pub fn from_number(number: i8) -> Option<Set> {
        Set::ALL.iter().copied().find(|set| *set as i8 == number)
    }

    /// The set of that name.
    pub fn parse(name: &str) -> Option<Set> {
        Set::ALL.iter().copied().find(|set| set.as_str() == name)
    }
}

/// No such day: earlier than every window.
pub const NEVER: u16 = 0;

/// How many, and how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measure {
    /// Persons or orders; of a difference it may be negative.
    pub count: i64,
    /// Nothing where persons are counted.
    pub amount: Sum,
}

/// A row of the ledger without its shop, dimension and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// What is counted.
    pub set: Set,
    /// Empty where persons are counted, whatever they paid in.
    pub currency: &'a str,
    /// The day of the set before, or [`NEVER`].
    pub after: u16,
    /// The row counts in windows that begin after `after`, and not after this day …
    pub start: u16,
    /// … and end on this day or later.
    pub day: u16,
    /// How many, and how much.
    pub measure: Measure,
}

/// Tells `emit` every row of a visitor's `days`, which are in order.
pub fn rows<'a>(days: impl IntoIterator<Item = &'a DayFacts>, mut emit: impl FnMut(Row<'a>)) {
    let mut last = Last::default();
    // Days with orders none of which, so far, was paid: (last order day before, last asked day, day).
    let mut unpaid: Vec<(u16, u16, u16)> = Vec::new();
    let mut paid_in: Vec<(&'a str, u16)> = Vec::new();
    for facts in days {
        let (day, marks) = (facts.day, facts.marks);
        if marks.has(Marks::NOBODY) {
            money(facts, UNATTRIBUTED_MONEY, NEVER, &mut emit);
            continue;
        }
        let mut person = |set, after, start, day| {
            emit(Row {
                set,
                currency: "",
                after,
                start,
                day,
                measure: Measure { count: 1, amount: Sum::default() },
            });
        };
        person(Set::Visitors, last.present, day, day);
        last.present = day;
        for (mark, set, last) in [
            (Marks::EFFECTIVE, Set::Effective, &mut last.effective),
            (Marks::INQUIRED, Set::Inquired, &mut last.inquired),
            (Marks::COOKIELESS, Set::Cookieless, &mut last.cookieless),
        ] {
            if marks.has(mark) {
                person(set, *last, day, day);
                *last = day;
            }
        }
        if marks.has(Marks::ASKED) {
            person(Set::Asked, last.asked, day, day);
            // The first one that no order in the window precedes: neither an earlier one nor an order lies in
            // between.
            person(Set::Inquirers, last.asked.max(last.ordered), day, day);
            last.asked = day;
        }
        if marks.has(Marks::ORDERED) {
            // The first order in the window; its branch is that of the last inquiry before, if the window
            // reaches there.
            let has_asked_since = last.asked > last.ordered;
            person(Set::Buyers, last.ordered, day, day);
            if has_asked_since {
                person(Set::InquiryBuyers, last.ordered, last.asked, day);
            }
            unpaid.push((last.ordered, if has_asked_since { last.asked } else { NEVER }, day));
            last.ordered = day;
            if marks.has(Marks::PAID) {
                for (after, asked, ordered) in unpaid.drain(..) {
                    person(Set::Payers, after, ordered, day);
                    if asked != NEVER {
                        person(Set::InquiryPayers, after, asked, day);
                    }
                }
            }
        }
        for money in facts.money.iter().filter(|money| money.paid_orders > 0) {
            let currency = money.currency.as_str();
            let before = match paid_in.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, before)) => std::mem::replace(before, day),
                None => {
                    paid_in.push((currency, day));
                    NEVER
                }
            };
            let measure = Measure { count: 1, amount: Sum::default() };
            emit(Row { set: Set::PayersIn, currency, after: before, start: day, day, measure });
        }
        money(facts, MONEY, last.asked, &mut emit);
    }
}

/// The last day of each kind so far.
#[derive(Default)]
struct Last {
    present: u16,
    effective: u16,
    inquired: u16,
    cookieless: u16,
    asked: u16,
    ordered: u16,
}

/// The sets of the money of attributed orders.
const MONEY: [Set; 7] = [
    Set::Orders,
    Set::PaidOrders,
    Set::Refunds,
    Set::Unverified,
    Set::Costs,
    Set::Profits,
    Set::UncostedOrders,
];
/// The same of orders without a known visitor.
const UNATTRIBUTED_MONEY: [Set; 7] = [
    Set::UnattributedOrders,
    Set::UnattributedPaidOrders,
    Set::UnattributedRefunds,
    Set::UnattributedUnverified,
    Set::UnattributedCosts,
    Set::UnattributedProfits,
    Set::UnattributedUncostedOrders,
];

/// The money of a day's orders: of the inquiry branch when the window holds `asked`.
fn money<'a>(facts: &'a DayFacts, sets: [Set; 7], asked: u16, emit: &mut impl FnMut(Row<'a>)) {
    for money in &facts.money {
        let parts = [
            (i64::from(money.orders), money.ordered),
            (i64::from(money.paid_orders), money.paid),
            (i64::from(money.refunded_orders), money.refunded),
            (0, money.unverified),
            (i64::from(money.costed_orders), money.cost),
            (0, money.profit),
            (i64::from(money.uncosted_orders), Sum::default()),
        ];
        for (set, (count, amount)) in sets.into_iter().zip(parts) {
            let measure = Measure { count, amount };
            if measure != Measure::default() {
                emit(Row {
                    set,
                    currency: &money.currency,
                    after: NEVER,
                    start: asked,
                    day: facts.day,
                    measure,
                });
            }
        }
    }
}

const OUTCOMES: [(Marks, Set); 5] = [
    (Marks::BOUGHT_D0, Set::BuyersD0),
    (Marks::BOUGHT_FINAL, Set::BuyersFinal),
    (Marks::PAID_D0, Set::PayersD0),
    (Marks::PAID_D1, Set::PayersD1),
    (Marks::PAID_FINAL, Set::PayersFinal),
];

/// Tells `emit` what became of who asked on each of a visitor's `days`, which belongs to the total alone.
/// Whatever the window, it is the same, so it counts on its day.
pub fn outcomes<'a>(days: impl IntoIterator<Item = &'a DayFacts>, mut emit: impl FnMut(Row<'a>)) {
    for facts in days {
        for (mark, set) in OUTCOMES {
            if facts.marks.has(mark) {
                let measure = Measure { count: 1, amount: Sum::default() };
                emit(Row { set, currency: "", after: NEVER, start: facts.day, day: facts.day, measure });
            }
        }
    }
}

/// Tells `emit` the rows of an order's payments, which belong to the total alone.
pub fn cash<'a>(order: &'a OrderFacts, mut emit: impl FnMut(Row<'a>)) {
    for payment in &order.payments {
        let measure = Measure { count: 1, amount: payment.amount };
        let mut row = |set| {
            let (currency, day) = (payment.currency.as_str(), payment.day);
            emit(Row { set, currency, after: NEVER, start: day, day, measure });
        };
        row(Set::Received);
        if order.placed.is_none() {
            row(Set::Waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::life::{DayMoney, Values};
    use crate::ledger::totals::Totals;

    /// A life of `length` days, on which things happen at random.
    fn life(random: &mut fastrand::Rng, length: u16) -> Vec<DayFacts> {
        let often = random.f64();
        let mut days = Vec::new();
        for day in 1..=length {
            if random.f64() > often {
                continue;
            }
            let mut bits = random.u16(..) & (1 | 2 | 4 | 32 | 128 | 256 | 512 | 1024 | 2048);
            let mut money = Vec::new();
            if random.u8(..4) == 0 {
                bits |= Marks::ORDERED.bits();
                let paid_orders = u32::from(random.bool());
                bits |= if paid_orders == 1 { Marks::PAID.bits() } else { 0 };
                let currency = ["CNY", "EUR"][random.usize(..2)].to_owned();
                let amount = |factor: i128| Sum::from_ten_thousandths(i128::from(day) * factor);
                let (ordered, paid) = (amount(100), amount(i128::from(paid_orders) * 90));
                money.push(DayMoney {
                    currency,
                    ordered,
                    paid,
                    refunded: amount(1),
                    orders: 1,
                    paid_orders,
                    refunded_orders: 0,
                    ..DayMoney::default()
                });
            }
            let values = Values::default();
            days.push(DayFacts { day, marks: Marks::from_bits(bits), open_until_ms: 0, values, money });
        }
        days
    }

    /// METRICS section 2 and 4 for one visitor and window, word by word.
    fn defined(days: &[DayFacts], from: u16, to: u16) -> Vec<(Set, &str, Measure)> {
        let within: Vec<&DayFacts> = days.iter().filter(|facts| (from..=to).contains(&facts.day)).collect();
        let first = |mark| within.iter().find(|facts| facts.marks.has(mark)).map(|facts| facts.day);
        let any = |mark| first(mark).is_some();
        let (asked, ordered) = (first(Marks::ASKED), first(Marks::ORDERED));
        let is_inquirer = asked.is_some_and(|asked| ordered.is_none_or(|ordered| asked <= ordered));
        let mut found = Vec::new();
        let mut count = |set, holds: bool| {
            if holds {
                found.push((set, "", Measure { count: 1, amount: Sum::default() }));
            }
        };
        count(Set::Visitors, !within.is_empty());
        count(Set::Effective, any(Marks::EFFECTIVE));
        count(Set::Inquired, any(Marks::INQUIRED));
        count(Set::Asked, asked.is_some());
        count(Set::Inquirers, is_inquirer);
        count(Set::Buyers, ordered.is_some());
        count(Set::InquiryBuyers, ordered.is_some() && is_inquirer);
        count(Set::Payers, any(Marks::PAID));
        count(Set::InquiryPayers, any(Marks::PAID) && is_inquirer);
        count(Set::Cookieless, any(Marks::COOKIELESS));
        for (mark, set) in OUTCOMES {
            let days = within.iter().filter(|facts| facts.marks.has(mark)).count();
            if days > 0 {
                found.push((set, "", Measure { count: days as i64, amount: Sum::default() }));
            }
        }
        for currency in ["CNY", "EUR"] {
            let of =
                || within.iter().flat_map(|facts| &facts.money).filter(|money| money.currency == currency);
            if of().any(|money| money.paid_orders > 0) {
                found.push((Set::PayersIn, currency, Measure { count: 1, amount: Sum::default() }));
            }
            let orders = Measure {
                count: of().map(|m| i64::from(m.orders)).sum(),
                amount: of().map(|m| m.ordered).sum(),
            };
            let paid = Measure {
                count: of().map(|m| i64::from(m.paid_orders)).sum(),
                amount: of().map(|m| m.paid).sum(),
            };
            let refunds = Measure { count: 0, amount: of().map(|m| m.refunded).sum() };
            for (set, measure) in [(Set::Orders, orders), (Set::PaidOrders, paid), (Set::Refunds, refunds)] {
                if measure != Measure::default() {
                    found.push((set, currency, measure));
                }
            }
        }
        found
    }

    /// What the ledger answers: the inequality of the module's header.
    fn counted(totals: &Totals, from: u16, to: u16) -> Vec<(Set, String, Measure)> {
        let mut found: std::collections::BTreeMap<(Set, String), Measure> = std::collections::BTreeMap::new();
        for (key, measure) in totals.rows().filter(|(key, _)| key.dimension.is_none()) {
            let counts = if key.set >= Set::Orders {
                (from..=to).contains(&key.day)
            } else {
                key.after < from && from <= key.start && key.day <= to
            };
            if counts {
                let sum = found.entry((key.set, key.currency.to_owned())).or_default();
                sum.count += measure.count;
                sum.amount = sum.amount + measure.amount;
            }
        }
        found.into_iter().map(|((set, currency), measure)| (set, currency, measure)).collect()
    }

    #[test]
    fn sets_have_the_names_and_numbers_of_the_table() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/migrations");
        let mut files: Vec<_> =
            std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let texts = files.iter().rev().map(|path| std::fs::read_to_string(path).unwrap());
        let last = texts.into_iter().find(|text| text.contains("MODIFY COLUMN set Enum8(")).unwrap();
        let (_, names) = last.split_once("Enum8(").unwrap();
        let sets: Vec<String> =
            Set::ALL.iter().map(|set| format!("'{}' = {}", set.as_str(), *set as u8)).collect();
        let of_table: Vec<&str> = names.trim_end().trim_end_matches(')').split(',').map(str::trim).collect();
        assert_eq!(of_table, sets);
    }

    #[test]
    fn every_window_of_random_lives_counts_as_defined() {
        let mut random = fastrand::Rng::with_seed(7);
        for length in [3, 12, 40, 40, 40] {
            for _ in 0..40 {
                let days = life(&mut random, length);
                let mut totals = Totals::default();
                totals.add_days("shop", &days, false, |_| false);
                for from in 1..=length {
                    for to in from..=length {
                        let mut defined = defined(&days, from, to);
                        defined.sort_by_key(|(set, currency, _)| (*set, *currency));
                        let defined: Vec<(Set, String, Measure)> = defined
                            .into_iter()
                            .map(|(set, currency, m)| (set, currency.to_owned(), m))
                            .collect();
                        assert_eq!(counted(&totals, from, to), defined, "{from}..{to} of {days:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_order_counts_as_an_inquiry_s_in_windows_that_reach_to_the_inquiry() {
        let day = |day, marks: u16, orders| DayFacts {
            day,
            marks: Marks::from_bits(marks),
            open_until_ms: 0,
            values: Values::default(),
            money: (0..orders)
                .map(|_| DayMoney {
                    currency: "CNY".into(),
                    ordered: Sum::from_ten_thousandths(5),
                    orders: 1,
                    ..DayMoney::default()
                })
                .collect(),
        };
        let asked = Marks::ASKED.bits() | Marks::INQUIRED.bits() | Marks::EFFECTIVE.bits();
        let days = [day(3, asked, 0), day(5, Marks::ORDERED.bits() | Marks::EFFECTIVE.bits(), 1)];
        let mut orders = Vec::new();
        rows(&days, |row| {
            if row.set == Set::Orders {
                orders.push((row.start, row.day));
            }
        });
        assert_eq!(orders, [(3, 5)]);
    }

    #[test]
    fn what_is_added_and_taken_away_again_is_nothing() {
        let mut random = fastrand::Rng::with_seed(8);
        let mut totals = Totals::default();
        let lives: Vec<Vec<DayFacts>> = (0..50).map(|_| life(&mut random, 20)).collect();
        lives.iter().for_each(|days| totals.add_days("shop", days, false, |_| false));
        assert!(totals.rows().next().is_some());
        lives.iter().for_each(|days| totals.add_days("shop", days, true, |_| false));
        assert_eq!(totals.rows().next(), None);
    }
}
