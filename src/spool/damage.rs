//! Damaged files: what cannot be read is counted to the record and kept; everything else arrives.
//!
//! A failing run prints its seed: `TEST_SEED=… cargo test --lib damage`.

use super::disk::RealDisk;
use super::format::{FRAME_BYTES, HEADER_BYTES, scan};
use super::shelf::segment_number;
use super::{Ends, Position, Records, SpoolOptions};
use crate::planted::Faults;
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const RUNS: u64 = 100;
const SEGMENT_BYTES: u64 = 16 << 10;
const PAGE_BYTES: usize = 4_096;

#[derive(Debug, Clone, Copy)]
enum Damage {
    FlippedBit,
    Truncated,
    ZeroedPage,
    RepeatedBlock,
    MissingFile,
    StrayFile,
    OlderFileInPlace,
}

const DAMAGES: [Damage; 7] = [
    Damage::FlippedBit,
    Damage::Truncated,
    Damage::ZeroedPage,
    Damage::RepeatedBlock,
    Damage::MissingFile,
    Damage::StrayFile,
    Damage::OlderFileInPlace,
];

fn open(directory: &Path) -> Ends {
    let options = SpoolOptions {
        directory: directory.to_owned(),
        max_bytes: 1 << 30,
        keep_sent: Duration::from_secs(3_600),
        faults: Faults::default(),
    };
    Ends::open(Arc::new(RealDisk::new(directory)), &options, SEGMENT_BYTES).unwrap()
}

/// Writes records 0, 1, 2 … into several segments and ends in order. Returns how many.
fn fill(directory: &Path, rng: &mut Rng) -> u32 {
    let mut writer = open(directory).writer;
    let mut next = 0;
    for _ in 0..rng.u32(20..80) {
        let mut records = Records::default();
        for _ in 0..rng.u32(1..20) {
            let mut payload = next.to_string().into_bytes();
            payload.resize(rng.usize(8..300), b' ');
            records.push(&payload);
            next += 1;
        }
        writer.write(&mut records.framed).unwrap();
        writer.prepare(false);
    }
    writer.close();
    next
}

fn segments(directory: &Path) -> BTreeMap<u64, PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries
        .filter_map(|entry| Some((segment_number(entry.file_name().to_str().unwrap())?, entry.path())))
        .collect()
}

/// Where each record of a segment lies in its file.
fn places(segment: u64, bytes: &[u8]) -> Vec<(u32, Range<usize>)> {
    let body = &bytes[HEADER_BYTES..];
    let stretch = scan(Position::start_of(segment), body, 0, usize::MAX, true);
    let place = |payload: Range<usize>| {
        let id = std::str::from_utf8(&body[payload.clone()]).unwrap().trim().parse().unwrap();
        (id, HEADER_BYTES + payload.start - FRAME_BYTES..HEADER_BYTES + payload.end)
    };
    stretch.payloads.into_iter().map(place).collect()
}

/// Damages one segment. Returns the records that must be unreadable now.
fn damage(directory: &Path, damage: Damage, rng: &mut Rng) -> BTreeSet<u32> {
    let segments = segments(directory);
    // Not the empty one at the end.
    let number = rng.u64(1..segments.len() as u64);
    let path = &segments[&number];
    let before = std::fs::read(path).unwrap();
    let mut after = before.clone();
    let length = before.len();
    match damage {
        Damage::FlippedBit => after[rng.usize(..length)] ^= 1 << rng.u32(..8),
        Damage::Truncated => after.truncate(rng.usize(..length)),
        Damage::ZeroedPage => {
            let page = rng.usize(..length.div_ceil(PAGE_BYTES)) * PAGE_BYTES;
            after[page..length.min(page + PAGE_BYTES)].fill(0);
        }
        Damage::RepeatedBlock => {
            let block = rng.usize(1..=PAGE_BYTES.min(length / 2));
            let (from, to) = (rng.usize(..=length - block), rng.usize(..=length - block));
            after.copy_within(from..from + block, to);
        }
        Damage::MissingFile => {
            std::fs::remove_file(path).unwrap();
            return places(number, &before).into_iter().map(|(id, _)| id).collect();
        }
        Damage::StrayFile => {
            std::fs::write(directory.join("7.spool"), "somebody's").unwrap();
            std::fs::write(directory.join("00000000000000000002.spool.bak"), &before).unwrap();
            return BTreeSet::new();
        }
        Damage::OlderFileInPlace => {
            let other = if number == 1 { 2 } else { number - 1 };
            after = std::fs::read(&segments[&other]).unwrap();
            std::fs::write(path, after).unwrap();
            // The empty segment at the end has no record, but its header says whose it is.
            return places(number, &before).into_iter().map(|(id, _)| id).collect();
        }
    }
    std::fs::write(path, &after).unwrap();
    let is_changed = |at: usize| before.get(at) != after.get(at);
    let records = places(number, &before).into_iter();
    records.filter(|(_, place)| place.clone().any(is_changed)).map(|(id, _)| id).collect()
}

fn check(seed: u64, kind: Damage) -> Result<(), String> {
    let mut rng = Rng::with_seed(seed);
    // In memory where there is such a place: thousands of syncs prove nothing here.
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let written = fill(directory.path(), &mut rng);
    if rng.bool() {
        // A batch was handed out, and its end written down, that may not be there any more.
        open(directory.path()).reader.next_batch(rng.usize(1..500), 1 << 20).unwrap();
    }
    let broken = damage(directory.path(), kind, &mut rng);
    let mut ends = open(directory.path());
    let mut read = Vec::new();
    let mut looks = 0;
    while ends.reader.has_more() {
        looks += 1;
        if looks > 10_000 {
            return Err("reading never ends".into());
        }
        if let Some(batch) = ends.reader.next_batch(rng.usize(1..500), 1 << 20).unwrap() {
            let ids = batch.records().map(|record| std::str::from_utf8(record).unwrap().trim().parse());
            read.extend(ids.collect::<Result<Vec<u32>, _>>().unwrap());
            ends.reader.commit(&batch).unwrap();
        }
    }
    let expected: Vec<u32> = (0..written).filter(|id| !broken.contains(id)).collect();
    if read != expected {
        let read: BTreeSet<u32> = read.into_iter().collect();
        let missing: Vec<_> = expected.iter().filter(|id| !read.contains(id)).collect();
        return Err(format!("{written} written, {} broken, and missing besides: {missing:?}", broken.len()));
    }
    let counted = ends.usage.lost_records.load(Ordering::Relaxed);
    if counted != broken.len() as u64 {
        return Err(format!("{counted} counted as lost instead of {}", broken.len()));
    }
    drop(ends);
    if open(directory.path()).reader.next_batch(1, 1).unwrap().is_some() {
        return Err("something is left to read".into());
    }
    Ok(())
}

#[test]
fn damage_costs_the_damaged_records_and_is_counted_exactly() {
    let seeds = super::asked_seed().map_or(0..RUNS, |seed| seed..seed + 1);
    for seed in seeds {
        for kind in DAMAGES {
            if let Err(verdict) = check(seed, kind) {
                panic!("{kind:?}: {verdict}; repeat with TEST_SEED={seed} cargo test --lib damage");
            }
        }
    }
}
