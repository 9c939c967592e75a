//! A disk of a test's own, that can be filled and frozen.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const DISK_BYTES: u64 = 128 << 20;

/// A small ext4 in a file, mounted where the installation is.
pub struct Disk {
    pub at: PathBuf,
    _image: TempDir,
}

impl Disk {
    pub fn mount(at: &Path) -> Disk {
        let image = tempfile::tempdir().unwrap();
        let file = image.path().join("image");
        File::create(&file).unwrap().set_len(DISK_BYTES).unwrap();
        fs::create_dir_all(at).unwrap();
        must(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&file));
        must(Command::new("mount").args(["-o", "loop"]).arg(&file).arg(at));
        Disk { at: at.to_owned(), _image: image }
    }

    /// Leaves this much room; a stranger's file takes the rest.
    pub fn leave(&self, bytes: u64) {
        let mut stranger = File::create(self.stranger()).unwrap();
        let chunk = vec![1; 1 << 20];
        loop {
            let free = shopfunnel::room::free_bytes(&self.at).unwrap();
            let more = free.saturating_sub(bytes).min(chunk.len() as u64) as usize;
            if more == 0 || stranger.write_all(&chunk[..more]).is_err() {
                break;
            }
            stranger.sync_all().unwrap();
        }
    }

    pub fn free(&self) {
        fs::remove_file(self.stranger()).unwrap();
    }

    /// From now on every write waits until [`Disk::thaw`].
    pub fn freeze(&self) {
        must(Command::new("fsfreeze").arg("--freeze").arg(&self.at));
    }

    pub fn thaw(&self) {
        must(Command::new("fsfreeze").arg("--unfreeze").arg(&self.at));
    }

    fn stranger(&self) -> PathBuf {
        self.at.join("stranger")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("fsfreeze").arg("--unfreeze").arg(&self.at).stderr(Stdio::null()).status();
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn must(command: &mut Command) {
    let done = command.stdout(Stdio::null()).status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.success(), "{command:?} fails; a small disk needs root");
}
