//! Faults that the judge (`tests/chaos`) plants on purpose, to prove that it would notice them.
//!
//! They exist only in test builds (`--features planted-faults`, and unit tests) and are chosen at run time;
//! in every other build [`Faults`] is empty and asking it for a fault is the constant `false`.

/// A way to break the promise of a 202.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The spool answers before `fdatasync`.
    AckBeforeSync,
    /// The spool does not sync its directory after creating a segment.
    NoDirectorySync,
    /// The shipper moves the cursor before the store has answered.
    CursorBeforeReply,
    /// One accepted event in 10 000 is not spooled.
    DropOneInTenThousand,
    /// An event sent twice becomes two events.
    CountRepeatsTwice,
}

/// The faults of this run: none, or one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    #[cfg(any(test, feature = "planted-faults"))]
    planted: Option<Fault>,
}

impl Faults {
    /// Whether this fault was planted.
    pub fn has(self, fault: Fault) -> bool {
        #[cfg(any(test, feature = "planted-faults"))]
        return self.planted == Some(fault);
        #[cfg(not(any(test, feature = "planted-faults")))]
        {
            let _ = fault;
            false
        }
    }
}

#[cfg(any(test, feature = "planted-faults"))]
impl Faults {
    /// A program with this fault.
    pub fn plant(fault: Fault) -> Faults {
        Faults { planted: Some(fault) }
    }

    /// By its name on the judge's command line.
    pub fn named(name: &str) -> Option<Faults> {
        let fault = match name {
            "ack-before-sync" => Fault::AckBeforeSync,
            "no-directory-sync" => Fault::NoDirectorySync,
            "cursor-before-reply" => Fault::CursorBeforeReply,
            "drop-one-in-10000" => Fault::DropOneInTenThousand,
            "count-repeats-twice" => Fault::CountRepeatsTwice,
            _ => return None,
        };
        Some(Faults::plant(fault))
    }
}
