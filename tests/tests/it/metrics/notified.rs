//! Who is notified of what, when: the real Alertmanager with the shipped configuration, and people who listen at the
//! addresses that its receivers have room for.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Datelike, Days, Timelike, Utc};
use chrono_tz::Europe::London;
use joinedup_tests::alertmanager::Alertmanager;
use joinedup_tests::http;
use joinedup_tests::local_http::{LocalHttp, Received};
use joinedup_tests::patience::eventually;
use serde_json::{Value, json};

use super::kept;

/// The shipped configuration with an address for every receiver, and without waiting for others of a group.
pub fn config(told: &LocalHttp) -> String {
    let text = kept("alertmanager.yml")
        .replace("# webhook_configs: ", "webhook_configs: ")
        .replace("http://127.0.0.1:9094", &told.url());
    let line = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        match line.trim_start() {
            rest if rest.starts_with("group_wait: ") => format!("{indent}group_wait: 0s"),
            rest if rest.starts_with("group_interval: ") => format!("{indent}group_interval: 1s"),
            _ => line.to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The same at any hour.
pub fn config_without_hours(told: &LocalHttp) -> String {
    let at_once = config(told);
    let always = at_once.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("active_time_intervals: ")
    });
    always.collect::<Vec<_>>().join("\n")
}

/// What reached people: the receiver, and the alert.
pub fn notices(told: &LocalHttp) -> Vec<(String, Value)> {
    let of = |request: Received| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let alerts = body["alerts"].as_array().unwrap().clone();
        alerts
            .into_iter()
            .map(move |alert| (request.path.clone(), alert))
    };
    told.received().into_iter().flat_map(of).collect()
}

/// Whether an alert has a name and a status.
pub fn is(alert: &Value, name: &str, status: &str) -> bool {
    alert["labels"]["alertname"] == name && alert["status"] == status
}

/// The first notice of an alert with a status, after so many others.
pub fn notice(told: &LocalHttp, after: usize, name: &str, status: &str) -> (String, Value) {
    eventually(&format!("people are told: {name} {status}"), || {
        let mut all = notices(told).into_iter().skip(after);
        all.find(|(_, alert)| is(alert, name, status))
            .ok_or("not yet")
    })
}

/// Now, in UTC.
pub fn instant() -> DateTime<Utc> {
    DateTime::from(SystemTime::now())
}

/// Has alerts fire: labels as `name=value`, with one space between.
fn fire(alertmanager: &Alertmanager, alerts: &[&str]) {
    let one = |alert: &&str| {
        let labels: serde_json::Map<String, Value> = alert
            .split(' ')
            .map(|label| label.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        json!({ "labels": labels })
    };
    let all: Vec<Value> = alerts.iter().map(one).collect();
    let url = format!("{}/api/v2/alerts", alertmanager.url());
    let answer = http::post_json(&url, &Value::from(all)).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn what_another_alert_says_already_is_kept_back_and_a_delay_never_is_for_our_own_trouble() {
    let told = LocalHttp::webhook();
    let alertmanager = Alertmanager::start(&config_without_hours(&told), &[]);
    let operations = "team=operations severity=critical";
    let platform = "team=platform severity=critical";
    let all = |alerts: [(&str, &str); 12]| alerts.map(|(alert, team)| format!("{alert} {team}"));
    let alerts = all([
        (
            "alertname=JoinedupDelaysSevere area=north pathway=discharge-1",
            operations,
        ),
        (
            "alertname=JoinedupDelaysOverTarget area=north pathway=discharge-1",
            operations,
        ),
        (
            "alertname=JoinedupDelaysOverTarget area=south pathway=discharge-1",
            operations,
        ),
        (
            "alertname=JoinedupDelaysOverTarget area=north pathway=discharge-2",
            operations,
        ),
        (
            "alertname=JoinedupUrgentReferralOverdue area=north",
            operations,
        ),
        ("alertname=JoinedupDown instance=a", platform),
        ("alertname=JoinedupMetricsAbsent", platform),
        ("alertname=JoinedupRunChartsDown instance=a", platform),
        ("alertname=JoinedupRunChartsDown instance=b", platform),
        ("alertname=JoinedupLogAway instance=a", platform),
        ("alertname=JoinedupProjectorStalled instance=a", platform),
        ("alertname=JoinedupProjectorStalled instance=b", platform),
    ]);
    let label = |alert: &Value, name: &str| alert["labels"][name].as_str().unwrap_or("").to_owned();
    // Nothing waits for others of its group here, so what keeps back comes before what it keeps back.
    let says_it = ["Severe", "JoinedupDown", "LogAway"];
    let (first, then): (Vec<&str>, Vec<&str>) = alerts
        .iter()
        .map(String::as_str)
        .partition(|alert| says_it.iter().any(|name| alert.contains(name)));
    assert_eq!(first.len(), 3);
    fire(&alertmanager, &first);
    for name in says_it {
        let name = |alert: &Value| label(alert, "alertname").contains(name);
        eventually("people are told of what keeps others back", || {
            let told = notices(&told).iter().any(|(_, alert)| name(alert));
            told.then_some(()).ok_or("not yet")
        });
    }
    fire(&alertmanager, &then);
    let name = |alert: &Value| {
        let parts = ["alertname", "area", "pathway", "instance"].map(|part| label(alert, part));
        parts.join(" ").trim().to_owned()
    };
    let kept_back = BTreeSet::from(
        [
            "JoinedupDelaysOverTarget north discharge-1",
            "JoinedupMetricsAbsent",
            "JoinedupRunChartsDown   a",
            "JoinedupProjectorStalled   a",
        ]
        .map(str::to_owned),
    );
    eventually("the rest is suppressed", || {
        let held = alertmanager.alerts()?;
        let suppressed = held.iter().filter(|a| a["status"]["state"] == "suppressed");
        let suppressed: BTreeSet<String> = suppressed.map(name).collect();
        if held.len() == 12 && suppressed == kept_back {
            Ok(())
        } else {
            Err(format!("{} {suppressed:?}", held.len()))
        }
    });
    let reached = eventually("people are told of the others", || {
        let reached: BTreeSet<String> = notices(&told).iter().map(|(_, a)| name(a)).collect();
        if reached.len() >= 8 {
            Ok(reached)
        } else {
            Err(reached)
        }
    });
    assert!(reached.is_disjoint(&kept_back), "{reached:?}");
}

/// Whether the operations team hears of a warning at once, with the shipped configuration after `change`, and whether the
/// manager on duty does of a ward of people, who are counted from a midnight on; of somebody in a crisis they have to hear in
/// any case.
fn heard_of_delays(change: impl Fn(&str) -> String) -> [bool; 2] {
    let told = LocalHttp::webhook();
    let alertmanager = Alertmanager::start(&change(&config(&told)), &[]);
    let alerts = [
        "alertname=JoinedupDelaysOverTarget area=north team=operations severity=warning",
        "alertname=JoinedupDelaysSevere area=south team=operations severity=critical",
        "alertname=JoinedupUrgentReferralOverdue area=south team=operations severity=critical",
    ];
    fire(&alertmanager, &alerts);
    notice(&told, 0, "JoinedupUrgentReferralOverdue", "firing");
    // All were to be told at once; this is longer than once, also on a busy machine.
    std::thread::sleep(Duration::from_secs(6));
    let heard = |name: &str| {
        let all = notices(&told).into_iter();
        all.filter(|(_, alert)| is(alert, name, "firing")).count() > 0
    };
    ["JoinedupDelaysOverTarget", "JoinedupDelaysSevere"].map(heard)
}

#[test]
fn delays_wait_for_the_hours_in_which_discharges_are_arranged_and_a_crisis_does_not() {
    let hours = "times: [{ start_time: '07:00', end_time: '20:00' }]";
    assert!(config(&LocalHttp::webhook()).contains(hours));
    let now = instant().with_timezone(&London);
    let another = (now.date_naive() + Days::new(3)).weekday();
    let another = match another {
        chrono::Weekday::Mon => "monday",
        chrono::Weekday::Tue => "tuesday",
        chrono::Weekday::Wed => "wednesday",
        chrono::Weekday::Thu => "thursday",
        chrono::Weekday::Fri => "friday",
        chrono::Weekday::Sat => "saturday",
        chrono::Weekday::Sun => "sunday",
    };
    std::thread::scope(|scope| {
        // As shipped, by the clock of London.
        let shipped = scope.spawn(|| heard_of_delays(str::to_owned));
        let closed = scope.spawn(|| {
            heard_of_delays(|text| text.replace(hours, &format!("weekdays: ['{another}']")))
        });
        let open = scope.spawn(|| {
            heard_of_delays(|text| {
                text.replace(hours, "times: [{ start_time: '00:00', end_time: '24:00' }]")
            })
        });
        assert_eq!(open.join().unwrap(), [true; 2], "within hours");
        assert_eq!(closed.join().unwrap(), [false; 2], "out of hours");
        let heard = shipped.join().unwrap();
        // At the very turn of the hour either is right.
        if instant().with_timezone(&London).hour() == now.hour() {
            assert_eq!(heard, [(7..20).contains(&now.hour()); 2], "{now}");
        }
    });
}
