//! Rows of a table as one block of ClickHouse's format Native: column by column, in the types of the table,
//! so that the server parses nothing and converts nothing.
//!
//! What is not obvious about the format: an array is the ends of its rows (UInt64), then all its elements; a
//! nullable value is a byte for each row (1 = NULL), then the values; a tuple is its elements, one after the
//! other; a LowCardinality column is a version, a word about its indexes, its distinct values and the
//! indexes.
//!
//! Most columns of most batches hold nothing but the default of their type. Such a column is neither written
//! nor sent: the server fills it in.

use foldhash::HashMap;
use uuid::Uuid;

/// Of LowCardinality: values come with the block, as no dictionary is shared between blocks.
const SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS: u64 = 1;
/// Of LowCardinality: its own values follow, and indexes are UInt8; one more is UInt16, two more UInt32.
const OWN_VALUES: u64 = 1 << 9;
/// A column of so many bytes travels where it lies; smaller ones are put together.
const OWN_PART_BYTES: usize = 64 << 10;

/// Rows of one table.
#[derive(Debug, Clone)]
pub(in crate::store) struct Block {
    table: &'static str,
    columns: Vec<Column>,
    rows: usize,
}

#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    kind: &'static str,
    values: Values,
    /// Rows so far while all of them hold the default, of which nothing is written.
    defaults: Option<usize>,
}

/// Values of one type, one for each row.
#[derive(Debug, Clone)]
pub(in crate::store) enum Values {
    /// Numbers, dates, ids: so many bytes each.
    Fixed {
        width: usize,
        bytes: Vec<u8>,
    },
    Text(Vec<u8>),
    Low(Low),
    /// The bytes of the values are there for NULL too.
    Nullable {
        nulls: Vec<u8>,
        values: Box<Values>,
    },
    /// Of each row where its elements end.
    Array {
        ends: Vec<u8>,
        end: u64,
        elements: Box<Values>,
    },
    Tuple(Vec<Values>),
}

/// Texts of which there are few distinct ones.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Low {
    places: HashMap<Box<str>, u32>,
    /// As they are written, the empty text first.
    distinct: Vec<u8>,
    indexes: Vec<u32>,
    /// The last text and its place: texts come in runs.
    last: (String, u32),
}

impl Block {
    /// No rows of `table`; `columns` are names and types as the table has them.
    pub fn new(table: &'static str, columns: &[(&'static str, &'static str)]) -> Block {
        let column = |&(name, kind)| Column { name, kind, values: Values::of(kind), defaults: Some(0) };
        Block { table, columns: columns.iter().map(column).collect(), rows: 0 }
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn table(&self) -> &'static str {
        self.table
    }

    /// A row more, whose cells are to be written in the order of the columns, each once.
    pub fn row(&mut self) -> Cells<'_> {
        self.rows += 1;
        Cells { columns: self.columns.iter_mut() }
    }

    /// The statement that takes the block.
    pub fn statement(&self) -> String {
        let names: Vec<String> = self.written().map(|column| format!("`{}`", column.name)).collect();
        format!("INSERT INTO {} ({}) FORMAT Native", self.table, names.join(", "))
    }

    fn written(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.defaults.is_none())
    }

    /// The block as it travels, in parts.
    pub fn into_parts(self) -> Vec<Vec<u8>> {
        let mut parts = Parts::default();
        put_length(&mut parts.open, self.written().count());
        put_length(&mut parts.open, self.rows);
        for column in self.columns.into_iter().filter(|column| column.defaults.is_none()) {
            put_text(&mut parts.open, column.name);
            put_text(&mut parts.open, column.kind);
            column.values.write(&mut parts);
        }
        parts.close();
        parts.done
    }
}

/// Bytes in order.
#[derive(Default)]
struct Parts {
    done: Vec<Vec<u8>>,
    /// The last part, to which more may come.
    open: Vec<u8>,
}

impl Parts {
    /// An empty part is none: packed, it would be the end of the block.
    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    fn put(&mut self, bytes: Vec<u8>) {
        if bytes.len() >= OWN_PART_BYTES {
            self.close();
            self.done.push(bytes);
        } else {
            self.open.extend_from_slice(&bytes);
        }
    }
}

/// The cells of one row.
pub(in crate::store) struct Cells<'a> {
    columns: std::slice::IterMut<'a, Column>,
}

impl Cells<'_> {
    fn next(&mut self) -> Option<&mut Column> {
        let column = self.columns.next();
        debug_assert!(column.is_some(), "a row has more cells than its table has columns");
        column
    }

    /// UInt8, Bool.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.put(value == 0, |values| values.fixed(&[value]))
    }

    /// Bool.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.u8(value.into())
    }

    /// UInt16, Date.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.put(value == 0, |values| values.fixed(&value.to_le_bytes()))
    }

    /// UInt64.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.put(value == 0, |values| values.fixed(&value.to_le_bytes()))
    }

    /// Int64, DateTime64, Decimal(18, …).
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.put(value == 0, |values| values.fixed(&value.to_le_bytes()))
    }

    /// UUID.
    pub fn uuid(&mut self, id: Uuid) -> &mut Self {
        let (high, low) = id.as_u64_pair();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_le_bytes());
        bytes[8..].copy_from_slice(&low.to_le_bytes());
        self.put(id.is_nil(), |values| values.fixed(&bytes))
    }

    /// String, LowCardinality(String).
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.put(text.is_empty(), |values| values.text(text))
    }

    /// Nullable(DateTime64), Nullable(Decimal(18, …)).
    pub fn optional_i64(&mut self, value: Option<i64>) -> &mut Self {
        self.put(value.is_none(), |values| values.optional(value.map(i64::to_le_bytes)))
    }

    /// Nullable(UInt32).
    pub fn optional_u32(&mut self, value: Option<u32>) -> &mut Self {
        self.put(value.is_none(), |values| values.optional(value.map(u32::to_le_bytes)))
    }

    /// Array(…).
    pub fn array<T>(
        &mut self,
        elements: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Values, T),
    ) -> &mut Self {
        let mut elements = elements.into_iter().peekable();
        let is_empty = elements.peek().is_none();
        self.put(is_empty, |values| values.array(elements, write))
    }

    /// Array(String).
    pub fn texts<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> &mut Self {
        self.array(texts, |values, text| values.text(text.as_ref()))
    }

    /// Tuple(DateTime64, String, …). Always written: the table may have a default of its own for it.
    pub fn moment<'t>(&mut self, at: i64, texts: impl IntoIterator<Item = &'t str>) -> &mut Self {
        self.put(false, |values| values.moment(at, texts))
    }

    fn put(&mut self, is_default: bool, write: impl FnOnce(&mut Values)) -> &mut Self {
        if let Some(column) = self.next() {
            match &mut column.defaults {
                Some(rows) if is_default => *rows += 1,
                Some(rows) => {
                    column.values.put_defaults(*rows);
                    column.defaults = None;
                    write(&mut column.values);
                }
                None => write(&mut column.values),
            }
        }
        self
    }
}

impl Drop for Cells<'_> {
    fn drop(&mut self) {
        debug_assert!(
            std::thread::panicking() || self.columns.len() == 0,
            "a row has fewer cells than its table has columns"
        );
    }
}

impl Values {
    /// None yet, of a type as ClickHouse writes it.
    fn of(kind: &str) -> Values {
        let inner = |name: &str| kind.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if kind == "LowCardinality(String)" {
            Values::Low(Low::default())
        } else if kind == "String" {
            Values::Text(Vec::new())
        } else if let Some(kind) = inner("Nullable") {
            Values::Nullable { nulls: Vec::new(), values: Box::new(Values::of(kind)) }
        } else if let Some(kind) = inner("Array") {
            Values::Array { ends: Vec::new(), end: 0, elements: Box::new(Values::of(kind)) }
        } else if let Some(kinds) = inner("Tuple") {
            Values::Tuple(elements(kinds).map(Values::of).collect())
        } else {
            Values::Fixed { width: width(kind), bytes: Vec::new() }
        }
    }

    fn fixed(&mut self, value: &[u8]) {
        match self {
            Values::Fixed { width, bytes } => {
                debug_assert_eq!(*width, value.len());
                bytes.extend_from_slice(value);
            }
            _ => debug_assert!(false, "a number in a column of {self:?}"),
        }
    }

    /// String, LowCardinality(String).
    pub fn text(&mut self, text: &str) {
        match self {
            Values::Text(bytes) => put_text(bytes, text),
            Values::Low(low) => low.put(text),
            _ => debug_assert!(false, "a text in a column of {self:?}"),
        }
    }

    /// UInt32.
    pub fn u32(&mut self, value: u32) {
        self.fixed(&value.to_le_bytes());
    }

    /// Nullable(Decimal(18, …)).
    pub fn optional_i64(&mut self, value: Option<i64>) {
        self.optional(value.map(i64::to_le_bytes));
    }

    fn optional<const N: usize>(&mut self, value: Option<[u8; N]>) {
        match self {
            Values::Nullable { nulls, values } => {
                nulls.push(value.is_none().into());
                values.fixed(&value.unwrap_or([0; N]));
            }
            _ => debug_assert!(false, "a value that may be absent in a column of {self:?}"),
        }
    }

    fn array<T>(&mut self, from: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Values, T)) {
        match self {
            Values::Array { ends, end, elements } => {
                for element in from {
                    write(elements, element);
                    *end += 1;
                }
                ends.extend_from_slice(&end.to_le_bytes());
            }
            _ => debug_assert!(false, "a list in a column of {self:?}"),
        }
    }

    fn moment<'t>(&mut self, at: i64, texts: impl IntoIterator<Item = &'t str>) {
        match self {
            Values::Tuple(elements) => {
                let (first, rest) = elements.split_at_mut(1);
                first.iter_mut().for_each(|values| values.fixed(&at.to_le_bytes()));
                rest.iter_mut().zip(texts).for_each(|(values, text)| values.text(text));
            }
            _ => debug_assert!(false, "a tuple in a column of {self:?}"),
        }
    }

    /// The default of the type in so many rows more.
    fn put_defaults(&mut self, rows: usize) {
        match self {
            Values::Fixed { width, bytes } => bytes.resize(bytes.len() + rows * *width, 0),
            Values::Text(bytes) => bytes.resize(bytes.len() + rows, 0),
            Values::Low(low) => (0..rows).for_each(|_| low.put("")),
            Values::Nullable { nulls, values } => {
                nulls.resize(nulls.len() + rows, 1);
                values.put_defaults(rows);
            }
            Values::Array { ends, end, .. } => {
                (0..rows).for_each(|_| ends.extend_from_slice(&end.to_le_bytes()));
            }
            Values::Tuple(elements) => elements.iter_mut().for_each(|values| values.put_defaults(rows)),
        }
    }

    fn write(self, out: &mut Parts) {
        match self {
            Values::Fixed { bytes, .. } | Values::Text(bytes) => out.put(bytes),
            Values::Low(low) => low.write(out),
            Values::Nullable { nulls, values } => {
                out.put(nulls);
                values.write(out);
            }
            Values::Array { ends, elements, .. } => {
                out.put(ends);
                elements.write(out);
            }
            Values::Tuple(elements) => elements.into_iter().for_each(|values| values.write(out)),
        }
    }
}

impl Low {
    fn put(&mut self, text: &str) {
        let is_again = self.last.0 == text && !self.places.is_empty();
        let place = if is_again { self.last.1 } else { self.place(text) };
        self.indexes.push(place);
    }

    fn place(&mut self, text: &str) -> u32 {
        // ClickHouse expects the type's default, the empty text, in front.
        if self.places.is_empty() {
            self.add("");
        }
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => self.add(text),
        };
        self.last.0.clear();
        self.last.0.push_str(text);
        self.last.1 = place;
        place
    }

    fn add(&mut self, text: &str) -> u32 {
        let place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.insert(text.into(), place);
        put_text(&mut self.distinct, text);
        place
    }

    fn write(self, out: &mut Parts) {
        let distinct = self.places.len();
        let (width, indexes): (u64, Vec<u8>) = if u8::try_from(distinct).is_ok() {
            (0, self.indexes.iter().map(|index| *index as u8).collect())
        } else if u16::try_from(distinct).is_ok() {
            (1, self.indexes.iter().flat_map(|index| (*index as u16).to_le_bytes()).collect())
        } else {
            (2, self.indexes.iter().flat_map(|index| index.to_le_bytes()).collect())
        };
        for word in [SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS, OWN_VALUES | width, distinct as u64] {
            out.open.extend_from_slice(&word.to_le_bytes());
        }
        out.put(self.distinct);
        out.open.extend_from_slice(&(self.indexes.len() as u64).to_le_bytes());
        out.put(indexes);
    }
}

/// The types of a tuple's elements, which may have names.
fn elements(kinds: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    kinds
        .split(move |c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        })
        .map(|element| {
            let element = element.trim();
            match element.split_once(' ') {
                Some((name, kind)) if !name.contains('(') => kind,
                _ => element,
            }
        })
}

/// Bytes of a value of a type that always has as many.
fn width(kind: &str) -> usize {
    match kind.split('(').next().unwrap_or_default() {
        "UInt8" | "Int8" | "Bool" => 1,
        "UInt16" | "Int16" | "Date" => 2,
        "UInt32" | "Int32" | "DateTime" => 4,
        "UUID" => 16,
        _ => 8,
    }
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests;
