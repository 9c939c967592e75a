//! Blocks byte by byte: what is left out, how wide indexes are, where parts end.

use super::*;

const COLUMNS: [(&str, &str); 5] = [
    ("shop", "LowCardinality(String)"),
    ("title", "String"),
    ("score", "UInt8"),
    ("engaged_ms", "Nullable(UInt32)"),
    ("agents", "Array(String)"),
];

fn column(name: &str, kind: &str, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_text(&mut bytes, name);
    put_text(&mut bytes, kind);
    bytes.extend_from_slice(values);
    bytes
}

#[test]
fn what_holds_only_defaults_is_left_out_and_rows_before_the_first_value_are_made_up_for() {
    let mut block = Block::new("t", &COLUMNS);
    block.row().text("tea").text("").u8(0).optional_u32(None).texts::<&str>([]);
    block.row().text("tea").text("").u8(0).optional_u32(Some(7)).texts(["mei"]);
    assert_eq!(block.statement(), "INSERT INTO t (`shop`, `engaged_ms`, `agents`) FORMAT Native");
    let long = |number: u64| number.to_le_bytes();
    let shop = [&long(1)[..], &long(1 << 9), &long(2), b"\0\x03tea", &long(2), &[1, 1]].concat();
    let engaged = [1, 0, 0, 0, 0, 0, 7, 0, 0, 0];
    let agents = [&long(0)[..], &long(1), b"\x03mei"].concat();
    let expected = [
        vec![3, 2],
        column("shop", "LowCardinality(String)", &shop),
        column("engaged_ms", "Nullable(UInt32)", &engaged),
        column("agents", "Array(String)", &agents),
    ];
    assert_eq!(block.into_parts().concat(), expected.concat());
}

#[test]
fn no_part_is_empty() {
    for rows in [1, 8_191, 8_192, 20_000] {
        let mut block =
            Block::new("t", &[("slot", "UInt64"), ("agents", "Array(String)"), ("visitor", "UInt64")]);
        for row in 1..=rows {
            block.row().u64(row).texts(["a customer service agent"]).u64(row);
        }
        assert!(block.into_parts().iter().all(|part| !part.is_empty()), "{rows}");
    }
}

#[test]
fn indexes_are_as_wide_as_there_are_distinct_texts_and_large_columns_travel_by_themselves() {
    for (distinct, width) in [(200, 1), (300, 2), (70_000, 4)] {
        let mut block = Block::new("t", &[("path", "LowCardinality(String)")]);
        for number in 0..distinct {
            block.row().text(&number.to_string());
        }
        let parts = block.into_parts();
        let bytes = parts.concat();
        let last =
            bytes[bytes.len() - width..].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        assert_eq!(last, distinct, "the empty text lies before them");
        let rows = &bytes[bytes.len() - width * distinct - 8..][..8];
        assert_eq!(rows, (distinct as u64).to_le_bytes());
        assert_eq!(parts.len() > 1, distinct == 70_000, "{distinct}");
    }
}
