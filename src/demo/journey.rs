//! What one simulated visitor does: a list of steps, decided by chance alone.
//!
//! The shares are made up but plausible: about half leave after one page, a quarter of the others ask, those
//! who ask buy about four times as often as those who do not, and seven in ten pay.

use fastrand::Rng;
use serde_json::{Map, Value, json};

const PRODUCTS: [(&str, &str); 6] = [
    ("longjing", "128.00"),
    ("puer", "168.00"),
    ("oolong", "88.00"),
    ("jasmine", "72.00"),
    ("gaiwan", "98.00"),
    ("teapot", "268.00"),
];
/// Who answers, and the share of those asking who then buy.
const AGENTS: [(&str, f64); 3] = [("mei", 0.51), ("lin", 0.43), ("bo", 0.32)];
/// Referrer, the query of the page that the link led to, and how much likelier than others those who came so
/// are to stay.
const ARRIVALS: [(&str, &str, f64); 12] = [
    ("", "", 1.1),
    ("", "", 1.1),
    ("https://www.baidu.com/", "", 1.0),
    ("https://www.baidu.com/", "?utm_source=baidu&utm_medium=cpc&utm_campaign=longjing", 0.9),
    ("https://www.xiaohongshu.com/", "", 1.05),
    ("https://www.xiaohongshu.com/", "", 1.05),
    ("https://mp.weixin.qq.com/", "", 1.2),
    ("https://www.douyin.com/", "", 0.6),
    ("https://www.google.com/", "", 1.0),
    ("https://www.doubao.com/", "", 1.15),
    ("", "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn-tea", 1.4),
    ("", "?utm_source=weibo&utm_medium=social&utm_campaign=11.11", 0.75),
];

/// One event of a visitor, `after_ms` after the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub after_ms: i64,
    /// The event's fields except `id`, `visitor` and `at`.
    pub fields: Map<String, Value>,
}

/// The steps of one visit to the shop, at least one.
pub fn journey(random: &mut Rng) -> Vec<Step> {
    let mut steps = Steps { random, steps: Vec::new() };
    let (referrer, query, stay) = ARRIVALS[steps.random.usize(..ARRIVALS.len())];
    let landing = page("index") + query;
    steps.add(0, json!({ "kind": "visit", "url": landing, "referrer": referrer }));
    if steps.chance(1.0 - 0.52 * stay) {
        let dwell_ms = steps.random.i64(2_000..40_000);
        steps.add(dwell_ms, json!({ "kind": "bounce", "url": page("index"), "engaged_ms": dwell_ms }));
        return steps.steps;
    }
    let (product, price) = PRODUCTS[steps.random.usize(..PRODUCTS.len())];
    let product_page = page(&format!("product-{product}"));
    for _ in 0..steps.random.usize(1..5) {
        steps.pause(json!({ "kind": "visit", "url": product_page }));
    }
    if steps.chance(0.12) {
        steps.pause(json!({ "kind": "favorite", "product": product }));
    }
    let asks = steps.chance(0.27);
    let mut inclination = 0.11;
    if asks {
        let (agent, share) = AGENTS[steps.random.usize(..AGENTS.len())];
        inclination = share;
        steps.pause(json!({
            "kind": "inquiry", "channel": "demo-chat", "agent": agent, "product": product, "url": product_page,
        }));
    }
    let buys = steps.chance(inclination);
    if buys || steps.chance(0.15) {
        steps.pause(json!({ "kind": "cart", "product": product }));
    }
    if buys {
        let order_id = format!("D{:012x}", steps.random.u64(..) >> 16);
        steps.pause(json!({ "kind": "order", "order_id": order_id, "amount": price, "currency": "CNY" }));
        if steps.chance(0.7) {
            steps.pause(json!({
                "kind": "payment", "order_id": order_id, "payment_id": format!("P-{order_id}"),
                "amount": price, "currency": "CNY",
            }));
            if steps.chance(0.4) {
                let score = if steps.chance(0.85) { 5 } else { steps.random.i32(1..5) };
                steps.pause(json!({ "kind": "rating", "score": score }));
            }
        }
    }
    steps.steps
}

fn page(name: &str) -> String {
    format!("https://tea.example/{name}.html")
}

struct Steps<'a> {
    random: &'a mut Rng,
    steps: Vec<Step>,
}

impl Steps<'_> {
    fn chance(&mut self, share: f64) -> bool {
        self.random.f64() < share
    }

    fn pause(&mut self, fields: Value) {
        let after_ms = self.random.i64(4_000..90_000);
        self.add(after_ms, fields);
    }

    fn add(&mut self, after_ms: i64, fields: Value) {
        if let Value::Object(fields) = fields {
            self.steps.push(Step { after_ms, fields });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_a_journey_and_all_kinds_of_visitors_come() {
        assert_eq!(journey(&mut Rng::with_seed(7)), journey(&mut Rng::with_seed(7)));
        let mut random = Rng::with_seed(1);
        let journeys: Vec<_> = (0..2_000).map(|_| journey(&mut random)).collect();
        for kind in ["visit", "bounce", "inquiry", "cart", "favorite", "order", "payment", "rating"] {
            let share =
                journeys.iter().filter(|steps| steps.iter().any(|s| s.fields["kind"] == kind)).count();
            assert!(share > 20, "{kind}: {share} of 2000");
        }
    }
}
