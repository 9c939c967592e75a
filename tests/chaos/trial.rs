//! One scenario under way: an installation of its own, a ledger of its own, and the report that comes out.

use crate::ledger::{Books, Ledger};
use crate::payload::{Derivation, Door};
use crate::server::{Installation, PATIENCE, Server};
use crate::traffic::{Answer, Load, Route, Sender, Traffic};
use crate::verdict::{self, Verdict};
use fastrand::Rng;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use shopfunnel::store::StoreOptions;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A 202 that was followed by a fault must be in the reports this long after the fault.
const VISIBLE_WITHIN: Duration = Duration::from_secs(10);
/// Fewer acked events per cycle prove nothing.
pub const MIN_ACKED: u64 = 100;
/// Between two looks at a condition of another process.
const POLL: Duration = Duration::from_millis(10);

/// What a scenario is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub cycles: usize,
    /// A fault of `shopfunnel::planted`, by name.
    pub fault: Option<&'static str>,
}

/// What a scenario found.
#[derive(Debug, Default)]
pub struct Report {
    pub figures: Vec<String>,
    pub verdict: Option<Verdict>,
    /// It is not the verdict that decides.
    pub no_verdict: bool,
    /// Pass figures and guards that were missed.
    pub missed: Vec<String>,
}

impl Report {
    /// A figure for the reader.
    pub fn figure(&mut self, name: &str, value: impl Display) {
        self.figures.push(format!("{name} {value}"));
    }

    /// Notes that the run fails, or proves nothing, when `holds` is false.
    pub fn require(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.missed.push(what.into());
        }
    }

    /// Everything that keeps this run from being green.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = match &self.verdict {
            Some(verdict) => verdict.failures(),
            None if self.no_verdict => Vec::new(),
            None => vec!["there is no verdict".into()],
        };
        failures.extend_from_slice(&self.missed);
        failures
    }

    /// Takes the findings of one part of a scenario into the report of the whole.
    pub fn absorb(&mut self, part: Report) {
        self.missed.extend(part.missed);
        // Of many parts the last one's figures stand for all.
        self.figures = part.figures;
        let whole = self.verdict.get_or_insert_default();
        match part.verdict {
            Some(verdict) => whole.absorb(verdict),
            None => self.missed.push("a part has no verdict".into()),
        }
    }
}

pub struct Trial {
    pub installation: Installation,
    pub route: Route,
    pub random: Rng,
    pub report: Report,
    /// Where the tables are when they are not the installation's own.
    pub external: Option<StoreOptions>,
    client: Client,
    red_expected: bool,
    /// Kept when the trial fails, for whoever looks for the cause.
    directory: TempDir,
}

/// What differs between the installations of scenarios.
#[derive(Debug, Default)]
pub struct Setup {
    /// Bytes that each event carries for nothing but their size.
    pub padding: usize,
    /// The tables, and the URL by which the server is to reach them.
    pub external: Option<(StoreOptions, String)>,
    pub environment: Vec<(&'static str, String)>,
    /// Where the installation is; a directory of its own by default.
    pub place: Option<PathBuf>,
}

impl Trial {
    pub fn begin(plan: Plan, setup: Setup) -> Trial {
        let directory = tempfile::tempdir().expect("a directory");
        let place = setup.place.unwrap_or_else(|| directory.path().join("installation"));
        std::fs::create_dir_all(&place).expect("a directory");
        let mut installation = Installation::new(&place);
        installation.environment = setup.environment;
        if let Some(fault) = plan.fault {
            installation.environment.push(("SHOPFUNNEL_PLANTED_FAULT", fault.into()));
        }
        let external = setup.external.map(|(store, url)| {
            installation.environment.extend([
                ("SHOPFUNNEL_CLICKHOUSE__URL", url),
                ("SHOPFUNNEL_CLICKHOUSE__USER", store.user.clone()),
                ("SHOPFUNNEL_CLICKHOUSE__PASSWORD", store.password.clone()),
                ("SHOPFUNNEL_CLICKHOUSE__DATABASE", store.database.clone()),
                (
                    "SHOPFUNNEL_CLICKHOUSE__HEADERS",
                    store
                        .headers
                        .iter()
                        .map(|(name, value)| format!("{name}: {value}"))
                        .collect::<Vec<_>>()
                        .join(","),
                ),
            ]);
            store
        });
        let shop = Arc::new(installation.add_shop("tea"));
        let ledger = Arc::new(Ledger::create(&directory.path().join("ledger.log")));
        let derivation = Derivation::new(plan.seed, chrono::Utc::now(), setup.padding);
        let route = Route { url: installation.url(), shop, ledger, derivation };
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        Trial {
            installation,
            route,
            random: Rng::with_seed(plan.seed),
            report: Report::default(),
            external,
            client,
            red_expected: plan.fault.is_some(),
            directory,
        }
    }

    pub fn traffic(&mut self, load: &Load) -> Traffic {
        Traffic::start(&self.route, load, &mut self.random)
    }

    /// Where the tables are.
    pub fn tables(&self) -> StoreOptions {
        self.external.clone().unwrap_or_else(|| self.installation.engine())
    }

    pub fn acked(&self) -> u64 {
        self.route.ledger.acked_count()
    }

    /// Waits until this many more events are acked.
    pub async fn until_acked(&self, more: u64) {
        let goal = self.acked() + more;
        self.until(&format!("{more} more events are acked"), async || self.acked() >= goal).await;
    }

    /// Polls until the condition holds.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE * 3;
        while !holds().await {
            assert!(Instant::now() < deadline, "waited in vain until {what}\n{}", self.last_words());
            tokio::time::sleep(POLL).await;
        }
    }

    /// Starts the server again, which has to take requests within 5 s. Returns how long it took.
    pub fn restart(&mut self) -> (Server, Duration) {
        let started = Instant::now();
        let server = self.installation.serve();
        let took = started.elapsed();
        self.report.require(took <= Duration::from_secs(5), format!("not ready after 5 s but {took:?}"));
        (server, took)
    }

    /// A number that the admin port tells, when it answers.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let url = format!("http://127.0.0.1:{}/metrics", self.installation.admin_port);
        let text = self.client.get(url).send().await.ok()?.text().await.ok()?;
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Waits until nothing waits in the spool. Returns how long it took.
    pub async fn drained(&self) -> Duration {
        let started = Instant::now();
        self.until("the spool is drained", async || {
            self.metric("shopfunnel_spool_oldest_age_seconds").await == Some(0.0)
        })
        .await;
        started.elapsed()
    }

    /// The funnel of a window, when the server has one.
    pub async fn funnel(&self, from: chrono::NaiveDate, to: chrono::NaiveDate) -> Option<Value> {
        Some(self.report_of(from, to).await?["funnel"].take())
    }

    async fn report_of(&self, from: chrono::NaiveDate, to: chrono::NaiveDate) -> Option<Value> {
        let shop = &self.route.shop;
        let url = format!("{}/v1/shops/{}/funnel?from={from}&to={to}", self.installation.url(), shop.slug);
        let answer = self.client.get(url).bearer_auth(&shop.read_key).send().await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        answer.json().await.ok()
    }

    /// Sends one event and waits until the reports show it, which has to be soon. The answer is a 202 sooner
    /// or later, because whoever asks for a probe has ended the fault.
    pub async fn probe(&mut self) {
        let started = Instant::now();
        let sender = Sender::new(self.route.clone(), Arc::default());
        let number = self.route.ledger.mint_probe();
        let day = self.route.derivation.probe_day();
        let seen_before = self.visitors(day).await.unwrap_or(0);
        self.until("the probe is acked", async || {
            sender.send(Door::Browser, &[number]).await == Answer::Accepted
        })
        .await;
        self.until("the probe is in the reports", async || {
            self.visitors(day).await.is_some_and(|seen| seen > seen_before)
        })
        .await;
        let took = started.elapsed();
        self.report.figure("probe_visible_ms", took.as_millis());
        self.report.require(took <= VISIBLE_WITHIN, format!("a probe was visible only after {took:?}"));
    }

    async fn visitors(&self, day: chrono::NaiveDate) -> Option<u64> {
        self.funnel(day, day).await?["visitors"].as_u64()
    }

    /// Compares what is stored with the books as they stand.
    pub async fn judge(&self) -> Verdict {
        self.drained().await;
        self.judge_against(&self.route.ledger.books()).await
    }

    /// The same shop and ledger, on a copy of the installation's files.
    pub fn beside(&self, place: &Path) -> Trial {
        let installation = Installation::new(place);
        let route = Route { url: installation.url(), ..self.route.clone() };
        Trial {
            installation,
            route,
            random: Rng::new(),
            report: Report::default(),
            external: None,
            client: self.client.clone(),
            red_expected: self.red_expected,
            directory: tempfile::tempdir().expect("a directory"),
        }
    }

    /// Compares what is stored with books of one's own choosing, once the figures are of all that was stored
    /// before.
    pub async fn judge_against(&self, books: &Books) -> Verdict {
        self.route.ledger.sync();
        let (from, to) = self.route.derivation.window();
        let mut funnel = Value::Null;
        let begun = chrono::Utc::now();
        self.until("the server answers with a funnel of everything before", async || {
            let Some(mut found) = self.report_of(from, to).await else { return false };
            let fresh_until = found["fresh_until"].as_str().and_then(|text| text.parse().ok());
            funnel = found["funnel"].take();
            fresh_until.is_some_and(|fresh_until: chrono::DateTime<chrono::Utc>| fresh_until >= begun)
        })
        .await;
        verdict::judge(books, &self.route.derivation, &verdict::read(&self.tables()).await, &funnel)
    }

    /// The same for a server that may have to send much again first: the first verdict without a failure, or
    /// the last one when none comes in time.
    pub async fn judge_in_time(&self, books: &Books, time: Duration) -> Verdict {
        let started = Instant::now();
        loop {
            self.drained().await;
            let verdict = self.judge_against(books).await;
            if verdict.failures().is_empty() || started.elapsed() > time {
                return verdict;
            }
        }
    }

    /// The common end: a probe, the verdict, an orderly stop.
    pub async fn conclude(mut self, server: Server) -> Report {
        self.probe().await;
        self.report.verdict = Some(self.judge().await);
        let code = server.terminate();
        self.report.require(code == Some(0), format!("the server ended with {code:?}"));
        self.close()
    }

    /// Gives the report out; keeps the files of a run that was not green.
    pub fn close(self) -> Report {
        if !self.report.failures().is_empty() && !self.red_expected {
            println!("  kept for a look: {}", self.directory.keep().display());
        }
        self.report
    }

    /// The last lines of the server's log.
    pub fn last_words(&self) -> String {
        let log = self.installation.log();
        let lines: Vec<&str> = log.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}
