//! What this process uses of the machine, as the kernel counts it.

use std::fs;
use std::path::Path;

/// Use of the machine since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// User and system time.
    pub cpu_seconds: f64,
    /// Memory in use.
    pub resident_bytes: u64,
    /// Address space in use.
    pub virtual_bytes: u64,
    /// Files and connections.
    pub open_files: u64,
    /// Bound of the former.
    pub max_files: u64,
    /// Epoch seconds.
    pub started_at_seconds: f64,
}

impl Usage {
    /// Of this process; `None` where the system has no `/proc`.
    pub fn now() -> Option<Usage> {
        let process = Path::new("/proc/self");
        let read = |path: &str| fs::read_to_string(path).ok();
        let mut usage = Usage::read(
            &read("/proc/self/stat")?,
            &read("/proc/stat")?,
            rustix::param::clock_ticks_per_second(),
            rustix::param::page_size() as u64,
        )?;
        usage.open_files = fs::read_dir(process.join("fd")).map_or(0, |files| files.count() as u64);
        usage.max_files =
            rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        Some(usage)
    }

    /// `stat` is proc(5)'s line of the process, `machine` that of the machine.
    fn read(stat: &str, machine: &str, ticks_per_second: u64, page_bytes: u64) -> Option<Usage> {
        // The name, in parentheses, may hold blanks. What follows is counted from the third field.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let seconds = |ticks: u64| ticks as f64 / ticks_per_second as f64;
        let booted_at =
            machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse::<f64>().ok()?;
        Some(Usage {
            cpu_seconds: seconds(field(14)? + field(15)?),
            virtual_bytes: field(23)?,
            resident_bytes: field(24)? * page_bytes,
            started_at_seconds: booted_at + seconds(field(22)?),
            ..Usage::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_line_is_read_whatever_the_name_holds() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 4 0 1000 4096000 100 18446744073709551615";
        let usage = Usage::read(stat, "cpu 1 2\nbtime 1700000000\n", 100, 4_096).unwrap();
        assert_eq!((usage.cpu_seconds, usage.virtual_bytes, usage.resident_bytes), (3.0, 4_096_000, 409_600));
        assert_eq!(usage.started_at_seconds, 1_700_000_010.0);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::now().unwrap();
        assert!(
            usage.resident_bytes > 1 << 20 && usage.open_files > 2 && usage.max_files >= usage.open_files
        );
    }
}
