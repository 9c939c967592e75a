//! Kills: whatever dies, an event answered 202 is in the store and counts once.

use crate::app::{read, run};
use crate::server::{Installation, PATIENCE, await_condition, is_alive, signal, stderr};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use shopfunnel::shops::command::AddedShop;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const KILLS: usize = 5;
const SENDERS: usize = 6;

/// Browsers that send one visit at a time, each of a new visitor, and remember what was answered.
struct Traffic {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    senders: Vec<tokio::task::JoinHandle<BTreeSet<Uuid>>>,
}

impl Traffic {
    fn start(url: &str, shop: &AddedShop) -> Traffic {
        let (stop, sent, refused) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let senders = (0..SENDERS)
            .map(|_| {
                let (stop, sent, refused) = (stop.clone(), sent.clone(), refused.clone());
                let (url, key) = (format!("{url}/e"), shop.public_key.clone());
                tokio::spawn(async move {
                    let client = Client::builder().no_proxy().build().expect("a client");
                    let mut acknowledged = BTreeSet::new();
                    while !stop.load(Ordering::SeqCst) {
                        let id = Uuid::now_v7();
                        let event = json!({ "id": id, "kind": "visit", "visitor": id.to_string() });
                        let body = json!({ "shop": key, "events": [event] }).to_string();
                        sent.fetch_add(1, Ordering::SeqCst);
                        let request = client.post(&url).header("content-type", "text/plain").body(body);
                        match request.send().await {
                            Ok(answer) if answer.status() == StatusCode::ACCEPTED => {
                                acknowledged.insert(id);
                            }
                            _ => {
                                refused.fetch_add(1, Ordering::SeqCst);
                                // The server is down; a tight loop would only heat the machine.
                                tokio::time::sleep(Duration::from_millis(5)).await;
                            }
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        Traffic { stop, sent, refused, senders }
    }

    async fn until_sent(&self, more: u64) {
        let goal = self.sent.load(Ordering::SeqCst) + more;
        while self.sent.load(Ordering::SeqCst) < goal {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn end(self) -> BTreeSet<Uuid> {
        self.stop.store(true, Ordering::SeqCst);
        let mut acknowledged = BTreeSet::new();
        for sender in self.senders {
            acknowledged.extend(sender.await.expect("a sender ends"));
        }
        acknowledged
    }
}

async fn funnel(installation: &Installation, shop: &AddedShop) -> Option<Value> {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/v1/shops/{}/funnel", installation.url(), shop.slug);
    let answer = client.get(url).bearer_auth(&shop.read_key).send().await.ok()?;
    let (status, body) = read(answer).await;
    (status == StatusCode::OK).then_some(body)
}

/// The funnel once it counts at least this many visitors.
async fn funnel_with(installation: &Installation, shop: &AddedShop, visitors: u64) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = funnel(installation, shop).await;
        if let Some(body) = &found
            && body["funnel"]["visitors"].as_u64() >= Some(visitors)
        {
            return body["funnel"].clone();
        }
        assert!(Instant::now() < deadline, "not {visitors} visitors: {found:?}\n{}", installation.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The ledger holds what follows from the events, whatever was under way when something was killed.
fn assert_ledger_is_right(installation: &Installation) {
    let verified = installation.run(&["ledger", "verify", "--shop", "tea"]);
    assert_eq!(verified.status.code(), Some(0), "{}\n{}", stderr(&verified), installation.log());
}

#[test]
fn a_killed_server_loses_nothing_it_acknowledged_and_counts_it_once() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        let shop = installation.add_shop("tea");
        let mut server = installation.serve();
        let traffic = Traffic::start(&installation.url(), &shop);
        for _ in 0..KILLS {
            traffic.until_sent(300 + fastrand::u64(..300)).await;
            server.kill();
            server = installation.serve();
        }
        traffic.until_sent(200).await;
        let sent = traffic.sent.load(Ordering::SeqCst);
        let acknowledged = traffic.end().await;
        assert!(acknowledged.len() > 1_000, "only {} acknowledged: no proof", acknowledged.len());

        funnel_with(&installation, &shop, acknowledged.len() as u64).await;
        let ids: Vec<String> = acknowledged.iter().map(|id| format!("'{id}'")).collect();
        let mut stored = 0;
        for ids in ids.chunks(5_000) {
            stored += installation
                .count(&format!("SELECT uniqExact(id) FROM event_log WHERE id IN ({})", ids.join(",")))
                .await;
        }
        assert_eq!(stored, acknowledged.len() as u64, "acknowledged events are lost");
        let distinct = installation.count("SELECT uniqExact(id) FROM event_log").await;
        // Those without an answer may be stored too, and are in the figures a moment later.
        let funnel = funnel_with(&installation, &shop, distinct).await;
        assert_eq!(funnel["visitors"], distinct, "each event has its own visitor");
        assert!(distinct <= sent, "{distinct} stored, {sent} sent");
        assert_ledger_is_right(&installation);
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn a_killed_engine_is_back_within_five_seconds_and_ingest_never_notices() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        let shop = installation.add_shop("tea");
        let server = installation.serve();
        let traffic = Traffic::start(&installation.url(), &shop);
        for _ in 0..3 {
            traffic.until_sent(200).await;
            let engine = server.engine_pids()[0];
            signal("KILL", engine);
            let killed = Instant::now();
            await_condition("the killed engine is gone", || !is_alive(engine));
            while funnel(&installation, &shop).await.is_none() {
                assert!(killed.elapsed() < Duration::from_secs(5), "{}", installation.log());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            println!("figures again after {} ms", killed.elapsed().as_millis());
        }
        let health = Client::new().get(format!("http://127.0.0.1:{}/readyz", installation.admin_port));
        let (_, health) = read(health.send().await.unwrap()).await;
        assert_eq!((&health["store"], &health["engine"]["restarts"]), (&json!("ok"), &json!(3)), "{health}");
        assert!(health["engine"]["first_exit"].as_str().unwrap().contains("signal: 9"), "{health}");
        let refused = traffic.refused.load(Ordering::SeqCst);
        let acknowledged = traffic.end().await.len() as u64;
        assert_eq!(refused, 0, "ingest noticed that the engine was away");
        let funnel = funnel_with(&installation, &shop, acknowledged).await;
        assert_eq!(funnel["visitors"], acknowledged);
        assert_ledger_is_right(&installation);
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn the_engine_ends_with_its_server_however_that_ends() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        for end in ["kill", "terminate"] {
            let server = installation.serve();
            let engines = server.engine_pids();
            assert_eq!(engines.len(), 1);
            match end {
                "kill" => server.kill(),
                _ => assert_eq!(server.terminate(), Some(0)),
            }
            await_condition("the engine ends with its server", || !is_alive(engines[0]));
        }
    });
}

#[test]
fn a_second_server_on_the_same_data_ends_at_once_and_the_first_never_notices() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        let shop = installation.add_shop("tea");
        let server = installation.serve();
        let traffic = Traffic::start(&installation.url(), &shop);
        let door = || std::fs::read(installation.data_dir.join("data/admin.json")).unwrap();
        let (first_door, first_engines) = (door(), server.engine_pids());
        let second = Installation::new(directory.path());
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            traffic.until_sent(50).await;
            let started = Instant::now();
            let ended = second.run(&["serve"]);
            fastest = fastest.min(started.elapsed());
            assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
            assert!(stderr(&ended).contains("is in use by another shopfunnel"), "{}", stderr(&ended));
        }
        assert!(fastest <= Duration::from_secs(1), "the second took {fastest:?} to end");
        traffic.until_sent(50).await;
        let refused = traffic.refused.load(Ordering::SeqCst);
        let acknowledged = traffic.end().await.len() as u64;
        assert_eq!(refused, 0, "the first was disturbed");
        assert_eq!((door(), server.engine_pids()), (first_door, first_engines));
        assert_eq!(funnel_with(&installation, &shop, acknowledged).await["visitors"], acknowledged);
        assert_eq!(server.terminate(), Some(0));
    });
}
