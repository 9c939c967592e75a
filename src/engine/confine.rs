//! What the engine's process may open: its own files, and what the system tells every process.
//!
//! A ClickHouse server keeps its function `file` to one folder. The engine is clickhouse-local, which keeps
//! it to none, and no grant takes the function away: whoever may ask a question could read every file that
//! the process may. So the kernel draws the line, with Landlock. Passwords and keys lie outside of it:
//! `engine.json` beside ClickHouse's data, `shops.json` above.

use super::settings;
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, path_beneath_rules,
};
use std::fs::File;
use std::path::Path;

/// Before it, Landlock forbids every move from one directory to another, and so ClickHouse finishes its
/// parts.
const NEEDED: ABI = ABI::V2;
/// Rights that came later are held back where the kernel knows them.
const KNOWN: ABI = ABI::V5;
/// Memory, processors, network counters, chance, the time zone, names. Of `/proc` not all: root reads there
/// what others were started with.
const OF_THE_SYSTEM: [&str; 19] = [
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/pressure",
    "/proc/stat",
    "/proc/sys/fs",
    "/proc/sys/vm",
    "/proc/uptime",
    "/sys",
    "/dev/random",
    "/dev/urandom",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/timezone",
    "/usr/share/zoneinfo",
];

/// Whether this kernel can draw the line.
pub fn is_possible() -> bool {
    ruleset().is_ok()
}

/// Keeps this thread, and all that it starts, to the engine of `directory` for as long as they live. Does
/// nothing where the kernel cannot; the parent says so.
///
/// # Errors
/// The kernel can and did not; the sentence says why.
pub fn to(directory: &Path) -> Result<(), String> {
    let Ok(ruleset) = ruleset() else { return Ok(()) };
    let own = [settings::configuration(directory), settings::users(directory), directory.join("users.d")];
    let system: Vec<File> = OF_THE_SYSTEM.iter().filter_map(|path| File::open(path).ok()).collect();
    let reading = system.iter().map(|file| {
        let is_directory = file.metadata().is_ok_and(|metadata| metadata.is_dir());
        let rights = if is_directory { AccessFs::from_read(KNOWN) } else { AccessFs::ReadFile.into() };
        Ok::<_, RulesetError>(PathBeneath::new(file, rights))
    });
    let done = ruleset
        .add_rules(reading)
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(own, AccessFs::from_read(KNOWN))))
        .and_then(|ruleset| {
            ruleset.add_rules(path_beneath_rules([settings::data(directory)], AccessFs::from_all(KNOWN)))
        })
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(["/dev/null"], AccessFs::from_file(KNOWN))))
        .and_then(RulesetCreated::restrict_self);
    // A file of /proc that nobody holds open may be another one to the kernel when it is opened next, without
    // a rule.
    std::mem::forget(system);
    done.map(drop).map_err(|error| format!("the engine cannot be kept to {}: {error}", directory.display()))
}

fn ruleset() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .create()
}
