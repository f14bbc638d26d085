//! A disk whose power can be cut.
//!
//! It is an ext4 filesystem of its own on a loop device. The cut is an ioctl that makes the filesystem forget everything that
//! has not reached the device, its journal included; then it is unmounted and mounted again. It cannot reorder the cache of a
//! drive, so a real cut is no kinder than this one.
//!
//! Needs root, a loop device, mkfs.ext4 and python3 (for the ioctl: these crates have no unsafe code).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// FS_IOC_SHUTDOWN with 2, FS_SHUTDOWN_FLAGS_NOLOGFLUSH.
const CUT: &str = "import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(fd, 0x8004587D, struct.pack('I', 2))";

/// A filesystem in a file, mounted until it is dropped.
#[derive(Debug)]
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// A disk of so many bytes. None where this machine cannot mount; that is an error under CI.
    ///
    /// # Panics
    /// Under CI, with what is missing.
    pub fn new(bytes: u64) -> Option<Self> {
        match Self::mounted(bytes) {
            Ok(disk) => Some(disk),
            Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
                panic!("power cuts need root, a loop device, mkfs.ext4 and python3: {why}")
            }
            Err(why) => {
                println!(
                    "passed over: power cuts need root, a loop device, mkfs.ext4 and python3 ({why})"
                );
                None
            }
        }
    }

    fn mounted(bytes: u64) -> Result<Self, String> {
        let sentence = |error: std::io::Error| error.to_string();
        let mut folder = tempfile::Builder::new();
        folder.prefix("joinedup-power-cut-");
        let disk = Self {
            folder: folder.tempdir().map_err(sentence)?,
        };
        std::fs::create_dir(disk.mount_point()).map_err(sentence)?;
        let image = std::fs::File::create(disk.image()).map_err(sentence)?;
        image.set_len(bytes).map_err(sentence)?;
        run(Command::new("mkfs.ext4")
            .args(["-q", "-F"])
            .arg(disk.image()))?;
        run(Command::new("python3").args(["-c", "import fcntl"]))?;
        disk.mount()?;
        Ok(disk)
    }

    /// The folder in which the disk is.
    pub fn mount_point(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// Cuts the power: from now on everything on it fails. Whoever has it open has to be killed before it is mounted again.
    ///
    /// # Errors
    /// When this machine cannot.
    pub fn cut_power(&self) -> Result<(), String> {
        run(Command::new("python3")
            .args(["-c", CUT])
            .arg(self.mount_point()))
    }

    /// Mounts it again after a cut, with what had reached it by then.
    ///
    /// # Errors
    /// When something on it is open.
    pub fn mount_again(&self) -> Result<(), String> {
        self.unmount()?;
        self.mount()
    }

    fn mount(&self) -> Result<(), String> {
        run(Command::new("mount")
            .args(["-t", "ext4", "-o", "loop"])
            .arg(self.image())
            .arg(self.mount_point()))
    }

    fn unmount(&self) -> Result<(), String> {
        run(Command::new("umount").arg(self.mount_point()))
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("disk")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Unmounting frees the loop device as well. If something still holds it, it goes when that ends.
        if is_mounted(&self.mount_point()) && self.unmount().is_err() {
            let _ = run(Command::new("umount").arg("--lazy").arg(self.mount_point()));
        }
    }
}

fn is_mounted(folder: &Path) -> bool {
    std::fs::read_to_string("/proc/mounts").is_ok_and(|mounts| {
        mounts
            .lines()
            .any(|line| line.split(' ').nth(1) == folder.to_str())
    })
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
