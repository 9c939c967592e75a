//! Lines out of a stream that arrives in pieces: NDJSON, one event a line.

use super::bounds::MAX_LINE_BYTES;
use crate::event::Rejection;
use crate::http::edge::body::without_mark;
use std::ops::Range;

/// What has arrived of a stream and was not taken yet. At most one line and one piece are held.
#[derive(Debug, Default)]
pub struct Lines {
    waiting: Vec<u8>,
    /// Of `waiting`: lines before this were given out.
    start: usize,
    /// Lines that have begun, as far as they were given out or skipped.
    count: u64,
    /// The line at hand is too long: it was given out already and is dropped up to its end.
    is_dropping: bool,
    has_ended: bool,
}

/// A line that is not empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1, empty ones too.
    pub number: u64,
    /// Without the white space around it, or why it cannot be read.
    pub text: Result<&'a [u8], Rejection>,
}

impl Lines {
    /// Adds what has arrived.
    pub fn add(&mut self, piece: &[u8]) {
        self.waiting.extend_from_slice(piece);
    }

    /// Says that nothing more will arrive: what is left is the last line.
    pub fn end(&mut self) {
        self.has_ended = true;
    }

    /// The next line; none when its end has not arrived.
    pub fn next(&mut self) -> Option<Line<'_>> {
        loop {
            let rest = &self.waiting[self.start..];
            let length = match rest.iter().position(|&byte| byte == b'\n') {
                Some(length) => length,
                None if self.has_ended && !rest.is_empty() => rest.len(),
                None => return self.unended(),
            };
            let begin = self.start;
            self.start = (begin + length + 1).min(self.waiting.len());
            if std::mem::take(&mut self.is_dropping) {
                continue;
            }
            self.count += 1;
            let whole = begin..begin + length;
            if self.text(whole.clone()).is_empty() {
                continue;
            }
            let text = self.text(whole);
            let text = if text.len() > MAX_LINE_BYTES { Err(too_long()) } else { Ok(text) };
            return Some(Line { number: self.count, text });
        }
    }

    /// A line without the white space around it, the first also without a byte order mark.
    fn text(&self, whole: Range<usize>) -> &[u8] {
        let whole = &self.waiting[whole];
        if self.count == 1 { without_mark(whole).trim_ascii() } else { whole.trim_ascii() }
    }

    /// What to say of a line that has no end yet.
    fn unended(&mut self) -> Option<Line<'_>> {
        self.waiting.drain(..self.start);
        self.start = 0;
        if self.waiting.len() <= MAX_LINE_BYTES {
            return None;
        }
        self.waiting.clear();
        if std::mem::replace(&mut self.is_dropping, true) {
            return None;
        }
        self.count += 1;
        Some(Line { number: self.count, text: Err(too_long()) })
    }
}

fn too_long() -> Rejection {
    Rejection::new("event_too_large", format!("a line may have at most {MAX_LINE_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines of a text that arrives in pieces of `size` bytes; `None` is one that is too long.
    fn read(text: &[u8], size: usize) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let mut take = |lines: &mut Lines| {
            while let Some(Line { number, text }) = lines.next() {
                found.push((number, text.ok().map(|text| String::from_utf8(text.to_vec()).unwrap())));
            }
        };
        for piece in text.chunks(size) {
            lines.add(piece);
            take(&mut lines);
            assert!(lines.waiting.len() <= MAX_LINE_BYTES + size);
        }
        lines.end();
        take(&mut lines);
        found
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let text = "\u{feff}{\"a\":1}\r\n\n  {\"b\":2}  \n\u{feff}x\nlast".as_bytes();
        let line = |number, text: &str| (number, Some(text.to_owned()));
        let expected = [line(1, "{\"a\":1}"), line(3, "{\"b\":2}"), line(4, "\u{feff}x"), line(5, "last")];
        for size in [1, 2, 3, 7, 1_000] {
            assert_eq!(read(text, size), expected, "{size}");
        }
        assert_eq!(read(b"", 1), []);
        assert_eq!(read(b"\n\n", 1), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_said_once_and_the_next_is_read() {
        let long = "x".repeat(3 * MAX_LINE_BYTES);
        let text = format!("a\n{long}\nb\n{long}");
        let expected = [(1, Some("a".to_owned())), (2, None), (3, Some("b".to_owned())), (4, None)];
        for size in [1_000, MAX_LINE_BYTES, 10 * MAX_LINE_BYTES] {
            assert_eq!(read(text.as_bytes(), size), expected, "{size}");
        }
        let just = "y".repeat(MAX_LINE_BYTES);
        assert_eq!(read(just.as_bytes(), 4_096), [(1, Some(just))]);
    }
}
