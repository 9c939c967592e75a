//! Whether a user agent is that of a program, told by its words.
//!
//! A small rule: the word that most of them carry, at the end of a name (`Googlebot`, `Baiduspider`), and the names
//! of a few that carry none. Who hides behind a browser's user agent is not found. Tools such as curl are let
//! through, because they are what people try a tracker with.

/// A user agent is looked at up to here.
const MAX_BYTES: usize = 1_024;
const ENDINGS: [&str; 3] = ["bot", "crawler", "spider"];
const NAMES: [&str; 8] = [
    "headlesschrome",
    "phantomjs",
    "lighthouse",
    "slurp",
    "facebookexternalhit",
    "mediapartners",
    "inspectiontool",
    "bingpreview",
];
/// A brand of telephones.
const NO_BOT: &str = "cubot";

/// Whether a program says of itself that it is one. An empty user agent says nothing.
pub fn is_bot(user_agent: &str) -> bool {
    let looked_at = &user_agent.as_bytes()[..user_agent.len().min(MAX_BYTES)];
    looked_at.split(|byte| !byte.is_ascii_alphanumeric()).any(names_a_bot)
}

fn names_a_bot(word: &[u8]) -> bool {
    let ends_with = |ending: &str| {
        word.len() >= ending.len()
            && word[word.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    };
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    (ENDINGS.into_iter().any(ends_with) && !is(NO_BOT)) || NAMES.into_iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_people() {
        for user_agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/146.0.0.0 Safari/537.36",
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko; compatible; Bytespider)",
            "AdsBot-Google (+http://www.google.com/adsbot.html)",
            "Mozilla/5.0 (compatible; Yahoo! Slurp)",
            "Mozilla/5.0 (Macintosh) AppleWebKit/537.36 Chrome/146.0.0.0 Safari/537.36 Chrome-Lighthouse",
            "facebookexternalhit/1.1",
            "some crawler",
            "UptimeRobot/2.0",
        ] {
            assert!(is_bot(user_agent), "{user_agent}");
        }
        for user_agent in [
            "",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50",
            "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 Chrome/146.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 14; Bottega) Spiderman/1 Both",
            "curl/8.5.0",
            "茶bottle",
        ] {
            assert!(!is_bot(user_agent), "{user_agent}");
        }
        assert!(!is_bot(&("x ".repeat(1_000) + "Googlebot")));
    }
}
