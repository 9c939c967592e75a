//! `shopfunnel import events`: a shop's past, in figures.

use crate::app::{event, event_with, run};
use crate::server::{Installation, output, stderr};
use reqwest::Client;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// 2025-03-14 in Shanghai.
const DAY: &str = "2025-03-14";
const NOON_MS: i64 = 1_741_924_800_000;

/// A day on which one of three asks and buys, one only looks, and one leaves.
fn past() -> Vec<Value> {
    let order = json!({ "order_id": "A-1", "amount": "12.50" });
    vec![
        event("visit", "asks", NOON_MS),
        event("inquiry", "asks", NOON_MS + 1),
        event_with("order", "asks", NOON_MS + 2, order.clone()),
        event_with("payment", "asks", NOON_MS + 3, order),
        event("visit", "looks", NOON_MS),
        event("visit", "looks", NOON_MS + 60_000),
        event("visit", "leaves", NOON_MS),
    ]
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

async fn day(installation: &Installation, shop: &str, read_key: &str) -> Value {
    let client = Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/shops/{shop}/funnel?from={DAY}&to={DAY}", installation.url());
    let answer = client.get(url).bearer_auth(read_key).send().await.unwrap();
    answer.json().await.unwrap()
}

#[test]
fn an_import_counts_once_however_often_it_is_run_and_fills_no_spool() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        let server = installation.serve();
        let shop = installation.add_shop("tea");
        let file = directory.path().join("past.ndjson");
        let import = ["import", "events", file.to_str().unwrap(), "--shop", "tea", "--json"];
        let mut past = past();
        past[0].as_object_mut().unwrap().remove("id");
        let past = lines(&past);
        // What another program puts before the first line changes nothing, also not the id that is made of
        // its text.
        for mark in ["", "\u{feff}"] {
            std::fs::write(&file, format!("{mark}{past}")).unwrap();
            let done = installation.run(&import);
            assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
            let receipt: Value = serde_json::from_slice(&done.stdout).unwrap();
            assert_eq!((&receipt["lines"], &receipt["imported"]), (&json!(7), &json!(7)));
        }
        let found = day(&installation, "tea", &shop.read_key).await;
        let funnel = &found["funnel"];
        let counts = ["visitors", "bounced", "effective", "inquirers", "inquiry_buyers", "inquiry_payers"];
        assert_eq!(json!(counts.map(|id| &funnel[id])), json!([3, 1, 2, 1, 1, 1]), "{funnel}");
        assert_eq!(found["money"][0]["paid_amount"], "12.5000");
        assert_eq!(installation.count("SELECT count(DISTINCT id) FROM event_log").await, 7);

        let spool = installation.run(&["spool", "inspect", "--json"]);
        let spool: Value = serde_json::from_slice(&spool.stdout).unwrap();
        assert_eq!((&spool["segments"], &spool["waiting_records"]), (&json!([]), &json!(0)), "{spool}");
        // The days of the import hold from now on.
        let moved = installation.run(&["shop", "set", "tea", "--time-zone", "UTC"]);
        assert!(stderr(&moved).contains("fixed since its first event"), "{}", stderr(&moved));
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn lines_that_cannot_be_taken_are_named_by_their_number_and_stop_no_other() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        let server = installation.serve();
        let shop = installation.add_shop("tea");
        let timeless = json!({ "kind": "visit", "visitor": "a" });
        let mut text = lines(&past()[..2]);
        text += "\nno json\n";
        text += &format!("{timeless}\n");
        text += &format!("{}\n", "x".repeat(70_000));
        text += &lines(&past()[2..]);
        text += &event("sale", "a", NOON_MS).to_string();
        let mut command = installation.command(&["import", "events", "-", "--shop", "tea", "--json"]);
        let file = directory.path().join("lines");
        std::fs::write(&file, text).unwrap();
        command.stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
        let done = output(command);
        assert_eq!(done.status.code(), Some(1));
        assert!(stderr(&done).contains("4 lines were rejected"), "{}", stderr(&done));
        let receipt: Value = serde_json::from_slice(&done.stdout).unwrap();
        let rejected: Vec<_> = receipt["rejected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rejected| (rejected["line"].as_u64().unwrap(), rejected["code"].as_str().unwrap()))
            .collect();
        assert_eq!(
            rejected,
            [(4, "invalid_event"), (5, "at_required"), (6, "event_too_large"), (12, "invalid_kind")]
        );
        assert_eq!((&receipt["lines"], &receipt["imported"]), (&json!(11), &json!(7)));
        assert_eq!(day(&installation, "tea", &shop.read_key).await["funnel"]["visitors"], 3);
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn what_a_slow_producer_has_told_is_in_the_figures_before_it_goes_on() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        let server = installation.serve();
        let shop = installation.add_shop("tea");
        let mut command = installation.command(&["import", "events", "-", "--shop", "tea", "--json"]);
        let mut import = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = import.stdin.take().unwrap();
        let past = past();
        for (visitors, piece) in [(1, &past[..3]), (3, &past[3..])] {
            input.write_all(lines(piece).as_bytes()).unwrap();
            let deadline = Instant::now() + Duration::from_secs(60);
            while day(&installation, "tea", &shop.read_key).await["funnel"]["visitors"] != visitors {
                assert!(Instant::now() < deadline, "waited in vain for {visitors} visitors");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        drop(input);
        let done = import.wait_with_output().unwrap();
        let receipt: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!((&receipt["lines"], &receipt["imported"]), (&json!(7), &json!(7)));
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn what_was_typed_wrongly_imports_nothing_and_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let installation = Installation::new(directory.path());
    let file = directory.path().join("past.ndjson");
    std::fs::write(&file, lines(&past())).unwrap();
    let file = file.to_str().unwrap();
    installation.add_shop("tea");
    let alone = installation.run(&["import", "events", file, "--shop", "tea"]);
    assert_eq!(alone.status.code(), Some(1));
    assert!(stderr(&alone).contains("shopfunnel serve"), "{}", stderr(&alone));
    let server = installation.serve();
    for (arguments, hint) in [
        (["import", "events", "/nowhere.ndjson", "--shop", "tea"], "cannot read /nowhere.ndjson"),
        (["import", "events", file, "--shop", "coffee"], "shopfunnel shop list"),
    ] {
        let wrong = installation.run(&arguments);
        assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
        assert!(stderr(&wrong).contains(hint), "{}", stderr(&wrong));
    }
    assert_eq!(server.terminate(), Some(0));
}
