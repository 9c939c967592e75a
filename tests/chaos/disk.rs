//! Disks that a scenario may fill or cut off: a small tmpfs, and an ext4 in a file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A mounted file system, unmounted when dropped.
#[derive(Debug)]
pub struct Mount {
    at: PathBuf,
}

impl Mount {
    /// A tmpfs of this many bytes; `None` where mounting is not permitted.
    pub fn tmpfs(at: &Path, bytes: u64) -> Option<Mount> {
        std::fs::create_dir_all(at).ok()?;
        let options = format!("size={bytes},mode=0700");
        succeeds(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at))
            .then(|| Mount { at: at.to_owned() })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily, because a child that was just killed may still hold a file.
        succeeds(Command::new("umount").arg("-l").arg(&self.at));
    }
}

/// A file that holds an ext4 file system, mounted through a loop device.
///
/// What programs write there without a sync lies in the page cache of that file system and not in the file.
/// So a copy of the file is what a power cut would have left.
#[derive(Debug)]
pub struct Image {
    file: PathBuf,
    mount: Mount,
    /// Where the kernel counts the device's reads and writes.
    counters: PathBuf,
}

impl Image {
    /// A new, empty disk.
    ///
    /// # Panics
    /// Where loop devices are not permitted: a power cut cannot be shown there.
    pub fn create(file: &Path, bytes: u64, at: &Path) -> Image {
        std::fs::File::create(file).and_then(|new| new.set_len(bytes)).expect("an image");
        assert!(succeeds(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(file)), "mkfs.ext4 fails");
        Image::mount(file, at)
    }

    /// A disk after a power cut: mounting replays its journal.
    pub fn mount(file: &Path, at: &Path) -> Image {
        std::fs::create_dir_all(at).expect("a directory");
        let mounted = succeeds(Command::new("mount").args(["-o", "loop"]).arg(file).arg(at));
        assert!(mounted, "{} cannot be mounted; this scenario needs root", file.display());
        let output = Command::new("losetup").args(["-n", "-O", "NAME", "-j"]).arg(file).output();
        let device = String::from_utf8(output.expect("losetup runs").stdout).expect("a name");
        let name = device.trim().trim_start_matches("/dev/");
        let counters = Path::new("/sys/block").join(name).join("stat");
        Image { file: file.to_owned(), mount: Mount { at: at.to_owned() }, counters }
    }

    pub fn at(&self) -> &Path {
        &self.mount.at
    }

    /// Copies the disk as it is at one instant. Whoever writes to it must stand still; what the kernel still
    /// writes back by itself is noticed, and the copy made again.
    pub fn cut(&self, copy: &Path) {
        for _ in 0..100 {
            let before = self.writes();
            let copied = succeeds(Command::new("cp").arg("--sparse=always").arg(&self.file).arg(copy));
            assert!(copied, "the image cannot be copied");
            if before.is_some() && before == self.writes() {
                return;
            }
            // The kernel's own writeback comes in bursts of some milliseconds.
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the disk does not stand still");
    }

    /// Writes and flushes completed so far; `None` while one is under way.
    fn writes(&self) -> Option<(u64, u64)> {
        let counters = std::fs::read_to_string(&self.counters).expect("the device's counters");
        let counters: Vec<u64> = counters.split_whitespace().map(|n| n.parse().expect("a number")).collect();
        (counters[8] == 0).then_some((counters[4], counters[6]))
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
