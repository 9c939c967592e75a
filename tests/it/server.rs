//! The real program as a child process, for what only a process can show: kills, exit codes, printed words.
//!
//! The judge (`tests/chaos`) uses this file too, so it leans on nothing else of this harness.

use reqwest::RequestBuilder;
use serde_json::Value;
use shopfunnel::engine;
use shopfunnel::shops::command::AddedShop;
use shopfunnel::store::StoreOptions;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// How long any awaited condition may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory, the addresses its server uses, and how it is started.
pub struct Installation {
    /// Holds the server's `data` and its log.
    pub data_dir: PathBuf,
    pub port: u16,
    pub admin_port: u16,
    /// More settings, as environment variables.
    pub environment: Vec<(&'static str, String)>,
    /// A program and its arguments that `serve` is run under, such as a tracer; it must become the server
    /// itself.
    pub under: Vec<String>,
}

/// A running `shopfunnel serve`, killed when dropped.
pub struct Server {
    child: Child,
    /// The door that an earlier server left, if any.
    stale_door: Option<Vec<u8>>,
}

impl Installation {
    pub fn new(data_dir: &Path) -> Installation {
        Installation {
            data_dir: data_dir.to_owned(),
            port: free_port(),
            admin_port: free_port(),
            environment: Vec::new(),
            under: Vec::new(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The program with this installation's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.set_up(Command::new(env!("CARGO_BIN_EXE_shopfunnel")), arguments)
    }

    fn set_up(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .current_dir(&self.data_dir)
            .env("SHOPFUNNEL_DATA_DIR", self.data_dir.join("data"))
            .env("SHOPFUNNEL_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("SHOPFUNNEL_ADMIN_LISTEN", format!("127.0.0.1:{}", self.admin_port))
            .env("SHOPFUNNEL_ENGINE__LIBRARY", library())
            // Reading a database of places takes a second in a build that is not optimised.
            .env("SHOPFUNNEL_GEO__DATABASE", "")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        output(self.command(arguments))
    }

    pub fn add_shop(&self, slug: &str) -> AddedShop {
        let output = self.run(&[
            "shop",
            "add",
            "--name",
            slug,
            "--slug",
            slug,
            "--time-zone",
            "Asia/Shanghai",
            "--currency",
            "CNY",
            "--json",
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Starts the server and waits until it takes requests.
    pub fn serve(&self) -> Server {
        let mut server = self.launch();
        await_condition("the server starts", || {
            assert!(server.ended().is_none(), "the server ended at its start\n{}", self.log());
            self.is_open(&server)
        });
        server
    }

    /// Starts the server and waits for nothing.
    pub fn launch(&self) -> Server {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.data_dir.join("server.log"))
            .expect("a log file");
        let errors = log.try_clone().expect("a log file");
        let stale_door = std::fs::read(self.door()).ok();
        let mut command = match self.under.split_first() {
            None => self.command(&["serve"]),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(env!("CARGO_BIN_EXE_shopfunnel"));
                self.set_up(command, &["serve"])
            }
        };
        let child = command.stdout(log).stderr(errors).spawn().expect("the server starts");
        Server { child, stale_door }
    }

    /// Whether the server takes requests. The door is written when both listeners answer; until then SIGTERM
    /// would find no handler either.
    pub fn is_open(&self, server: &Server) -> bool {
        let door = std::fs::read(self.door()).ok();
        // Its token is new at every start.
        door.is_some() && door != server.stale_door
    }

    fn door(&self) -> PathBuf {
        self.data_dir.join("data/admin.json")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("server.log")).unwrap_or_default()
    }

    /// One number out of the embedded engine.
    pub async fn count(&self, sql: &str) -> u64 {
        let text = self.execute(sql).await;
        text.trim().parse().unwrap_or_else(|_| panic!("{sql}: {text}"))
    }

    /// What the embedded engine answers to a statement of its owner.
    pub async fn execute(&self, sql: &str) -> String {
        let engine = self.engine();
        let url = format!("{}/?database={}", engine.url, engine.database);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = as_owner(client.post(url), &engine);
        request.body(sql.to_owned()).send().await.expect("an answer").text().await.expect("text")
    }

    /// How the embedded engine's owner reaches it.
    pub fn engine(&self) -> StoreOptions {
        let settings = std::fs::read(self.data_dir.join("data/engine/engine.json")).expect("engine.json");
        let settings: Value = serde_json::from_slice(&settings).expect("JSON");
        StoreOptions {
            url: format!("http://127.0.0.1:{}", settings["http_port"]),
            ca_file: None,
            user: "tracker".into(),
            password: settings["tracker_password"].as_str().expect("a password").into(),
            headers: vec![(
                engine::TOKEN_HEADER.into(),
                settings["tracker_token"].as_str().expect("a token").into(),
            )],
            database: "shopfunnel".into(),
        }
    }
}

/// A request to ClickHouse as the owner of the tables.
pub fn as_owner(request: RequestBuilder, store: &StoreOptions) -> RequestBuilder {
    let request = request.basic_auth(&store.user, Some(&store.password));
    store.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the server can be waited for")
    }

    /// Process ids of the children of this server: its engine.
    pub fn engine_pids(&self) -> Vec<u32> {
        children_of(self.pid())
    }

    /// `kill -9`, and waits until the process is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server ends");
    }

    /// SIGTERM, and waits for its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        signal("TERM", self.pid());
        let mut code = None;
        await_condition("the server ends after SIGTERM", || {
            code = self.ended();
            code.is_some()
        });
        code.and_then(|status| status.code())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end, which must come within [`PATIENCE`].
pub fn output(mut command: Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let pid = child.id();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    receiver
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| {
            signal("KILL", pid);
            panic!("{command:?} does not end");
        })
        .expect("the program can be waited for")
}

/// `libchdb.so`, from `SHOPFUNNEL_ENGINE__LIBRARY` or the cache that `make engine` fills.
pub fn library() -> PathBuf {
    let set = std::env::var_os("SHOPFUNNEL_ENGINE__LIBRARY").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .expect("HOME is set");
    set.unwrap_or_else(|| engine::cached_library(&cache.join("shopfunnel")))
}

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

pub fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

pub fn is_alive(pid: u32) -> bool {
    // A killed process stays in /proc as a zombie until its parent, or init, has waited for it.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn children_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&pid| is_alive(pid))
        .filter(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            after_name.split_whitespace().nth(1) == Some(&parent.to_string())
        })
        .collect()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Polls until the condition holds.
pub fn await_condition(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
