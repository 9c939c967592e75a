//! The engine as a file: how it is brought, told about, and what is said of one that cannot be it.

use crate::server::{Installation, library, output, stderr};
use std::path::PathBuf;

fn installation() -> (tempfile::TempDir, Installation) {
    let directory = tempfile::tempdir().unwrap();
    let installation = Installation::new(directory.path());
    (directory, installation)
}

/// A library of this system that is not the engine.
fn another_library() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.split_whitespace().last());
    let mut libraries = paths.filter(|path| path.contains("libgcc_s") || path.contains("/libm"));
    libraries.next().expect("a library that every program of Rust has").into()
}

/// Each is one sentence of a failed start, with what to do.
#[test]
fn a_library_that_cannot_be_the_engine_is_explained() {
    let (directory, installation) = installation();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut beginning = vec![0; 1 << 20];
    std::io::Read::read_exact(&mut std::fs::File::open(library()).unwrap(), &mut beginning).unwrap();
    let mut of_arm = beginning.clone();
    of_arm[18..20].copy_from_slice(&(if cfg!(target_arch = "aarch64") { 62_u16 } else { 183 }).to_le_bytes());
    let other = std::fs::read(another_library()).unwrap();
    for (path, says) in [
        (file("text.so", b"404 page not found\n"), "is no library but another kind of file"),
        (file("cut.so", &beginning), "was cut short: it has 1048576 of at least"),
        (file("arm.so", &of_arm), "is for another processor"),
        (file("other.so", &other), "is a library, but not the engine: it has no `chdb_query_cmdline`"),
        (directory.path().to_owned(), "cannot be read"),
    ] {
        let mut serve = installation.command(&["serve"]);
        serve.env("SHOPFUNNEL_ENGINE__LIBRARY", &path);
        let refused = output(serve);
        assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
        let told = stderr(&refused);
        let sentences: Vec<&str> = told.lines().filter(|line| line.starts_with("shopfunnel: ")).collect();
        assert_eq!(sentences.len(), 1, "{told}");
        assert!(sentences[0].contains(says) && sentences[0].contains("SHOPFUNNEL_ENGINE__LIBRARY"), "{told}");
        assert!(sentences[0].contains(&*path.to_string_lossy()), "{told}");
    }
}
