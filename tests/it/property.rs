//! Random lives of random shops: the endpoint must agree with the plain model on every window tried.
//!
//! Each set of events is its own shop; all are sent in one run, shuffled, split into batches and with
//! repeats. A failure names the seed: `TEST_SEED=… cargo test --test it property` repeats it.
//!
//! The file is long because a random shop is made, sent and compared by the same few types: a kind of event
//! that the maker learns is asked for by the comparison below it. What was counted of each kind is in
//! `tried.rs`.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, read, run, spawn_app};
use crate::model::{Line, Rules, Sent, Shop, Told};
use crate::tried::kinds;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shopfunnel::funnel::Dimension;
use shopfunnel::shops::Payments;
use shopfunnel::shops::command::Changes;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const SETS: usize = 1_000;
/// Of every set; what is asked goes by turns.
const QUESTIONS: usize = 1;
/// Those that events of the sets name.
const DIMENSIONS: [&str; 10] = [
    "source",
    "medium",
    "campaign",
    "landing",
    "agent",
    "channel",
    "answered_by",
    "product",
    "variant",
    "customer_type",
];
/// Those that are found out about a visit; `details.rs` and `places.rs` have them.
const FOUND_OUT: [&str; 6] = ["device", "browser", "os", "country", "region", "city"];
const CURRENCIES: [&str; 3] = ["CNY", "USD", "JPY"];
/// What pages tell lies within eight days before now and five minutes after.
const FIRST_OF_PAGES_MS: i64 = NOW_MS - 8 * DAY_MS + MINUTE_MS;
const LAST_MS: i64 = NOW_MS + 4 * MINUTE_MS;
/// Shops of each kind that must have occurred.
const OF_EACH_KIND: usize = 30;
const AT_ONCE: usize = 3;
/// Smaller shops tried to find out what a failure is about.
const SHRINKING_TRIES: usize = 300;
/// Different offsets, half hours, and daylight saving that changes within the days of the sets.
const TIME_ZONES: [&str; 8] = [
    "Asia/Shanghai",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Sao_Paulo",
    "UTC",
];

/// One shop's life.
#[derive(Clone)]
pub struct Set {
    pub name: String,
    pub rules: Rules,
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub events: Vec<Sent>,
    /// Of what the server told, what a page tells too, under the same id.
    pub also_by_page: BTreeSet<Uuid>,
}

impl Set {
    /// Dense sets have few visitors with long lives, a third of whose events are inquiries and a third
    /// orders.
    pub fn random(number: usize, random: &mut Rng) -> Set {
        let dense = random.bool();
        let days = if dense { random.i64(40..=60) } else { random.i64(1..=12) };
        let visitors = if dense { random.usize(2..=8) } else { random.usize(4..=30) };
        let count = if dense { random.usize(150..=400) } else { random.usize(20..=200) };
        Set::of(number, random, dense, days, visitors, count)
    }

    /// A smaller one, of which many can be tried; pages tell a part.
    fn small(number: usize, random: &mut Rng) -> Set {
        let dense = random.f64() < 0.3;
        let days = if dense { random.i64(40..=60) } else { random.i64(1..=12) };
        let visitors = if dense { random.usize(1..=4) } else { random.usize(2..=12) };
        let count = if dense { random.usize(40..=160) } else { random.usize(5..=80) };
        Set::of(number, random, dense, days, visitors, count).with_pages(random)
    }

    fn of(number: usize, random: &mut Rng, dense: bool, days: i64, visitors: usize, count: usize) -> Set {
        let time_zone: Tz = TIME_ZONES[random.usize(..TIME_ZONES.len())].parse().unwrap();
        let after_sale_days = [0, 3, 21, 21][random.usize(..4)];
        let rules = Rules::new(time_zone, NOW_MS, after_sale_days);
        let mut maker = Maker::new(random, NOW_MS, days, visitors, dense);
        let mut events: Vec<Sent> = (0..count).map(|_| maker.event()).collect();
        tell_again(&mut events, random);
        let (first, last) = (rules.day(NOW_MS) - Days::new(days as u64 + 1), rules.day(NOW_MS));
        let name = format!("set-{number}");
        Set { name, rules, first, last, events, also_by_page: BTreeSet::new() }
    }

    /// Lets pages tell a part of it, and of the shop's orders what they like. Some shops want no money told
    /// by pages.
    pub fn with_pages(mut self, random: &mut Rng) -> Set {
        self.rules.server_only = random.f64() < 0.2;
        for event in &mut self.events {
            if random.f64() < 0.01 {
                event.at_ms = NOW_MS + random.i64(0..4 * MINUTE_MS);
            }
            if may_be_of_page(event) && random.f64() < 0.35 {
                event.verified = false;
            } else if may_be_of_page(event) && random.f64() < 0.1 {
                self.also_by_page.insert(event.id);
            }
        }
        let told: Vec<Sent> = self.events.iter().filter(|event| event.order_id.is_some()).cloned().collect();
        let attacks = told.iter().filter(|_| random.f64() < 0.4).collect::<Vec<_>>();
        self.events.extend(attacks.into_iter().map(|event| by_stranger(event, random)));
        self.events.extend(seldom_told(random));
        self
    }

    /// Opens the set's shop.
    pub fn open(&self, app: &TestApp) -> TestShop {
        let shop = app.add_shop_in(&self.name, self.rules.time_zone.name());
        let payments = if self.rules.server_only { Payments::Server } else { Payments::Any };
        let after_sale_days = Some(self.rules.after_sale_days as u16);
        let changes = Changes { after_sale_days, payments: Some(payments), ..Default::default() };
        app.set_shop(&self.name, changes);
        shop
    }

    pub fn window(&self, random: &mut Rng) -> (NaiveDate, NaiveDate) {
        let days = (self.last - self.first).num_days() as u64;
        let (a, b) = (random.u64(..=days), random.u64(..=days));
        (self.first + Days::new(a.min(b)), self.first + Days::new(a.max(b)))
    }
}

pub fn new_id(random: &mut Rng) -> Uuid {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Systems tell of an order, a payment or a refund more than once: once more as it was, corrected, from
/// another system, of a record that changed later.
fn tell_again(events: &mut Vec<Sent>, random: &mut Rng) {
    for event in events.iter_mut().filter(|event| event.order_id.is_some()) {
        if random.f64() < 0.3 {
            event.as_of_ms = Some(random.i64(NOW_MS - 10 * DAY_MS..LAST_MS));
        }
        if random.f64() < 0.4 {
            event.via = Some(["provider", "platform", "shop"][random.usize(..3)]);
        }
    }
    let told: Vec<Sent> = events.iter().filter(|event| event.order_id.is_some()).cloned().collect();
    for mut again in told {
        if random.f64() < 0.75 {
            continue;
        }
        again.id = new_id(random);
        // Now and then the payment again, under the id that another system gives it.
        if random.f64() < 0.4 && again.kind != "order" {
            let id = again.payment_id.is_some().then(|| format!("t{}", random.usize(..60)));
            (again.payment_id, again.refund_id) =
                if again.kind == "payment" { (id, None) } else { (None, id) };
            again.via = Some(["provider", "platform"][random.usize(..2)]);
        }
        if random.bool() {
            again.at_ms = (again.at_ms + random.i64(-DAY_MS..3 * DAY_MS)).min(NOW_MS);
        }
        match random.usize(..4) {
            0 => (again.amount, again.currency) = (None, None),
            1 => again.amount = Some(random.i64(0..=20_000) * 50),
            2 => again.as_of_ms = Some(random.i64(NOW_MS - 10 * DAY_MS..LAST_MS)),
            _ => {}
        }
        if random.f64() < 0.3 {
            again.visitor = None;
        }
        events.push(again);
    }
}

/// Whether `POST /e` takes it, and not for an event of somebody without a cookie.
fn may_be_of_page(event: &Sent) -> bool {
    let times = [Some(event.at_ms), event.as_of_ms];
    event.visitor.is_some() && times.iter().flatten().all(|ms| (FIRST_OF_PAGES_MS..=LAST_MS).contains(ms))
}

/// What chance would seldom tell: an order of nobody whom pages equally near name differently, and an order
/// that pages alone place, pay and refund.
fn seldom_told(random: &mut Rng) -> Vec<Sent> {
    let at_ms = NOW_MS - random.i64(MINUTE_MS..7 * DAY_MS);
    let amount = Some(random.i64(0..=20_000) * 50);
    let mut event = |kind, order_id: &str, visitor: usize, at_ms| Sent {
        id: new_id(random),
        kind,
        at_ms,
        order_id: Some(order_id.to_owned()),
        visitor: Some(format!("v{visitor}")),
        amount,
        ..Sent::default()
    };
    let nobodys = Sent { visitor: None, verified: true, ..event("order", "near", 0, at_ms) };
    let near = [-60, -30, 30].into_iter().enumerate();
    let near: Vec<Sent> =
        near.map(|(n, seconds)| event("order", "near", n, at_ms + seconds * 1_000)).collect();
    let of_pages = ["order", "payment", "refund"].map(|kind| event(kind, "of pages", 3, at_ms));
    let is_told = |random: &mut Rng, likely: f64| random.f64() < likely;
    let (first, second) = (is_told(random, 0.2), is_told(random, 0.2));
    let first = [nobodys].into_iter().chain(near).filter(|_| first);
    first.chain(of_pages.into_iter().filter(|_| second)).collect()
}

/// What somebody with the public key says of an order that they know: at another time, of somebody else, at
/// another price, of another customer, refunded.
fn by_stranger(told: &Sent, random: &mut Rng) -> Sent {
    let kind = [told.kind, told.kind, "order", "payment", "refund"][random.usize(..5)];
    let around = match random.usize(..3) {
        0 => told.at_ms,
        // As far before as after, so that two are equally near.
        1 => told.at_ms + [-2, -1, 1, 2][random.usize(..4)] * MINUTE_MS,
        _ => random.i64(FIRST_OF_PAGES_MS..=LAST_MS),
    };
    let mut some = |likely: f64, of: &Option<String>, other: &str, ids: usize| {
        let own = of.clone().filter(|_| random.f64() < 0.7);
        own.or_else(|| (random.f64() < likely).then(|| format!("{other}{}", random.usize(..ids))))
    };
    let visitor = some(1.0, &told.visitor, "v", 12);
    let payment_id = some(0.5, &told.payment_id, "p", 60).filter(|_| kind == "payment");
    let refund_id = some(0.5, &told.refund_id, "r", 40).filter(|_| kind == "refund");
    let customer = some(0.4, &told.customer, "c", 3);
    let is_priced = random.f64() < 0.7;
    Sent {
        id: new_id(random),
        kind,
        visitor,
        at_ms: around.clamp(FIRST_OF_PAGES_MS, LAST_MS),
        verified: false,
        order_id: told.order_id.clone(),
        payment_id,
        refund_id,
        // Pages tell at most what 100 000 US dollars are worth.
        amount: is_priced.then(|| [0, 100, random.i64(0..500_000_000)][random.usize(..3)]),
        currency: told.currency.filter(|_| is_priced && random.bool()),
        as_of_ms: (random.f64() < 0.4).then(|| random.i64(FIRST_OF_PAGES_MS..=LAST_MS)),
        via: (random.f64() < 0.3).then_some("provider"),
        cost: (kind == "order" && random.f64() < 0.2).then(|| random.i64(0..100_000)),
        customer,
        ..Sent::default()
    }
}

/// Makes the events of one shop up to `end_ms`.
pub struct Maker<'a> {
    random: &'a mut Rng,
    end_ms: i64,
    days: i64,
    visitors: usize,
    dense: bool,
    order_ids: Vec<String>,
    moments: Vec<i64>,
}

impl Maker<'_> {
    pub fn new(random: &mut Rng, end_ms: i64, days: i64, visitors: usize, dense: bool) -> Maker<'_> {
        Maker { random, end_ms, days, visitors, dense, order_ids: Vec::new(), moments: Vec::new() }
    }

    pub fn event(&mut self) -> Sent {
        let kind = if self.dense {
            ["inquiry", "inquiry", "order", "order", "payment", "visit", "reply"][self.random.usize(..7)]
        } else {
            [
                "visit", "visit", "visit", "bounce", "inquiry", "inquiry", "reply", "cart", "favorite",
                "order", "payment", "refund", "rating",
            ][self.random.usize(..13)]
        };
        let of_an_order = matches!(kind, "order" | "payment" | "refund");
        let conversation = self.conversation(kind);
        let nameless = match kind {
            "order" => 0.1,
            "payment" | "refund" => 0.7,
            _ if conversation.is_some() => 0.4,
            _ => 0.0,
        };
        let is_named = self.random.f64() >= nameless;
        let visitor = is_named.then(|| self.random.usize(..self.visitors));
        let id = new_id(self.random);
        let at_ms = self.moment();
        let order_id = of_an_order.then(|| self.order_id(kind));
        let random = &mut *self.random;
        let customer = (random.f64() < 0.12).then(|| match visitor {
            Some(visitor) if random.f64() < 0.7 => visitor % 3,
            _ => random.usize(..3),
        });
        let mut some = |likely: f64, values: &[&'static str]| {
            (random.f64() < likely).then(|| values[random.usize(..values.len())])
        };
        let (agent, channel) = match (kind, &conversation) {
            ("inquiry" | "reply", None) => (some(0.6, &["mei", "lan"]), some(0.5, &["crisp", "qq"])),
            ("inquiry" | "reply", Some((_, channel))) => {
                let other = some(0.1, &["crisp", "qq"]);
                (some(0.6, &["mei", "lan"]), other.or(*channel))
            }
            _ => (None, None),
        };
        let path = if kind == "visit" { some(0.9, &["/", "/p/1", "/p/2"]) } else { None };
        let source = if path.is_some() { some(0.4, &["baidu", "google", "weibo"]) } else { None };
        let sent = Sent {
            id,
            kind,
            visitor: visitor.map(|visitor| format!("v{visitor}")),
            at_ms,
            verified: true,
            order_id,
            agent,
            channel,
            conversation: conversation.map(|(id, _)| id),
            by: if kind == "reply" { some(1.0, &["person", "person", "bot"]) } else { None },
            product: some(0.25, &["tea", "pot", "cup"]),
            variant: some(0.08, &["price:a", "price:b"]),
            customer: customer.map(|customer| format!("c{customer}")),
            path,
            touch: source
                .map(|source| (source, some(0.7, &["cpc", "search"]), some(0.3, &["spring", "Fall"]))),
            // Some payment ids name several orders, which is the sender's error and still counts once.
            payment_id: (kind == "payment" && random.bool()).then(|| format!("p{}", random.usize(..60))),
            refund_id: (kind == "refund" && random.bool()).then(|| format!("r{}", random.usize(..40))),
            after_sale: kind == "inquiry" && random.f64() < 0.15,
            ..Sent::default()
        };
        self.priced(sent)
    }

    /// With its money.
    fn priced(&mut self, mut sent: Sent) -> Sent {
        let random = &mut *self.random;
        if sent.order_id.is_some() && random.f64() < 0.7 {
            sent.amount = Some(random.i64(0..=20_000) * 50);
            let currency = CURRENCIES[random.usize(..CURRENCIES.len()).min(random.usize(..3))];
            sent.currency = (random.f64() < 0.65).then_some(currency);
        }
        if sent.kind == "order" {
            let mut some = |likely: f64| (random.f64() < likely).then(|| random.i64(0..=5_000) * 7);
            (sent.cost, sent.shipping, sent.tax, sent.discount) =
                (some(0.25), some(0.2), some(0.2), some(0.1));
            let lines = if random.f64() < 0.4 { random.usize(1..=3) } else { 0 };
            let line = |_| Line {
                product: ["tea", "pot", "cup"][random.usize(..3)],
                quantity: random.u32(1..=3),
                amount: (random.f64() < 0.8).then(|| random.i64(0..=5_000) * 11),
                cost: (random.f64() < 0.85).then(|| random.i64(0..=5_000) * 3),
            };
            sent.items = (0..lines).map(line).collect();
        }
        sent
    }

    /// Of a reply, and of half of the inquiries, the conversation and the chat tool that usually has it.
    fn conversation(&mut self, kind: &str) -> Option<(String, Option<&'static str>)> {
        let is_of_one = kind == "reply" || (kind == "inquiry" && self.random.f64() < 0.6);
        let number = self.random.usize(..self.visitors.max(2));
        is_of_one.then(|| (format!("k{number}"), [Some("crisp"), Some("qq"), None][number % 3]))
    }

    /// Usually a new order; sometimes one that exists already, on another day or by another visitor. Half of
    /// the payments are for orders that never come.
    fn order_id(&mut self, kind: &str) -> String {
        let known = !self.order_ids.is_empty();
        let repeat = if kind == "order" { 0.15 } else { 0.85 };
        if known && self.random.f64() < repeat {
            return self.order_ids[self.random.usize(..self.order_ids.len())].clone();
        }
        let id = format!("o{}", self.order_ids.len());
        if kind == "order" {
            self.order_ids.push(id.clone());
        }
        id
    }

    /// Any time of the set's days; sometimes the very instant of another event, sometimes within a second of
    /// a full hour of UTC, which is some zone's midnight; sometimes within the last hour, where visitors are
    /// open.
    fn moment(&mut self) -> i64 {
        let any = self.end_ms - self.random.i64(0..self.days * DAY_MS);
        let moment = match self.random.usize(..10) {
            0 if !self.moments.is_empty() => self.moments[self.random.usize(..self.moments.len())],
            1 | 2 => any - any.rem_euclid(900_000) + self.random.i64(-1_000..=1_000),
            3 => self.end_ms - self.random.i64(0..3_600_000),
            // About a year before, where somebody may have paid.
            4 if self.random.f64() < 0.4 => any - self.random.i64(350..=370) * DAY_MS,
            _ => any,
        };
        let moment = moment.min(self.end_ms);
        self.moments.push(moment);
        moment
    }
}

/// Of this run: `TEST_SEED`, else another each time. Printed, which shows when the test fails.
pub fn seed() -> u64 {
    let seed =
        std::env::var("TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("a number"));
    println!("TEST_SEED={seed}");
    seed
}

/// Sends a set shuffled, in batches of random size, with a third of the events repeated in later batches:
/// what is verified with the secret key, the rest with the public one.
pub async fn send(app: &TestApp, shop: &TestShop, set: &Set, mut random: Rng) {
    let of_server = set.events.iter().filter(|event| event.verified).map(|event| (event, true));
    let is_of_page = |event: &&Sent| !event.verified || set.also_by_page.contains(&event.id);
    let of_page = set.events.iter().filter(is_of_page).map(|event| (event, false));
    let mut events: Vec<(&Sent, bool)> = of_server.chain(of_page).collect();
    let repeated: Vec<(&Sent, bool)> = events.iter().filter(|_| random.f64() < 0.33).copied().collect();
    events.extend(repeated);
    random.shuffle(&mut events);
    while !events.is_empty() {
        let size = random.usize(1..=events.len().min(100));
        let batch: Vec<(&Sent, bool)> = events.drain(..size).collect();
        for by_server in [true, false] {
            let part: Vec<&Sent> = batch.iter().filter(|(_, by)| *by == by_server).map(|(e, _)| *e).collect();
            send_part(app, shop, set, &part, by_server).await;
        }
    }
}

async fn send_part(app: &TestApp, shop: &TestShop, set: &Set, part: &[&Sent], by_server: bool) {
    if part.is_empty() {
        return;
    }
    let events: Vec<Value> = part.iter().map(|event| event.json()).collect();
    let answer = if by_server {
        app.post_server(shop, &json!(events)).await
    } else {
        app.post_browser(json!({ "shop": shop.public_key, "events": events })).await
    };
    let is_refused = |event: &&&Sent| !by_server && set.rules.server_only && event.is_refused();
    let refused = part.iter().filter(is_refused).count();
    let status = if refused == part.len() { StatusCode::BAD_REQUEST } else { StatusCode::ACCEPTED };
    let (found, body) = read(answer).await;
    assert_eq!((found, &body["accepted"]), (status, &json!(part.len() - refused)), "{body}");
}

#[test]
fn every_dimension_is_tried_here_or_with_the_details_of_visits() {
    let mut known: Vec<&str> = DIMENSIONS.into_iter().chain(FOUND_OUT).collect();
    let mut all: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
    known.sort_unstable();
    all.sort_unstable();
    assert_eq!(known, all);
}

#[test]
fn the_endpoint_agrees_with_the_plain_model_on_random_shops() {
    let seed = seed();
    run(async {
        let app = spawn_app().await;
        let mut random = Rng::with_seed(seed);
        let mut sets: Vec<Set> = Vec::new();
        for number in 0..SETS {
            let mut set = Set::small(number, &mut random);
            // Shops may know the same ids, even of events.
            if let Some(other) = sets.last().filter(|_| random.f64() < 0.1) {
                let known: BTreeSet<Uuid> = set.events.iter().map(|event| event.id).collect();
                let others = other.events.iter().take(20).filter(|event| !known.contains(&event.id));
                set.events.extend(others.cloned());
            }
            sets.push(set);
        }
        assert_tried(&sets);
        let sets: Vec<(Set, TestShop, Rng)> = sets
            .into_iter()
            .map(|set| {
                let shop = set.open(&app);
                (set, shop, random.fork())
            })
            .collect();
        stream::iter(&sets)
            .for_each_concurrent(AT_ONCE, |(set, shop, random)| send(&app, shop, set, random.clone()))
            .await;
        let failed: Vec<Failure<'_>> = stream::iter(sets.iter().enumerate())
            .map(|(number, (set, shop, random))| check(&app, shop, set, number, random.clone()))
            .buffer_unordered(AT_ONCE)
            .flat_map(stream::iter)
            .collect()
            .await;
        if let Some(Failure { set, question, .. }) =
            failed.iter().min_by_key(|failure| failure.set.events.len())
        {
            let of: Vec<String> = failed.iter().map(Failure::text).collect();
            let least = shrunk(&app, set, question).await;
            panic!("{}\n{least}\nrepeat with TEST_SEED={seed}", of.join("\n"));
        }
        app.close().await;
    });
}

/// A question to which the model has another answer.
struct Failure<'a> {
    set: &'a Set,
    question: Question,
    differences: Vec<String>,
}

impl Failure<'_> {
    fn text(&self) -> String {
        format!("{} {}: {}", self.set.name, self.question.query(), self.differences.join("; "))
    }
}

/// The fewest events of a set that still differ, found by leaving out more and more.
async fn shrunk(app: &TestApp, set: &Set, question: &Question) -> String {
    let mut least = set.clone();
    let mut differences = Vec::new();
    let (mut size, mut tries) = (least.events.len().div_ceil(2), 0);
    while size > 0 && tries < SHRINKING_TRIES {
        let mut start = 0;
        while start < least.events.len() {
            let mut fewer = Set { name: format!("{}-{tries}", set.name), ..least.clone() };
            fewer.events.drain(start..(start + size).min(fewer.events.len()));
            tries += 1;
            let shop = fewer.open(app);
            send(app, &shop, &fewer, Rng::with_seed(0)).await;
            let found = question.ask(app, &shop, &fewer).await;
            if found.is_empty() {
                start += size;
            } else {
                (least, differences) = (fewer, found);
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    let tellers = |event: &Sent| match (event.verified, least.also_by_page.contains(&event.id)) {
        (true, true) => "both  ",
        (true, false) => "server",
        (false, _) => "page  ",
    };
    let mut events: Vec<&Sent> = least.events.iter().collect();
    events.sort_by_key(|event| (event.at_ms, event.id));
    let lines = events.iter().map(|event| format!("{} {}", tellers(event), event.json()));
    let lines: Vec<String> = lines.collect();
    format!("least: {} {:?}\n{}\n{}", question.query(), least.rules, lines.join("\n"), differences.join("\n"))
}

/// Every kind of shop that the law speaks of has occurred often enough.
fn assert_tried(sets: &[Set]) {
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, occurs) in sets.iter().flat_map(kinds) {
        *tried.entry(kind).or_default() += usize::from(occurs);
    }
    println!("{tried:#?}");
    assert!(tried.values().all(|shops| *shops >= OF_EACH_KIND), "{tried:#?}");
}

async fn check<'a>(
    app: &TestApp,
    shop: &TestShop,
    set: &'a Set,
    number: usize,
    mut random: Rng,
) -> Vec<Failure<'a>> {
    let mut failed = Vec::new();
    for question in 0..QUESTIONS {
        let question = Question::random(set, number * QUESTIONS + question, &mut random);
        let differences = question.ask(app, shop, set).await;
        if !differences.is_empty() {
            failed.push(Failure { set, question, differences });
        }
    }
    failed
}

/// A funnel and one thing more by turns: groups, a filter, a series, a comparison.
struct Question {
    from: NaiveDate,
    to: NaiveDate,
    breakdown: Option<&'static str>,
    filters: Vec<(&'static str, Vec<Told>)>,
    /// Of a series, with the window before.
    interval: Option<&'static str>,
}

impl Question {
    fn random(set: &Set, number: usize, random: &mut Rng) -> Question {
        let (from, to) = if random.f64() < 0.3 { (set.first, set.last) } else { set.window(random) };
        // Those that conversations and customers decide are asked more often.
        let dimension = match number % 8 {
            5 => ["agent", "answered_by", "customer_type"][random.usize(..3)],
            _ => DIMENSIONS[random.usize(..DIMENSIONS.len())],
        };
        let interval = ["day", "week", "month"][random.usize(..3)];
        // Three of eight questions are plain ones: the others take several times as long.
        let sort = number % 8;
        let mut filters = Vec::new();
        if matches!(sort, 2 | 3) {
            let model = Shop::new(&set.events, set.rules);
            for filtered in DIMENSIONS.into_iter().filter(|_| random.f64() < 0.3).collect::<Vec<_>>() {
                let values = model.values(from, to, filtered, &[]).into_iter();
                let values: Vec<Told> = values.filter(|_| random.bool()).collect();
                filters.extend((!values.is_empty()).then_some((filtered, values)));
            }
        }
        let breakdown = matches!(sort, 1 | 2 | 5).then_some(dimension);
        Question { from, to, breakdown, filters, interval: (sort == 4).then_some(interval) }
    }

    fn query(&self) -> String {
        let mut query = format!("?from={}&to={}", self.from, self.to);
        query += &self.breakdown.map(|d| format!("&breakdown={d}&limit=500")).unwrap_or_default();
        query += &self.interval.map(|i| format!("&interval={i}&compare=previous")).unwrap_or_default();
        for (dimension, values) in &self.filters {
            for value in values {
                query += &format!("&{dimension}={}", value.as_deref().unwrap_or_default());
            }
        }
        query
    }

    /// What the application answers otherwise than the model.
    async fn ask(&self, app: &TestApp, shop: &TestShop, set: &Set) -> Vec<String> {
        let model = Shop::new(&set.events, set.rules);
        let (status, found) = app.ask(shop, &self.query()).await;
        assert_eq!(status, StatusCode::OK, "{}: {found}", self.query());
        let mut differences = Vec::new();
        let mut same = |found: &Value, from, to, filters: &[(&str, Vec<Told>)], what: &str| {
            let (funnel, money) = model.figures(from, to, filters);
            for (part, expected) in [("funnel", funnel), ("money", money)] {
                differ(&found[part], &expected, &format!("{what}.{part}"), &mut differences);
            }
            assert_invariants(&found["funnel"]);
        };
        same(&found, self.from, self.to, &self.filters, "whole");
        let mut others = Vec::new();
        if let Some(breakdown) = self.breakdown {
            let groups = found["groups"].as_array().unwrap();
            let named: Vec<Told> = groups.iter().map(|g| g["value"].as_str().map(str::to_owned)).collect();
            let values = model.values(self.from, self.to, breakdown, &self.filters);
            if named.iter().cloned().collect::<BTreeSet<_>>() != values {
                others.push(format!("groups {named:?} and not {values:?}"));
            }
            for (group, value) in groups.iter().zip(named) {
                let mut narrowed = self.filters.clone();
                narrowed.push((breakdown, vec![value.clone()]));
                same(group, self.from, self.to, &narrowed, &format!("{value:?}"));
            }
            let visitors = groups.iter().map(|group| group["funnel"]["visitors"].as_u64().unwrap());
            assert!(visitors.is_sorted_by(|a, b| a >= b), "{groups:?}");
        }
        if self.interval.is_some() {
            let series = found["series"].as_array().unwrap();
            let starts: Vec<NaiveDate> =
                series.iter().map(|bucket| bucket["start"].as_str().unwrap().parse().unwrap()).collect();
            assert_eq!(starts[0], self.from);
            for (place, bucket) in series.iter().enumerate() {
                let end = starts.get(place + 1).map_or(self.to, |next| *next - Days::new(1));
                same(bucket, starts[place], end, &[], &starts[place].to_string());
            }
            let days = Days::new((self.to - self.from).num_days() as u64 + 1);
            same(&found["previous"], self.from - days, self.to - days, &[], "previous");
        }
        differences.extend(others);
        differences
    }
}

/// The places at which two values differ.
fn differ(found: &Value, expected: &Value, place: &str, differences: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().for_each(|(id, a)| differ(a, &b[id], &format!("{place}.{id}"), differences));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.for_each(|(n, (a, b))| differ(a, b, &format!("{place}.{n}"), differences));
        }
        _ if found == expected => {}
        _ => differences.push(format!("{place} is {found} and not {expected}")),
    }
}

/// What METRICS section 2 says is always true.
fn assert_invariants(funnel: &Value) {
    let count = |id: &str| funnel[id].as_u64().unwrap();
    assert!(count("buyers") <= count("effective"));
    assert!(count("inquiry_buyers") <= count("inquirers"));
    assert!(count("silent_buyers") <= count("silent_visitors"));
    assert_eq!(count("visitors"), count("effective") + count("bounced") + count("open"));
    for (id, value) in funnel.as_object().unwrap() {
        if let Some(rate) = value.as_f64().filter(|_| id.contains("rate") || id.contains("share")) {
            assert!((0.0..=1.0).contains(&rate), "{id} = {rate}");
        }
    }
    if count("open") == 0
        && let (Some(overall), Some(entry), Some(payment)) = (
            funnel["overall_conversion_rate"].as_f64(),
            funnel["effective_entry_rate"].as_f64(),
            funnel["payment_rate"].as_f64(),
        )
    {
        let product = entry * count("buyers") as f64 / count("effective") as f64 * payment;
        assert!((overall - product).abs() < 1e-12, "{overall} {product}");
    }
}
