//! The hashes by which tables know visitors, orders and the like: ClickHouse's `sipHash64`, so that SQL comes
//! to the same.

use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use uuid::Uuid;

fn sip(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(bytes);
    hasher.finish()
}

/// `sipHash64(first, text)`: ClickHouse hashes each argument, and then the hash so far with the next.
fn sip_of(first: u64, text: &str) -> u64 {
    let mut pair = [0; 16];
    pair[..8].copy_from_slice(&first.to_le_bytes());
    pair[8..].copy_from_slice(&sip(text.as_bytes()).to_le_bytes());
    sip(&pair)
}

/// A visitor; 0 for none.
pub fn visitor(id: &str) -> u64 {
    if id.is_empty() { 0 } else { sip(id.as_bytes()) }
}

/// The visitor who stands for an order while it has none.
pub fn nobody(order_id: &str) -> u64 {
    sip_of(sip(b"order"), order_id)
}

/// A customer, by the keyed hash that is stored.
pub fn customer(customer: &str) -> u64 {
    sip_of(sip(b"customer"), customer)
}

/// A payment, by the shop's id of it.
pub fn payment(payment_id: &str) -> u64 {
    sip_of(sip(b"payment"), payment_id)
}

/// A refund, by the shop's id of it.
pub fn refund(refund_id: &str) -> u64 {
    sip_of(sip(b"refund"), refund_id)
}

/// A conversation, by the chat tool and the tool's id of it.
pub fn conversation(channel: &str, conversation: &str) -> u64 {
    sip_of(sip_of(sip(b"conversation"), channel), conversation)
}

/// A page view, by its event's id.
pub fn view(id: Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_le_bytes());
    bytes[8..].copy_from_slice(&low.to_le_bytes());
    sip(&bytes)
}
