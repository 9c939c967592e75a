//! Random bytes for secrets, and their text.

use std::fmt::Write;

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The 32 bytes that 64 hexadecimal digits stand for.
pub fn from_hex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    // Rust would read a sign as well.
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Fills `bytes` from the operating system's random source.
///
/// # Panics
/// When the system has no random source; no secret could be made then.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_read_as_bytes() {
        assert_eq!(from_hex(&hex(&[7; 32])), Some([7; 32]));
        for digits in ["", &"0".repeat(63), &"+f".repeat(32), &"é".repeat(32), &"0g".repeat(32)] {
            assert_eq!(from_hex(digits), None, "{digits}");
        }
    }
}
