//! Addresses and referrers as shops see them, and the source of each.

use super::names::{REFERRERS, REFERRERS_BY_HOST, SOURCES_BY_WORD, SYNONYMS, lines};
use super::*;
use url::form_urlencoded;

const PAGE: &str = "https://tea.example/p";

fn told(url: &str, referrer: &str) -> (String, String, String) {
    let touch = touch(url, referrer, ["https://pay.tea-house.example"]);
    (touch.source, touch.medium, touch.campaign)
}

#[test]
fn campaign_parameters_come_first_then_click_ids_then_the_referrer() {
    let baidu = "https://www.baidu.com/link?url=x";
    for (query, referrer, source, medium, campaign) in [
        (
            "?utm_source=Newsletter&utm_medium=Email&utm_campaign=Spring%20Tea",
            baidu,
            "newsletter",
            "email",
            "Spring Tea",
        ),
        ("?utm_source=%E5%BE%AE%E4%BF%A1&utm_campaign=%E5%8F%8C11", "", "wechat", "", "双11"),
        ("?hmsr=toutiao.io&hmpl=plan&hmcu=unit", "", "toutiao.io", "", "plan"),
        ("?utm_source=google&gclid=x", "", "google", "cpc", ""),
        ("?utm_source=google&utm_medium=organic&gclid=x", "", "google", "organic", ""),
        ("?gclid=Cj0&utm_campaign=Brand", "https://www.google.com/", "google", "cpc", "Brand"),
        ("?gbraid=1", "", "google", "cpc", ""),
        ("?wbraid=1", "", "google", "cpc", ""),
        ("?dclid=1", "", "google", "display", ""),
        ("?msclkid=1", "https://www.bing.com/", "bing", "cpc", ""),
        ("?ttclid=1", "", "tiktok", "cpc", ""),
        ("?twclid=1", "https://t.co/", "x", "cpc", ""),
        ("?li_fat_id=1", "", "linkedin", "cpc", ""),
        ("?yclid=1", "", "yandex", "cpc", ""),
        ("?bd_vid=1", baidu, "baidu", "cpc", ""),
        ("?qz_gdt=1", "", "tencent", "cpc", ""),
        ("?gdt_vid=1", "", "tencent", "cpc", ""),
        ("?clickid=1&adid=2", "", "oceanengine", "cpc", ""),
        ("?clickid=1&creativeid=3", "", "oceanengine", "cpc", ""),
        ("?clickid=1", baidu, "baidu", "search", ""),
        ("?fbclid=1", "", "facebook", "social", ""),
        ("?fbclid=1", "https://l.instagram.com/", "instagram", "social", ""),
        ("?fbclid=1", "https://mail.google.com/", "facebook", "social", ""),
        ("?gclid=", baidu, "baidu", "search", ""),
        ("?utm_source=direct&utm_medium=(none)", "", "", "", ""),
        ("?utm_source=(Direct)", baidu, "baidu", "search", ""),
        ("?utm_source=+&utm_medium=cpc", baidu, "baidu", "cpc", ""),
        ("?UTM_SOURCE=Weibo", "", "weibo", "", ""),
        ("#/tea?utm_source=poster&utm_medium=qr", "", "poster", "qr", ""),
        ("?utm_source=a%00b%E2%80%AEc%0A", "", "abc", "", ""),
        ("?utm_source=first&utm_source=second", "", "first", "", ""),
    ] {
        let expected = (source.to_owned(), medium.to_owned(), campaign.to_owned());
        assert_eq!(told(&format!("{PAGE}{query}"), referrer), expected, "{query} {referrer}");
    }
    let long = told(&format!("{PAGE}?utm_source=a&utm_campaign={}", "茶".repeat(3_000)), "");
    assert_eq!(long.2.chars().count(), MAX_CHARS);
}

#[test]
fn a_referrer_is_told_by_its_host() {
    for (referrer, source, medium) in [
        ("https://www.baidu.com/link?url=abc", "baidu", "search"),
        ("https://m.baidu.com/from=844b/s", "baidu", "search"),
        ("https://tieba.baidu.com/p/1", "tieba", "social"),
        ("https://chat.baidu.com/", "wenxin", "ai"),
        ("https://www.so.com/s?q=x", "so", "search"),
        ("https://m.sogou.com/", "sogou", "search"),
        ("https://so.m.sm.cn/", "shenma", "search"),
        ("https://cn.bing.com/", "bing", "search"),
        ("https://www.google.com/", "google", "search"),
        ("https://www.google.com.hk/", "google", "search"),
        ("https://google.co.jp/", "google", "search"),
        ("android-app://com.google.android.googlequicksearchbox/", "google", "search"),
        ("https://docs.google.com/", "docs.google.com", "referral"),
        ("https://www.google.evil.example/", "google.evil.example", "referral"),
        ("https://google.github.io/", "google.github.io", "referral"),
        ("https://notbaidu.com/", "notbaidu.com", "referral"),
        ("https://search.yahoo.co.jp/", "yahoo", "search"),
        ("https://duckduckgo.com/", "duckduckgo", "search"),
        ("https://yandex.ru/", "yandex", "search"),
        ("https://so.toutiao.com/search", "toutiao", "search"),
        ("https://www.toutiao.com/", "toutiao", "social"),
        ("https://link.zhihu.com/?target=x", "zhihu", "social"),
        ("https://www.xiaohongshu.com/", "xiaohongshu", "social"),
        ("https://weibo.cn/sinaurl", "weibo", "social"),
        ("https://mp.weixin.qq.com/s/abc", "wechat", "social"),
        ("https://www.douyin.com/", "douyin", "social"),
        ("https://www.kuaishou.com/", "kuaishou", "social"),
        ("https://www.bilibili.com/video/BV1", "bilibili", "social"),
        ("https://t.co/abc", "x", "social"),
        ("https://l.facebook.com/l.php", "facebook", "social"),
        ("https://www.reddit.com/r/tea", "reddit", "social"),
        ("https://out.reddit.com/", "reddit", "social"),
        ("https://www.doubao.com/", "doubao", "ai"),
        ("https://www.kimi.com/", "kimi", "ai"),
        ("https://kimi.moonshot.cn/", "kimi", "ai"),
        ("https://yuanbao.tencent.com/", "yuanbao", "ai"),
        ("https://chat.deepseek.com/", "deepseek", "ai"),
        ("https://chat.qwen.ai/", "qwen", "ai"),
        ("https://tongyi.aliyun.com/", "qwen", "ai"),
        ("https://chatgpt.com/", "chatgpt", "ai"),
        ("https://www.perplexity.ai/", "perplexity", "ai"),
        ("https://gemini.google.com/", "gemini", "ai"),
        ("https://copilot.microsoft.com/", "copilot", "ai"),
        ("https://claude.ai/", "claude", "ai"),
        ("https://www.smzdm.com/p/1", "smzdm", "shopping"),
        ("https://item.taobao.com/", "taobao", "shopping"),
        ("https://www.amazon.co.uk/", "amazon", "shopping"),
        ("https://mail.qq.com/", "qq-mail", "email"),
        ("https://mail.163.com/", "netease-mail", "email"),
        ("https://mail.google.com/", "gmail", "email"),
        ("android-app://com.google.android.gm/", "gmail", "email"),
        ("https://www.some-blog.example/tea", "some-blog.example", "referral"),
        ("https://BLOG.Example.:8443/x", "blog.example", "referral"),
        ("http://192.0.2.7/x", "192.0.2.7", "referral"),
        ("http://[2001:DB8::9]:8080/x", "[2001:db8::9]", "referral"),
        ("https://mei:secret@blog.example/x", "blog.example", "referral"),
        ("HTTPS://Blog.Example?x", "blog.example", "referral"),
        ("https://博客.example/", "博客.example", "referral"),
        ("https://xn--fsq.example/", "xn--fsq.example", "referral"),
        ("https://tea.example.evil.test/", "tea.example.evil.test", "referral"),
    ] {
        assert_eq!(told(PAGE, referrer), (source.to_owned(), medium.to_owned(), String::new()), "{referrer}");
    }
}

#[test]
fn the_shop_itself_paying_and_signing_in_send_nobody() {
    for referrer in [
        "",
        "https://tea.example/other",
        "https://www.tea.example/",
        "http://shop.tea.example:8080/",
        "https://pay.tea-house.example/done",
        "https://cashier.alipay.com/standard",
        "https://openapi.alipay.com/",
        "https://wx.tenpay.com/",
        "https://pay.weixin.qq.com/",
        "https://cashier.95516.com/",
        "https://www.paypal.com/checkoutnow",
        "https://checkout.stripe.com/c/pay",
        "https://hooks.stripe.com/redirect",
        "https://live.adyen.com/",
        "https://pay.klarna.com/",
        "https://shop.app/pay",
        "https://centinelapi.cardinalcommerce.com/",
        "https://accounts.google.com/",
        "https://appleid.apple.com/",
        "https://open.weixin.qq.com/connect",
        "not a url",
        "about:blank",
        "data:text/html,x",
        "chrome-extension://abcdef/page.html",
        "https://",
        "//baidu.com",
        "https://@/",
        "https://:80/",
        "https://two words/",
        "https://a\u{202e}b/",
        "https://<b>/",
        "https:///path",
    ] {
        assert_eq!(told(PAGE, referrer), Default::default(), "{referrer}");
    }
    // Shops of one hosting company are strangers to one another.
    let elsewhere = touch("https://tea.myshopify.com/", "https://cups.myshopify.com/", []);
    assert_eq!(elsewhere.source, "cups.myshopify.com");
    // A page without an address may still have been sent to.
    assert_eq!(told("", "https://www.baidu.com/").0, "baidu");
    assert_eq!(told("%%%", "https://tea.example/").0, "tea.example");
    assert_eq!(touch("http://localhost:3000/a", "http://localhost:3000/", []), Touch::default());
    assert_eq!(touch("http://192.0.2.7/a", "http://192.0.2.8/", []).source, "192.0.2.8");
}

#[test]
fn a_path_has_one_name_however_it_was_written() {
    for (url, expected) in [
        ("https://tea.example/", "/"),
        ("https://tea.example", "/"),
        ("https://tea.example/a/b.html?x=1#top", "/a/b.html"),
        ("https://tea.example/index.html", "/index.html"),
        ("https://tea.example/%E8%8C%B6/%e9%be%99", "/茶/龙"),
        ("https://tea.example/茶/龙", "/茶/龙"),
        ("https://tea.example/a%2Fb%3Fc%23d%25e%20f", "/a%2Fb%3Fc%23d%25e%20f"),
        ("https://tea.example/%B2%E8", "/%B2%E8"),
        ("https://tea.example/%E2%80%AEx", "/%E2%80%AEx"),
        ("https://tea.example/%zz%4", "/%zz%4"),
        ("/a/b?x=1", "/a/b"),
        ("//tea.example/a", ""),
        ("tea.example/a", ""),
        ("about:blank", ""),
        ("file:///home/mei/a.html", ""),
        ("", ""),
    ] {
        assert_eq!(path(url), expected, "{url}");
    }
}

#[test]
fn click_ids_are_taken_out_of_addresses_and_nothing_else_is() {
    for (url, stored) in [
        ("https://t.example/?gclid=Cj0", "https://t.example/"),
        ("https://t.example/?a=1&gclid=x&b=2", "https://t.example/?a=1&b=2"),
        ("https://t.example/?gclid=x&utm_source=y#top", "https://t.example/?utm_source=y#top"),
        ("https://t.example/?gclid=x#top", "https://t.example/#top"),
        ("https://t.example/?fbclid=1&FBCLID=2&msclkid=3&a", "https://t.example/?a"),
        ("https://t.example/#/p?gclid=1&x=2", "https://t.example/#/p?x=2"),
        ("https://t.example/?clickid=1&adid=2", "https://t.example/?adid=2"),
    ] {
        assert_eq!(without_click_ids(url.into()), stored, "{url}");
    }
    for url in ["", "https://t.example/gclid=1", "https://t.example/?q=gclid&x=fbclid%3D1#&?", "?&&#"] {
        assert_eq!(without_click_ids(url.into()), url);
    }
}

#[test]
fn a_link_that_says_for_what_but_not_by_whom_is_the_referrers_or_not_set() {
    let (baidu, gmail) = ("https://www.baidu.com/link?url=x", "https://mail.google.com/");
    for (query, referrer, source, medium, campaign) in [
        ("?utm_medium=email&utm_campaign=11.11", "", "(not set)", "email", "11.11"),
        ("?utm_medium=Email", "", "(not set)", "email", ""),
        ("?utm_campaign=11.11", "", "(not set)", "", "11.11"),
        ("?utm_campaign=11.11", gmail, "gmail", "email", "11.11"),
        ("?utm_medium=cpc&utm_campaign=11.11", baidu, "baidu", "cpc", "11.11"),
        ("?utm_campaign=11.11", "https://blog.example/", "blog.example", "referral", "11.11"),
        ("?utm_source=&utm_campaign=11.11", "", "(not set)", "", "11.11"),
        ("?utm_campaign=11.11&gclid=1", "", "google", "cpc", "11.11"),
        ("?hmpl=plan", "", "(not set)", "", "plan"),
        ("?hmkw=tea", "", "(not set)", "", ""),
        ("?utm_content=banner", "", "(not set)", "", ""),
        ("?utm_id=7", "", "(not set)", "", ""),
        ("?utm_term=tea", baidu, "baidu", "search", ""),
        ("?utm_campaign=", "", "", "", ""),
        ("?utm_medium=(none)", "", "", "", ""),
        ("?utm_source=direct&utm_campaign=11.11", "", "", "", ""),
        ("?utm_campaign=11.11", "https://www.paypal.com/checkoutnow", "", "", ""),
        ("?utm_source=paypal&utm_campaign=11.11", "https://www.paypal.com/", "paypal", "", "11.11"),
        ("?utm_campaign=11.11", "not a url", "(not set)", "", "11.11"),
    ] {
        let expected = (source.to_owned(), medium.to_owned(), campaign.to_owned());
        assert_eq!(told(&format!("{PAGE}{query}"), referrer), expected, "{query} {referrer}");
    }
}

#[test]
fn links_within_the_shop_send_nobody_whatever_they_carry() {
    for referrer in [
        "https://tea.example/",
        "https://TEA.example./other?utm_source=weibo",
        "https://www.tea.example/",
        "https://m.tea.example/",
        "http://tea.example:8080/",
        "https://pay.tea-house.example/done",
        "https://www.pay.tea-house.example/done",
    ] {
        for query in [
            "?utm_source=banner&utm_medium=home&utm_campaign=11.11",
            "?utm_campaign=11.11",
            "?hmsr=banner",
            "?gclid=Cj0",
            "?utm_source=google&gclid=Cj0",
        ] {
            assert_eq!(told(&format!("{PAGE}{query}"), referrer), Default::default(), "{query} {referrer}");
        }
    }
    // The landing itself comes from outside, or from nowhere.
    for referrer in ["", "https://www.google.com/", "https://m.com/"] {
        assert_eq!(told(&format!("{PAGE}?utm_source=ads"), referrer).0, "ads", "{referrer}");
    }
    // Other names of the same owner may be anything.
    for referrer in ["https://blog.tea.example/", "https://tea-house.example/"] {
        assert_eq!(told(&format!("{PAGE}?utm_source=Blog&utm_campaign=a"), referrer).0, "blog");
        assert_eq!(told(&format!("{PAGE}?utm_campaign=a"), referrer).0, "(not set)");
    }
    assert_eq!(touch("https://m.com/?utm_source=a", "https://www.com/", []).source, "a");
    assert_eq!(touch("http://localhost/?utm_source=a", "http://localhost:3000/", []), Touch::default());
}

#[test]
fn a_sender_has_one_name_by_whatever_word_a_link_calls_it() {
    for (words, source) in [
        (
            &["fb", "FB", "Facebook", "facebook.com", "m.facebook.com", "l.facebook.com", "fb.com"][..],
            "facebook",
        ),
        (&["facebook ads", "Facebook_Ads", "fb-ads", "https://www.facebook.com/"], "facebook"),
        (&["ig", "IG", "instagram.com", "l.instagram.com", "insta"], "instagram"),
        (&["yt", "youtu.be", "www.youtube.com"], "youtube"),
        (&["tt", "tiktok.com", "TikTok Ads"], "tiktok"),
        (&["twitter", "twitter.com", "x.com", "t.co", "X"], "x"),
        (&["weixin", "wx", "微信", " WeChat ", "mp.weixin.qq.com", "com.tencent.mm"], "wechat"),
        (&["xhs", "red", "小红书", "xiaohongshu.com", "rednote"], "xiaohongshu"),
        (&["dy", "抖音", "douyin.com"], "douyin"),
        (&["baidu.com", "m.baidu.com", "百度", "Baidu"], "baidu"),
        (&["google.com", "www.google.com.hk", "adwords", "googleads", "Google_Ads", "Google Ads"], "google"),
        (&["linkedin.com", "领英", "lnkd.in"], "linkedin"),
        (&["pinterest.de", "pin.it"], "pinterest"),
        (&["wa.me"], "whatsapp"),
        (&["t.me", "tg"], "telegram"),
        (&["chatgpt.com"], "chatgpt"),
        (&["360", "so.com"], "so"),
        (
            &["blog.example", "www.blog.example", "https://www.Blog.example/x?y", "Blog.example"],
            "blog.example",
        ),
        (&["alipay.com", "www.alipay.com"], "alipay.com"),
        (&["mei@m.facebook.com"], "mei@m.facebook.com"),
        (&["spring.sale v2"], "spring.sale v2"),
        (&["google.github.io"], "google.github.io"),
        (&["v1.2"], "v1.2"),
        (&["news-letter", "News-Letter"], "news-letter"),
        (&["fbi"], "fbi"),
    ] {
        for word in words {
            let value: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
            for name in ["utm_source", "hmsr"] {
                assert_eq!(told(&format!("{PAGE}?{name}={value}"), "").0, source, "{word}");
            }
        }
    }
}

#[test]
fn the_table_of_synonyms_is_in_order_and_told() {
    let document = include_str!("../../../docs/SNIPPET.md");
    let of_click_ids = CLICK_IDS.iter().map(|(_, source, _)| *source);
    let known: Vec<&str> = REFERRERS_BY_HOST.values().map(|known| known.source).chain(of_click_ids).collect();
    let mut listed = 0;
    for line in lines(SYNONYMS) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() > 1 && known.contains(&words[0]), "{line}");
        assert!(!line.contains(['-', '_', '.']) && line == line.to_lowercase(), "{line}");
        // A name is never another sender's word.
        assert!(words[1..].iter().all(|word| !known.contains(word)), "{line}");
        let told: Vec<String> = words[1..].iter().map(|word| format!("`{word}`")).collect();
        let row = format!("| `{}` | {} |", words[0], told.join(" "));
        assert!(document.contains(&row), "docs/SNIPPET.md lacks the row {row}");
        listed += words.len() - 1;
    }
    assert_eq!(SOURCES_BY_WORD.len(), listed);
}

#[test]
fn parameters_in_gb18030_are_read_and_other_bytes_are_not_guessed_at() {
    for (value, expected) in [
        ("%CB%AB11", "双11"),
        ("%B4%BA%BC%BE+%B2%E8%D2%B6", "春季 茶叶"),
        ("11%2E11%20%CB%AB", "11.11 双"),
        // Characters beyond GB2312, of two bytes and of four.
        ("%CB%AB%CA%AE%E9F", "双十镕"),
        ("%CB%AB%CA%AE%95%32%82%36", "双十𠀀"),
        ("%E5%8F%8C11", "双11"),
        // Valid in UTF-8 by chance.
        ("%CB%AB%CA%AE%D2%BB", "双十一"),
        // Text in UTF-8 stays it, whatever it would be in GB18030.
        ("caf%C3%A9", "café"),
        ("%D0%B2%D0%B5", "ве"),
        ("Hawai%CA%BBi", "Hawaiʻi"),
        ("Azul+%C9%A3ef", "Azul ɣef"),
        ("%CB%AB%C3%80", "˫À"),
        ("双%CB%AB", "双˫"),
    ] {
        assert_eq!(told(&format!("{PAGE}?utm_source=a&utm_campaign={value}"), "").2, expected, "{value}");
    }
    for value in [
        "caf%E9",
        "p%E9riode",
        "cr%E8me+br%FBl%E9e",
        "%CB%AB%CB",
        "%CB%AB%CA%AE%81%30%81%30",
        "%B2%E8%1B",
        "梦梦%B2%E8",
        "%CB%AE+%E9F",
        "%EF%BF%BD%EF%BF%BD",
        "%AA%A1%CB%AB",
        "%FF%FE",
        "%EF%BF%BD",
        "%80",
    ] {
        let campaign = told(&format!("{PAGE}?utm_source=a&utm_campaign={value}"), "").2;
        assert!(campaign.contains('\u{fffd}'), "{value} {campaign}");
    }
    assert_eq!(told(&format!("{PAGE}?utm_source=%CE%A2%D0%C5"), "").0, "wechat");
    assert_eq!(told(&format!("{PAGE}?utm_source=%B2%E8%D3%D1%C8%A6#/a?x=1"), "").0, "茶友圈");
}

#[test]
fn the_table_of_referrers_is_in_order() {
    const MEDIA: [&str; 6] = ["search", "social", "ai", "shopping", "email", "none"];
    let mut hosts = Vec::new();
    for line in lines(REFERRERS) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() > 2 && MEDIA.contains(&words[0]), "{line}");
        assert_eq!(words[1] == "-", words[0] == "none", "{line}");
        assert_eq!(line, line.to_lowercase());
        hosts.extend(words[2..].iter().copied());
    }
    let listed = hosts.len();
    hosts.sort_unstable();
    hosts.dedup();
    assert_eq!((hosts.len(), REFERRERS_BY_HOST.len()), (listed, listed));
}

#[test]
fn no_text_whatever_breaks_it() {
    let random = &mut fastrand::Rng::with_seed(20_261_122);
    let words = [
        "?",
        "#",
        "&",
        "=",
        "%",
        "gclid",
        "utm_source",
        "utm_campaign",
        "%CB%AB",
        "%B2",
        "https://",
        "茶",
        "\u{202e}",
        "/",
        "a",
        "[::1]",
        "%E8",
    ];
    for _ in 0..20_000 {
        let mut text =
            || (0..random.usize(..12)).map(|_| words[random.usize(..words.len())]).collect::<String>();
        let (url, referrer) = (text(), text());
        let touch = touch(&url, &referrer, []);
        assert!(!touch.source.is_empty() || touch == Touch::default(), "{url} {referrer}");
        let texts = [touch.source, touch.medium, touch.campaign, path(&url)];
        assert!(!texts.iter().any(|text| text.chars().any(is_hidden)), "{url}");
        assert!(without_click_ids(url.clone()).len() <= url.len());
    }
}
