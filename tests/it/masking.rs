//! What of an event is masked and cut before anything is stored, whoever tells of it.

use crate::app::{NOW_MS, TestApp, event_with, run, spawn_app};
use crate::server::{Installation, stderr};
use serde_json::{Value, json};

const SIGNATURE: &str = "kq3V9dXw0Zt7_Yb2LrNf5mPcAhGsJuE8oQi1TzWx4Cg";
/// Whatever of it stands in a row is a secret that was stored.
const PLANTED: [&str; 5] = [SIGNATURE, "mei@tea.cn", "mei%40tea.cn", "13812345678", "4111 1111"];
const COLUMNS: &str = "url, referrer, title, path, agent, channel, variant, product";

/// A visit that gives persons and orders away in every field.
fn telling() -> Value {
    json!({
        "url": format!("https://mei:pw@tea.example/order-status/100013/100013:{SIGNATURE}/?x=1"),
        "referrer": "https://mail.example/unsubscribe/mei%40tea.cn/",
        "title": "Thanks, mei@tea.cn – 4111 1111 1111 1111",
        "agent": "小美 13812345678",
        "channel": "mei@tea.cn",
        "variant": "mei@tea.cn:b",
        "product": "tea for mei@tea.cn",
    })
}

fn masked() -> Value {
    json!([
        "https://***@tea.example/order-status/100013/***/?x=1",
        "https://mail.example/unsubscribe/***/",
        "Thanks, *** – ***",
        "/order-status/100013/***/",
        "小美 ***",
        "***",
        "***:b",
        "tea for ***"
    ])
}

/// The named columns of the one event of a visitor.
async fn columns(app: &TestApp, visitor: &str, names: &str) -> Value {
    app.app.shipped().await.unwrap();
    let sql = format!("SELECT {names} FROM event_log WHERE visitor = '{visitor}' FORMAT JSONCompactEachRow");
    serde_json::from_str(app.execute(&sql).await.trim()).unwrap_or_else(|error| panic!("{visitor}: {error}"))
}

#[test]
fn what_names_persons_or_opens_orders_is_stored_of_no_sender() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut browsed = telling();
        browsed["kind"] = "visit".into();
        browsed["visitor"] = "page".into();
        app.browse(&shop, &[browsed]).await;
        app.send(&shop, &[event_with("visit", "server", NOW_MS, telling())]).await;
        for visitor in ["page", "server"] {
            assert_eq!(columns(&app, visitor, COLUMNS).await, masked(), "{visitor}");
            let row = columns(&app, visitor, "*").await.to_string();
            assert!(!PLANTED.iter().any(|planted| row.contains(planted)), "{row}");
        }
        let landings = app.ask(&shop, "?from=2026-11-22&to=2026-11-22&breakdown=landing").await.1;
        assert_eq!(landings["groups"][0]["value"], "/order-status/100013/***/", "{landings}");
        app.close().await;
    });
}

#[test]
fn an_import_is_masked_as_everything_else() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::new(directory.path());
        let server = installation.serve();
        installation.add_shop("tea");
        let file = directory.path().join("past.ndjson");
        std::fs::write(&file, event_with("visit", "v", NOW_MS, telling()).to_string()).unwrap();
        let done = installation.run(&["import", "events", file.to_str().unwrap(), "--shop", "tea"]);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        let is_masked =
            masked().as_array().unwrap().iter().zip(COLUMNS.split(", ")).fold(
                String::from("1"),
                |condition, (value, column)| {
                    format!("{condition} AND {column} = '{}'", value.as_str().unwrap())
                },
            );
        assert_eq!(installation.count(&format!("SELECT count() FROM event_log WHERE {is_masked}")).await, 1);
        assert_eq!(server.terminate(), Some(0));
    });
}

#[test]
fn what_is_derived_from_a_long_address_is_cut_between_characters() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let long = |letter: &str| format!("https://tea.example/a{}", letter.repeat(60_000 / letter.len()));
        let referrer = format!("https://{}.example/", "z".repeat(230));
        let campaign =
            format!("https://tea.example/?utm_source={0}&utm_medium={0}&utm_campaign={0}", "茶".repeat(900));
        for (visitor, url) in [
            ("plain", long("x")),
            ("other", long("x") + "y"),
            ("text", long("茶")),
            ("escaped", long("%E8%8C%B6")),
            ("gbk", long("%B2%E8")),
        ] {
            let visit = json!({ "kind": "visit", "visitor": visitor, "url": url, "referrer": referrer });
            app.browse(&shop, &[visit]).await;
        }
        app.browse(&shop, &[json!({ "kind": "visit", "visitor": "campaign", "url": campaign })]).await;
        let lengths = "lengthUTF8(url), lengthUTF8(path), right(path, 3)";
        assert_eq!(columns(&app, "plain", lengths).await, json!([2048, 512, "xxx"]));
        assert_eq!(columns(&app, "text", "lengthUTF8(path), rightUTF8(path, 1)").await, json!([512, "茶"]));
        // 2 048 characters of the address hold 225 whole characters of the path.
        assert_eq!(
            columns(&app, "escaped", "path, lengthUTF8(url)").await,
            json!([format!("/a{}", "茶".repeat(225)), 2048])
        );
        assert_eq!(
            columns(&app, "gbk", "length(path) <= 512, right(path, 6) IN ('%B2%E8', '%E8%B2')").await,
            json!([1, 1])
        );
        assert_eq!(columns(&app, "plain", "length(source)").await, json!([238]));
        let touch = "lengthUTF8(source), lengthUTF8(medium), lengthUTF8(campaign)";
        assert_eq!(columns(&app, "campaign", touch).await, json!([512, 512, 512]));

        // What begins alike is one value.
        let groups = app.ask(&shop, "?from=2026-11-22&to=2026-11-22&breakdown=landing").await.1;
        let groups = groups["groups"].as_array().unwrap();
        assert!(groups.iter().all(|group| group["value"].as_str().unwrap().chars().count() <= 512));
        assert_eq!(groups[0]["funnel"]["visitors"], 2, "{groups:?}");
        app.close().await;
    });
}
