//! What the upkeep writes at once: rows with their final values, under a number, for the tables and for a
//! file.

use crate::funnel::{Dimension, Kind};
use crate::ledger::life::DayFacts;
use crate::ledger::order::{OrderFacts, Placed};
use crate::ledger::revision::Revision;
use crate::ledger::totals::Totals;
use crate::money::Sum;
use crate::store::write::row_binary::Rows;

/// Rows to be inserted under one number, so that inserting them again changes nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LedgerBatch {
    /// Rows of a higher number replace those of a lower one.
    pub number: u64,
    /// Table, columns, and the rows in RowBinary.
    pub(super) inserts: Vec<(String, Vec<u8>)>,
}

impl LedgerBatch {
    /// For a file.
    ///
    /// # Errors
    /// What is inserted where cannot be written down; without that the rows could not be read again.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let parts: Vec<(&str, usize)> =
            self.inserts.iter().map(|(into, rows)| (into.as_str(), rows.len())).collect();
        let mut bytes = serde_json::to_vec(&(self.number, parts))?;
        bytes.push(b'\n');
        for (_, rows) in &self.inserts {
            bytes.extend_from_slice(rows);
        }
        Ok(bytes)
    }

    /// The batch that [`LedgerBatch::to_bytes`] wrote; none when it is anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<LedgerBatch> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (number, parts): (u64, Vec<(String, usize)>) = serde_json::from_slice(&bytes[..end]).ok()?;
        let mut rest = &bytes[end + 1..];
        let mut inserts = Vec::new();
        for (into, length) in parts {
            let (rows, others) = rest.split_at_checked(length)?;
            inserts.push((into, rows.to_vec()));
            rest = others;
        }
        Some(LedgerBatch { number, inserts })
    }

    /// The rows of a revision; `present` is what the ledger holds in the rows that it changes.
    pub fn new(
        number: u64,
        revision: &Revision,
        present: &Totals,
        wide: &[(String, Dimension)],
    ) -> LedgerBatch {
        let (mut orders, mut late) = (Rows::default(), Rows::default());
        for (shop, order) in &revision.orders {
            write_order(&mut orders, shop, order, number);
            if let (Some(placed), Some(changed_at_ms)) = (order.placed, order.changed_at_ms) {
                late.text(shop).u16(placed.day).i64(changed_at_ms);
            }
        }
        let mut days = Rows::default();
        for day in &revision.days {
            write_day(&mut days, &day.shop, day.visitor, day.day, day.facts.as_ref(), number);
        }
        let mut ledger = Rows::default();
        for (key, change) in revision.totals.rows() {
            let before = present.get(key).unwrap_or_default();
            ledger
                .text(key.shop)
                .text(word(key.dimension))
                .text(key.value)
                .u8(key.set as u8)
                .text(key.currency);
            ledger.u16(key.after).u16(key.start).u16(key.day).u64(number);
            ledger.i64(before.count + change.count).i128((before.amount + change.amount).ten_thousandths());
        }
        let mut open = Rows::default();
        for visitor in &revision.open {
            open.text(&visitor.shop)
                .u16(visitor.day)
                .u64(visitor.visitor)
                .u64(number)
                .u8(u8::from(visitor.open.is_none()));
            match &visitor.open {
                Some(now) => open.i64(now.until_ms).u16(now.after).array(
                    &now.groups,
                    |rows, (dimension, value, after)| {
                        rows.text(dimension.as_str()).text(value).u16(*after);
                    },
                ),
                None => open.i64(0).u16(0).length(0),
            };
        }
        let mut dimensions = Rows::default();
        for (shop, dimension) in wide {
            dimensions.text(shop).text(dimension.as_str());
        }
        let values: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
        let day_columns = format!(
            "day_facts (shop, visitor, day, batch, is_deleted, marks, open_until, {}, money, \
            more_money)",
            values.join(", ")
        );
        let inserts: [(&str, Rows); 6] = [
            (
                "order_facts (shop, order_id, batch, is_placed, placed_at, placed_day, visitor, \
                is_cookieless, customer, person, payments, money, more_money, items, cost, shipping, tax, \
                discount, changed_at)",
                orders,
            ),
            ("late_arrivals (shop, day, received_at)", late),
            (&day_columns, days),
            (
                "day_ledger (shop, dimension, value, set, currency, after, start, day, batch, counted, \
                amount)",
                ledger,
            ),
            ("open_visitors (shop, day, visitor, batch, is_deleted, until, after, groups)", open),
            ("wide_dimensions (shop, dimension)", dimensions),
        ];
        let inserts = inserts.into_iter().filter(|(_, rows)| !rows.is_empty());
        LedgerBatch {
            number,
            inserts: inserts.map(|(into, rows)| (into.to_owned(), rows.into_bytes())).collect(),
        }
    }
}

fn write_order(rows: &mut Rows, shop: &str, order: &OrderFacts, batch: u64) {
    let placed = order.placed.unwrap_or(Placed { at_ms: 0, day: 0, visitor: 0, is_cookieless: false });
    rows.text(shop).text(&order.order_id).u64(batch).u8(u8::from(order.placed.is_some()));
    rows.i64(placed.at_ms)
        .u16(placed.day)
        .u64(placed.visitor)
        .u8(u8::from(placed.is_cookieless))
        .text(&order.customer)
        .u64(order.person);
    rows.array(&order.payments, |rows, payment| {
        rows.i64(payment.at_ms)
            .u16(payment.day)
            .i128(payment.amount.ten_thousandths())
            .text(&payment.currency);
    });
    rows.array(&order.money, |rows, money| {
        rows.text(&money.currency);
        for amount in [money.ordered, money.paid, money.refunded] {
            rows.i128(amount.ten_thousandths());
        }
        rows.u8(u8::from(money.is_order)).u8(u8::from(money.is_paid)).u8(u8::from(money.is_refunded));
    });
    rows.array(&order.money, |rows, money| {
        for amount in [money.unverified, money.cost, money.profit] {
            rows.i128(amount.ten_thousandths());
        }
        rows.u8(u8::from(money.is_costed)).u8(u8::from(money.is_uncosted));
    });
    rows.array(&order.items, |rows, line| {
        rows.text(&line.product).text(&line.name).text(&line.variant).u32(line.quantity);
        optional(rows, line.amount);
        optional(rows, line.cost);
    });
    let costs = &order.costs;
    for amount in [costs.cost, costs.shipping, costs.tax, costs.discount] {
        optional(rows, amount);
    }
    match order.changed_at_ms {
        Some(ms) => rows.u8(0).i64(ms),
        None => rows.u8(1),
    };
}

/// Nullable(Decimal(18, 4)).
fn optional(rows: &mut Rows, amount: Option<Sum>) {
    // What was read of an event fits; there is nothing else.
    match amount.and_then(|amount| i64::try_from(amount.ten_thousandths()).ok()) {
        Some(amount) => rows.u8(0).i64(amount),
        None => rows.u8(1),
    };
}

fn write_day(rows: &mut Rows, shop: &str, visitor: u64, day: u16, facts: Option<&DayFacts>, batch: u64) {
    rows.text(shop).u64(visitor).u16(day).u64(batch).u8(u8::from(facts.is_none()));
    rows.u16(facts.map_or(0, |facts| facts.marks.bits())).i64(facts.map_or(0, |facts| facts.open_until_ms));
    for dimension in Dimension::ALL {
        let values = facts.map_or(&[][..], |facts| &facts.values[*dimension]);
        if dimension.kind() == Kind::Array {
            rows.array(values, |rows, value| {
                rows.text(value);
            });
        } else {
            rows.text(values.first().map_or("", String::as_str));
        }
    }
    rows.array(facts.map_or(&[][..], |facts| facts.money.as_slice()), |rows, money| {
        rows.text(&money.currency);
        for amount in [money.ordered, money.paid, money.refunded] {
            rows.i128(amount.ten_thousandths());
        }
        rows.u32(money.orders).u32(money.paid_orders).u32(money.refunded_orders);
    });
    rows.array(facts.map_or(&[][..], |facts| facts.money.as_slice()), |rows, money| {
        for amount in [money.unverified, money.cost, money.profit] {
            rows.i128(amount.ten_thousandths());
        }
        rows.u32(money.costed_orders).u32(money.uncosted_orders);
    });
}

/// How the ledger calls a dimension; the total has an empty name.
pub(super) fn word(dimension: Option<Dimension>) -> &'static str {
    dimension.map_or("", Dimension::as_str)
}
