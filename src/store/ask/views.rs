//! The questions of `sql/views`, put together out of parts and lists. Each is made a view, for Grafana and
//! for people; the program asks the text behind the view, because ClickHouse analyses a view once for its
//! columns and once more for its answer, and analysis is most of the time of an answer about few visitors.

use super::lists::expanded;
use std::sync::LazyLock;

macro_rules! sql_files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $folder, "/", $name, ".sql")))),*]
    };
}
pub(in crate::store) use sql_files;

/// By the folder of `sql/views` in which they are.
const VIEWS: &[(&str, &[(&str, &str)])] = &[
    ("funnel", sql_files!("views/funnel": "funnel", "late_changes", "cohorts", "annotated_days")),
    ("orders", sql_files!("views/orders": "repeat_buyers", "cycles")),
    ("inquiries", sql_files!("views/inquiries": "lost_inquiries", "visitor_wishes")),
    (
        "visitors",
        sql_files!("views/visitors": "visitor_head", "visitor_path", "visitor_traces", "visitor_kept"),
    ),
    ("shops", sql_files!("views/shops": "shop_list", "pulse", "arrivals", "recent_events")),
];

/// What several questions share: a line `-- part: NAME` stands for it. Not views themselves, because each
/// view within a view doubles the analysis. Those that others name come last.
const PARTS: &[(&str, &str)] = sql_files!("views/parts":
    "funnel_of_ledger",
    "funnel_of_days",
    "ledger_counts",
    "open_counts",
    "rates",
    "if_days",
    "if_ledger",
    "visitor_orders",
    "stored_items",
);

/// Parts that decide which other part of their view answers. Who asks one of those by itself has decided.
const DECIDING: [&str; 2] = ["if_days", "if_ledger"];

/// A question's text, put together when it is first asked.
pub(in crate::store) type Text = LazyLock<String>;

/// The text behind a view of `sql/views`, by its folder and name.
macro_rules! text_of {
    ($name:literal) => {
        $crate::store::ask::views::text_behind(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/sql/views/",
            $name,
            ".sql"
        )))
    };
}
pub(in crate::store) use text_of;

/// The text of a part, asked by itself.
macro_rules! part_of {
    ($name:literal) => {
        $crate::store::ask::views::part_alone(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/sql/views/parts/",
            $name,
            ".sql"
        )))
    };
}
pub(in crate::store) use part_of;

impl crate::store::client::Store {
    /// Names of the views that there are.
    pub fn views() -> impl Iterator<Item = &'static str> {
        views().map(|(name, _)| name)
    }
}

fn views() -> impl Iterator<Item = (&'static str, &'static str)> {
    VIEWS.iter().flat_map(|(_, views)| *views).copied()
}

/// Every view's name, and the statement that makes it what this version expects.
pub(in crate::store) fn statements() -> impl Iterator<Item = (&'static str, String)> {
    views().map(|(name, view)| (name, whole(view)))
}

pub(in crate::store) fn text_behind(view: &str) -> String {
    let whole = whole(view);
    match whole.split_once(" AS\n") {
        Some((_, text)) => text.to_owned(),
        None => whole,
    }
}

pub(in crate::store) fn part_alone(part: &str) -> String {
    with(PARTS.iter().filter(|(name, _)| !DECIDING.contains(name)), part)
}

/// A text with its parts in their places and its lists written out.
pub(in crate::store) fn whole(text: &str) -> String {
    with(PARTS.iter(), text)
}

fn with<'a>(parts: impl Iterator<Item = &'a (&'a str, &'a str)>, text: &str) -> String {
    let whole =
        parts.fold(text.to_owned(), |text, (name, part)| text.replace(&format!("-- part: {name}\n"), part));
    expanded(&whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrate::listed;

    #[test]
    fn every_sql_file_is_listed_once() {
        for (folder, files) in VIEWS.iter().copied().chain([("parts", PARTS)]) {
            let mut names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
            names.sort();
            assert_eq!(names, listed(&format!("views/{folder}")), "{folder}");
        }
        assert_eq!(listed("views"), Vec::<String>::new(), "a view is in the folder of what it is about");
    }

    #[test]
    fn every_part_that_is_named_is_there_and_used() {
        for (name, view) in views() {
            for sign in ["-- part:", "-- each:", "-- list:", "-- nest:", "$"] {
                assert!(!whole(view).contains(sign), "{name} holds {sign}");
            }
            assert!(!text_behind(view).contains("CREATE"), "{name}");
            assert!(view.contains(&format!("CREATE OR REPLACE VIEW {name} AS\n")), "{name}");
        }
        for (name, _) in PARTS {
            let line = format!("-- part: {name}\n");
            assert!(views().chain(PARTS.iter().copied()).any(|(_, text)| text.contains(&line)), "{name}");
        }
    }
}
