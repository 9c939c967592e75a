//! ClickHouse's own descriptions of databases, tables and views, and what a full disk leaves of them.
//!
//! A description that is cut keeps ClickHouse from starting, for ever. What holds no data (a view, a new
//! table) is removed when its description is cut, and `store` makes it again. A database's is written anew
//! from its place. The description of a table with data is never touched.

use super::settings;
use crate::file;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The descriptions by `database/name`, as they were when everything had been made.
type Known = BTreeMap<String, String>;

/// Entries of the directory of a table that has never held a row.
const OF_AN_EMPTY_TABLE: [&str; 2] = ["detached", "format_version.txt"];

/// Makes ClickHouse able to read every description. No engine may run on the directory.
///
/// # Errors
/// A file cannot be read, removed or written.
pub fn mend(directory: &Path) -> io::Result<()> {
    let data = settings::data(directory);
    mend_databases(&data)?;
    let known: Known = fs::read(record(directory))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    for (name, path) in descriptions(&data)? {
        let text = fs::read(&path)?;
        // What was altered since is no beginning of what was known, and somebody else's views are not known
        // at all.
        let is_cut = !looks_whole(&text)
            || known
                .get(&name)
                .is_some_and(|whole| whole.len() > text.len() && whole.as_bytes().starts_with(&text));
        if !is_cut || !is_empty(&data, &name, &text)? {
            continue;
        }
        tracing::warn!(
            name,
            "a full disk had cut the description of something without data; it is made again"
        );
        fs::remove_file(&path)?;
    }
    Ok(())
}

/// Notes how all descriptions are now, when every table and view was made.
///
/// # Errors
/// A file cannot be read or written; the views are then made again at the next start.
pub fn remember(directory: &Path) -> io::Result<()> {
    let mut known = Known::new();
    for (name, path) in descriptions(&settings::data(directory))? {
        known.insert(name, String::from_utf8_lossy(&fs::read(&path)?).into_owned());
    }
    let text = serde_json::to_vec(&known)?;
    if fs::read(record(directory)).is_ok_and(|old| old == text) {
        return Ok(());
    }
    file::replace(&record(directory), &text)
}

fn record(directory: &Path) -> PathBuf {
    directory.join("descriptions.json")
}

/// A database's description follows from where the link beside it leads.
fn mend_databases(data: &Path) -> io::Result<()> {
    for link in entries(&data.join("metadata"))? {
        let path = link.with_extension("sql");
        let Ok(place) = fs::read_link(&link) else { continue };
        let uuid = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = format!("ATTACH DATABASE _ UUID '{uuid}'\nENGINE = Atomic\n");
        let is_cut = fs::read(&path)
            .is_ok_and(|found| found.len() < text.len() && text.as_bytes().starts_with(&found));
        if is_cut {
            tracing::warn!(database = %link.display(), "a full disk had cut the description of a database");
            file::replace(&path, text.as_bytes())?;
        }
    }
    Ok(())
}

/// Every description of a table or view: `database/name` and its path.
fn descriptions(data: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for database in entries(&data.join("metadata"))?.into_iter().filter(|path| path.is_dir()) {
        for path in entries(&database)? {
            if let (Some(database), Some(name)) = (database.file_name(), path.file_stem())
                && path.extension().is_some_and(|extension| extension == "sql")
            {
                found.push((format!("{}/{}", database.to_string_lossy(), name.to_string_lossy()), path));
            }
        }
    }
    Ok(found)
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether what is called `name` has never held a row. A view has no place; a table's is linked by its name,
/// or named by its identity.
fn is_empty(data: &Path, name: &str, text: &[u8]) -> io::Result<bool> {
    let linked = data.join("data").join(name);
    let place = if linked.exists() {
        Some(linked)
    } else {
        identity(text).map(|uuid| data.join("store").join(&uuid[..3]).join(uuid))
    };
    let names = match place {
        Some(place) => entries(&place)?,
        None => Vec::new(),
    };
    Ok(names.iter().all(|path| {
        path.file_name().is_some_and(|name| OF_AN_EMPTY_TABLE.iter().any(|known| name == *known))
    }))
}

/// The identity in a description, as far as it goes.
fn identity(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let uuid = text.split_once("UUID '")?.1.split('\'').next()?.to_owned();
    (uuid.len() == 36 && uuid.is_ascii()).then_some(uuid)
}

/// A description ends with a line's end, outside of every quotation and parenthesis.
fn looks_whole(text: &[u8]) -> bool {
    let mut depth = 0_i64;
    let mut quote = None;
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => {
                bytes.next();
            }
            (Some(open), _) if byte == open => quote = None,
            (None, b'\'' | b'`' | b'"') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth -= 1,
            _ => {}
        }
    }
    text.starts_with(b"ATTACH ") && text.ends_with(b"\n") && depth == 0 && quote.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "ATTACH TABLE _ UUID 'a'\n(\n    `shop` String DEFAULT 'it''s \\'('\n)\nENGINE = MergeTree\nORDER BY shop\n";
    const VIEW: &str = "ATTACH VIEW _ UUID 'b'\n(\n    `x` UInt8\n)\nAS SELECT 1 AS x\n";

    struct Place {
        directory: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Place {
            let place = Place { directory: tempfile::tempdir().unwrap() };
            fs::create_dir_all(place.data().join("store/d/d1")).unwrap();
            fs::create_dir_all(place.data().join("metadata")).unwrap();
            std::os::unix::fs::symlink("../store/d/d1", place.data().join("metadata/shopfunnel")).unwrap();
            fs::write(
                place.data().join("metadata/shopfunnel.sql"),
                "ATTACH DATABASE _ UUID 'd1'\nENGINE = Atomic\n",
            )
            .unwrap();
            place
        }

        fn data(&self) -> PathBuf {
            settings::data(self.directory.path())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.data().join("metadata/shopfunnel").join(format!("{name}.sql"))
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.path(name), text).unwrap();
        }

        fn give_data(&self, name: &str) {
            fs::create_dir_all(self.data().join("data/shopfunnel").join(name).join("all_1_1_0")).unwrap();
        }

        fn mend(&self) {
            mend(self.directory.path()).unwrap();
        }
    }

    #[test]
    fn a_view_is_removed_wherever_it_is_cut_and_kept_while_it_is_whole() {
        let place = Place::new();
        for length in 0..VIEW.len() {
            place.write("funnel", VIEW);
            remember(place.directory.path()).unwrap();
            place.mend();
            assert!(place.path("funnel").exists());
            place.write("funnel", &VIEW[..length]);
            place.mend();
            assert!(!place.path("funnel").exists(), "cut at {length}");
        }
    }

    #[test]
    fn a_table_is_removed_only_when_it_is_cut_and_holds_nothing() {
        let place = Place::new();
        place.write("new", TABLE);
        place.write("events", TABLE);
        remember(place.directory.path()).unwrap();
        for length in 0..TABLE.len() {
            for name in ["new", "events"] {
                place.write(name, &TABLE[..length]);
            }
            place.give_data("events");
            place.mend();
            assert!(place.path("events").exists(), "cut at {length}");
            // `ORDER BY shop` without its end of line is as good as whole.
            assert!(!place.path("new").exists(), "cut at {length}");
        }
        place.write("new", TABLE);
        place.write("newer", TABLE);
        place.write("newest", &TABLE[..TABLE.len() / 2]);
        place.mend();
        assert!(place.path("new").exists() && place.path("newer").exists() && !place.path("newest").exists());
    }

    #[test]
    fn a_database_is_described_anew_from_its_place() {
        let place = Place::new();
        let path = place.data().join("metadata/shopfunnel.sql");
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            place.mend();
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
        fs::write(&path, "ATTACH DATABASE _ UUID 'd1'\nENGINE = Atomic\nCOMMENT 'mine'\n").unwrap();
        place.mend();
        assert!(fs::read_to_string(&path).unwrap().contains("mine"));
    }
}
