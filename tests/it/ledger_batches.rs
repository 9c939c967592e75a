//! Batches of the ledger that ClickHouse takes in part, refuses or finds damaged: each is finished, or
//! everything is verified.

use crate::app::{DAY_MS, NOW_MS, event, run, spawn_app};
use crate::ledger::{ask_to_verify, lives, verify};
use crate::server::PATIENCE;
use reqwest::StatusCode;
use std::time::Instant;

/// ClickHouse refuses to insert into the ledger, and has taken the rows before it.
const REFUSE: &str =
    "ALTER TABLE day_ledger MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1";
const ALLOW: &str = "ALTER TABLE day_ledger RESET SETTING parts_to_throw_insert, parts_to_delay_insert";

#[test]
fn a_batch_of_which_only_a_part_was_taken_is_finished() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &lives()).await;
        app.app.settled().await.unwrap();
        app.execute(REFUSE).await;
        app.send(&shop, &[event("visit", "c", NOW_MS - DAY_MS)]).await;
        let facts = "SELECT uniqExact(visitor) FROM day_facts WHERE shop = 'tea' AND day = '2026-11-21'";
        let deadline = Instant::now() + PATIENCE;
        while app.count(facts).await < 3 {
            assert!(Instant::now() < deadline, "nothing of the batch was taken");
        }
        let batch = app.data_dir().join("ledger.batch");
        assert!(batch.exists());
        app.execute(ALLOW).await;
        assert_eq!(app.report(&shop, "funnel").await["funnel"]["visitors"], 3);
        assert!(!batch.exists() && verify(&app, &shop, false).await.is_right());
        app.close().await;
    });
}

/// Changes of as many visitors as sort the queue, most of whom did nothing.
#[test]
fn a_long_queue_is_sorted_and_whoever_waits_for_it_waits_for_all_of_it() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for _ in 0..2 {
            app.execute(
                "INSERT INTO ledger_changes (shop, slot, visitor) \
                 SELECT 'tea', sipHash64(number), sipHash64(number) FROM numbers(500000)",
            )
            .await;
        }
        app.send(&shop, &lives()).await;
        app.app.settled().await.unwrap();
        assert_eq!(app.count("SELECT count() FROM ledger_changes").await, 0);
        assert_eq!(app.report(&shop, "funnel").await["funnel"]["visitors"], 2);
        assert!(verify(&app, &shop, false).await.is_right());
        app.close().await;
    });
}

/// Nothing told the upkeep of the visitor, so verifying finds them, and is refused in the middle of it.
#[test]
fn a_batch_that_is_refused_while_a_shop_is_verified_is_finished_before_the_next() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &lives()).await;
        app.app.settled().await.unwrap();
        app.execute(
            "INSERT INTO visitor_activity (shop, visitor, day, kinds, view_min, view_max) \
             VALUES ('tea', sipHash64('c'), '2026-11-21', 1, 7, 7)",
        )
        .await;
        app.execute("TRUNCATE TABLE ledger_changes").await;
        app.execute(REFUSE).await;
        assert_eq!(ask_to_verify(&app, &shop, true).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        app.execute(ALLOW).await;
        app.send(&shop, &[event("visit", "d", NOW_MS - DAY_MS)]).await;
        assert_eq!(app.report(&shop, "funnel").await["funnel"]["visitors"], 4);
        assert!(verify(&app, &shop, false).await.is_right());
        app.close().await;
    });
}

#[test]
fn a_damaged_batch_has_everything_verified() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &lives()).await;
        app.app.settled().await.unwrap();
        app.execute(REFUSE).await;
        app.send(&shop, &[event("visit", "c", NOW_MS - DAY_MS)]).await;
        let batch = app.data_dir().join("ledger.batch");
        let deadline = Instant::now() + PATIENCE;
        while !batch.exists() {
            assert!(Instant::now() < deadline, "no batch was kept");
            tokio::task::yield_now().await;
        }
        std::fs::write(&batch, "torn").unwrap();
        app.execute(ALLOW).await;
        let deadline = Instant::now() + PATIENCE;
        while app.report(&shop, "funnel").await["funnel"]["visitors"] != 3 {
            assert!(Instant::now() < deadline, "nobody has verified it");
        }
        assert!(verify(&app, &shop, false).await.is_right());
        app.close().await;
    });
}
