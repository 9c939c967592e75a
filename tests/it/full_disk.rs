//! Starts on a disk that is nearly full: whatever they come to, the next start with room works and nothing is
//! lost.

use crate::app::run;
use crate::server::{Installation, await_condition, output, stderr};
use crate::small_disk::Disk;
use serde_json::json;
use shopfunnel::shops::command::AddedShop;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// The least bound of a spool, so that segments are small.
const SPOOL_BYTES: u64 = 16 << 20;
const SEGMENT_BYTES: u64 = SPOOL_BYTES / 8;
const KIB: u64 = 1 << 10;
/// Room left for a start, from nothing to what two segments and the tables want.
const ROOMS: [u64; 8] = [
    0,
    3 * KIB,
    11 * KIB,
    200 * KIB,
    SEGMENT_BYTES,
    SEGMENT_BYTES + (4 << 20) - 64 * KIB,
    SEGMENT_BYTES + (4 << 20) + 64 * KIB,
    2 * SEGMENT_BYTES + (4 << 20),
];
/// More of them, for `make attack`.
const ROUNDS: &str = "TEST_SWEEPS";

pub async fn send(installation: &Installation, shop: &AddedShop, visitor: &str) -> u16 {
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/v1/events", installation.url())).bearer_auth(&shop.secret_key);
    let event = json!({ "kind": "visit", "visitor": visitor, "id": uuid::Uuid::now_v7() });
    request.json(&event).send().await.unwrap().status().as_u16()
}

/// Visitors whose visits are in the tables, by the funnel.
pub async fn visitors(installation: &Installation, shop: &AddedShop) -> u64 {
    let client = reqwest::Client::new();
    let url = format!("{}/v1/shops/{}/funnel", installation.url(), shop.slug);
    let answer = client.get(url).bearer_auth(&shop.read_key).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    answer["funnel"]["visitors"].as_u64().unwrap_or(0)
}

#[test]
fn a_start_with_any_room_leaves_a_directory_that_starts_again() {
    let rounds: usize = std::env::var(ROUNDS).map_or(1, |rounds| rounds.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let disk = Disk::mount(&place.path().join("disk"));
    let mut installation = Installation::new(&disk.at);
    installation.environment.push(("SHOPFUNNEL_SPOOL__MAX_BYTES", SPOOL_BYTES.to_string()));
    let shop = installation.add_shop("tea");
    let mut accepted = 0;
    assert_eq!(installation.serve().terminate(), Some(0));
    for round in 0..rounds {
        for room in ROOMS {
            disk.leave(room + (round as u64 * 1_021) % (16 * KIB));
            let mut server = installation.launch();
            await_condition("the server has started or ended", || {
                installation.is_open(&server) || server.ended().is_some()
            });
            if server.ended().is_none() {
                accepted += u64::from(run(send(&installation, &shop, &format!("v{accepted}"))) == 202);
                assert_eq!(server.terminate(), Some(0), "{}", installation.log());
            } else {
                assert_eq!(
                    server.ended().and_then(|status| status.code()),
                    Some(1),
                    "{}",
                    installation.log()
                );
                let log = installation.log();
                assert!(log.lines().last().unwrap().contains("free some and start again"), "{log}");
            }
            disk.free();
            let server = installation.serve();
            assert_eq!(run(send(&installation, &shop, &format!("v{accepted}"))), 202, "{room}");
            accepted += 1;
            await_condition("every event is in the figures", || {
                run(visitors(&installation, &shop)) == accepted
            });
            assert_eq!(server.terminate(), Some(0), "{room}");
        }
    }
}

/// Every description of a view or table in the engine's directory, by its path.
fn descriptions(installation: &Installation) -> BTreeMap<PathBuf, Vec<u8>> {
    let metadata = installation.data_dir.join("data/engine/data/metadata/shopfunnel");
    let files = fs::read_dir(metadata).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_second_start_replaces_no_view_and_one_with_cut_files_makes_them_again() {
    let directory = tempfile::tempdir().unwrap();
    let installation = Installation::new(directory.path());
    let shop = installation.add_shop("tea");
    assert_eq!(installation.serve().terminate(), Some(0));
    let made = descriptions(&installation);
    let views = made.values().filter(|text| text.starts_with(b"ATTACH VIEW ")).count();
    assert!(views > 10, "{views}");
    assert_eq!(installation.serve().terminate(), Some(0));
    assert_eq!(
        descriptions(&installation),
        made,
        "a new identity in a view's file tells that it was replaced"
    );

    // Each at another place: empty, in the middle, at the end of a page, one byte short.
    for (number, (path, text)) in made.iter().enumerate() {
        let is_without_data =
            text.starts_with(b"ATTACH VIEW ") || text.starts_with(b"ATTACH MATERIALIZED VIEW ");
        if is_without_data {
            let length = [0, text.len() / 2, text.len().min(4_096) - 1, text.len() - 1][number % 4];
            fs::write(path, &text[..length]).unwrap();
        }
    }
    let server = installation.serve();
    assert_eq!(run(send(&installation, &shop, "v")), 202);
    await_condition("the figures move", || run(visitors(&installation, &shop)) == 1);
    let again = descriptions(&installation);
    assert_eq!(again.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_table_that_is_gone_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let installation = Installation::new(directory.path());
    let shop = installation.add_shop("tea");
    let server = installation.serve();
    let described = "SHOW CREATE TABLE visitor_days_from_events";
    let whole = run(installation.execute(described));
    run(installation.execute("DROP TABLE visitor_days_from_events"));
    assert_eq!(server.terminate(), Some(0));
    // Killed wherever it is: what ran is in the history, and the rest runs at the next start.
    for _ in 0..4 {
        let server = installation.launch();
        let seen = installation.log().matches("migrated").count();
        await_condition("one more statement has run", || {
            installation.log().matches("migrated").count() > seen || installation.is_open(&server)
        });
        server.kill();
    }
    let server = installation.serve();
    assert_eq!(run(installation.execute(described)), whole);
    assert!(installation.log().contains("visitor_days_from_events"), "{}", installation.log());
    assert_eq!(run(send(&installation, &shop, "v")), 202);
    await_condition("the figures move", || run(visitors(&installation, &shop)) == 1);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_command_on_a_full_disk_says_so_and_keeps_what_is_there() {
    let place = tempfile::tempdir().unwrap();
    let disk = Disk::mount(&place.path().join("disk"));
    let installation = Installation::new(&disk.at);
    installation.add_shop("tea");
    let shops = fs::read(disk.at.join("data/shops.json")).unwrap();
    disk.leave(0);
    let command =
        ["shop", "add", "--name", "cup", "--slug", "cup", "--time-zone", "UTC", "--currency", "EUR"];
    let refused = output(installation.command(&command));
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("No space left on device"), "{}", stderr(&refused));
    assert_eq!(fs::read(disk.at.join("data/shops.json")).unwrap(), shops);
    disk.free();
    installation.add_shop("cup");
}
