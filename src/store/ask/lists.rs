//! What an SQL text repeats for each entry of a list of the program, so that a dimension or a rate is written
//! down once.
//!
//! A comment names the list, the line after it is the template; in it `$id`, `$part` and the like stand for
//! what an entry is called and made of.
//!
//! - `-- each: LIST` has the line once for each entry.
//! - `-- list: LIST` as well, with commas between them.
//! - `-- nest: LIST` has each entry's line in the place of `…` in the line of the entry before; the last one
//!   holds `''`.

use crate::funnel::{Dimension, Kind};
use crate::metrics::{COHORTS, FUNNEL, Group, Made, Metric};

/// What stands for an entry in a template: placeholders without their `$`, and what they mean.
type Entry = Vec<(&'static str, String)>;

/// The text with its lists written out.
pub(in crate::store) fn expanded(text: &str) -> String {
    let mut whole = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        match directive(line) {
            Some((how, entries)) => {
                let template = lines.next().unwrap_or_default().trim_end_matches('\n');
                let filled = entries.iter().map(|entry| fill(template, entry));
                whole.push_str(&joined(how, filled));
                whole.push('\n');
            }
            None => whole.push_str(line),
        }
    }
    whole
}

#[derive(Clone, Copy)]
enum How {
    Each,
    List,
    Nest,
}

/// How a line wants the next one repeated, and for what; none when it is a line like any other.
fn directive(line: &str) -> Option<(How, Vec<Entry>)> {
    let (how, list) = line.trim().strip_prefix("-- ")?.split_once(": ")?;
    let how = match how {
        "each" => How::Each,
        "list" => How::List,
        "nest" => How::Nest,
        _ => return None,
    };
    let entries = match list {
        "dimension" => Dimension::ALL.iter().map(|dimension| of_dimension(*dimension)).collect(),
        "count" => of_figures(&FUNNEL, count),
        "counted" => of_figures(&FUNNEL, counted),
        "rate" => of_figures(&FUNNEL, rate),
        "cohort_rate" => of_figures(&COHORTS, rate),
        _ => return None,
    };
    Some((how, entries))
}

fn fill(template: &str, entry: &Entry) -> String {
    entry.iter().fold(template.to_owned(), |line, (name, value)| line.replace(&format!("${name}"), value))
}

fn joined(how: How, lines: impl DoubleEndedIterator<Item = String>) -> String {
    match how {
        How::Each => lines.collect::<Vec<_>>().join("\n"),
        How::List => lines.collect::<Vec<_>>().join(",\n"),
        How::Nest => {
            let nested = |inner: Option<String>, line: String| {
                let inner = inner.map_or("''".to_owned(), |inner| format!("\n{inner}"));
                Some(line.replace('…', &inner))
            };
            lines.rev().fold(None, nested).unwrap_or_default()
        }
    }
}

/// - `text`: its value as text, one row for each where a day has several
/// - `array`: its values as an array of texts
/// - `passes`: whether a day carries one of the values of `filters`
fn of_dimension(dimension: Dimension) -> Entry {
    let id = dimension.as_str();
    let (text, array) = match dimension.kind() {
        Kind::LowCardinality => (format!("{id}::String"), format!("[toString({id})]")),
        Kind::Text => (id.to_owned(), format!("[{id}]")),
        Kind::Array => (format!("arrayJoin({id})"), id.to_owned()),
    };
    let passes = match dimension.kind() {
        Kind::LowCardinality | Kind::Text => format!("{id} IN (filters['{id}'])"),
        Kind::Array => format!("hasAny({id}, filters['{id}'])"),
    };
    vec![("id", id.to_owned()), ("text", text), ("array", array), ("passes", passes)]
}

fn of_figures(group: &Group, entry: fn(&Metric) -> Option<Entry>) -> Vec<Entry> {
    group.metrics.iter().filter_map(entry).collect()
}

/// - `column`: the figure out of the counts of `told`
fn count(metric: &Metric) -> Option<Entry> {
    let column = match metric.made {
        Made::Set | Made::SetDifference { .. } => metric.id.to_owned(),
        Made::Difference { whole, parts } => format!("{whole} - {} AS {}", parts.join(" - "), metric.id),
        Made::Ratio { .. } | Made::Elsewhere => return None,
    };
    Some(vec![("column", column)])
}

/// - `sum`: the figure out of rows of the ledger
fn counted(metric: &Metric) -> Option<Entry> {
    let sum_of = |set: &str| format!("sumIf(counted, what = '{set}')");
    let sum = match metric.made {
        Made::Set => sum_of(metric.id),
        Made::SetDifference { whole, part } => format!("{} - {}", sum_of(whole), sum_of(part)),
        Made::Difference { .. } | Made::Ratio { .. } | Made::Elsewhere => return None,
    };
    Some(vec![("id", metric.id.to_owned()), ("sum", sum)])
}

/// - `part`, `base`: what is divided by what
fn rate(metric: &Metric) -> Option<Entry> {
    let Made::Ratio { part, base } = metric.made else { return None };
    Some(vec![("id", metric.id.to_owned()), ("part", part.to_owned()), ("base", base.join(" + "))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_line_for_every_entry_and_list_commas_between_them() {
        let text = "SELECT\n-- list: cohort_rate\n    $part / nullIf($base, 0) AS $id\nFROM told\n";
        let whole = expanded(text);
        assert!(whole.starts_with("SELECT\n    buyers_d0 / nullIf(inquirers, 0) AS order_d0,\n"), "{whole}");
        assert!(
            whole.ends_with("    payers_final / nullIf(inquirers, 0) AS paid_final\nFROM told\n"),
            "{whole}"
        );
        let each = expanded("-- each: dimension\nAND $passes\n");
        assert_eq!(each.lines().count(), Dimension::ALL.len());
        assert!(
            each.contains("AND landing IN (filters['landing'])\nAND hasAny(agent, filters['agent'])\n"),
            "{each}"
        );
    }

    #[test]
    fn nest_puts_each_entry_into_the_one_before() {
        let whole = expanded("-- nest: cohort_rate\n  f($id, …)\nAS value\n");
        assert_eq!(
            whole,
            "  f(order_d0, \n  f(order_final, \n  f(paid_d0, \n  f(paid_d1, \n  f(paid_final, '')))))\nAS \
            value\n"
        );
    }

    #[test]
    fn a_comment_that_names_no_list_stays() {
        for text in ["-- each: mood\n$id\n", "-- part: rates\n", "-- Rows: each\n", "SELECT 1"] {
            assert_eq!(expanded(text), text);
        }
    }
}
