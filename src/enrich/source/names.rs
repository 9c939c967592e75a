//! What a sender is called: one name for all hosts of its pages, and for the words that links use for it.
//!
//! Both tables are written by hand: `data/referrers.txt` and `data/synonyms.txt`.

use super::{MAX_HOST_BYTES, page};
use std::collections::HashMap;
use std::sync::LazyLock;

pub(super) const REFERRERS: &str = include_str!("../data/referrers.txt");
pub(super) const SYNONYMS: &str = include_str!("../data/synonyms.txt");

/// Who sends visitors from a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Referrer {
    pub(super) medium: &'static str,
    pub(super) source: &'static str,
}

impl Referrer {
    /// Whether a visitor comes back from there, having gone from the shop to pay or to sign in.
    pub(super) fn is_way_back(self) -> bool {
        self.medium == "none"
    }
}

/// By host.
pub(super) static REFERRERS_BY_HOST: LazyLock<HashMap<&'static str, Referrer>> = LazyLock::new(|| {
    let mut referrers = HashMap::new();
    for line in lines(REFERRERS) {
        let mut words = line.split_whitespace();
        let (Some(medium), Some(source)) = (words.next(), words.next()) else { continue };
        referrers.extend(words.map(|host| (host, Referrer { medium, source })));
    }
    referrers
});

/// Sources by word.
pub(super) static SOURCES_BY_WORD: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut sources = HashMap::new();
    for line in lines(SYNONYMS) {
        let mut words = line.split_whitespace();
        let Some(source) = words.next() else { continue };
        sources.extend(words.map(|word| (word, source)));
    }
    sources
});

/// The lines of a table that say something.
pub(super) fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Who sends visitors from a host in lower case, if the table knows it.
pub(super) fn of_host(host: &str) -> Option<Referrer> {
    let mut below = Some(host);
    while let Some(name) = below {
        if let Some(sender) = REFERRERS_BY_HOST.get(name) {
            return Some(*sender);
        }
        below = name.split_once('.').map(|(_, rest)| rest);
    }
    // Not those of hosting companies: anybody can be amazon.github.io.
    let is_registry = |domain: &psl::Domain<'_>| domain.suffix().typ() == Some(psl::Type::Icann);
    let domain = psl::domain(host.as_bytes()).filter(is_registry)?;
    let domain = std::str::from_utf8(domain.as_bytes()).ok()?;
    let before = host.strip_suffix(domain)?;
    let name = domain.split('.').next()?;
    matches!(before, "" | "www." | "m.")
        .then(|| REFERRERS_BY_HOST.get(format!("{name}.*").as_str()).copied())?
}

/// The name of the sender whom a link calls by a word, or by the host or the address of its page, in lower
/// case. What no table knows stays as the link says it.
pub(super) fn of_word(word: String) -> String {
    let bare: String = word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect();
    if let Some(source) = SOURCES_BY_WORD.get(bare.as_str()) {
        return (*source).to_owned();
    }
    let host = page(&word).map_or(word.as_str(), |(host, _)| host);
    if !host.contains('.') || !is_host(host) {
        return word;
    }
    // The way back from paying has no name of its own.
    let referrer = of_host(host).filter(|referrer| !referrer.is_way_back());
    referrer.map_or_else(|| without_www(host), |referrer| referrer.source).to_owned()
}

/// A host as it names a source of its own.
pub(super) fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether the text has the form of a host.
pub(super) fn is_host(text: &str) -> bool {
    let in_hosts = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    !text.is_empty() && text.len() <= MAX_HOST_BYTES && text.chars().all(in_hosts)
}
