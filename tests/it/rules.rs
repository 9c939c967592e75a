//! Rules of the codebase that a compiler does not know.

use crate::app::{NOW_MS, event, run, spawn_app};
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a folder, and of the folders in it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

pub fn sources() -> Vec<(PathBuf, String)> {
    let files = files(&root().join("src")).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The SQL files of a folder below `sql`, and of the folders in it.
pub fn sql_files(folder: &str) -> Vec<PathBuf> {
    let mut files = files(&root().join("sql").join(folder));
    files.sort();
    files
}

/// The module a file belongs to: the first name below `src`.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Higher may use lower, never the reverse, never sideways.
const LAYERS: [&[&str]; 13] = [
    &["clock", "durations", "file", "money", "planted", "process", "room", "secret", "text", "tls"],
    &["metrics", "npm"],
    &["engine", "enrich", "event", "funnel", "grafana", "identity", "shops", "spool", "telemetry"],
    &["ledger"],
    &["store"],
    &["new_values"],
    &["shipper"],
    &["upkeep"],
    &["forget"],
    &["http"],
    &["config"],
    &["app", "demo"],
    &["cli", "lib", "main"],
];

#[test]
fn imports_point_one_way() {
    let layer = |module: &str| {
        LAYERS
            .iter()
            .position(|modules| modules.contains(&module))
            .unwrap_or_else(|| panic!("`{module}` is in no layer; put it into one"))
    };
    for (path, text) in sources() {
        let from = module(&path);
        for (position, _) in text.match_indices("crate::") {
            let rest = &text[position + "crate::".len()..];
            let names: Vec<String> = match rest.strip_prefix('{') {
                Some(list) => list[..list.find('}').unwrap()]
                    .split(',')
                    .map(|name| name.trim().split("::").next().unwrap_or_default().to_owned())
                    .collect(),
                None => vec![rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()],
            };
            for to in names.iter().filter(|to| !to.is_empty() && **to != from) {
                // The demo is wired into the app's routes and starts the app: the one cycle, both on top.
                let wiring = layer(&from) == layer(to) && ["app", "demo"].contains(&from.as_str());
                let edge = (from.as_str(), to.as_str());
                assert!(
                    layer(to) < layer(&from) || wiring,
                    "{} imports {}: {edge:?} does not point down",
                    path.display(),
                    to
                );
            }
        }
    }
}

#[test]
fn only_the_store_speaks_clickhouse_and_only_the_engine_is_unsafe() {
    for (path, text) in sources() {
        let module = module(&path);
        assert!(module == "store" || !text.contains("clickhouse::"), "{}", path.display());
        assert!(!text.contains("unsafe ") || path.ends_with("engine/child.rs"), "{}", path.display());
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let reads_environment = product.contains("env::var");
        assert!(!reads_environment || module == "config", "{}", path.display());
    }
}

/// The text of a file of the repository.
fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_oldest_compiler_is_the_same_wherever_it_is_told() {
    let manifest = text("Cargo.toml");
    let told = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"')
        .to_owned();
    for (path, sentence) in [("README.md", "You need Rust "), ("README.zh-CN.md", "需要 Linux x86-64、Rust ")]
    {
        let readme = text(path);
        let (_, behind) = readme.split_once(sentence).unwrap_or_else(|| panic!("{path} tells no compiler"));
        let version: String = behind.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        assert_eq!(version.trim_end_matches('.'), told, "{path}");
    }
    assert!(!text("clippy.toml").contains("msrv"), "clippy reads it from Cargo.toml");
}

#[test]
fn every_module_opens_with_its_job() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} has no header", path.display());
    }
}

#[test]
fn every_sql_file_opens_with_what_it_is() {
    for folder in ["migrations", "values", "views"] {
        for path in sql_files(folder) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("-- "), "{}", path.display());
            let statement = text.lines().filter(|line| !line.trim_start().starts_with("--"));
            assert!(
                !statement.collect::<String>().contains(';'),
                "{} must hold one statement",
                path.display()
            );
        }
    }
}

/// A server may end between a statement and the entry that says it ran.
#[test]
fn every_migration_may_run_twice() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for file in sql_files("migrations") {
            app.execute(&fs::read_to_string(file).unwrap()).await;
        }
        app.send(&shop, &[event("visit", "v", NOW_MS)]).await;
        assert_eq!(app.count("SELECT uniqExact(visitor) FROM visitor_days").await, 1);
        app.close().await;
    });
}
