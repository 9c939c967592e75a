//! Senders: some connections that mint events, send them in batches and write down what was answered.
//!
//! Half of the requests are a browser's, half come from the shop's server. Some events are sent again, on
//! another connection and in another batch, unanswered ones preferred. A sender never gives up: it keeps a
//! batch that could not even leave, and goes on to the next after any other failure.

use crate::ledger::Ledger;
use crate::payload::{Derivation, Door};
use fastrand::Rng;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use shopfunnel::shops::command::AddedShop;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A request without an answer for this long is given up.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Between two tries of a sender whose request failed: a tight loop would only heat the machine.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// How much is sent.
#[derive(Debug, Clone)]
pub struct Load {
    pub connections: usize,
    pub batch: RangeInclusive<usize>,
    /// Of the events of a batch, how many have been sent before.
    pub repeated: f64,
    /// All connections together; `None`: as fast as the answers come.
    pub events_per_second: Option<f64>,
}

impl Default for Load {
    fn default() -> Load {
        Load { connections: 8, batch: 1..=50, repeated: 0.1, events_per_second: None }
    }
}

/// Where to, and from which books.
#[derive(Clone)]
pub struct Route {
    pub url: String,
    pub shop: Arc<AddedShop>,
    pub ledger: Arc<Ledger>,
    pub derivation: Derivation,
}

/// What was answered.
#[derive(Debug, Default)]
pub struct Answers {
    /// When, after how long.
    pub accepted: Vec<(Instant, Duration)>,
    /// How many requests failed, by the error's code; `none` is an answer that never came.
    pub failed: BTreeMap<String, u64>,
    /// Answers that the contract does not allow, the first few in words.
    pub broken: Vec<String>,
}

impl Answers {
    /// The time below which 99 of 100 accepted requests between two moments were answered.
    pub fn p99(&self, from: Instant, to: Instant) -> Duration {
        let within = self.accepted.iter().filter(|(at, _)| (from..to).contains(at));
        let mut took: Vec<Duration> = within.map(|(_, took)| *took).collect();
        took.sort_unstable();
        took.get(took.len() * 99 / 100).copied().unwrap_or_default()
    }

    /// Failed requests of one code.
    pub fn failed(&self, code: &str) -> u64 {
        self.failed.get(code).copied().unwrap_or(0)
    }
}

/// Running senders.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    answers: Arc<Mutex<Answers>>,
    senders: Vec<tokio::task::JoinHandle<()>>,
}

impl Traffic {
    pub fn start(route: &Route, load: &Load, random: &mut Rng) -> Traffic {
        let (stop, answers) = <(Arc<AtomicBool>, Arc<Mutex<Answers>>)>::default();
        let senders = (0..load.connections)
            .map(|_| {
                let sender = Sender::new(route.clone(), answers.clone());
                tokio::spawn(sender.run(load.clone(), random.fork(), stop.clone()))
            })
            .collect();
        Traffic { stop, answers, senders }
    }

    pub fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().expect("the answers are whole")
    }

    /// Waits for the answers of what is under way.
    pub async fn end(self) -> Answers {
        self.stop.store(true, Ordering::SeqCst);
        for sender in self.senders {
            sender.await.expect("a sender ends");
        }
        std::mem::take(&mut *self.answers.lock().expect("the answers are whole"))
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 202.
    Accepted,
    /// Another answer, or none.
    Refused,
    /// No connection: the events have not left.
    NobodyThere,
}

/// One connection.
pub struct Sender {
    client: Client,
    route: Route,
    answers: Arc<Mutex<Answers>>,
}

impl Sender {
    pub fn new(route: Route, answers: Arc<Mutex<Answers>>) -> Sender {
        let client = Client::builder().no_proxy().timeout(REQUEST_TIMEOUT).build().expect("a client");
        Sender { client, route, answers }
    }

    async fn run(self, load: Load, mut random: Rng, stop: Arc<AtomicBool>) {
        let started = Instant::now();
        let mut events = 0_usize;
        while !stop.load(Ordering::SeqCst) {
            let door = if random.bool() { Door::Browser } else { Door::Server };
            let size = random.usize(load.batch.clone());
            let repeated = (0..size).filter(|_| random.f64() < load.repeated).count().min(size - 1);
            let mut numbers = self.route.ledger.repeat(door, repeated, &mut random);
            numbers.extend(self.route.ledger.mint(door, size - repeated));
            random.shuffle(&mut numbers);
            events += numbers.len();
            loop {
                match self.send(door, &numbers).await {
                    Answer::Accepted => break,
                    Answer::Refused => {
                        tokio::time::sleep(AFTER_FAILURE).await;
                        break;
                    }
                    Answer::NobodyThere if stop.load(Ordering::SeqCst) => break,
                    Answer::NobodyThere => tokio::time::sleep(AFTER_FAILURE).await,
                }
            }
            if let Some(rate) = load.events_per_second {
                let due = Duration::from_secs_f64(events as f64 * load.connections as f64 / rate);
                tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
            }
        }
    }

    /// Sends events in one request and writes down the answer.
    pub async fn send(&self, door: Door, numbers: &[u64]) -> Answer {
        let events: Vec<Value> =
            numbers.iter().map(|&number| self.route.derivation.payload(number).json()).collect();
        let (url, shop) = (&self.route.url, &self.route.shop);
        let request = match door {
            Door::Browser => self
                .client
                .post(format!("{url}/e"))
                .header("content-type", "text/plain")
                .body(json!({ "shop": shop.public_key, "events": events }).to_string()),
            Door::Server => {
                self.client.post(format!("{url}/v1/events")).bearer_auth(&shop.secret_key).json(&events)
            }
        };
        let sent = Instant::now();
        let (status, retry_after, body) = match answered(request).await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Answer::NobodyThere,
            Err(_) => {
                self.route.ledger.unanswered(numbers);
                self.note(|answers| *answers.failed.entry("none".into()).or_default() += 1);
                return Answer::Refused;
            }
        };
        let took = sent.elapsed();
        if status == StatusCode::ACCEPTED && body["accepted"] == numbers.len() {
            self.route.ledger.acked(numbers);
            self.note(|answers| answers.accepted.push((sent, took)));
            return Answer::Accepted;
        }
        self.route.ledger.unanswered(numbers);
        let code = body["error"]["code"].as_str().unwrap_or("no code").to_owned();
        let allowed = status == StatusCode::SERVICE_UNAVAILABLE && retry_after;
        self.note(|answers| {
            *answers.failed.entry(code).or_default() += 1;
            if !allowed && answers.broken.len() < 3 {
                answers.broken.push(format!("{status}, Retry-After: {retry_after}, {body}"));
            }
        });
        Answer::Refused
    }

    fn note(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().expect("the answers are whole"));
    }
}

/// Status, whether it says when to try again, and body. An answer that breaks off is none.
async fn answered(request: reqwest::RequestBuilder) -> reqwest::Result<(StatusCode, bool, Value)> {
    let answer = request.send().await?;
    let retry_after = answer.headers().contains_key("retry-after");
    Ok((answer.status(), retry_after, answer.json().await?))
}
