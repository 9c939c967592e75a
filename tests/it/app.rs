//! The application under test, and what tests do with it.

use crate::server::{as_owner, library};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use shopfunnel::app::{App, embedded_store};
use shopfunnel::clock::Clock;
use shopfunnel::config::{ClickHouse, Settings};
use shopfunnel::engine::{Engine, EngineOptions};
use shopfunnel::enrich::geo::GeoOptions;
use shopfunnel::http::edge::limit::LimitOptions;
use shopfunnel::new_values::ValueLimits;
use shopfunnel::planted::Faults;
use shopfunnel::shipper::ShipperOptions;
use shopfunnel::shops::command::{self, AddedShop, Changes, Command, NewShop, Reply};
use shopfunnel::shops::{Payments, PrivacySignal};
use shopfunnel::spool::{self, SpoolOptions};
use shopfunnel::store::StoreOptions;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// 2026-11-22T04:00:00Z: noon in Shanghai, a Sunday.
pub const NOW_MS: i64 = 1_795_320_000_000;
pub const MINUTE_MS: i64 = 60_000;
pub const DAY_MS: i64 = 86_400_000;
/// Shared by all tests, because the engine's supervisor and the connections to it live on it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static ENGINE: OnceCell<Engine> = OnceCell::const_new();
static NEXT_DATABASE: AtomicU32 = AtomicU32::new(1);

/// Runs a test on the shared runtime.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}

/// The engine that all tests share. It ends with this process, because its standard input does.
pub async fn shared_engine() -> &'static Engine {
    ENGINE
        .get_or_init(|| async {
            let directory =
                Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("engine-{}", std::process::id()));
            remove_leftovers();
            Engine::start(EngineOptions {
                directory,
                library: library(),
                program: env!("CARGO_BIN_EXE_shopfunnel").into(),
                database: "it_*".into(),
                max_memory_bytes: None,
                environment: Vec::new(),
            })
            .await
            .expect("the engine starts; `make engine` installs it")
        })
        .await
}

/// Deletes the engine directories of test runs that have ended.
fn remove_leftovers() {
    let Ok(entries) = std::fs::read_dir(env!("CARGO_TARGET_TMPDIR")) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(pid) = name.strip_prefix("engine-")
            && !Path::new("/proc").join(pid).exists()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A running application with its own data directory and database.
pub struct TestApp {
    pub app: App,
    pub clock: Clock,
    pub store: StoreOptions,
    pub client: Client,
    pub url: String,
    data_dir: TempDir,
    owns_database: bool,
}

/// A shop with its keys.
pub type TestShop = AddedShop;

/// Starts an application whose clock stands at [`NOW_MS`].
pub async fn spawn_app() -> TestApp {
    spawn_app_with(LimitOptions::default()).await
}

/// The same with limits of one's own choosing.
pub async fn spawn_app_with(limits: LimitOptions) -> TestApp {
    spawn_app_on("127.0.0.1:0", limits).await
}

/// The same with databases of places.
pub async fn spawn_app_at(places: &[&Path]) -> TestApp {
    let geo = GeoOptions { files: places.iter().map(|file| file.to_path_buf()).collect(), required: true };
    spawn("127.0.0.1:0", LimitOptions::default(), geo).await
}

/// The same on an address of one's own choosing.
pub async fn spawn_app_on(listen: &str, limits: LimitOptions) -> TestApp {
    spawn(listen, limits, GeoOptions::default()).await
}

async fn spawn(listen: &str, limits: LimitOptions, geo: GeoOptions) -> TestApp {
    let number = NEXT_DATABASE.fetch_add(1, Ordering::SeqCst);
    let store = store_of(shared_engine().await, &format!("it_{number}"));
    TestApp { owns_database: true, ..spawn_over(store, listen, limits, geo).await }
}

/// A database of an engine, as its tracker reaches it.
pub fn store_of(engine: &Engine, database: &str) -> StoreOptions {
    embedded_store(engine, database.to_owned())
}

/// The same over a store of one's own choosing, whose database stays.
pub async fn spawn_app_over(store: StoreOptions) -> TestApp {
    spawn_over(store, "127.0.0.1:0", LimitOptions::default(), GeoOptions::default()).await
}

async fn spawn_over(store: StoreOptions, listen: &str, limits: LimitOptions, geo: GeoOptions) -> TestApp {
    let data_dir = tempfile::tempdir().expect("a temporary directory");
    let clock = Clock::manual(NOW_MS);
    let free = "127.0.0.1:0".parse().expect("an address");
    let faults = Faults::default();
    let settings = Settings {
        listen: listen.parse().expect("an address"),
        admin_listen: free,
        data_dir: data_dir.path().to_owned(),
        public_url: "https://stats.example".into(),
        trusted_proxies: vec!["127.0.0.0/8".parse().expect("a network")],
        clickhouse: ClickHouse::External(store.clone()),
        geo,
        spool: SpoolOptions {
            directory: spool::directory(data_dir.path()),
            max_bytes: 1 << 30,
            keep_sent: Duration::ZERO,
            faults,
        },
        shipper: ShipperOptions {
            interval: Duration::from_millis(5),
            boot_id: "boot".into(),
            values: ValueLimits::default(),
            faults,
        },
        upkeep_interval: Duration::from_millis(5),
        limits,
        faults,
        shops: Vec::new(),
    };
    let app = App::start(settings, clock.clone(), None).await.expect("the application starts");
    let url = format!("http://127.0.0.1:{}", app.public_address().port());
    let client = Client::builder().no_proxy().build().expect("a client");
    TestApp { app, clock, store, client, url, data_dir, owns_database: false }
}

impl TestApp {
    pub fn add_shop(&self, slug: &str) -> TestShop {
        self.add_shop_in(slug, "Asia/Shanghai")
    }

    pub fn add_shop_in(&self, slug: &str, time_zone: &str) -> TestShop {
        let new = NewShop {
            slug: Some(slug.into()),
            name: slug.into(),
            time_zone: time_zone.into(),
            currency: "CNY".into(),
            origins: Vec::new(),
            after_sale_days: None,
            payments: Payments::Any,
            max_browser_amount: None,
            privacy_signal: PrivacySignal::Respect,
            public_key: None,
        };
        match command::apply(self.app.registry(), Command::Add(new), "https://stats.example") {
            Ok(Reply::Added(shop)) => shop,
            other => panic!("{other:?}"),
        }
    }

    pub fn set_shop(&self, slug: &str, changes: Changes) {
        command::apply(self.app.registry(), Command::Set { slug: slug.into(), changes, confirmed: true }, "")
            .expect("set");
    }

    /// Sends events as the shop's server; all must be accepted.
    pub async fn send(&self, shop: &TestShop, events: &[Value]) {
        for batch in events.chunks(1_000) {
            let answer = self.post_server(shop, &json!(batch)).await;
            let (status, body) = read(answer).await;
            assert_eq!((status, &body["accepted"]), (StatusCode::ACCEPTED, &json!(batch.len())), "{body}");
        }
    }

    pub async fn post_server(&self, shop: &TestShop, body: &Value) -> Response {
        let request = self.client.post(format!("{}/v1/events", self.url)).bearer_auth(&shop.secret_key);
        request.json(body).send().await.expect("an answer")
    }

    /// Sends a body to `/e` as a browser does.
    pub async fn post_browser(&self, body: impl ToString) -> Response {
        let request = self.client.post(format!("{}/e", self.url)).header("content-type", "text/plain");
        request.body(body.to_string()).send().await.expect("an answer")
    }

    /// Sends events as a browser; all must be accepted.
    pub async fn browse(&self, shop: &TestShop, events: &[Value]) {
        let body = json!({ "shop": shop.public_key, "events": events });
        let (status, body) = read(self.post_browser(body).await).await;
        assert_eq!((status, &body["accepted"]), (StatusCode::ACCEPTED, &json!(events.len())), "{body}");
    }

    /// Asks for the funnel with the shop's read key, after everything acknowledged is in every figure.
    pub async fn ask(&self, shop: &TestShop, query: &str) -> (StatusCode, Value) {
        self.ask_for(shop, &format!("funnel{query}")).await
    }

    /// The same for any report.
    pub async fn ask_for(&self, shop: &TestShop, report: &str) -> (StatusCode, Value) {
        self.app.settled().await.expect("settled");
        let url = format!("{}/v1/shops/{}/{report}", self.url, shop.slug);
        read(self.client.get(url).bearer_auth(&shop.read_key).send().await.expect("an answer")).await
    }

    /// The answer to a report that must be there.
    pub async fn report(&self, shop: &TestShop, report: &str) -> Value {
        let (status, body) = self.ask_for(shop, report).await;
        assert_eq!(status, StatusCode::OK, "{report}: {body}");
        body
    }

    /// The funnel of a window.
    pub async fn funnel(&self, shop: &TestShop, from: &str, to: &str) -> Value {
        let (status, body) = self.ask(shop, &format!("?from={from}&to={to}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["funnel"].clone()
    }

    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Sends the dead letters again, as `shopfunnel spool dead-letter retry` does.
    pub async fn retry_dead_letters(&self) -> u64 {
        let door = std::fs::read(self.data_dir().join("admin.json")).expect("the door");
        let door: Value = serde_json::from_slice(&door).expect("JSON");
        let url = format!("{}/dead-letters/retry", door["url"].as_str().expect("a URL"));
        let request = self.client.post(url).bearer_auth(door["token"].as_str().expect("a token"));
        let (status, body) = read(request.json(&json!({})).send().await.expect("an answer")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["retried"].as_u64().expect("a number")
    }

    /// One number out of the store.
    pub async fn count(&self, sql: &str) -> u64 {
        self.app.shipped().await.expect("shipped");
        let text = self.execute(sql).await;
        text.trim().parse().unwrap_or_else(|_| panic!("{sql}: {text}"))
    }

    /// What the store answers to a statement of its owner.
    pub async fn execute(&self, sql: &str) -> String {
        execute(&self.client, &self.store, sql).await
    }

    /// Ends the application; everything it acknowledged must be in the store.
    ///
    /// Its database goes with it: the engine looks after every table that is there, and those of all tests
    /// together would keep it busy.
    pub async fn close(self) {
        self.app.shipped().await.expect("everything acknowledged is in the store");
        self.app.stop().await;
        if self.owns_database {
            execute(&self.client, &self.store, &format!("DROP DATABASE {} SYNC", self.store.database)).await;
        }
    }
}

async fn execute(client: &Client, store: &StoreOptions, sql: &str) -> String {
    let request = client.post(format!("{}/?database={}", store.url, store.database)).body(sql.to_owned());
    let answer = as_owner(request, store).send().await.expect("an answer");
    let (status, text) = (answer.status(), answer.text().await.expect("text"));
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

/// Status and JSON body of an answer.
pub async fn read(answer: Response) -> (StatusCode, Value) {
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}")))
}

/// One event of a visitor at a time, as a server sends it.
pub fn event(kind: &str, visitor: &str, at_ms: i64) -> Value {
    json!({ "kind": kind, "visitor": visitor, "at": at_ms, "id": uuid::Uuid::now_v7() })
}

/// The same with more fields.
pub fn event_with(kind: &str, visitor: &str, at_ms: i64, more: Value) -> Value {
    let mut event = event(kind, visitor, at_ms);
    for (name, value) in more.as_object().expect("fields") {
        event[name] = value.clone();
    }
    event
}
