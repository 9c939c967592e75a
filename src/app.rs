//! Wiring and shutdown order, no logic.
//!
//! Built in the order of the arrows: lock → shops → spool → places → engine → store → shipper, upkeep → listeners. Stopped so
//! that everything acknowledged is in the store or still in the spool, and nothing waits for what has gone:
//!
//! 1. stop accepting, finish the requests under way (each waits for its own `fdatasync`);
//! 2. close the spool's writing end;
//! 3. let the shipper send what is left, for at most [`DRAIN_TIMEOUT`]; the rest stays in the spool;
//! 4. stop the upkeep of the ledger; what is queued stays queued;
//! 5. stop the engine.

use crate::clock::Clock;
use crate::config::{ClickHouse, Settings};
use crate::engine::{self, Engine};
use crate::enrich::agent::Agents;
use crate::enrich::geo::{self, Geo};
use crate::http::answers::{self, Refusals};
use crate::http::client_address::TrustedProxies;
use crate::http::connections::{Busy, Connections};
use crate::http::limit::Limits;
use crate::http::{self, admin, connections, limit};
use crate::identity::Identities;
use crate::identity::forgotten::Forgotten;
use crate::room::{self, Need};
use crate::secret::{fill_random, hex};
use crate::shipper::{Exceptions, Shipper};
use crate::shops::command;
use crate::shops::registry::Registry;
use crate::spool::{Appender, DeadLetters, Position, Spool};
use crate::store::{Store, StoreOptions};
use crate::telemetry::Telemetry;
use crate::upkeep::{Upkeep, UpkeepOptions};
use crate::{demo, file};
use actix_web::dev::{ServerHandle, Service};
use actix_web::http::StatusCode;
use actix_web::{App as WebApp, HttpServer, ResponseError, web};
use anyhow::Context;
use futures_util::future::Either;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// Requests under way at a stop get this long.
const REQUEST_GRACE_SECONDS: u64 = 5;
/// Open at once to each worker, of which there is one per core; who comes then waits in the kernel. A head under
/// way may hold 128 KiB, so this is half a GiB per worker at the very worst.
const MAX_CONNECTIONS: usize = 4_096;
/// From the opening of a connection to the end of its first head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;
const SALT_CHECK_INTERVAL: Duration = Duration::from_secs(600);

/// The running program.
pub struct App {
    state: http::State,
    public_address: SocketAddr,
    admin_address: SocketAddr,
    door: PathBuf,
    servers: [ServerHandle; 2],
    served: [JoinHandle<std::io::Result<()>>; 2],
    shipper: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    stop_shipper: watch::Sender<bool>,
    stop_upkeep: watch::Sender<bool>,
    chores: [JoinHandle<()>; 5],
    engine: Option<Engine>,
    _lock: DataDirLock,
}

/// Holds the data directory for one process.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// Why a data directory cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "the data directory {} is in use by another shopfunnel; stop that one or choose another with \
         SHOPFUNNEL_DATA_DIR",
        .0.display()
    )]
    InUse(PathBuf),
    #[error("cannot use the data directory {}: {cause}", path.display())]
    Io { path: PathBuf, cause: std::io::Error },
}

impl DataDirLock {
    /// Takes the data directory, creating it when it is missing.
    ///
    /// # Errors
    /// Another process has it, or it cannot be written.
    pub fn take(data_dir: &Path) -> Result<DataDirLock, LockError> {
        let io = |cause| LockError::Io { path: data_dir.to_owned(), cause };
        file::create_private_directory(data_dir).map_err(io)?;
        let lock = file::open_private(&data_dir.join("lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDirLock { _file: lock }),
            Err(TryLockError::WouldBlock) => Err(LockError::InUse(data_dir.to_owned())),
            Err(TryLockError::Error(cause)) => Err(io(cause)),
        }
    }
}

/// The registry of a data directory, for the server and for commands without one.
///
/// # Errors
/// The file cannot be read.
pub fn open_registry(data_dir: &Path) -> anyhow::Result<Registry> {
    Ok(Registry::open(&data_dir.join("shops.json"))?)
}

impl App {
    /// Starts everything and returns when requests are answered. `demo` adds the demo's pages.
    ///
    /// # Errors
    /// A sentence: the directory is in use, a port is taken, the engine is not installed or does not start.
    pub async fn start(settings: Settings, clock: Clock, demo: Option<demo::Pages>) -> anyhow::Result<App> {
        let lock = DataDirLock::take(&settings.data_dir)?;
        allow_many_open_files();
        // A door left by a killed server leads nowhere.
        let _ = std::fs::remove_file(admin::door_file(&settings.data_dir));
        let public = listen("listen", settings.listen)?;
        let admin_listener = listen("admin_listen", settings.admin_listen)?;
        let registry = Arc::new(open_registry(&settings.data_dir)?);
        command::declare(&registry, &settings.shops)?;
        let identities = Arc::new(Identities::open(&settings.data_dir.join("identity.json"))?);
        let forgotten = Forgotten::open(&settings.data_dir.join("forgotten.json"), identities.clone())?;
        let (spool, reader) = Spool::open(&settings.spool)?;
        require_room(&settings, &spool)?;
        let geo = spawn_blocking(|| Geo::open(settings.geo)).await??;
        // While the engine starts, which takes longer.
        let agents = spawn_blocking(Agents::default);

        let (engine, store_options) = match settings.clickhouse {
            ClickHouse::External(options) => (None, options),
            ClickHouse::Embedded(options) => {
                let database = options.database.clone();
                let engine = Engine::start(options).await?;
                let options = embedded_store(&engine, database);
                (Some(engine), options)
            }
        };
        let store = Store::new(store_options)?;
        let migrated = match store.migrate().await {
            Ok(()) => {
                engine.iter().for_each(Engine::remember_tables);
                true
            }
            Err(error) if error.is_away() && !error.is_unusable() => {
                tracing::warn!(%error, "events are taken; figures wait for ClickHouse");
                false
            }
            Err(error) => return Err(error.into()),
        };
        let telemetry = Telemetry::default();
        let dead_letters = DeadLetters::beside(&settings.spool.directory);
        let (shipper, progress) = Shipper::new(
            reader,
            store.clone(),
            migrated,
            clock.now_ms(),
            telemetry.clone(),
            Exceptions { dead_letters: dead_letters.clone(), forgotten: forgotten.clone() },
            settings.shipper,
        );
        let (stop_shipper, shipper_stopped) = watch::channel(false);
        let shipper = tokio::spawn(shipper.run(shipper_stopped));
        let (upkeep, ledger) = Upkeep::new(
            store.clone(),
            registry.clone(),
            clock.clone(),
            progress.clone(),
            telemetry.clone(),
            UpkeepOptions { data_dir: settings.data_dir.clone(), interval: settings.upkeep_interval },
        );
        let (stop_upkeep, upkeep_stopped) = watch::channel(false);
        let upkeep = tokio::spawn(upkeep.run(upkeep_stopped));

        let state = http::State {
            clock: clock.clone(),
            registry,
            identities: identities.clone(),
            agents: Arc::new(agents.await?),
            geo: Arc::new(geo),
            spool,
            store,
            progress,
            ledger,
            trusted_proxies: Arc::new(TrustedProxies::new(settings.trusted_proxies)),
            limits: Arc::new(Limits::new(settings.limits)),
            telemetry: telemetry.clone(),
            faults: settings.faults,
            public_url: settings.public_url.into(),
        };
        let public_address = public.local_addr()?;
        let admin_address = admin_listener.local_addr()?;
        let token = random_token();
        let admin = admin::Admin {
            state: state.clone(),
            token: token.clone(),
            dead_letters,
            forgotten,
            engine: engine.as_ref().map(Engine::status),
        };

        let connections = Arc::new(Connections::default());
        let opened = connections.clone();
        let public_state = state.clone();
        let refusals = Arc::new(Refusals::default());
        let counted = refusals.clone();
        let public_server = HttpServer::new(move || {
            let demo = demo.clone();
            // Per request only this is cloned, not each counter.
            let telemetry = Rc::new(public_state.telemetry.clone());
            let refusals = counted.clone();
            WebApp::new()
                .wrap_fn(move |request, service| {
                    let began = Instant::now();
                    let (telemetry, refusals) = (telemetry.clone(), refusals.clone());
                    let busy = Busy::with(request.request());
                    let response = match http::head::check(request.head()) {
                        Ok(()) => Either::Left(service.call(request)),
                        Err(error) => Either::Right(request.into_response(error.error_response())),
                    };
                    async move {
                        let response = match response {
                            Either::Left(called) => called.await?,
                            Either::Right(refused) => refused,
                        };
                        answers::count(&response, began, &telemetry, &refusals);
                        if response.status() == StatusCode::REQUEST_TIMEOUT {
                            busy.iter().for_each(Busy::read_no_more);
                        }
                        Ok(response)
                    }
                })
                .app_data(web::Data::new(public_state.clone()))
                .app_data(web::Data::new(Appender::new(public_state.spool.clone())))
                .configure(move |config| demo::routes(config, demo))
                .configure(http::routes)
        })
        .on_connect(move |io, data| opened.opened(io, data))
        .workers(workers())
        .listen(public)?
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(HEAD_TIMEOUT)
        .disable_signals()
        .shutdown_timeout(REQUEST_GRACE_SECONDS)
        .run();
        let admin_server = HttpServer::new(move || {
            WebApp::new().app_data(web::Data::new(admin.clone())).configure(admin::routes)
        })
        .workers(1)
        .listen(admin_listener)?
        .disable_signals()
        .shutdown_timeout(REQUEST_GRACE_SECONDS)
        .run();
        let servers = [public_server.handle(), admin_server.handle()];
        let served = [tokio::spawn(public_server), tokio::spawn(admin_server)];
        let door = admin::Door { url: format!("http://{admin_address}"), token };
        write_door(&settings.data_dir, &door)?;
        let chores = [
            tokio::spawn(forget_old_salts(identities, clock)),
            tokio::spawn(sweep_limits(state.limits.clone())),
            tokio::spawn(sweep_connections(connections)),
            tokio::spawn(tell_refusals(refusals)),
            tokio::spawn(watch_places(state.geo.clone())),
        ];
        tracing::info!(%public_address, %admin_address, data_dir = %settings.data_dir.display(), "listening");
        Ok(App {
            state,
            public_address,
            admin_address,
            door: admin::door_file(&settings.data_dir),
            servers,
            served,
            shipper,
            upkeep,
            stop_shipper,
            stop_upkeep,
            chores,
            engine,
            _lock: lock,
        })
    }

    /// Address of the public listener; its port is the real one when 0 was asked for.
    pub fn public_address(&self) -> SocketAddr {
        self.public_address
    }

    /// Address of the admin listener.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// The shops, for whoever wires this app into something larger.
    pub fn registry(&self) -> &Registry {
        &self.state.registry
    }

    /// Where addresses are, for whoever has its files read again.
    pub fn geo(&self) -> &Arc<Geo> {
        &self.state.geo
    }

    /// Waits until everything acknowledged so far is in the store.
    ///
    /// # Errors
    /// The shipper has ended.
    pub async fn shipped(&self) -> anyhow::Result<()> {
        let goal: Position = self.state.spool.durable();
        let mut progress = self.state.progress.clone();
        progress.wait_for(|progress| progress.migrated && progress.shipped >= goal).await?;
        Ok(())
    }

    /// Waits until everything acknowledged so far is in every figure.
    ///
    /// # Errors
    /// The shipper or the upkeep has ended.
    pub async fn settled(&self) -> anyhow::Result<()> {
        self.shipped().await?;
        self.state.ledger.settle().await?;
        Ok(())
    }

    /// Runs until `stop` resolves or a listener ends, then stops in order.
    ///
    /// # Errors
    /// A listener or the shipper ended by itself.
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let [public, admin] = &mut self.served;
        let ended = tokio::select! {
            () = stop => Ok(()),
            ended = public => ended.context("the public listener panicked")?.context("the public listener ended"),
            ended = admin => ended.context("the admin listener panicked")?.context("the admin listener ended"),
            // Without it events would pile up in the spool, and every figure would stand still.
            _ = &mut self.shipper => Err(anyhow::anyhow!("the shipper ended")),
            _ = &mut self.upkeep => Err(anyhow::anyhow!("the upkeep of the ledger ended")),
        };
        self.stop().await;
        ended
    }

    /// Stops in the order that the module's header gives.
    pub async fn stop(self) {
        tracing::info!("stopping");
        let App {
            state, door, servers, mut shipper, upkeep, stop_shipper, stop_upkeep, chores, engine, ..
        } = self;
        for server in &servers {
            server.stop(true).await;
        }
        let _ = std::fs::remove_file(door);
        chores.iter().for_each(JoinHandle::abort);
        let telemetry = state.telemetry.clone();
        drop(state);
        // One that ended by itself was already reported.
        if !shipper.is_finished() && tokio::time::timeout(DRAIN_TIMEOUT, &mut shipper).await.is_err() {
            tracing::warn!("some events stay in the spool and are sent at the next start");
            stop_shipper.send_replace(true);
            let _ = shipper.await;
        }
        stop_upkeep.send_replace(true);
        if !upkeep.is_finished() {
            let _ = upkeep.await;
        }
        if let Some(engine) = engine {
            engine.stop().await;
        }
        tracing::info!(
            events_accepted = telemetry.events_accepted.get(),
            events_shipped = telemetry.events_shipped.get(),
            "stopped"
        );
    }
}

/// A start on a full disk would leave half-written files, and takes no event anyway.
fn require_room(settings: &Settings, spool: &Spool) -> anyhow::Result<()> {
    let mut needs = vec![Need { directory: settings.spool.directory.clone(), bytes: spool.segment_bytes() }];
    if let ClickHouse::Embedded(options) = &settings.clickhouse {
        file::create_private_directory(&options.directory)?;
        needs.push(Need { directory: options.directory.clone(), bytes: engine::START_BYTES });
    }
    if room::shortage(&needs)?.is_some() {
        spool.remove_sent()?;
    }
    match room::shortage(&needs)? {
        // What waits may be what fills the disk, and only a server that runs sends it on.
        Some(shortage)
            if matches!(settings.clickhouse, ClickHouse::External(_)) && spool.unsent_bytes() > 0 =>
        {
            tracing::error!(%shortage, "events are refused until what waits is sent");
            Ok(())
        }
        Some(shortage) => Err(shortage.into()),
        None => Ok(()),
    }
}

/// How the tracker reaches a database of the embedded engine.
pub fn embedded_store(engine: &Engine, database: String) -> StoreOptions {
    let login = engine.tracker();
    StoreOptions {
        url: engine.url(),
        ca_file: None,
        user: login.user,
        password: login.password,
        headers: vec![(engine::TOKEN_HEADER.into(), login.token)],
        database,
    }
}

fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}; stop what uses the port, or set {setting} to another")
    })?;
    // A burst of new visitors must not wait for retransmissions; the standard library asks for 128.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// One core is left to the spool's writer and to ClickHouse; beside them another worker would only switch tasks.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// Connections need two descriptors each, and the spool must never be the one that finds none.
fn allow_many_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the number of open files stays at what the shell allows");
    }
}

fn random_token() -> String {
    let mut random = [0; 32];
    fill_random(&mut random);
    hex(&random)
}

/// Tells `shopfunnel shop …` where the running server is.
fn write_door(data_dir: &Path, door: &admin::Door) -> anyhow::Result<()> {
    let path = admin::door_file(data_dir);
    file::replace(&path, &serde_json::to_vec(door)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

async fn forget_old_salts(identities: Arc<Identities>, clock: Clock) {
    loop {
        if let Err(error) = identities.forget_old_salts(clock.now_ms()) {
            tracing::error!(%error, "old salts could not be deleted");
        }
        tokio::time::sleep(SALT_CHECK_INTERVAL).await;
    }
}

async fn sweep_limits(limits: Arc<Limits>) {
    loop {
        tokio::time::sleep(limit::SWEEP_INTERVAL).await;
        limits.sweep();
    }
}

async fn tell_refusals(refusals: Arc<Refusals>) {
    loop {
        tokio::time::sleep(answers::TELL_INTERVAL).await;
        refusals.tell();
    }
}

async fn sweep_connections(connections: Arc<Connections>) {
    loop {
        tokio::time::sleep(connections::SWEEP_INTERVAL).await;
        connections.sweep();
    }
}

async fn watch_places(geo: Arc<Geo>) {
    loop {
        tokio::time::sleep(geo::CHECK_INTERVAL).await;
        let geo = geo.clone();
        // Reading them panics in its own thread, if anywhere.
        let _ = spawn_blocking(move || geo.check()).await;
    }
}
