//! The door of the embedded engine: who stands before it with nothing, with half a key, or with Grafana's,
//! and what each of them can do. Attacks run as another user of the machine where this test may become one.

use crate::app::{NOW_MS, event, run, spawn_app};
use crate::server::{Installation, as_owner, signal};
use shopfunnel::engine::{TOKEN_HEADER, confine};
use shopfunnel::store::StoreOptions;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a neighbour would ask for: data, files, users, rights, an end of the engine, its time and its memory.
const STATEMENTS: [&str; 12] = [
    "SELECT 1",
    "SELECT * FROM shopfunnel.events",
    "SELECT file('/etc/passwd')",
    "SELECT file('{directory}/shops.json')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM system.users",
    "CREATE DATABASE other",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP LISTEN HTTP",
    "SELECT length(groupArray(number)) FROM numbers(1000000000)",
    "SELECT sum(number) FROM system.numbers",
];
const PATHS: [&str; 12] = [
    "/",
    "/ping",
    "/play",
    "/dashboard",
    "/binary",
    "/merges",
    "/jemalloc",
    "/metrics",
    "/replicas_status",
    "/?query=SELECT%201",
    "/?query=SELECT%201&add_http_cors_header=1",
    "/?query=SELECT%201&user=default&password=",
];
/// The kernel's number of the user `nobody`.
const NOBODY: u32 = 65_534;
const CURL_SECONDS: &str = "20";

/// A real server whose engine is attacked, with a visit in its tables.
struct Target {
    installation: Installation,
    server: crate::server::Server,
    store: StoreOptions,
    _directory: TempDir,
}

/// An answer of the engine's port.
#[derive(Debug)]
struct Seen {
    status: u16,
    text: String,
}

impl Target {
    fn start(under: &[&str]) -> Target {
        let directory = tempfile::tempdir().unwrap();
        let mut installation = Installation::new(directory.path());
        let shop = installation.add_shop("tea");
        installation.under = under.iter().map(|&word| word.to_owned()).collect();
        let server = installation.serve();
        let store = installation.engine();
        run(async {
            let body = serde_json::json!([event("visit", "v", chrono::Utc::now().timestamp_millis())]);
            let client = reqwest::Client::new();
            let request =
                client.post(format!("{}/v1/events", installation.url())).bearer_auth(&shop.secret_key);
            assert_eq!(request.json(&body).send().await.unwrap().status(), 202);
        });
        Target { installation, server, store, _directory: directory }
    }

    /// What another user of the machine gets for a request to the engine's port.
    fn attack(&self, method: &str, path: &str, headers: &[String], body: &str) -> Seen {
        let port = self.store.url.rsplit(':').next().unwrap();
        let mut request =
            format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
        headers.iter().for_each(|header| request += &format!("{header}\r\n"));
        request += "\r\n";
        request += body;
        // Bash itself opens the connection, so nothing has to be installed or readable for the other user.
        let script = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port} || exit 7; printf %s \"$1\" >&3; exec timeout {CURL_SECONDS} \
            cat <&3"
        );
        let mut command = Command::new("/bin/bash");
        command.args(["-c", &script, "attack", &request]).current_dir("/").env_clear();
        if rustix::process::getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Seen { status, text: text.to_owned() }
    }

    fn statement(&self, statement: &str) -> String {
        statement.replace("{directory}", &self.installation.data_dir.join("data").display().to_string())
    }

    fn token_of_grafana(&self) -> String {
        let text = std::fs::read(self.installation.data_dir.join("data/engine/engine.json")).unwrap();
        let settings: serde_json::Value = serde_json::from_slice(&text).unwrap();
        settings["grafana_token"].as_str().unwrap().to_owned()
    }

    /// The engine of the start still serves: the child was never started again.
    fn is_unharmed(&self, engine_pids: &[u32]) {
        assert_eq!(self.server.engine_pids(), engine_pids);
        run(async {
            let client = reqwest::Client::new();
            let request =
                as_owner(client.post(format!("{}/?database=shopfunnel", self.store.url)), &self.store);
            let answer = request.body("SELECT 1").send().await.unwrap();
            assert_eq!(answer.text().await.unwrap(), "1\n");
        });
    }
}

/// Every way to come without the right token.
fn without_the_token(store: &StoreOptions) -> Vec<(&'static str, Vec<String>)> {
    let basic = |user: &str, password: &str| {
        let pair = format!("{user}:{password}");
        format!("Authorization: Basic {}", base64(pair.as_bytes()))
    };
    let half = &store.headers[0].1[..32];
    vec![
        ("nothing", vec![]),
        ("an empty token", vec![format!("{TOKEN_HEADER}: ")]),
        ("a wrong token", vec![format!("{TOKEN_HEADER}: {}", "0".repeat(48))]),
        ("half of the token", vec![format!("{TOKEN_HEADER}: {half}")]),
        ("a pattern for a token", vec![format!("{TOKEN_HEADER}: regex:.*")]),
        ("default by name", vec!["X-ClickHouse-User: default".into()]),
        ("default by basic", vec![basic("default", "")]),
        ("the tracker's password alone", vec![basic(&store.user, &store.password)]),
        ("from a page", vec!["Origin: https://evil.example".into()]),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn every_door_is_shut(under: &[&str], is_confined: bool) {
    let target = Target::start(under);
    assert_ne!(
        target.installation.log().contains("no Landlock"),
        is_confined,
        "{}",
        target.installation.log()
    );
    let engine = target.server.engine_pids();
    for (who, headers) in without_the_token(&target.store) {
        for statement in STATEMENTS {
            let seen = target.attack("POST", "/", &headers, &target.statement(statement));
            assert!(
                seen.status == 404 && seen.text.starts_with("There is no handle"),
                "{who}, {statement}: {seen:?}"
            );
        }
        for path in PATHS {
            let seen = target.attack("GET", path, &headers, "");
            assert_eq!(seen.status, 404, "{who}, {path}: {seen:?}");
        }
        let preflight = [&headers[..], &[format!("Access-Control-Request-Headers: {TOKEN_HEADER}")]].concat();
        let seen = target.attack("OPTIONS", "/?add_http_cors_header=1", &preflight, "");
        assert!((400..600).contains(&seen.status), "{who}, a preflight: {seen:?}");
    }
    target.is_unharmed(&engine);
    assert_eq!(target.server.terminate(), Some(0));
}

#[test]
fn a_neighbour_on_the_machine_finds_every_door_of_the_engine_shut() {
    every_door_is_shut(&[], confine::is_possible());
}

/// Where the kernel confines nothing, the token alone stands before every file of the owner.
#[test]
fn the_doors_are_shut_on_a_kernel_without_landlock_too() {
    every_door_is_shut(
        &[
            "strace",
            "-D",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=landlock_create_ruleset",
            "-e",
            "inject=landlock_create_ruleset:error=ENOSYS",
        ],
        false,
    );
}

#[test]
fn the_trackers_token_of_one_start_opens_nothing_after_the_next() {
    let mut target = Target::start(&[]);
    let old = target.store.clone();
    let grafana = target.token_of_grafana();
    signal("TERM", target.server.pid());
    crate::server::await_condition("the server ends", || target.server.ended().is_some());
    target.server = target.installation.serve();
    target.store = target.installation.engine();
    assert_ne!(target.store.headers, old.headers);
    assert_eq!(target.token_of_grafana(), grafana, "a data source outlives a restart");
    let headers = |store: &StoreOptions| {
        vec![
            format!("{}: {}", store.headers[0].0, store.headers[0].1),
            format!("X-ClickHouse-User: {}", store.user),
            format!("X-ClickHouse-Key: {}", store.password),
        ]
    };
    assert_eq!(target.attack("POST", "/", &headers(&old), "SELECT 1").status, 404);
    assert_eq!(target.attack("POST", "/", &headers(&target.store), "SELECT 1").text, "1\n");
    assert_eq!(target.server.terminate(), Some(0));
}

/// Grafana's token gets a caller as far as the users, of whom `default` has no password.
#[test]
fn who_has_grafanas_token_can_make_default_do_next_to_nothing() {
    let target = Target::start(&[]);
    let headers =
        [format!("{TOKEN_HEADER}: {}", target.token_of_grafana()), "X-ClickHouse-User: default".into()];
    for statement in
        STATEMENTS.iter().filter(|statement| !["SELECT 1", "SYSTEM STOP LISTEN HTTP"].contains(statement))
    {
        let started = Instant::now();
        let seen = target.attack("POST", "/", &headers, &target.statement(statement));
        // A file of ClickHouse's own or of the kernel's may be read, where Landlock holds the rest back.
        let is_file = statement.starts_with("SELECT file(") && !confine::is_possible();
        assert!(is_file || seen.status >= 400, "{statement}: {seen:?}");
        assert!(started.elapsed() < Duration::from_secs(15), "{statement} took {:?}", started.elapsed());
    }
    for setting in
        ["max_memory_usage=0", "max_rows_to_read=0", "max_threads=64", "max_concurrent_queries_for_user=0"]
    {
        let seen = target.attack("POST", &format!("/?{setting}"), &headers, "SELECT 1");
        assert!(seen.text.contains("(SETTING_CONSTRAINT_VIOLATION)"), "{setting}: {seen:?}");
        let seen = target.attack(
            "POST",
            "/",
            &headers,
            &format!("SELECT 1 SETTINGS {}", setting.replace('=', " = ")),
        );
        assert!(seen.text.contains("(SETTING_CONSTRAINT_VIOLATION)"), "{setting}: {seen:?}");
    }
    assert_eq!(target.server.terminate(), Some(0));
}

#[test]
fn the_tracker_owns_its_database_and_nothing_else() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "v", NOW_MS)]).await;
        for statement in ["CREATE DATABASE other", "SELECT * FROM file('/etc/passwd', 'LineAsString')"] {
            let request = as_owner(app.client.post(&app.store.url), &app.store);
            let text = request.body(statement).send().await.unwrap().text().await.unwrap();
            assert!(text.contains("(ACCESS_DENIED)"), "{statement}: {text}");
        }
        app.close().await;
    });
}
