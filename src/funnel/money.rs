//! The money of a funnel (METRICS section 4): sums as the store has them in, every figure of the contract
//! out. Pure.

use crate::money::{Currency, Sum};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an order came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// Nobody can be named for it.
    Unattributed,
    /// Its visitor has a pre-sale inquiry in the window before it.
    Inquiry,
    /// Of a buyer without a pre-sale inquiry before the order.
    Silent,
}

/// What orders of one currency and branch sum up to.
#[derive(Debug, Clone)]
pub struct Orders {
    /// Of all the sums here.
    pub currency: Currency,
    /// How the orders came about.
    pub branch: Branch,
    /// What they are worth.
    pub ordered: Sum,
    /// What was paid for them, whenever.
    pub paid: Sum,
    /// What of that was given back.
    pub refunded: Sum,
    /// The part of `paid` that no verified event tells.
    pub unverified: Sum,
    /// What the paid orders cost that tell it.
    pub cost: Sum,
    /// What is left of those without cost, shipping and tax.
    pub profit: Sum,
    /// Paid orders that tell no cost.
    pub uncosted_orders: u64,
    /// How many were placed.
    pub orders: u64,
    /// Orders with a payment in this currency.
    pub paid_orders: u64,
}

impl Orders {
    /// No orders.
    pub fn none(currency: Currency, branch: Branch) -> Orders {
        Orders {
            currency,
            branch,
            ordered: Sum::default(),
            paid: Sum::default(),
            refunded: Sum::default(),
            unverified: Sum::default(),
            cost: Sum::default(),
            profit: Sum::default(),
            uncosted_orders: 0,
            orders: 0,
            paid_orders: 0,
        }
    }
}

/// Payments of one currency by their own time.
#[derive(Debug, Clone)]
pub struct Cash {
    /// Of both sums.
    pub currency: Currency,
    /// What was paid in the window, whichever order it is for.
    pub received: Sum,
    /// The part whose order has not been seen.
    pub waiting: Waiting,
}

/// Payments whose order has not been seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// Payments.
    pub count: u64,
    /// What they amount to.
    pub amount: Sum,
}

/// Every figure of one currency. Amounts are text with 4 decimals; an average is `null` where its base is 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Money {
    /// Of all the sums here.
    pub currency: Currency,
    /// Orders placed in the window whose amount is in this currency.
    pub orders: u64,
    /// Orders of nobody known.
    pub unattributed_orders: u64,
    /// Of the orders placed in the window, those with a payment in this currency.
    pub paid_orders: u64,
    /// What the orders placed in the window are worth.
    pub ordered_amount: Sum,
    /// Those of it after an inquiry.
    pub inquiry_ordered_amount: Sum,
    /// Those of it without one.
    pub silent_ordered_amount: Sum,
    /// Those of it of nobody known.
    pub unattributed_ordered_amount: Sum,
    /// What was paid for them, whenever.
    pub paid_amount: Sum,
    /// Those of it after an inquiry.
    pub inquiry_paid_amount: Sum,
    /// Those of it without one.
    pub silent_paid_amount: Sum,
    /// Those of it of nobody known.
    pub unattributed_paid_amount: Sum,
    /// What was given back of that.
    pub refunded_amount: Sum,
    /// Those of it after an inquiry.
    pub inquiry_refunded_amount: Sum,
    /// Those of it without one.
    pub silent_refunded_amount: Sum,
    /// Those of it of nobody known.
    pub unattributed_refunded_amount: Sum,
    /// Paid minus refunded.
    pub net_amount: Sum,
    /// Those of it after an inquiry.
    pub inquiry_net_amount: Sum,
    /// Those of it without one.
    pub silent_net_amount: Sum,
    /// Those of it of nobody known.
    pub unattributed_net_amount: Sum,
    /// The part of the paid amount whose payment or amount no verified event tells: anybody may have sent it.
    pub unverified_paid_amount: Sum,
    /// What the paid orders cost that tell their cost.
    pub cost_amount: Sum,
    /// What is left of those orders' net amount without their cost, shipping and tax.
    pub gross_profit: Sum,
    /// Paid orders that tell no cost.
    pub orders_without_cost: u64,
    /// Paid by known persons / payers in this currency.
    #[schema(required)]
    pub avg_revenue_per_buyer: Option<Sum>,
    /// Paid / paid orders.
    #[schema(required)]
    pub avg_order_value: Option<Sum>,
    /// The same after an inquiry.
    #[schema(required)]
    pub inquiry_avg_order_value: Option<Sum>,
    /// The same without one.
    #[schema(required)]
    pub silent_avg_order_value: Option<Sum>,
    /// Paid by known persons / visitors.
    #[schema(required)]
    pub revenue_per_visitor: Option<Sum>,
    /// By payment time. `null` in groups and under filters: a payment is of the shop's day, not of a visitor's.
    #[schema(required)]
    pub received_amount: Option<Sum>,
    /// Among the received. `null` as `received_amount` is.
    #[schema(required)]
    pub waiting_payments: Option<Waiting>,
}

/// What the figures are made of.
#[derive(Debug, Clone, Default)]
pub struct Parts<'a> {
    /// By currency and branch.
    pub orders: &'a [Orders],
    /// Visitors one of whose orders has a payment in the currency.
    pub payers: &'a [(Currency, u64)],
    /// Everybody present in the window.
    pub visitors: u64,
    /// None where cash is not asked for.
    pub cash: Option<&'a [Cash]>,
}

impl Parts<'_> {
    /// One entry per currency that occurs, ordered by code.
    pub fn money(&self) -> Vec<Money> {
        let ordered = self.orders.iter().map(|orders| orders.currency);
        let mut currencies: Vec<Currency> =
            ordered.chain(self.cash.unwrap_or_default().iter().map(|cash| cash.currency)).collect();
        currencies.sort_by(|a, b| a.code().cmp(b.code()));
        currencies.dedup();
        currencies.into_iter().map(|currency| self.of(currency)).collect()
    }

    fn of(&self, currency: Currency) -> Money {
        let of = |branch: Branch| self.orders.iter().find(|o| o.currency == currency && o.branch == branch);
        let [inquiry, silent, unattributed] = [Branch::Inquiry, Branch::Silent, Branch::Unattributed].map(of);
        let all = [inquiry, silent, unattributed];
        let amount = |part: Option<&Orders>, of: fn(&Orders) -> Sum| part.map_or(Sum::default(), of);
        let total = |of: fn(&Orders) -> Sum| all.iter().map(|part| amount(*part, of)).sum::<Sum>();
        let count = |of: fn(&Orders) -> u64| all.iter().flatten().map(|part| of(part)).sum::<u64>();
        let paid_orders = |part: Option<&Orders>| part.map_or(0, |part| part.paid_orders);
        let (ordered, paid, refunded) =
            (|o: &Orders| o.ordered, |o: &Orders| o.paid, |o: &Orders| o.refunded);
        let net = |o: &Orders| o.paid - o.refunded;
        let attributed = amount(inquiry, paid) + amount(silent, paid);
        let payers =
            self.payers.iter().find(|(known, _)| *known == currency).map_or(0, |(_, payers)| *payers);
        let cash = self.cash.map(|cash| cash.iter().find(|cash| cash.currency == currency));
        Money {
            currency,
            orders: count(|o| o.orders),
            unattributed_orders: unattributed.map_or(0, |part| part.orders),
            paid_orders: count(|o| o.paid_orders),
            ordered_amount: total(ordered),
            inquiry_ordered_amount: amount(inquiry, ordered),
            silent_ordered_amount: amount(silent, ordered),
            unattributed_ordered_amount: amount(unattributed, ordered),
            paid_amount: total(paid),
            inquiry_paid_amount: amount(inquiry, paid),
            silent_paid_amount: amount(silent, paid),
            unattributed_paid_amount: amount(unattributed, paid),
            refunded_amount: total(refunded),
            inquiry_refunded_amount: amount(inquiry, refunded),
            silent_refunded_amount: amount(silent, refunded),
            unattributed_refunded_amount: amount(unattributed, refunded),
            net_amount: total(net),
            inquiry_net_amount: amount(inquiry, net),
            silent_net_amount: amount(silent, net),
            unattributed_net_amount: amount(unattributed, net),
            unverified_paid_amount: total(|o| o.unverified),
            cost_amount: total(|o| o.cost),
            gross_profit: total(|o| o.profit),
            orders_without_cost: count(|o| o.uncosted_orders),
            avg_revenue_per_buyer: attributed.per(payers),
            avg_order_value: total(paid).per(count(|o| o.paid_orders)),
            inquiry_avg_order_value: amount(inquiry, paid).per(paid_orders(inquiry)),
            silent_avg_order_value: amount(silent, paid).per(paid_orders(silent)),
            revenue_per_visitor: attributed.per(self.visitors),
            received_amount: cash.map(|cash| cash.map_or(Sum::default(), |cash| cash.received)),
            waiting_payments: cash.map(|cash| cash.map_or(Waiting::default(), |cash| cash.waiting)),
        }
    }
}
