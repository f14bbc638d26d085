//! The whole stack as operations staff have it: nats-server, joinedup on a simulated county, Prometheus and Alertmanager
//! with the repository's own files, of which only addresses and patience are changed. It is disturbed in each way that
//! could pass for calm, and what reaches the people on duty is read.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{Datelike, Days, SecondsFormat, TimeZone};
use chrono_tz::Europe::London;
use joinedup_tests::alertmanager::Alertmanager;
use joinedup_tests::care::{self, today};
use joinedup_tests::http;
use joinedup_tests::local_http::LocalHttp;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::patience::{eventually, eventually_within};
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::prometheus::Prometheus;
use serde_json::Value;

use super::boards::{
    every_query_has_an_answer, every_rule_is_healthy, operations_shows_what_is_counted,
};
use super::feed::{self, Feed, tell};
use super::notified::{config_without_hours, instant, is, notice, notices};
use super::{prometheus, rules};

/// The source whose feed is cut.
const WARD: &str = "/havenshire/north/ward-9";
/// A unitary authority outside the simulated county.
const SOUTHEND: &str = "E06000033";
/// More than the time for which joinedup is down in the test.
const KEEP: &str = "keep_firing_for: 30s";

/// A setting of a file of rules with another patience.
fn impatient(text: String) -> String {
    let line = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        match line.trim_start() {
            rest if rest.starts_with("for: ") => format!("{indent}for: 2s"),
            rest if rest.starts_with("keep_firing_for: ") => format!("{indent}{KEEP}"),
            rest if rest.starts_with("interval: ") => format!("{indent}interval: 2s"),
            _ => line.to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Alertmanager as shipped, telling the test whatever the hour is: office hours have a test of their own.
fn alertmanager(told: &LocalHttp) -> Alertmanager {
    Alertmanager::start(&config_without_hours(told), &[])
}

fn text<'a>(alert: &'a Value, annotation: &str) -> &'a str {
    alert["annotations"][annotation].as_str().unwrap()
}

fn now() -> String {
    instant().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A week that is over and ripe is corrected: it is right in the next scrape, and as it was believed at the time before.
fn a_corrected_week_is_right_at_the_next_scrape(product: &Joinedup, prometheus: &Prometheus) {
    let monday = today() - Days::new(u64::from(today().weekday().num_days_from_monday()) + 42);
    let day = |n: u64| (monday + Days::new(n)).to_string();
    let midnight = monday.and_hms_opt(0, 0, 0).unwrap();
    let start = London.from_local_datetime(&midnight).unwrap().to_utc();
    let week = format!(
        "max(joinedup_run_chart_ratio{{measure=\"tr-delayed-share\", area=\"havenshire\", period_start=\"{}\"}})",
        start.to_rfc3339_opts(SecondsFormat::Secs, true)
    );
    let denominator = week.replace("chart_ratio", "chart_denominator");
    let people = eventually("the week is scraped", || prometheus.single(&denominator));
    // Somebody of whom nothing was known left on the day of being ready, says the hospital at first.
    tell(
        product,
        &care::stay("late", "hv-north-1", &day(0), &day(1), &day(1)),
    );
    eventually("the week has one person more", || {
        let now = prometheus.single(&denominator)?;
        if now == people + 1.0 {
            Ok(())
        } else {
            Err(format!("{now}"))
        }
    });
    let (then, before) = (
        prometheus.single("time()").unwrap(),
        prometheus.single(&week).unwrap(),
    );
    let data = serde_json::json!({ "transfer": "late", "area": "hv-north-1", "method": "agreed" });
    let left = care::event(
        "transfer.discharged.v1",
        "late-corrected",
        &format!("{}T15:00:00Z", day(4)),
        data,
    );
    tell(product, &[left]);
    eventually("the corrected week is scraped", || {
        let now = prometheus.single(&week)?;
        if now > before {
            Ok(())
        } else {
            Err(format!("{now} after {before}"))
        }
    });
    let believed = prometheus.query_range(&week, (then, then), 1).unwrap();
    assert_eq!(believed[0][0].value, before);
}

#[test]
fn whatever_breaks_is_told_of_and_nothing_that_breaks_passes_for_calm() {
    let mut nats = NatsServer::start(NatsOptions::durable());
    // Some twenty seconds: several scrapes of a busy machine, and still soon noticed. A team of the simulated county that has met
    // nobody for some days is silent or not as the day would have it, so nothing is expected of the county.
    let expected = format!("[expected_hours]\n\"{WARD}\" = 0.006\n\"/havenshire/\" = 2400\n");
    let mut product = Joinedup::start(
        JoinedupOptions::on_nats("serve", &nats, &[]).file("joinedup.toml", &expected),
    );
    let simulated = ["simulate", "--months", "6", "--scale", "0.6", "-o", "-"];
    let lines = product::run(simulated).succeeded().to_owned();
    let mut events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // A ward of people who could go home, in one locality.
    events.extend(feed::ready(
        21,
        "hv-north-1",
        &(today() - Days::new(3)).to_string(),
    ));
    // And some in a unitary authority, which has no localities.
    let ready = (today() - Days::new(57)).to_string();
    events.extend(feed::ready(8, SOUTHEND, &ready));
    // One team of the simulated county stopped sending days ago, and somebody has said that this is meant.
    events.push(feed::ended("/havenshire/north/mdt", "havenshire-north"));
    tell(&product, &events);
    let ward = Feed::start(&product, WARD);
    product.caught_up();

    let waiting = product.json("/api/v1/waiting?area=havenshire").unwrap();
    let waiting = waiting["transfers"].as_array().unwrap();
    let long = waiting.iter().any(|row| row["days"].as_i64() >= Some(28));

    let told = LocalHttp::webhook();
    let mut alerts = alertmanager(&told);
    let mut prometheus = prometheus(&product, &alerts.address(), &rules(impatient));
    every_query_has_an_answer(&prometheus);
    operations_shows_what_is_counted(&prometheus);
    every_rule_is_healthy(&prometheus);
    a_corrected_week_is_right_at_the_next_scrape(&product, &prometheus);

    // A ward of people waits, and the manager on duty reads where, for what, since when and what to do.
    let (receiver, severe) = notice(&told, 0, "JoinedupDelaysSevere", "firing");
    assert_eq!(receiver, "/operations-on-duty");
    let summary = text(&severe, "summary");
    assert!(
        summary.contains("from North Havenshire are ready to leave hospital")
            && summary.ends_with("waiting for: home with support"),
        "{summary}"
    );
    let labels: BTreeSet<&str> = severe["labels"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert!(
        labels.iter().all(|label| !label.ends_with("_url")),
        "{labels:?}"
    );
    eventually("the next notice says since when", || {
        let all = notices(&told);
        let now = all
            .iter()
            .rev()
            .find(|(_, alert)| is(alert, "JoinedupDelaysSevere", "firing"));
        let said = text(&now.ok_or("none")?.1, "description").to_owned();
        if said.contains("There have been twenty or more since ") {
            Ok(())
        } else {
            Err("not yet")
        }
    });
    // Whoever waits counts in one place, and a council without localities is alerted to its own people.
    let southend = eventually("Southend is alerted", || {
        let mut all = notices(&told).into_iter().map(|(_, alert)| alert);
        let own = |alert: &Value| {
            is(alert, "JoinedupDelaysOverTarget", "firing") && alert["labels"]["area"] == SOUTHEND
        };
        all.find(own).ok_or("not yet")
    });
    assert!(
        text(&southend, "summary").starts_with("8 people from Southend"),
        "{southend}"
    );
    let overdue =
        "sum(max by (area, pathway, age) (joinedup_overdue_waits{pathway=~\"discharge-.*\"}))";
    let board = |area: &str| {
        let board = product
            .json(&format!("/api/v1/waiting?area={area}"))
            .unwrap();
        let rows = board["transfers"].as_array().unwrap().clone();
        rows.iter()
            .filter(|r| r["days"].as_i64() >= Some(1))
            .count() as f64
    };
    eventually("everybody who is late counts once", || {
        let (counted, listed) = (
            prometheus.single(overdue)?,
            board("havenshire") + board(SOUTHEND),
        );
        if counted == listed {
            Ok(())
        } else {
            Err(format!("{counted} of {listed}"))
        }
    });
    // Every link to the runbook leads to a page with that heading.
    let (page, heading) = text(&severe, "runbook_url").split_once('#').unwrap();
    let runbook = http::get_ok(page).unwrap().text();
    assert!(
        runbook.contains(&format!("<h2 id=\"{heading}\">")),
        "{heading}"
    );

    // joinedup dies. That is told of, and nobody who waits is taken for gone.
    let heard = notices(&told).len();
    product.kill9();
    let (receiver, down) = notice(&told, heard, "JoinedupDown", "firing");
    assert_eq!(receiver, "/platform-on-duty");
    assert!(text(&down, "summary").contains("does not answer"));
    eventually("the numbers are gone", || {
        match prometheus.query("joinedup_open_waits")?.len() {
            0 => Ok(()),
            more => Err(format!("{more}")),
        }
    });
    std::thread::sleep(Duration::from_secs(6));
    let firing = prometheus.firing().unwrap();
    assert!(
        firing.contains(&"JoinedupDelaysSevere".to_owned()),
        "{firing:?}"
    );
    let all_clear = |told: &LocalHttp| {
        let all = notices(told);
        let delays = |alert: &Value| {
            let name = alert["labels"]["alertname"].as_str().unwrap();
            name.starts_with("JoinedupDelays") || name == "JoinedupOldestWait"
        };
        all.into_iter()
            .find(|(_, alert)| alert["status"] == "resolved" && delays(alert))
    };
    assert_eq!(all_clear(&told), None);
    product.restart();
    notice(&told, heard, "JoinedupDown", "resolved");
    assert_eq!(all_clear(&told), None);

    // The feed of one source dies, and that source is named, with its place, and no other.
    eventually("nothing is silent", || {
        match prometheus
            .query("ALERTS{alertname=\"JoinedupSourceSilent\", alertstate=\"firing\"}")?
            .len()
        {
            0 => Ok(()),
            more => Err(format!("{more}")),
        }
    });
    let heard = notices(&told).len();
    ward.kill();
    let silent = eventually("the silent source is told of", || {
        let new = notices(&told).split_off(heard);
        let new: Vec<Value> = new
            .into_iter()
            .map(|(_, alert)| alert)
            .filter(|alert| is(alert, "JoinedupSourceSilent", "firing"))
            .collect();
        if new.is_empty() {
            Err("not yet")
        } else {
            Ok(new)
        }
    });
    let named: BTreeSet<&str> = silent
        .iter()
        .map(|alert| alert["labels"]["source"].as_str().unwrap())
        .collect();
    assert_eq!(named, BTreeSet::from([WARD]));
    let summary = text(&silent[0], "summary");
    assert!(
        summary.ends_with(&format!("from {WARD}, which reports on North Havenshire")),
        "{summary}"
    );

    // People go home, the feed comes back, and everything is started again.
    tell(&product, &feed::ends(&events, &now()));
    product.sigterm();
    nats.restart();
    product.restart();
    prometheus.crash_and_restart();
    alerts.crash_and_restart();
    let _ward = Feed::start(&product, WARD);
    // What charts say to their teams, and old referrals without a visit, are news of the simulated county; nothing is broken. So is the
    // alert of a long wait, where the county of this day had one.
    // By night, when nobody hears an end, alerts of delays and of a long wait stand until the morning.
    let but_news = |names: Vec<String>, is_night: bool| -> BTreeSet<String> {
        let is_news = |name: &String| {
            let of_the_county = [
                "JoinedupRunChartConcern",
                "JoinedupRunChartImprovement",
                "JoinedupUrgentReferralUnrecorded",
            ];
            of_the_county.contains(&name.as_str())
                || (long || is_night) && name == "JoinedupOldestWait"
                || is_night && name.starts_with("JoinedupDelays")
        };
        names.into_iter().filter(|name| !is_news(name)).collect()
    };
    let calm = BTreeSet::from(["JoinedupWatchdog".to_owned()]);
    eventually_within(Duration::from_secs(90), "only the watchdog barks", || {
        let clock = prometheus.single("london:seconds_of_day:now")?;
        let is_night = !(7.0 * 3600.0..19.5 * 3600.0).contains(&clock);
        let firing = but_news(prometheus.firing()?, is_night);
        let held = alerts.alerts()?;
        let held = held.iter().map(|alert| &alert["labels"]["alertname"]);
        let held = held.filter_map(Value::as_str).map(str::to_owned);
        let held = but_news(held.collect(), is_night);
        if firing == calm && held == calm {
            Ok(())
        } else {
            let all = prometheus.query("ALERTS{alertstate=\"firing\"}")?;
            Err(format!("{firing:?} {held:?} of {all:?}"))
        }
    });
}
