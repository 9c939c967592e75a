//! Writes small databases of places, for shapes that no file on offer has at a handy size.
//!
//! The format is MaxMind's, version 2.0: a tree of 24-bit records, sixteen zeros, the data, the metadata.
//! IPv4 only.

use serde_json::{Value, json};
use std::net::Ipv4Addr;

const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
const SEPARATOR: [u8; 16] = [0; 16];

#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    /// Offset in the data.
    Data(usize),
}

/// A database whose networks hold the given records.
pub fn database(networks: &[(&str, u32, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Record::Nothing; 2]];
    let mut data = Vec::new();
    for (network, bits, record) in networks {
        let address = u32::from(network.parse::<Ipv4Addr>().expect("an address"));
        let mut node = 0;
        for depth in 0..*bits {
            let side = (address >> (31 - depth) & 1) as usize;
            if depth == bits - 1 {
                nodes[node][side] = Record::Data(data.len());
                break;
            }
            node = match nodes[node][side] {
                Record::Node(next) => next,
                _ => {
                    nodes.push([Record::Nothing; 2]);
                    let next = nodes.len() - 1;
                    nodes[node][side] = Record::Node(next);
                    next
                }
            };
        }
        encode(record, &mut data);
    }
    let mut file = Vec::new();
    for record in nodes.iter().flatten() {
        let number = match record {
            Record::Nothing => nodes.len(),
            Record::Node(number) => *number,
            Record::Data(offset) => nodes.len() + SEPARATOR.len() + offset,
        };
        file.extend(&(number as u32).to_be_bytes()[1..]);
    }
    file.extend(SEPARATOR);
    file.extend(data);
    file.extend(MARKER);
    encode(
        &json!({
            "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_781_725_900_u64,
            "database_type": "test", "description": {}, "ip_version": 4, "languages": [],
            "node_count": nodes.len(), "record_size": 24,
        }),
        &mut file,
    );
    file
}

/// Each value as type and size, then its bytes. The metadata must have each number in its own type.
fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Object(entries) => {
            head(7, entries.len(), out);
            for (name, value) in entries {
                encode(&Value::String(name.clone()), out);
                match (value.as_u64(), name.as_str()) {
                    (Some(number), "node_count") => encode_number(6, number, out),
                    (Some(number), "build_epoch") => encode_number(9, number, out),
                    (Some(number), _) => encode_number(5, number, out),
                    (None, _) => encode(value, out),
                }
            }
        }
        Value::Array(items) => {
            head(11, items.len(), out);
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => panic!("not needed"),
    }
}

fn encode_number(kind: usize, number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let bytes = &bytes[(number.leading_zeros() / 8) as usize..];
    head(kind, bytes.len(), out);
    out.extend(bytes);
}

fn head(kind: usize, size: usize, out: &mut Vec<u8>) {
    let (short, more) = if size < 29 { (size, None) } else { (29, Some(size - 29)) };
    match kind {
        ..=7 => out.push((kind << 5 | short) as u8),
        _ => out.extend([short as u8, (kind - 7) as u8]),
    }
    out.extend(more.map(|more| u8::try_from(more).expect("a short text")));
}
