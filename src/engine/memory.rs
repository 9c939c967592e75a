//! How much memory there is for this process: that of the machine, or what its control group allows.

use std::fs;
use std::path::{Path, PathBuf};

/// Below it the engine itself has no room: it takes 235 MB before the first question.
pub const MIN_BYTES: u64 = 512 << 20;
/// Where nothing tells how much there is.
const ASSUMED_BYTES: u64 = 4 << 30;

/// What the engine may take where nothing else is set: three quarters, because the spool, the edge and the
/// kernel's cache of files live of the rest.
pub fn default_max_bytes() -> u64 {
    let available = available_bytes(Path::new("/")).unwrap_or(ASSUMED_BYTES);
    (available / 4 * 3).max(MIN_BYTES)
}

/// The least of the machine's memory and the limits of this process's control group and all groups around
/// that one.
fn available_bytes(root: &Path) -> Option<u64> {
    let of_machine = machine_bytes(root);
    let of_groups = group_limits(root).into_iter().min();
    match (of_machine, of_groups) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}

fn machine_bytes(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

/// Limits of the group and of those around it, of both versions of control groups.
fn group_limits(root: &Path) -> Vec<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let is_memory = controllers.split(',').any(|controller| controller == "memory");
        let (mounts, file): (&[&str], &str) = match controllers {
            "" => (&["sys/fs/cgroup", "sys/fs/cgroup/unified"], "memory.max"),
            _ if is_memory => (&["sys/fs/cgroup/memory"], "memory.limit_in_bytes"),
            _ => continue,
        };
        for mount in mounts.iter().map(|mount| root.join(mount)) {
            // Inside a container the path may be the host's, and the mount be the group itself.
            let group = mount.join(path.trim_start_matches('/'));
            let around = group.ancestors().take_while(|place| place.starts_with(&mount));
            limits.extend(around.map(|place| place.join(file)).filter_map(limit));
        }
    }
    limits
}

/// `max`, or a number near the largest, is no limit.
fn limit(file: PathBuf) -> Option<u64> {
    let bytes: u64 = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    (bytes < 1 << 60).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A root with 8 GiB and these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in
            [("proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n")].iter().chain(files)
        {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_least_limit_around_the_process_counts() {
        for (what, files, bytes) in [
            ("no groups", vec![], 8 * GIB),
            (
                "a container",
                vec![("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1073741824\n")],
                GIB,
            ),
            (
                "a unit in a slice",
                vec![
                    ("proc/self/cgroup", "0::/system.slice/shopfunnel.service\n"),
                    ("sys/fs/cgroup/system.slice/memory.max", "2147483648\n"),
                    ("sys/fs/cgroup/system.slice/shopfunnel.service/memory.max", "max\n"),
                ],
                2 * GIB,
            ),
            (
                "version 1 seen from inside",
                vec![
                    ("proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/abc\n0::/\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3221225472\n"),
                ],
                3 * GIB,
            ),
            (
                "version 1 without a limit",
                vec![
                    ("proc/self/cgroup", "4:memory:/\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ],
                8 * GIB,
            ),
        ] {
            let root = machine(&files);
            assert_eq!(available_bytes(root.path()), Some(bytes), "{what}");
        }
    }
}
