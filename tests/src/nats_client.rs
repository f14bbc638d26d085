//! A client of NATS that knows nothing of joinedup: the wire protocol over one socket. With it a test is a foreign
//! publisher, or asks the server for the truth behind the product's back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::OrFail;

const ANSWER: Duration = Duration::from_secs(30);

/// A message from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The subject.
    pub subject: String,
    /// Headers in their order; empty when the message has none.
    pub headers: Vec<(String, String)>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// A connection.
#[derive(Debug)]
pub struct NatsClient {
    stream: BufReader<TcpStream>,
    inbox: String,
    requests: u64,
}

impl NatsClient {
    /// Connects without credentials.
    ///
    /// # Panics
    /// When the server does not take the connection.
    #[track_caller]
    pub fn connect(address: &str) -> Self {
        Self::connect_with(address, &json!({})).or_fail("cannot connect to NATS")
    }

    /// Connects with further fields of the protocol's `CONNECT`, for example `auth_token`, or `user` and `pass`.
    ///
    /// # Errors
    /// What the server objected to.
    pub fn connect_with(address: &str, credentials: &Value) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        stream
            .set_read_timeout(Some(ANSWER))
            .map_err(|error| error.to_string())?;
        let inbox = format!(
            "_INBOX.test.{}",
            stream.local_addr().or_fail("an address").port()
        );
        let mut client = Self {
            stream: BufReader::new(stream),
            inbox,
            requests: 0,
        };
        client.line()?;
        let mut connect = json!({ "verbose": false, "pedantic": false, "headers": true, "no_responders": true,
            "name": "joinedup-tests", "lang": "rust", "version": "0", "protocol": 1 });
        if let (Some(connect), Some(credentials)) =
            (connect.as_object_mut(), credentials.as_object())
        {
            connect.extend(credentials.clone());
        }
        client.write(format!("CONNECT {connect}\r\nSUB {}.* 1\r\n", client.inbox).as_bytes())?;
        client.flush()?;
        Ok(client)
    }

    /// Publishes without asking for an answer.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn publish(
        &mut self,
        subject: &str,
        headers: &[(&str, &str)],
        payload: &[u8],
    ) -> Result<(), String> {
        self.write(&command(subject, "", headers, payload))
    }

    /// Publishes and waits for the answer, for example of a stream (its acknowledgement) or of the JetStream API.
    ///
    /// # Errors
    /// When nobody listens on the subject, nobody answers in 30 seconds, or the connection is gone.
    pub fn request(
        &mut self,
        subject: &str,
        headers: &[(&str, &str)],
        payload: &[u8],
    ) -> Result<Message, String> {
        self.requests += 1;
        let reply = format!("{}.{}", self.inbox, self.requests);
        self.write(&command(subject, &reply, headers, payload))?;
        loop {
            let message = self.message()?;
            if message.subject == reply {
                let status = message.headers.first().filter(|(name, _)| name.is_empty());
                return match status {
                    Some((_, status)) if status.starts_with("503") => {
                        Err(format!("nobody listens on {subject}"))
                    }
                    _ => Ok(message),
                };
            }
        }
    }

    /// Calls the JetStream API: `$JS.API.{call}`.
    ///
    /// # Errors
    /// As [`Self::request`], or the API's own error.
    pub fn jetstream(&mut self, call: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.request(&format!("$JS.API.{call}"), &[], body.as_bytes())?;
        let answer: Value =
            serde_json::from_slice(&answer.payload).map_err(|error| error.to_string())?;
        match &answer["error"] {
            Value::Null => Ok(answer),
            error => Err(format!("{call}: {error}")),
        }
    }

    /// Waits until the server has handled everything sent so far.
    ///
    /// # Errors
    /// What the server objected to, or a lost connection.
    pub fn flush(&mut self) -> Result<(), String> {
        self.write(b"PING\r\n")?;
        while self.line()? != "PONG" {}
        Ok(())
    }

    /// The next message.
    fn message(&mut self) -> Result<Message, String> {
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            let number = |word: &str| word.parse::<usize>().map_err(|error| error.to_string());
            let (head, total) = match words.as_slice() {
                ["MSG", _, _, total] | ["MSG", _, _, _, total] => (0, number(total)?),
                ["HMSG", _, _, head, total] | ["HMSG", _, _, _, head, total] => {
                    (number(head)?, number(total)?)
                }
                _ => continue,
            };
            let mut bytes = vec![0; total + 2];
            self.stream
                .read_exact(&mut bytes)
                .map_err(|error| error.to_string())?;
            bytes.truncate(total);
            let payload = bytes.split_off(head);
            return Ok(Message {
                subject: words[1].to_owned(),
                headers: headers(&String::from_utf8_lossy(&bytes)),
                payload,
            });
        }
    }

    /// The next line of the protocol; pings are answered, objections are errors.
    fn line(&mut self) -> Result<String, String> {
        loop {
            let mut line = String::new();
            let read = self
                .stream
                .read_line(&mut line)
                .map_err(|error| error.to_string())?;
            let line = line.trim_end();
            match line {
                _ if read == 0 => return Err("the server closed the connection".to_owned()),
                "PING" => self.write(b"PONG\r\n")?,
                _ if line.starts_with("-ERR") => return Err(line.to_owned()),
                _ => return Ok(line.to_owned()),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream
            .get_mut()
            .write_all(bytes)
            .map_err(|error| error.to_string())
    }
}

fn command(subject: &str, reply: &str, headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let reply = if reply.is_empty() {
        String::new()
    } else {
        format!(" {reply}")
    };
    let mut bytes = if headers.is_empty() {
        format!("PUB {subject}{reply} {}\r\n", payload.len()).into_bytes()
    } else {
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!("NATS/1.0\r\n{lines}\r\n");
        let total = head.len() + payload.len();
        format!("HPUB {subject}{reply} {} {total}\r\n{head}", head.len()).into_bytes()
    };
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The headers of a message; a status line (`NATS/1.0 503`) comes first, under an empty name.
fn headers(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines();
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("NATS/1.0"))
        .map(str::trim)
        .filter(|status| !status.is_empty())
        .map(|status| (String::new(), status.to_owned()));
    let rest = lines.filter_map(|line| line.split_once(':'));
    status
        .into_iter()
        .chain(rest.map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
        .collect()
}
