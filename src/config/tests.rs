//! Settings from files: what is taken, and what is said of what is not.

use super::*;

fn read(toml: &str) -> Result<Settings, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("shopfunnel.toml");
    std::fs::write(&file, toml).unwrap();
    Settings::read(Some(&file), "./data")
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let settings = read("").unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.public_url, "http://127.0.0.1:8080");
    assert!(matches!(settings.clickhouse, ClickHouse::Embedded(_)));
    assert!(settings.data_dir.is_absolute());
}

#[test]
fn the_example_file_is_accepted_with_every_line_uncommented() {
    let example = include_str!("../../shopfunnel.example.toml");
    assert!(read(example).is_ok());
    let uncommented: String =
        example.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
    assert_ne!(example, uncommented);
    read(&uncommented).unwrap();
}

/// Every setting of the file but the list of shops is a variable too, and no other.
#[test]
fn the_variables_are_the_settings_of_the_file() {
    let names = |section: &str| {
        let toml = if section.is_empty() { "zzz = 1".into() } else { format!("[{section}]\nzzz = 1") };
        let error = read(&toml).unwrap_err().to_string();
        let expected = error.split("expected ").nth(1).unwrap_or_else(|| panic!("{error}"));
        let expected = expected.split(" for key").next().unwrap_or_default();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut settings = Vec::new();
    for name in names("").into_iter().filter(|name| name != "shops") {
        if ["clickhouse", "engine", "geo", "spool", "log", "limits"].contains(&name.as_str()) {
            settings.extend(names(&name).into_iter().map(|inner| format!("{name}.{inner}")));
        } else {
            settings.push(name);
        }
    }
    let mut known = environment::SETTINGS.to_vec();
    known.sort_unstable();
    settings.sort_unstable();
    assert_eq!(settings, known);
}

#[test]
fn sizes_have_units_and_headers_names() {
    for (text, bytes) in
        [("1073741824", 1 << 30), ("\"1 GiB\"", 1 << 30), ("\"512m\"", 512 << 20), ("\"2GB\"", 2 << 30)]
    {
        let settings = read(&format!("[engine]\nmax_memory = {text}")).unwrap();
        let ClickHouse::Embedded(options) = settings.clickhouse else { panic!("{text}") };
        assert_eq!(options.max_memory_bytes, Some(bytes), "{text}");
    }
    let settings = read("[clickhouse]\nurl = \"http://db\"\nheaders = \"X-Key: a:b, X-Other: c\"").unwrap();
    let ClickHouse::External(options) = settings.clickhouse else { panic!("external") };
    assert_eq!(options.headers, [("X-Key".into(), "a:b".into()), ("X-Other".into(), "c".into())]);
}

#[test]
fn wrong_settings_are_named() {
    for (toml, says) in [
        ("listen = \"8080\"", "`listen` is `8080`"),
        ("trusted_proxies = [\"proxy\"]", "trusted_proxies"),
        ("public_url = \"stats.shop.example\"", "public_url"),
        ("[clickhouse]\nurl = \"tcp://db:9000\"", "clickhouse.url"),
        ("[clickhouse]\nurl = \"http://\"", "clickhouse.url"),
        ("[clickhouse]\nurl = \"https://me:s3cret@db\"", "…@db"),
        ("[clickhouse]\nurl = \"http://db:8123/?database=x\"", "clickhouse.url"),
        ("[clickhouse]\nurl = \"http://db:8123\"\nca_file = \"ca.pem\"", "clickhouse.ca_file"),
        ("[clickhouse]\nurl = \"https://db:8443\"\nca_file = \"/nowhere/ca.pem\"", "/nowhere/ca.pem"),
        ("[clickhouse]\ndatabase = \"a-b\"", "clickhouse.database"),
        ("[clickhouse]\nurl = \"http://db\"\nheaders = [\"X-Key\"]", "clickhouse.headers"),
        ("[engine]\nmax_memory = \"much\"", "engine.max_memory"),
        ("[engine]\nmax_memory = 1000", "engine.max_memory"),
        ("[log]\nformat = \"xml\"", "log.format"),
        ("[spool]\nmax_bytes = 0", "spool.max_bytes"),
        ("public_url = \"https://shop.example/?a=1\"", "public_url"),
        ("lisen = \"127.0.0.1:1\"", "lisen"),
        ("[[shops]]\nslug = \"tea\"", "name"),
    ] {
        let error = read(toml).unwrap_err().to_string();
        assert!(error.contains(says), "{toml}: {error}");
    }
}
