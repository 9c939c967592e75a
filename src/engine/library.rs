//! What is wrong with a `libchdb.so` that cannot be the engine, in a sentence that says what to do.
//!
//! The file is looked at before it is loaded: a library that was cut short is mapped all the same, and kills
//! whoever touches what is missing. What the loader finds wrong after that it says in words of its own, which
//! are told apart here.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

const HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: usize = 56;
const SHARED_OBJECT: u16 = 3;
const X86_64: u16 = 62;
const AARCH64: u16 = 183;
const ANOTHER: &str =
    "bring it again with `shopfunnel engine install`, or name another with SHOPFUNNEL_ENGINE__LIBRARY";

/// Whether the file can be a library of this machine, and is whole.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn check(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let unreadable = |error: io::Error| match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "the engine's library {shown} cannot be read ({error}); let the user that shopfunnel runs as \
            read the file and its directories"
        ),
        _ => format!("the engine's library {shown} cannot be read ({error}); {ANOTHER}"),
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut header = [0; HEADER_BYTES];
    let read = fill(&mut file, &mut header).map_err(unreadable)?;
    if read < 4 || header[..4] != *b"\x7fELF" {
        return Err(format!("{shown} is no library but another kind of file (not ELF); {ANOTHER}"));
    }
    let cut =
        |needed: u64| format!("{shown} was cut short: it has {length} of at least {needed} bytes; {ANOTHER}");
    if read < HEADER_BYTES {
        return Err(cut(HEADER_BYTES as u64));
    }
    // Every machine that this runs on has 64 bits and the lesser byte first.
    let is_ours = header[4] == 2 && header[5] == 1;
    let machine = u16::from_le_bytes([header[18], header[19]]);
    if !is_ours || machine != this_machine() {
        return Err(format!(
            "{shown} is for another processor ({}, and this machine is {}); bring the one for this machine \
            with `shopfunnel engine install`, or name it with SHOPFUNNEL_ENGINE__LIBRARY",
            if is_ours { machine_name(machine) } else { "not 64 bits, little-endian" },
            std::env::consts::ARCH
        ));
    }
    if u16::from_le_bytes([header[16], header[17]]) != SHARED_OBJECT {
        return Err(format!("{shown} is no shared library but another kind of ELF file; {ANOTHER}"));
    }
    let needed = end(&mut file, &header).map_err(unreadable)?;
    match needed {
        Some(needed) if needed <= length => Ok(()),
        Some(needed) => Err(cut(needed)),
        None => Err(format!(
            "{shown} was cut short or damaged: its own table of contents does not fit; {ANOTHER}"
        )),
    }
}

/// Where the last thing ends that the file's headers name; `None` when they cannot be right.
fn end(file: &mut File, header: &[u8; HEADER_BYTES]) -> io::Result<Option<u64>> {
    let half = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let segments = (long(header, 32), half(54), half(56));
    let sections = (long(header, 40), half(58), half(60));
    let table_end = |(offset, size, count): (u64, u64, u64)| offset.checked_add(size * count);
    let (Some(mut end), Some(sections_end)) = (table_end(segments), table_end(sections)) else {
        return Ok(None);
    };
    end = end.max(sections_end);
    // Almost every library has them right behind the header.
    if segments.0 != HEADER_BYTES as u64 || segments.1 != PROGRAM_HEADER_BYTES as u64 {
        return Ok(Some(end));
    }
    let mut segment = [0; PROGRAM_HEADER_BYTES];
    for _ in 0..segments.2 {
        if fill(file, &mut segment)? < PROGRAM_HEADER_BYTES {
            return Ok(Some(end));
        }
        match long(&segment, 8).checked_add(long(&segment, 32)) {
            Some(segment_end) => end = end.max(segment_end),
            None => return Ok(None),
        }
    }
    Ok(Some(end))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// As much as there is.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..])? {
            0 => break,
            length => read += length,
        }
    }
    Ok(read)
}

fn this_machine() -> u16 {
    if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 }
}

fn machine_name(machine: u16) -> &'static str {
    match machine {
        X86_64 => "x86-64",
        AARCH64 => "arm64",
        _ => "neither x86-64 nor arm64",
    }
}

/// What the loader's words about `path` mean. They are glibc's and musl's, and stand in the sentence too.
pub fn explain(path: &Path, words: &str) -> String {
    let shown = path.display();
    let what = if words.contains("undefined symbol") && words.contains(super::child::ENTRY) {
        format!("is a library, but not the engine: it has no `{}`; {ANOTHER}", super::child::ENTRY)
    } else if words.contains("GLIBC_") || words.contains("GLIBCXX_") || words.contains("CXXABI_") {
        "needs a newer C library than this system has; use a newer system, or a ClickHouse server of your \
        own with SHOPFUNNEL_CLICKHOUSE__URL"
            .to_owned()
    } else if words.contains("failed to map segment") || words.contains("executable stack") {
        "may not be run from where it lies; put it on a file system that is not mounted noexec \
        (SHOPFUNNEL_ENGINE__LIBRARY or XDG_CACHE_HOME name another place)"
            .to_owned()
    } else if words.contains("Permission denied") {
        "cannot be read; let the user that shopfunnel runs as read the file and its directories".to_owned()
    } else if words.contains("annot allocate memory") {
        "does not fit into the memory that this process may use; raise the limit (ulimit -v, the container's)"
            .to_owned()
    } else if words.contains("cannot open shared object file")
        || words.contains("Error loading shared library")
    {
        "needs another library that this system does not have; install it".to_owned()
    } else {
        format!("cannot be loaded; {ANOTHER}")
    };
    format!("the engine's library {shown} {what} ({words})")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a library with one segment of `bytes`.
    fn library(machine: u16, kind: u16, bytes: u64) -> Vec<u8> {
        let mut file = vec![0; HEADER_BYTES + PROGRAM_HEADER_BYTES];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[16..18].copy_from_slice(&kind.to_le_bytes());
        file[18..20].copy_from_slice(&machine.to_le_bytes());
        file[32..40].copy_from_slice(&64_u64.to_le_bytes());
        file[54..56].copy_from_slice(&56_u16.to_le_bytes());
        file[56..58].copy_from_slice(&1_u16.to_le_bytes());
        file[HEADER_BYTES + 32..HEADER_BYTES + 40].copy_from_slice(&bytes.to_le_bytes());
        file
    }

    #[test]
    fn a_file_that_cannot_be_the_engine_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("libchdb.so");
        let other = if this_machine() == X86_64 { AARCH64 } else { X86_64 };
        let whole = library(this_machine(), SHARED_OBJECT, 120);
        for (content, says) in [
            (b"not a library".to_vec(), "not ELF"),
            (Vec::new(), "not ELF"),
            (whole[..40].to_vec(), "cut short"),
            (library(this_machine(), SHARED_OBJECT, 9_999), "it has 120 of at least 9999 bytes"),
            (library(this_machine(), SHARED_OBJECT, u64::MAX), "cut short"),
            (library(other, SHARED_OBJECT, 120), "another processor"),
            (library(this_machine(), 2, 120), "no shared library"),
        ] {
            std::fs::write(&path, content).unwrap();
            let told = check(&path).unwrap_err();
            assert!(told.contains(says) && told.contains("libchdb.so"), "{told}");
            assert!(told.contains("shopfunnel engine install"), "{told}");
        }
        std::fs::write(&path, whole).unwrap();
        check(&path).unwrap();
        assert!(check(Path::new("/proc/self/mem/x")).is_err());
    }

    #[test]
    fn the_loaders_words_get_a_way_out() {
        for (words, says) in [
            ("/l.so: undefined symbol: chdb_query_cmdline", "not the engine"),
            ("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /l.so)", "newer C library"),
            ("/l.so: failed to map segment from shared object", "noexec"),
            ("/l.so: cannot open shared object file: Permission denied", "cannot be read"),
            ("libx.so.1: cannot open shared object file: No such file or directory", "needs another library"),
            ("/l.so: cannot allocate memory in static TLS block", "memory"),
            ("something new", "shopfunnel engine install"),
        ] {
            let told = explain(Path::new("/l.so"), words);
            assert!(told.contains(says) && told.contains(words) && told.contains("/l.so"), "{told}");
        }
    }
}
