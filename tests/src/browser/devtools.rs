//! One connection of the DevTools protocol: calls with answers, and the events that come between them.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::OrFail;

const ANSWER: Duration = Duration::from_secs(60);

/// An event that the browser sent without being asked.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) method: String,
    pub(super) params: Value,
}

#[derive(Debug)]
pub(super) struct DevTools {
    socket: WebSocket<TcpStream>,
    last_id: u64,
    events: Vec<Event>,
}

impl DevTools {
    #[track_caller]
    pub(super) fn connect(url: &str) -> Self {
        let address = url
            .trim_start_matches("ws://")
            .split('/')
            .next()
            .unwrap_or_default();
        let stream = TcpStream::connect(address).or_fail("cannot reach the browser");
        stream
            .set_read_timeout(Some(ANSWER))
            .or_fail("cannot set how long to wait for the browser");
        let (socket, _) =
            tungstenite::client(url, stream).or_fail("the browser takes no connection");
        let mut connection = Self {
            socket,
            last_id: 0,
            events: Vec::new(),
        };
        // A printed page or a large screenshot is one message.
        connection.socket.set_config(|config| {
            config.max_message_size = None;
            config.max_frame_size = None;
        });
        connection
    }

    /// Calls a method and returns its result.
    #[track_caller]
    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        self.try_call(method, params)
            .or_fail("the browser refused a call")
    }

    /// Calls a method and returns its result, or the browser's objection.
    #[track_caller]
    pub(super) fn try_call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.send(method, &params);
        let started = Instant::now();
        while started.elapsed() < ANSWER {
            let mut message = self.read();
            if message["id"] == id {
                return match &message["error"] {
                    Value::Null => Ok(message["result"].take()),
                    error => Err(format!("{method}: {error}")),
                };
            }
        }
        Err(format!("{method}: no answer within {ANSWER:?}"))
    }

    /// Sends a call without waiting for its answer.
    pub(super) fn send(&mut self, method: &str, params: &Value) -> u64 {
        self.last_id += 1;
        let call = json!({ "id": self.last_id, "method": method, "params": params });
        if let Err(error) = self.socket.send(Message::text(call.to_string())) {
            eprintln!("{method} did not reach the browser: {error}");
        }
        self.last_id
    }

    /// The events since the last time, oldest first.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    #[track_caller]
    fn read(&mut self) -> Value {
        let message = self.socket.read().or_fail("the browser fell silent");
        let Message::Text(text) = message else {
            return Value::Null;
        };
        let mut message: Value =
            serde_json::from_str(text.as_str()).or_fail("the browser speaks JSON");
        if let Some(method) = message["method"].as_str() {
            self.events.push(Event {
                method: method.to_owned(),
                params: message["params"].take(),
            });
            return Value::Null;
        }
        message
    }
}
