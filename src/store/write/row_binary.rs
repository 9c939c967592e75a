//! Rows in ClickHouse's format RowBinary, written by hand where they must outlive a crash: the same bytes are
//! inserted again.

/// Rows of one table.
#[derive(Debug, Default)]
pub(in crate::store) struct Rows(Vec<u8>);

impl Rows {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Bool, UInt8.
    pub fn u8(&mut self, value: u8) -> &mut Rows {
        self.0.push(value);
        self
    }

    /// Date, UInt16.
    pub fn u16(&mut self, value: u16) -> &mut Rows {
        self.bytes(&value.to_le_bytes())
    }

    /// UInt32.
    pub fn u32(&mut self, value: u32) -> &mut Rows {
        self.bytes(&value.to_le_bytes())
    }

    /// UInt64.
    pub fn u64(&mut self, value: u64) -> &mut Rows {
        self.bytes(&value.to_le_bytes())
    }

    /// DateTime64, Int64.
    pub fn i64(&mut self, value: i64) -> &mut Rows {
        self.bytes(&value.to_le_bytes())
    }

    /// Decimal(38, …).
    pub fn i128(&mut self, value: i128) -> &mut Rows {
        self.bytes(&value.to_le_bytes())
    }

    /// String.
    pub fn text(&mut self, value: &str) -> &mut Rows {
        self.length(value.len()).bytes(value.as_bytes())
    }

    /// The length of an array, whose elements follow.
    pub fn length(&mut self, mut length: usize) -> &mut Rows {
        while length >= 0x80 {
            self.0.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.u8(length as u8)
    }

    /// The elements of an array.
    pub fn array<T>(&mut self, elements: &[T], mut write: impl FnMut(&mut Rows, &T)) -> &mut Rows {
        self.length(elements.len());
        for element in elements {
            write(self, element);
        }
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Rows {
        self.0.extend_from_slice(bytes);
        self
    }
}
