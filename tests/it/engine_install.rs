//! The engine as a file: how it is brought, told about, and what is said of one that cannot be it.

use crate::rules::root;
use crate::server::{Installation, library, output, stderr};
use serde_json::Value;
use shopfunnel::npm;
use std::path::{Path, PathBuf};
use std::process::Output;

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

fn engine(installation: &Installation, cache: &Path, arguments: &[&str]) -> Output {
    let mut command = installation.command(&[&["engine"], arguments].concat());
    command.env("XDG_CACHE_HOME", cache).env_remove("SHOPFUNNEL_ENGINE__LIBRARY");
    output(command)
}

#[test]
fn an_engine_that_is_not_there_is_told_and_a_wrong_one_is_not_installed() {
    let (directory, installation) = installation();
    let cache = directory.path().join("cache");
    let missing = engine(&installation, &cache, &["status"]);
    assert!(missing.status.success(), "{}", stderr(&missing));
    let told = String::from_utf8(missing.stdout).unwrap();
    assert!(told.contains("not installed; run `shopfunnel engine install`"), "{told}");

    let brought = directory.path().join("brought.tgz");
    std::fs::write(&brought, "not the engine").unwrap();
    let from = engine(&installation, &cache, &["install", "--from", &brought.to_string_lossy()]);
    assert_eq!(from.status.code(), Some(1));
    assert!(stderr(&from).contains("the checksum of"), "{}", stderr(&from));
    assert!(stderr(&from).contains("brought.tgz"), "{}", stderr(&from));
    let wrong = engine(&installation, &cache, &["install", "--registry", "mirror.example"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
    let folder = cache.join("shopfunnel/engine");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is left in {}", folder.display());
    assert!(brought.is_file());

    // The child's arguments are nobody's business.
    let help = engine(&installation, &cache, &["--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("install") && help.contains("status") && !help.contains("--http-port"), "{help}");
}

#[test]
fn the_readme_names_the_package_that_is_pinned() {
    let package = npm::package("engine", "linux-x86_64").unwrap();
    for document in ["README.md", "README.zh-CN.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        assert!(text.contains(&format!("`npm pack {}@{}`", package.name, package.version)), "{document}");
    }
}

#[test]
fn an_engine_that_is_there_is_told() {
    let (_directory, installation) = installation();
    let status = installation.run(&["engine", "status", "--json"]);
    let told: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(
        (&told["usable"], &told["problem"], &told["used"]),
        (&true.into(), &Value::Null, &true.into())
    );
    assert_eq!(told["library"], library().to_string_lossy().as_ref());
}
