//! A small HTTP server inside the test: a page to look at, or the receiver of a webhook.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::OrFail;

const SLOWEST_CLIENT: Duration = Duration::from_secs(10);

/// A request that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A page of HTML.
    pub fn html(page: &str) -> Self {
        Self {
            status: 200,
            content_type: "text/html; charset=utf-8",
            body: page.as_bytes().to_vec(),
        }
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            content_type: "text/plain",
            body: Vec::new(),
        }
    }
}

/// A server on a loopback port of its own; it ends when this value is dropped.
#[derive(Debug)]
pub struct LocalHttp {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl LocalHttp {
    /// Starts a server that answers each request with what `answer` makes of it. Each connection has a thread of its
    /// own: a browser opens some that it may never use.
    ///
    /// # Panics
    /// When no loopback port is free.
    pub fn start(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).or_fail("no free loopback port");
        let address = listener
            .local_addr()
            .or_fail("a bound socket has an address");
        let received = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let answer: Arc<dyn Fn(&Received) -> Reply + Send + Sync> = Arc::new(answer);
        let thread = std::thread::spawn({
            let (received, ended) = (Arc::clone(&received), Arc::clone(&ended));
            move || {
                for stream in listener.incoming().flatten() {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let (answer, received) = (Arc::clone(&answer), Arc::clone(&received));
                    std::thread::spawn(move || serve(&stream, answer.as_ref(), &received));
                }
            }
        });
        Self {
            address,
            received,
            ended,
            thread: Some(thread),
        }
    }

    /// Serves one page of HTML under every path.
    pub fn page(html: &str) -> Self {
        let html = html.to_owned();
        Self::start(move |request| match request.path.as_str() {
            "/favicon.ico" => Reply::status(204),
            _ => Reply::html(&html),
        })
    }

    /// Accepts every webhook.
    pub fn webhook() -> Self {
        Self::start(|_| Reply::status(200))
    }

    /// The server's address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.received
            .lock()
            .or_fail("the list of requests is intact")
            .clone()
    }
}

impl Drop for LocalHttp {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // The thread waits in accept; one more connection lets it see that it is over.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
            && thread.join().is_err()
        {
            eprintln!("the test's server had panicked");
        }
    }
}

fn serve(stream: &TcpStream, answer: &dyn Fn(&Received) -> Reply, received: &Mutex<Vec<Received>>) {
    // What is unreadable (a connection opened and never used) is none of the test's requests.
    let Some(request) = read(stream) else { return };
    let reply = answer(&request);
    received
        .lock()
        .or_fail("the list of requests is intact")
        .push(request);
    if let Err(error) = write(stream, &reply) {
        eprintln!("the client of the test's server went away: {error}");
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    stream.set_read_timeout(Some(SLOWEST_CLIENT)).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None => break,
        }
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        method,
        path,
        headers,
        body,
    })
}

fn write(mut stream: &TcpStream, reply: &Reply) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {} -\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.status,
        reply.content_type,
        reply.body.len()
    )?;
    stream.write_all(&reply.body)
}
