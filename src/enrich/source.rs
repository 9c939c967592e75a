//! Who sent a visitor, out of the page's address and its referrer, both as they were sent.
//!
//! Campaign parameters say it themselves and come first; then click ids, which an advertiser's platform adds;
//! then the referrer's host. `names` gives all of them one name. A host that it does not know is its own
//! source. A link that says for what it was placed, but not by whom, is the referrer's, else `(not set)`.
//! The shop's own pages send nobody, whatever their links carry; nor does the way back from paying or signing
//! in.
//!
//! The app around the page is no source: whoever opens the shop from its favorites in WeChat came directly,
//! and an invented "wechat" would hide that. It is told as the browser.

mod names;
mod parameters;

use crate::text::{cleaned, is_hidden};
use names::Referrer;
use parameters::Parameters;

/// Of a value, as of a whole address. Who stores it cuts it further, once it has looked for what must not be
/// stored.
const MAX_CHARS: usize = 2_048;
/// Of a name in the DNS.
const MAX_HOST_BYTES: usize = 253;
/// What a medium or a source says to mean: nobody.
const NOBODY: [&str; 4] = ["direct", "(direct)", "none", "(none)"];

/// Who sent the visitor. Without a source the others are empty too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touch {
    /// Lower case, as is the medium: `baidu`, or a host.
    pub source: String,
    /// `search`, `social`, `ai`, `shopping`, `email`, `referral`, `cpc`, `display`, or what a campaign
    /// parameter says.
    pub medium: String,
    /// As the shop wrote it; empty where no parameter says it.
    pub campaign: String,
}

/// Parameters that a platform adds to tell one click, and so one person, from all others.
const CLICK_IDS: [(&str, &str, &str); 14] = [
    ("gclid", "google", "cpc"),
    ("gbraid", "google", "cpc"),
    ("wbraid", "google", "cpc"),
    ("dclid", "google", "display"),
    ("msclkid", "bing", "cpc"),
    ("ttclid", "tiktok", "cpc"),
    ("twclid", "x", "cpc"),
    ("li_fat_id", "linkedin", "cpc"),
    ("yclid", "yandex", "cpc"),
    ("bd_vid", "baidu", "cpc"),
    ("qz_gdt", "tencent", "cpc"),
    ("gdt_vid", "tencent", "cpc"),
    // The last two say less: see `clicked`.
    ("clickid", "oceanengine", "cpc"),
    ("fbclid", "facebook", "social"),
];
/// What Ocean Engine sends beside a `clickid`, which others call so too.
const OCEAN_ENGINE: [&str; 2] = ["adid", "creativeid"];

/// Parameters that say for what a link was placed, beside `utm_medium`.
const CAMPAIGN: [&str; 8] =
    ["utm_campaign", "utm_id", "utm_term", "utm_content", "hmpl", "hmcu", "hmkw", "hmci"];
/// The source of a link that says for what it was placed, where neither it nor a referrer says by whom.
const NOT_SET: &str = "(not set)";

/// Who sent the visitor to the page at `url`. `own` are more origins of the shop than that page's.
pub fn touch<'a>(url: &'a str, referrer: &str, own: impl IntoIterator<Item = &'a str> + Clone) -> Touch {
    let sender = host_of(referrer);
    let own_pages = || std::iter::once(url).chain(own.clone()).filter_map(page);
    let own_hosts = || own_pages().map(|(host, _)| host.to_ascii_lowercase());
    if sender.as_ref().is_some_and(|sender| own_hosts().any(|own| is_same_host(sender, &own))) {
        return Touch::default();
    }
    let parameters = Parameters::of(url);
    let linked = || sender.as_deref().and_then(|sender| linked(sender, own_hosts()));
    let is_nobody = |word: &String| NOBODY.contains(&word.as_str());
    let told = parameters.first(&["utm_source", "hmsr"]).map(|source| source.to_lowercase());
    let medium = parameters.first(&["utm_medium"]).map(|medium| medium.to_lowercase());
    let medium = medium.filter(|medium| !is_nobody(medium));
    let is_placed = || {
        // Who writes "direct" into a link wants it counted so. A shop's address for the way back from paying
        // carries along what was in the landing's.
        let is_way_back = || sender.as_deref().and_then(names::of_host).is_some_and(Referrer::is_way_back);
        told.is_none() && (medium.is_some() || parameters.first(&CAMPAIGN).is_some()) && !is_way_back()
    };
    let touch = match told.clone().filter(|source| !is_nobody(source)) {
        Some(source) => {
            // The click id, too, was added for this link.
            let medium = clicked(&parameters).map_or("", |(_, medium)| medium);
            Some(named(&names::of_word(source), medium))
        }
        None => match clicked(&parameters) {
            // Facebook marks every link out of its apps; the referrer tells which app.
            Some(("facebook", _)) => linked()
                .filter(|touch| touch.medium == "social")
                .or_else(|| Some(named("facebook", "social"))),
            Some((source, medium)) => Some(named(source, medium)),
            None => linked().or_else(|| is_placed().then(|| named(NOT_SET, ""))),
        },
    };
    let Some(mut touch) = touch else { return Touch::default() };
    if let Some(medium) = medium {
        touch.medium = medium;
    }
    // Baidu's plan is a campaign, its unit a part of one.
    touch.campaign = parameters.first(&["utm_campaign", "hmpl", "hmcu"]).unwrap_or_default();
    touch
}

fn named(source: &str, medium: &str) -> Touch {
    Touch { source: source.to_owned(), medium: medium.to_owned(), campaign: String::new() }
}

/// The path of a page's address with escapes resolved where they stand for text, so that a page has one name
/// however its address was written. Empty for what is no web address.
pub fn path(url: &str) -> String {
    let raw = match page(url) {
        Some((_, rest)) => rest,
        None if url.starts_with('/') && !url.starts_with("//") => url,
        None => return String::new(),
    };
    let end = raw.bytes().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(raw.len());
    if end == 0 { "/".into() } else { readable(&raw[..end]) }
}

/// An address without click ids in its query and its fragment; the rest as it was.
pub fn without_click_ids(url: String) -> String {
    let Some(start) = url.bytes().position(|byte| matches!(byte, b'?' | b'#')) else { return url };
    let is_click_id = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        CLICK_IDS.iter().any(|(id, ..)| name.eq_ignore_ascii_case(id))
    };
    // Nearly every address has none, and is not copied for that.
    if !url[start..].split(['?', '#', '&']).any(is_click_id) {
        return url;
    }
    let mut out = url[..start].to_owned();
    let mut rest = &url[start..];
    // The separator that the next part gets: the first one since a part was kept, unless a `#` came after it.
    let mut waiting = None;
    while let Some(separator) = rest.chars().next() {
        let part_end = rest[1..].find(['?', '#', '&']).map_or(rest.len(), |end| end + 1);
        let part = &rest[1..part_end];
        rest = &rest[part_end..];
        if separator == '#' || waiting.is_none() {
            waiting = Some(separator);
        }
        if !is_click_id(part) {
            out.extend(waiting.take());
            out.push_str(part);
        }
    }
    out
}

/// Source and medium that a click id tells.
fn clicked(parameters: &Parameters<'_>) -> Option<(&'static str, &'static str)> {
    let from_ocean_engine = || OCEAN_ENGINE.iter().any(|name| parameters.has(name));
    let found =
        CLICK_IDS.iter().find(|(id, ..)| parameters.has(id) && (*id != "clickid" || from_ocean_engine()));
    found.map(|&(_, source, medium)| (source, medium))
}

/// Host and what follows it of a web page's address, as browsers write them. An address is sent with every
/// event, and taking it apart like this costs a tenth of parsing it.
fn page(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let (host, rest) = split_authority(rest);
    (!host.is_empty()).then_some((host, rest))
}

/// Host without user and port, and what follows.
fn split_authority(rest: &str) -> (&str, &str) {
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = host.rfind(':').filter(|&at| host[at + 1..].bytes().all(|byte| byte.is_ascii_digit()));
    (port.map_or(host, |at| &host[..at]).trim_end_matches('.'), rest)
}

/// The host of the page, or the name of the app, that a referrer names; in lower case.
fn host_of(referrer: &str) -> Option<String> {
    let (host, _) = page(referrer).or_else(|| {
        let app = referrer.strip_prefix("android-app://").or_else(|| referrer.strip_prefix("ios-app://"))?;
        Some(split_authority(app))
    })?;
    names::is_host(host).then(|| host.to_ascii_lowercase())
}

/// Who sent the visitor by a link without parameters on a page of host `sender`. `own` are the shop's hosts.
fn linked(sender: &str, mut own: impl Iterator<Item = String>) -> Option<Touch> {
    let registered = registered(sender);
    if own.any(|own| is_same_site(sender, registered, &own)) {
        return None;
    }
    match names::of_host(sender) {
        Some(referrer) if referrer.is_way_back() => None,
        Some(Referrer { medium, source }) => Some(named(source, medium)),
        None => Some(named(names::without_www(sender), "referral")),
    }
}

/// The same host, whatever device its pages are for.
///
/// Links between the pages of a shop send nobody, even if they carry parameters: a banner's would take the
/// day's orders from whoever sent the visitor, and click ids are carried along from the landing by forms and
/// language switches. Another name below the same registered one may well be a blog, whose parameters say
/// whom it sends.
fn is_same_host(host: &str, other: &str) -> bool {
    host == other || bare(host) == bare(other)
}

/// A host without what tells pages for telephones from pages for desks.
fn bare(host: &str) -> &str {
    let rest = host.strip_prefix("www.").or_else(|| host.strip_prefix("m."));
    rest.filter(|rest| rest.contains('.')).unwrap_or(host)
}

/// The name that somebody has registered and that the host is, or is below of. Numbers are nobody's.
fn registered(host: &str) -> Option<&str> {
    if host.ends_with(']') || host.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    psl::domain_str(host)
}

/// The same host, or two below one registered name.
fn is_same_site(host: &str, registered_of_host: Option<&str>, other: &str) -> bool {
    // Nearly always the first is enough, and it is much cheaper than the second.
    host == other
        || registered_of_host
            .is_some_and(|domain| other.ends_with(domain) && registered(other) == Some(domain))
}

/// Escapes resolved, except where that would change what the path means or hide something in it.
fn readable(path: &str) -> String {
    if !path.contains('%') {
        return cleaned(path, usize::MAX);
    }
    let bytes = unescaped(path, |byte| matches!(byte, 0..=b' ' | 0x7f | b'/' | b'?' | b'#' | b'%'));
    match String::from_utf8(bytes) {
        Ok(text) if !text.chars().any(is_hidden) => text,
        // Marks that hide, or another encoding than UTF-8: the escapes stay. A path is an address that must
        // lead to the page still; a campaign is a mere name, and is guessed at (`parameters`).
        _ => cleaned(path, usize::MAX),
    }
}

/// The bytes of a text whose escapes are resolved, but those of bytes that `stays`.
fn unescaped(text: &str, stays: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        let escaped = (*byte == b'%')
            .then(|| std::str::from_utf8(behind.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|byte| !stays(*byte));
        bytes.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    bytes
}

#[cfg(test)]
mod tests;
