//! Files of the repository that are written from the program, and proved fresh.

use crate::rules::root;

/// Compares a committed file with what it should hold; with `UPDATE=1` in the environment it is written
/// instead.
pub fn assert_fresh(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, expected).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    let line = differs.unwrap_or(found.lines().count().min(expected.lines().count()));
    assert!(
        found == expected,
        "{path} is not what the program says, from line {} on:\n  file     {}\n  program  {}\n\
         UPDATE=1 cargo test --test it writes it; look at the difference before you commit it",
        line + 1,
        found.lines().nth(line).unwrap_or_default(),
        expected.lines().nth(line).unwrap_or_default(),
    );
}
