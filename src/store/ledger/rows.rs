//! Rows that the upkeep reads, as ClickHouse sends them, and what they are in `ledger`.

use crate::ledger::life::{Answerer, DayFacts, DayMoney, Marks, RawDay, Touch, Values, Visit};
use crate::ledger::order::{OrderEvent, OrderFacts, OrderMoney, Payment, Placed, What};
use crate::money::Sum;
use crate::store::error::StoreError;
use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Row, Deserialize)]
pub struct OrderEventRow {
    pub shop: String,
    pub order_id: String,
    pub kind: String,
    pub at_ms: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    pub id: Uuid,
    pub day: u16,
    pub visitor: u64,
    pub cookieless: bool,
    pub customer: String,
    pub payment_id: String,
    pub refund_id: String,
    pub amount: Option<i64>,
    pub currency: String,
    pub verified: bool,
    pub received_at_ms: i64,
    pub received_day: u16,
    pub nobody: u64,
    pub is_wanted: u8,
}

// The client reads what is in an array as a tuple, by place; each is named where it is taken apart.
type PaymentRow = (i64, u16, i128, String);
type OrderMoneyRow = (String, i128, i128, i128, bool, bool, bool);
type DayMoneyRow = (String, i128, i128, i128, u32, u32, u32);

#[derive(Row, Deserialize)]
pub struct OrderRow {
    pub shop: String,
    pub order_id: String,
    pub nobody: u64,
    pub is_placed: bool,
    pub placed_at_ms: i64,
    pub placed_day: u16,
    pub visitor: u64,
    pub is_cookieless: bool,
    pub customer: String,
    pub payments: Vec<PaymentRow>,
    pub money: Vec<OrderMoneyRow>,
    pub changed_at_ms: Option<i64>,
}

#[derive(Row, Deserialize)]
pub struct RawDayRow {
    pub shop: String,
    pub visitor: u64,
    pub day: u16,
    pub kinds: u16,
    pub view_min: u64,
    pub view_max: u64,
    pub viewed_at_ms: i64,
    pub asked_at_ms: Option<i64>,
    pub landing: String,
    pub device: String,
    pub browser: String,
    pub os: String,
    pub country: String,
    pub region: String,
    pub city: String,
    pub source: String,
    pub medium: String,
    pub campaign: String,
    pub last_agent: String,
    pub last_channel: String,
    pub agents: Vec<String>,
    pub channels: Vec<String>,
    pub products: Vec<String>,
    pub variants: Vec<String>,
    pub customers: Vec<String>,
}

#[derive(Row, Deserialize)]
pub struct DayRow {
    pub shop: String,
    pub visitor: u64,
    pub day: u16,
    pub marks: u16,
    pub open_until_ms: i64,
    pub values: Vec<Vec<String>>,
    pub money: Vec<DayMoneyRow>,
}

impl TryFrom<OrderEventRow> for OrderEvent {
    type Error = StoreError;

    /// # Errors
    /// Refused: a kind that moves no money.
    fn try_from(row: OrderEventRow) -> Result<OrderEvent, StoreError> {
        Ok(OrderEvent {
            what: match row.kind.as_str() {
                "order" => What::Order,
                "payment" => What::Payment(row.payment_id),
                "refund" => What::Refund(row.refund_id),
                other => {
                    let sentence = format!(
                        "`{other}` is no order, payment or refund; the tables are not this version's"
                    );
                    return Err(StoreError::Refused(sentence));
                }
            },
            order_id: row.order_id,
            at_ms: row.at_ms,
            id: row.id.into_bytes(),
            day: row.day,
            visitor: row.visitor,
            is_cookieless: row.cookieless,
            customer: row.customer,
            amount: row.amount.map(|amount| Sum::from_ten_thousandths(amount.into())),
            currency: row.currency,
            is_verified: row.verified,
            received_at_ms: row.received_at_ms,
            received_day: row.received_day,
        })
    }
}

impl From<OrderRow> for OrderFacts {
    fn from(row: OrderRow) -> OrderFacts {
        let payment = |(at_ms, day, amount, currency): PaymentRow| Payment {
            at_ms,
            day,
            amount: Sum::from_ten_thousandths(amount),
            currency,
        };
        let money =
            |(currency, ordered, paid, refunded, is_order, is_paid, is_refunded): OrderMoneyRow| OrderMoney {
                currency,
                ordered: Sum::from_ten_thousandths(ordered),
                paid: Sum::from_ten_thousandths(paid),
                refunded: Sum::from_ten_thousandths(refunded),
                is_order,
                is_paid,
                is_refunded,
            };
        OrderFacts {
            order_id: row.order_id,
            placed: row.is_placed.then_some(Placed {
                at_ms: row.placed_at_ms,
                day: row.placed_day,
                visitor: row.visitor,
                is_cookieless: row.is_cookieless,
            }),
            customer: row.customer,
            payments: row.payments.into_iter().map(payment).collect(),
            money: row.money.into_iter().map(money).collect(),
            changed_at_ms: row.changed_at_ms,
        }
    }
}

impl From<RawDayRow> for RawDay {
    fn from(row: RawDayRow) -> RawDay {
        RawDay {
            day: row.day,
            kinds: row.kinds,
            view_min: row.view_min,
            view_max: row.view_max,
            viewed_at_ms: row.viewed_at_ms,
            asked_at_ms: row.asked_at_ms,
            first_visit: Visit {
                landing: row.landing,
                device: row.device,
                browser: row.browser,
                os: row.os,
                country: row.country,
                region: row.region,
                city: row.city,
            },
            last_touch: Touch { source: row.source, medium: row.medium, campaign: row.campaign },
            last_inquiry: Answerer { agent: row.last_agent, channel: row.last_channel },
            agents: row.agents,
            channels: row.channels,
            products: row.products,
            variants: row.variants,
            customers: row.customers,
        }
    }
}

impl TryFrom<DayRow> for DayFacts {
    type Error = StoreError;

    /// # Errors
    /// Refused: values of other dimensions than this version's.
    fn try_from(row: DayRow) -> Result<DayFacts, StoreError> {
        let money =
            |(currency, ordered, paid, refunded, orders, paid_orders, refunded_orders): DayMoneyRow| {
                DayMoney {
                    currency,
                    ordered: Sum::from_ten_thousandths(ordered),
                    paid: Sum::from_ten_thousandths(paid),
                    refunded: Sum::from_ten_thousandths(refunded),
                    orders,
                    paid_orders,
                    refunded_orders,
                }
            };
        let values = Values::from_columns(row.values).ok_or_else(|| {
            StoreError::Refused("a day has values of other dimensions than this version's".into())
        })?;
        Ok(DayFacts {
            day: row.day,
            marks: Marks::from_bits(row.marks),
            open_until_ms: row.open_until_ms,
            values,
            money: row.money.into_iter().map(money).collect(),
        })
    }
}
