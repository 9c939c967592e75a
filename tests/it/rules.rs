//! Rules of the codebase that a compiler does not know.

use crate::app::{NOW_MS, event, run, spawn_app};
use std::collections::{BTreeMap, BTreeSet};
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

/// Path of a file's module from the crate on: `src/http/edge/auth.rs` is `http`, `edge`, `auth`.
fn module(path: &Path) -> Vec<String> {
    let below = path.strip_prefix(root().join("src")).unwrap().with_extension("");
    let names = below.components().map(|name| name.as_os_str().to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
}

/// The source without what is compiled for tests only.
fn product(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        // The item ends where it begins to the right of the attribute's own column, as rustfmt writes it.
        let margin = &line[..line.len() - line.trim_start().len()];
        for line in lines.by_ref().skip_while(|line| line.trim_start().starts_with("#[")) {
            let ends = line.ends_with(';') || line.ends_with('}');
            if ends && line.starts_with(margin) && !line[margin.len()..].starts_with(' ') {
                break;
            }
        }
    }
    kept
}

/// Absolute paths of what a source names below `crate::` and `super::`. `of` is its own module.
fn named(text: &str, of: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line_start in ["crate::", "super::"] {
        for (at, _) in text.match_indices(line_start) {
            let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '$'));
            // Who may see an item is no use of it.
            if !begins || text[..at].ends_with("(in ") {
                continue;
            }
            let mut rest = &text[at..];
            let mut base = if rest.starts_with("crate::") { Vec::new() } else { of.to_vec() };
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some(above) = rest.strip_prefix("super::") {
                base.pop();
                rest = above;
            }
            tree(&base, rest, &mut found);
        }
    }
    // A folder's own module names its files without a word before them.
    for (at, _) in text.match_indices("use ").filter(|&(at, _)| at == 0 || text[..at].ends_with(['\n', ' ']))
    {
        let rest = &text[at + "use ".len()..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if text.contains(&format!("mod {name};")) {
            tree(of, rest, &mut found);
        }
    }
    found
}

/// Reads one tree of a `use`, or a path; returns what follows it.
fn tree<'a>(base: &[String], text: &'a str, found: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = base.to_vec();
    let mut rest = text;
    loop {
        if let Some(mut list) = rest.strip_prefix('{') {
            loop {
                list = list.trim_start();
                if let Some(behind) = list.strip_prefix('}') {
                    return behind;
                }
                list = tree(&path, list, found).trim_start();
                list = list.strip_prefix(',').unwrap_or(list);
                assert!(!list.is_empty(), "a list without an end");
            }
        }
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = &rest[..length];
        if !name.is_empty() && name != "self" {
            path.push(name.to_owned());
        }
        rest = &rest[length..];
        match rest.strip_prefix("::") {
            Some(behind) => rest = behind,
            None => {
                found.push(path);
                let renamed = rest
                    .strip_prefix(" as ")
                    .map(|name| name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'));
                let rest = renamed.unwrap_or(rest);
                return rest.strip_prefix('*').unwrap_or(rest);
            }
        }
    }
}

/// Each module of the product with the modules whose items it names.
fn uses() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let sources = sources();
    let modules: BTreeSet<Vec<String>> = sources.iter().map(|(path, _)| module(path)).collect();
    let uses = |(path, text): &(PathBuf, String)| {
        let of = module(path);
        let named = named(&product(text), &of).into_iter();
        let used = named.filter_map(|mut path| {
            while !path.is_empty() && !modules.contains(&path) {
                path.pop();
            }
            (!path.is_empty() && path != of).then_some(path)
        });
        (of.clone(), used.collect())
    };
    // Tests in a file of their own are no part of the product.
    sources.iter().filter(|(path, _)| !path.ends_with("tests.rs")).map(uses).collect()
}

/// Higher may use lower, never the reverse, never sideways.
const LAYERS: [&[&str]; 14] = [
    &["backoff", "clock", "durations", "file", "hash", "planted", "process", "room", "secret", "text", "tls"],
    &["metrics", "money", "npm"],
    &["engine", "enrich", "event", "funnel", "grafana", "identity", "shops", "spool", "telemetry"],
    &["ledger"],
    &["store"],
    &["new_values"],
    &["shipper"],
    &["upkeep"],
    &["operations"],
    &["http"],
    &["config"],
    &["app"],
    &["demo"],
    &["cli", "lib", "main"],
];

/// The same within `http`.
const WINGS: [&[&str]; 4] =
    [&["edge"], &["intake", "reports"], &["admin"], &["", "openapi", "pages", "state"]];

/// Whose files use each other in no circle.
const ONE_WAY: [&str; 5] = ["app", "http", "operations", "store", "upkeep"];

fn layer(layers: &[&[&str]], name: &str) -> usize {
    let found = layers.iter().position(|names| names.contains(&name));
    found.unwrap_or_else(|| panic!("`{name}` is in no layer; put it into one"))
}

#[test]
fn imports_point_one_way() {
    for (from, used) in uses() {
        for to in used.iter().filter(|to| to[0] != from[0]) {
            assert!(
                layer(&LAYERS, &to[0]) < layer(&LAYERS, &from[0]),
                "{from:?} uses {to:?}: it does not point down"
            );
        }
    }
}

#[test]
fn the_wings_of_http_use_each_other_one_way() {
    let wing = |module: &[String]| module.get(1).cloned().unwrap_or_default();
    for (from, used) in uses().into_iter().filter(|(from, _)| from[0] == "http") {
        for to in used.iter().filter(|to| to[0] == "http" && wing(to) != wing(&from)) {
            let (to_layer, from_layer) = (layer(&WINGS, &wing(to)), layer(&WINGS, &wing(&from)));
            // What stands beside the wings is put together from each other.
            let is_beside = to_layer == from_layer && from_layer == WINGS.len() - 1;
            assert!(to_layer < from_layer || is_beside, "{from:?} uses {to:?}: it does not point down");
        }
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let uses = uses();
    let inner = |module: &Vec<String>| ONE_WAY.contains(&module[0].as_str());
    let mut left: BTreeMap<_, BTreeSet<_>> = uses
        .iter()
        .filter(|(of, _)| inner(of))
        .map(|(of, used)| (of, used.iter().filter(|to| to[0] == of[0]).collect()))
        .collect();
    // Whoever uses nothing that is left is in no circle.
    loop {
        let free: Vec<_> = left.iter().filter(|(_, used)| used.is_empty()).map(|(of, _)| *of).collect();
        if free.is_empty() {
            break;
        }
        for module in free {
            left.remove(module);
            left.values_mut().for_each(|used| _ = used.remove(module));
        }
    }
    assert!(left.is_empty(), "in or above a circle: {left:#?}");
}

#[test]
fn the_rules_see_what_is_imported() {
    let text = "use crate::store::{self, ask::{moment, Row as R}, Store};\nuse super::super::edge::Gate;\n\
                #[cfg(test)]\nmod tests {\n    use crate::app::App;\n}\n\
                #[cfg(test)]\nuse crate::demo::Pages;\nfn f() { crate::engine::child::run() }\n";
    let of = ["http", "reports", "funnel"].map(str::to_owned);
    let named: Vec<String> = named(&product(text), &of).iter().map(|path| path.join("::")).collect();
    assert_eq!(
        named,
        [
            "store",
            "store::ask::moment",
            "store::ask::Row",
            "store::Store",
            "engine::child::run",
            "http::edge::Gate"
        ]
    );
}

#[test]
fn only_the_store_speaks_clickhouse_and_only_the_engine_is_unsafe() {
    for (path, text) in sources() {
        let module = module(&path).first().cloned().unwrap_or_default();
        assert!(module == "store" || !text.contains("clickhouse::"), "{}", path.display());
        assert!(!text.contains("unsafe ") || path.ends_with("engine/child.rs"), "{}", path.display());
        let reads_environment = product(&text).contains("env::var");
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
        // The column that it changes is another one since `0044_ledger_money`, and it is not run any more.
        for file in
            sql_files("migrations").into_iter().filter(|file| !file.ends_with("0031_ledger_cohorts.sql"))
        {
            app.execute(&fs::read_to_string(file).unwrap()).await;
        }
        app.send(&shop, &[event("visit", "v", NOW_MS)]).await;
        assert_eq!(app.count("SELECT uniqExact(visitor) FROM visitor_activity").await, 1);
        app.close().await;
    });
}
