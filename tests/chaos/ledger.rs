//! What was sent and what was promised, kept outside of the program under judgement.
//!
//! Every number is written to a log file before its event is sent, and again when the answer 202 has come.
//! The log lies in another directory than anything that a scenario breaks, and this process is never killed.
//! It does not know what an event holds: that is derived from its number.

use crate::payload::{Door, FIRST_PROBE};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

/// What a sender knows about an event that it has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// No answer yet, none at all, or a 5xx: it counts at most once.
    Unknown,
    /// Answered 202: it counts once.
    Acked,
}

/// The fate of every event that was sent, by number.
pub type Books = BTreeMap<u64, Fate>;

#[derive(Debug)]
pub struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    log: File,
    books: Books,
    acked: u64,
    /// Next number of each door.
    next: [u64; 2],
    next_probe: u64,
    /// Events sent once more.
    repeats: u64,
    /// Numbers whose request failed and that were not sent again since.
    unanswered: Vec<u64>,
}

impl Ledger {
    pub fn create(log: &Path) -> Ledger {
        let inner = Inner {
            log: File::create_new(log).expect("a new ledger"),
            books: Books::new(),
            acked: 0,
            next: [0, 1],
            next_probe: FIRST_PROBE,
            repeats: 0,
            unanswered: Vec::new(),
        };
        Ledger { inner: Mutex::new(inner) }
    }

    /// New numbers for a door, written down as sent.
    pub fn mint(&self, door: Door, count: usize) -> Vec<u64> {
        let mut inner = self.inner();
        let next = &mut inner.next[door as usize];
        let numbers: Vec<u64> = (0..count as u64).map(|i| *next + 2 * i).collect();
        *next += 2 * count as u64;
        inner.sent(&numbers);
        numbers
    }

    /// A new number for a probe, which enters as a browser's event.
    pub fn mint_probe(&self) -> u64 {
        let mut inner = self.inner();
        let number = inner.next_probe;
        inner.next_probe += 2;
        inner.sent(&[number]);
        number
    }

    /// Up to `count` numbers of a door that were sent before, unanswered ones first, to be sent again.
    pub fn repeat(&self, door: Door, count: usize, random: &mut Rng) -> Vec<u64> {
        let mut inner = self.inner();
        let minted = inner.next[door as usize] / 2;
        let mut numbers: Vec<u64> =
            (0..count).filter(|_| minted > 0).map(|_| random.u64(..minted) * 2 + door as u64).collect();
        for number in &mut numbers {
            let unanswered = inner.unanswered.iter().rposition(|&number| Door::of(number) == door);
            if let Some(position) = unanswered.filter(|_| random.bool()) {
                *number = inner.unanswered.swap_remove(position);
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        inner.repeats += numbers.len() as u64;
        inner.write("again", &numbers);
        numbers
    }

    /// The answer was 202.
    pub fn acked(&self, numbers: &[u64]) {
        let mut inner = self.inner();
        inner.write("acked", numbers);
        for &number in numbers {
            let before = inner.books.insert(number, Fate::Acked);
            inner.acked += u64::from(before != Some(Fate::Acked));
        }
    }

    /// No answer, or a 5xx.
    pub fn unanswered(&self, numbers: &[u64]) {
        let mut inner = self.inner();
        inner.write("unknown", numbers);
        inner.unanswered.extend(numbers);
    }

    /// The books as they stand.
    pub fn books(&self) -> Books {
        self.inner().books.clone()
    }

    /// How many events are acked.
    pub fn acked_count(&self) -> u64 {
        self.inner().acked
    }

    /// How often an event was sent that had been sent before.
    pub fn repeats(&self) -> u64 {
        self.inner().repeats
    }

    /// Brings the log to the disk.
    pub fn sync(&self) {
        self.inner().log.sync_data().expect("the ledger is synced");
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("the ledger is whole")
    }
}

impl Inner {
    fn sent(&mut self, numbers: &[u64]) {
        self.write("sent", numbers);
        self.books.extend(numbers.iter().map(|&number| (number, Fate::Unknown)));
    }

    fn write(&mut self, word: &str, numbers: &[u64]) {
        if numbers.is_empty() {
            return;
        }
        let mut line = word.to_owned();
        for number in numbers {
            line.push_str(&format!(" {number}"));
        }
        line.push('\n');
        self.log.write_all(line.as_bytes()).expect("the ledger is written");
    }
}
