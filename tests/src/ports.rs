//! Loopback ports nobody uses.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::OrFail;

/// Above those of well-known services, and of those that browsers refuse to open (10080 is the highest).
const LOWEST: u16 = 10_081;
/// Where connections' own ports begin on a Linux that nobody has set otherwise.
const EPHEMERAL: u16 = 32_768;

static GIVEN: AtomicU32 = AtomicU32::new(0);

/// A loopback port that was free a moment ago and that this process has not given out before.
///
/// It is below those that the kernel gives to connections: one that is opened between this call and the start of the server
/// would otherwise take it now and then. Parallel runs begin at different ones and rarely meet; who binds it must still be
/// ready to try another one.
pub fn free_port() -> u16 {
    let ports = unused_by_connections();
    let count = u32::from(ports.end - ports.start);
    let first = std::process::id().wrapping_mul(97);
    let tries = std::iter::repeat_with(|| GIVEN.fetch_add(1, Ordering::Relaxed));
    let mut free = tries.take(count as usize).filter_map(|given| {
        let at = first.wrapping_add(given) % count;
        let port = ports.start + u16::try_from(at).ok()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        listener.is_ok().then_some(port)
    });
    free.next().or_fail("no free loopback port")
}

fn unused_by_connections() -> Range<u16> {
    let set = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok();
    let first = set.and_then(|text| text.split_whitespace().next()?.parse().ok());
    let end = first.unwrap_or(EPHEMERAL);
    // Where connections may take nearly every port, chance has to do.
    match end >= LOWEST + 5_000 {
        true => LOWEST..end,
        false => LOWEST..EPHEMERAL,
    }
}
