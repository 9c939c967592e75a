//! The money of an event: its amount, its lines, and what an order tells beside them.
//!
//! Money is whole or absent. What cannot be read as one amount without doubt is left out, and told to the
//! sender; an order without its amount is still an order. Of a refund it is a reason to refuse, because a
//! refund without an amount is of everything.

use super::form::{MAX_ID_CHARS, MAX_NAME_CHARS, name};
use super::{Arrival, Costs, Field, Fields, Item, Kind, LeftOut, Rejection, masking};
use crate::money::{Amount, Currency, Reading, read_currency, read_number, read_text};
use crate::text::cut;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) const MAX_ITEMS: usize = 100;
pub(super) const MAX_ITEM_NAME_CHARS: usize = 256;
/// A million, in thousandths.
const MAX_QUANTITY: u32 = 1_000_000_000;

/// What an event tells of money.
#[derive(Default)]
pub(super) struct Money {
    /// Without a currency a payment's or a refund's is its order's.
    pub amount: Option<(Amount, Option<Currency>)>,
    pub items: Vec<Item>,
    pub costs: Costs,
    pub left_out: Vec<LeftOut>,
}

/// Reads the money of an event.
///
/// # Errors
/// The amount of a refund cannot be read.
pub(super) fn read(fields: &Fields<'_>, kind: Kind, arrival: Arrival<'_>) -> Result<Money, Rejection> {
    let mut money = Money::default();
    let shop = arrival.currency;
    if !fields.amount.is_absent() {
        match amount(&fields.amount, &fields.currency, shop) {
            Ok((amount, named)) => {
                let is_of_an_order = matches!(kind, Kind::Payment | Kind::Refund);
                let currency = named.or((!is_of_an_order).then_some(shop));
                money.amount = Some((amount, currency));
            }
            Err(unreadable) if kind == Kind::Refund => return Err(unreadable.rejection()),
            Err(unreadable) => money.left_out.push(unreadable.left_out(fields)),
        }
    }
    if kind == Kind::Order {
        // Costs have no currency of their own, so a sign in one must agree with the order's.
        let currency = money.amount.and_then(|(_, currency)| currency).unwrap_or(shop);
        let mut cost = |name: &'static str, field: &Field<'_>| {
            let found = plain(field, currency);
            if found.is_none() && !field.is_absent() {
                money.left_out.push(left_out(name, field, AMOUNT_FORM));
            }
            found
        };
        money.costs = Costs {
            cost: cost("cost", &fields.cost),
            shipping: cost("shipping", &fields.shipping),
            tax: cost("tax", &fields.tax),
            discount: cost("discount", &fields.discount),
        };
    }
    if matches!(kind, Kind::Order | Kind::Refund) && !fields.items.is_absent() {
        let currency = money.amount.and_then(|(_, currency)| currency).unwrap_or(shop);
        money.read_items(&fields.items, currency);
    }
    Ok(money)
}

const AMOUNT_FORM: &str = "must be one amount from 0 to 1000000000000, best as decimal text such as 1299.00";

/// Which of the two fields cannot be read.
enum Unreadable {
    Amount,
    Currency,
}

impl Unreadable {
    fn rejection(&self) -> Rejection {
        match self {
            Unreadable::Amount => Rejection::new("invalid_amount", format!("`amount` {AMOUNT_FORM}")),
            Unreadable::Currency => Rejection::new("invalid_currency", self.message()),
        }
    }

    fn message(&self) -> String {
        match self {
            Unreadable::Amount => format!("`amount` {AMOUNT_FORM}; it is left out"),
            Unreadable::Currency => {
                "`currency` must be an ISO 4217 code such as CNY; the amount is left out".into()
            }
        }
    }

    fn left_out(&self, fields: &Fields<'_>) -> LeftOut {
        let (name, field) = match self {
            Unreadable::Amount => ("amount", &fields.amount),
            Unreadable::Currency => ("currency", &fields.currency),
        };
        LeftOut::field(name, field, self.message())
    }
}

/// An amount, and the currency that its sender names: in a field of its own, or beside the digits.
fn amount(
    amount: &Field<'_>,
    currency: &Field<'_>,
    shop: Currency,
) -> Result<(Amount, Option<Currency>), Unreadable> {
    let told = match currency {
        field if field.is_absent() => None,
        Field::Text(word) => Some(read_currency(word, shop).ok_or(Unreadable::Currency)?),
        _ => return Err(Unreadable::Currency),
    };
    match amount {
        Field::Text(text) => {
            let Reading { amount, currency, is_named } =
                read_text(text, told, shop).ok_or(Unreadable::Amount)?;
            Ok((amount, is_named.then_some(currency)))
        }
        Field::Number(number) => read_number(number).map(|amount| (amount, told)).ok_or(Unreadable::Amount),
        _ => Err(Unreadable::Amount),
    }
}

/// An amount in a currency that is known.
fn plain(field: &Field<'_>, currency: Currency) -> Option<Amount> {
    match field {
        Field::Text(text) => read_text(text, Some(currency), currency).map(|read| read.amount),
        Field::Number(number) => read_number(number),
        _ => None,
    }
}

/// A field of money that cannot be read.
fn left_out(field: &'static str, sent: &Field<'_>, form: &str) -> LeftOut {
    LeftOut::field(field, sent, format!("`{field}` {form}; it is left out"))
}

impl Money {
    fn read_items(&mut self, field: &Field<'_>, currency: Currency) {
        let lines = match field {
            Field::List(text) => serde_json::from_str::<Vec<&RawValue>>(text).ok(),
            _ => None,
        };
        let Some(lines) = lines else {
            self.left_out.push(left_out("items", field, "must be a list of lines"));
            return;
        };
        for (place, line) in lines.into_iter().enumerate() {
            let read = if place < MAX_ITEMS {
                item(line.get(), currency)
            } else {
                Err(format!("may have at most {MAX_ITEMS} lines"))
            };
            match read {
                Ok(item) => self.items.push(item),
                Err(form) => {
                    let message = format!("line {place} of `items`: {form}; the line is left out");
                    self.left_out.push(LeftOut::line(place, line.get(), message));
                }
            }
        }
    }
}

/// Reads one line.
///
/// # Errors
/// What of it must be otherwise.
fn item(line: &str, currency: Currency) -> Result<Item, String> {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(line).map_err(|_| "it must be a JSON object".to_owned())?;
    let field = |name: &str| fields.get(name).map_or(Field::Absent, |raw| Field::of_json(raw.get()));
    let described = |of: &'static str| name(&field(of), of).map_err(|refused| refused.message);
    let money = |name: &str| match field(name) {
        field if field.is_absent() => Ok(None),
        field => plain(&field, currency).map(Some).ok_or(format!("`{name}` {AMOUNT_FORM}")),
    };
    let quantity = match field("quantity") {
        field if field.is_absent() => Some(1_000),
        Field::Text(text) => thousandths(text.trim()),
        Field::Number(text) => thousandths(text),
        _ => None,
    };
    Ok(Item {
        product: cut(masking::masked_product(described("product")?), MAX_ID_CHARS),
        name: cut(masking::masked_name(described("name")?), MAX_ITEM_NAME_CHARS),
        variant: cut(masking::masked_name(described("variant")?), MAX_NAME_CHARS),
        quantity: quantity.ok_or("`quantity` must be above 0, at most 1000000, with at most 3 decimals")?,
        amount: money("amount")?,
        cost: money("cost")?,
    })
}

/// A quantity in thousandths; none unless it is positive, at most a million, of at most 3 decimals.
fn thousandths(text: &str) -> Option<u32> {
    let (units, decimals) = text.split_once('.').unwrap_or((text, ""));
    let decimals = decimals.trim_end_matches('0');
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if units.is_empty() || units.len() > 10 || decimals.len() > 3 || !digits(units) || !digits(decimals) {
        return None;
    }
    let quantity: u64 = format!("{units}{decimals:0<3}").parse().ok()?;
    u32::try_from(quantity).ok().filter(|quantity| (1..=MAX_QUANTITY).contains(quantity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly() {
        for (text, quantity) in [
            ("1", Some(1_000)),
            ("0.5", Some(500)),
            ("2.500", Some(2_500)),
            ("2.5000", Some(2_500)),
            ("1000000", Some(MAX_QUANTITY)),
            ("0", None),
            ("0.0001", None),
            ("1000000.001", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(thousandths(text), quantity, "{text}");
        }
    }
}
