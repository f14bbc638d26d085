//! One tab: what a person sees and does in it, and what went on behind.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::devtools::{DevTools, Event};
use super::keys::Key;
use crate::{OrFail, folders, patience};

/// A request a page made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
}

impl Request {
    /// Whether it went to another host than this machine's loopback.
    pub fn left_the_host(&self) -> bool {
        let Some((scheme, rest)) = self.url.split_once("://") else {
            return false;
        };
        if !matches!(scheme, "http" | "https" | "ws" | "wss") {
            return false;
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let host = match host.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        !matches!(host, "127.0.0.1" | "localhost" | "::1")
    }
}

/// A tab of a browser.
#[derive(Debug)]
pub struct Page {
    devtools: DevTools,
    complaints: Vec<String>,
    requests: Vec<Request>,
}

impl Page {
    pub(super) fn new(mut devtools: DevTools) -> Self {
        for domain in ["Page", "Runtime", "Log", "Network"] {
            devtools.call(&format!("{domain}.enable"), json!({}));
        }
        let mut page = Self {
            devtools,
            complaints: Vec::new(),
            requests: Vec::new(),
        };
        page.viewport(1280, 900);
        page
    }

    /// Opens an address and waits until the page has loaded.
    ///
    /// # Panics
    /// When it cannot be opened.
    #[track_caller]
    pub fn goto(&mut self, url: &str) {
        let answer = self.devtools.call(
            "Page.navigate",
            json!({ "url": url, "transitionType": "typed" }),
        );
        if let Some(error) = answer["errorText"].as_str() {
            panic!("cannot open {url}: {error}");
        }
        self.wait_until(
            "document.readyState === 'complete'",
            &format!("{url} has loaded"),
        );
    }

    /// The address shown.
    #[track_caller]
    pub fn address(&mut self) -> String {
        self.evaluate("location.href")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Evaluates a JavaScript expression; a promise is waited for.
    ///
    /// # Panics
    /// When it throws.
    #[track_caller]
    pub fn evaluate(&mut self, expression: &str) -> Value {
        self.try_evaluate(expression)
            .or_fail("a script in the page failed")
    }

    /// As [`Self::evaluate`], with what it threw returned instead of a failed test.
    ///
    /// # Errors
    /// What was thrown, with the expression.
    #[track_caller]
    pub fn try_evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let mut answer = self.devtools.try_call(
            "Runtime.evaluate",
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true }),
        )?;
        match &answer["exceptionDetails"] {
            Value::Null => Ok(answer["result"]["value"].take()),
            thrown => Err(format!("{expression}: {}", exception(thrown))),
        }
    }

    /// Waits until a JavaScript expression is true. `what` says so in words, for the message.
    ///
    /// # Panics
    /// When it does not become true.
    #[track_caller]
    pub fn wait_until(&mut self, expression: &str, what: &str) {
        // While a page is being replaced an evaluation may fail; the next try is in the new page.
        patience::eventually(what, || match self.try_evaluate(expression) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(other) => Err(format!("{expression} is {other}")),
            Err(error) => Err(error),
        });
    }

    /// The visible text of the first element a selector finds, waiting until there is one.
    ///
    /// # Panics
    /// When none appears.
    #[track_caller]
    pub fn text(&mut self, selector: &str) -> String {
        self.wait_for(selector);
        let script = format!(
            "(e => e.innerText ?? e.textContent)(document.querySelector({}))",
            quoted(selector)
        );
        self.evaluate(&script)
            .as_str()
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The visible texts of all elements a selector finds, now.
    #[track_caller]
    pub fn texts(&mut self, selector: &str) -> Vec<String> {
        let script = format!(
            "[...document.querySelectorAll({})].map(e => (e.innerText ?? e.textContent).trim())",
            quoted(selector)
        );
        match self.evaluate(&script) {
            Value::Array(texts) => texts
                .iter()
                .filter_map(|text| text.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// An attribute of the first element a selector finds; `None` when there is no such element or attribute.
    #[track_caller]
    pub fn attribute(&mut self, selector: &str, name: &str) -> Option<String> {
        let script = format!(
            "document.querySelector({})?.getAttribute({}) ?? null",
            quoted(selector),
            quoted(name)
        );
        self.evaluate(&script).as_str().map(str::to_owned)
    }

    /// How many elements a selector finds, now.
    #[track_caller]
    pub fn count(&mut self, selector: &str) -> u64 {
        let script = format!("document.querySelectorAll({}).length", quoted(selector));
        self.evaluate(&script).as_u64().unwrap_or_default()
    }

    /// Waits until a selector finds something.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn wait_for(&mut self, selector: &str) {
        self.wait_until(
            &format!("document.querySelector({}) !== null", quoted(selector)),
            &format!("{selector} is on the page"),
        );
    }

    /// Clicks the middle of the first element a selector finds, scrolling there first.
    ///
    /// # Panics
    /// When there is none, or something else lies over it: a person could not click it either.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        self.wait_for(selector);
        let script = format!(
            "(() => {{
                const e = document.querySelector({});
                e.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }});
                const b = e.getBoundingClientRect();
                const [x, y] = [b.x + b.width / 2, b.y + b.height / 2];
                const hit = document.elementFromPoint(x, y);
                const ours = hit && (e.contains(hit) || hit.closest('label')?.control === e);
                return ours ? [x, y] : (hit ? hit.outerHTML.slice(0, 120) : 'nothing');
            }})()",
            quoted(selector)
        );
        let place = patience::eventually(&format!("{selector} can be clicked"), || {
            match self.try_evaluate(&script)? {
                Value::Array(place) => Ok(place),
                over => Err(format!("over it lies {over}")),
            }
        });
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            self.devtools.call(
                "Input.dispatchMouseEvent",
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 }),
            );
        }
    }

    /// Presses and releases a key.
    #[track_caller]
    pub fn press(&mut self, key: Key) {
        let (name, code, number, text) = key.codes();
        let down = if text.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        for kind in [down, "keyUp"] {
            let text = if kind == "keyUp" { "" } else { text };
            self.devtools.call(
                "Input.dispatchKeyEvent",
                json!({
                    "type": kind, "key": name, "code": code, "windowsVirtualKeyCode": number,
                    "modifiers": key.modifiers(), "text": text,
                }),
            );
        }
    }

    /// Types text into whatever has the focus.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.devtools
            .call("Input.insertText", json!({ "text": text }));
    }

    /// Chooses the option of a `<select>` by its value, as a person would: the page gets its events.
    ///
    /// # Panics
    /// When there is no such list or no such option.
    #[track_caller]
    pub fn choose(&mut self, selector: &str, value: &str) {
        self.wait_for(selector);
        let script = format!(
            "(() => {{
                const e = document.querySelector({});
                e.focus();
                e.value = {};
                for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, {{ bubbles: true }}));
                return e.value;
            }})()",
            quoted(selector),
            quoted(value)
        );
        let chosen = self.evaluate(&script);
        assert!(
            chosen == value,
            "{selector} has no option {value}; it is at {chosen}"
        );
    }

    /// What has the keyboard's focus: its tag, its id and its label or text, for example `button#save Save`.
    #[track_caller]
    pub fn focused(&mut self) -> String {
        let script = "(() => {
            const e = document.activeElement;
            if (!e || e === document.body) return '';
            const name = e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText ?? '';
            return (e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + ' ' + name.trim()).trim();
        })()";
        self.evaluate(script)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Sets the size of the window, in CSS pixels.
    #[track_caller]
    pub fn viewport(&mut self, width: u32, height: u32) {
        self.devtools.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// Whether the page is wider than the window, so that a person has to scroll sideways.
    #[track_caller]
    pub fn scrolls_sideways(&mut self) -> bool {
        self.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            == true
    }

    /// Tells the page what its reader prefers: media features by name, for example `prefers-color-scheme` `dark`,
    /// `prefers-reduced-motion` `reduce`, `forced-colors` `active`. An empty list takes all back.
    #[track_caller]
    pub fn prefer(&mut self, features: &[(&str, &str)]) {
        let features: Vec<Value> = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        self.devtools.call(
            "Emulation.setEmulatedMedia",
            json!({ "media": "", "features": features }),
        );
    }

    /// Tells the page that its reader prefers dark colours.
    #[track_caller]
    pub fn dark(&mut self) {
        self.prefer(&[("prefers-color-scheme", "dark")]);
    }

    /// Writes a picture of the whole page, or of the window alone, as `{name}.png` among the run's pictures.
    #[track_caller]
    pub fn screenshot(&mut self, name: &str, whole_page: bool) -> PathBuf {
        let answer = self.devtools.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "captureBeyondViewport": whole_page }),
        );
        save(
            &answer["data"],
            &folders::pictures().join(format!("{name}.png")),
        )
    }

    /// Prints the page on A4 and writes it as `{name}.pdf` among the run's pictures.
    #[track_caller]
    pub fn print(&mut self, name: &str, landscape: bool) -> PathBuf {
        let answer = self.devtools.call(
            "Page.printToPDF",
            json!({ "landscape": landscape, "paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true }),
        );
        save(
            &answer["data"],
            &folders::pictures().join(format!("{name}.pdf")),
        )
    }

    /// Runs a script file in the page, for example an accessibility checker.
    ///
    /// # Panics
    /// When the file cannot be read or the script throws.
    #[track_caller]
    pub fn inject(&mut self, script: &Path) {
        let source = std::fs::read_to_string(script)
            .or_fail(&format!("cannot read the script {}", script.display()));
        // The completion value of a library is of no interest and may not be serialisable.
        self.evaluate(&format!("{source}\n;undefined"));
    }

    /// What the page complained of so far: errors and warnings on the console, exceptions nobody caught, requests that
    /// failed, rules of its content policy that it broke.
    #[track_caller]
    pub fn complaints(&mut self) -> &[String] {
        self.collect_events();
        &self.complaints
    }

    /// Every request of the page so far.
    #[track_caller]
    pub fn requests(&mut self) -> &[Request] {
        self.collect_events();
        &self.requests
    }

    /// Requests so far that went to another host than this machine. (They fail: the browser can reach nothing else.)
    #[track_caller]
    pub fn requests_that_left(&mut self) -> Vec<Request> {
        let all = self.requests().iter();
        all.filter(|request| request.left_the_host())
            .cloned()
            .collect()
    }

    fn collect_events(&mut self) {
        // A call's answer comes after every event that preceded it, so one evaluation brings them all.
        self.evaluate("0");
        for event in self.devtools.take_events() {
            if let Some(complaint) = complaint(&event) {
                self.complaints.push(complaint);
            }
            if let Some(request) = request(&event) {
                self.requests.push(request);
            }
        }
    }
}

fn complaint(event: &Event) -> Option<String> {
    let params = &event.params;
    match event.method.as_str() {
        "Runtime.consoleAPICalled"
            if matches!(
                params["type"].as_str(),
                Some("error" | "warning" | "assert")
            ) =>
        {
            let words: Vec<String> = params["args"].as_array()?.iter().map(argument).collect();
            Some(words.join(" "))
        }
        "Runtime.exceptionThrown" => Some(exception(&params["exceptionDetails"])),
        "Log.entryAdded"
            if matches!(params["entry"]["level"].as_str(), Some("error" | "warning")) =>
        {
            let entry = &params["entry"];
            Some(format!(
                "{} {}",
                entry["text"].as_str().unwrap_or_default(),
                entry["url"].as_str().unwrap_or_default()
            ))
        }
        _ => None,
    }
}

fn request(event: &Event) -> Option<Request> {
    let params = &event.params;
    let (method, url) = match event.method.as_str() {
        "Network.requestWillBeSent" => (&params["request"]["method"], &params["request"]["url"]),
        "Network.webSocketCreated" => (&Value::Null, &params["url"]),
        _ => return None,
    };
    Some(Request {
        method: method.as_str().unwrap_or("GET").to_owned(),
        url: url.as_str()?.to_owned(),
    })
}

fn argument(argument: &Value) -> String {
    match (&argument["value"], argument["description"].as_str()) {
        (Value::String(text), _) => text.clone(),
        (Value::Null, Some(description)) => description.to_owned(),
        (value, _) => value.to_string(),
    }
}

fn exception(details: &Value) -> String {
    details["exception"]["description"]
        .as_str()
        .or(details["text"].as_str())
        .unwrap_or("an exception without a word")
        .to_owned()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[track_caller]
fn save(data: &Value, path: &Path) -> PathBuf {
    let encoded = data.as_str().or_fail("the browser sent no picture");
    let bytes = BASE64
        .decode(encoded.as_bytes())
        .or_fail("the browser's picture is not base64");
    std::fs::write(path, bytes).or_fail("cannot write a picture");
    path.to_path_buf()
}
