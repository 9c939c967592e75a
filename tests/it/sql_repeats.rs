//! No SQL of ours adds up rows that may be there twice: read from the statements themselves.
//!
//! The tables bear repeats only because every reader takes a repeated row for one, which no other test can
//! hold for a view that is still to be written.

use crate::rules::{sources, sql_files};
use std::fs;

/// Tables that may hold an event twice until ClickHouse has merged them.
const MAY_REPEAT: [&str; 8] = [
    "event_log",
    "order_events",
    "conversation_events",
    "visitor_activity",
    "order_facts",
    "day_facts",
    "day_ledger",
    "open_visitors",
];
/// Aggregates that a repeated row changes, by how their names begin.
const ADDS_UP: [&str; 8] = ["count", "sum", "avg", "groupArray", "quantile", "median", "topK", "groupConcat"];

/// Whether a word is such an aggregate, alone or with a combinator: `countIf`, not `country`.
fn adds_up(word: &str) -> bool {
    let rests = ADDS_UP.iter().filter_map(|name| word.strip_prefix(name));
    rests.into_iter().any(|rest| !rest.starts_with(|c: char| c.is_lowercase()))
}

/// The words of a statement, each bracket one of them; comments and texts left out.
fn words(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let sql = lines.collect::<Vec<_>>().join(" ").replace("\\'", "");
    let code = sql.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let mut words = vec![String::new()];
    for letter in code.chars() {
        if letter.is_alphanumeric() || letter == '_' {
            words.last_mut().unwrap().push(letter);
        } else {
            let bracket = matches!(letter, '(' | ')').then(|| letter.to_string());
            words.extend(bracket.into_iter().chain([String::new()]));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The place of the bracket that opens what `at` stands in; none at the top.
fn opening(words: &[String], at: usize) -> Option<usize> {
    let mut depth = 0;
    words[..at].iter().rposition(|word| {
        depth += i32::from(word == ")") - i32::from(word == "(");
        depth < 0
    })
}

/// The words of the one SELECT that begins at or after `start` and holds `at`, without SELECTs inside it.
fn select(words: &[String], start: usize, at: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut skipped_from, mut holds) = (0, None, false);
    for (place, word) in words.iter().enumerate().skip(start) {
        match word.as_str() {
            "(" => {
                depth += 1;
                let inner = matches!(words.get(place + 1).map(String::as_str), Some("SELECT" | "WITH"));
                if inner && skipped_from.is_none() {
                    skipped_from = Some(depth);
                }
            }
            ")" if depth == 0 => break,
            ")" => {
                if skipped_from == Some(depth) {
                    skipped_from = None;
                }
                depth -= 1;
            }
            "UNION" if depth == 0 && holds => break,
            "UNION" if depth == 0 => found.clear(),
            word if skipped_from.is_none() => found.push(word),
            _ => {}
        }
        holds |= place == at;
    }
    found
}

/// Where a statement would count a repeated row twice: each read of such a table must be FINAL, a mere
/// question whether (`IN`), or under a GROUP BY or DISTINCT with nothing that adds up at or below it.
fn additions(sql: &str) -> Vec<String> {
    let words = words(sql);
    let is = |place: usize, wanted: &str| words.get(place).is_some_and(|word| word == wanted);
    let mut found = Vec::new();
    for at in 1..words.len() {
        let reads = matches!(words[at - 1].as_str(), "FROM" | "JOIN");
        if !reads || !MAY_REPEAT.contains(&words[at].as_str()) || is(at + 1, "FINAL") {
            continue;
        }
        let mut inside = at;
        loop {
            let bracket = opening(&words, inside);
            let select = select(&words, bracket.map_or(0, |bracket| bracket + 1), inside);
            if let Some(adds) = select.iter().find(|word| adds_up(word)) {
                found.push(format!("{adds} over {}", words[at]));
                break;
            }
            if select.contains(&"GROUP") || select.contains(&"DISTINCT") {
                break;
            }
            match bracket {
                Some(bracket) if is(bracket - 1, "IN") => break,
                Some(bracket) if !is(bracket - 1, "AS") => inside = bracket,
                _ => {
                    found.push(format!("{} as it is", words[at]));
                    break;
                }
            }
        }
    }
    found
}

#[test]
fn the_rule_against_adding_up_repeats_knows_right_from_wrong() {
    for right in [
        "SELECT uniqExact(id) FROM event_log GROUP BY day",
        "SELECT sum(amount) FROM order_events FINAL",
        "SELECT count() FROM (SELECT order_id, min(at) FROM order_events GROUP BY order_id)",
        "SELECT count() FROM (SELECT DISTINCT visitor FROM visitor_activity)",
        "SELECT sum(a) FROM (SELECT max(a) AS a FROM (SELECT 1 AS a UNION ALL SELECT amount FROM order_events) \
        GROUP BY b)",
        "SELECT count() FROM days WHERE visitor IN (SELECT visitor FROM visitor_activity)",
        "SELECT 'count() FROM order_events' -- FROM event_log",
    ] {
        assert_eq!(additions(right), [""; 0], "{right}");
    }
    for (wrong, says) in [
        ("SELECT count() FROM event_log", "count over event_log"),
        (
            "SELECT order_id, sumIf(amount, verified) FROM order_events GROUP BY order_id",
            "sumIf over order_events",
        ),
        (
            "WITH paid AS (SELECT amount FROM order_events) SELECT sum(amount) FROM paid",
            "order_events as it is",
        ),
        (
            "SELECT sum(a) FROM (SELECT amount AS a FROM order_events UNION ALL SELECT 1)",
            "sum over order_events",
        ),
        ("SELECT count() FROM shops JOIN order_events USING (shop)", "count over order_events"),
        ("SELECT visitor FROM visitor_activity", "visitor_activity as it is"),
    ] {
        assert_eq!(additions(wrong), [says], "{wrong}");
    }
}

#[test]
fn no_view_adds_up_what_may_be_there_twice() {
    for path in sql_files("views") {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(additions(&text), [""; 0], "{}", path.display());
    }
    // The program itself asks through the views only.
    for (path, text) in sources() {
        let tables = MAY_REPEAT.iter().filter(|table| text.contains(&format!("FROM {table}")));
        assert_eq!(tables.count(), 0, "{} reads a table", path.display());
    }
}

#[test]
fn no_table_keeps_what_a_repeated_row_adds_to() {
    const IDEMPOTENT: [&str; 9] = [
        "min",
        "max",
        "any",
        "groupBitOr",
        "groupBitAnd",
        "groupUniqArray",
        "groupUniqArrayArray",
        "argMin",
        "argMax",
    ];
    for path in sql_files("migrations") {
        let text = fs::read_to_string(&path).unwrap();
        let words = words(&text);
        let after = |name: &str, steps: usize| {
            let places = words.iter().enumerate().filter(move |(_, word)| *word == name);
            places.map(|(place, _)| words[place + steps].as_str()).collect::<Vec<_>>()
        };
        for engine in after("ENGINE", 1) {
            // What the upkeep works on for a moment is in memory, and who is queued twice is looked at twice.
            let merges = matches!(engine, "ReplacingMergeTree" | "AggregatingMergeTree" | "Memory")
                || path.ends_with("0018_ledger_changes.sql");
            assert!(merges, "{}: {engine} keeps repeats", path.display());
        }
        for state in after("SimpleAggregateFunction", 2).into_iter().chain(after("AggregateFunction", 2)) {
            assert!(IDEMPOTENT.contains(&state), "{}: {state} adds up", path.display());
        }
        let adds = words.iter().find(|word| adds_up(word));
        assert_eq!(adds, None, "{}", path.display());
    }
}
