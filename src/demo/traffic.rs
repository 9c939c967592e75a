//! Simulated visitors on the wire: the past through the door for imports, everybody after through `/e`.

use super::journey::{Step, journey};
use super::shopper::Shopper;
use super::{Memory, history};
use crate::clock::Clock;
use crate::http::admin::{Door, IMPORT_EVENTS_PATH, door_file};
use crate::operations::import::Receipt;
use anyhow::Context;
use fastrand::Rng;
use futures_util::stream;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// Share of visitors who have been here before.
const RETURNING: f64 = 0.18;
/// Between two new visitors, on average.
const NEXT_VISITOR: Duration = Duration::from_millis(900);
/// A live visitor does in seconds what a real one does in minutes, so that the page moves.
const HURRY: i64 = 12;

/// Brings the past in through the door of the running server. Everything follows from the seed, ids included,
/// so bringing it again adds nothing.
pub async fn write_history(data_dir: &Path, memory: &Memory) -> anyhow::Result<()> {
    let door: Door = serde_json::from_slice(&std::fs::read(door_file(data_dir))?)?;
    let days = history::days(memory.seed, memory.history_until_ms).map(Ok::<_, Infallible>);
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()?
        .post(format!("{}{IMPORT_EVENTS_PATH}", door.url))
        .bearer_auth(door.token)
        .query(&[("shop", super::SLUG)])
        .body(reqwest::Body::wrap_stream(stream::iter(days)))
        .send()
        .await?;
    let status = answer.status();
    anyhow::ensure!(status.is_success(), "{status}: {}", answer.text().await?);
    let receipt: Receipt = answer.json().await?;
    anyhow::ensure!(receipt.rejected.is_empty(), "events were rejected: {:?}", receipt.rejected);
    Ok(())
}

/// Has the shop's owner remember something of the past.
pub async fn annotate(url: &str, memory: &Memory) -> anyhow::Result<()> {
    let client = client()?;
    for (day, text) in history::annotations(memory.history_until_ms) {
        let answer = client
            .post(format!("{url}/v1/shops/{}/annotations", super::SLUG))
            .bearer_auth(&memory.read_key)
            .json(&json!({ "day": day, "text": text }))
            .send()
            .await?;
        anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
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
pub(super) fn visitor(random: &mut Rng, visitors: &mut Vec<u64>) -> u64 {
    if !visitors.is_empty() && random.f64() < RETURNING {
        return visitors[random.usize(..visitors.len())];
    }
    let visitor = random.u64(..);
    visitors.push(visitor);
    visitor
}

/// A step as an event of the visitor.
pub(super) fn event(random: &mut Rng, visitor: u64, at_ms: i64, step: Step) -> Value {
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
