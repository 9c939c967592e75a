//! Which statements have run, and which are still to run. Pure.

use crate::secret::hex;
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why the tables and this version do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    #[error(
        "the database was made by a newer shopfunnel (it has `{0}`); use that version or another database"
    )]
    Newer(String),
    #[error("the migration `{0}` was changed after it ran; restore the released file")]
    Changed(String),
}

/// A statement that has run.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct Applied {
    pub name: String,
    pub checksum: String,
}

/// The statements still to run, in order.
pub fn pending<'a>(
    applied: &[Applied],
    known: &'a [(&'a str, &'a str)],
) -> Result<Vec<(&'a str, &'a str)>, Divergence> {
    for ran in applied {
        match known.iter().find(|(name, _)| *name == ran.name) {
            None => return Err(Divergence::Newer(ran.name.clone())),
            Some((_, statement)) if checksum(statement) != ran.checksum => {
                return Err(Divergence::Changed(ran.name.clone()));
            }
            Some(_) => {}
        }
    }
    let ran = |name: &str| applied.iter().any(|ran| ran.name == name);
    Ok(known.iter().copied().filter(|(name, _)| !ran(name)).collect())
}

/// The table or materialised view that a statement makes, if it makes one.
pub fn made_by(statement: &str) -> Option<&str> {
    let made = ["CREATE TABLE IF NOT EXISTS ", "CREATE MATERIALIZED VIEW IF NOT EXISTS "]
        .iter()
        .find_map(|begin| statement.split_once(begin))?
        .1;
    made.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
}

/// The tables and views that a statement drops.
pub fn dropped_by(statement: &str) -> impl Iterator<Item = &str> {
    let dropped = statement.split_once("DROP TABLE IF EXISTS ").map_or("", |(_, names)| names);
    dropped.split(',').map(str::trim).filter(|name| !name.is_empty())
}

pub fn checksum(statement: &str) -> String {
    hex(&Sha256::digest(statement.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[(&str, &str)] = &[("0001_a", "A"), ("0002_b", "B")];

    fn ran(name: &str, statement: &str) -> Applied {
        Applied { name: name.into(), checksum: checksum(statement) }
    }

    #[test]
    fn only_what_has_not_run_is_pending_and_in_order() {
        assert_eq!(pending(&[], KNOWN).unwrap(), KNOWN);
        assert_eq!(pending(&[ran("0001_a", "A")], KNOWN).unwrap(), &KNOWN[1..]);
        assert!(pending(&[ran("0001_a", "A"), ran("0002_b", "B")], KNOWN).unwrap().is_empty());
    }

    #[test]
    fn a_changed_or_unknown_migration_stops_everything() {
        assert_eq!(pending(&[ran("0001_a", "changed")], KNOWN), Err(Divergence::Changed("0001_a".into())));
        assert_eq!(pending(&[ran("0003_c", "C")], KNOWN), Err(Divergence::Newer("0003_c".into())));
    }
}
