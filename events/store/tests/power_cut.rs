//! A commit survives a power cut.
//!
//! The cut: the store lies on an ext4 filesystem of its own, on a loop device; an ioctl makes the filesystem forget
//! everything that has not reached the device, its journal included; the writer is killed, the filesystem unmounted and
//! mounted again. It cannot reorder the cache of a drive, so a real cut is no kinder than this one.
//!
//! Needs root, a loop device, mkfs.ext4 and python3 (for the ioctl: these crates have no unsafe code).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends so"
)]

#[path = "workload/batches.rs"]
mod batches;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use batches::{Expected, Mode, Numbers, Writer};
use tempfile::TempDir;

/// FS_IOC_SHUTDOWN with 2, FS_SHUTDOWN_FLAGS_NOLOGFLUSH.
const CUT: &str = "import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(fd, 0x8004587D, struct.pack('I', 2))";

#[test]
#[ignore = "the writer process of the other tests"]
fn writer_process() {
    batches::write_for_ever();
}

#[test]
fn a_synced_commit_survives_every_power_cut() {
    let Some(disk) = Disk::new() else { return };
    let cuts = std::env::var("JOINEDUP_TEST_POWER_CUTS").map_or(20, |cuts| cuts.parse().unwrap());
    let mut numbers = Numbers(2);
    let mut expected = Expected::default();
    for cut in 0..cuts {
        let mode = if cut % 2 == 0 {
            Mode::Synced
        } else {
            Mode::LazyThenSync
        };
        let acknowledged = disk.write_and_cut(mode, 1 + numbers.below(60));
        assert!(acknowledged > expected.batches);
        batches::reopened(&disk.store(), acknowledged, &mut expected)
            .unwrap_or_else(|what| panic!("cut {cut}: {what}"));
    }
}

#[test]
fn the_flush_of_the_database_alone_does_not_survive_so_this_test_would_notice() {
    let Some(disk) = Disk::new() else { return };
    let mut numbers = Numbers(3);
    let mut expected = Expected::default();
    let survived = (0..20)
        .take_while(|_| {
            let acknowledged = disk.write_and_cut(Mode::FlushOnly, 20 + numbers.below(60));
            batches::reopened(&disk.store(), acknowledged, &mut expected).is_ok()
        })
        .count();
    assert!(
        survived < 20,
        "all {survived} cuts were survived without a sync: the cut is not one"
    );
}

/// A filesystem in a file, mounted.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// None where this machine cannot mount; that is an error under CI.
    fn new() -> Option<Self> {
        let disk = Self {
            folder: tempfile::Builder::new()
                .prefix("joinedup-power-cut-")
                .tempdir()
                .unwrap(),
        };
        std::fs::create_dir(disk.mount_point()).unwrap();
        std::fs::File::create(disk.image())
            .unwrap()
            .set_len(128 << 20)
            .unwrap();
        let ready = run(Command::new("mkfs.ext4")
            .args(["-q", "-F"])
            .arg(disk.image()))
        .and_then(|()| disk.mount())
        .and_then(|()| run(Command::new("python3").args(["-c", "import fcntl"])));
        match ready {
            Ok(()) => Some(disk),
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

    /// Writes until so many batches are acknowledged, cuts the power and mounts again. Gives the number of the last
    /// batch that was acknowledged before the cut.
    fn write_and_cut(&self, mode: Mode, acknowledgements: u64) -> u64 {
        let mut writer = Writer::start("writer_process", &self.store(), mode);
        let acknowledged = writer.acknowledged(acknowledgements);
        run(Command::new("python3")
            .args(["-c", CUT])
            .arg(self.mount_point()))
        .unwrap();
        drop(writer);
        self.unmount().unwrap();
        self.mount().unwrap();
        acknowledged
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

    fn mount_point(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn store(&self) -> PathBuf {
        self.mount_point().join("store")
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
