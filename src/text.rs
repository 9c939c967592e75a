//! What hides in text that strangers send, and text without it.

/// Invisible characters that make two texts look alike or one look like another: controls, and marks that turn
/// the direction of writing (Unicode's `Bidi_Control`).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

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

/// Printable ASCII only, as almost everything that is sent. Without an early end, so that the compiler compares
/// many bytes at a time.
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
}
