//! Events that the store refuses for what they hold: set aside, listed, sent again.

use crate::app::{NOW_MS, event, event_with, run, spawn_app};
use serde_json::{Value, json};
use shopfunnel::spool::{DeadLetters, directory};

const TODAY: &str = "2026-11-22";
const GOOD: usize = 3_000;

#[test]
fn a_refused_event_never_holds_up_its_neighbours_and_is_sent_again_when_the_cause_is_mended() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.app.shipped().await.unwrap();
        app.execute("ALTER TABLE event_log ADD CONSTRAINT no_poison CHECK title != 'poison'").await;

        let poison = |n: usize| event_with("visit", &format!("p{n}"), NOW_MS, json!({ "title": "poison" }));
        let mut events: Vec<Value> = (0..GOOD).map(|n| event("visit", &format!("v{n}"), NOW_MS)).collect();
        events.insert(1_234, poison(0));
        let row: Vec<Value> = (1..=50).map(poison).collect();
        events.splice(2_000..2_000, row);
        app.send(&shop, &events).await;
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["visitors"], GOOD);

        let letters = DeadLetters::beside(&directory(app.data_dir()));
        let found = letters.list().unwrap();
        assert_eq!(found.len(), 51);
        assert!(found.iter().all(|letter| letter.reason.contains("no_poison")), "{:?}", found[0]);

        app.execute("ALTER TABLE event_log DROP CONSTRAINT no_poison").await;
        assert_eq!(app.retry_dead_letters().await, 51);
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["visitors"], GOOD + 51);
        assert_eq!(letters.list().unwrap(), []);
        app.close().await;
    });
}
