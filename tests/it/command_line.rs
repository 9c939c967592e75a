//! The command line: `shopfunnel shop …`, `shopfunnel spool …`, and what a start says when it cannot be.

use crate::app::run;
use crate::server::{Installation, output, stderr};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::net::TcpListener;

fn installation() -> (tempfile::TempDir, Installation) {
    let directory = tempfile::tempdir().unwrap();
    let installation = Installation::new(directory.path());
    (directory, installation)
}

#[test]
fn keys_work_when_the_command_returns_while_the_server_runs() {
    run(async {
        let (_directory, installation) = installation();
        let server = installation.serve();
        let shop = installation.add_shop("tea");
        assert!(shop.script_tag.contains(&shop.public_key) && shop.script_tag.contains("/s.js"));
        let client = Client::builder().no_proxy().build().unwrap();
        let visit = json!({ "shop": shop.public_key, "kind": "visit" }).to_string();
        let sent =
            client.post(format!("{}/e", installation.url())).header("content-type", "text/plain").body(visit);
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::ACCEPTED);
        let read = async |key: &str| {
            let url = format!("{}/v1/shops/tea/funnel", installation.url());
            client.get(url).bearer_auth(key).send().await.unwrap().status()
        };
        assert_eq!(read(&shop.read_key).await, StatusCode::OK);

        let rotated =
            installation.run(&["shop", "rotate-key", "tea", "--kind", "read", "--revoke-old", "--json"]);
        let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap();
        assert_eq!(read(&shop.read_key).await, StatusCode::UNAUTHORIZED);
        assert_eq!(read(rotated["key"].as_str().unwrap()).await, StatusCode::OK);

        let currency = ["shop", "set", "tea", "--currency", "EUR"];
        let unasked = installation.run(&currency);
        assert_eq!(unasked.status.code(), Some(2), "{}", stderr(&unasked));
        assert!(stderr(&unasked).contains("stored amounts stay CNY"), "{}", stderr(&unasked));
        let asked = installation.run(&[&currency[..], &["--yes", "--json"]].concat());
        let card: Value = serde_json::from_slice(&asked.stdout).unwrap();
        assert_eq!(card["currency"], "EUR");

        let moved = installation.run(&["shop", "set", "tea", "--time-zone", "UTC"]);
        assert_eq!(moved.status.code(), Some(2));
        assert!(stderr(&moved).contains("fixed since its first event"), "{}", stderr(&moved));

        let unconfirmed = installation.run(&["shop", "rm", "tea"]);
        assert_eq!(unconfirmed.status.code(), Some(2));
        assert!(installation.run(&["shop", "rm", "tea", "--confirm", "tea"]).status.success());
        assert_eq!(read(rotated["key"].as_str().unwrap()).await, StatusCode::UNAUTHORIZED);
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn shops_are_added_listed_and_changed_without_a_server_too() {
    let (_directory, installation) = installation();
    installation.add_shop("tea");
    let set = ["shop", "set", "tea", "--name", "Tea House", "--origin", "https://tea.example", "--json"];
    let changed: Value = serde_json::from_slice(&installation.run(&set).stdout).unwrap();
    assert_eq!(
        (&changed["name"], &changed["origins"]),
        (&json!("Tea House"), &json!(["https://tea.example"]))
    );
    let listed: Value =
        serde_json::from_slice(&installation.run(&["shop", "list", "--json"]).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let shown = String::from_utf8(installation.run(&["shop", "show", "tea"]).stdout).unwrap();
    assert!(
        shown.contains("Tea House") && shown.contains("Asia/Shanghai") && shown.contains("<script"),
        "{shown}"
    );
}

#[test]
fn a_shop_is_not_added_where_the_running_server_never_looks() {
    let (_directory, installation) = installation();
    let server = installation.serve();
    let add = ["shop", "add", "--name", "Lost", "--time-zone", "UTC", "--currency", "CNY"];
    let mut elsewhere = installation.command(&add);
    elsewhere.env("SHOPFUNNEL_DATA_DIR", installation.data_dir.join("elsewhere"));
    let lost = output(elsewhere);
    assert_eq!(lost.status.code(), Some(2), "{}", stderr(&lost));
    assert!(stderr(&lost).contains("on another data directory"), "{}", stderr(&lost));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn the_spool_can_be_looked_at_beside_a_running_server() {
    let (_directory, installation) = installation();
    let server = installation.serve();
    let inspected = installation.run(&["spool", "inspect", "--json"]);
    let found: Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!((&found["waiting_records"], &found["segments"]), (&json!(0), &json!([])));
    let shown = String::from_utf8(installation.run(&["spool", "inspect"]).stdout).unwrap();
    assert!(shown.contains("0 records wait"), "{shown}");
    let dead_letters = |command: &str| {
        String::from_utf8(installation.run(&["spool", "dead-letter", command]).stdout).unwrap()
    };
    assert_eq!(dead_letters("list"), "no dead letters\n");
    assert_eq!(dead_letters("retry"), "0 dead letters are sent again\n");
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(dead_letters("retry"), "0 dead letters are sent again\n");
}

#[test]
fn what_is_typed_wrongly_exits_2_with_a_sentence() {
    let (_directory, installation) = installation();
    let add = |time_zone: &str, currency: &str| {
        let arguments = ["shop", "add", "--name", "Tea", "--time-zone", time_zone, "--currency", currency];
        installation.run(&arguments)
    };
    for (output, says) in [
        (add("Asia/Beijing", "CNY"), "`Asia/Beijing` is no IANA time zone"),
        (add("Asia/Shanghai", "RMB"), "`RMB` is no ISO 4217 currency code"),
        (installation.run(&["shop", "show", "none"]), "there is no shop `none`"),
        (installation.run(&["shop", "set", "none"]), "nothing to set"),
        (installation.run(&["--config", "none.toml", "serve"]), "there is no settings file none.toml"),
        (installation.run(&["shop", "add", "--name", "Tea"]), "--time-zone"),
    ] {
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

/// The back-end of a shop names its own key with our prefix.
#[test]
fn variables_that_are_no_settings_stop_nothing_and_settings_are_named_by_their_variable() {
    let (_directory, installation) = installation();
    let list = |name: &str, value: &str| {
        let mut command = installation.command(&[
            "shop",
            "add",
            "--name",
            "Tea",
            "--time-zone",
            "UTC",
            "--currency",
            "CNY",
        ]);
        command.env(name, value);
        output(command)
    };
    for (name, says) in [
        ("SHOPFUNNEL_SECRET_KEY", "SHOPFUNNEL_SECRET_KEY is no setting of shopfunnel and is ignored"),
        ("SHOPFUNNEL_LISTEM", "did you mean SHOPFUNNEL_LISTEN?"),
        ("SHOPFUNNEL_SPOOL__MAXBYTES", "did you mean SHOPFUNNEL_SPOOL__MAX_BYTES?"),
    ] {
        let done = list(name, "sk_5ecret");
        // Added the first time, and its slug is taken after that: either way the settings were read.
        assert!(!stderr(&done).contains("unknown field"), "{}", stderr(&done));
        assert_eq!(stderr(&done).matches(says).count(), 1, "{}", stderr(&done));
        assert!(!stderr(&done).contains("5ecret"), "{}", stderr(&done));
    }
    for (name, value) in [
        ("SHOPFUNNEL_LISTEN", "8080"),
        ("SHOPFUNNEL_SPOOL__MAX_BYTES", "much"),
        ("SHOPFUNNEL_SPOOL__MAX_BYTES", "1"),
        ("SHOPFUNNEL_LIMITS__REPORTS", "0"),
        ("SHOPFUNNEL_LIMITS__REPORTS", "many"),
        ("SHOPFUNNEL_TRUSTED_PROXIES", "proxy"),
        ("SHOPFUNNEL_PUBLIC_URL", "stats.shop.example"),
        ("SHOPFUNNEL_CLICKHOUSE__URL", "tcp://db:9000"),
        ("SHOPFUNNEL_CLICKHOUSE__DATABASE", "a-b"),
    ] {
        let wrong = list(name, value);
        assert_eq!(wrong.status.code(), Some(2), "{name}: {}", stderr(&wrong));
        assert!(stderr(&wrong).contains(&format!("the environment variable {name}: ")), "{}", stderr(&wrong));
    }
}

/// A failed start exits 1 with one line that says what to do.
fn assert_one_sentence(output: &std::process::Output, says: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let sentences: Vec<_> = text.lines().filter(|line| line.starts_with("shopfunnel: ")).collect();
    assert_eq!(sentences.len(), 1, "{text}");
    assert!(sentences[0].contains(says), "{text}");
}

#[test]
fn a_start_that_cannot_be_says_why_in_one_sentence() {
    let (_directory, installation) = installation();
    let serve = |name: &str, value: &str| {
        let mut command = installation.command(&["serve"]);
        command.env(name, value);
        output(command)
    };
    assert_one_sentence(
        &serve("SHOPFUNNEL_ENGINE__LIBRARY", "/nowhere/libchdb.so"),
        "run `shopfunnel engine install`",
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_one_sentence(&serve("SHOPFUNNEL_LISTEN", &address), "cannot listen on");

    let server = installation.serve();
    let other =
        Installation { data_dir: installation.data_dir.clone(), ..Installation::new(&installation.data_dir) };
    assert_one_sentence(&other.run(&["serve"]), "is in use by another shopfunnel");
    drop(server);
}

#[test]
fn a_newer_database_is_left_alone() {
    run(async {
        let (_directory, installation) = installation();
        let server = installation.serve();
        let future = "INSERT INTO migrations (name, checksum) SELECT '9999_future', 'x' FROM system.one";
        installation.execute(future).await;
        assert_eq!(installation.count("SELECT count() FROM migrations WHERE name = '9999_future'").await, 1);
        assert_eq!(server.terminate(), Some(0));
        assert_one_sentence(&installation.run(&["serve"]), "made by a newer shopfunnel");
    });
}

#[test]
fn grafana_is_given_what_it_needs() {
    run(async {
        let (_directory, installation) = installation();
        let early = installation.run(&["grafana"]);
        assert_one_sentence(&early, "start `shopfunnel serve` once");
        let server = installation.serve();
        let told = String::from_utf8(installation.run(&["grafana"]).stdout).unwrap();
        let value = |name: &str| {
            let line = told.lines().find(|line| line.trim().starts_with(name));
            line.unwrap_or_else(|| panic!("{name} in {told}")).trim()[name.len()..].trim().to_owned()
        };
        let (port, password) = (value("server port"), value("password"));
        let token = value("HTTP header");
        let token =
            token.strip_prefix("X-Engine-Token: ").and_then(|rest| rest.strip_suffix(" (secure)")).unwrap();
        assert_eq!(
            (value("user name").as_str(), value("default database").as_str()),
            ("grafana", "shopfunnel")
        );
        let url = format!("http://127.0.0.1:{port}/?database=shopfunnel");
        let client = Client::builder().no_proxy().build().unwrap();
        let request =
            client.post(url).basic_auth("grafana", Some(&password)).body("SELECT count() FROM shop_list");
        let request = request.header("X-Engine-Token", token);
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), "0\n");

        let written = installation.run(&["grafana", "files", "g", "--seen-at", "/srv/g"]);
        assert!(written.status.success(), "{}", stderr(&written));
        let folder = installation.data_dir.join("g");
        let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
        let source = read("provisioning/datasources/shopfunnel.yaml");
        for expected in [
            format!("port: {port}"),
            format!("\"password\":\"{password}\""),
            format!("\"secureHttpHeaders.X-Engine-Token\":\"{token}\""),
            "host: \"127.0.0.1\"".into(),
        ] {
            assert!(source.contains(&expected), "{expected} in {source}");
        }
        assert!(read("provisioning/dashboards/shopfunnel.yaml").contains("path: \"/srv/g/dashboards\""));
        let board: Value = serde_json::from_str(&read("dashboards/zh/funnel.json")).unwrap();
        assert_eq!(board["title"], "店铺转化漏斗");
        // Who has no Prometheus is not told again and again that it cannot be reached.
        let of_prometheus =
            ["datasources", "alerting"].map(|kind| format!("provisioning/{kind}/prometheus.yaml"));
        let there = || of_prometheus.iter().filter(|path| folder.join(path).exists()).count();
        assert_eq!(
            (there(), read("provisioning/alerting/shopfunnel.yaml").contains("prometheus")),
            (0, false)
        );
        let with = ["grafana", "files", "g", "--prometheus", "http://p.example:9090"];
        assert!(installation.run(&with).status.success());
        assert!(there() == 2 && read(&of_prometheus[0]).contains("url: \"http://p.example:9090\""));
        assert!(installation.run(&["grafana", "files", "g"]).status.success());
        assert_eq!(there(), 0);

        let embedded = installation.run(&["grafana", "user", "--shop", "tea"]);
        assert_eq!(embedded.status.code(), Some(2));
        assert!(stderr(&embedded).contains("clickhouse.url"), "{}", stderr(&embedded));
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn grafana_is_given_what_it_needs_of_a_server_of_ones_own() {
    let (_directory, installation) = installation();
    let external = |arguments: &[&str]| {
        let mut command = installation.command(arguments);
        command.env("SHOPFUNNEL_CLICKHOUSE__URL", "http://ch.example:8123");
        output(command)
    };
    let mut over_tls = installation.command(&["grafana", "files", "t"]);
    over_tls.env("SHOPFUNNEL_CLICKHOUSE__URL", "https://ch.example:8443");
    assert!(output(over_tls).status.success());
    let source = installation.data_dir.join("t/provisioning/datasources/shopfunnel.yaml");
    let source = std::fs::read_to_string(source).unwrap();
    assert!(source.contains("port: 8443") && source.contains("secure: true"), "{source}");
    let made = external(&["grafana", "user", "--shop", "tea"]);
    let statements = String::from_utf8(made.stdout.clone()).unwrap();
    assert!(statements.contains("CREATE USER IF NOT EXISTS grafana_tea "), "{statements}");
    assert!(stderr(&made).contains("user grafana_tea, password "), "{}", stderr(&made));
    assert!(stderr(&made).contains("26.7.6.5"), "{}", stderr(&made));
    let xml = external(&["grafana", "user", "--shop", "tea", "--xml"]);
    assert!(String::from_utf8(xml.stdout).unwrap().starts_with("<clickhouse>"));
    let wrong = external(&["grafana", "user", "--shop", "Tea House"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("Tea House"), "{}", stderr(&wrong));
}
