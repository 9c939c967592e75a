//! Forgetting a visitor: what goes, what stays, and that nothing comes back.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, read, run, spawn_app};
use crate::server::{Installation, PATIENCE, await_condition, stderr};
use crate::single_events::get;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use shopfunnel::shops::command::AddedShop;
use shopfunnel::spool::{DeadLetters, directory};
use shopfunnel::store::Store;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

const FIRST: &str = "2026-11-01";
const TODAY: &str = "2026-11-22";

/// What the admin door answers to `shopfunnel forget`.
async fn ask(app: &TestApp, shop: &str, visitor: &str) -> (StatusCode, Value) {
    let door = std::fs::read(app.data_dir().join("admin.json")).expect("the door");
    let door: Value = serde_json::from_slice(&door).expect("JSON");
    let url = format!("{}/visitors/forget", door["url"].as_str().expect("a URL"));
    let request = app.client.post(url).bearer_auth(door["token"].as_str().expect("a token"));
    read(request.json(&json!({ "shop": shop, "visitor": visitor })).send().await.expect("an answer")).await
}

async fn forget(app: &TestApp, shop: &TestShop, visitor: &str) -> Value {
    let (status, mut body) = ask(app, &shop.slug, visitor).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body.as_object_mut().unwrap().remove("forgotten_at_ms").unwrap();
    body
}

fn receipt(events: u64, order_events: u64, days: u64, letters: [u64; 2]) -> Value {
    json!({ "events_deleted": events, "order_events_kept": order_events, "days_deleted": days,
        "dead_letters_deleted": letters[0], "dead_letters_kept": letters[1] })
}

/// A life with an order, paid and refunded; of the events of the order one names nobody.
fn life(visitor: &str, order_id: &str) -> Vec<Value> {
    let day = |days: i64| NOW_MS - days * DAY_MS;
    let order = |more: Value| {
        let mut fields = json!({ "order_id": order_id, "amount": "128", "url": format!("https://tea.example/{visitor}"),
            "referrer": "https://a.example/", "title": "Thanks", "customer": format!("c-{visitor}") });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    vec![
        event("visit", visitor, day(9)),
        event("visit", visitor, day(9) + 1),
        event("inquiry", visitor, day(8)),
        event("cart", visitor, day(8) + 1),
        event_with("order", visitor, day(7), order(json!({}))),
        event_with("payment", visitor, day(6), order(json!({ "payment_id": order_id }))),
        json!({ "kind": "refund", "order_id": order_id, "at": day(5), "id": uuid::Uuid::now_v7(), "amount": "28" }),
        event_with("rating", visitor, day(1), json!({ "score": 4 })),
    ]
}

async fn money(app: &TestApp, shop: &TestShop) -> String {
    let columns = "kind, order_id, payment_id, amount, currency, at, id, day, verified";
    let sql =
        format!("SELECT {columns} FROM order_events FINAL WHERE shop = '{}' ORDER BY at, id", shop.slug);
    app.execute(&sql).await
}

#[test]
fn a_forgotten_visitor_leaves_every_count_and_the_money_stays() {
    run(async {
        let app = spawn_app().await;
        let (tea, cup, other) = (app.add_shop("tea"), app.add_shop("cup"), app.add_shop("other"));
        let (gone, stays) = (life("gone", "1"), life("stays", "2"));
        for shop in [&tea, &other] {
            app.send(shop, &gone).await;
            app.send(shop, &stays).await;
            app.send(shop, &gone).await;
        }
        app.send(&cup, &stays).await;
        let before = app.funnel(&tea, FIRST, TODAY).await;
        assert_eq!(json!([before["visitors"], before["payers"]]), json!([2, 2]));
        let booked = money(&app, &tea).await;
        assert_eq!(booked.lines().count(), 6);

        assert_eq!(forget(&app, &tea, "gone").await, receipt(5, 2, 4, [0, 0]));
        let without = app.funnel(&cup, FIRST, TODAY).await;
        assert_eq!(app.funnel(&tea, FIRST, TODAY).await, without);
        assert_eq!(app.funnel(&other, FIRST, TODAY).await, before, "another shop's visitor of the same id");
        assert_eq!(money(&app, &tea).await, booked);
        assert_eq!(get(&app, &tea, "visitors/gone").await.0, StatusCode::NOT_FOUND);
        let (_, recent) = get(&app, &tea, "events/recent").await;
        let kept: Vec<&Value> =
            recent["events"].as_array().unwrap().iter().filter(|event| event["order_id"] == "1").collect();
        assert_eq!(kept.len(), 3);
        for event in kept {
            for field in ["visitor", "url", "referrer", "title"] {
                assert!(event.get(field).is_none(), "{event}");
            }
        }
        assert_eq!(
            app.count(
                "SELECT count() FROM event_log WHERE shop = 'tea' AND order_id = '1' AND customer != ''"
            )
            .await,
            0
        );
        assert_eq!(forget(&app, &tea, "gone").await, receipt(0, 0, 0, [0, 0]));

        // The spool's copies go with the next segment that is sent.
        app.send(&other, &[event("visit", "next", NOW_MS)]).await;
        app.app.shipped().await.unwrap();
        let spool = directory(app.data_dir());
        assert_eq!(files_with(&spool, "https://tea.example/gone", &|_| true), [""; 0]);

        // What comes afterwards is new.
        app.clock.set(NOW_MS + MINUTE_MS);
        app.send(&tea, &life("gone", "3")).await;
        let with_new = app.funnel(&tea, FIRST, TODAY).await;
        assert_eq!(with_new, before, "a new life like the one forgotten");
        let (_, path) = get(&app, &tea, "visitors/gone").await;
        assert_eq!((path["events"].as_array().unwrap().len(), &path["orders"]), (8, &json!(1)));
        assert_eq!(forget(&app, &tea, "gone").await, receipt(5, 2, 4, [0, 0]));
        assert_eq!(app.funnel(&tea, FIRST, TODAY).await, without);
        app.close().await;
    });
}

/// What the upkeep looks at together is found again after the deleting, which could not know of who came
/// meanwhile.
#[test]
fn who_comes_back_while_they_are_forgotten_keeps_their_order_and_customer() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order = json!({ "order_id": "1", "amount": "5", "customer": "c" });
        app.send(&shop, &[event_with("order", "v", NOW_MS - DAY_MS, order)]).await;
        app.app.settled().await.unwrap();
        let links = "SELECT toString(name), order_id, visitor FROM relations FINAL WHERE shop = 'tea' \
                     AND (name = sipHash64('v') OR visitor = sipHash64('v')) ORDER BY ALL";
        let before = app.execute(links).await;
        assert_eq!(before.lines().count(), 3, "{before}");
        // As if their events had come after it was read what is kept, and before the links were deleted.
        app.execute("ALTER TABLE relations DELETE WHERE shop = 'tea' AND (name = sipHash64('v') OR visitor = sipHash64('v')) SETTINGS mutations_sync = 1").await;
        let hash = app.count("SELECT sipHash64('v')").await;
        Store::new(app.store.clone()).unwrap().forget_derived("tea", hash).await.unwrap();
        assert_eq!(app.execute(links).await, before);
        app.send(&shop, &[event("visit", "v", NOW_MS - 1)]).await;
        assert_eq!(app.report(&shop, "funnel").await["funnel"]["buyers"], 1);
        app.close().await;
    });
}

#[test]
fn a_visitor_who_goes_on_meanwhile_is_counted_by_what_came_after_and_nothing_else() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let (mut sent, mut receipts) = (Vec::new(), Vec::new());
        let stop = AtomicBool::new(false);
        let sending = async {
            while !stop.load(Ordering::SeqCst) {
                app.clock.set(app.clock.now_ms() + 1);
                let visit = event("visit", "busy", NOW_MS);
                app.send(&shop, std::slice::from_ref(&visit)).await;
                sent.push((app.clock.now_ms(), visit["id"].as_str().unwrap().to_owned()));
            }
        };
        let forgetting = async {
            for _ in 0..4 {
                let (status, body) = ask(&app, "tea", "busy").await;
                assert_eq!(status, StatusCode::OK, "{body}");
                receipts.push(body["forgotten_at_ms"].as_i64().unwrap());
            }
            let last_ms = app.clock.now_ms();
            while app.clock.now_ms() < last_ms + 20 {
                tokio::task::yield_now().await;
            }
            stop.store(true, Ordering::SeqCst);
        };
        futures_util::future::join(sending, forgetting).await;
        let forgotten_at_ms = receipts.into_iter().max().unwrap();
        let mut kept: Vec<String> =
            sent.iter().filter(|(at_ms, _)| *at_ms > forgotten_at_ms).map(|(_, id)| id.clone()).collect();
        assert!(kept.len() >= 20 && kept.len() < sent.len(), "{} of {}", kept.len(), sent.len());
        app.app.shipped().await.unwrap();
        let found = app
            .execute("SELECT DISTINCT toString(id) AS id FROM event_log WHERE visitor = 'busy' ORDER BY id")
            .await;
        kept.sort();
        assert_eq!(found.lines().collect::<Vec<_>>(), kept);
        let views = "max(view_max) > min(view_min) FROM visitor_activity";
        let derived = "uniqExact(id) > 1 FROM event_log WHERE visitor = 'busy'";
        assert_eq!(
            app.execute(&format!("SELECT {views}")).await,
            app.execute(&format!("SELECT {derived}")).await
        );
        app.close().await;
    });
}

#[test]
fn a_cookieless_visitor_is_forgotten_by_the_id_made_here() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.browse(&shop, &[json!({ "kind": "visit" }), json!({ "kind": "order", "order_id": "1" })]).await;
        let (_, recent) = get(&app, &shop, "events/recent?kind=visit").await;
        let visitor = recent["events"][0]["visitor"].as_str().unwrap();
        assert_eq!(forget(&app, &shop, visitor).await, receipt(1, 1, 1, [0, 0]));
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["visitors"], 0);
        let (_, recent) = get(&app, &shop, "events/recent").await;
        assert_eq!(recent["events"][0]["cookieless"], false);
        app.close().await;
    });
}

#[test]
fn what_was_refused_before_does_not_come_back_after() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.app.shipped().await.unwrap();
        app.execute("ALTER TABLE event_log ADD CONSTRAINT no_poison CHECK product != 'poison'").await;
        let poisoned = json!({ "product": "poison", "order_id": "1", "amount": "5" });
        let of = |kind: &str, visitor: &str| event_with(kind, visitor, NOW_MS, poisoned.clone());
        let sent = [of("visit", "gone"), of("order", "gone"), of("payment", "gone"), of("visit", "stays")];
        app.send(&shop, &sent).await;
        app.app.shipped().await.unwrap();
        let letters = DeadLetters::beside(&directory(app.data_dir()));
        assert_eq!(letters.list().unwrap().len(), 4);
        let folder = app.data_dir().join("dead-letter");
        let copies: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();

        assert_eq!(forget(&app, &shop, "gone").await, receipt(0, 0, 0, [1, 2]));
        let left = letters.list().unwrap();
        assert_eq!(left.len(), 3);
        let texts = left.iter().map(|letter| String::from_utf8_lossy(&letter.record).into_owned());
        assert!(!texts.collect::<String>().contains("gone"));

        // A copy from a backup, or one that was under way.
        for (path, bytes) in copies {
            std::fs::write(path, bytes).unwrap();
        }
        app.execute("ALTER TABLE event_log DROP CONSTRAINT no_poison").await;
        app.clock.set(NOW_MS + MINUTE_MS);
        assert_eq!(app.retry_dead_letters().await, 6);
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["visitors"], 1);
        assert_eq!(get(&app, &shop, "visitors/gone").await.0, StatusCode::NOT_FOUND);
        assert_eq!(money(&app, &shop).await.lines().count(), 2);
        assert_eq!(app.count("SELECT uniqExact(id) FROM event_log WHERE visitor != 'stays'").await, 2);
        app.close().await;
    });
}

#[test]
fn what_was_left_half_done_is_finished_by_the_next_call() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for done in [
            "ALTER TABLE visitor_activity DELETE WHERE visitor = sipHash64('gone') SETTINGS mutations_sync = 1",
            "ALTER TABLE order_events UPDATE visitor = 0 WHERE visitor = sipHash64('gone') SETTINGS \
            mutations_sync = 1",
            "ALTER TABLE event_log DELETE WHERE visitor = 'gone' SETTINGS mutations_sync = 1",
        ] {
            app.clock.set(app.clock.now_ms() + 1);
            app.send(&shop, &life("gone", "1")).await;
            app.app.shipped().await.unwrap();
            app.execute(done).await;
            let receipt = forget(&app, &shop, "gone").await;
            assert_ne!(receipt, self::receipt(0, 0, 0, [0, 0]), "{done}");
            for table in ["event_log", "order_events", "visitor_activity"] {
                let visitor = if table == "event_log" { "'gone'" } else { "sipHash64('gone')" };
                let left = app.count(&format!("SELECT count() FROM {table} WHERE visitor = {visitor}")).await;
                assert_eq!(left, 0, "{table} after {done}");
            }
        }
        app.close().await;
    });
}

#[test]
fn whom_nobody_knows_is_not_forgotten_by_mistake() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for (slug, visitor, says) in [
            ("tee", "v", "no shop `tee`"),
            ("tea", "", "1 to 64 characters"),
            ("tea", "v' OR 1=1 --", "1 to 64 characters"),
        ] {
            let (status, body) = ask(&app, slug, visitor).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            assert!(body["message"].as_str().unwrap().contains(says), "{body}");
        }
        assert_eq!(forget(&app, &shop, "nobody").await, receipt(0, 0, 0, [0, 0]));
        let url = format!("http://{}/visitors/forget", app.app.admin_address());
        let whom = json!({ "shop": "tea", "visitor": "v" });
        let answer = app.client.post(url).bearer_auth(&shop.secret_key).json(&whom).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        app.close().await;
    });
}

/// The funnel of the real program, once it counts these visitors and payers: the tables behind the two
/// figures are written one after the other.
async fn funnel_with(installation: &Installation, shop: &AddedShop, visitors: u64, payers: u64) -> Value {
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/v1/shops/{}/funnel", installation.url(), shop.slug);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let body = match client.get(&url).bearer_auth(&shop.read_key).send().await {
            Ok(answer) => read(answer).await.1,
            Err(error) => json!(error.to_string()),
        };
        let funnel = &body["funnel"];
        if funnel["visitors"] == visitors && funnel["payers"] == payers {
            return funnel.clone();
        }
        let log = installation.log();
        assert!(Instant::now() < deadline, "not {visitors} visitors, {payers} payers: {body}\n{log}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn send(installation: &Installation, shop: &AddedShop, events: &[Value]) {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.post(format!("{}/v1/events", installation.url())).bearer_auth(&shop.secret_key);
    let (status, body) = read(request.json(events).send().await.expect("an answer")).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
}

async fn counter(installation: &Installation, name: &str) -> u64 {
    let url = format!("http://127.0.0.1:{}/metrics", installation.admin_port);
    let text = reqwest::get(url).await.expect("an answer").text().await.expect("text");
    let line = text.lines().find(|line| line.starts_with(name)).expect("a counter");
    line.rsplit(' ').next().expect("a value").parse().expect("a number")
}

/// The files below `directory` whose name the test takes and that hold these bytes.
fn files_with(directory: &Path, text: &str, takes: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text, takes));
        } else if takes(&entry.file_name().to_string_lossy())
            && std::fs::read(&path).unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn neither_a_kill_nor_what_the_spool_sends_again_brings_a_forgotten_visitor_back() {
    run(async {
        let temporary = tempfile::tempdir().unwrap();
        let installation = Installation::new(temporary.path());
        let shop = installation.add_shop("tea");
        let command = ["forget", "--shop", "tea", "--visitor", "gone-4711", "--json"];
        let unserved = installation.run(&command);
        assert_eq!(unserved.status.code(), Some(1));
        assert!(stderr(&unserved).contains("no server runs"), "{}", stderr(&unserved));

        let server = installation.serve();
        let now_ms = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
        let recent = |mut event: Value| {
            event["at"] = json!(now_ms - (NOW_MS - event["at"].as_i64().unwrap()));
            event
        };
        let lives = [life("gone-4711", "1"), life("stays", "2")].concat();
        let lives: Vec<Value> = lives.into_iter().map(recent).collect();
        send(&installation, &shop, &lives).await;
        funnel_with(&installation, &shop, 2, 2).await;
        let mistyped = installation.run(&["forget", "--shop", "tee", "--visitor", "gone-4711"]);
        assert_eq!(mistyped.status.code(), Some(2), "{}", stderr(&mistyped));

        // Killed somewhere on the way; the command says that it is not done, or it was.
        let mut interrupted = installation.command(&command);
        let interrupted = interrupted.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(fastrand::u64(..60))).await;
        server.kill();
        let interrupted = interrupted.wait_with_output().unwrap();
        let says = stderr(&interrupted);
        assert!(interrupted.status.success() || says.contains("run the same command again"), "{says}");
        let server = installation.serve();
        let done = installation.run(&command);
        assert_eq!(done.status.code(), Some(0), "{}\n{}", stderr(&done), installation.log());
        let again = installation.run(&command);
        let receipt: Value = serde_json::from_slice(&again.stdout).unwrap();
        assert_eq!(json!([receipt["shop"], receipt["events_deleted"]]), json!(["tea", 0]), "{receipt}");
        assert_eq!(funnel_with(&installation, &shop, 1, 1).await["inquirers"], 1);
        assert_eq!(server.terminate(), Some(0));

        // As after a start of the machine: what the spool has kept is sent again.
        std::fs::write(installation.data_dir.join("data/spool/stamp"), "another machine").unwrap();
        let server = installation.serve();
        send(&installation, &shop, &[event("visit", "new", now_ms)]).await;
        funnel_with(&installation, &shop, 2, 1).await;
        assert!(installation.log().contains("sending again what is kept"), "{}", installation.log());
        assert_eq!(counter(&installation, "shopfunnel_events_forgotten_total").await, 5);
        let left =
            "SELECT count() FROM event_log WHERE visitor = 'gone-4711' OR customer != '' AND order_id = '1'";
        assert_eq!(installation.count(left).await, 0);
        let books = "SELECT count() FROM order_events FINAL WHERE order_id = '1' AND visitor = 0";
        assert_eq!(installation.count(books).await, 3);

        let data = installation.data_dir.join("data");
        let named =
            files_with(&data, "gone-4711", &|name| name.starts_with("mutation") || name.ends_with(".json"));
        assert!(named.is_empty(), "{named:?}");
        let private = std::fs::metadata(data.join("forgotten.json")).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&private) & 0o777, 0o600);
        assert_eq!(server.terminate(), Some(0));
        await_condition("the door is closed", || !data.join("admin.json").exists());
    });
}
