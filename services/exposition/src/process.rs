//! What the process takes, from `/proc`. Elsewhere than on Linux there is nothing to say.

use super::names;
use super::sample::Samples;

/// Ticks a second in which the kernel counts processor time: a constant of its interface to programs.
const TICKS: f64 = 100.0;

/// Adds the process's own numbers.
pub fn add(samples: &mut Samples) {
    if let Some(bytes) = resident() {
        samples.add(&names::MEMORY, &[], bytes);
    }
    if let Some(seconds) = processor() {
        samples.add(&names::CPU, &[], seconds);
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        // The listing itself holds one open.
        samples.add(&names::FILES, &[], entries.count().saturating_sub(1) as f64);
    }
}

fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

fn processor() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold spaces; what follows it does not.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}
