//! Packages brought from registries that misbehave.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::BufRead;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const CONTENT: &[u8] = b"\x7fELF and so on";

fn tarball(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o777);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn of(tarball: &[u8]) -> Package {
    Package {
        name: "@chdb/lib",
        version: "1.2.3",
        sha512: Box::leak(hex(&Sha512::digest(tarball)).into_boxed_str()),
        bytes: tarball.len() as u64,
        files: vec!["libchdb.so"],
    }
}

/// A registry that cuts its first answers off, each after so many bytes of the body. Tells which ranges
/// were asked for.
fn registry(tarball: Vec<u8>, cuts: Vec<usize>, knows_ranges: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = asked.clone();
    std::thread::spawn(move || {
        let mut cuts = cuts.into_iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines: Vec<String> = BufReader::new(&stream)
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            let range =
                lines.iter().find_map(|line| line.to_lowercase().strip_prefix("range: ").map(str::to_owned));
            let from: usize = match &range {
                Some(range) if knows_ranges => {
                    range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
                }
                _ => 0,
            };
            told.lock().unwrap().push(format!("{} {}", lines[0], range.unwrap_or_default()));
            let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
            let length = tarball.len() - from;
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let end = cuts.next().map_or(tarball.len(), |cut| (from + cut).min(tarball.len()));
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&tarball[from..end]);
        }
    });
    (url, asked)
}

#[test]
fn what_is_pinned_can_be_read() {
    let engine = package("engine", "linux-x86_64").unwrap();
    assert_eq!((engine.version, engine.files.as_slice()), (version("engine"), &["libchdb.so"][..]));
    assert!(package("engine", "plan9-mips").is_none() && package("geo", "plan9-mips").is_some());
    for package in [engine, package("geo", "any").unwrap()] {
        assert!(package.sha512.len() == 128 && package.bytes > 1_000_000 && !package.files.is_empty());
    }
}

#[test]
fn a_package_is_fetched_piece_by_piece_and_only_what_is_kept_of_it_is_unpacked() {
    let tarball = tarball(&[
        ("package/README.md", b"x"),
        ("package/libchdb.so", CONTENT),
        ("package/a/libchdb.so", b"y"),
    ]);
    for knows_ranges in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (url, asked) = registry(tarball.clone(), vec![100, 50], knows_ranges);
        let mut told = Vec::new();
        of(&tarball).install(Origin::Registry(&url), folder.path(), &mut |bytes| told.push(bytes)).unwrap();
        let directory = folder.path().join("1.2.3");
        assert_eq!(std::fs::read(directory.join("libchdb.so")).unwrap(), CONTENT);
        let mode = std::fs::metadata(directory.join("libchdb.so")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert_eq!(told.last(), Some(&(tarball.len() as u64)));
        let asked = asked.lock().unwrap();
        let path = "GET /@chdb/lib/-/lib-1.2.3.tgz HTTP/1.1 ";
        let second = if knows_ranges { "bytes=150-" } else { "bytes=50-" };
        assert_eq!(*asked, [path.to_owned(), format!("{path}bytes=100-"), format!("{path}{second}")]);
    }
}

#[test]
fn an_interrupted_install_goes_on_where_it_ended() {
    let tarball = tarball(&[("package/libchdb.so", CONTENT)]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.2.3.tgz.part"), &tarball[..200]).unwrap();
    let (url, asked) = registry(tarball.clone(), Vec::new(), true);
    let package = of(&tarball);
    package.install(Origin::Registry(&url), folder.path(), &mut |_| {}).unwrap();
    assert!(package.is_installed(folder.path()));
    assert!(asked.lock().unwrap()[0].ends_with("bytes=200-"));
}

#[test]
fn a_package_with_any_other_content_is_refused() {
    let right = tarball(&[("package/libchdb.so", CONTENT)]);
    let mut wrong = right.clone();
    wrong[700] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let longer = [&right[..], b"more"].concat();
    let shorter = b"404 page not found".to_vec();
    for served in [wrong.clone(), longer, shorter] {
        let (url, _) = registry(served, Vec::new(), true);
        let refused = of(&right).install(Origin::Registry(&url), folder.path(), &mut |_| {});
        assert!(matches!(refused, Err(InstallError::Checksum { .. })), "{refused:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
    }
    let file = folder.path().join("brought.tgz");
    std::fs::write(&file, &wrong).unwrap();
    let refused = of(&right).install(Origin::File(&file), folder.path(), &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("brought.tgz"), "{refused}");
    std::fs::write(&file, &right).unwrap();
    of(&right).install(Origin::File(&file), folder.path(), &mut |_| {}).unwrap();
    assert!(of(&right).is_installed(folder.path()) && file.is_file());
}

#[test]
fn who_cannot_be_asked_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let right = tarball(&[("package/libchdb.so", CONTENT)]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = of(&right)
        .install(Origin::Registry(&format!("http://{nobody}")), folder.path(), &mut |_| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains(&nobody.to_string()) && error.contains("--from"), "{error}");
    let missing = of(&tarball(&[("package/x", CONTENT)]));
    let file = folder.path().join("brought.tgz");
    std::fs::write(&file, tarball(&[("package/x", CONTENT)])).unwrap();
    let error = missing.install(Origin::File(&file), folder.path(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, InstallError::Missing { .. }), "{error}");
    assert!(!missing.is_installed(folder.path()));
}
