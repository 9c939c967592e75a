//! What is found out about a visit on its arrival, through HTTP and out of the columns.

use crate::app::{NOW_MS, TestApp, TestShop, event_with, read, run, spawn_app, spawn_app_at};
use crate::places::test_data;
use reqwest::StatusCode;
use serde_json::{Value, json};

const WECHAT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Mobile/15E148 MicroMessenger/8.0.50(0x18003237) NetType/WIFI Language/zh_CN";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/146.0.0.0 Safari/537.36";
const BAIDU: &str = "https://www.baidu.com/link?url=abc";

/// Sends events as a browser at `address` behind a trusted proxy.
async fn browse_from(app: &TestApp, shop: &TestShop, address: &str, user_agent: &str, events: Value) {
    let body = json!({ "shop": shop.public_key, "events": events }).to_string();
    let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
    let request = request.header("x-forwarded-for", address).header("user-agent", user_agent);
    let (status, answer) = read(request.body(body).send().await.unwrap()).await;
    assert_eq!((status, &answer["rejected"]), (StatusCode::ACCEPTED, &json!([])), "{answer}");
}

/// The named columns of the one event of a visitor, as JSON.
async fn columns(app: &TestApp, visitor: &str, names: &str) -> Value {
    app.app.shipped().await.unwrap();
    let sql = format!("SELECT {names} FROM event_log WHERE visitor = '{visitor}' FORMAT JSONCompactEachRow");
    serde_json::from_str(app.execute(&sql).await.trim()).unwrap_or_else(|error| panic!("{visitor}: {error}"))
}

const ALL: &str = "source, medium, campaign, path, device, browser, os, country, region, city, bot";

#[test]
fn a_browsers_visit_is_told_by_its_header_its_address_and_its_links() {
    run(async {
        let app = spawn_app_at(&[&test_data("GeoLite2-City-Test.mmdb")]).await;
        let shop = app.add_shop("tea");
        let url =
            "https://tea.example/%E8%8C%B6?utm_source=Weibo&utm_medium=Social&utm_campaign=11.11&gclid=Cj0";
        let visit = json!([{ "kind": "visit", "visitor": "mei", "url": url, "referrer": BAIDU }]);
        browse_from(&app, &shop, "175.16.199.1", WECHAT, visit).await;
        assert_eq!(
            columns(&app, "mei", ALL).await,
            json!([
                "weibo",
                "social",
                "11.11",
                "/茶",
                "mobile",
                "WeChat",
                "iOS",
                "CN",
                "Jilin Sheng",
                "Changchun",
                false
            ])
        );
        let stored = columns(&app, "mei", "url, referrer").await;
        assert_eq!(stored[0], url.strip_suffix("&gclid=Cj0").unwrap());
        assert_eq!(stored[1], BAIDU);

        // Only a visit has details, and only what comes over a trusted proxy has a place.
        let inquiry = json!([{ "kind": "inquiry", "visitor": "lin", "url": url, "referrer": BAIDU }]);
        browse_from(&app, &shop, "89.160.20.128", CHROME, inquiry).await;
        let nothing = json!(["", "", "", "", "", "", "", "", "", "", false]);
        assert_eq!(columns(&app, "lin", ALL).await, nothing);
        assert_eq!(columns(&app, "lin", "url").await[0], stored[0]);
        app.browse(&shop, &[json!({ "kind": "visit", "visitor": "local" })]).await;
        assert_eq!(columns(&app, "local", ALL).await, nothing);
        app.close().await;
    });
}

#[test]
fn a_server_tells_the_shoppers_address_and_user_agent_and_is_never_judged_itself() {
    run(async {
        let app = spawn_app_at(&[&test_data("GeoLite2-City-Test.mmdb")]).await;
        let shop = app.add_shop("tea");
        let visit = |visitor: &str, more: Value| event_with("visit", visitor, NOW_MS, more);
        let url = "https://tea.example/cups";
        app.send(
            &shop,
            &[
                visit(
                    "told",
                    json!({ "url": url, "user_agent": CHROME, "ip": "89.160.20.128", "referrer": BAIDU }),
                ),
                visit("mapped", json!({ "ip": "::ffff:81.2.69.142" })),
                visit("six", json!({ "ip": " 2001:218::1 ", "user_agent": WECHAT })),
                visit("bot", json!({ "ip": "216.160.83.56", "user_agent": "Googlebot/2.1" })),
                visit("silent", json!({ "ip": null, "user_agent": null })),
                visit("odd", json!({ "user_agent": 5 })),
            ],
        )
        .await;
        assert_eq!(
            columns(&app, "told", ALL).await,
            json!([
                "baidu",
                "search",
                "",
                "/cups",
                "desktop",
                "Chrome",
                "Windows",
                "SE",
                "Östergötland County",
                "Linköping",
                false
            ])
        );
        let place = "country, region, city, device, browser, bot";
        assert_eq!(columns(&app, "mapped", place).await, json!(["GB", "England", "London", "", "", false]));
        assert_eq!(columns(&app, "six", place).await, json!(["JP", "", "", "mobile", "WeChat", false]));
        assert_eq!(columns(&app, "bot", "country, city, bot").await, json!(["US", "Milton", true]));
        // The sender here has a user agent and an address, which are not the shopper's.
        for visitor in ["silent", "odd"] {
            assert_eq!(columns(&app, visitor, place).await, json!(["", "", "", "", "", false]));
        }
        app.close().await;
    });
}

#[test]
fn what_is_no_address_rejects_its_event_alone() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let broken = [
            json!("localhost"),
            json!("1.2.3"),
            json!("1.2.3.4, 10.0.0.1"),
            json!("1.2.3.4:80"),
            json!("::1%eth0"),
            json!(16909060),
            json!(["1.2.3.4"]),
        ];
        let mut events = vec![event_with("visit", "whole", NOW_MS, json!({ "ip": "1.2.3.4" }))];
        events.extend(broken.iter().map(|ip| event_with("visit", "broken", NOW_MS, json!({ "ip": ip }))));
        let (status, answer) = read(app.post_server(&shop, &json!(events)).await).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(1)));
        let rejected = answer["rejected"].as_array().unwrap();
        assert_eq!(rejected.len(), broken.len());
        for rejection in rejected {
            assert_eq!(rejection["code"], "invalid_ip");
            assert!(rejection["message"].as_str().unwrap().contains("`ip`"));
        }
        app.close().await;
    });
}

#[test]
fn of_a_user_agent_nothing_counts_beyond_512_bytes() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let padded =
            |bytes: usize| format!("{CHROME}{} Googlebot/2.1", "x".repeat(bytes - CHROME.len() - 14));
        for (name, user_agent, bot) in [("within", padded(512), true), ("beyond", padded(524), false)] {
            let (page, server) = (format!("page-{name}"), format!("server-{name}"));
            browse_from(
                &app,
                &shop,
                "203.0.113.9",
                &user_agent,
                json!([{ "kind": "visit", "visitor": page }]),
            )
            .await;
            let told = json!({ "user_agent": user_agent });
            app.send(&shop, &[event_with("visit", &server, NOW_MS, told)]).await;
            for visitor in [page, server] {
                assert_eq!(columns(&app, &visitor, "bot").await, json!([bot]), "{visitor}");
            }
        }
        app.close().await;
    });
}

#[test]
fn a_browser_cannot_tell_of_another_address_or_user_agent() {
    run(async {
        let app = spawn_app_at(&[&test_data("GeoLite2-City-Test.mmdb")]).await;
        let shop = app.add_shop("tea");
        let forged = json!([
            { "kind": "visit", "visitor": "forger", "ip": "175.16.199.1", "user_agent": WECHAT },
            { "kind": "cart", "visitor": "other", "ip": "no address", "user_agent": "Googlebot" },
        ]);
        browse_from(&app, &shop, "89.160.20.128", CHROME, forged).await;
        assert_eq!(columns(&app, "forger", "country, browser, bot").await, json!(["SE", "Chrome", false]));
        assert_eq!(columns(&app, "other", "country, browser, bot").await, json!(["", "", false]));
        let metrics = format!("http://{}/metrics", app.app.admin_address());
        let metrics = app.client.get(metrics).send().await.unwrap().text().await.unwrap();
        assert!(metrics.contains("shopfunnel_fields_unknown_total 4\n"), "{metrics}");
        app.close().await;
    });
}

#[test]
fn personal_data_hidden_in_campaigns_is_not_stored() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let url = "https://tea.example/?utm_source=mei%40tea.cn&utm_medium=13812345678&utm_campaign=4111111111111111";
        app.send(&shop, &[event_with("visit", "v", NOW_MS, json!({ "url": url, "ip": "203.0.113.9" }))])
            .await;
        assert_eq!(columns(&app, "v", "source, medium, campaign").await, json!(["***", "***", "***"]));
        // The page's address is cut before it is stored, not before it is read.
        let late = format!("https://tea.example/?x={}&utm_source=late", "x".repeat(3_000));
        app.send(&shop, &[event_with("visit", "late", NOW_MS, json!({ "url": late }))]).await;
        assert_eq!(columns(&app, "late", "source, length(url)").await, json!(["late", 2048]));
        let row = columns(&app, "v", "*").await.to_string();
        for planted in ["mei", "13812345678", "4111111111111111", "203.0.113.9"] {
            assert!(!row.contains(planted), "{row}");
        }
        app.close().await;
    });
}

#[test]
fn the_shops_other_origins_send_nobody() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let origins = Some(vec!["https://tea.example".into(), "https://cups.example".into()]);
        app.set_shop("tea", shopfunnel::shops::command::Changes { origins, ..Default::default() });
        let visit = |visitor: &str, referrer: &str| {
            event_with(
                "visit",
                visitor,
                NOW_MS,
                json!({ "url": "https://tea.example/", "referrer": referrer }),
            )
        };
        app.send(
            &shop,
            &[
                visit("own", "https://www.cups.example/x"),
                visit("paid", "https://cashier.alipay.com/standard"),
                visit("blog", "https://blog.test/x"),
            ],
        )
        .await;
        for (visitor, source) in [("own", ""), ("paid", ""), ("blog", "blog.test")] {
            assert_eq!(columns(&app, visitor, "source").await, json!([source]), "{visitor}");
        }
        app.close().await;
    });
}
