//! The two servers under load as child processes, and what the kernel tells about a process.

use anyhow::{Context, bail, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything that is awaited may take.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);
/// Nothing listens on the discard port, so a connection is refused at once.
const NO_CLICKHOUSE: &str = "http://127.0.0.1:9";
const SPOOL_MAX_BYTES: u64 = 40 << 30;
/// Of the shop, per second; far above what comes, so that limits are computed and refuse nobody.
const LIMIT: u64 = 10_000_000;

/// A server under load; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// `examples/null_server.rs`.
pub fn start_null(tracker: &Path) -> anyhow::Result<Server> {
    let program = tracker.with_file_name("examples").join("null_server");
    let mut child = Command::new(&program)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}; `make bench-ingest` builds it", program.display()))?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
    let address = line.trim().parse().context("the null server tells its address")?;
    Ok(Server { child, address })
}

/// A data directory of the tracker and its one shop.
pub struct Installation {
    program: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
    admin: SocketAddr,
    pub public_key: String,
}

/// `shopfunnel serve`.
pub struct Tracker {
    pub server: Server,
    admin: SocketAddr,
}

/// Whether accepted events go on to ClickHouse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shipper {
    /// ClickHouse is away: events stay in the spool.
    Paused,
    /// To the embedded engine.
    Running,
}

impl Installation {
    pub fn new(program: &Path, directory: PathBuf) -> anyhow::Result<Installation> {
        std::fs::create_dir_all(&directory)?;
        let (address, admin) = (free_address()?, free_address()?);
        let program = program.to_owned();
        let mut new = Installation { program, directory, address, admin, public_key: String::new() };
        let output = new
            .command(&["shop", "add", "--name", "Tea House", "--slug", "tea-house"])
            .args(["--time-zone", "Asia/Shanghai", "--currency", "CNY", "--json"])
            .output()?;
        ensure!(output.status.success(), "shop add: {}", String::from_utf8_lossy(&output.stderr));
        let shop: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        new.public_key = shop["public_key"].as_str().context("the public key")?.to_owned();
        Ok(new)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("SHOPFUNNEL_DATA_DIR", self.directory.join("data"))
            .env("SHOPFUNNEL_LISTEN", self.address.to_string())
            .env("SHOPFUNNEL_ADMIN_LISTEN", self.admin.to_string())
            .env("SHOPFUNNEL_SPOOL__MAX_BYTES", SPOOL_MAX_BYTES.to_string())
            .env("SHOPFUNNEL_LIMITS__SHOP_REQUESTS", LIMIT.to_string())
            .stdin(Stdio::null());
        command
    }

    /// Starts the server and waits until it answers.
    pub fn serve(&self, shipper: Shipper) -> anyhow::Result<Tracker> {
        let log = std::fs::File::options().create(true).append(true).open(self.directory.join("log"))?;
        let mut command = self.command(&["serve"]);
        if shipper == Shipper::Paused {
            command.env("SHOPFUNNEL_CLICKHOUSE__URL", NO_CLICKHOUSE);
        }
        let child = command.stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut tracker = Tracker { server: Server { child, address: self.address }, admin: self.admin };
        let deadline = Instant::now() + PATIENCE;
        while tracker.counter("events_accepted").is_err() {
            if let Some(status) = tracker.server.child.try_wait()? {
                let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                bail!("the tracker ended with {status}:\n{log}");
            }
            ensure!(Instant::now() < deadline, "the tracker does not start");
            std::thread::sleep(POLL);
        }
        Ok(tracker)
    }
}

impl Tracker {
    /// A counter of `/metrics` of the admin listener, by its name without prefix and suffix.
    pub fn counter(&self, name: &str) -> anyhow::Result<u64> {
        self.reading(&format!("shopfunnel_{name}_total"))
    }

    fn reading(&self, name: &str) -> anyhow::Result<u64> {
        let mut stream = TcpStream::connect(self.admin)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.with_context(|| format!("no {name} in {text}"))?.parse::<f64>()? as u64)
    }

    /// Waits until everything accepted is in ClickHouse, so that a backlog does not count against what is
    /// measured next.
    pub fn shipped(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.reading("shopfunnel_spool_oldest_age_seconds")? > 0
            || self.counter("events_shipped")? < self.counter("events_accepted")?
        {
            ensure!(Instant::now() < deadline, "events are not shipped within {PATIENCE:?}");
            std::thread::sleep(POLL * 10);
        }
        Ok(())
    }
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Seconds of processor time so far, of this process without its children.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // utime and stime are fields 14 and 15 of proc_pid_stat(5), in ticks of 1/100 s.
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    }

    /// MiB of resident memory now, of this process without its children.
    pub fn resident_mib(&self) -> f64 {
        self.status_mib("VmRSS:")
    }

    /// MiB of resident memory at the highest since [`Server::forget_peak`].
    pub fn peak_mib(&self) -> f64 {
        self.status_mib("VmHWM:")
    }

    pub fn forget_peak(&self) {
        // 5 resets VmHWM, see proc_pid_clear_refs(5). Without it the peak is one of the whole life.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5");
    }

    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }

    fn status_mib(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let kib = line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok());
        kib.unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that its engine has ended too when the next one wants the directory.
        let _ = Command::new("kill").arg(self.pid().to_string()).status();
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}
