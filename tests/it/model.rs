//! The shop funnel and its money once more, as plainly as METRICS sections 1, 2 and 4 put it: lists of
//! moments, no states, no SQL.
//!
//! Slow and obvious on purpose. It shares no code with the product but the time zone tables. The file is as
//! long as the rules are, and whoever compares it with the contract wants them in one piece.

use chrono::{DateTime, Days, NaiveDate, TimeZone};
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// One event as the model sees it.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    pub id: Uuid,
    pub kind: &'static str,
    pub visitor: Option<String>,
    pub at_ms: i64,
    /// Told by the shop's server. Matters among tellings of the same order, payment or refund only.
    pub verified: bool,
    pub order_id: Option<String>,
    pub payment_id: Option<String>,
    pub refund_id: Option<String>,
    /// In ten-thousandths, with its currency.
    pub amount: Option<(i64, &'static str)>,
    pub after_sale: bool,
    pub agent: Option<&'static str>,
    pub channel: Option<&'static str>,
    pub product: Option<&'static str>,
    pub variant: Option<&'static str>,
    pub customer: Option<String>,
    /// Of a visit: source, medium and campaign in its address.
    pub touch: Option<(&'static str, Option<&'static str>, Option<&'static str>)>,
    /// Of a visit: the path of its address.
    pub path: Option<&'static str>,
}

/// A value of a dimension; none is "unknown".
pub type Told = Option<String>;

impl Sent {
    /// As it goes over the wire.
    pub fn json(&self) -> Value {
        let mut event = json!({ "id": self.id, "kind": self.kind, "at": self.at_ms });
        let texts = [
            ("visitor", self.visitor.as_deref()),
            ("order_id", self.order_id.as_deref()),
            ("payment_id", self.payment_id.as_deref()),
            ("refund_id", self.refund_id.as_deref()),
            ("agent", self.agent),
            ("channel", self.channel),
            ("product", self.product),
            ("variant", self.variant),
            ("customer", self.customer.as_deref()),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                event[name] = json!(value);
            }
        }
        if let Some((amount, currency)) = self.amount {
            event["amount"] = json!(money_text(amount.into()));
            event["currency"] = json!(currency);
        }
        if self.kind == "rating" {
            event["score"] = json!(4);
        }
        if self.after_sale {
            event["topic"] = json!("after_sale");
        }
        if let Some(path) = self.path {
            let mut url = format!("https://shop.example{path}?x=1");
            if let Some((source, medium, campaign)) = self.touch {
                url += &format!("&utm_source={source}");
                url += &medium.map(|medium| format!("&utm_medium={medium}")).unwrap_or_default();
                url += &campaign.map(|campaign| format!("&utm_campaign={campaign}")).unwrap_or_default();
            }
            event["url"] = json!(url);
        }
        event
    }
}

fn money_text(ten_thousandths: i128) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let amount = ten_thousandths.abs();
    format!("{sign}{}.{:04}", amount / 10_000, amount % 10_000)
}

/// What decides an answer besides the events.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub time_zone: Tz,
    pub now_ms: i64,
    pub after_sale_days: u64,
    pub final_days: u64,
    /// Of the shop.
    pub currency: &'static str,
}

impl Rules {
    pub fn new(time_zone: Tz, now_ms: i64, after_sale_days: u64) -> Rules {
        Rules { time_zone, now_ms, after_sale_days, final_days: 3, currency: "CNY" }
    }

    pub fn day(&self, at_ms: i64) -> NaiveDate {
        let utc = DateTime::from_timestamp_millis(at_ms).unwrap().naive_utc();
        self.time_zone.from_utc_datetime(&utc).date_naive()
    }
}

/// A payment that counts.
#[derive(Debug, Clone)]
pub struct Payment {
    pub at_ms: i64,
    pub amount: i128,
    pub currency: String,
}

/// An order id with everything that is known of it.
#[derive(Debug, Clone)]
pub struct Order {
    /// None while only payments and refunds have named it.
    pub placed_at_ms: Option<i64>,
    pub visitor: Option<String>,
    pub customer: Option<String>,
    pub amount: i128,
    pub currency: String,
    pub payments: Vec<Payment>,
    /// By currency.
    pub refunded: BTreeMap<String, i128>,
}

impl Order {
    fn paid(&self, currency: &str) -> i128 {
        self.payments
            .iter()
            .filter(|payment| payment.currency == currency)
            .map(|payment| payment.amount)
            .sum()
    }

    fn is_paid_in(&self, currency: &str) -> bool {
        self.payments.iter().any(|payment| payment.currency == currency)
    }

    fn currencies(&self) -> BTreeSet<String> {
        let paid = self.payments.iter().map(|payment| payment.currency.clone());
        paid.chain([self.currency.clone()]).chain(self.refunded.keys().cloned()).collect()
    }
}

/// One shop's life, in order.
pub struct Shop<'a> {
    rules: Rules,
    pub orders: Vec<Order>,
    /// Of each visitor their events, and the places of their orders.
    visitors: BTreeMap<&'a str, (Vec<&'a Sent>, Vec<usize>)>,
}

/// The funnel of the days `from..=to`, as the JSON object that the API answers.
pub fn funnel(events: &[Sent], rules: Rules, from: NaiveDate, to: NaiveDate) -> Value {
    Shop::new(events, rules).figures(from, to, &[]).0
}

/// Days that count: all, or of each dimension those that carry one of the values.
pub type Filters<'a> = [(&'a str, Vec<Told>)];

impl<'a> Shop<'a> {
    pub fn new(events: &'a [Sent], rules: Rules) -> Shop<'a> {
        let events: BTreeMap<Uuid, &Sent> = events.iter().map(|event| (event.id, event)).collect();
        let mut events: Vec<&Sent> = events.into_values().collect();
        events.sort_by_key(|event| (event.at_ms, event.id));
        let orders = orders(&events, rules);
        let mut visitors: BTreeMap<&str, (Vec<&Sent>, Vec<usize>)> = BTreeMap::new();
        for &event in &events {
            event.visitor.iter().for_each(|visitor| visitors.entry(visitor).or_default().0.push(event));
        }
        for (place, order) in orders.iter().enumerate() {
            let lives = order.visitor.as_deref().and_then(|visitor| visitors.get_mut(visitor));
            lives.into_iter().for_each(|(_, placed)| placed.push(place));
        }
        Shop { rules, orders, visitors }
    }

    fn of(&self, visitor: &str) -> impl Iterator<Item = &'a Sent> + '_ {
        self.visitors[visitor].0.iter().copied()
    }

    fn placed_by(&self, visitor: &str) -> impl Iterator<Item = (i64, &Order)> + '_ {
        let orders = self.visitors[visitor].1.iter().map(|place| &self.orders[*place]);
        orders.filter_map(|order| Some((order.placed_at_ms?, order)))
    }

    fn day(&self, at_ms: i64) -> NaiveDate {
        self.rules.day(at_ms)
    }

    /// Days of `from..=to` on which the visitor was present.
    fn days(&self, visitor: &str, from: NaiveDate, to: NaiveDate) -> BTreeSet<NaiveDate> {
        let brings = |kind: &str| matches!(kind, "visit" | "bounce" | "inquiry" | "cart" | "favorite");
        let came = self.of(visitor).filter(|event| brings(event.kind)).map(|event| self.day(event.at_ms));
        let ordered = self.placed_by(visitor).map(|(placed_at_ms, _)| self.day(placed_at_ms));
        came.chain(ordered).filter(|day| (from..=to).contains(day)).collect()
    }

    fn is_effective(&self, visitor: &str, day: NaiveDate) -> bool {
        let on_day = |kind: &'static str| {
            self.of(visitor).filter(move |e| e.kind == kind && self.rules.day(e.at_ms) == day).count()
        };
        on_day("visit") >= 2
            || on_day("inquiry") + on_day("cart") + on_day("favorite") > 0
            || self.placed_by(visitor).any(|(placed_at_ms, _)| self.day(placed_at_ms) == day)
    }

    pub fn is_pre_sale(&self, visitor: &str, inquiry: &Sent) -> bool {
        let day = self.day(inquiry.at_ms);
        let earliest = day - Days::new(self.rules.after_sale_days);
        !inquiry.after_sale
            && !self.placed_by(visitor).any(|(placed_at_ms, _)| {
                let ordered_on = self.day(placed_at_ms);
                (ordered_on == day && placed_at_ms < inquiry.at_ms)
                    || (earliest <= ordered_on && ordered_on < day)
            })
    }

    /// The values that a day of a visitor carries.
    pub fn told(&self, visitor: &str, day: NaiveDate, dimension: &str) -> BTreeSet<Told> {
        let today = |event: &&Sent| self.day(event.at_ms) == day;
        let since = |days: u64| day - Days::new(days);
        let one = |value: Told| BTreeSet::from([value]);
        let known = |values: BTreeSet<Told>| if values.is_empty() { one(None) } else { values };
        let owned = |value: Option<&str>| value.map(str::to_owned);
        match dimension {
            "source" | "medium" | "campaign" => {
                let in_reach = |event: &&Sent| (since(30)..=day).contains(&self.day(event.at_ms));
                let touches =
                    self.of(visitor).filter(in_reach).filter_map(|event| Some((event.at_ms, event.touch?)));
                match touches.max() {
                    None => one(Some("direct".into())),
                    Some((_, (source, medium, campaign))) => one(match dimension {
                        "source" => owned(Some(source)),
                        "medium" => owned(medium),
                        _ => owned(campaign),
                    }),
                }
            }
            "landing" => {
                let visits = self.of(visitor).filter(today).filter(|event| event.kind == "visit");
                one(visits.map(|event| (event.at_ms, event.path)).min().and_then(|(_, path)| owned(path)))
            }
            "agent" | "channel" => {
                let named = |event: &Sent| if dimension == "agent" { event.agent } else { event.channel };
                let inquiries: Vec<&Sent> =
                    self.of(visitor).filter(|event| event.kind == "inquiry").collect();
                let of_day: Vec<&&Sent> = inquiries.iter().filter(|event| today(event)).collect();
                if !of_day.is_empty() {
                    return known(
                        of_day.iter().filter_map(|event| named(event)).map(|v| Some(v.to_owned())).collect(),
                    );
                }
                let before = |event: &&&Sent| {
                    let asked_on = self.day(event.at_ms);
                    since(self.rules.final_days) <= asked_on && asked_on < day
                };
                let last = inquiries.iter().filter(before).max_by_key(|e| (e.at_ms, e.agent, e.channel));
                one(last.and_then(|event| owned(named(event))))
            }
            "product" => known(
                self.of(visitor)
                    .filter(today)
                    .filter_map(|e| e.product)
                    .map(|v| Some(v.to_owned()))
                    .collect(),
            ),
            "variant" => {
                let so_far = self.of(visitor).filter(|event| self.day(event.at_ms) <= day);
                known(so_far.filter_map(|event| event.variant).map(|v| Some(v.to_owned())).collect())
            }
            "customer_type" => one(Some(if self.is_old(visitor, day) { "old" } else { "new" }.into())),
            other => panic!("{other}"),
        }
    }

    /// Whether the person behind a visitor's day paid in the 365 days before it.
    fn is_old(&self, visitor: &str, day: NaiveDate) -> bool {
        let named = |is_then: &dyn Fn(NaiveDate) -> bool| -> BTreeSet<&String> {
            let then = self.of(visitor).filter(|event| is_then(self.day(event.at_ms)));
            then.filter_map(|event| event.customer.as_ref()).collect()
        };
        let (today, before) = (named(&|d| d == day), named(&|d| d < day));
        self.orders.iter().filter(|order| order.placed_at_ms.is_some()).any(|order| {
            let is_own = order.visitor.as_deref() == Some(visitor);
            let is_theirs = match &order.customer {
                None => is_own,
                Some(customer) if today.is_empty() => is_own || before.contains(customer),
                Some(customer) => today.contains(customer),
            };
            let in_reach = |payment: &Payment| {
                let paid_on = self.day(payment.at_ms);
                day - Days::new(365) <= paid_on && paid_on < day
            };
            is_theirs && order.payments.iter().any(in_reach)
        })
    }

    /// Every value that a day of the window carries, and the unknown one of unattributed orders.
    pub fn values(
        &self,
        from: NaiveDate,
        to: NaiveDate,
        dimension: &str,
        filters: &Filters<'_>,
    ) -> BTreeSet<Told> {
        let mut values = BTreeSet::new();
        for visitor in self.visitors.keys() {
            for day in self.days(visitor, from, to) {
                if self.passes(visitor, day, filters) {
                    values.extend(self.told(visitor, day, dimension));
                }
            }
        }
        let unattributed = self.orders.iter().any(|order| {
            let is_in_window = order.placed_at_ms.is_some_and(|at_ms| (from..=to).contains(&self.day(at_ms)));
            order.visitor.is_none() && is_in_window
        });
        if unattributed && filters.iter().all(|(_, values)| values.contains(&None)) {
            values.insert(None);
        }
        values
    }

    fn passes(&self, visitor: &str, day: NaiveDate, filters: &Filters<'_>) -> bool {
        filters.iter().all(|(dimension, values)| {
            let told = self.told(visitor, day, dimension);
            values.iter().any(|value| told.contains(value))
        })
    }

    /// Funnel and money of the days `from..=to` that pass the filters, as the JSON objects that the API
    /// answers.
    pub fn figures(&self, from: NaiveDate, to: NaiveDate, filters: &Filters<'_>) -> (Value, Value) {
        let today = self.day(self.rules.now_ms);
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut purse = Purse::default();
        for visitor in self.visitors.keys() {
            let mut days = self.days(visitor, from, to);
            days.retain(|day| self.passes(visitor, *day, filters));
            if days.is_empty() {
                continue;
            }
            let counts_on = |at_ms: i64| days.contains(&self.day(at_ms));
            let placed: Vec<(i64, &Order)> =
                self.placed_by(visitor).filter(|(placed_at_ms, _)| counts_on(*placed_at_ms)).collect();
            let effective = days.iter().any(|day| self.is_effective(visitor, *day));
            let of_today: Vec<&Sent> =
                self.of(visitor).filter(|event| self.day(event.at_ms) == today).collect();
            let views: Vec<&&Sent> = of_today.iter().filter(|event| event.kind == "visit").collect();
            let open = !effective
                && days.contains(&today)
                && views.len() == 1
                && !of_today.iter().any(|event| event.kind == "bounce")
                && self.rules.now_ms - views[0].at_ms < 30 * 60_000;
            let inquiries: Vec<&Sent> =
                self.of(visitor).filter(|event| event.kind == "inquiry" && counts_on(event.at_ms)).collect();
            let pre_sale: Vec<i64> = inquiries
                .iter()
                .filter(|inquiry| self.is_pre_sale(visitor, inquiry))
                .map(|inquiry| inquiry.at_ms)
                .collect();
            let first_asked_ms = pre_sale.iter().min().copied();
            let first_order_ms = placed.iter().map(|(placed_at_ms, _)| *placed_at_ms).min();
            let buyer = first_order_ms.is_some();
            let inquirer =
                first_asked_ms.is_some_and(|asked| first_order_ms.is_none_or(|ordered| asked <= ordered));
            let payer = placed.iter().any(|(_, order)| !order.payments.is_empty());
            for (id, holds) in [
                ("visitors", true),
                ("effective", effective),
                ("open", open),
                ("bounced", !effective && !open),
                ("inquirers", inquirer),
                ("silent_visitors", effective && !inquirer),
                ("buyers", buyer),
                ("inquiry_buyers", buyer && inquirer),
                ("silent_buyers", buyer && !inquirer),
                ("payers", payer),
                ("inquiry_payers", payer && inquirer),
                ("silent_payers", payer && !inquirer),
                ("after_sale_inquirers", !inquiries.is_empty() && pre_sale.is_empty()),
            ] {
                *counts.entry(id).or_default() += u64::from(holds);
            }
            for (placed_at_ms, order) in &placed {
                let asked_before = first_asked_ms.is_some_and(|asked| asked <= *placed_at_ms);
                purse.put(order, if asked_before { "inquiry" } else { "silent" });
            }
            for currency in placed.iter().flat_map(|(_, order)| order.currencies()).collect::<BTreeSet<_>>() {
                let paid_in = placed.iter().any(|(_, order)| order.is_paid_in(&currency));
                *purse.payers.entry(currency).or_default() += u64::from(paid_in);
            }
        }
        if filters.iter().all(|(_, values)| values.contains(&None)) {
            for order in self.orders.iter().filter(|order| order.visitor.is_none()) {
                if order.placed_at_ms.is_some_and(|at_ms| (from..=to).contains(&self.day(at_ms))) {
                    purse.put(order, "unattributed");
                }
            }
        }
        let cash = filters.is_empty().then(|| self.cash(from, to));
        let visitors = counts.get("visitors").copied().unwrap_or(0);
        (with_rates(&counts), purse.money(visitors, cash))
    }

    /// By currency: received, waiting, how many wait.
    fn cash(&self, from: NaiveDate, to: NaiveDate) -> BTreeMap<String, (i128, i128, u64)> {
        let mut cash: BTreeMap<String, (i128, i128, u64)> = BTreeMap::new();
        for order in &self.orders {
            for payment in order.payments.iter().filter(|p| (from..=to).contains(&self.day(p.at_ms))) {
                let (received, waiting, count) = cash.entry(payment.currency.clone()).or_default();
                *received += payment.amount;
                if order.placed_at_ms.is_none() {
                    *waiting += payment.amount;
                    *count += 1;
                }
            }
        }
        cash
    }
}

/// Orders, payments and refunds joined by order id. `events` are in order.
fn orders(events: &[&Sent], rules: Rules) -> Vec<Order> {
    // One entry per order, payment or refund: all that was told of it, in order.
    let mut facts: BTreeMap<(&str, String), Vec<&Sent>> = BTreeMap::new();
    for &event in events {
        let order_id = || event.order_id.clone().unwrap();
        let key = match (event.kind, &event.payment_id, &event.refund_id) {
            ("order", _, _) => ("order", order_id()),
            ("payment", Some(id), _) => ("payment with an id", id.clone()),
            ("payment", None, _) => ("payment", order_id()),
            ("refund", _, Some(id)) => ("refund with an id", id.clone()),
            ("refund", _, None) => ("refund", event.id.to_string()),
            _ => continue,
        };
        facts.entry(key).or_default().push(event);
    }
    // The order that each was best told to belong to.
    let mut by_order: BTreeMap<String, Vec<(&str, Vec<&Sent>)>> = BTreeMap::new();
    for ((kind, _), told) in facts {
        let order_id = best(&told).unwrap().order_id.clone().unwrap();
        by_order.entry(order_id).or_default().push((kind, told));
    }
    let priced = |told: &[&Sent]| {
        let with_amount: Vec<&Sent> = told.iter().copied().filter(|event| event.amount.is_some()).collect();
        best(&with_amount).and_then(|event| event.amount)
    };
    by_order
        .into_iter()
        .map(|(order_id, facts)| {
            let placed = facts.iter().find(|(kind, _)| *kind == "order").map(|(_, told)| told);
            let (amount, currency) =
                placed.and_then(|told| priced(told)).map_or((0, rules.currency), |(a, c)| (a.into(), c));
            let with_ids = facts.iter().any(|(kind, _)| *kind == "payment with an id");
            let counts = if with_ids { "payment with an id" } else { "payment" };
            let payments: Vec<Payment> = facts
                .iter()
                .filter(|(kind, _)| *kind == counts)
                .map(|(_, told)| {
                    let own = priced(told).map(|(a, c)| (i128::from(a), c.to_owned()));
                    let (amount, currency) = own.unwrap_or((amount, currency.to_owned()));
                    Payment { at_ms: best(told).unwrap().at_ms, amount, currency }
                })
                .collect();
            let mut refunded: BTreeMap<String, i128> = BTreeMap::new();
            let mut is_whole = false;
            for (_, told) in facts.iter().filter(|(kind, _)| kind.starts_with("refund")) {
                match priced(told) {
                    Some((amount, currency)) => {
                        *refunded.entry(currency.into()).or_default() += i128::from(amount)
                    }
                    None => is_whole = true,
                }
            }
            let mut order = Order {
                placed_at_ms: placed.map(|told| told[0].at_ms),
                visitor: placed.and_then(|told| told.iter().find_map(|event| event.visitor.clone())),
                customer: events
                    .iter()
                    .filter(|event| event.customer.is_some() && event.order_id.as_ref() == Some(&order_id))
                    .filter(|event| ["order", "payment", "refund"].contains(&event.kind))
                    .min_by_key(|event| (event.at_ms, event.id))
                    .and_then(|event| event.customer.clone()),
                amount,
                currency: currency.to_owned(),
                payments,
                refunded,
            };
            if is_whole {
                for currency in order.currencies() {
                    let paid = order.paid(&currency);
                    let refunded = order.refunded.entry(currency).or_default();
                    *refunded = paid.max(*refunded);
                }
            }
            order
        })
        .collect()
}

/// Of several tellings the one that counts: verified first, then the latest.
fn best<'a>(told: &[&'a Sent]) -> Option<&'a Sent> {
    told.iter().copied().max_by_key(|event| (event.verified, event.at_ms, event.id))
}

/// Money of orders, by currency and branch.
#[derive(Default)]
struct Purse {
    sums: BTreeMap<(String, &'static str), [i128; 5]>,
    payers: BTreeMap<String, u64>,
}

impl Purse {
    fn put(&mut self, order: &Order, branch: &'static str) {
        for currency in order.currencies() {
            let is_its_own = order.currency == currency;
            let added = [
                if is_its_own { order.amount } else { 0 },
                order.paid(&currency),
                order.refunded.get(&currency).copied().unwrap_or(0),
                i128::from(is_its_own),
                i128::from(order.is_paid_in(&currency)),
            ];
            let sums = self.sums.entry((currency, branch)).or_default();
            sums.iter_mut().zip(added).for_each(|(sum, added)| *sum += added);
        }
    }

    fn money(&self, visitors: u64, cash: Option<BTreeMap<String, (i128, i128, u64)>>) -> Value {
        let of_orders = self.sums.keys().map(|(currency, _)| currency.clone());
        let of_cash = cash.iter().flat_map(|cash| cash.keys().cloned());
        let currencies: BTreeSet<String> = of_orders.chain(of_cash).collect();
        let entry = |currency: &String| {
            let of = |branch| self.sums.get(&(currency.clone(), branch)).copied().unwrap_or_default();
            let (inquiry, silent, nobodys) = (of("inquiry"), of("silent"), of("unattributed"));
            let all: Vec<i128> = (0..5).map(|n| inquiry[n] + silent[n] + nobodys[n]).collect();
            let share = |amount: i128, count: i128| match count {
                0 => Value::Null,
                // Half up.
                _ => json!(money_text((2 * amount + count).div_euclid(2 * count))),
            };
            let attributed = inquiry[1] + silent[1];
            let mut entry = json!({
                "currency": currency,
                "orders": all[3],
                "unattributed_orders": nobodys[3],
                "paid_orders": all[4],
                "avg_revenue_per_buyer":
                    share(attributed, self.payers.get(currency).copied().unwrap_or(0).into()),
                "avg_order_value": share(all[1], all[4]),
                "inquiry_avg_order_value": share(inquiry[1], inquiry[4]),
                "silent_avg_order_value": share(silent[1], silent[4]),
                "revenue_per_visitor": share(attributed, visitors.into()),
                "received_amount": null,
                "waiting_payments": null,
            });
            for (prefix, sums) in
                [("", &all[..]), ("inquiry_", &inquiry), ("silent_", &silent), ("unattributed_", &nobodys)]
            {
                let named = [
                    ("ordered", sums[0]),
                    ("paid", sums[1]),
                    ("refunded", sums[2]),
                    ("net", sums[1] - sums[2]),
                ];
                for (name, sum) in named {
                    entry[format!("{prefix}{name}_amount")] = json!(money_text(sum));
                }
            }
            if let Some(cash) = &cash {
                let (received, waiting, count) = cash.get(currency).copied().unwrap_or_default();
                entry["received_amount"] = json!(money_text(received));
                entry["waiting_payments"] = json!({ "count": count, "amount": money_text(waiting) });
            }
            entry
        };
        currencies.iter().map(entry).collect()
    }
}

fn with_rates(counts: &BTreeMap<&str, u64>) -> Value {
    let count = |id: &str| counts.get(id).copied().unwrap_or(0);
    let rate = |part: u64, base: u64| if base == 0 { Value::Null } else { json!(part as f64 / base as f64) };
    let seen = count("effective") + count("bounced");
    json!({
        "visitors": count("visitors"), "bounced": count("bounced"), "effective": count("effective"),
        "open": count("open"), "inquirers": count("inquirers"), "silent_visitors": count("silent_visitors"),
        "inquiry_buyers": count("inquiry_buyers"), "silent_buyers": count("silent_buyers"),
        "buyers": count("buyers"), "inquiry_payers": count("inquiry_payers"),
        "silent_payers": count("silent_payers"), "payers": count("payers"),
        "after_sale_inquirers": count("after_sale_inquirers"),
        "effective_entry_rate": rate(count("effective"), seen),
        "bounce_rate": rate(count("bounced"), seen),
        "inquiry_rate": rate(count("inquirers"), count("visitors")),
        "inquiry_conversion_rate": rate(count("inquiry_buyers"), count("inquirers")),
        "inquiry_paid_rate": rate(count("inquiry_payers"), count("inquirers")),
        "silent_conversion_rate": rate(count("silent_buyers"), count("silent_visitors")),
        "silent_paid_rate": rate(count("silent_payers"), count("silent_visitors")),
        "silent_rate_all_visitors": rate(count("silent_buyers"), count("visitors")),
        "silent_share_of_buyers": rate(count("silent_buyers"), count("buyers")),
        "payment_rate": rate(count("payers"), count("buyers")),
        "overall_conversion_rate": rate(count("payers"), count("visitors")),
    })
}
