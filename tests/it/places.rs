//! Databases of places: which are taken, which are refused, and that a broken one never replaces a whole one.
//!
//! The files are MaxMind's own test databases, which `make geo-test-data` brings, and the database of
//! countries that `make geo` brings.

use crate::app::{NOW_MS, TestApp, event_with, run, spawn_app, spawn_app_at};
use crate::mmdb::database;
use crate::server::{Installation, await_condition, output, signal, stderr};
use serde_json::{Value, json};
use shopfunnel::enrich::geo::{self, Geo, GeoOptions, Place};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

const TEST_DATA_VERSION: &str = "3.2.0";

fn cache() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .expect("HOME is set")
        .join("shopfunnel")
}

/// One of MaxMind's test databases.
pub fn test_data(name: &str) -> PathBuf {
    let file = cache().join("geo-test-data").join(TEST_DATA_VERSION).join("test-data").join(name);
    assert!(file.is_file(), "{} is missing: run `make geo-test-data`", file.display());
    file
}

fn countries() -> PathBuf {
    let file = geo::cached_database(&cache());
    assert!(file.is_file(), "{} is missing: run `make geo`", file.display());
    file
}

fn open(files: &[PathBuf]) -> Geo {
    Geo::open(GeoOptions { files: files.to_vec(), required: true }).unwrap()
}

fn place(country: &str, region: &str, city: &str) -> Place {
    Place { country: country.into(), region: region.into(), city: city.into() }
}

fn find(geo: &Geo, address: &str) -> Place {
    geo.find(address.parse::<IpAddr>().unwrap())
}

#[test]
fn known_addresses_have_known_places() {
    for name in ["GeoLite2-City-Test.mmdb", "GeoIP2-City-Test.mmdb"] {
        let geo = open(&[test_data(name)]);
        assert!(geo.knows_cities());
        for (address, expected) in [
            ("175.16.199.1", place("CN", "Jilin Sheng", "Changchun")),
            ("89.160.20.128", place("SE", "Östergötland County", "Linköping")),
            ("::ffff:89.160.20.128", place("SE", "Östergötland County", "Linköping")),
            ("81.2.69.142", place("GB", "England", "London")),
            ("2.125.160.216", place("GB", "England", "Boxford")),
            ("216.160.83.56", place("US", "Washington", "Milton")),
            ("2001:218::1", place("JP", "", "")),
            ("127.0.0.1", Place::default()),
            ("10.0.0.1", Place::default()),
            ("::1", Place::default()),
            ("0.0.0.0", Place::default()),
            ("203.0.113.9", Place::default()),
        ] {
            assert_eq!(find(&geo, address), expected, "{name} {address}");
        }
    }
}

#[test]
fn the_flat_database_of_countries_knows_countries_only() {
    let geo = open(&[countries()]);
    assert!(!geo.knows_cities());
    for (address, country) in [
        ("114.114.114.114", "CN"),
        ("8.8.8.8", "US"),
        ("240e:1f:1::1", "CN"),
        ("::ffff:8.8.8.8", "US"),
        // It has entries for these, which cannot be true.
        ("192.168.1.1", ""),
        ("10.1.2.3", ""),
        ("172.16.0.1", ""),
        ("100.64.0.1", ""),
        ("169.254.1.1", ""),
        ("fd00::1", ""),
        ("fe80::1", ""),
    ] {
        assert_eq!(find(&geo, address), place(country, "", ""), "{address}");
    }
}

#[test]
fn files_are_asked_in_turn_and_one_may_be_for_ipv4_alone() {
    let geo = open(&[test_data("GeoLite2-City-Test.mmdb"), countries()]);
    assert_eq!(find(&geo, "81.2.69.142").city, "London");
    assert_eq!(find(&geo, "114.114.114.114"), place("CN", "", ""));
    assert!(geo.knows_cities());
    assert_eq!(geo.databases().len(), 2);

    let directory = tempfile::tempdir().unwrap();
    let ipv4_alone = directory.path().join("ipv4.mmdb");
    let jinan = json!({ "country_code": "CN", "state1": "Shandong", "state2": "Lixia", "city": "Jinan" });
    std::fs::write(&ipv4_alone, database(&[("1.0.0.0", 8, jinan)])).unwrap();
    let geo = open(&[ipv4_alone, countries()]);
    for address in ["1.2.3.4", "::ffff:1.2.3.4"] {
        assert_eq!(find(&geo, address), place("CN", "Shandong", "Jinan"), "{address}");
    }
    assert_eq!(find(&geo, "240e:1f:1::1"), place("CN", "", ""));
}

#[test]
fn names_are_english_else_chinese_and_never_odd() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("odd.mmdb");
    let named = |names: Value| json!({ "country": { "iso_code": "cn" }, "city": { "names": names } });
    let odd = json!({ "country_code": "CN", "state1": " \u{202e}X\n", "city": "x".repeat(250) });
    let records = [
        (
            "1.0.0.0",
            named(json!({ "de": "Peking", "en": "Beijing", "zh-CN": "北京" })),
            place("CN", "", "Beijing"),
        ),
        ("2.0.0.0", named(json!({ "de": "Peking", "zh-CN": "北京" })), place("CN", "", "北京")),
        ("3.0.0.0", named(json!({ "de": "Peking" })), place("CN", "", "Peking")),
        ("4.0.0.0", odd, place("CN", "X", &"x".repeat(100))),
        ("5.0.0.0", json!({ "country_code": "China", "city": "Beijing" }), Place::default()),
        (
            "6.0.0.0",
            json!({ "country": "CN", "region": "Beijing", "city": "Beijing" }),
            place("CN", "", "Beijing"),
        ),
        (
            "7.0.0.0",
            json!({ "country": { "iso_code": "CN", "is_in_european_union": 0 } }),
            place("CN", "", ""),
        ),
    ];
    let networks: Vec<_> = records.iter().map(|(network, record, _)| (*network, 8, record.clone())).collect();
    std::fs::write(&file, database(&networks)).unwrap();
    let geo = open(&[file]);
    for (network, record, expected) in records {
        assert_eq!(find(&geo, network), expected, "{record}");
    }
}

/// MaxMind's broken files, and whole ones that hold no places.
fn unusable() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let root = test_data("GeoLite2-City-Test.mmdb");
    let root = root.parent().unwrap().parent().unwrap();
    let mut directories = vec![root.join("test-data"), root.join("bad-data")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let whole = ["City", "Country", "Enterprise"].iter().any(|kind| name.contains(kind))
                && !name.contains("Broken")
                && !name.contains("Invalid");
            if path.is_dir() {
                directories.push(path);
            } else if name.ends_with(".mmdb") && !whole {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_broken_file_is_refused_at_the_start() {
    let unusable = unusable();
    assert!(unusable.len() > 50, "{}", unusable.len());
    for name in
        ["Broken-Double-Format", "Invalid-Node-Count", "broken-pointers", "broken-search-tree", "cyclic"]
    {
        assert!(unusable.iter().any(|file| file.to_string_lossy().contains(name)), "{name}");
    }
    for file in unusable {
        let opened = Geo::open(GeoOptions { files: vec![file.clone()], required: true });
        let sentence = opened.err().unwrap_or_else(|| panic!("{} is taken", file.display())).to_string();
        assert!(
            sentence.contains("geo.database") && sentence.contains(&*file.to_string_lossy()),
            "{sentence}"
        );
    }
}

/// `country` of a new visitor at an address of the test databases.
async fn country_of(app: &TestApp, shop: &crate::app::TestShop, address: &str) -> String {
    let visitor = uuid::Uuid::now_v7().to_string();
    app.send(shop, &[event_with("visit", &visitor, NOW_MS, json!({ "ip": address }))]).await;
    app.app.shipped().await.unwrap();
    app.execute(&format!("SELECT country FROM event_log WHERE visitor = '{visitor}'")).await.trim().to_owned()
}

async fn metric(app: &TestApp, name: &str) -> Option<i64> {
    let url = format!("http://{}/metrics", app.app.admin_address());
    let text = app.client.get(url).send().await.unwrap().text().await.unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// As an updater does it.
fn replace(file: &Path, content: &Path) {
    let new = file.with_extension("new");
    std::fs::copy(content, &new).unwrap();
    std::fs::rename(new, file).unwrap();
}

const BUILT_AT: &str = "shopfunnel_geo_database_build_timestamp_seconds ";
const REFUSED: &str = "shopfunnel_geo_databases_refused ";

#[test]
fn a_broken_file_never_replaces_a_whole_one_and_a_whole_one_does_at_once() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("places.mmdb");
        replace(&file, &test_data("GeoLite2-Country-Test.mmdb"));
        let app = spawn_app_at(&[&file]).await;
        let shop = app.add_shop("tea");
        let geo = app.app.geo().clone();
        let built_at = metric(&app, BUILT_AT).await.unwrap();
        assert_eq!(
            (country_of(&app, &shop, "89.160.20.128").await.as_str(), geo.knows_cities()),
            ("SE", false)
        );

        for broken in unusable() {
            replace(&file, &broken);
            geo.check();
            assert_eq!(geo.refused(), 1, "{}", broken.display());
            assert_eq!(find(&geo, "89.160.20.128").country, "SE");
        }
        assert_eq!(country_of(&app, &shop, "89.160.20.128").await, "SE");
        assert_eq!((metric(&app, BUILT_AT).await, metric(&app, REFUSED).await), (Some(built_at), Some(1)));

        std::fs::remove_file(&file).unwrap();
        geo.check();
        assert_eq!((geo.refused(), country_of(&app, &shop, "89.160.20.128").await.as_str()), (1, "SE"));

        replace(&file, &test_data("GeoIP2-City-Test.mmdb"));
        geo.check();
        assert_eq!((geo.refused(), geo.knows_cities()), (0, true));
        assert_eq!(find(&geo, "89.160.20.128").city, "Linköping");
        assert_eq!(metric(&app, REFUSED).await, Some(0));
        app.close().await;
    });
}

#[test]
fn a_file_is_exchanged_while_events_arrive() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("places.mmdb");
        let (countries, cities) =
            (test_data("GeoLite2-Country-Test.mmdb"), test_data("GeoLite2-City-Test.mmdb"));
        replace(&file, &countries);
        let app = spawn_app_at(&[&file]).await;
        let shop = app.add_shop("tea");
        let geo = app.app.geo().clone();
        let exchanging = std::thread::spawn(move || {
            for round in 0..40 {
                replace(&file, if round % 2 == 0 { &cities } else { &countries });
                geo.check();
                assert_eq!(geo.refused(), 0);
            }
        });
        let mut sent = 0;
        while !exchanging.is_finished() || sent == 0 {
            let events: Vec<Value> = (0..50)
                .map(|n| {
                    event_with("visit", &format!("v{}", sent + n), NOW_MS, json!({ "ip": "89.160.20.128" }))
                })
                .collect();
            app.send(&shop, &events).await;
            sent += events.len();
        }
        exchanging.join().unwrap();
        assert_eq!(app.count("SELECT count() FROM event_log WHERE country = 'SE'").await, sent as u64);
        assert!(sent >= 50);
        app.close().await;
    });
}

#[test]
fn without_a_database_nobody_has_a_place_until_there_is_one() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        assert_eq!(country_of(&app, &shop, "8.8.8.8").await, "");
        assert_eq!((metric(&app, BUILT_AT).await, metric(&app, REFUSED).await), (None, Some(0)));
        app.close().await;
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("places.mmdb");
    let geo = Geo::open(GeoOptions { files: vec![file.clone()], required: false }).unwrap();
    assert_eq!((find(&geo, "81.2.69.142"), geo.refused()), (Place::default(), 0));
    replace(&file, &test_data("GeoLite2-City-Test.mmdb"));
    geo.check();
    assert_eq!(find(&geo, "81.2.69.142").city, "London");
}

#[test]
fn the_program_refuses_a_broken_database_reads_again_on_sighup_and_shows_what_it_uses() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("places.mmdb");
    let mut installation = Installation::new(directory.path());
    installation.environment.push(("SHOPFUNNEL_GEO__DATABASE", file.to_string_lossy().into_owned()));
    for content in [None, Some("GeoIP2-City-Test-Broken-Double-Format.mmdb"), Some("GeoLite2-ASN-Test.mmdb")]
    {
        content.inspect(|name| replace(&file, &test_data(name)));
        for command in [&["serve"][..], &["geo", "show"]] {
            let output = installation.run(command);
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            assert!(stderr(&output).contains("geo.database"), "{}", stderr(&output));
        }
    }

    replace(&file, &test_data("GeoLite2-Country-Test.mmdb"));
    let server = installation.serve();
    let show =
        || -> Value { serde_json::from_slice(&installation.run(&["geo", "show", "--json"]).stdout).unwrap() };
    assert_eq!(
        (&show()["knows_cities"], &show()["databases"][0]["kind"]),
        (&json!(false), &json!("GeoLite2-Country"))
    );
    replace(&file, &test_data("GeoLite2-City-Test.mmdb"));
    signal("HUP", server.pid());
    await_condition("the server reads its databases again", || {
        installation.log().contains("places were read again")
    });
    assert!(!installation.log().contains("cannot be used: "), "{}", installation.log());
    assert_eq!(show()["knows_cities"], json!(true));
    let shown = String::from_utf8(installation.run(&["geo", "show"]).stdout).unwrap();
    assert!(shown.contains("GeoLite2-City, built 2026-02-04") && shown.contains("cities"), "{shown}");
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_database_is_installed_once_and_never_from_another_package() {
    let directory = tempfile::tempdir().unwrap();
    let installation = Installation::new(directory.path());
    let by_default = |arguments: &[&str]| {
        let mut command = installation.command(arguments);
        command.env_remove("SHOPFUNNEL_GEO__DATABASE");
        command
    };
    let installed = output(by_default(&["geo", "install"]));
    assert!(installed.status.success(), "{}", stderr(&installed));
    let shown = String::from_utf8(output(by_default(&["geo", "show"])).stdout).unwrap();
    assert!(shown.contains("country ipvAll") && shown.contains("countries only"), "{shown}");

    // A registry that has something else under that name, and an empty cache.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let registry = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 4_096]);
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother";
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    let cache = directory.path().join("cache");
    let with_cache = |arguments: &[&str]| {
        let mut command = by_default(arguments);
        command.env("npm_config_registry", &registry).env("XDG_CACHE_HOME", &cache);
        output(command)
    };
    let refused = with_cache(&["geo", "install"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("the checksum of http://"), "{}", stderr(&refused));
    let shown = with_cache(&["geo", "show"]);
    assert!(shown.status.success() && String::from_utf8_lossy(&shown.stdout).contains("geo install"));
}
