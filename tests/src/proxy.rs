//! A network that can be broken: a TCP relay between a client and a server, both on loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::OrFail;

const LOOK_AGAIN: Duration = Duration::from_millis(5);
const BUFFER: usize = 64 * 1024;

const OPEN: u8 = 0;
const CUT: u8 = 1;
const HELD: u8 = 2;
const ENDED: u8 = 3;

/// A relay to one server; it ends, and with it all its connections, when this value is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<AtomicU8>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a relay to a server's `host:port`, which need not be there yet.
    ///
    /// # Panics
    /// When no loopback port is free.
    pub fn start(server: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).or_fail("no free loopback port");
        let address = listener
            .local_addr()
            .or_fail("a bound socket has an address");
        let state = Arc::new(AtomicU8::new(OPEN));
        let connections = Arc::new(Mutex::new(Vec::new()));
        let thread = std::thread::spawn({
            let (state, connections) = (Arc::clone(&state), Arc::clone(&connections));
            let server = server.to_owned();
            move || {
                for client in listener.incoming().flatten() {
                    match state.load(Ordering::SeqCst) {
                        ENDED => return,
                        // A cut network: whoever comes is turned away at once, by dropping the connection.
                        CUT => {}
                        _ => join(client, &server, &state, &connections),
                    }
                }
            }
        });
        Self {
            address,
            state,
            connections,
            thread: Some(thread),
        }
    }

    /// The relay's own `host:port`, for the client.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Breaks all connections and turns new ones away until [`Self::heal`].
    pub fn cut(&self) {
        self.state.store(CUT, Ordering::SeqCst);
        self.break_connections();
    }

    /// Keeps connections and holds back what goes through them, both ways, until [`Self::heal`]: a network that
    /// swallows, where nobody learns of it.
    pub fn hold(&self) {
        self.state.store(HELD, Ordering::SeqCst);
    }

    /// Lets everything through again.
    pub fn heal(&self) {
        self.state.store(OPEN, Ordering::SeqCst);
    }

    fn break_connections(&self) {
        let mut connections = self
            .connections
            .lock()
            .or_fail("the list of connections is intact");
        for connection in connections.drain(..) {
            // It may be closed already, which is all that is asked for.
            drop(connection.shutdown(Shutdown::Both));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.store(ENDED, Ordering::SeqCst);
        self.break_connections();
        // The thread waits in accept; one more connection lets it see that it is over.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
            && thread.join().is_err()
        {
            eprintln!("the relay had panicked");
        }
    }
}

fn join(
    client: TcpStream,
    server: &str,
    state: &Arc<AtomicU8>,
    connections: &Mutex<Vec<TcpStream>>,
) {
    let Ok(server) = TcpStream::connect(server) else {
        return;
    };
    for (from, to) in [(&client, &server), (&server, &client)] {
        let copies = from
            .try_clone()
            .and_then(|from| Ok((from, to.try_clone()?)));
        let (from, to) = copies.or_fail("cannot share a connection");
        let state = Arc::clone(state);
        std::thread::spawn(move || relay(from, to, &state));
    }
    connections
        .lock()
        .or_fail("the list of connections is intact")
        .extend([client, server]);
}

fn relay(mut from: TcpStream, mut to: TcpStream, state: &AtomicU8) {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        while state.load(Ordering::SeqCst) == HELD {
            std::thread::sleep(LOOK_AGAIN);
        }
        let open = state.load(Ordering::SeqCst) == OPEN;
        if read == 0 || !open || to.write_all(&buffer[..read]).is_err() {
            // Either side may have closed already; then there is nothing left to close.
            drop(from.shutdown(Shutdown::Both));
            drop(to.shutdown(Shutdown::Both));
            return;
        }
    }
}
