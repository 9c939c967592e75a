//! What whoever watches the server is told: whether events are taken, why not, and what the log and the
//! counters say.

use crate::app::{read, run, spawn_app};
use crate::full_disk::send;
use crate::server::{Installation, await_condition};
use crate::small_disk::Disk;
use serde_json::{Value, json};
use shopfunnel::shops::command::AddedShop;
use std::path::Path;
use std::sync::Arc;

const SPOOL_BYTES: u64 = 16 << 20;
const SEGMENT_BYTES: u64 = SPOOL_BYTES / 8;

fn ready(installation: &Installation) -> (u16, Value) {
    run(async {
        let url = format!("http://127.0.0.1:{}/readyz", installation.admin_port);
        let (status, body) = read(reqwest::get(url).await.unwrap()).await;
        (status.as_u16(), body)
    })
}

/// Sends what fills segments quickly; status and sentence of the answer.
async fn send_much(installation: &Installation, shop: &AddedShop) -> (u16, String) {
    let events: Vec<Value> = (0..1_000)
        .map(|_| json!({ "kind": "visit", "visitor": "v", "id": uuid::Uuid::now_v7(), "title": "t".repeat(500) }))
        .collect();
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/v1/events", installation.url())).bearer_auth(&shop.secret_key);
    let (status, body) = read(request.json(&events).send().await.unwrap()).await;
    (status.as_u16(), body["error"]["message"].as_str().unwrap_or("").to_owned())
}

fn with_small_segments(place: &Path) -> (Installation, AddedShop) {
    let mut installation = Installation::new(place);
    installation.environment.push(("SHOPFUNNEL_SPOOL__MAX_BYTES", SPOOL_BYTES.to_string()));
    let shop = installation.add_shop("tea");
    (installation, shop)
}

#[test]
fn a_full_disk_is_told_before_and_while_events_are_refused_and_forgotten_when_there_is_room() {
    let place = tempfile::tempdir().unwrap();
    let disk = Disk::mount(&place.path().join("disk"));
    let (installation, shop) = with_small_segments(&disk.at);
    let server = installation.serve();
    assert_eq!(run(send(&installation, &shop, "v")), 202);
    let (status, body) = ready(&installation);
    assert_eq!((status, &body["ready"], &body["store"]), (200, &json!(true), &json!("ok")), "{body}");

    disk.leave(SEGMENT_BYTES / 2);
    let (status, body) = ready(&installation);
    assert_eq!((status, &body["trouble"]["code"]), (503, &json!("disk_full")), "{body}");
    assert!(body["spool_disk_free_bytes"].as_u64().unwrap() < SEGMENT_BYTES, "{body}");
    let mut refused = 0;
    await_condition("events are refused", || {
        let (status, sentence) = run(send_much(&installation, &shop));
        if status == 503 {
            assert!(sentence.contains("the disk is full"), "{sentence}");
            refused += 1;
        }
        refused == 20
    });
    assert_eq!(ready(&installation).0, 503);
    let told = installation.log().matches("events are refused").count();
    assert!((1..=2).contains(&told), "{told} lines of {refused} refusals");

    disk.free();
    await_condition("the server is ready again without anybody sending", || ready(&installation).0 == 200);
    assert_eq!(run(send(&installation, &shop, "w")), 202);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_disk_that_does_not_answer_is_told() {
    let place = tempfile::tempdir().unwrap();
    // Of the spool alone: the log and the tables go on.
    let disk = Disk::mount(&place.path().join("data/spool"));
    let (installation, shop) = with_small_segments(place.path());
    let installation = Arc::new(installation);
    let server = installation.serve();
    disk.freeze();
    let sending = std::thread::spawn({
        let installation = installation.clone();
        let shop = shop.clone();
        move || run(send(&installation, &shop, "v"))
    });
    await_condition("the frozen disk is told", || ready(&installation).1["trouble"]["code"] == "disk_frozen");
    assert_eq!(ready(&installation).0, 503);
    disk.thaw();
    assert_eq!(sending.join().unwrap(), 202, "what waited is taken when the disk answers");
    await_condition("the server is ready again", || ready(&installation).0 == 200);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn the_log_is_an_object_a_line_when_asked_and_ends_with_what_was_done() {
    let directory = tempfile::tempdir().unwrap();
    let mut installation = Installation::new(directory.path());
    installation.environment.push(("SHOPFUNNEL_LOG__FORMAT", "json".into()));
    let shop = installation.add_shop("tea");
    let server = installation.serve();
    assert_eq!(run(send(&installation, &shop, "v")), 202);
    assert_eq!(server.terminate(), Some(0));
    let log = installation.log();
    // What is printed for people goes to standard output, which is in the same file here.
    let lines = log.lines().filter(|line| !line.starts_with("shopfunnel answers"));
    let lines: Vec<Value> =
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let last = lines.last().unwrap();
    assert_eq!((&last["message"], &last["level"]), (&json!("stopped"), &json!("INFO")), "{last}");
    assert_eq!((&last["events_accepted"], &last["events_shipped"]), (&json!(1), &json!(1)), "{last}");
}

#[test]
fn answers_are_counted_by_route_and_status_and_timed() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[crate::app::event("visit", "v", crate::app::NOW_MS)]).await;
        app.report(&shop, "funnel").await;
        for path in ["/nothing/here", "/nothing/there", "/v1/shops/other/funnel"] {
            app.client.get(format!("{}{path}", app.url)).send().await.unwrap();
        }
        let url = format!("http://{}/metrics", app.app.admin_address());
        let text = app.client.get(url).send().await.unwrap().text().await.unwrap();
        for line in [
            "shopfunnel_answers_total{route=\"/v1/events\",status=\"202\"} 1",
            "shopfunnel_answers_total{route=\"/v1/shops/{shop}/funnel\",status=\"200\"} 1",
            "shopfunnel_answers_total{route=\"/v1/shops/{shop}/funnel\",status=\"401\"} 1",
            "shopfunnel_answers_total{route=\"none\",status=\"404\"} 2",
            "shopfunnel_answer_seconds_count{route=\"/v1/events\"} 1",
            "shopfunnel_insert_seconds_count 1",
            "shopfunnel_spool_max_bytes 1073741824",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        for name in [
            "process_resident_memory_bytes",
            "process_open_fds",
            "process_cpu_seconds_total",
            "process_start_time_seconds",
            "shopfunnel_question_seconds_count",
            "shopfunnel_spool_disk_free_bytes",
        ] {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
            assert!(value.is_some_and(|value| value > 0.0), "{name}: {value:?}");
        }
        app.close().await;
    });
}
