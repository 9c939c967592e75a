//! The catalogues of figures and dimensions against what is answered, and the files that are written from
//! them.

use crate::app::{NOW_MS, event, event_with, read, run, spawn_app};
use crate::committed::assert_fresh;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shopfunnel::funnel::{Dimension, Kind};
use shopfunnel::metrics::{AROUND, COHORTS, FUNNEL, GROUPS, Group, MONEY, Made, Metric, Unit, Wording};
use std::collections::BTreeSet;
use std::fmt::Write;

fn ids(group: &Group) -> BTreeSet<&str> {
    group.metrics.iter().map(|metric| metric.id).collect()
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn what_the_funnel_answers_is_in_the_catalogue_and_the_other_way_round() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order = json!({ "order_id": "1", "amount": "5" });
        app.send(&shop, &[event("visit", "v", NOW_MS), event_with("order", "v", NOW_MS, order)]).await;
        let (_, answer) = app.ask(&shop, "").await;
        assert_eq!(keys(&answer["funnel"]), ids(&FUNNEL));
        let mut money = ids(&MONEY);
        money.insert("currency");
        assert_eq!(keys(&answer["money"][0]), money);
        let cohorts = app.report(&shop, "cohorts").await;
        for id in ids(&COHORTS) {
            assert!(cohorts["total"].get(id).is_some(), "{id} in {cohorts}");
        }
        let everything: BTreeSet<&str> = GROUPS.iter().flat_map(|group| ids(group)).collect();
        assert!(everything.contains("cookieless_share") && answer["cookieless_share"].is_number());
        app.close().await;
    });
}

#[test]
fn anybody_may_read_the_catalogue() {
    run(async {
        let app = spawn_app().await;
        let answer = app.client.get(format!("{}/v1/metrics", app.url)).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "public, max-age=3600");
        let (status, body) = read(answer).await;
        assert_eq!((status, keys(&body)), (StatusCode::OK, BTreeSet::from(["metrics"])));
        let metrics = body["metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), GROUPS.iter().map(|group| group.metrics.len()).sum::<usize>());
        let of = |id: &str| metrics.iter().find(|metric| metric["id"] == id).unwrap();
        assert_eq!(
            *of("payment_rate"),
            json!({
                "id": "payment_rate",
                "name": { "en": "Payment rate", "zh": "订单支付率" },
                "formula": "payers / buyers",
                "unit": "ratio",
                "basis": "window",
                "description": {
                    "en": "Share of the buyers who paid, by persons.",
                    "zh": "下单者中付款的占比（按人数）。",
                },
            })
        );
        for (id, unit, basis) in [
            ("order_d0", "ratio", "inquiry_day"),
            ("silent_net_amount", "money", "order_day"),
            ("received_amount", "money", "payment_day"),
            ("orders", "orders", "order_day"),
            ("waiting_payments", "payments", "payment_day"),
            ("days_to_order", "days", "order_day"),
        ] {
            assert_eq!((&of(id)["unit"], &of(id)["basis"]), (&json!(unit), &json!(basis)), "{id}");
        }
        app.close().await;
    });
}

#[test]
fn the_document_of_figures_is_the_catalogue() {
    assert_fresh("docs/METRICS.md", &document());
}

/// A dimension that is in the list and not in the table would be an error of the first question about it.
#[test]
fn every_dimension_has_its_column() {
    run(async {
        let app = spawn_app().await;
        for dimension in Dimension::ALL {
            let held = match dimension.kind() {
                Kind::LowCardinality => "LowCardinality(String)",
                Kind::Text => "String",
                Kind::Array => "Array(String)",
            };
            let asked = format!(
                "SELECT type FROM system.columns \
                 WHERE database = currentDatabase() AND table = 'day_facts' AND name = '{}' FORMAT TSVRaw",
                dimension.as_str()
            );
            assert_eq!(app.execute(&asked).await.trim_end(), held, "{dimension:?} in day_facts");
        }
        app.close().await;
    });
}

/// The page and Grafana's boards take from it what figures are called and how they are counted.
#[test]
fn the_page_s_catalogue_is_this_one() {
    assert_fresh("dashboards/web/src/catalogue.ts", &typescript());
}

fn typescript() -> String {
    let mut text = String::from(
        "// Figures and dimensions: ids, labels in both languages, formulas.\n//\n\
         // Written from src/metrics.rs and src/funnel/dimension.rs by: \
         UPDATE=1 cargo test --test it catalogue\n",
    );
    let of_unit = |unit: Unit| FUNNEL.metrics.iter().filter(move |metric| metric.unit == unit);
    let list = |ids: Vec<&str>| ids.iter().map(|id| format!("  \"{id}\",\n")).collect::<String>();
    let names = |metrics: &mut dyn Iterator<Item = &'static Metric>| -> String {
        metrics.map(|metric| wording(metric.id, metric.label)).collect()
    };
    let mut constant = |comment: &str, name: &str, opening: char, content: String, closing: char| {
        let _ = write!(
            text,
            "\n/** {comment} */\nexport const {name} = {opening}\n{content}{closing} as const;\n"
        );
    };
    let counts = list(of_unit(Unit::Persons).map(|metric| metric.id).collect());
    constant("Persons of the funnel, in reading order.", "COUNTS", '[', counts, ']');
    let rates = of_unit(Unit::Ratio).map(|metric| match metric.made {
        Made::Ratio { part, base } => {
            format!("  {}: {{ part: \"{part}\", base: [\"{}\"] }},\n", metric.id, base.join("\", \""))
        }
        other => panic!("{} is a rate that is made as {other:?}", metric.id),
    });
    let comment = "Each rate: the count above the line, the counts summed below it.";
    constant(comment, "RATES", '{', rates.collect(), '}');
    constant("Of the funnel.", "LABELS", '{', names(&mut FUNNEL.metrics.iter()), '}');
    let meanings = of_unit(Unit::Persons).map(|metric| wording(metric.id, metric.description)).collect();
    constant("Who is counted, in one sentence.", "DEFINITIONS", '{', meanings, '}');
    constant(
        "Of what became of a day's inquirers.",
        "COHORT_LABELS",
        '{',
        names(&mut COHORTS.metrics.iter()),
        '}',
    );
    let is_of_branch =
        |id: &str| ["inquiry_", "silent_", "unattributed_"].iter().any(|of| id.starts_with(of));
    let whole = &mut MONEY.metrics.iter().filter(|metric| !is_of_branch(metric.id));
    constant(
        "Of money; those of one branch have its name before them.",
        "MONEY_LABELS",
        '{',
        names(whole),
        '}',
    );
    constant(
        "Of what is told beside the funnel.",
        "OTHER_LABELS",
        '{',
        names(&mut AROUND.metrics.iter()),
        '}',
    );
    let dimensions = list(Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect());
    constant("What figures can be grouped and filtered by.", "DIMENSIONS", '[', dimensions, ']');
    let named = Dimension::ALL.iter().map(|dimension| wording(dimension.as_str(), dimension.name()));
    constant("What dimensions are called.", "DIMENSION_NAMES", '{', named.collect(), '}');
    let closed = Dimension::ALL.iter().filter_map(|dimension| {
        let values = dimension.closed_values()?;
        Some(format!("  {}: [\"{}\"],\n", dimension.as_str(), values.join("\", \"")))
    });
    constant("Values of dimensions that have no others.", "CLOSED_VALUES", '{', closed.collect(), '}');
    text
}

/// A property that holds words, on a line where it fits.
fn wording(id: &str, Wording { en, zh }: Wording) -> String {
    const COLUMNS: usize = 110;
    // A Chinese character is two columns wide.
    let columns = |text: &str| text.chars().map(|c| if c > '\u{2e7f}' { 2 } else { 1 }).sum::<usize>();
    let (en, zh) = (quoted(en), quoted(zh));
    let line = format!("  {id}: {{ en: {en}, zh: {zh} }},\n");
    if columns(&line) <= COLUMNS {
        return line;
    }
    let en = if columns(&en) + 9 <= COLUMNS {
        format!(" {en}")
    } else {
        let middle = en.len() / 2;
        let cut = en[middle..].find(' ').map_or(en.len() - 1, |at| middle + at + 1);
        format!("\n      {}\" +\n      \"{}", &en[..cut], &en[cut..])
    };
    format!("  {id}: {{\n    en:{en},\n    zh: {zh},\n  }},\n")
}

/// A text of TypeScript.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn document() -> String {
    let mut text = String::from(
        "# Figures · 指标\n\n\
         Every figure that is answered, by the id that answers, CSV columns and dashboards use. Labels are \
         for reading only: in the trade\none label may name several ratios. `GET /v1/metrics` gives the \
         same to programs.\n\n\
         以下 id 是接口、CSV 列名和仪表盘共用的唯一键；中文名仅供阅读，业内同一名称可能指不同比率。程序可从 \
         `GET /v1/metrics` 获取同样的内容。\n\n\
         A rate whose base is 0 is `null`, never 0. Money is a decimal in one currency, never converted. \
         分母为 0 的比率为 `null`，不是 0；金额按币种分别计算，不作换算。\n\n\
         Basis 口径: `window` what a visitor did on any of the days, each person once 窗口内去重人数 · \
         `inquiry_day` the day of the pre-sale inquiry 售前咨询日 · `order_day` the day the order was \
         placed 下单日 · `payment_day` the day of the payment 付款日.\n\n\
         <!-- Written from src/metrics.rs by: UPDATE=1 cargo test --test it catalogue -->\n",
    );
    for group in GROUPS {
        let _ = write!(text, "\n## {} · {}\n\n", group.title.en, group.title.zh);
        text.push_str("| id | name 名称 | formula 公式 | unit 单位 | basis 口径 | meaning 含义 |\n|---|---|---|---|---|---|\n");
        for metric in group.metrics {
            let _ = writeln!(
                text,
                "| `{}` | {}<br>{} | {} | {} | {} | {}<br>{} |",
                metric.id,
                metric.name.en,
                metric.name.zh,
                metric.formula,
                word(metric.unit),
                word(metric.basis),
                metric.description.en,
                metric.description.zh,
            );
        }
    }
    text
}

/// The word on the wire.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}
