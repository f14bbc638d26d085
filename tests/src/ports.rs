//! Loopback ports nobody uses.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use crate::OrFail;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A loopback port that was free a moment ago and that this process has not given out before.
///
/// The kernel chooses it, so parallel runs rarely meet; who binds it must still be ready to try another one.
pub fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).or_fail("no free loopback port");
        let port = listener
            .local_addr()
            .or_fail("a bound socket has an address")
            .port();
        let mut given = GIVEN.lock().or_fail("the list of ports is intact");
        if given.insert(port) {
            return port;
        }
    }
}
