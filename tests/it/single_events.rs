//! Single events out again: the last ones of a shop, and what one visitor did.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, read, run, spawn_app};
use crate::property::seed;
use crate::server::as_owner;
use fastrand::Rng;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A report of a shop, after everything acknowledged is in the store.
pub async fn get(app: &TestApp, shop: &TestShop, path: &str) -> (StatusCode, Value) {
    app.app.shipped().await.expect("shipped");
    let url = format!("{}/v1/shops/{}/{path}", app.url, shop.slug);
    read(app.client.get(url).bearer_auth(&shop.read_key).send().await.expect("an answer")).await
}

async fn events(app: &TestApp, shop: &TestShop, path: &str) -> Vec<Value> {
    let (status, body) = get(app, shop, path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["events"].as_array().expect("a list").clone()
}

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["id"].as_str().expect("an id")).collect()
}

#[test]
fn the_last_events_come_newest_arrival_first_and_each_once() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let old = event("visit", "late", NOW_MS - 90 * DAY_MS);
        let first = event("cart", "v", NOW_MS);
        let again = event("visit", "twice", NOW_MS);
        // Without a time of its own it is another row each time it comes.
        let timeless = json!({ "kind": "favorite", "visitor": "v", "id": uuid::Uuid::from_u128(7) });
        for (minute, sent) in [&first, &again, &timeless, &old, &again, &timeless].into_iter().enumerate() {
            app.clock.set(NOW_MS + minute as i64 * MINUTE_MS);
            app.send(&shop, std::slice::from_ref(sent)).await;
        }
        let found = events(&app, &shop, "events/recent").await;
        assert_eq!(ids(&found), [&old, &timeless, &again, &first].map(|sent| sent["id"].as_str().unwrap()));
        assert_eq!(found[2]["received_at"], "2026-11-22T04:01:00.000Z");
        assert_eq!(found[0]["at"], "2026-08-24T04:00:00.000Z");
        let carts = events(&app, &shop, "events/recent?kind=cart").await;
        assert_eq!(ids(&carts), ids(&found[3..]));
        assert!(events(&app, &shop, "events/recent?kind=refund").await.is_empty());

        app.clock.set(NOW_MS + DAY_MS);
        let many: Vec<Value> = (0..150).map(|n| event("visit", "many", NOW_MS - n)).collect();
        app.send(&shop, &many).await;
        app.send(&shop, &many).await;
        let found = events(&app, &shop, "events/recent").await;
        let newest: Vec<&str> = many[..100].iter().map(|sent| sent["id"].as_str().unwrap()).collect();
        assert_eq!(ids(&found), newest);
        app.close().await;
    });
}

#[test]
fn orders_and_replies_are_told_with_what_they_are_made_of() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let items = json!([{ "product": "longjing", "name": "Longjing 2026", "quantity": 2.5, "amount": "50", "cost": 20 },
            { "name": "Gift" }]);
        let order = json!({ "order_id": "A-1", "amount": 60, "currency": "CNY", "as_of": NOW_MS - 5, "via": "provider",
            "items": items, "cost": "21.5", "shipping": 8, "tax": 1, "discount": 2 });
        let order = event_with("order", "v", NOW_MS, order);
        let reply = json!({ "conversation": "c-1", "by": "person", "agent": "mei", "channel": "chat" });
        let reply = event_with("reply", "v", NOW_MS - 1, reply);
        app.send(&shop, &[order, reply]).await;
        let told = json!({ "as_of": "2026-11-22T03:59:59.995Z", "via": "provider", "cost": "21.5000", "shipping": "8.0000",
            "tax": "1.0000", "discount": "2.0000", "items": [
                { "product": "longjing", "name": "Longjing 2026", "quantity": 2.5, "amount": "50.0000", "cost": "20.0000" },
                { "name": "Gift", "quantity": 1.0 }] });
        for list in ["events/recent", "visitors/v"] {
            let found = events(&app, &shop, list).await;
            let of = |kind: &str| found.iter().find(|event| event["kind"] == kind).unwrap();
            for (field, value) in told.as_object().unwrap() {
                assert_eq!(&of("order")[field], value, "{list}: {field}");
            }
            let reply = ["conversation", "by", "agent", "channel"].map(|field| &of("reply")[field]);
            assert_eq!(json!(reply), json!(["c-1", "person", "mei", "chat"]), "{list}");
        }
        app.close().await;
    });
}

#[test]
fn an_event_is_told_with_all_that_it_holds_and_nothing_else() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let payment = json!({ "payment_id": "P-1", "order_id": "A-1", "amount": "128.5", "currency": "CNY", "customer": "c-7",
            "url": "https://tea.example/pay", "product": "longjing", "variant": "blue:b" });
        let payment = event_with("payment", "v", NOW_MS, payment);
        app.send(&shop, std::slice::from_ref(&payment)).await;
        app.clock.set(NOW_MS + 1);
        app.browse(
            &shop,
            &[json!({ "kind": "inquiry", "at": NOW_MS, "agent": "mei", "channel": "chat",
            "topic": "pre_sale", "engaged_ms": 0, "title": "Tea", "referrer": "https://a.example/" })],
        )
        .await;
        let found = events(&app, &shop, "events/recent").await;
        assert_eq!(
            found[1],
            json!({ "at": "2026-11-22T04:00:00.000Z", "received_at": "2026-11-22T04:00:00.000Z",
                "id": payment["id"], "kind": "payment", "visitor": "v", "cookieless": false, "verified": true,
                "bot": false, "url": "https://tea.example/pay", "order_id": "A-1", "payment_id": "P-1",
                "amount": "128.5000", "currency": "CNY", "via": "shop", "variant": "blue:b", "product": "longjing" })
        );
        let mut inquiry = found[0].clone();
        for made in ["id", "visitor"] {
            assert!(inquiry.as_object_mut().unwrap().remove(made).unwrap().is_string());
        }
        assert_eq!(
            inquiry,
            json!({ "at": "2026-11-22T04:00:00.000Z", "received_at": "2026-11-22T04:00:00.001Z",
                "kind": "inquiry", "cookieless": true, "verified": false, "bot": false, "agent": "mei",
                "channel": "chat", "topic": "pre_sale", "engaged_ms": 0, "title": "Tea",
                "referrer": "https://a.example/" })
        );

        // The same as tables: one row per event, a column for every field.
        let header = "at,id,kind,received_at,visitor,cookieless,verified,bot,url,referrer,title,order_id,payment_id,refund_id,\
                      amount,currency,as_of,via,only_names,items,cost,shipping,tax,discount,\
                      conversation,by,agent,channel,topic,score,engaged_ms,variant,product";
        let row = format!(
            "2026-11-22T04:00:00.000Z,{},payment,2026-11-22T04:00:00.000Z,v,false,true,false,https://tea.example/pay,,,\
             A-1,P-1,,128.5000,CNY,,shop,false,,,,,,,,,,,,,blue:b,longjing",
            payment["id"].as_str().unwrap()
        );
        for (path, rows) in [("events/recent?format=csv", 2), ("visitors/v?format=csv", 1)] {
            let url = format!("{}/v1/shops/tea/{path}", app.url);
            let table =
                app.client.get(url).bearer_auth(&shop.read_key).send().await.unwrap().text().await.unwrap();
            let lines: Vec<&str> = table.trim_start_matches('\u{feff}').split_terminator("\r\n").collect();
            assert_eq!((lines[0], lines[rows], lines.len()), (header, row.as_str(), rows + 1), "{path}");
        }
        app.close().await;
    });
}

#[test]
fn a_path_holds_what_the_visitor_did_and_what_became_of_their_orders() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let day = |days: i64| NOW_MS - days * DAY_MS;
        let of_order = |kind: &str, order_id: &str, at_ms: i64| json!({ "kind": kind, "order_id": order_id, "at": at_ms, "id": uuid::Uuid::now_v7() });
        let mine = [
            event("visit", "v", day(40)),
            event("inquiry", "v", day(39)),
            event_with("order", "v", day(38), json!({ "order_id": "mine" })),
            of_order("payment", "mine", day(37)),
            of_order("refund", "mine", day(36)),
            // Placed before by somebody else: it names me and is not mine.
            event_with("order", "v", day(5), json!({ "order_id": "theirs" })),
            event_with("rating", "v", day(2), json!({ "score": 5 })),
        ];
        let others = [
            event_with("order", "w", day(6), json!({ "order_id": "theirs" })),
            of_order("payment", "theirs", day(4)),
            event("visit", "w", day(3)),
            event_with("payment", "w", day(1), json!({ "order_id": "mine" })),
        ];
        app.send(&shop, &mine).await;
        app.send(&shop, &others).await;
        app.send(&shop, &mine).await;
        app.app.settled().await.unwrap();
        let (status, body) = get(&app, &shop, "visitors/v").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!(ids(body["events"].as_array().unwrap()), ids(&mine));
        let head =
            json!([body["shop"], body["visitor"], body["first_seen"], body["last_seen"], body["orders"]]);
        let seen = ["2026-10-13T04:00:00.000Z", "2026-11-17T04:00:00.000Z"];
        assert_eq!(head, json!(["tea", "v", seen[0], seen[1], 1]));
        assert_eq!(body["next_cursor"], Value::Null);
        app.close().await;
    });
}

#[test]
fn a_path_is_read_page_by_page() {
    run(async {
        let app = spawn_app().await;
        let (tea, cup) = (app.add_shop("tea"), app.add_shop("cup"));
        // Many at one instant: only their ids tell them apart.
        let mut sent: Vec<Value> =
            (0..230).map(|n| event("visit", "v", NOW_MS - (n / 60) * DAY_MS)).collect();
        fastrand::shuffle(&mut sent);
        for shop in [&tea, &cup] {
            app.send(shop, &sent).await;
            app.send(shop, &sent[..100]).await;
        }
        sent.sort_by_key(|event| (event["at"].as_i64(), event["id"].as_str().map(str::to_owned)));
        let mut cursors = Vec::new();
        for limit in [1, 59, 100, 229, 230, 231, 500] {
            let mut found = Vec::new();
            let mut query = format!("visitors/v?limit={limit}");
            loop {
                let (status, page) = get(&app, &tea, &query).await;
                assert_eq!(status, StatusCode::OK, "{page}");
                let events = page["events"].as_array().unwrap();
                assert!(events.len() <= limit && !events.is_empty());
                found.extend(events.iter().cloned());
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                cursors.push(cursor.to_owned());
                query = format!("visitors/v?limit={limit}&cursor={cursor}");
            }
            assert_eq!(ids(&found), ids(&sent), "{limit}");
        }
        let (_, page) = get(&app, &tea, "visitors/v").await;
        assert_eq!(page["events"].as_array().unwrap().len(), 100);

        let cursor = &cursors[0];
        for (shop, query, name) in [
            (&cup, format!("visitors/v?cursor={cursor}"), "`cursor`"),
            (&tea, format!("visitors/w?cursor={cursor}"), "`cursor`"),
            (&tea, format!("visitors/v?cursor={}", &cursor[1..]), "`cursor`"),
            (&tea, "visitors/v?cursor=%00%ff".into(), "`cursor`"),
            (&tea, "visitors/v?limit=501".into(), "`limit`"),
            (&tea, "visitors/v?kind=visit".into(), "`kind`"),
            (&tea, "events/recent?kind=view".into(), "`kind`"),
            (&tea, "events/recent?kind=".into(), "`kind`"),
            (&tea, "events/recent?limit=5".into(), "`limit`"),
        ] {
            let (status, body) = get(&app, shop, &query).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {body}");
            assert!(body["error"]["message"].as_str().unwrap().contains(name), "{query}: {body}");
        }
        app.close().await;
    });
}

#[test]
fn nobodys_id_is_not_found_and_a_hostile_one_is_refused() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "v", NOW_MS), json!({ "kind": "order", "order_id": "1" })]).await;
        let long = "v".repeat(65);
        for (id, expected) in [
            ("w", 404),
            ("", 404),
            ("v/v", 404),
            ("..%2f..", 400),
            ("%2e%2e", 404),
            ("v'", 400),
            ("v%27%20OR%201=1", 400),
            ("%00", 400),
            ("%ff%fe", 400),
            ("%E2%80%AE", 400),
            ("%7Bshop:String%7D", 400),
            ("v%5C", 400),
            (long.as_str(), 400),
        ] {
            let (status, body) = get(&app, &shop, &format!("visitors/{id}")).await;
            assert_eq!(status.as_u16(), expected, "{id}: {body}");
            assert!(body["error"]["code"].is_string(), "{id}: {body}");
        }
        app.close().await;
    });
}

#[test]
fn single_events_want_a_key_of_the_shop() {
    run(async {
        let app = spawn_app().await;
        let (tea, cup) = (app.add_shop("tea"), app.add_shop("cup"));
        app.send(&tea, &[event("visit", "v", NOW_MS)]).await;
        for path in ["events/recent", "visitors/v"] {
            for (key, status) in [
                (Some(&tea.read_key), 200),
                (Some(&tea.secret_key), 200),
                (Some(&tea.public_key), 403),
                (Some(&cup.read_key), 404),
                (None, 401),
            ] {
                app.app.shipped().await.unwrap();
                let request = app.client.get(format!("{}/v1/shops/tea/{path}", app.url));
                let request = match key {
                    Some(key) => request.bearer_auth(key),
                    None => request,
                };
                let (found, body) = read(request.send().await.unwrap()).await;
                assert_eq!(found, status, "{path} {key:?} {body}");
            }
            let post = app.client.post(format!("{}/v1/shops/tea/{path}", app.url)).send().await.unwrap();
            assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
        }
        let (_, body) = get(&app, &cup, "events/recent").await;
        assert_eq!(body["events"], json!([]), "another shop's events");
        assert_eq!(get(&app, &cup, "visitors/v").await.0, StatusCode::NOT_FOUND);
        app.close().await;
    });
}

/// Rows that a statement reads, as ClickHouse counts them.
async fn rows_read(app: &TestApp, settings: &str, sql: &str) -> u64 {
    let url = format!("{}/?database={}&wait_end_of_query=1{settings}", app.store.url, app.store.database);
    let request = as_owner(app.client.post(url), &app.store);
    let answer = request.body(sql.to_owned()).send().await.unwrap();
    let summary = answer.headers()["x-clickhouse-summary"].to_str().unwrap().to_owned();
    let text = answer.text().await.unwrap();
    assert!(!text.is_empty() && !text.contains("Exception"), "{sql}: {text}");
    let summary: Value = serde_json::from_str(&summary).unwrap();
    summary["read_rows"].as_str().unwrap().parse().unwrap()
}

#[test]
fn neither_the_last_events_nor_a_path_reads_the_whole_shop() {
    const ROWS: u64 = 1_000_000;
    run(async {
        let app = spawn_app().await;
        app.app.shipped().await.unwrap();
        // Four months of visitors who come for ten page views each, and what one of them bought.
        app.execute(&format!(
            "INSERT INTO event_log (shop, at, id, kind, day, rank, visitor) \
             SELECT 'big', fromUnixTimestamp64Milli({NOW_MS} - number * 10000) AS a, generateUUIDv4(), \
             if(number = 500000, 'rating', 'visit'), toDate(a), 4611686018427387904 - toUnixTimestamp64Milli(a) - rand() % 5000, \
             'v' || toString(intDiv(number, 10)) FROM numbers({ROWS})"
        ))
        .await;
        let recent = |kind: &str, since: &str| {
            format!("recent_events(shop = 'big', kind = '{kind}', since = '{since} 00:00:00.000')")
        };
        let path = "visitor_path(shop = 'big', visitor = 'v4242', after_at = '1970-01-01 00:00:00.000', \
            after_id = toUUID('00000000-0000-0000-0000-000000000000'), limit = 100)";
        for question in [
            recent("", "2026-11-22"),
            recent("visit", "2026-11-20"),
            recent("rating", "1970-01-01"),
            "visitor_head(shop = 'big', visitor = 'v4242')".into(),
            path.into(),
        ] {
            let sql = format!("SELECT * FROM {question}");
            let read = rows_read(&app, "", &sql).await;
            let without = rows_read(&app, "&use_skip_indexes=0&use_top_k_dynamic_filtering=0", &sql).await;
            println!("{question}: {read} rows, {without} without the indexes");
            assert!(read <= ROWS / 5, "{question} reads {read} of {ROWS} rows");
            assert!(without >= ROWS, "{question}: nothing is saved");
        }
        app.close().await;
    });
}

const ALPHABET: [&str; 24] = [
    "\\",
    "'",
    "\"",
    "\\'",
    "\\n",
    "\\t",
    "`",
    "{shop:String}",
    "--",
    "/*",
    "%",
    "%25",
    "\u{202e}",
    "\u{2066}",
    "\u{200f}",
    "\u{0}",
    "\n",
    "\t",
    "茶",
    "é",
    "e\u{301}",
    "👩\u{200d}🍳",
    "\u{2028}",
    "<script>",
];

fn hostile(random: &mut Rng, max_pieces: usize) -> String {
    (0..random.usize(1..=max_pieces)).map(|_| ALPHABET[random.usize(..ALPHABET.len())]).collect()
}

/// What the contract takes out of text for people.
fn shown(text: &str, max_chars: usize) -> String {
    let hidden = |c: &char| c.is_control() || matches!(c, '\u{200f}' | '\u{202e}' | '\u{2066}');
    text.chars().filter(|c| !hidden(c)).take(max_chars).collect()
}

#[test]
fn hostile_text_comes_out_as_the_contract_says() {
    let seed = seed();
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut random = Rng::with_seed(seed);
        let sent: Vec<Value> = (0..100)
            .map(|n| {
                let exact = |random: &mut Rng, chars| shown(&hostile(random, 40), chars);
                let long = if n % 10 == 0 { 3_000 } else { 30 };
                event_with(
                    "order",
                    "v",
                    NOW_MS + n,
                    json!({
                        "url": format!("https://tea.example/{}", hostile(&mut random, long)),
                        "referrer": hostile(&mut random, long),
                        "title": hostile(&mut random, long),
                        "order_id": format!("{n}{}", exact(&mut random, 120)),
                        "agent": exact(&mut random, 64),
                        "channel": exact(&mut random, 64),
                        "product": exact(&mut random, 128),
                        "variant": format!("e:{n}{}", exact(&mut random, 58)),
                    }),
                )
            })
            .collect();
        app.send(&shop, &sent).await;
        let mut recent = events(&app, &shop, "events/recent").await;
        recent.reverse();
        for told in [recent, events(&app, &shop, "visitors/v").await] {
            assert_eq!(ids(&told), ids(&sent), "TEST_SEED={seed}");
            for (told, sent) in told.iter().zip(&sent) {
                for (name, max_chars) in [("url", 2_048), ("referrer", 2_048), ("title", 512)] {
                    let expected = shown(sent[name].as_str().unwrap(), max_chars);
                    let expected = if expected.trim().is_empty() { String::new() } else { expected };
                    assert_eq!(told[name].as_str().unwrap_or_default(), expected, "{name} TEST_SEED={seed}");
                }
                for name in ["order_id", "agent", "channel", "product", "variant"] {
                    let expected = sent[name].as_str().unwrap().trim();
                    assert_eq!(told[name].as_str().unwrap_or_default(), expected, "{name} TEST_SEED={seed}");
                }
            }
        }
        app.close().await;
    });
}
