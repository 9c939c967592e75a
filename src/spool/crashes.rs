//! The spool on a disk that loses power: what was acknowledged comes back, whatever had not been synced.
//!
//! [`CrashingDisk`] keeps apart what is seen and what is durable, per file and for the directory. A power cut
//! keeps a random part of what was not synced, sector by sector and name by name. A failed sync may have
//! dropped any of the pages it was about, and will not tell again, as Linux does it.
//!
//! A failing run prints its seed: `TEST_SEED=… cargo test --lib crashes`.

use super::disk::{Disk, DiskFile};
use super::{Ends, Records, SpoolOptions};
use crate::planted::{Fault, Faults};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const RUNS: u64 = 20_000;
const MAX_ACTIONS: usize = 120;
/// Small, so that a record spans several.
const SECTOR_BYTES: usize = 32;
/// So that many are begun.
const SEGMENT_BYTES: u64 = 512;

#[derive(Debug, Clone)]
struct CrashingDisk {
    world: Arc<Mutex<World>>,
}

#[derive(Debug)]
struct World {
    rng: Rng,
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    renames: Vec<(Option<String>, Option<String>, usize)>,
    /// The next operation of this kind fails.
    failing: Option<Failure>,
}

#[derive(Debug, Default)]
struct Content {
    seen: Vec<u8>,
    durable: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Create,
    ShortWrite,
    Sync,
    DirectorySync,
}

impl CrashingDisk {
    fn new(seed: u64) -> CrashingDisk {
        let world = World {
            rng: Rng::with_seed(seed),
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            renames: Vec::new(),
            failing: None,
        };
        CrashingDisk { world: Arc::new(Mutex::new(world)) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap())
    }

    fn cut_power(&self) {
        self.with(|world| {
            let keep = world.rng.f64();
            for (from, to, file) in std::mem::take(&mut world.renames) {
                if world.rng.f64() < keep {
                    apply_name(&mut world.durable_names, from.as_ref(), to.as_ref(), file);
                }
            }
            world.names = world.durable_names.clone();
            for content in &mut world.files {
                content.write_back(&mut world.rng, keep);
                content.seen = content.durable.clone();
            }
        });
    }

    fn fail(&self, failure: Option<Failure>) {
        self.with(|world| world.failing = failure);
    }
}

fn apply_name(names: &mut BTreeMap<String, usize>, from: Option<&String>, to: Option<&String>, file: usize) {
    if let Some(from) = from
        && names.remove(from).is_none()
    {
        return;
    }
    if let Some(to) = to {
        names.insert(to.clone(), file);
    }
}

impl World {
    fn fails(&mut self, failure: Failure) -> bool {
        self.failing.take_if(|planned| *planned == failure).is_some()
    }

    fn rename(&mut self, from: Option<&str>, to: Option<&str>, file: usize) {
        let (from, to) = (from.map(str::to_owned), to.map(str::to_owned));
        apply_name(&mut self.names, from.as_ref(), to.as_ref(), file);
        self.renames.push((from, to, file));
    }
}

impl Content {
    fn change(&mut self, change: Change) {
        apply(&mut self.seen, &change);
        self.changes.push(change);
    }

    /// Makes a random part of the unsynced changes durable and forgets that the others were ever due.
    fn write_back(&mut self, rng: &mut Rng, keep: f64) {
        for change in std::mem::take(&mut self.changes) {
            match change {
                Change::Write { offset, bytes } => {
                    let mut at = 0;
                    while at < bytes.len() {
                        let end = bytes.len().min(at + SECTOR_BYTES - (offset + at) % SECTOR_BYTES);
                        if rng.f64() < keep {
                            let bytes = bytes[at..end].to_vec();
                            apply(&mut self.durable, &Change::Write { offset: offset + at, bytes });
                        }
                        at = end;
                    }
                }
                length if rng.f64() < keep => apply(&mut self.durable, &length),
                Change::Length(_) => {}
            }
        }
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, bytes: written } => {
            bytes.resize(bytes.len().max(offset + written.len()), 0);
            bytes[*offset..offset + written.len()].copy_from_slice(written);
        }
        Change::Length(length) => bytes.resize(*length, 0),
    }
}

impl Disk for CrashingDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.with(|world| world.names.keys().cloned().collect()))
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        Ok(self.with(|world| world.names.get(name).map(|&file| world.files[file].seen.len() as u64)))
    }

    fn read(&self, name: &str, offset: u64, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
        Ok(self.with(|world| {
            let seen = &world.files[*world.names.get(name)?].seen;
            let start = seen.len().min(offset as usize);
            Some(seen[start..seen.len().min(start.saturating_add(max_bytes))].to_vec())
        }))
    }

    fn create(&self, name: &str, reserved_bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        self.with(|world| {
            if world.fails(Failure::Create) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let mut content = Content::default();
            content.change(Change::Length(reserved_bytes as usize));
            world.files.push(content);
            let file = world.files.len() - 1;
            world.rename(None, Some(name), file);
            Ok(Box::new(CrashingFile { world: self.world.clone(), file }) as Box<dyn DiskFile>)
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|world| {
            let file = *world.names.get(from).ok_or(io::ErrorKind::NotFound)?;
            world.rename(Some(from), Some(to), file);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.with(|world| world.rename(Some(name), None, 0));
        Ok(())
    }

    fn cut(&self, name: &str, length: u64) -> io::Result<()> {
        self.with(|world| {
            let file = *world.names.get(name).ok_or(io::ErrorKind::NotFound)?;
            let content = &mut world.files[file];
            content.change(Change::Length(length as usize));
            content.durable = content.seen.clone();
            content.changes.clear();
            Ok(())
        })
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.with(|world| {
            if world.fails(Failure::DirectorySync) {
                return Err(io::Error::other("planned"));
            }
            world.durable_names = world.names.clone();
            world.renames.clear();
            Ok(())
        })
    }
}

#[derive(Debug)]
struct CrashingFile {
    world: Arc<Mutex<World>>,
    file: usize,
}

impl DiskFile for CrashingFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.world.lock().unwrap();
        let fails = world.fails(Failure::ShortWrite);
        let written = if fails { world.rng.usize(..=bytes.len()) } else { bytes.len() };
        let change = Change::Write { offset: offset as usize, bytes: bytes[..written].to_vec() };
        world.files[self.file].change(change);
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.world.lock().unwrap().files[self.file].change(Change::Length(length as usize));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut world = self.world.lock().unwrap();
        let fails = world.fails(Failure::Sync);
        let World { rng, files, .. } = &mut *world;
        let content = &mut files[self.file];
        if fails {
            let keep = rng.f64();
            content.write_back(rng, keep);
            return Err(io::Error::other("planned"));
        }
        content.durable = content.seen.clone();
        content.changes.clear();
        Ok(())
    }
}

/// One run: a spool, what was promised, and what a store was given.
struct Run {
    rng: Rng,
    disk: CrashingDisk,
    options: SpoolOptions,
    /// Whether segments go when their room is needed.
    is_cramped: bool,
    ends: Option<Ends>,
    next: u32,
    acknowledged: BTreeSet<u32>,
    delivered: BTreeSet<u32>,
    /// Handed out last by this reader.
    last: Option<u32>,
    /// Acknowledged records of the batch that was handed out and not committed.
    open_batch: Option<Vec<u32>>,
    had_power_cut: bool,
}

type Verdict = Result<(), String>;

impl Run {
    fn new(seed: u64, faults: Faults) -> Run {
        let mut rng = Rng::with_seed(seed);
        let is_cramped = rng.bool();
        let options = SpoolOptions {
            directory: "nowhere".into(),
            max_bytes: if is_cramped { 8 << 10 } else { 1 << 30 },
            keep_sent: if is_cramped { Duration::ZERO } else { Duration::from_secs(3_600) },
            faults,
        };
        Run {
            disk: CrashingDisk::new(rng.u64(..)),
            rng,
            options,
            is_cramped,
            ends: None,
            next: 0,
            acknowledged: BTreeSet::new(),
            delivered: BTreeSet::new(),
            last: None,
            open_batch: None,
            had_power_cut: false,
        }
    }

    fn play(mut self) -> Verdict {
        self.open()?;
        for _ in 0..self.rng.usize(1..MAX_ACTIONS) {
            match self.rng.u32(..100) {
                0..45 => self.append(None),
                45..53 => {
                    let failures =
                        [Failure::ShortWrite, Failure::Sync, Failure::DirectorySync, Failure::Create];
                    // A full disk takes what was kept, and a roomy spool is there to prove that nothing goes.
                    let possible = if self.is_cramped { &failures[..] } else { &failures[..3] };
                    let failure = possible[self.rng.usize(..possible.len())];
                    self.append(Some(failure));
                }
                53..78 => self.read(true)?,
                78..85 => self.read(false)?,
                85..90 => self.cut_power()?,
                90..94 => self.kill()?,
                94..97 => self.close()?,
                _ => self.lose_store(),
            }
        }
        if self.rng.bool() {
            self.cut_power()?
        } else {
            self.kill()?
        }
        self.drain()
    }

    fn ends(&mut self) -> &mut Ends {
        self.ends.as_mut().expect("open")
    }

    fn open(&mut self) -> Verdict {
        let disk = Arc::new(self.disk.clone());
        let ends = Ends::open(disk, &self.options, SEGMENT_BYTES);
        self.ends = Some(ends.map_err(|error| format!("it does not open: {error}"))?);
        self.last = None;
        Ok(())
    }

    fn append(&mut self, failure: Option<Failure>) {
        let mut records = Records::default();
        let first = self.next;
        for _ in 0..self.rng.u32(1..5) {
            let mut payload = self.next.to_le_bytes().to_vec();
            payload.resize(self.rng.usize(4..100), self.next as u8);
            records.push(&payload);
            self.next += 1;
        }
        self.disk.fail(failure);
        let written = self.ends().writer.write(&mut records.framed);
        self.ends().writer.prepare(false);
        self.disk.fail(None);
        if written.is_ok() {
            self.acknowledged.extend(first..self.next);
        }
    }

    fn read(&mut self, commits: bool) -> Verdict {
        let (max_records, max_bytes) = (self.rng.usize(1..20), self.rng.usize(1..2_000));
        let batch = self.ends().reader.next_batch(max_records, max_bytes);
        let Some(batch) = batch.map_err(|error| format!("it cannot be read: {error}"))? else {
            return Ok(());
        };
        let ids: Vec<u32> = batch
            .records()
            .map(|record| u32::from_le_bytes(record[..4].try_into().expect("four bytes")))
            .collect();
        for (record, &id) in batch.records().zip(&ids) {
            if id >= self.next || record[4..].iter().any(|&byte| byte != id as u8) {
                return Err(format!("record {id} was never written so"));
            }
        }
        let promised: Vec<u32> = ids.iter().copied().filter(|id| self.acknowledged.contains(id)).collect();
        // Records that nobody was promised may have come back from the dead and moved the boundary.
        let has_ghosts = promised.len() < ids.len();
        if let Some(expected) = self.open_batch.take()
            && !has_ghosts
            && expected != promised
        {
            return Err(format!("the batch {expected:?} came again as {ids:?}"));
        }
        if !self.ends().reader.is_resending() {
            let in_order = self.last.into_iter().chain(ids.iter().copied());
            if !in_order.is_sorted_by(|a, b| a < b) {
                return Err(format!("out of order after {:?}: {ids:?}", self.last));
            }
        }
        if commits {
            self.last = ids.last().copied();
            self.delivered.extend(ids);
            self.ends().reader.commit(&batch).map_err(|error| format!("no commit: {error}"))?;
        } else if !self.ends().reader.is_resending() {
            self.open_batch = Some(promised);
        }
        Ok(())
    }

    fn cut_power(&mut self) -> Verdict {
        self.had_power_cut = true;
        self.ends = None;
        self.disk.cut_power();
        self.open()
    }

    fn kill(&mut self) -> Verdict {
        self.ends = None;
        self.open()
    }

    fn close(&mut self) -> Verdict {
        let ends = self.ends.take().expect("open");
        ends.writer.close();
        self.open()
    }

    /// The store forgets all it was given; what the spool has kept is sent again. In a cramped spool nothing
    /// is kept.
    fn lose_store(&mut self) {
        if !self.is_cramped {
            self.delivered.clear();
            self.open_batch = None;
            self.ends().reader.resend();
        }
    }

    fn drain(mut self) -> Verdict {
        // A resend that a restart has interrupted begins anew, which the shipper's stamp sees to.
        if !self.is_cramped {
            self.lose_store();
        }
        let mut looks = 0;
        while self.ends().reader.has_more() {
            self.read(true)?;
            looks += 1;
            if looks > 100_000 {
                return Err("reading never ends".into());
            }
        }
        let lost: Vec<_> = self.acknowledged.difference(&self.delivered).collect();
        if !lost.is_empty() {
            return Err(format!("acknowledged and lost: {lost:?}"));
        }
        let counted = self.ends().usage.lost_records.load(std::sync::atomic::Ordering::Relaxed);
        if !self.had_power_cut && counted > 0 {
            return Err(format!("{counted} records are counted as lost, and none is"));
        }
        Ok(())
    }
}

fn check(seed: u64) {
    if let Err(verdict) = Run::new(seed, Faults::default()).play() {
        panic!("{verdict}; repeat with TEST_SEED={seed} cargo test --lib crashes");
    }
}

#[test]
fn what_is_acknowledged_survives_every_crash() {
    if let Some(seed) = super::asked_seed() {
        return check(seed);
    }
    std::thread::scope(|scope| {
        scope.spawn(|| (0..RUNS / 2).for_each(check));
        (RUNS / 2..RUNS).for_each(check);
    });
}

#[test]
fn an_acknowledgement_before_the_sync_is_caught() {
    let caught = |seed| Run::new(seed, Faults::plant(Fault::AckBeforeSync)).play().is_err();
    assert!((0..200).any(caught));
}

#[test]
fn a_directory_that_is_not_synced_is_caught() {
    let caught = |seed| Run::new(seed, Faults::plant(Fault::NoDirectorySync)).play().is_err();
    assert!((0..200).any(caught));
}
