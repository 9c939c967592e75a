//! What a user agent says of itself: kind of device, browser, operating system, and whether it is a
//! program's.
//!
//! The rules are data, made by `make agents` from two packages: `uap-core` for browsers and systems, `isbot`
//! for programs. What they lack comes first, by hand: apps that show pages inside themselves, which is where
//! Chinese shops get most of their visitors, and HarmonyOS. The kind of device is told here too: the
//! package's rules for devices name makes and models, and would take more memory than everything else
//! together.
//!
//! A browser and a system go by their family's name, without a version; one browser has one name on every
//! device. What nobody knows stays empty. An iPad asks for desktop pages under a Mac's name and is taken for
//! one.

use crate::text::cleaned;
use lru::LruCache;
use regex::bytes::{RegexSet, RegexSetBuilder};
use std::collections::hash_map::RandomState;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use ua_parser::{Regexes, os, user_agent};

const RULES: &str = include_str!("data/agents.json");
const BOTS: &str = include_str!("data/bots.json");
/// A user agent is looked at up to here; those of real apps stay below, and what rules cost grows with the
/// text.
const MAX_BYTES: usize = 512;
/// Of a name that a rule takes out of the user agent.
const MAX_NAME_CHARS: usize = 64;
/// At most about 3 MiB, when every user agent is as long as may be.
const CACHED: NonZeroUsize = NonZeroUsize::new(4_096).expect("not 0");

/// What one user agent says. Empty where nothing is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// `desktop`, `mobile`, `tablet`, `tv`, `console`, or nothing.
    pub device: &'static str,
    /// By its family's name, without a version; the app's name where a page is shown inside one.
    pub browser: String,
    /// By its family's name, without a version.
    pub os: String,
    /// A program says of itself that it is one. An empty user agent says nothing.
    pub bot: bool,
}

/// Apps, by a word of their user agents in lower case. The first that is found decides: apps are built on one
/// another's browsers and keep their words.
const APPS: [(&str, &str); 56] = [
    ("wxwork", "WeCom"),
    ("micromessenger", "WeChat"),
    ("dingtalk", "DingTalk"),
    ("alipayclient", "Alipay"),
    ("aliapp(ap/", "Alipay"),
    ("aliapp(tb/", "Taobao"),
    ("aliapp(lt/", "Taobao"),
    ("aliapp(tm/", "Tmall"),
    ("aliapp(1688/", "1688"),
    ("jdapp", "JD"),
    ("jdpingou", "JD"),
    ("pinduoduo", "Pinduoduo"),
    ("meituan", "Meituan"),
    ("musical_ly", "TikTok"),
    ("trill_", "TikTok"),
    ("appname/trill", "TikTok"),
    ("aweme", "Douyin"),
    ("newsarticle", "Toutiao"),
    ("xhsdiscover", "Xiaohongshu"),
    ("xiaohongshu", "Xiaohongshu"),
    (" discover/", "Xiaohongshu"),
    ("weibo", "Weibo"),
    ("zhihu", "Zhihu"),
    ("kwai/", "Kuaishou"),
    ("ksnebula/", "Kuaishou"),
    ("kuaishou", "Kuaishou"),
    ("biliapp", "Bilibili"),
    ("bili-", "Bilibili"),
    ("feishu", "Feishu"),
    ("lark/", "Lark"),
    ("baiduboxapp", "Baidu"),
    (" qq/", "QQ"),
    ("qqbrowser", "QQ Browser"),
    ("quark/", "Quark"),
    ("ucbrowser", "UC Browser"),
    ("huaweibrowser", "Huawei Browser"),
    ("honorbrowser", "Honor Browser"),
    ("miuibrowser", "Mi Browser"),
    ("heytapbrowser", "OPPO Browser"),
    ("vivobrowser", "vivo Browser"),
    ("qihoobrowser", "360 Browser"),
    ("qihu 360", "360 Browser"),
    ("metasr", "Sogou Browser"),
    ("sogoumobilebrowser", "Sogou Browser"),
    ("barcelona ", "Threads"),
    ("instagram", "Instagram"),
    ("messengerforios", "Messenger"),
    ("orca-android", "Messenger"),
    ("fban/", "Facebook"),
    ("fbav/", "Facebook"),
    ("fb_iab", "Facebook"),
    (" line/", "LINE"),
    ("kakaotalk", "KakaoTalk"),
    ("twitter for", "X"),
    ("linkedinapp", "LinkedIn"),
    ("whatsapp/", "WhatsApp"),
];

/// One name for one browser: the device is said elsewhere.
const BROWSERS: [(&str, &str); 15] = [
    ("Chrome Mobile", "Chrome"),
    ("Chrome Mobile iOS", "Chrome"),
    ("Chrome Mobile WebView", "Android WebView"),
    ("Mobile Safari", "Safari"),
    ("Mobile Safari UI/WKWebView", "iOS WebView"),
    ("Firefox Mobile", "Firefox"),
    ("Firefox iOS", "Firefox"),
    ("Edge Mobile", "Edge"),
    ("Opera Mobile", "Opera"),
    ("Opera Touch", "Opera"),
    ("IE Mobile", "IE"),
    ("DuckDuckGo Mobile", "DuckDuckGo"),
    ("Brave Mobile", "Brave"),
    ("Android", "Android Browser"),
    ("Samsung Internet", "Samsung Internet"),
];

/// Words of a kind of device in lower case, the most telling kind first.
const DEVICES: [(&str, &[&str]); 5] = [
    (
        "tv",
        &[
            "smart-tv",
            "smarttv",
            "googletv",
            "google tv",
            "android tv",
            "androidtv",
            "appletv",
            "apple tv",
            "hbbtv",
            "netcast",
            "web0s",
            "bravia",
            "crkey",
            "roku",
            "mibox",
            "mitv",
            " aft",
            "tv safari",
        ],
    ),
    ("console", &["playstation", "xbox", "nintendo"]),
    ("tablet", &["ipad", "tablet", "playbook", "kindle", "silk/"]),
    ("mobile", &["mobile", "iphone", "ipod", "phone", "opera mini", "blackberry", "symbian", "kaios"]),
    ("desktop", &["windows nt", "macintosh", "x11", "linux x86_64", "cros ", "(pc;"]),
];

/// What people try a tracker with. Nobody gathers pages with them through a script tag, so letting them count
/// costs nothing, and an event that was typed and counts for nobody would be a riddle.
const TYPED_TOOLS: [&str; 6] = ["curl/", "wget/", "httpie/", "xh/", "postmanruntime/", "insomnia/"];

/// Reads user agents. Made once: its rules take 80 ms and 12 MiB.
pub struct Agents {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
    bots: RegexSet,
    /// Of the user agents that came last. A visitor sends the same one many times.
    known: Mutex<LruCache<Box<str>, Arc<Agent>, RandomState>>,
}

impl Default for Agents {
    fn default() -> Agents {
        let rules: Regexes<'static> = serde_json::from_str(RULES).expect("agents.json holds rules");
        let patterns: Vec<String> = serde_json::from_str(BOTS).expect("bots.json holds patterns");
        let browsers = user_agent::Builder::new().push_all(rules.user_agent_parsers).ok();
        let systems = os::Builder::new().push_all(rules.os_parsers).ok();
        Agents {
            browsers: browsers.and_then(|rules| rules.build().ok()).expect("the rules for browsers compile"),
            systems: systems.and_then(|rules| rules.build().ok()).expect("the rules for systems compile"),
            // As in JavaScript: of ASCII letters, whatever their case.
            bots: RegexSetBuilder::new(patterns)
                .unicode(false)
                .case_insensitive(true)
                .build()
                .expect("the patterns of programs compile"),
            known: Mutex::new(LruCache::with_hasher(CACHED, RandomState::new())),
        }
    }
}

impl Agents {
    /// What a user agent says.
    pub fn read(&self, user_agent: &str) -> Arc<Agent> {
        let user_agent = cut(user_agent);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = known().get(user_agent) {
            return agent.clone();
        }
        // Not under the lock: the other workers must not wait for it.
        let agent = Arc::new(self.parsed(user_agent));
        known().put(user_agent.into(), agent.clone());
        agent
    }

    fn parsed(&self, user_agent: &str) -> Agent {
        let lower = user_agent.to_ascii_lowercase();
        let named = |name: &str| cleaned(name.trim(), MAX_NAME_CHARS);
        let app = APPS.iter().find(|(word, _)| lower.contains(word)).map(|(_, app)| (*app).to_owned());
        let in_app = app.is_some();
        let browser = app.or_else(|| {
            let family = self.browsers.extract(user_agent)?.family;
            Some(named(BROWSERS.iter().find(|(of, _)| *of == family).map_or(&family, |(_, name)| name)))
        });
        let os = if lower.contains("harmonyos") || lower.contains("openharmony") {
            Some("HarmonyOS".to_owned())
        } else {
            self.systems.extract(user_agent).map(|system| match system.os.as_ref() {
                "Mac OS X" => "macOS".into(),
                name => named(name),
            })
        };
        Agent {
            device: device(&lower),
            browser: browser.unwrap_or_default(),
            os: os.unwrap_or_default(),
            bot: self.is_bot(&lower, in_app),
        }
    }

    fn is_bot(&self, lower: &str, in_app: bool) -> bool {
        if TYPED_TOOLS.iter().any(|tool| lower.starts_with(tool)) {
            return false;
        }
        let by_name = NAMES.iter().any(|name| name.is_in(lower));
        // Much of `isbot` is about unusual forms, and apps have them too: Alipay's has a `|`.
        let by_form = || self.bots.is_match(lower.as_bytes()) || FORMS.iter().any(|form| form.is_in(lower));
        by_name || !in_app && by_form()
    }
}

fn cut(user_agent: &str) -> &str {
    let mut end = user_agent.len().min(MAX_BYTES);
    while !user_agent.is_char_boundary(end) {
        end -= 1;
    }
    &user_agent[..end]
}

fn device(lower: &str) -> &'static str {
    // Android says "Mobile" on telephones only.
    if lower.contains("android") && !lower.contains("mobile") && !is_kind("tv", lower) {
        return "tablet";
    }
    DEVICES.iter().find(|(kind, _)| is_kind(kind, lower)).map_or("", |(kind, _)| kind)
}

fn is_kind(kind: &str, lower: &str) -> bool {
    let words = DEVICES.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, words)| words);
    words.iter().any(|word| lower.contains(word))
}

/// A word that tells of a program, depending on what stands around it, which Rust's regular expressions do
/// not look at.
struct Word {
    word: &'static str,
    /// What before the word makes it harmless.
    not_after: &'static [&'static str],
    /// What behind the word makes it harmless.
    not_before: &'static [&'static str],
    /// The word, or its plural, must end there.
    whole_end: bool,
}

const fn word(
    word: &'static str,
    not_after: &'static [&'static str],
    not_before: &'static [&'static str],
) -> Word {
    Word { word, not_after, not_before, whole_end: false }
}

/// What programs call themselves. `cubot` is a brand of telephones; `slurp` is missing in `isbot`.
const NAMES: [Word; 5] = [
    Word { word: "bot", not_after: &[" cu"], not_before: &[], whole_end: true },
    word("spider", &[], &["man"]),
    word("crawl", &[], &[]),
    word("slurp", &[], &[]),
    word("headless", &[], &[]),
];

/// The other patterns of `isbot` that look around themselves; and spared are Chinese apps that show news to
/// people: `NewsArticle` (Toutiao), `qqnews`, `sinanews`, `NewsApp` (NetEase).
const FORMS: [Word; 5] = [
    word("news", &["g", "qq", "sina"], &["sapphire", "article", "app"]),
    word("google", &[" channel/", "google/"], &["wv", "app", "/google", " pixel"]),
    word("scan", &["cam"], &[]),
    word("http", &["lib"], &[]),
    word("java", &[], &[";"]),
];

impl Word {
    fn is_in(&self, lower: &str) -> bool {
        lower.match_indices(self.word).any(|(at, word)| {
            let (before, behind) = (&lower[..at], &lower[at + word.len()..]);
            let ends = || {
                let behind = behind.strip_prefix('s').unwrap_or(behind);
                !behind.starts_with(|c: char| c.is_ascii_alphanumeric())
            };
            !self.not_after.iter().any(|harmless| before.ends_with(harmless))
                && !self.not_before.iter().any(|harmless| behind.starts_with(harmless))
                && (!self.whole_end || ends())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static AGENTS: LazyLock<Agents> = LazyLock::new(Agents::default);

    const PEOPLE: &str = include_str!("data/user_agents.txt");

    #[test]
    fn people_are_told_by_device_browser_and_system() {
        let mut people = 0;
        for line in PEOPLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.splitn(4, " | ").collect();
            let [device, browser, os, user_agent] = words[..] else { panic!("{line}") };
            let agent = AGENTS.read(user_agent);
            let found = (agent.device, agent.browser.as_str(), agent.os.as_str(), agent.bot);
            assert_eq!(found, (device, browser, os, false), "{user_agent}");
            people += 1;
        }
        assert!(people > 50);
        assert_eq!(*AGENTS.read(""), Agent::default());
    }

    #[test]
    fn programs_are_told_from_people() {
        for user_agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
            HeadlessChrome/146.0.0.0 Safari/537.36",
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko; compatible; Bytespider)",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 9_1 like Mac OS X) AppleWebKit/601.1.46 (KHTML, like Gecko) \
            Version/9.0 Mobile/13B143 Safari/601.1 (compatible; Baiduspider-render/2.0; Smartapp; \
            +http://www.baidu.com/search/spider.html)",
            "AdsBot-Google (+http://www.google.com/adsbot.html)",
            "Mozilla/5.0 (compatible; Yahoo! Slurp)",
            "Mozilla/5.0 (Macintosh) AppleWebKit/537.36 Chrome/146.0.0.0 Safari/537.36 Chrome-Lighthouse",
            "facebookexternalhit/1.1",
            "some crawler",
            "UptimeRobot/2.0",
            "python-requests/2.32.3",
            "Go-http-client/2.0",
            "GPTBot/1.2",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; \
            +claudebot@anthropic.com)",
            "Java/17.0.2",
        ] {
            assert!(AGENTS.read(user_agent).bot, "{user_agent}");
        }
        for user_agent in [
            "curl/8.5.0",
            "Wget/1.21.3",
            "HTTPie/3.2.2",
            "PostmanRuntime/7.39.0",
            "Mozilla/5.0 (Linux; Android 14; Bottega) Spiderman/1 Both",
            "茶bottle",
        ] {
            assert!(!AGENTS.read(user_agent).bot, "{user_agent}");
        }
    }

    #[test]
    fn the_patterns_written_by_hand_look_around_themselves() {
        let looks = |user_agent: &str| NAMES.iter().chain(&FORMS).any(|word| word.is_in(user_agent));
        for program in ["newsblur", "google page", "bots_x", "robot", "scanner", "http", "java/17"] {
            assert!(looks(program), "{program}");
        }
        for person in [
            "gnews",
            "newssapphire",
            "qqnews/7",
            " channel/google",
            "google/google",
            "googlewv",
            "googleapp",
            "google pixel 9",
            "x cubot p80",
            "bottle",
            "camscanner",
            "libhttp",
            "java;",
            "spiderman",
        ] {
            assert!(!looks(person), "{person}");
        }
    }

    #[test]
    fn a_user_agent_is_looked_at_up_to_a_bound_and_read_once() {
        let filler = format!("Mozilla/5.0 ({}", "茶 ".repeat(400));
        assert!(!AGENTS.read(&format!("{filler} Googlebot")).bot);
        let bot_behind =
            |bytes: usize| AGENTS.read(&format!("Mozilla/5.0 ({} Googlebot", "a".repeat(bytes))).bot;
        let word_bytes = "Mozilla/5.0 ( Googlebot".len();
        assert!(bot_behind(512 - word_bytes) && !bot_behind(512 - word_bytes + 8));
        let (one, other) = (AGENTS.read("Mozilla/5.0 (X11) Twice"), AGENTS.read("Mozilla/5.0 (X11) Twice"));
        assert!(Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn names_out_of_a_user_agent_are_clean_and_short() {
        let agent = AGENTS.read(&format!("{}\u{202e}X/12 CFNetwork/1 Darwin/20", "Podcast".repeat(12)));
        assert!(!agent.browser.is_empty());
        assert!(agent.browser.chars().count() <= MAX_NAME_CHARS && !agent.browser.contains('\u{202e}'));
    }
}
