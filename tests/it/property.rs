//! Random lives of random shops: the endpoint must agree with the plain model on every window tried.
//!
//! Each set of events is its own shop; all are sent in one run, shuffled, split into batches and with
//! repeats. A failure names the seed: `TEST_SEED=… cargo test --test it property` repeats it.

use crate::app::{DAY_MS, NOW_MS, TestApp, TestShop, run, spawn_app};
use crate::model::{Rules, Sent, Shop, Told};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use fastrand::Rng;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shopfunnel::funnel::Dimension;
use shopfunnel::shops::command::Changes;

const SETS: usize = 1_000;
/// Of every set; what is asked goes by turns.
const QUESTIONS: usize = 1;
/// Those that events of the sets name.
const DIMENSIONS: [&str; 9] =
    ["source", "medium", "campaign", "landing", "agent", "channel", "product", "variant", "customer_type"];
/// Those that are found out about a visit; `details.rs` and `places.rs` have them.
const FOUND_OUT: [&str; 6] = ["device", "browser", "os", "country", "region", "city"];
const CURRENCIES: [&str; 3] = ["CNY", "USD", "JPY"];
const AT_ONCE: usize = 3;
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
pub struct Set {
    pub name: String,
    pub rules: Rules,
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub events: Vec<Sent>,
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

    /// A smaller one, of which many can be tried.
    fn small(number: usize, random: &mut Rng) -> Set {
        let dense = random.f64() < 0.3;
        let days = if dense { random.i64(40..=60) } else { random.i64(1..=12) };
        let visitors = if dense { random.usize(1..=4) } else { random.usize(2..=12) };
        let count = if dense { random.usize(40..=160) } else { random.usize(5..=80) };
        Set::of(number, random, dense, days, visitors, count)
    }

    fn of(number: usize, random: &mut Rng, dense: bool, days: i64, visitors: usize, count: usize) -> Set {
        let time_zone: Tz = TIME_ZONES[random.usize(..TIME_ZONES.len())].parse().unwrap();
        let after_sale_days = [0, 3, 21, 21][random.usize(..4)];
        let rules = Rules::new(time_zone, NOW_MS, after_sale_days);
        let mut maker = Maker::new(random, NOW_MS, days, visitors, dense);
        let events: Vec<Sent> = (0..count).map(|_| maker.event()).collect();
        let last = rules.day(NOW_MS);
        Set { name: format!("set-{number}"), rules, first: last - Days::new(days as u64 + 1), last, events }
    }

    /// Opens the set's shop.
    pub fn open(&self, app: &TestApp) -> TestShop {
        let shop = app.add_shop_in(&self.name, self.rules.time_zone.name());
        let changes =
            Changes { after_sale_days: Some(self.rules.after_sale_days as u16), ..Default::default() };
        app.set_shop(&self.name, changes);
        shop
    }

    pub fn window(&self, random: &mut Rng) -> (NaiveDate, NaiveDate) {
        let days = (self.last - self.first).num_days() as u64;
        let (a, b) = (random.u64(..=days), random.u64(..=days));
        (self.first + Days::new(a.min(b)), self.first + Days::new(a.max(b)))
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
            ["inquiry", "inquiry", "order", "order", "payment", "visit"][self.random.usize(..6)]
        } else {
            [
                "visit", "visit", "visit", "bounce", "inquiry", "cart", "favorite", "order", "payment",
                "refund", "rating",
            ][self.random.usize(..11)]
        };
        let of_an_order = matches!(kind, "order" | "payment" | "refund");
        let nameless = of_an_order && self.random.f64() < if kind == "order" { 0.1 } else { 0.7 };
        let visitor = (!nameless).then(|| format!("v{}", self.random.usize(..self.visitors)));
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        let at_ms = self.moment();
        let order_id = of_an_order.then(|| self.order_id(kind));
        let random = &mut *self.random;
        let amount = (of_an_order && random.f64() < 0.7).then(|| {
            (random.i64(0..=20_000) * 50, CURRENCIES[random.usize(..CURRENCIES.len()).min(random.usize(..3))])
        });
        let mut some = |likely: f64, values: &[&'static str]| {
            (random.f64() < likely).then(|| values[random.usize(..values.len())])
        };
        let (agent, channel) = match kind {
            "inquiry" => (some(0.6, &["mei", "lan"]), some(0.5, &["crisp", "qq"])),
            _ => (None, None),
        };
        let path = if kind == "visit" { some(0.9, &["/", "/p/1", "/p/2"]) } else { None };
        let source = if path.is_some() { some(0.4, &["baidu", "google", "weibo"]) } else { None };
        Sent {
            id,
            kind,
            visitor,
            at_ms,
            verified: true,
            order_id,
            amount,
            agent,
            channel,
            product: some(0.25, &["tea", "pot", "cup"]),
            variant: some(0.08, &["price:a", "price:b"]),
            customer: some(0.12, &["c0", "c1", "c2"]).map(str::to_owned),
            path,
            touch: source
                .map(|source| (source, some(0.7, &["cpc", "search"]), some(0.3, &["spring", "Fall"]))),
            // Some payment ids name several orders, which is the sender's error and still counts once.
            payment_id: (kind == "payment" && random.bool()).then(|| format!("p{}", random.usize(..60))),
            refund_id: (kind == "refund" && random.bool()).then(|| format!("r{}", random.usize(..40))),
            after_sale: kind == "inquiry" && random.f64() < 0.15,
        }
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

/// Sends a set shuffled, in batches of random size, with a third of the events repeated in later batches.
async fn send(app: &TestApp, shop: &TestShop, set: &Set, mut random: Rng) {
    let mut events: Vec<Value> = set.events.iter().map(Sent::json).collect();
    let repeated: Vec<Value> = events.iter().filter(|_| random.f64() < 0.33).cloned().collect();
    events.extend(repeated);
    random.shuffle(&mut events);
    while !events.is_empty() {
        let size = random.usize(1..=events.len().min(120));
        let batch: Vec<Value> = events.drain(..size).collect();
        let answer = app.post_server(shop, &json!(batch)).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
    }
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
        let mut sets: Vec<(Set, TestShop, Rng)> = Vec::new();
        for number in 0..SETS {
            let mut set = Set::small(number, &mut random);
            // Shops may know the same ids, even of events.
            if let Some((other, ..)) = sets.last().filter(|_| random.f64() < 0.1) {
                set.events.extend(other.events.iter().take(20).cloned());
            }
            let shop = set.open(&app);
            sets.push((set, shop, random.fork()));
        }
        stream::iter(&sets)
            .for_each_concurrent(AT_ONCE, |(set, shop, random)| send(&app, shop, set, random.clone()))
            .await;
        let checked: usize = stream::iter(sets.iter().enumerate())
            .map(|(number, (set, shop, random))| check(&app, shop, set, number, random.clone(), seed))
            .buffer_unordered(AT_ONCE)
            .map(Ok::<_, ()>)
            .try_fold(0, async |sum, checked| Ok(sum + checked))
            .await
            .unwrap();
        assert_eq!(checked, SETS * QUESTIONS);
        app.close().await;
    });
}

/// Asks a set one question more than a funnel by turns: groups, a filter, a series, a comparison.
async fn check(
    app: &TestApp,
    shop: &TestShop,
    set: &Set,
    number: usize,
    mut random: Rng,
    seed: u64,
) -> usize {
    let model = Shop::new(&set.events, set.rules);
    for question in 0..QUESTIONS {
        let (from, to) = if random.f64() < 0.3 { (set.first, set.last) } else { set.window(&mut random) };
        let dimension = DIMENSIONS[random.usize(..DIMENSIONS.len())];
        let mut query = format!("?from={from}&to={to}");
        let mut filters: Vec<(&str, Vec<Told>)> = Vec::new();
        // Half of the questions are plain ones: the others take several times as long.
        let sort = (number * QUESTIONS + question) % 8;
        if matches!(sort, 1 | 2) {
            query += &format!("&breakdown={dimension}&limit=500");
        }
        if matches!(sort, 2 | 3) {
            let filtered: Vec<&str> = DIMENSIONS.into_iter().filter(|_| random.f64() < 0.3).collect();
            for filtered in filtered {
                let values = model.values(from, to, filtered, &[]).into_iter().filter(|_| random.bool());
                let values: Vec<Told> = values.collect();
                for value in &values {
                    query += &format!("&{filtered}={}", value.as_deref().unwrap_or_default());
                }
                if !values.is_empty() {
                    filters.push((filtered, values));
                }
            }
        }
        let interval = ["day", "week", "month"][random.usize(..3)];
        if sort == 4 {
            query += &format!("&interval={interval}&compare=previous");
        }
        let (status, found) = app.ask(shop, &query).await;
        let place = format!("{} {query}; repeat with TEST_SEED={seed}", set.name);
        assert_eq!(status, StatusCode::OK, "{place}: {found}");
        let same = |found: &Value, from, to, filters: &[(&str, Vec<Told>)], what: &str| {
            let (funnel, money) = model.figures(from, to, filters);
            assert_eq!(found["funnel"], funnel, "{what} of {place}");
            assert_eq!(found["money"], money, "{what} of {place}");
            assert_invariants(&found["funnel"]);
        };
        same(&found, from, to, &filters, "the whole");
        if let Some(groups) = found["groups"].as_array() {
            let values = model.values(from, to, dimension, &filters);
            let named: Vec<Told> =
                groups.iter().map(|group| group["value"].as_str().map(str::to_owned)).collect();
            assert_eq!(named.iter().cloned().collect::<std::collections::BTreeSet<_>>(), values, "{place}");
            for (group, value) in groups.iter().zip(named) {
                let mut narrowed = filters.clone();
                narrowed.push((dimension, vec![value.clone()]));
                same(group, from, to, &narrowed, &format!("group {value:?}"));
            }
            let visitors: Vec<u64> =
                groups.iter().map(|group| group["funnel"]["visitors"].as_u64().unwrap()).collect();
            assert!(visitors.is_sorted_by(|a, b| a >= b), "{place}");
        }
        if let Some(series) = found["series"].as_array() {
            let starts: Vec<NaiveDate> =
                series.iter().map(|bucket| bucket["start"].as_str().unwrap().parse().unwrap()).collect();
            assert_eq!(starts[0], from);
            for (place, bucket) in series.iter().enumerate() {
                let end = starts.get(place + 1).map_or(to, |next| *next - Days::new(1));
                same(bucket, starts[place], end, &[], &format!("{interval} {}", starts[place]));
            }
        }
        if sort == 4 {
            let days = Days::new((to - from).num_days() as u64 + 1);
            same(&found["previous"], from - days, to - days, &[], "the window before");
        }
    }
    QUESTIONS
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
