//! What an event holds, derived from the seed of the run and the event's number and from nothing else.
//!
//! So the judge need not remember what it sent: it derives the event again and compares. The numbers of one
//! journey share a visitor or two orders, which makes funnels that are worth comparing.

use crate::model::{Rules, Sent};
use chrono::{DateTime, Days, NaiveDate, TimeZone};
use chrono_tz::Tz;
use fastrand::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

/// The time zone of every shop that the judge opens.
pub const TIME_ZONE: Tz = chrono_tz::Asia::Shanghai;
/// Numbers in a row that belong to one visitor, as far as they do not belong to a visitor of their own.
const JOURNEY: u64 = 12;
/// All events but probes happen on this many days, which end before today: no visitor is still open, so the
/// figures do not depend on the moment they are asked for.
const DAYS: u64 = 5;
const DAY_MS: i64 = 86_400_000;
/// Numbers from here on are probes: a visit of a visitor of its own, on a day of their own.
pub const FIRST_PROBE: u64 = 1 << 40;

/// The entrance that an event takes. Even numbers are a browser's, odd ones come from the shop's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Browser,
    Server,
}

impl Door {
    pub fn of(number: u64) -> Door {
        if number.is_multiple_of(2) { Door::Browser } else { Door::Server }
    }
}

/// Makes events out of numbers.
#[derive(Debug, Clone)]
pub struct Derivation {
    seed: u64,
    probe_day: NaiveDate,
    padding: usize,
}

/// One event.
pub struct Payload {
    pub sent: Sent,
    url: String,
    title: String,
    product: String,
    amount_cents: Option<u64>,
}

impl Derivation {
    /// `now`: the days of the run are the last ones before it. `padding`: bytes that each event carries for
    /// nothing but their size.
    pub fn new(seed: u64, now: DateTime<chrono::Utc>, padding: usize) -> Derivation {
        let today = now.with_timezone(&TIME_ZONE).date_naive();
        Derivation { seed, probe_day: today - Days::new(DAYS + 2), padding }
    }

    pub fn probe_day(&self) -> NaiveDate {
        self.probe_day
    }

    /// First and last day of everything sent.
    pub fn window(&self) -> (NaiveDate, NaiveDate) {
        (self.probe_day, self.probe_day + Days::new(DAYS))
    }

    /// What decides the funnel of these events besides themselves.
    pub fn rules(&self) -> Rules {
        // Far after the window, as every moment at which it may be asked for.
        let now_ms = self.midnight_ms() + 30 * DAY_MS;
        Rules::new(TIME_ZONE, now_ms, 21)
    }

    pub fn id(&self, number: u64) -> Uuid {
        let mut bytes = [0; 16];
        self.random(number, 1).fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    pub fn payload(&self, number: u64) -> Payload {
        let random = &mut self.random(number, 2);
        let probe = number >= FIRST_PROBE;
        let journey = number / JOURNEY;
        let kind = if probe { "visit" } else { kind(random) };
        let of_an_order = matches!(kind, "order" | "payment" | "refund");
        // Only the shop's server may speak of an order without naming its visitor.
        let nameless = of_an_order && Door::of(number) == Door::Server && random.f64() < 0.3;
        // Some visitors come once, or a funnel would have no bounces, and nobody whom a repeated visit makes
        // effective.
        let name = match random.bool() {
            _ if probe => format!("probe-{number}"),
            true => format!("v-{journey}"),
            false => format!("v-{journey}-{number}"),
        };
        let day = if probe { 0 } else { random.i64(1..=DAYS as i64) };
        let sent = Sent {
            id: self.id(number),
            kind,
            visitor: (!nameless).then_some(name),
            at_ms: self.midnight_ms() + day * DAY_MS + random.i64(0..DAY_MS),
            order_id: of_an_order.then(|| format!("o-{journey}-{}", random.u8(..2))),
            payment_id: (kind == "payment" && random.bool())
                .then(|| format!("p-{journey}-{}", random.u8(..2))),
            verified: Door::of(number) == Door::Server,
            after_sale: kind == "inquiry" && random.f64() < 0.2,
            ..Sent::default()
        };
        // Words, because a long row of digits is masked as a secret.
        let padding = ["oolong-tea/", "jasmine-tea/"][random.usize(..2)].repeat(self.padding / 11);
        Payload {
            sent,
            url: format!("https://shop.example/{journey}/{padding}"),
            title: format!("茶 № {number}"),
            product: format!("sku-{}", random.u16(..500)),
            amount_cents: of_an_order.then(|| random.u64(..1_000_000)),
        }
    }

    /// The probe day's midnight in the shop's time zone, which has no daylight saving.
    fn midnight_ms(&self) -> i64 {
        let midnight = self.probe_day.and_time(chrono::NaiveTime::MIN);
        TIME_ZONE.from_local_datetime(&midnight).unwrap().timestamp_millis()
    }

    fn random(&self, number: u64, use_: u64) -> Rng {
        Rng::with_seed(self.seed ^ (number * 4 + use_).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

fn kind(random: &mut Rng) -> &'static str {
    match random.u8(..20) {
        0..8 => "visit",
        8 => "bounce",
        9..12 => "inquiry",
        12 => "cart",
        13 => "favorite",
        14..16 => "order",
        16..18 => "payment",
        18 => "refund",
        _ => "rating",
    }
}

impl Payload {
    /// As it goes over the wire.
    pub fn json(&self) -> Value {
        let mut event = self.sent.json();
        event["url"] = json!(self.url);
        event["title"] = json!(self.title);
        event["product"] = json!(self.product);
        if let Some(cents) = self.amount_cents {
            event["amount"] = json!(format!("{}.{:02}", cents / 100, cents % 100));
            event["currency"] = json!("CNY");
        }
        event
    }

    /// As the table `events` must hold it: the columns of [`COLUMNS`] after the id, in ClickHouse's TSV.
    pub fn row(&self, rules: Rules) -> String {
        let sent = &self.sent;
        let optional = |value: &Option<String>| value.clone().unwrap_or_default();
        [
            sent.kind.to_owned(),
            sent.at_ms.to_string(),
            rules.day(sent.at_ms).to_string(),
            optional(&sent.visitor),
            optional(&sent.order_id),
            optional(&sent.payment_id),
            if sent.after_sale { "after_sale" } else { "" }.to_owned(),
            if sent.kind == "rating" { "4" } else { "0" }.to_owned(),
            self.url.clone(),
            self.title.clone(),
            self.product.clone(),
            self.amount_cents.map_or("\\N".to_owned(), |cents| cents.to_string()),
            if self.amount_cents.is_some() { "CNY" } else { "" }.to_owned(),
        ]
        .join("\t")
    }
}

/// What the judge reads of every row; see [`Payload::row`].
pub const COLUMNS: &str = "id, kind, toUnixTimestamp64Milli(at), day, visitor, order_id, payment_id, topic, score, \
                           url, title, product, toInt64(amount * 100), currency";
