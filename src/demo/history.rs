//! The demo shop's past: sixty days of visitors as the lines that `shopfunnel import events` takes, decided
//! by a seed.
//!
//! What makes it believable: more visitors on weekends and on sale days, evenings busier than mornings, a
//! shop that grows, customers who come back, payments that come a day later, refunds, and questions after the
//! sale.

use super::journey::{Step, journey};
use super::shopper::Shopper;
use super::traffic::{event, visitor};
use chrono::{DateTime, Datelike, NaiveDate};
use fastrand::Rng;
use serde_json::{Value, json};

/// How far back it goes, the day of the start included.
pub const HISTORY_DAYS: i64 = 60;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Of the demo shop's time zone, which has no other.
const AHEAD_OF_UTC_MS: i64 = 8 * HOUR_MS;
/// On an ordinary weekday in the middle of the time.
const VISITORS_PER_DAY: f64 = 260.0;
/// From Monday on.
const WEEKDAYS: [f64; 7] = [0.92, 0.9, 0.93, 0.97, 1.05, 1.2, 1.15];
/// Month and day of the large sales.
const SALE_DAYS: [(u32, u32); 4] = [(3, 8), (6, 18), (11, 11), (12, 12)];
const SALE: f64 = 2.2;
/// Visitors of each hour, in thousandths of a day's.
const HOURS: [u16; 24] =
    [18, 9, 5, 3, 3, 5, 12, 24, 38, 50, 56, 54, 56, 50, 44, 43, 45, 48, 54, 70, 88, 96, 79, 50];

/// The events of all days up to `until_ms` (epoch milliseconds), a day's lines at a time.
pub fn days(seed: u64, until_ms: i64) -> impl Iterator<Item = String> {
    let mut random = Rng::with_seed(seed);
    let mut visitors = Vec::new();
    let midnight_ms = until_ms - (until_ms + AHEAD_OF_UTC_MS).rem_euclid(DAY_MS);
    (0..HISTORY_DAYS).rev().map(move |days_ago| {
        let day_ms = midnight_ms - days_ago * DAY_MS;
        let age = days_ago as f64 / HISTORY_DAYS as f64;
        let count = VISITORS_PER_DAY * (1.15 - 0.35 * age) * busyness(day_ms) * (0.9 + 0.2 * random.f64());
        let mut lines = String::new();
        for _ in 0..count.round() as usize {
            let number = visitor(&mut random, &mut visitors);
            let mut at_ms = day_ms + time_of_day(&mut random);
            for step in with_aftermath(journey(&mut random), &mut random) {
                at_ms += step.after_ms;
                if at_ms < until_ms {
                    push(&mut lines, event(&mut random, number, at_ms, step), number);
                }
            }
        }
        lines
    })
}

/// What the shop's owner remembers of these days.
pub fn annotations(until_ms: i64) -> [(NaiveDate, &'static str); 2] {
    let day = |days_ago: i64| {
        let at_ms = until_ms + AHEAD_OF_UTC_MS - days_ago * DAY_MS;
        DateTime::from_timestamp_millis(at_ms).unwrap_or_default().date_naive()
    };
    [(day(24), "Bo answers too · 客服 bo 上岗"), (day(9), "Free delivery · 全场包邮")]
}

fn push(lines: &mut String, mut event: Value, number: u64) {
    let shopper = Shopper::of(number);
    event["user_agent"] = shopper.user_agent.into();
    event["ip"] = shopper.address.to_string().into();
    lines.push_str(&event.to_string());
    lines.push('\n');
}

/// How busy a day is that begins then, 1 being ordinary.
fn busyness(day_ms: i64) -> f64 {
    let day: NaiveDate =
        DateTime::from_timestamp_millis(day_ms + AHEAD_OF_UTC_MS).unwrap_or_default().date_naive();
    let is_sale = SALE_DAYS.contains(&(day.month(), day.day()));
    WEEKDAYS[day.weekday().num_days_from_monday() as usize] * if is_sale { SALE } else { 1.0 }
}

fn time_of_day(random: &mut Rng) -> i64 {
    let mut place = random.u16(..HOURS.iter().sum::<u16>());
    for (hour, &share) in HOURS.iter().enumerate() {
        if place < share {
            return hour as i64 * HOUR_MS + random.i64(0..HOUR_MS);
        }
        place -= share;
    }
    0
}

/// A journey with what may come of its order in the days after it.
fn with_aftermath(mut steps: Vec<Step>, random: &mut Rng) -> Vec<Step> {
    let Some(order) = steps.iter().find(|step| step.fields["kind"] == "order").cloned() else { return steps };
    let (order_id, amount) = (order.fields["order_id"].clone(), order.fields["amount"].clone());
    let was_paid = steps.iter().any(|step| step.fields["kind"] == "payment");
    let mut later = |after_ms: i64, fields: Value| {
        if let Value::Object(fields) = fields {
            steps.push(Step { after_ms, fields });
        }
    };
    let is_paid = was_paid || random.f64() < 0.35;
    if is_paid && !was_paid {
        later(
            random.i64(8 * HOUR_MS..30 * HOUR_MS),
            json!({
                "kind": "payment", "order_id": order_id, "amount": amount, "currency": "CNY",
                "payment_id": format!("P-{}", order_id.as_str().unwrap_or_default()),
            }),
        );
    }
    if is_paid && random.f64() < 0.07 {
        let asked =
            json!({ "kind": "inquiry", "channel": "demo-chat", "agent": "lin", "topic": "after_sale" });
        later(random.i64(DAY_MS..3 * DAY_MS), asked);
    }
    if is_paid && random.f64() < 0.05 {
        let refund_id = format!("R-{}", order_id.as_str().unwrap_or_default());
        let amount = if random.f64() < 0.7 { amount } else { "20.00".into() };
        later(
            random.i64(DAY_MS..4 * DAY_MS),
            json!({
                "kind": "refund", "order_id": order_id, "refund_id": refund_id, "amount": amount, "currency": "CNY",
            }),
        );
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T04:00:00Z.
    const UNTIL_MS: i64 = 1_795_320_000_000;

    #[test]
    fn a_seed_decides_the_past_which_ends_at_the_start_and_is_long_enough() {
        let past: Vec<String> = days(7, UNTIL_MS).collect();
        assert_eq!(past, days(7, UNTIL_MS).collect::<Vec<_>>());
        assert_eq!(past.len() as i64, HISTORY_DAYS);
        let lines: Vec<Value> =
            past.iter().flat_map(|day| day.lines()).map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.len() > 30_000, "{}", lines.len());
        assert!(lines.iter().all(|line| line["at"].as_i64().is_some_and(|at_ms| at_ms < UNTIL_MS)));
        for kind in ["visit", "bounce", "inquiry", "cart", "favorite", "order", "payment", "refund", "rating"]
        {
            assert!(lines.iter().filter(|line| line["kind"] == kind).count() > 20, "{kind}");
        }
    }

    #[test]
    fn weekends_and_sales_are_busier() {
        let day = |text: &str| {
            let day: NaiveDate = text.parse().unwrap();
            day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis() - AHEAD_OF_UTC_MS
        };
        let [weekday, weekend, sale] =
            ["2026-11-10", "2026-11-21", "2026-11-11"].map(|text| busyness(day(text)));
        assert!(weekday < weekend && weekend < sale, "{weekday} {weekend} {sale}");
    }
}
