//! The comparison: what the store holds and the API says, against the ledger and the plain model.

use crate::ledger::{Books, Fate};
use crate::model::{self, Sent};
use crate::payload::{COLUMNS, Derivation};
use crate::server::as_owner;
use serde_json::Value;
use shopfunnel::store::StoreOptions;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use uuid::Uuid;

/// What was found.
#[derive(Debug, Default)]
pub struct Verdict {
    pub acked: usize,
    /// Sent, and neither promised nor refused for good.
    pub unknown: usize,
    /// Distinct events in the store.
    pub stored: usize,
    /// Rows beyond one per event; merges make them fewer.
    pub raw_dup: usize,
    /// acked − stored
    pub lost: Vec<u64>,
    /// stored − sent
    pub spurious: Vec<Uuid>,
    /// Stored with another content than was sent.
    pub corrupt: Vec<String>,
    /// Figures of the API that differ from the model's, which was fed with acked ∪ (stored ∩ unknown).
    pub report_diff: Vec<String>,
}

impl Verdict {
    /// What is wrong, in words; empty when all is well.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        let mut check = |name: &str, count: usize, first: Option<String>| {
            if let Some(first) = first {
                failures.push(format!("{name} = {count}, the first: {first}"));
            }
        };
        check("lost", self.lost.len(), self.lost.first().map(u64::to_string));
        check("spurious", self.spurious.len(), self.spurious.first().map(Uuid::to_string));
        check("corrupt", self.corrupt.len(), self.corrupt.first().cloned());
        check("report_diff", self.report_diff.len(), self.report_diff.first().cloned());
        failures
    }
}

impl Verdict {
    /// Adds the verdict on another installation.
    pub fn absorb(&mut self, other: Verdict) {
        self.acked += other.acked;
        self.unknown += other.unknown;
        self.stored += other.stored;
        self.raw_dup += other.raw_dup;
        self.lost.extend(other.lost);
        self.spurious.extend(other.spurious);
        self.corrupt.extend(other.corrupt);
        self.report_diff.extend(other.report_diff);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "acked {} unknown {} stored {} lost {} spurious {} corrupt {} raw_dup {} report_diff {}",
            self.acked,
            self.unknown,
            self.stored,
            self.lost.len(),
            self.spurious.len(),
            self.corrupt.len(),
            self.raw_dup,
            self.report_diff.len()
        )
    }
}

/// Judges one shop. `rows`: every row of `events`, as [`read`] gives it. `funnel`: the API's, of the whole
/// window.
pub fn judge(books: &Books, derivation: &Derivation, rows: &str, funnel: &Value) -> Verdict {
    let rules = derivation.rules();
    let numbers: BTreeMap<Uuid, u64> = books.keys().map(|&number| (derivation.id(number), number)).collect();
    let mut stored: BTreeSet<u64> = BTreeSet::new();
    let mut verdict = Verdict::default();
    let mut count = 0;
    let mut strangers: BTreeSet<Uuid> = BTreeSet::new();
    for row in rows.lines() {
        count += 1;
        let (id, content) = row.split_once('\t').expect("columns");
        let id: Uuid = id.parse().expect("a UUID");
        let Some(&number) = numbers.get(&id) else {
            strangers.insert(id);
            continue;
        };
        let expected = derivation.payload(number).row(rules);
        if content != expected {
            verdict.corrupt.push(format!("number {number} is\n{content}\nand should be\n{expected}"));
        }
        stored.insert(number);
    }
    verdict.stored = stored.len() + strangers.len();
    verdict.raw_dup = count - verdict.stored;
    verdict.spurious = strangers.into_iter().collect();

    let mut counted: Vec<Sent> = Vec::new();
    for (&number, &fate) in books {
        let is_stored = stored.contains(&number);
        match fate {
            Fate::Acked => verdict.acked += 1,
            Fate::Unknown => verdict.unknown += 1,
        }
        if fate == Fate::Acked && !is_stored {
            verdict.lost.push(number);
        }
        if fate == Fate::Acked || is_stored {
            counted.push(derivation.payload(number).sent);
        }
    }
    let (from, to) = derivation.window();
    let expected = model::funnel(&counted, rules, from, to);
    for (figure, expected) in expected.as_object().expect("an object") {
        if funnel[figure] != *expected {
            verdict.report_diff.push(format!("{figure} is {}, the model says {expected}", funnel[figure]));
        }
    }
    verdict
}

/// Every row of `events`, repeats included, read without the program's help.
pub async fn read(store: &StoreOptions) -> String {
    execute(store, &format!("SELECT {COLUMNS} FROM event_log FORMAT TSV")).await
}

/// What the store answers to a statement.
pub async fn execute(store: &StoreOptions, sql: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/?database={}", store.url, store.database);
    let request = as_owner(client.post(url), store).body(sql.to_owned());
    let answer = request.send().await.expect("the store answers the judge");
    let status = answer.status();
    let text = answer.text().await.expect("text");
    assert!(status.is_success(), "{sql}: {text}");
    text
}
