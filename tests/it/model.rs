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
    /// In ten-thousandths, as all money here.
    pub amount: Option<i64>,
    /// Only with an amount.
    pub currency: Option<&'static str>,
    /// When the sender last changed its record; the event's own time where it does not say.
    pub as_of_ms: Option<i64>,
    /// Who took the money: provider, platform or shop.
    pub via: Option<&'static str>,
    pub items: Vec<Line>,
    pub cost: Option<i64>,
    pub shipping: Option<i64>,
    pub tax: Option<i64>,
    pub discount: Option<i64>,
    pub after_sale: bool,
    pub agent: Option<&'static str>,
    pub channel: Option<&'static str>,
    pub conversation: Option<String>,
    /// Of a reply: person or bot.
    pub by: Option<&'static str>,
    pub product: Option<&'static str>,
    pub variant: Option<&'static str>,
    pub customer: Option<String>,
    /// Of a visit: source, medium and campaign in its address.
    pub touch: Option<(&'static str, Option<&'static str>, Option<&'static str>)>,
    /// Of a visit: the path of its address.
    pub path: Option<&'static str>,
}

/// A line of an order.
#[derive(Debug, Clone)]
pub struct Line {
    pub product: &'static str,
    pub quantity: u32,
    pub amount: Option<i64>,
    pub cost: Option<i64>,
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
            ("conversation", self.conversation.as_deref()),
            ("by", self.by),
            ("via", self.via),
            ("currency", self.currency),
            ("product", self.product),
            ("variant", self.variant),
            ("customer", self.customer.as_deref()),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                event[name] = json!(value);
            }
        }
        let told = |amount: Option<i64>| amount.map(|amount| json!(money_text(amount.into())));
        for (name, amount) in [
            ("amount", self.amount),
            ("cost", self.cost),
            ("shipping", self.shipping),
            ("tax", self.tax),
            ("discount", self.discount),
        ] {
            told(amount).into_iter().for_each(|amount| event[name] = amount);
        }
        let line = |line: &Line| {
            let mut item = json!({ "product": line.product, "quantity": line.quantity });
            told(line.amount).into_iter().for_each(|amount| item["amount"] = amount);
            told(line.cost).into_iter().for_each(|cost| item["cost"] = cost);
            item
        };
        if !self.items.is_empty() {
            event["items"] = self.items.iter().map(line).collect();
        }
        self.as_of_ms.into_iter().for_each(|as_of_ms| event["as_of"] = json!(as_of_ms));
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

    /// Of several tellings the one with the greatest counts.
    fn rank(&self) -> (i64, i64, Uuid) {
        (self.as_of_ms.unwrap_or(self.at_ms), self.at_ms, self.id)
    }

    /// From a page, where the shop's server alone tells of money.
    pub fn is_refused(&self) -> bool {
        ["payment", "refund"].contains(&self.kind)
    }

    fn is_of_money(&self) -> bool {
        ["order", "payment", "refund"].contains(&self.kind)
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
    /// `payments = "server"`: a page's orders only name their visitor, its payments and refunds are refused.
    pub server_only: bool,
}

impl Rules {
    pub fn new(time_zone: Tz, now_ms: i64, after_sale_days: u64) -> Rules {
        Rules { time_zone, now_ms, after_sale_days, final_days: 3, currency: "CNY", server_only: false }
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
    /// The payment and its amount are verified.
    pub verified: bool,
}

/// An order id with everything that is known of it.
#[derive(Debug, Clone)]
pub struct Order {
    /// None while only payments and refunds have named it, or pages of a shop that takes none from them.
    pub placed_at_ms: Option<i64>,
    pub visitor: Option<String>,
    pub customer: Option<String>,
    pub amount: i128,
    pub currency: String,
    pub cost: Option<i128>,
    pub shipping_and_tax: i128,
    pub payments: Vec<Payment>,
    /// By currency.
    pub refunded: BTreeMap<String, i128>,
}

impl Order {
    fn paid(&self, currency: &str) -> i128 {
        self.payments_in(currency).map(|payment| payment.amount).sum()
    }

    fn payments_in<'a>(&'a self, currency: &'a str) -> impl Iterator<Item = &'a Payment> {
        self.payments.iter().filter(move |payment| payment.currency == currency)
    }

    fn is_paid_in(&self, currency: &str) -> bool {
        self.payments_in(currency).next().is_some()
    }

    fn currencies(&self) -> BTreeSet<String> {
        let paid = self.payments.iter().map(|payment| payment.currency.clone());
        paid.chain([self.currency.clone()]).chain(self.refunded.keys().cloned()).collect()
    }
}

/// An inquiry that counts: each without a conversation, and the first of each day of a conversation.
#[derive(Debug)]
pub struct Inquiry<'a> {
    pub at_ms: i64,
    pub after_sale: bool,
    agents: BTreeSet<&'a str>,
    channel: Option<&'a str>,
    /// Of a conversation: person, bot or nobody.
    answered_by: Option<&'static str>,
}

/// What is known of a visitor, in order.
#[derive(Default)]
struct Life<'a> {
    /// Those that name them.
    events: Vec<&'a Sent>,
    inquiries: Vec<Inquiry<'a>>,
    /// Places of their orders.
    orders: Vec<usize>,
}

/// One shop's life, in order.
pub struct Shop<'a> {
    rules: Rules,
    pub orders: Vec<Order>,
    visitors: BTreeMap<&'a str, Life<'a>>,
}

/// The funnel of the days `from..=to`, as the JSON object that the API answers.
pub fn funnel(events: &[Sent], rules: Rules, from: NaiveDate, to: NaiveDate) -> Value {
    Shop::new(events, rules).figures(from, to, &[]).0
}

/// Days that count: all, or of each dimension those that carry one of the values.
pub type Filters<'a> = [(&'a str, Vec<Told>)];

impl<'a> Shop<'a> {
    pub fn new(events: &'a [Sent], rules: Rules) -> Shop<'a> {
        let is_taken = |event: &&Sent| event.verified || !rules.server_only || !event.is_refused();
        let events: BTreeMap<Uuid, &Sent> =
            events.iter().filter(is_taken).map(|event| (event.id, event)).collect();
        let mut events: Vec<&Sent> = events.into_values().collect();
        events.sort_by_key(|event| (event.at_ms, event.id));
        let orders = orders(&events, rules);
        let mut visitors: BTreeMap<&str, Life<'_>> = BTreeMap::new();
        for &event in &events {
            let named = event.visitor.as_deref();
            named.into_iter().for_each(|visitor| visitors.entry(visitor).or_default().events.push(event));
        }
        for (visitor, inquiry) in inquiries(&events, rules) {
            visitors.entry(visitor).or_default().inquiries.push(inquiry);
        }
        for (place, order) in orders.iter().enumerate() {
            let life = order.visitor.as_deref().and_then(|visitor| visitors.get_mut(visitor));
            life.into_iter().for_each(|life| life.orders.push(place));
        }
        Shop { rules, orders, visitors }
    }

    pub fn visitors(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.visitors.keys().copied()
    }

    /// The events that name a visitor.
    pub fn of(&self, visitor: &str) -> impl Iterator<Item = &'a Sent> + '_ {
        self.visitors[visitor].events.iter().copied()
    }

    fn inquiries(&self, visitor: &str) -> &[Inquiry<'a>] {
        &self.visitors[visitor].inquiries
    }

    pub fn placed_by(&self, visitor: &str) -> impl Iterator<Item = (i64, &Order)> + '_ {
        let orders = self.visitors[visitor].orders.iter().map(|place| &self.orders[*place]);
        orders.filter_map(|order| Some((order.placed_at_ms?, order)))
    }

    pub fn day(&self, at_ms: i64) -> NaiveDate {
        self.rules.day(at_ms)
    }

    /// Days of `from..=to` on which the visitor was present.
    fn days(&self, visitor: &str, from: NaiveDate, to: NaiveDate) -> BTreeSet<NaiveDate> {
        let brings = |kind: &str| matches!(kind, "visit" | "bounce" | "cart" | "favorite");
        let came = self.of(visitor).filter(|event| brings(event.kind)).map(|event| event.at_ms);
        let asked = self.inquiries(visitor).iter().map(|inquiry| inquiry.at_ms);
        let ordered = self.placed_by(visitor).map(|(placed_at_ms, _)| placed_at_ms);
        let days = came.chain(asked).chain(ordered).map(|at_ms| self.day(at_ms));
        days.filter(|day| (from..=to).contains(day)).collect()
    }

    fn is_effective(&self, visitor: &str, day: NaiveDate) -> bool {
        let on_day = |kind: &'static str| {
            self.of(visitor).filter(move |e| e.kind == kind && self.rules.day(e.at_ms) == day).count()
        };
        on_day("visit") >= 2
            || on_day("cart") + on_day("favorite") > 0
            || self.inquiries(visitor).iter().any(|inquiry| self.day(inquiry.at_ms) == day)
            || self.placed_by(visitor).any(|(placed_at_ms, _)| self.day(placed_at_ms) == day)
    }

    fn is_pre_sale(&self, visitor: &str, inquiry: &Inquiry<'_>) -> bool {
        let day = self.day(inquiry.at_ms);
        let earliest = day - Days::new(self.rules.after_sale_days);
        !inquiry.after_sale
            && !self.placed_by(visitor).any(|(placed_at_ms, _)| {
                let ordered_on = self.day(placed_at_ms);
                (ordered_on == day && placed_at_ms < inquiry.at_ms)
                    || (earliest <= ordered_on && ordered_on < day)
            })
    }

    /// Times of a visitor's pre-sale inquiries.
    pub fn pre_sale(&self, visitor: &str) -> Vec<i64> {
        let inquiries = self.inquiries(visitor).iter();
        inquiries.filter(|inquiry| self.is_pre_sale(visitor, inquiry)).map(|i| i.at_ms).collect()
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
            "agent" | "channel" | "answered_by" => {
                let all = self.inquiries(visitor);
                let of_day: Vec<&Inquiry> = all.iter().filter(|i| self.day(i.at_ms) == day).collect();
                let before = |inquiry: &&Inquiry<'_>| {
                    (since(self.rules.final_days)..day).contains(&self.day(inquiry.at_ms))
                };
                let last = all.iter().filter(before).max_by_key(|i| (i.at_ms, &i.agents, i.channel));
                known(match (of_day.is_empty(), dimension) {
                    (_, "answered_by") => told_by(&of_day, dimension),
                    (true, _) => told_by(last.as_slice(), dimension),
                    (false, _) => told_by(&of_day, dimension),
                })
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

    /// Whether an order of the visitor, or of the one customer they have ever named, was paid in the 365 days
    /// before.
    fn is_old(&self, visitor: &str, day: NaiveDate) -> bool {
        let customer = self.customer_of(visitor);
        let in_reach = |payment: &Payment| (day - Days::new(365)..day).contains(&self.day(payment.at_ms));
        self.orders.iter().filter(|order| order.placed_at_ms.is_some()).any(|order| {
            let is_theirs = order.visitor.as_deref() == Some(visitor)
                || (customer.is_some() && self.customer(order) == customer);
            is_theirs && order.payments.iter().any(in_reach)
        })
    }

    /// The one customer that a visitor has ever named; none when they named several.
    fn customer_of(&self, visitor: &str) -> Option<String> {
        let named: BTreeSet<&String> = self.of(visitor).filter_map(|event| event.customer.as_ref()).collect();
        if named.len() == 1 { named.first().map(|customer| (*customer).clone()) } else { None }
    }

    /// Of an order: the one it tells, else the only one of its visitor.
    pub fn customer(&self, order: &Order) -> Option<String> {
        let told = order.customer.clone();
        told.or_else(|| order.visitor.as_deref().and_then(|visitor| self.customer_of(visitor)))
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
            let asked = self.inquiries(visitor).iter().any(|inquiry| counts_on(inquiry.at_ms));
            let mut pre_sale = self.pre_sale(visitor);
            pre_sale.retain(|asked_ms| counts_on(*asked_ms));
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
                ("after_sale_inquirers", asked && pre_sale.is_empty()),
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

/// Which values a list of inquiries tells.
fn told_by(inquiries: &[&Inquiry<'_>], dimension: &str) -> BTreeSet<Told> {
    let told = |inquiry: &&Inquiry<'_>| match dimension {
        "agent" => inquiry.agents.iter().map(|agent| Some((*agent).to_owned())).collect::<Vec<_>>(),
        "channel" => inquiry.channel.map(|channel| Some(channel.to_owned())).into_iter().collect(),
        _ => inquiry.answered_by.map(|by| Some(by.to_owned())).into_iter().collect(),
    };
    inquiries.iter().flat_map(told).collect()
}

/// The inquiries that count, with whose they are. `events` are in order.
fn inquiries<'a>(events: &[&'a Sent], rules: Rules) -> Vec<(&'a str, Inquiry<'a>)> {
    let mut found = Vec::new();
    let mut conversations: BTreeMap<(Option<&str>, &str), Vec<&Sent>> = BTreeMap::new();
    for &event in events.iter().filter(|event| ["inquiry", "reply"].contains(&event.kind)) {
        let (at_ms, after_sale, channel) = (event.at_ms, event.after_sale, event.channel);
        if let Some(conversation) = &event.conversation {
            conversations.entry((channel, conversation)).or_default().push(event);
        } else if let Some(visitor) = &event.visitor {
            let agents = event.agent.into_iter().collect();
            let inquiry = Inquiry { at_ms, after_sale, agents, channel, answered_by: None };
            found.push((visitor.as_str(), inquiry));
        }
    }
    for ((channel, _), told) in conversations {
        let named = |verified: bool| {
            let told = told.iter().filter(move |event| event.verified == verified);
            told.filter_map(|event| event.visitor.as_deref()).next()
        };
        let Some(visitor) = named(true).or_else(|| named(false)) else { continue };
        let replies = || told.iter().filter(|event| event.kind == "reply");
        let first_by_a_person = replies().find(|reply| reply.by == Some("person"));
        let mut days = BTreeSet::new();
        let is_first = |event: &&&Sent| event.kind == "inquiry" && days.insert(rules.day(event.at_ms));
        let firsts: Vec<&&Sent> = told.iter().filter(is_first).collect();
        for (place, first) in firsts.iter().enumerate() {
            let until_ms = firsts.get(place + 1).map_or(i64::MAX, |next| next.at_ms);
            let answers = |by: &str| {
                let mut own = replies().filter(|reply| (first.at_ms..until_ms).contains(&reply.at_ms));
                own.any(|reply| reply.by == Some(by))
            };
            let by = ["person", "bot"].into_iter().find(|by| answers(by)).unwrap_or("nobody");
            let agents = first.agent.into_iter().chain(first_by_a_person.and_then(|reply| reply.agent));
            let inquiry = Inquiry {
                at_ms: first.at_ms,
                after_sale: first.after_sale,
                agents: agents.collect(),
                channel,
                answered_by: Some(by),
            };
            found.push((visitor, inquiry));
        }
    }
    found
}

/// One payment or refund: those of its tellings that count, in order.
#[derive(Clone)]
struct Fact<'a>(Vec<&'a Sent>);

impl<'a> Fact<'a> {
    fn new(told: Vec<&'a Sent>) -> Fact<'a> {
        Fact(wanted_alone(told, |event| event.verified))
    }

    fn is_verified(&self) -> bool {
        self.0[0].verified
    }

    fn is_by_provider(&self) -> bool {
        self.is_verified() && self.0.iter().any(|event| event.via == Some("provider"))
    }

    /// The amount, with the currency that is told with it.
    fn amount(&self) -> Option<(i128, Option<&'static str>)> {
        last(&self.0, |event| event.amount).map(|(event, amount)| (amount.into(), event.currency))
    }
}

/// Those that are as wanted, where there is one, else all.
fn wanted_alone<T: Clone>(all: Vec<T>, is_wanted: impl Fn(&T) -> bool) -> Vec<T> {
    let wanted: Vec<T> = all.iter().filter(|one| is_wanted(one)).cloned().collect();
    if wanted.is_empty() { all } else { wanted }
}

/// Of the tellings that give something the one whose record is the latest.
fn last<'a, T>(told: &[&'a Sent], gives: impl Fn(&Sent) -> Option<T>) -> Option<(&'a Sent, T)> {
    let given = told.iter().filter_map(|event| Some((*event, gives(event)?)));
    given.max_by_key(|(event, _)| event.rank())
}

/// All payments, or all refunds, that were told; of payments without an id each telling.
fn facts<'a>(events: &[&'a Sent], kind: &str) -> Vec<Fact<'a>> {
    let mut told: BTreeMap<(bool, String), Vec<&Sent>> = BTreeMap::new();
    for &event in events.iter().filter(|event| event.kind == kind) {
        let id = if kind == "payment" { &event.payment_id } else { &event.refund_id };
        let key = (id.is_some(), id.clone().unwrap_or_else(|| event.id.to_string()));
        told.entry(key).or_default().push(event);
    }
    told.into_values().map(Fact::new).collect()
}

/// Those of an order that count: verified ones alone where there is one, of these the providers' alone.
fn of_order<'a>(facts: &[Fact<'a>], order_id: &str) -> Vec<Fact<'a>> {
    let own = facts.iter().filter(|fact| fact.0[0].order_id.as_deref() == Some(order_id)).cloned();
    wanted_alone(wanted_alone(own.collect(), Fact::is_verified), Fact::is_by_provider)
}

/// Orders, payments and refunds joined by order id. `events` are in order.
fn orders(events: &[&Sent], rules: Rules) -> Vec<Order> {
    let (payments, refunds) = (facts(events, "payment"), facts(events, "refund"));
    let ids = events.iter().filter_map(|event| event.order_id.as_deref());
    let order = |id: &str| {
        let is_own = |event: &&&Sent| event.is_of_money() && event.order_id.as_deref() == Some(id);
        let told: Vec<&Sent> = events.iter().filter(is_own).copied().collect();
        let payments = of_order(&payments, id);
        let with_id = |fact: &Fact<'_>| fact.0[0].payment_id.is_some();
        let payments = if payments.is_empty() || payments.iter().any(with_id) {
            payments.into_iter().filter(with_id).collect()
        } else {
            // Several without an id are one.
            let mut told: Vec<&Sent> = payments.into_iter().flat_map(|fact| fact.0).collect();
            told.sort_by_key(|event| (event.at_ms, event.id));
            vec![Fact(told)]
        };
        let mut refunds = of_order(&refunds, id);
        let is_told_by_the_shop = told.iter().any(|event| event.verified);
        refunds.retain(|refund| refund.is_verified() || !is_told_by_the_shop);
        one_order(&told, &payments, &refunds, rules)
    };
    ids.collect::<BTreeSet<&str>>().into_iter().map(order).collect()
}

/// `told`: all events with the order's id, in order.
fn one_order(told: &[&Sent], payments: &[Fact<'_>], refunds: &[Fact<'_>], rules: Rules) -> Order {
    let orders = told.iter().copied().filter(|event| event.kind == "order");
    let (verified, of_pages): (Vec<&Sent>, Vec<&Sent>) = orders.partition(|event| event.verified);
    // What pages only name is neither placed nor priced.
    let unverified = if rules.server_only { Vec::new() } else { of_pages.clone() };
    let counted = if verified.is_empty() { &unverified } else { &verified };
    let placed_at_ms = counted.first().map(|event| event.at_ms);
    let nearest = || {
        let distance =
            |event: &&&Sent| ((event.at_ms - placed_at_ms.unwrap_or(0)).abs(), event.at_ms, event.id);
        of_pages.iter().filter(|event| event.visitor.is_some()).min_by_key(distance)
    };
    let visitor = counted.iter().find(|event| event.visitor.is_some()).or_else(nearest);
    let of = |event: &Sent| event.amount;
    let price = last(counted, of).or_else(|| last(&unverified, of));
    let amount = i128::from(price.map_or(0, |(_, amount)| amount));
    let currency = price.and_then(|(event, _)| event.currency).unwrap_or(rules.currency).to_owned();
    let number = |gives: fn(&Sent) -> Option<i64>| last(counted, gives).map(|(_, n)| i128::from(n));
    let lines = last(counted, |event| (!event.items.is_empty()).then(|| event.items.clone()));
    let of_lines = lines.and_then(|(_, lines)| lines.iter().map(|line| line.cost.map(i128::from)).sum());
    let payment = |fact: &Fact<'_>| {
        let own = fact.amount().map(|(n, own)| (n, own.map_or(currency.clone(), str::to_owned)));
        let is_verified = own.is_some() || price.is_none_or(|(event, _)| event.verified);
        let verified = fact.is_verified() && is_verified;
        let (amount, currency) = own.unwrap_or((amount, currency.clone()));
        Payment { at_ms: fact.0[0].at_ms, amount, currency, verified }
    };
    let of_customer = |event: &&Sent| event.customer.clone();
    let naming = told.iter().filter(|event| event.verified || !rules.server_only);
    let customer = naming.clone().filter(|event| event.verified).find_map(of_customer);
    let mut order = Order {
        placed_at_ms,
        visitor: visitor.and_then(|event| event.visitor.clone()),
        customer: customer.or_else(|| naming.clone().find_map(of_customer)),
        amount,
        cost: number(|event| event.cost).or(of_lines),
        shipping_and_tax: number(|e| e.shipping).unwrap_or(0) + number(|e| e.tax).unwrap_or(0),
        payments: payments.iter().map(payment).collect(),
        refunded: BTreeMap::new(),
        currency,
    };
    refund(&mut order, refunds);
    order
}

/// One without an amount is of all that was ever paid.
fn refund(order: &mut Order, refunds: &[Fact<'_>]) {
    for (amount, currency) in refunds.iter().filter_map(Fact::amount) {
        let currency = currency.map_or(order.currency.clone(), str::to_owned);
        *order.refunded.entry(currency).or_default() += amount;
    }
    if refunds.iter().any(|fact| fact.amount().is_none()) {
        for currency in order.currencies() {
            let paid = order.paid(&currency);
            let refunded = order.refunded.entry(currency).or_default();
            *refunded = paid.max(*refunded);
        }
    }
}

/// Money of orders, by currency and branch.
#[derive(Default)]
struct Purse {
    sums: BTreeMap<(String, &'static str), [i128; 9]>,
    payers: BTreeMap<String, u64>,
}

impl Purse {
    fn put(&mut self, order: &Order, branch: &'static str) {
        for currency in order.currencies() {
            let is_its_own = order.currency == currency;
            let paid = order.paid(&currency);
            let refunded = order.refunded.get(&currency).copied().unwrap_or(0);
            let unverified = order.payments_in(&currency).filter(|payment| !payment.verified);
            let is_cost_asked = is_its_own && !order.payments.is_empty();
            let cost = order.cost.filter(|_| is_cost_asked);
            let added = [
                if is_its_own { order.amount } else { 0 },
                paid,
                refunded,
                i128::from(is_its_own),
                i128::from(order.is_paid_in(&currency)),
                unverified.map(|payment| payment.amount).sum(),
                cost.unwrap_or(0),
                cost.map_or(0, |cost| paid - refunded - cost - order.shipping_and_tax),
                i128::from(is_cost_asked && cost.is_none()),
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
            let all: Vec<i128> = (0..9).map(|n| inquiry[n] + silent[n] + nobodys[n]).collect();
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
                "unverified_paid_amount": money_text(all[5]),
                "cost_amount": money_text(all[6]),
                "gross_profit": money_text(all[7]),
                "orders_without_cost": all[8],
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
