//! The harness keeps its own promises.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use joinedup_tests::alertmanager::Alertmanager;
use joinedup_tests::browser::{Browser, Key};
use joinedup_tests::local_http::{LocalHttp, Reply};
use joinedup_tests::nats::{NatsAuth, NatsOptions, NatsServer};
use joinedup_tests::nats_client::NatsClient;
use joinedup_tests::patience::eventually;
use joinedup_tests::process::Process;
use joinedup_tests::prometheus::Prometheus;
use joinedup_tests::proxy::Proxy;
use joinedup_tests::scrape::Scrape;
use joinedup_tests::tools::Tool;
use joinedup_tests::{http, ports};
use serde_json::json;

#[test]
fn a_process_is_gone_with_the_value_that_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let process = Process::start("sleep", Command::new("sleep").arg("600"), &log);
    let entry = PathBuf::from(format!("/proc/{}", process.id()));
    assert!(entry.exists());
    drop(process);
    assert!(!entry.exists());
}

#[test]
fn two_ports_given_out_are_never_the_same() {
    let mut given: Vec<u16> = (0..200).map(|_| ports::free_port()).collect();
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), 200);
}

#[test]
fn a_nats_server_keeps_its_address_and_its_store_over_a_kill() {
    let mut server = NatsServer::start(NatsOptions::durable());
    let (url, identity) = (
        server.url(),
        server.monitor("varz")["server_id"].to_string(),
    );
    let config = server.monitor("varz")["jetstream"]["config"].clone();
    assert_eq!(config["sync_always"], true, "{config}");
    fs::write(server.store().join("kept"), "over the kill").unwrap();

    server.kill9();
    assert!(!server.healthy());
    assert!(TcpStream::connect(server.address()).is_err());

    server.restart();
    assert_eq!(server.url(), url);
    assert_ne!(server.monitor("varz")["server_id"].to_string(), identity);
    assert!(server.store().join("kept").exists());
}

#[test]
fn a_lazy_nats_server_can_be_told_from_a_durable_one() {
    let server = NatsServer::start(NatsOptions::lazy());
    let config = server.monitor("varz")["jetstream"]["config"].clone();
    assert_ne!(config["sync_always"], true, "{config}");
}

#[test]
fn a_nats_server_with_a_token_says_that_it_wants_one() {
    let server = NatsServer::start(NatsOptions {
        auth: NatsAuth::Token("of-the-test".into()),
        ..NatsOptions::durable()
    });
    assert_eq!(server.monitor("varz")["auth_required"], true);
}

#[test]
fn prometheus_scrapes_itself_and_answers_queries_after_a_crash_too() {
    let config = "global: { scrape_interval: 1s }\n\
                  scrape_configs: [{ job_name: self, static_configs: [{ targets: ['{self}'] }] }]\n";
    let mut prometheus = Prometheus::start(config, &[]);
    let scraped = |prometheus: &Prometheus| match prometheus.single("up{job='self'}")? {
        1.0 => Ok(()),
        other => Err(format!("up is {other}")),
    };
    eventually("Prometheus scrapes itself", || scraped(&prometheus));
    let vector = prometheus
        .query("vector(7) * on() group_left(job) up")
        .unwrap();
    assert_eq!((vector[0].value, vector[0].label("job")), (7.0, "self"));
    assert!(prometheus.query("sum(").is_err());

    prometheus.crash_and_restart();
    eventually("Prometheus scrapes itself again", || scraped(&prometheus));
    let own = Scrape::of(&format!("{}/metrics", prometheus.url())).unwrap();
    assert_eq!(own.value("prometheus_ready", &[]), Ok(1.0));
}

#[test]
fn an_alert_goes_from_prometheus_through_alertmanager_to_a_webhook() {
    let webhook = LocalHttp::webhook();
    let alertmanager = Alertmanager::start(
        &format!(
            "route: {{ receiver: test, group_wait: 0s }}\n\
             receivers: [{{ name: test, webhook_configs: [{{ url: '{}/alerts' }}] }}]\n",
            webhook.url()
        ),
        &[],
    );
    let rules = "groups: [{ name: test, rules: [{ alert: Always, expr: 'vector(1)' }] }]\n";
    let prometheus = Prometheus::start(
        &format!(
            "global: {{ evaluation_interval: 1s }}\n\
             rule_files: [rules.yml]\n\
             alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{}'] }}] }}] }}\n",
            alertmanager.address()
        ),
        &[("rules.yml", rules)],
    );
    let request = eventually("the webhook is called", || {
        let mut received = webhook.received();
        received
            .pop()
            .ok_or((prometheus.firing(), alertmanager.alerts()))
    });
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/alerts")
    );
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["alerts"][0]["labels"]["alertname"], "Always");
    assert_eq!(prometheus.firing().unwrap(), ["Always"]);
}

#[test]
fn promtool_and_amtool_tell_right_from_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let rules = file(
        "right.yml",
        "groups: [{ name: a, rules: [{ record: 'a:b', expr: '1' }] }]",
    );
    Tool::Promtool.run(["check", "rules", &rules]).succeeded();
    let rules = file(
        "wrong.yml",
        "groups: [{ name: a, rules: [{ record: 'a:b', expr: '1 +' }] }]",
    );
    assert_ne!(Tool::Promtool.run(["check", "rules", &rules]).code, Some(0));

    let config = file(
        "am.yml",
        "route: { receiver: a }\nreceivers: [{ name: a }]\n",
    );
    Tool::Amtool.run(["check-config", &config]).succeeded();
    let config = file(
        "am-wrong.yml",
        "route: { receiver: b }\nreceivers: [{ name: a }]\n",
    );
    assert_ne!(Tool::Amtool.run(["check-config", &config]).code, Some(0));
}

#[test]
fn the_http_client_returns_every_status_with_its_body() {
    let server = LocalHttp::webhook();
    let answer = http::post_json(&format!("{}/a?b=c", server.url()), &json!({ "d": 1 })).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    let received = server.received();
    assert_eq!(received[0].path, "/a?b=c");
    assert_eq!(received[0].body, b"{\"d\":1}");
    assert_eq!(
        http::query_string([("q", "up{a=\"b c\"}")]),
        "q=up%7Ba%3D%22b%20c%22%7D"
    );
    drop(server);
}

const PAGE: &str = "<!doctype html><html lang=en><title>A page</title>
<style>body { margin: 0; background: #fff } @media (prefers-color-scheme: dark) { body { background: #000 } }</style>
<h1>Waiting now</h1>
<button id=more onclick='document.querySelector(\"p\").innerText = \"clicked\"'>More</button>
<input id=name aria-label=Name oninput='document.querySelector(\"p\").innerText = this.value'>
<select id=area onchange='document.querySelector(\"p\").innerText = this.value'><option>a<option>b</select>
<p>quiet</p><div style='width: 700px; height: 2000px'></div>";

#[test]
fn a_browser_reads_clicks_types_and_takes_pictures() {
    let server = LocalHttp::page(PAGE);
    let mut browser = Browser::start();
    assert!(browser.version().contains("Chrome/"));
    let mut page = browser.page();
    page.goto(&server.url());
    assert_eq!(page.text("h1"), "Waiting now");

    page.click("#more");
    assert_eq!(page.text("p"), "clicked");
    page.press(Key::Tab);
    assert_eq!(page.focused(), "input#name Name");
    page.type_text("Epping");
    assert_eq!(page.text("p"), "Epping");
    page.press(Key::ShiftTab);
    assert_eq!(page.focused(), "button#more More");
    page.press(Key::Enter);
    assert_eq!(page.text("p"), "clicked");
    page.choose("#area", "b");
    assert_eq!(page.text("p"), "b");
    assert_eq!((page.count("option"), page.texts("h1").len()), (2, 1));

    let background = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(page.evaluate(background), "rgb(255, 255, 255)");
    page.dark();
    assert_eq!(page.evaluate(background), "rgb(0, 0, 0)");
    page.prefer(&[]);

    assert!(!page.scrolls_sideways());
    page.viewport(320, 640);
    assert!(page.scrolls_sideways());

    let png = fs::read(page.screenshot("harness", true)).unwrap();
    assert_eq!(png[1..4], *b"PNG");
    let height = u32::from_be_bytes([png[20], png[21], png[22], png[23]]);
    assert!(
        height >= 2000,
        "the picture of the whole page is {height} pixels high"
    );
    let pdf = fs::read(page.print("harness", false)).unwrap();
    assert_eq!(pdf[..5], *b"%PDF-");
    assert_eq!(page.complaints(), [""; 0]);
    assert_eq!(page.requests_that_left(), []);
}

#[test]
fn a_browser_tells_what_a_page_complains_of_and_whom_it_calls() {
    let server = LocalHttp::page(
        "<!doctype html><title>-</title><script src='http://elsewhere.example/a.js'></script>
         <script>console.error('first', 2); console.log('fine'); setTimeout(() => { throw new Error('second') })</script>",
    );
    let script = tempfile::NamedTempFile::new().unwrap();
    fs::write(script.path(), "window.injected = 42").unwrap();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&server.url());
    page.inject(script.path());
    assert_eq!(page.evaluate("Promise.resolve(window.injected)"), 42);

    let complaints = eventually("both complaints arrive", || {
        let all = page.complaints().join("\n");
        (all.contains("first 2") && all.contains("Error: second"))
            .then_some(all.clone())
            .ok_or(all)
    });
    assert!(!complaints.contains("fine"), "{complaints}");
    let left: Vec<String> = page
        .requests_that_left()
        .into_iter()
        .map(|request| request.url)
        .collect();
    assert_eq!(left, ["http://elsewhere.example/a.js"]);
    assert!(page.requests().len() >= 2);
}

#[test]
fn an_accessibility_check_finds_what_is_wrong_and_only_that() {
    let right =
        "<!doctype html><html lang=en><title>A page</title><main><h1>Waiting now</h1></main>";
    let wrong = "<!doctype html><html><title>A page</title><main><h1>Waiting now</h1><img src='data:,'></main>";
    let mut browser = Browser::start();
    let mut page = browser.page();
    let mut rules = |html: &str| -> Vec<String> {
        let server = LocalHttp::page(html);
        page.goto(&server.url());
        let violations = page.accessibility_violations();
        violations.into_iter().map(|found| found.rule).collect()
    };
    assert_eq!(rules(right), [""; 0]);
    assert_eq!(rules(wrong), ["html-has-lang", "image-alt"]);
}

#[test]
fn a_foreign_client_stores_a_message_that_survives_a_kill() {
    let mut server = NatsServer::start(NatsOptions::durable());
    let mut client = NatsClient::connect(&server.address());
    let stream = json!({ "name": "T", "subjects": ["t.>"], "storage": "file" });
    client.jetstream("STREAM.CREATE.T", &stream).unwrap();
    let stored = client
        .request("t.a", &[("Nats-Msg-Id", "1")], b"kept")
        .unwrap();
    assert!(stored.payload.starts_with(b"{\"stream\":\"T\""));
    let error = client.request("elsewhere", &[], b"").unwrap_err();
    assert!(error.contains("nobody listens"), "{error}");

    server.kill9();
    server.restart();
    let mut client = NatsClient::connect(&server.address());
    let get = json!({ "seq": 1 });
    let message = client.jetstream("STREAM.MSG.GET.T", &get).unwrap();
    assert_eq!(message["message"]["data"], "a2VwdA==");
}

#[test]
fn a_wrong_token_is_refused_in_words() {
    let server = NatsServer::start(NatsOptions {
        auth: NatsAuth::Token("of-the-test".into()),
        ..NatsOptions::durable()
    });
    let with = |token: &str| {
        NatsClient::connect_with(&server.address(), &json!({ "auth_token": token })).map(|_| ())
    };
    assert_eq!(with("of-the-test"), Ok(()));
    let error = with("another").unwrap_err();
    assert!(error.contains("Authorization Violation"), "{error}");
}

#[test]
fn a_cut_network_breaks_connections_until_it_heals() {
    let server = NatsServer::start(NatsOptions::durable());
    let proxy = Proxy::start(&server.address());
    let mut client = NatsClient::connect(&proxy.address());
    client.flush().unwrap();

    let mut direct = NatsClient::connect(&server.address());
    let stream = json!({ "name": "T", "subjects": ["t.>"], "storage": "file" });
    direct.jetstream("STREAM.CREATE.T", &stream).unwrap();
    let mut stored = || {
        let info = direct.jetstream("STREAM.INFO.T", &json!(null)).unwrap();
        info["state"]["messages"].as_u64().unwrap()
    };
    proxy.hold();
    client.publish("t.a", &[], b"").unwrap();
    assert_eq!(stored(), 0);
    proxy.heal();
    eventually("what was held arrives", || match stored() {
        1 => Ok(()),
        other => Err(other),
    });

    proxy.cut();
    assert!(client.flush().is_err());
    assert!(NatsClient::connect_with(&proxy.address(), &json!({})).is_err());
    proxy.heal();
    NatsClient::connect(&proxy.address()).flush().unwrap();
}

#[test]
fn a_live_stream_is_read_event_by_event() {
    let server = LocalHttp::start(|_| Reply {
        status: 200,
        content_type: "text/event-stream",
        body: b": hello\n\nevent: moved\nid: 7\ndata: a\ndata: b\n\ndata: c\n\n".to_vec(),
    });
    let events = http::live(&server.url(), &[], |events| events.len() == 2).unwrap();
    assert_eq!(
        (events[0].name.as_str(), events[0].id.as_str()),
        ("moved", "7")
    );
    assert_eq!(
        (events[0].data.as_str(), events[1].data.as_str()),
        ("a\nb", "c")
    );
    let error = http::live(&server.url(), &[], |events| events.len() == 3).unwrap_err();
    assert!(error.contains("ended"), "{error}");
}
