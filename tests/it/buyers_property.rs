//! Random lives of random shops: cohorts, repeat, cycle and lost inquiries must agree with the plain model.

use crate::app::{DAY_MS, NOW_MS, TestApp, TestShop, run, spawn_app};
use crate::buyers_model::{Buyers, span};
use crate::model::Sent;
use crate::property::{Set, new_id, seed, send};
use chrono::NaiveDate;
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SETS: usize = 16;
const WINDOWS: usize = 3;
const AT_ONCE: usize = 3;

/// Changes a set so that it has stories that chance would seldom tell: somebody asks, orders days later, pays
/// days after that. A third of the orders name a customer.
fn with_stories(mut set: Set, random: &mut Rng) -> Set {
    for event in &mut set.events {
        if event.kind == "order" && random.f64() < 0.3 {
            event.customer = Some(format!("c{}", random.usize(..4)));
        }
        // Dense sets have few visits.
        let is_lone = event.visitor.is_some() && event.conversation.is_none();
        if event.kind == "rating" || (event.kind == "inquiry" && is_lone && random.f64() < 0.3) {
            event.kind = "visit";
        }
    }
    for story in 0..random.i64(4..=8) {
        let visitor = if random.bool() { format!("s{story}") } else { format!("v{}", random.usize(..3)) };
        let mut tell = |kind, at_ms, order_id: Option<String>| {
            let (id, visitor) = (new_id(random), Some(visitor.clone()));
            set.events.push(Sent { id, kind, at_ms, order_id, visitor, verified: true, ..Sent::default() });
            random.i64(0..3 * DAY_MS)
        };
        let order_id = Some(format!("story-{story}"));
        let asked_ms = NOW_MS - (story * DAY_MS * 3 / 2);
        let ordered_ms = asked_ms + tell("inquiry", asked_ms, None);
        if ordered_ms < NOW_MS {
            let paid_ms = ordered_ms + tell("order", ordered_ms, order_id.clone());
            tell("payment", paid_ms.min(NOW_MS), order_id);
        }
    }
    set
}

#[test]
fn reports_about_buyers_agree_with_the_plain_model_on_random_shops() {
    let seed = seed();
    run(async {
        let app = spawn_app().await;
        let mut random = Rng::with_seed(seed);
        let mut sets = Vec::new();
        for number in 0..SETS {
            let set = Set::random(number, &mut random).with_pages(&mut random);
            let set = with_stories(set, &mut random);
            let shop = set.open(&app);
            sets.push((set, shop, random.fork()));
        }
        let seen: Vec<BTreeSet<&str>> = stream::iter(&sets)
            .map(async |(set, shop, random)| {
                let mut random = random.clone();
                send(&app, shop, set, random.fork()).await;
                let model = Buyers::new(&set.events, set.rules);
                let mut seen = BTreeSet::new();
                for window in 0..WINDOWS {
                    let (from, to) =
                        if window == 0 { (set.first, set.last) } else { set.window(&mut random) };
                    let place = format!("{} {from}..{to}; repeat with TEST_SEED={seed}", set.name);
                    let funnel = app.report(shop, &format!("funnel?from={from}&to={to}&interval=day")).await;
                    let cohorts = app.report(shop, &format!("cohorts?from={from}&to={to}")).await;
                    seen.extend(same_cohorts(&cohorts, &funnel, &model, &place));
                    let orders = app.report(shop, &format!("orders?from={from}&to={to}")).await;
                    seen.extend(same_orders(&orders, &funnel, &model, (from, to), &place));
                    // Of one row each, so that two lost inquirers are two pages.
                    let limit = if window == 0 { 1 } else { 500 };
                    seen.extend(same_lost(&app, shop, limit, &model, (from, to), &place).await);
                }
                seen
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        // A comparison of nothing with nothing proves nothing.
        let seen: BTreeSet<&str> = seen.into_iter().flatten().collect();
        let wanted = ["paid_d1", "paid_final", "repeat", "old", "cycle", "paid cycle", "lost", "two pages"];
        assert_eq!(seen, wanted.into(), "TEST_SEED={seed}");
        app.close().await;
    });
}

fn same_cohorts(found: &Value, funnel: &Value, model: &Buyers<'_>, place: &str) -> BTreeSet<&'static str> {
    const COUNTS: [&str; 6] =
        ["inquirers", "buyers_d0", "buyers_final", "payers_d0", "payers_d1", "payers_final"];
    const RATES: [&str; 5] = ["order_d0", "order_final", "paid_d0", "paid_d1", "paid_final"];
    let counts = |outcome: &Value| COUNTS.map(|name| outcome[name].as_u64().unwrap());
    let mut sums = [0; 6];
    for (day, bucket) in found["cohorts"].as_array().unwrap().iter().zip(funnel["series"].as_array().unwrap())
    {
        let counted = counts(day);
        let expected = model.cohort(day["day"].as_str().unwrap().parse().unwrap());
        assert_eq!(counted, expected, "{COUNTS:?} of {} of {place}", day["day"]);
        assert_eq!(day["inquirers"], bucket["funnel"]["inquirers"], "{} of {place}", day["day"]);
        sums.iter_mut().zip(counted).for_each(|(sum, count)| *sum += count);
    }
    assert_eq!(counts(&found["total"]), sums, "{place}");
    for (rate, sum) in RATES.iter().zip(&sums[1..]) {
        let expected = if sums[0] == 0 { Value::Null } else { json!(*sum as f64 / sums[0] as f64) };
        assert_eq!(found["total"][rate], expected, "{rate} of {place}");
    }
    let mut seen = BTreeSet::new();
    seen.extend((sums[4] > sums[3]).then_some("paid_d1"));
    seen.extend((sums[5] > sums[4]).then_some("paid_final"));
    seen
}

fn same_orders(
    found: &Value,
    funnel: &Value,
    model: &Buyers<'_>,
    (from, to): (NaiveDate, NaiveDate),
    place: &str,
) -> BTreeSet<&'static str> {
    let [payers, repeat_buyers, old_buyers] = model.repeat(from, to);
    let rate = |part: u64| if payers == 0 { Value::Null } else { json!(part as f64 / payers as f64) };
    let expected = json!({
        "payers": payers, "repeat_buyers": repeat_buyers, "repeat_buyer_rate": rate(repeat_buyers),
        "old_buyers": old_buyers, "old_buyer_share": rate(old_buyers),
    });
    assert_eq!(found["repeat"], expected, "{place}");
    let (to_order, to_payment) = model.cycles(from, to);
    let mut seen = BTreeSet::new();
    seen.extend((repeat_buyers > 0 && repeat_buyers < payers).then_some("repeat"));
    seen.extend((old_buyers > 0 && old_buyers < payers).then_some("old"));
    seen.extend((to_order.len() > 2).then_some("cycle"));
    seen.extend((to_payment.len() > 2).then_some("paid cycle"));
    for (name, expected) in [("days_to_order", span(to_order)), ("days_to_payment", span(to_payment))] {
        let found = &found["cycle"][name];
        assert_eq!(found["orders"], expected["orders"], "{name} of {place}");
        for value in ["median", "mean"] {
            let near = match (found[value].as_f64(), expected[value].as_f64()) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
                (found, expected) => found == expected,
            };
            assert!(near, "{value} of {name} is {found} instead of {expected}, {place}");
        }
    }
    // The funnel's own averages.
    for (of_orders, of_funnel) in
        found["money"].as_array().unwrap().iter().zip(funnel["money"].as_array().unwrap())
    {
        for name in ["currency", "avg_order_value", "inquiry_avg_order_value", "silent_avg_order_value"] {
            assert_eq!(of_orders[name], of_funnel[name], "{name} of {place}");
        }
    }
    seen
}

async fn same_lost(
    app: &TestApp,
    shop: &TestShop,
    limit: usize,
    model: &Buyers<'_>,
    (from, to): (NaiveDate, NaiveDate),
    place: &str,
) -> BTreeSet<&'static str> {
    let expected = model.lost(from, to);
    let mut found: Vec<(String, i64, i64)> = Vec::new();
    let mut cursor = String::new();
    let mut pages = 0;
    loop {
        let page = format!("inquiries/lost?from={from}&to={to}&limit={limit}{cursor}");
        let body = app.report(shop, &page).await;
        assert_eq!(body["lost_inquiries"], expected.len(), "{place}");
        for row in body["inquiries"].as_array().unwrap() {
            let ms = |name: &str| {
                chrono::DateTime::parse_from_rfc3339(row[name].as_str().unwrap()).unwrap().timestamp_millis()
            };
            let last_ms = ms("last_asked_at");
            assert_eq!(row["age_days"], json!((NOW_MS - last_ms).max(0) as f64 / 86_400_000.0), "{place}");
            found.push((row["visitor"].as_str().unwrap().to_owned(), ms("first_asked_at"), last_ms));
        }
        pages += 1;
        match body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(found.is_sorted_by(|a, b| a.2 >= b.2), "{place}");
    let by_visitor = |rows: &[(String, i64, i64)]| -> BTreeMap<String, (i64, i64)> {
        rows.iter().map(|(visitor, first, last)| (visitor.clone(), (*first, *last))).collect()
    };
    assert_eq!(found.len(), expected.len(), "{place}");
    assert_eq!(by_visitor(&found), by_visitor(&expected), "{place}");
    let mut seen = BTreeSet::new();
    seen.extend((!found.is_empty()).then_some("lost"));
    seen.extend((pages > 1).then_some("two pages"));
    seen
}
