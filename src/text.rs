//! What hides in text that strangers send, and text without it.

/// Invisible characters that make two texts look alike or one look like another: controls, and marks that
/// turn the direction of writing (Unicode's `Bidi_Control`).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether something hides in the text, see [`is_hidden`].
pub fn holds_hidden(text: &str) -> bool {
    !is_plain(text) && text.chars().any(is_hidden)
}

/// The text without what is hidden in it, cut at `max_chars` characters.
pub fn cleaned(text: &str, max_chars: usize) -> String {
    if is_plain(text) {
        text[..text.len().min(max_chars)].to_owned()
    } else {
        text.chars().filter(|&c| !is_hidden(c)).take(max_chars).collect()
    }
}

/// The text, cut at `max_chars` characters.
pub fn cut(mut text: String, max_chars: usize) -> String {
    if text.len() > max_chars
        && let Some((end, _)) = text.char_indices().nth(max_chars)
    {
        text.truncate(end);
    }
    text
}

/// A part of an address, cut at `max_chars` characters: never within an escape, nor within the escapes of one
/// character.
pub fn cut_address(address: String, max_chars: usize) -> String {
    let length = address.len();
    let mut cut = cut(address, max_chars);
    if cut.len() < length {
        cut.truncate(without_half_escape(&cut).len());
    }
    cut
}

/// What was cut somewhere, without the half escape or the escapes of half a character that this may have left
/// at its end.
pub fn without_half_escape(cut: &str) -> &str {
    &cut[..whole_escapes(cut.as_bytes())]
}

/// Where the text ends when a half escape, or the escapes of half a character, are left off its end.
fn whole_escapes(text: &[u8]) -> usize {
    let half = text.iter().rev().take(2).position(|&byte| byte == b'%').map_or(0, |at| at + 1);
    let end = text.len() - half;
    for escapes in 1..=3 {
        let Some(start) = end.checked_sub(3 * escapes).filter(|&start| text[start] == b'%') else { break };
        let digits = std::str::from_utf8(&text[start + 1..start + 3]).ok();
        let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else { break };
        let wanted = match byte {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        return if wanted > escapes { start } else { end };
    }
    end
}

/// Printable ASCII only, as almost everything that is sent. Without an early end, so that the compiler
/// compares many bytes at a time.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_taken_out_and_the_rest_is_cut_at_characters() {
        assert_eq!(cleaned("\u{202e}龙\u{0}井\u{9f} tea\n", 4), "龙井 t");
        assert_eq!(cleaned("plain text", 5), "plain");
        assert!(holds_hidden("a\u{2066}") && !holds_hidden("茶 tea"));
    }

    #[test]
    fn an_address_is_cut_between_characters_however_they_are_written() {
        for (address, max_chars, kept) in [
            ("/tea", 4, "/tea"),
            ("/tea", 3, "/te"),
            ("/茶叶", 2, "/茶"),
            ("/%E8%8C%B6", 10, "/%E8%8C%B6"),
            ("/%E8%8C%B6/", 10, "/%E8%8C%B6"),
            ("/%E8%8C%B6", 9, "/"),
            ("/%E8%8C%B6", 8, "/"),
            ("/%E8%8C%B6", 7, "/"),
            ("/%E8%8C%B6", 2, "/"),
            ("/a%2Fb", 4, "/a"),
            ("/a%2Fb", 5, "/a%2F"),
            ("/%41%E8%8C%B6", 10, "/%41"),
            ("/%B6%B6%B6%B6", 10, "/%B6%B6%B6"),
        ] {
            assert_eq!(cut_address(address.into(), max_chars), kept, "{address} {max_chars}");
        }
    }
}
