//! Wiring and shutdown order, no logic.
//!
//! Built in the order of the arrows: lock → shops → spool → places → engine → store → shipper, upkeep →
//! listeners. Stopped so that everything acknowledged is in the store or still in the spool, and nothing
//! waits for what has gone:
//!
//! 1. stop accepting, finish the requests under way (each waits for its own `fdatasync`);
//! 2. close the spool's writing end;
//! 3. let the shipper send what is left, for at most [`DRAIN_TIMEOUT`]; the rest stays in the spool;
//! 4. stop the upkeep of the ledger; what is queued stays queued;
//! 5. stop the engine.

mod chores;
mod listeners;
mod lock;
mod loops;
mod storage;

pub use listeners::Routes;
pub use lock::{DataDirLock, LockError};
pub use storage::embedded_store;

use crate::clock::Clock;
use crate::config::Settings;
use crate::engine::Engine;
use crate::enrich::agent::Agents;
use crate::enrich::geo::Geo;
use crate::file;
use crate::http;
use crate::http::admin::{self, Admin, Health, Operations};
use crate::http::edge::Gate;
use crate::http::edge::client_address::TrustedProxies;
use crate::http::edge::limit::Limits;
use crate::http::intake::Intake;
use crate::http::reports::{Freshness, Reports};
use crate::identity::Identities;
use crate::identity::forgotten::Forgotten;
use crate::secret::{fill_random, hex};
use crate::shipper::Exceptions;
use crate::shops::command;
use crate::shops::registry::Registry;
use crate::spool::{DeadLetters, Position, Spool};
use crate::telemetry::Telemetry;
use crate::upkeep::UpkeepOptions;
use actix_web::dev::{Server, ServerHandle};
use anyhow::Context;
use listeners::{Ports, Watch};
use loops::{Loop, Loops, Shared};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use storage::Storage;
use tokio::task::{JoinHandle, spawn_blocking};

const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// The running program.
pub struct App {
    state: http::State,
    public_address: SocketAddr,
    admin_address: SocketAddr,
    door_file: PathBuf,
    servers: [ServerHandle; 2],
    served: [JoinHandle<std::io::Result<()>>; 2],
    shipper: Loop,
    upkeep: Loop,
    chores: [JoinHandle<()>; 5],
    engine: Option<Engine>,
    _lock: DataDirLock,
}

/// The registry of a data directory, for the server and for commands without one.
///
/// # Errors
/// The file cannot be read.
pub fn open_registry(data_dir: &Path) -> anyhow::Result<Registry> {
    Ok(Registry::open(&data_dir.join("shops.json"))?)
}

impl App {
    /// Starts everything and returns when requests are answered. `routes` come before our own.
    ///
    /// # Errors
    /// A sentence: the directory is in use, a port is taken, the engine is not installed or does not start.
    pub async fn start(settings: Settings, clock: Clock, routes: Option<Routes>) -> anyhow::Result<App> {
        let lock = DataDirLock::take(&settings.data_dir)?;
        listeners::allow_many_open_files();
        let door_file = remove_old_door(&settings.data_dir);
        let ports = Ports::take(&settings)?;
        let registry = Arc::new(open_registry(&settings.data_dir)?);
        command::declare(&registry, &settings.shops)?;
        let identities = Arc::new(Identities::open(&settings.data_dir.join("identity.json"))?);
        let forgotten = Forgotten::open(&settings.data_dir.join("forgotten.json"), identities.clone())?;
        let (spool, reader) = Spool::open(&settings.spool)?;
        storage::require_room(&settings, &spool)?;
        let geo = Arc::new(spawn_blocking(|| Geo::open(settings.geo)).await??);
        // While the engine starts, which takes longer.
        let agents = spawn_blocking(Agents::default);
        let Storage { engine, store, is_migrated } = Storage::open(settings.clickhouse).await?;

        let dead_letters = DeadLetters::beside(&settings.spool.directory);
        let exceptions = Exceptions { dead_letters: dead_letters.clone(), forgotten: forgotten.clone() };
        let shared = Shared { clock, registry, store, telemetry: Telemetry::default() };
        let keeping =
            UpkeepOptions { data_dir: settings.data_dir.clone(), interval: settings.upkeep_interval };
        let Loops { shipper, progress, upkeep, handle } =
            Loops::start(&shared, reader, is_migrated, exceptions, settings.shipper, keeping);

        let Shared { clock, registry, store, telemetry } = shared;
        let limits = Arc::new(Limits::new(settings.limits));
        let trusted_proxies = Arc::new(TrustedProxies::new(settings.trusted_proxies));
        let gate = Gate { clock: clock.clone(), registry, trusted_proxies, limits: limits.clone() };
        let freshness = Freshness { spool: spool.clone(), progress, upkeep: handle };
        let public_url = settings.public_url.into();
        let reports = Reports { gate: gate.clone(), store, freshness, geo: geo.clone(), public_url };
        let (agents, faults) = (Arc::new(agents.await?), settings.faults);
        let keys = identities.clone();
        let intake = Intake { gate, identities, agents, geo: geo.clone(), spool, telemetry, faults };
        let state = http::State { intake, reports };
        let admin = admin(&state, engine.as_ref(), dead_letters, forgotten);

        let (public_address, admin_address) = ports.addresses()?;
        let door = admin::Door { url: format!("http://{admin_address}"), token: admin.token.clone() };
        let watch = Watch::default();
        let servers = ports.serve(state.clone(), admin, routes, &watch)?;
        let handles = servers.each_ref().map(Server::handle);
        let served = servers.map(tokio::spawn);
        write_door(&door_file, &door)?;
        let chores = chores::start(keys, clock, limits, geo, watch);
        tracing::info!(%public_address, %admin_address, data_dir = %settings.data_dir.display(), "listening");
        Ok(App {
            state,
            public_address,
            admin_address,
            door_file,
            servers: handles,
            served,
            shipper,
            upkeep,
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
        &self.state.reports.gate.registry
    }

    /// Where addresses are, for whoever has its files read again.
    pub fn geo(&self) -> &Arc<Geo> {
        &self.state.reports.geo
    }

    /// Waits until everything acknowledged so far is in the store.
    ///
    /// # Errors
    /// The shipper has ended.
    pub async fn shipped(&self) -> anyhow::Result<()> {
        let goal: Position = self.state.intake.spool.durable();
        let mut progress = self.state.reports.freshness.progress.clone();
        progress.wait_for(|progress| progress.migrated && progress.shipped >= goal).await?;
        Ok(())
    }

    /// Waits until everything acknowledged so far is in every figure.
    ///
    /// # Errors
    /// The shipper or the upkeep has ended.
    pub async fn settled(&self) -> anyhow::Result<()> {
        self.shipped().await?;
        self.state.reports.freshness.upkeep.settle().await?;
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
            _ = &mut self.shipper.task => Err(anyhow::anyhow!("the shipper ended")),
            _ = &mut self.upkeep.task => Err(anyhow::anyhow!("the upkeep of the ledger ended")),
        };
        self.stop().await;
        ended
    }

    /// Stops in the order that the module's header gives.
    pub async fn stop(self) {
        tracing::info!("stopping");
        let App { state, door_file, servers, mut shipper, upkeep, chores, engine, .. } = self;
        for server in &servers {
            server.stop(true).await;
        }
        let _ = std::fs::remove_file(door_file);
        chores.iter().for_each(JoinHandle::abort);
        let telemetry = state.intake.telemetry.clone();
        drop(state);
        // One that ended by itself was already reported.
        let has_ended = shipper.task.is_finished();
        if !has_ended && tokio::time::timeout(DRAIN_TIMEOUT, &mut shipper.task).await.is_err() {
            tracing::warn!("some events stay in the spool and are sent at the next start");
            shipper.stop().await;
        }
        upkeep.stop().await;
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

/// What the admin listener serves, behind a token that is new at every start.
fn admin(
    state: &http::State,
    engine: Option<&Engine>,
    dead_letters: DeadLetters,
    forgotten: Forgotten,
) -> Admin {
    let http::State { intake, reports } = state.clone();
    let engine = engine.map(Engine::status);
    let health = Health { reports: reports.clone(), telemetry: intake.telemetry.clone(), engine };
    let operations = Operations { intake, reports, dead_letters, forgotten };
    Admin { token: random_token(), health, operations }
}

fn random_token() -> String {
    let mut random = [0; 32];
    fill_random(&mut random);
    hex(&random)
}

/// Where the door's file is. One left by a killed server leads nowhere.
fn remove_old_door(data_dir: &Path) -> PathBuf {
    let path = admin::door_file(data_dir);
    let _ = std::fs::remove_file(&path);
    path
}

/// Tells commands where the running server is.
fn write_door(path: &Path, door: &admin::Door) -> anyhow::Result<()> {
    file::replace(path, &serde_json::to_vec(door)?)
        .with_context(|| format!("cannot write {}", path.display()))
}
