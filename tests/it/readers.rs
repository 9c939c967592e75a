//! A user who reads one shop: what they see, and everything that must fail for them.

use crate::app::{run, store_of};
use crate::server::library;
use reqwest::{Client, StatusCode};
use shopfunnel::engine::{Engine, EngineOptions, TOKEN_HEADER, confine};
use shopfunnel::grafana::reader::{Reader, TABLES};
use shopfunnel::store::{Rebuild, Store};
use std::collections::BTreeSet;
use tempfile::TempDir;

const DATABASE: &str = "it_readers";
const PASSWORD: &str = "of tea";
/// What only the tracker works with.
const CLOSED: [&str; 9] = [
    "migrations",
    "view_texts",
    "seen_values",
    "ledger_changes",
    "ledger_rules",
    "ledger_orders",
    "ledger_visitors",
    "ledger_conversations",
    "ledger_keys",
];
const REFUSALS: [&str; 6] = [
    // No table that the reader may see fits the pattern.
    "(CANNOT_EXTRACT_TABLE_STRUCTURE)",
    "(ACCESS_DENIED)",
    "(PATH_ACCESS_DENIED)",
    "(READONLY)",
    "(SETTING_CONSTRAINT_VIOLATION)",
    "(INTO_OUTFILE_NOT_ALLOWED)",
];

/// An engine of its own whose `users.d` holds the product's file, with the tables and a row of two shops in
/// each.
struct Server {
    engine: Engine,
    client: Client,
    directory: TempDir,
}

fn reader<'a>(views: &'a [&'a str]) -> Reader<'a> {
    Reader { database: DATABASE, views, shop: "tea-1", password: PASSWORD }
}

impl Server {
    async fn start() -> Server {
        let directory = tempfile::tempdir().unwrap();
        let users = directory.path().join("users.d");
        std::fs::create_dir_all(&users).unwrap();
        let views: Vec<&str> = Store::views().collect();
        std::fs::write(users.join("reader.xml"), reader(&views).xml()).unwrap();
        let engine = Engine::start(EngineOptions {
            directory: directory.path().to_owned(),
            library: library(),
            program: env!("CARGO_BIN_EXE_shopfunnel").into(),
            database: DATABASE.into(),
            max_memory_bytes: None,
            environment: Vec::new(),
        })
        .await
        .expect("the engine starts with the file in users.d");
        Store::new(store_of(&engine, DATABASE)).unwrap().migrate(Rebuild::Now).await.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let server = Server { engine, client, directory };
        for shop in ["tea-1", "cup"] {
            // Whatever a table's other columns are, they have defaults.
            for table in TABLES {
                server.as_tracker(&format!("INSERT INTO {table} (shop) VALUES ('{shop}')")).await;
            }
        }
        server
    }

    async fn ask(&self, user: &str, password: &str, settings: &str, sql: &str) -> (StatusCode, String) {
        let url = format!("{}/?database={DATABASE}{settings}", self.engine.url());
        let request = self.client.post(url).basic_auth(user, Some(password)).body(sql.to_owned());
        let request = request.header(TOKEN_HEADER, self.engine.reader().token);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn as_tracker(&self, sql: &str) -> String {
        let login = self.engine.tracker();
        let (status, text) = self.ask(&login.user, &login.password, "", sql).await;
        assert_eq!(status, StatusCode::OK, "{sql}: {text}");
        text
    }

    async fn as_reader(&self, settings: &str, sql: &str) -> (StatusCode, String) {
        self.ask("grafana_tea_1", PASSWORD, settings, sql).await
    }
}

async fn assert_keys_are_guarded(server: &Server) {
    // Earlier servers show keys of every row there; `UNGUARDED` says so to whoever makes such a user.
    let version = server.as_tracker("SELECT version()").await;
    let version: Vec<u32> = version.trim().split('.').map_while(|part| part.parse().ok()).collect();
    for table in TABLES {
        let index = format!("SELECT * FROM mergeTreeIndex('{DATABASE}', '{table}')");
        let (_, text) = server.as_reader("", &index).await;
        let is_guarded = match version[..] {
            [26, 3, ..] => version >= vec![26, 3, 22, 6],
            [26, 5, ..] => version >= vec![26, 5, 8, 18],
            [26, 6, ..] => version >= vec![26, 6, 4, 10],
            _ => version >= vec![26, 7, 6, 5],
        };
        assert_eq!(text.contains("(ACCESS_DENIED)"), is_guarded, "{table}: {text}");
    }
}

async fn assert_refusals(server: &Server) {
    let mut allowed = Vec::new();
    for sql in STATEMENTS {
        let (status, text) = server.as_reader("", sql).await;
        // The embedded engine keeps no logs in tables.
        let is_absent = sql.contains("_log") && text.contains("(UNKNOWN_TABLE)");
        let is_refused = is_absent || REFUSALS.iter().any(|refusal| text.contains(refusal));
        if status == StatusCode::OK || !is_refused {
            allowed.push(format!("{sql}: {status} {text}"));
        }
    }
    assert!(allowed.is_empty(), "{}", allowed.join("\n"));
    for setting in
        ["readonly=0", "readonly=2", "max_memory_usage=99999999999", "use_query_cache=1", "max_threads=99"]
    {
        let (status, text) = server.as_reader(&format!("&{setting}"), "SELECT 1").await;
        let is_refused = status != StatusCode::OK && REFUSALS.iter().any(|refusal| text.contains(refusal));
        assert!(is_refused, "{setting}: {status} {text}");
    }
}

#[test]
fn a_reader_sees_one_shop_and_can_do_nothing_else() {
    run(async {
        let server = Server::start().await;
        // Every table that there is holds shops and is filtered, or is none of the reader's business.
        let found = server.as_tracker("SHOW TABLES").await;
        let views: BTreeSet<&str> = Store::views().collect();
        for table in found.lines().filter(|name| !views.contains(name) && !name.ends_with("_from_events")) {
            let is_closed = CLOSED.contains(&table);
            assert!(
                is_closed || TABLES.contains(&table),
                "`{table}` is new: may a reader of one shop see it?"
            );
            if is_closed {
                let (_, text) = server.as_reader("", &format!("SELECT count() FROM {table}")).await;
                assert!(text.contains("(ACCESS_DENIED)"), "{table}: {text}");
            }
        }
        for table in TABLES {
            let (status, seen) =
                server.as_reader("", &format!("SELECT DISTINCT toString(shop) FROM {table}")).await;
            assert_eq!((status, seen.as_str()), (StatusCode::OK, "tea-1\n"), "{table}");
            let (_, others) =
                server.as_reader("", &format!("SELECT count() FROM {table} WHERE shop = 'cup'")).await;
            assert_eq!(others, "0\n", "{table}");
        }
        let (status, list) = server.as_reader("", "SELECT shop FROM shop_list").await;
        assert_eq!((status, list.as_str()), (StatusCode::OK, "tea-1\n"));
        let of = |shop: &str| {
            format!("SELECT count() FROM visitor_head(shop = '{shop}', visitor = '') WHERE events > 0")
        };
        assert_eq!(
            server.as_reader("", &of("tea-1")).await.1,
            "1\n",
            "a view reads with its reader's rights"
        );
        assert_eq!(server.as_reader("", &of("cup")).await.1, "0\n");
        assert_eq!(
            server.as_reader("&max_execution_time=5", "SELECT 1").await.1,
            "1\n",
            "the plugin sets it"
        );

        assert_keys_are_guarded(&server).await;
        assert_refusals(&server).await;
        let (status, text) = server.ask("grafana_tea_1", "wrong", "", "SELECT 1").await;
        assert!(status != StatusCode::OK && text.contains("(AUTHENTICATION_FAILED)"), "{text}");
        server.engine.stop().await;
    });
}

/// The function `file` asks for no grant. Where the kernel cannot confine the engine it does answer, and the
/// program says so when it starts.
#[test]
fn no_file_outside_the_engine_is_read() {
    run(async {
        let server = Server::start().await;
        let directory = server.directory.path();
        std::fs::write(directory.join("secret"), "of ours").unwrap();
        let grafana = server.engine.reader();
        let mut read = Vec::new();
        for path in [
            "/etc/passwd".into(),
            format!("/proc/{}/environ", std::process::id()),
            directory.join("secret").display().to_string(),
            directory.join("engine.json").display().to_string(),
            directory.join("engine.log").display().to_string(),
            directory.join("data/../secret").display().to_string(),
        ] {
            for (user, password) in
                [(grafana.user.as_str(), grafana.password.as_str()), ("grafana_tea_1", PASSWORD)]
            {
                let (status, text) = server.ask(user, password, "", &format!("SELECT file('{path}')")).await;
                let (_, or_none) =
                    server.ask(user, password, "", &format!("SELECT file('{path}', 'none')")).await;
                if status == StatusCode::OK || or_none != "none\n" {
                    read.push(format!("{user}, {path}: {text}"));
                }
            }
        }
        assert_eq!(read.is_empty(), confine::is_possible(), "{}", read.join("\n"));
        let (_, environment) = server
            .ask(&grafana.user, &grafana.password, "", "SELECT file('/proc/self/environ', 'none')")
            .await;
        assert!(!environment.contains("CARGO"), "{environment}");
        server.engine.stop().await;
    });
}

/// What a reader may not do. The functions `file` and `mergeTreeIndex` are tried apart.
const STATEMENTS: &[&str] = &[
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.users",
    "SELECT * FROM system.row_policies",
    "SELECT * FROM system.grants",
    "SELECT * FROM system.settings_profiles",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.part_log",
    "SELECT * FROM system.text_log",
    "SELECT * FROM system.crash_log",
    "SELECT * FROM system.clusters",
    "SELECT * FROM system.disks",
    "SELECT * FROM system.detached_parts",
    "SELECT * FROM system.server_settings",
    "SELECT * FROM system.merges",
    "SELECT * FROM system.mutations",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'line String')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'LineAsString', 'line String')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1:1', system.one)",
    "SELECT * FROM executable('ls', 'LineAsString', 'line String')",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 'x String')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM azureBlobStorage('DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5', 'c', \
    'x', 'LineAsString')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'LineAsString', 'line String')",
    "SELECT * FROM odbc('DSN=x', 'd', 't')",
    "SELECT * FROM jdbc('x', 'd', 't')",
    "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String, v String')",
    "SELECT * FROM mergeTreeIndex('it_readers', 'ledger_changes')",
    "SELECT * FROM merge('it_readers', '^ledger_changes$')",
    "SELECT * FROM loop('it_readers', 'event_log') LIMIT 1",
    "SELECT * FROM it_readers.migrations",
    "SHOW ACCESS",
    "SHOW GRANTS FOR tracker",
    "SHOW CREATE USER tracker",
    "BACKUP TABLE event_log TO File('x')",
    "RESTORE TABLE event_log FROM File('x')",
    "CREATE DICTIONARY mine (x UInt64) PRIMARY KEY x SOURCE(CLICKHOUSE(TABLE 'event_log')) LAYOUT(FLAT()) \
    LIFETIME(0)",
    "CREATE NAMED COLLECTION mine AS x = 1",
    "INSERT INTO event_log (shop) VALUES ('tea-1')",
    "INSERT INTO annotations (shop, text) VALUES ('tea-1', 'x')",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'x String') SELECT 'x'",
    "INSERT INTO FUNCTION url('http://127.0.0.1:1/', 'CSV', 'x String') SELECT 'x'",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "CREATE DATABASE mine",
    "CREATE TABLE mine (x UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE mine (x UInt8)",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE FUNCTION mine AS x -> x",
    "CREATE USER mine",
    "CREATE ROLE mine",
    "CREATE ROW POLICY all_of_it ON it_readers.event_log USING 1 TO grafana_tea_1",
    "CREATE SETTINGS PROFILE mine",
    "ALTER USER grafana_tea_1 SETTINGS readonly = 0",
    "ALTER TABLE event_log DELETE WHERE 1",
    "ALTER TABLE event_log UPDATE text = 'x' WHERE 1",
    "ALTER TABLE event_log DROP PARTITION ID '202611'",
    "ALTER TABLE event_log ADD COLUMN x UInt8",
    "DELETE FROM event_log WHERE 1",
    "DROP TABLE event_log",
    "DROP DATABASE it_readers",
    "DROP ROW POLICY shopfunnel ON it_readers.event_log",
    "TRUNCATE TABLE event_log",
    "RENAME TABLE event_log TO others",
    "OPTIMIZE TABLE event_log",
    "DETACH TABLE event_log",
    "GRANT SELECT ON it_readers.* TO grafana_tea_1",
    "REVOKE ALL ON it_readers.event_log FROM tracker",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "SYSTEM FLUSH LOGS",
    "SYSTEM DROP QUERY CACHE",
    "SET readonly = 0",
    "SET max_memory_usage = 99999999999",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_memory_usage = 99999999999",
    "SELECT count() FROM event_log SETTINGS use_query_cache = 1",
];

/// The engine of these tests keeps no users of its own, so statements that make some are only read by it.
#[test]
fn the_statements_for_an_external_server_are_read_by_clickhouse() {
    run(async {
        let server = Server::start().await;
        let views: Vec<&str> = Store::views().collect();
        let text = reader(&views).statements();
        let statements: Vec<&str> = text.split(";\n").filter(|statement| !statement.is_empty()).collect();
        assert_eq!(statements.len(), 4 + 2 * TABLES.len() + views.len());
        for statement in &statements {
            server.as_tracker(&format!("EXPLAIN AST {statement}")).await;
        }
        for table in TABLES {
            let policy = format!("ON {DATABASE}.{table} USING shop = 'tea-1' TO grafana_tea_1");
            assert!(
                text.contains(&policy) && text.contains(&format!("GRANT SELECT ON {DATABASE}.{table} TO")),
                "{table}"
            );
        }
        assert!(!text.contains(PASSWORD) && !reader(&views).xml().contains(PASSWORD));
        server.engine.stop().await;
    });
}
