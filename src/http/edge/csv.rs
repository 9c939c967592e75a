//! Tables as CSV, for spreadsheets and for programs.
//!
//! RFC 4180 in UTF-8. It opens with a byte order mark, because Excel on a Chinese Windows reads a file
//! without one as GBK and garbles every Chinese word; programs say `utf-8-sig` or skip three bytes. Text that
//! a spreadsheet would take for a formula gets a leading apostrophe; numbers are never touched.

use super::error::ApiError;
use crate::metrics::{Group, Unit};
use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

const BYTE_ORDER_MARK: &str = "\u{feff}";
const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// One value of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Anything that came from outside, so that it is guarded.
    Text(String),
    Integer(u64),
    Number(f64),
    /// The exact text of a decimal number, as amounts are answered.
    Decimal(String),
    Empty,
}

/// Rows whose columns come into being when a row first has a value for them.
#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<String>,
    indexes: HashMap<String, usize>,
    rows: Vec<Vec<Cell>>,
}

/// The newest row of a table.
pub struct Row<'a> {
    table: &'a mut Table,
}

impl Table {
    /// Begins a row; what it does not set stays empty.
    pub fn row(&mut self) -> Row<'_> {
        self.rows.push(Vec::new());
        Row { table: self }
    }

    /// The index of a column, at the end when it is new.
    fn index(&mut self, column: &str) -> usize {
        if let Some(&index) = self.indexes.get(column) {
            return index;
        }
        let index = self.columns.len();
        self.columns.push(column.to_owned());
        self.indexes.insert(column.to_owned(), index);
        index
    }

    /// The whole file.
    pub fn to_csv(&self) -> String {
        let mut csv = String::from(BYTE_ORDER_MARK);
        write_line(&mut csv, self.columns.iter().map(|column| quoted(&guarded(column))));
        for row in &self.rows {
            let cells =
                (0..self.columns.len()).map(|index| row.get(index).map_or(String::new(), Cell::to_field));
            write_line(&mut csv, cells);
        }
        csv
    }

    /// The file as a download. The name is ours and ASCII, so that nothing of a request gets into a header.
    pub fn download(&self, file_name: &'static str) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")))
            .body(self.to_csv())
    }
}

impl Row<'_> {
    /// Puts a value into a column, which is added to the table when it is new.
    pub fn set(&mut self, column: &str, cell: Cell) -> &mut Self {
        let index = self.table.index(column);
        if let Some(row) = self.table.rows.last_mut() {
            if row.len() <= index {
                row.resize(index + 1, Cell::Empty);
            }
            row[index] = cell;
        }
        self
    }

    /// Puts all figures of a group into the columns of their ids. `figures` is the answer's object: what it
    /// does not hold stays empty. `suffix` tells apart what is there several times, as `_CNY` does for money.
    ///
    /// # Errors
    /// The figures cannot be written; an empty cell would say that there are none.
    pub fn figures(
        &mut self,
        group: &Group,
        figures: &impl Serialize,
        suffix: &str,
    ) -> Result<&mut Self, ApiError> {
        let figures = serde_json::to_value(figures)
            .map_err(|error| ApiError::Internal(format!("figures cannot be written as a table: {error}")))?;
        for metric in group.metrics {
            let cell = match &figures[metric.id] {
                Value::Number(number) => number
                    .as_u64()
                    .map_or_else(|| number.as_f64().map_or(Cell::Empty, Cell::Number), Cell::Integer),
                Value::String(amount) if metric.unit == Unit::Money => Cell::Decimal(amount.clone()),
                _ => Cell::Empty,
            };
            self.set(&format!("{}{suffix}", metric.id), cell);
        }
        Ok(self)
    }
}

impl Cell {
    fn to_field(&self) -> String {
        match self {
            Cell::Text(text) => quoted(&guarded(text)),
            Cell::Integer(number) => number.to_string(),
            Cell::Number(number) => number.to_string(),
            Cell::Decimal(number) => number.clone(),
            Cell::Empty => String::new(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

fn write_line(csv: &mut String, fields: impl Iterator<Item = String>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            csv.push(',');
        }
        csv.push_str(&field);
    }
    csv.push_str("\r\n");
}

/// The text, with an apostrophe before it when a spreadsheet would begin a formula with it. What spreadsheets
/// skip on their way to the sign is skipped here too.
fn guarded(text: &str) -> String {
    let begins_formula = text
        .chars()
        .find(|&c| !is_skipped(c))
        .is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'));
    if begins_formula { format!("'{text}") } else { text.to_owned() }
}

/// Spaces, controls and characters without a width; not the three controls that are dangerous themselves.
fn is_skipped(c: char) -> bool {
    match c {
        '\t' | '\r' | '\n' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' => true,
        '\u{feff}' => true,
        _ => c.is_whitespace() || c.is_control(),
    }
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics;
    use serde_json::json;

    /// A reader of RFC 4180 that knows nothing of the writer.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let mut row = Vec::new();
        let mut rest = csv.strip_prefix('\u{feff}').expect("a byte order mark").chars().peekable();
        while rest.peek().is_some() {
            let mut field = String::new();
            if rest.next_if_eq(&'"').is_some() {
                loop {
                    match rest.next().expect("a closing quote") {
                        '"' if rest.next_if_eq(&'"').is_some() => field.push('"'),
                        '"' => break,
                        c => field.push(c),
                    }
                }
            } else {
                while let Some(c) = rest.next_if(|&c| c != ',' && c != '\r') {
                    assert!(c != '"' && c != '\n', "a bare {c:?}");
                    field.push(c);
                }
            }
            row.push(field);
            match rest.next().expect("an end of line") {
                ',' => {}
                '\r' => {
                    assert_eq!(rest.next(), Some('\n'));
                    rows.push(std::mem::take(&mut row));
                }
                c => panic!("{c:?} after a field"),
            }
        }
        assert!(row.is_empty());
        rows
    }

    fn one(cell: Cell) -> String {
        let mut table = Table::default();
        table.row().set("value", cell);
        let mut rows = read(&table.to_csv());
        assert_eq!((rows.len(), rows[1].len()), (2, 1));
        rows.remove(1).remove(0)
    }

    #[test]
    fn text_of_any_kind_comes_back_whole_and_never_as_a_formula() {
        const PIECES: [&str; 24] = [
            "=",
            "+",
            "-",
            "@",
            "\t",
            "\r",
            "\n",
            "\r\n",
            "＝",
            "＋",
            "－",
            "＠",
            " ",
            "\u{3000}",
            "\u{feff}",
            "'",
            "\"",
            "\\",
            ",",
            ";",
            "\0",
            "\u{202e}",
            "茶",
            "cmd|' /C calc'!A0",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let length = random.usize(0..6);
            let text: String = (0..length).map(|_| PIECES[random.usize(..PIECES.len())]).collect();
            let found = one(Cell::Text(text.clone()));
            let shown = found.trim_start_matches(|c: char| {
                !matches!(c, '\t' | '\r' | '\n')
                    && (c.is_whitespace() || c.is_control() || "\u{feff}\u{202e}".contains(c))
            });
            let danger = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
            assert!(!shown.starts_with(danger), "{text:?} is shown as {found:?}");
            let harmless = found == text;
            assert!(harmless || found.strip_prefix('\'') == Some(&text), "{text:?} became {found:?}");
        }
    }

    #[test]
    fn harmless_text_is_left_alone() {
        for text in
            ["", "google", "a=b", "1-2", "茶 = tea", "'quoted'", "/path?x=1", "a,b", "say \"hi\"", " x"]
        {
            assert_eq!(one(Cell::Text(text.into())), text);
        }
    }

    #[test]
    fn numbers_stay_numbers() {
        for (cell, text) in [
            (Cell::Integer(u64::MAX), "18446744073709551615"),
            (Cell::Number(0.1 + 0.2), "0.30000000000000004"),
            (Cell::Number(-0.000_000_1), "-0.0000001"),
            (Cell::Decimal("-12.5000".into()), "-12.5000"),
            (Cell::Empty, ""),
        ] {
            assert_eq!(one(cell), text);
        }
    }

    #[test]
    fn a_column_that_comes_late_is_empty_before() {
        let mut table = Table::default();
        table.row().set("part", "total".into());
        table.row().set("part", "group".into()).set("=value", "tea, green".into());
        assert_eq!(table.to_csv(), "\u{feff}part,'=value\r\ntotal,\r\ngroup,\"tea, green\"\r\n");
    }

    #[test]
    fn figures_go_into_the_columns_of_their_ids() {
        let mut table = Table::default();
        let answer =
            json!({ "paid_amount": "-1.5000", "orders": 3, "avg_order_value": null, "currency": "CNY" });
        table.row().figures(&metrics::MONEY, &answer, "_CNY").unwrap();
        let rows = read(&table.to_csv());
        let of = |id: &str| &rows[1][rows[0].iter().position(|column| column == id).unwrap()];
        assert_eq!((of("paid_amount_CNY"), of("orders_CNY")), (&"-1.5000".into(), &"3".into()));
        assert_eq!(
            (of("avg_order_value_CNY"), rows[0].len()),
            (&String::new(), metrics::MONEY.metrics.len())
        );
    }
}
