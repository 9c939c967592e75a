//! The embedded ClickHouse engine: a child process of our own program, kept running.
//!
//! The child (`shopfunnel engine`, see [`child`]) loads `libchdb.so` and serves ClickHouse's HTTP interface
//! on loopback. This module writes its settings, starts it, waits until it answers, starts it again with
//! back-off when it ends or stops answering, and stops it last. All it gives to the rest is a URL, a user and
//! a token. It never reads or writes a table, and nothing of the engine is loaded into this process.

pub mod child;
mod configuration;
pub mod confine;
pub mod library;
pub mod memory;
mod metadata;
mod settings;

pub use settings::Login;

use crate::backoff::{Backoff, spread};
use crate::file;
use crate::npm;
use settings::Settings;
use std::ffi::OsString;
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

/// What the npm package that holds the engine is called in the list of pinned ones.
pub const PACKAGE: &str = "engine";
const LIBRARY: &str = "libchdb.so";
/// Header of every request to the engine; without the right token in it, the engine has no handler.
pub const TOKEN_HEADER: &str = "X-Engine-Token";

/// What a start writes at most: settings, and some hundred small files of tables and views.
pub const START_BYTES: u64 = 4 << 20;

/// The engine starts in 0.2 s when idle; a loaded machine with many parts needs more.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// Unanswered health checks in a row after which a living child is killed and started again.
const MAX_UNANSWERED: u32 = 5;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// A child that lived this long resets the back-off.
const SETTLED: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// An engine whose parent was killed ends by itself within [`child::ORPHAN_GRACE`].
const PREDECESSOR_TIMEOUT: Duration = Duration::from_secs(20);

/// What the engine needs to run.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Directory of the engine's data, settings and log.
    pub directory: PathBuf,
    /// `libchdb.so`.
    pub library: PathBuf,
    /// The program whose hidden subcommand `engine` is the child: this one.
    pub program: PathBuf,
    /// Database that the `tracker` user owns and the `grafana` user reads. A trailing `*` means all with that
    /// prefix.
    pub database: String,
    /// Bound of what ClickHouse holds in memory; [`memory::default_max_bytes`] where `None`.
    pub max_memory_bytes: Option<u64>,
    /// All that the child's environment holds, of the variables of [`ENVIRONMENT`].
    pub environment: Vec<(&'static str, OsString)>,
}

/// Variables that the child is given where they are set; others may hold what is nobody's business, and
/// `/proc` would tell.
pub const ENVIRONMENT: [&str; 4] = ["PATH", "HOME", "TZ", "LD_LIBRARY_PATH"];

/// Why the engine does not run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "the ClickHouse engine is not installed ({} is missing); run `shopfunnel engine install`, or name a \
        libchdb.so with SHOPFUNNEL_ENGINE__LIBRARY, or an external server with SHOPFUNNEL_CLICKHOUSE__URL",
        .0.display()
    )]
    NotInstalled(PathBuf),
    #[error("{0}")]
    Library(String),
    #[error("cannot prepare the engine in {}: {cause}", path.display())]
    Prepare { path: PathBuf, cause: io::Error },
    #[error("the engine did not start: {0}")]
    NotStarted(String),
}

/// Version of the npm package that holds the engine.
pub fn version() -> &'static str {
    npm::version(PACKAGE)
}

/// `libchdb.so` in the per-user cache, where `shopfunnel engine install` puts it.
pub fn cached_library(cache_dir: &Path) -> PathBuf {
    cache_dir.join("engine").join(version()).join(LIBRARY)
}

/// A running engine. Dropping it without [`Engine::stop`] kills the child.
#[derive(Debug)]
pub struct Engine {
    directory: PathBuf,
    settings: Settings,
    status: EngineStatus,
    stop: watch::Sender<bool>,
    supervisor: tokio::task::JoinHandle<()>,
}

/// What became of the child, for whoever reports it.
#[derive(Debug, Clone)]
pub struct EngineStatus {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    directory: PathBuf,
    restarts: AtomicU64,
    /// Later ends are often only the consequence of the first.
    first_exit: OnceLock<String>,
}

impl EngineStatus {
    fn new(directory: &Path) -> EngineStatus {
        EngineStatus { state: Arc::new(State { directory: directory.to_owned(), ..State::default() }) }
    }

    /// Of the engine's files.
    pub fn directory(&self) -> &Path {
        &self.state.directory
    }

    /// How often the child was started again.
    pub fn restarts(&self) -> u64 {
        self.state.restarts.load(Ordering::Relaxed)
    }

    /// Why the child ended the first time it did.
    pub fn first_exit(&self) -> Option<&str> {
        self.state.first_exit.get().map(String::as_str)
    }
}

/// The port of the engine in a directory, and the user who may only read.
///
/// # Errors
/// No engine has been started there, or its files cannot be read.
pub fn reader_of(directory: &Path) -> io::Result<(u16, Login)> {
    let settings = Settings::read(directory)?;
    if settings.reader().token.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "its engine has not been started by this version",
        ));
    }
    Ok((settings.http_port(), settings.reader()))
}

impl Engine {
    /// Starts the engine and waits until it answers.
    ///
    /// # Errors
    /// The library is missing, the directory cannot be written, or the child ends or stays silent; the
    /// message then holds the last lines of its log.
    pub async fn start(options: EngineOptions) -> Result<Engine, EngineError> {
        match std::fs::metadata(&options.library) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(EngineError::NotInstalled(options.library));
            }
            // Looked at here too, because what the child says is found only in its log.
            _ => library::check(&options.library).map_err(EngineError::Library)?,
        }
        let prepare = |cause| EngineError::Prepare { path: options.directory.clone(), cause };
        file::create_private_directory(&options.directory).map_err(prepare)?;
        await_predecessor(&options.directory).await.map_err(EngineError::NotStarted)?;
        let max_memory_bytes = options.max_memory_bytes.unwrap_or_else(memory::default_max_bytes);
        let settings =
            Settings::prepare(&options.directory, &options.database, max_memory_bytes).map_err(prepare)?;
        metadata::mend(&options.directory).map_err(prepare)?;
        let status = EngineStatus::new(&options.directory);
        if !confine::is_possible() {
            tracing::warn!(
                "this kernel has no Landlock of Linux 5.19 or later, so who may ask the engine may read \
                what shopfunnel may: give password and token of its user `grafana` to nobody else"
            );
        }
        let directory = options.directory.clone();
        let launcher = Launcher { options, settings: settings.clone(), status: status.clone() };
        let running = launcher.launch().await.map_err(EngineError::NotStarted)?;
        let (stop, stopped) = watch::channel(false);
        let supervisor = tokio::spawn(supervise(launcher, running, stopped));
        Ok(Engine { directory, settings, status, stop, supervisor })
    }

    /// Base URL of the engine's HTTP interface, on loopback.
    pub fn url(&self) -> String {
        self.settings.url()
    }

    /// The user that owns the database.
    pub fn tracker(&self) -> Login {
        self.settings.tracker()
    }

    /// The user that may only read.
    pub fn reader(&self) -> Login {
        self.settings.reader()
    }

    /// To be called when all tables and views were made: tells the next start which of ClickHouse's files are
    /// whole.
    pub fn remember_tables(&self) {
        if let Err(error) = metadata::remember(&self.directory) {
            tracing::warn!(%error, "the views are made again at the next start");
        }
    }

    /// What became of the child; outlives the engine.
    pub fn status(&self) -> EngineStatus {
        self.status.clone()
    }

    /// Asks the child to end and waits for it; kills it when it does not.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the engine's supervisor ended badly");
        }
    }
}

/// A child that answers.
struct Running {
    child: Child,
    /// The child ends when this pipe closes. Taken out of `child`, because waiting for a child closes its
    /// own.
    _lifeline: Option<ChildStdin>,
}

/// Waits until no engine runs on the directory: one that outlives its killed parent for a moment still has
/// its port and its files.
async fn await_predecessor(directory: &Path) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + PREDECESSOR_TIMEOUT;
    loop {
        let lock = settings::lock_file(directory).map_err(|cause| cause.to_string())?;
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(cause)) => return Err(cause.to_string()),
            Err(TryLockError::WouldBlock) if tokio::time::Instant::now() > deadline => {
                return Err("another engine runs on the same directory and does not end".into());
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

struct Launcher {
    options: EngineOptions,
    settings: Settings,
    status: EngineStatus,
}

impl Launcher {
    /// Starts one child and waits until it answers.
    async fn launch(&self) -> Result<Running, String> {
        let directory = &self.options.directory;
        let log = self.settings.log_file(directory).map_err(|cause| cause.to_string())?;
        let errors = log.try_clone().map_err(|cause| cause.to_string())?;
        let mut child = Command::new(&self.options.program)
            .arg("engine")
            .arg("--library")
            .arg(&self.options.library)
            .arg("--directory")
            .arg(directory)
            .arg("--http-port")
            .arg(self.settings.http_port().to_string())
            .env_clear()
            .envs(self.options.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C in a terminal goes to the whole group; the engine must outlive the last insert.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|cause| format!("cannot run {}: {cause}", self.options.program.display()))?;
        let lifeline = child.stdin.take();
        let deadline = tokio::time::Instant::now() + START_TIMEOUT;
        loop {
            // Asked first, so that another program's answer on the port is not taken for a dead child's.
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!("it ended with {status}; {}", self.settings.log_tail(directory)));
            }
            if answers(&self.settings).await {
                return Ok(Running { child, _lifeline: lifeline });
            }
            if tokio::time::Instant::now() > deadline {
                return Err(format!(
                    "it did not answer within {} s; {}",
                    START_TIMEOUT.as_secs(),
                    self.settings.log_tail(directory)
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Keeps a child running until told to stop.
async fn supervise(launcher: Launcher, mut running: Running, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(FIRST_BACKOFF, MAX_BACKOFF);
    loop {
        let started = tokio::time::Instant::now();
        let ended = tokio::select! {
            _ = stopped.wait_for(|&stopped| stopped) => None,
            reason = until_it_ends(&mut running.child, &launcher.settings) => Some(reason),
        };
        let Some(reason) = ended else { return end(running.child).await };
        let reason = format!("{reason}; {}", launcher.settings.log_tail(&launcher.options.directory));
        tracing::error!(%reason, "the engine ended; starting it again");
        let _ = launcher.status.state.first_exit.set(reason);
        if started.elapsed() > SETTLED {
            backoff.reset();
        }
        running = loop {
            let pause = spread(backoff.pause(), fastrand::f64());
            tokio::select! {
                _ = stopped.wait_for(|&stopped| stopped) => return,
                () = tokio::time::sleep(pause) => {}
            }
            let launched = tokio::select! {
                // A child that is still starting is killed with the dropped future; nobody has used it yet.
                _ = stopped.wait_for(|&stopped| stopped) => return,
                launched = launcher.launch() => launched,
            };
            match launched {
                Ok(running) => break running,
                Err(error) => tracing::error!(%error, "the engine did not start; trying again"),
            }
        };
        launcher.status.state.restarts.fetch_add(1, Ordering::Relaxed);
        tracing::info!("the engine is back");
    }
}

/// Returns when the child has ended, or was killed because it stopped answering, and why.
async fn until_it_ends(child: &mut Child, settings: &Settings) -> String {
    let mut unanswered = 0;
    loop {
        tokio::select! {
            status = child.wait() => {
                return match status {
                    Ok(status) => format!("it ended with {status}"),
                    Err(error) => format!("it could not be waited for: {error}"),
                };
            }
            () = tokio::time::sleep(HEALTH_INTERVAL) => {}
        }
        unanswered = if answers(settings).await { 0 } else { unanswered + 1 };
        if unanswered == MAX_UNANSWERED {
            let _ = child.kill().await;
            return format!("it was killed after {MAX_UNANSWERED} unanswered health checks");
        }
    }
}

async fn end(mut child: Child) {
    if let Some(pid) = child.id() {
        child::terminate(pid);
    }
    if tokio::time::timeout(STOP_TIMEOUT, child.wait()).await.is_err() {
        tracing::warn!("the engine did not stop in time and is killed");
        let _ = child.kill().await;
    }
}

/// Whether ClickHouse's `/ping` answers `Ok.` to the tracker on the engine's port.
async fn answers(settings: &Settings) -> bool {
    let ping = async {
        let mut stream = TcpStream::connect(("127.0.0.1", settings.http_port())).await?;
        let token = settings.tracker().token;
        let request = format!("GET /ping HTTP/1.0\r\nHost: localhost\r\n{TOKEN_HEADER}: {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(4_096).read_to_end(&mut answer).await?;
        Ok::<_, io::Error>(answer.windows(3).any(|word| word == b"Ok."))
    };
    matches!(tokio::time::timeout(HEALTH_TIMEOUT, ping).await, Ok(Ok(true)))
}
