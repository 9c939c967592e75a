//! `strace` as a source of faults: it kills, fails or slows the program at its Nth system call of a kind.
//!
//! It counts calls by thread, so "the Nth" is that of whichever thread gets there first.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What happens at which calls.
#[derive(Debug, Clone)]
pub struct Injection {
    /// Names of system calls, with commas between.
    pub calls: String,
    /// In strace's words, such as `signal=KILL:when=3`.
    pub what: String,
}

impl Injection {
    pub fn new(calls: &str, what: impl Into<String>) -> Injection {
        Injection { calls: calls.to_owned(), what: what.into() }
    }

    /// The prefix of a command that is traced from its start. The command becomes the child and the tracer
    /// its grandchild, so that signals and exit codes are the command's own.
    pub fn prefix(&self, log: &Path) -> Vec<String> {
        let mut words: Vec<String> = vec!["strace".into(), "-D".into()];
        // Faster, but some versions of strace then forget to send signals.
        if !self.what.starts_with("signal") {
            words.push("--seccomp-bpf".into());
        }
        words.extend(self.words(log));
        words
    }

    /// Traces a running process and all its threads until it ends.
    pub fn attach(&self, pid: u32, log: &Path) -> Child {
        let mut command = Command::new("strace");
        command.args(self.words(log)).arg("-p").arg(pid.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("strace runs; this scenario needs it")
    }

    fn words(&self, log: &Path) -> Vec<String> {
        let (calls, what) = (&self.calls, &self.what);
        let words = ["-f", "-qq", "-y", "-o", &log.to_string_lossy(), "-e"].map(str::to_owned);
        let rest = [format!("trace={calls}"), "-e".into(), format!("inject={calls}:{what}")];
        words.into_iter().chain(rest).collect()
    }
}
