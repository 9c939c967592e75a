//! Rows that the upkeep reads, as ClickHouse sends them, and what they are in `ledger`.

use crate::ledger::conversation::ConversationEvent;
use crate::ledger::life::{Answerer, DayFacts, DayMoney, Marks, RawDay, Touch, Values, Visit};
use crate::ledger::order::{Costs, Line, OrderEvent, OrderFacts, OrderMoney, Payment, Placed, What};
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
    pub batch: String,
    pub day: u16,
    pub visitor: u64,
    pub cookieless: bool,
    pub only_names: bool,
    pub customer: String,
    pub payment_id: String,
    pub refund_id: String,
    pub amount: Option<i64>,
    pub currency: String,
    pub as_of_ms: i64,
    pub is_of_provider: bool,
    pub items: Vec<LineRow>,
    pub cost: Option<i64>,
    pub shipping: Option<i64>,
    pub tax: Option<i64>,
    pub discount: Option<i64>,
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
type MoreOrderMoneyRow = (i128, i128, i128, bool, bool);
type MoreDayMoneyRow = (i128, i128, i128, u32, u32);
type LineRow = (String, String, String, u32, Option<i64>, Option<i64>);

#[derive(Row, Deserialize)]
pub struct ConversationEventRow {
    pub shop: String,
    pub conversation: u64,
    pub at_ms: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    pub id: Uuid,
    pub day: u16,
    pub visitor: u64,
    pub cookieless: bool,
    pub verified: bool,
    pub is_inquiry: bool,
    pub is_by_person: bool,
    pub is_after_sale: bool,
    pub agent: String,
    pub channel: String,
}

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
    pub person: u64,
    pub payments: Vec<PaymentRow>,
    pub money: Vec<OrderMoneyRow>,
    pub more_money: Vec<MoreOrderMoneyRow>,
    pub items: Vec<LineRow>,
    pub cost: Option<i64>,
    pub shipping: Option<i64>,
    pub tax: Option<i64>,
    pub discount: Option<i64>,
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
    pub last_inquiry_at_ms: i64,
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
    pub more_money: Vec<MoreDayMoneyRow>,
}

fn sum(amount: i64) -> Sum {
    Sum::from_ten_thousandths(amount.into())
}

fn line((product, name, variant, quantity, amount, cost): LineRow) -> Line {
    Line { product, name, variant, quantity, amount: amount.map(sum), cost: cost.map(sum) }
}

impl From<ConversationEventRow> for ConversationEvent {
    fn from(row: ConversationEventRow) -> ConversationEvent {
        ConversationEvent {
            conversation: row.conversation,
            at_ms: row.at_ms,
            id: row.id.into_bytes(),
            day: row.day,
            visitor: row.visitor,
            is_cookieless: row.cookieless,
            is_verified: row.verified,
            is_inquiry: row.is_inquiry,
            is_by_person: row.is_by_person,
            is_after_sale: row.is_after_sale,
            agent: row.agent,
            channel: row.channel,
        }
    }
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
            batch: row.batch,
            day: row.day,
            visitor: row.visitor,
            is_cookieless: row.cookieless,
            only_names: row.only_names,
            customer: row.customer,
            amount: row.amount.map(sum),
            currency: row.currency,
            as_of_ms: row.as_of_ms,
            is_of_provider: row.is_of_provider,
            items: row.items.into_iter().map(line).collect(),
            costs: Costs {
                cost: row.cost.map(sum),
                shipping: row.shipping.map(sum),
                tax: row.tax.map(sum),
                discount: row.discount.map(sum),
            },
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
        // Rows from before a column have nothing beside their money, and are made anew.
        let mut more = row.more_money.into_iter();
        let money = |(currency, ordered, paid, refunded, is_order, is_paid, is_refunded): OrderMoneyRow| {
            let (unverified, cost, profit, is_costed, is_uncosted) = more.next().unwrap_or_default();
            let of = Sum::from_ten_thousandths;
            OrderMoney {
                currency,
                ordered: of(ordered),
                paid: of(paid),
                refunded: of(refunded),
                unverified: of(unverified),
                cost: of(cost),
                profit: of(profit),
                is_order,
                is_paid,
                is_refunded,
                is_costed,
                is_uncosted,
            }
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
            person: row.person,
            payments: row.payments.into_iter().map(payment).collect(),
            money: row.money.into_iter().map(money).collect(),
            items: row.items.into_iter().map(line).collect(),
            costs: Costs {
                cost: row.cost.map(sum),
                shipping: row.shipping.map(sum),
                tax: row.tax.map(sum),
                discount: row.discount.map(sum),
            },
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
            last_inquiry_at_ms: row.last_inquiry_at_ms,
            agents: row.agents,
            channels: row.channels,
            answers: Vec::new(),
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
        let mut more = row.more_money.into_iter();
        let money =
            |(currency, ordered, paid, refunded, orders, paid_orders, refunded_orders): DayMoneyRow| {
                let (unverified, cost, profit, costed_orders, uncosted_orders) =
                    more.next().unwrap_or_default();
                let of = Sum::from_ten_thousandths;
                DayMoney {
                    currency,
                    ordered: of(ordered),
                    paid: of(paid),
                    refunded: of(refunded),
                    unverified: of(unverified),
                    cost: of(cost),
                    profit: of(profit),
                    costed_orders,
                    uncosted_orders,
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
