//! Simulated visitors on the wire: the history through `/v1/events`, everybody after through `/e`.

use super::Memory;
use super::journey::{Step, journey};
use super::shopper::Shopper;
use crate::clock::Clock;
use anyhow::Context;
use fastrand::Rng;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const HISTORY_DAYS: i64 = 14;
const VISITORS_PER_DAY: std::ops::Range<usize> = 70..170;
const DAY_MS: i64 = 86_400_000;
/// Share of visitors who have been here before.
const RETURNING: f64 = 0.18;
const BATCH_EVENTS: usize = 1_000;
/// Between two new visitors, on average.
const NEXT_VISITOR: Duration = Duration::from_millis(900);
/// A live visitor does in seconds what a real one does in minutes, so that the page moves.
const HURRY: i64 = 12;

/// Sends [`HISTORY_DAYS`] days of visitors that end at the demo's first start. Everything follows from the
/// seed, ids included, so sending it again adds nothing.
pub async fn write_history(url: &str, memory: &Memory) -> anyhow::Result<()> {
    let random = &mut Rng::with_seed(memory.seed);
    let mut visitors: Vec<u64> = Vec::new();
    let mut events: Vec<Value> = Vec::new();
    for days_ago in (0..HISTORY_DAYS).rev() {
        for _ in 0..random.usize(VISITORS_PER_DAY) {
            let visitor = visitor(random, &mut visitors);
            let shopper = Shopper::of(visitor);
            let mut at_ms = memory.history_until_ms - days_ago * DAY_MS - random.i64(0..DAY_MS);
            for step in journey(random) {
                at_ms += step.after_ms;
                if at_ms < memory.history_until_ms {
                    let mut event = event(random, visitor, at_ms, step);
                    event["user_agent"] = shopper.user_agent.into();
                    event["ip"] = shopper.address.to_string().into();
                    events.push(event);
                }
            }
        }
    }
    let client = client()?;
    for batch in events.chunks(BATCH_EVENTS) {
        let answer = client
            .post(format!("{url}/v1/events"))
            .bearer_auth(&memory.secret_key)
            .json(batch)
            .send()
            .await?;
        let status = answer.status();
        let answer = answer.text().await?;
        anyhow::ensure!(status == reqwest::StatusCode::ACCEPTED, "{status}: {answer}");
    }
    Ok(())
}

/// Sends new visitors through `/e` for as long as it is polled.
pub async fn simulate_visitors(url: String, public_key: String) {
    let Ok(client) = client() else { return };
    let mut random = Rng::new();
    let mut visitors = Vec::new();
    loop {
        let visitor = visitor(&mut random, &mut visitors);
        let steps = journey(&mut random);
        let ids = random.fork();
        tokio::spawn(visit(client.clone(), url.clone(), public_key.clone(), visitor, steps, ids));
        tokio::time::sleep(NEXT_VISITOR.mul_f64(0.3 + 1.4 * random.f64())).await;
    }
}

async fn visit(
    client: reqwest::Client,
    url: String,
    public_key: String,
    visitor: u64,
    steps: Vec<Step>,
    mut random: Rng,
) {
    let shopper = Shopper::of(visitor);
    for step in steps {
        tokio::time::sleep(Duration::from_millis((step.after_ms / HURRY) as u64)).await;
        let event = event(&mut random, visitor, Clock::System.now_ms(), step);
        let body = json!({ "shop": public_key, "events": [event] }).to_string();
        let sent = client
            .post(format!("{url}/e"))
            .header("content-type", "text/plain")
            .header("user-agent", shopper.user_agent)
            .header("x-forwarded-for", shopper.address.to_string())
            .body(body)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        if let Err(error) = sent.context("a simulated visitor was not heard") {
            tracing::debug!(error = format!("{error:#}"));
            return;
        }
    }
}

fn client() -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy();
    client.build().context("cannot make an HTTP client")
}

/// The number of a new visitor, or of one of those before.
fn visitor(random: &mut Rng, visitors: &mut Vec<u64>) -> u64 {
    if !visitors.is_empty() && random.f64() < RETURNING {
        return visitors[random.usize(..visitors.len())];
    }
    let visitor = random.u64(..);
    visitors.push(visitor);
    visitor
}

fn event(random: &mut Rng, visitor: u64, at_ms: i64, step: Step) -> Value {
    let mut fields = step.fields;
    fields.insert("id".into(), Value::String(id(random, at_ms).to_string()));
    fields.insert("visitor".into(), Value::String(format!("sim-{visitor:016x}")));
    fields.insert("at".into(), Value::from(at_ms));
    Value::Object(fields)
}

/// A UUIDv7 of the given time whose random part comes from `random`.
fn id(random: &mut Rng, at_ms: i64) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    uuid::Builder::from_unix_timestamp_millis(at_ms.max(0) as u64, &bytes).into_uuid()
}
