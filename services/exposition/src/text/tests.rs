//! Charts in the text format of Prometheus: values, states, and the ceiling on series.

use super::super::run_charts::ShownPeriod;
use super::*;

fn written(charts: &[Shown], ratings: &[Rating], position: u64, most: usize) -> String {
    let mut text = String::new();
    write(charts, ratings, position, most, &mut |piece| {
        text.push_str(piece)
    });
    text
}

fn chart(name: &str, periods: usize) -> Shown {
    Shown {
        labels: format!("measure=\"{name}\",area=\"a\",period=\"week\""),
        unit: Unit::Ratio,
        periods: (0..periods)
            .map(|age| ShownPeriod {
                begins: chrono::DateTime::UNIX_EPOCH,
                ends: chrono::DateTime::UNIX_EPOCH,
                start: format!("2026-01-{:02}T00:00:00Z", 28 - age),
                state: "final",
                why_absent: None,
                values: [Some(0.25), None, Some(0.0), None, None, None, Some(8.0)],
                signals: if age == 0 {
                    vec![("shift", 1), ("trend", 0)]
                } else {
                    Vec::new()
                },
                variation: "concern_high",
            })
            .collect(),
        alert: Some((true, "concern_high")),
        alert_since: Some(chrono::DateTime::UNIX_EPOCH),
        run_length: Some(-3),
        values: [Some(0.25), None, Some(0.5)],
    }
}

fn lines<'a>(text: &'a str, beginning: &str) -> Vec<&'a str> {
    text.lines()
        .filter(|line| line.starts_with(beginning))
        .collect()
}

#[test]
fn a_zero_is_written_and_what_is_missing_is_not() {
    let text = written(&[chart("m", 1)], &[], 7, 100);
    assert_eq!(
        lines(&text, "joinedup_run_chart_median_ratio"),
        [
            "joinedup_run_chart_median_ratio{measure=\"m\",area=\"a\",period=\"week\",period_start=\"2026-01-28T00:00:00Z\"} 0"
        ]
    );
    assert_eq!(
        lines(&text, "joinedup_run_chart_ratio{")[0]
            .rsplit(' ')
            .next(),
        Some("0.25")
    );
    assert!(lines(&text, "joinedup_run_chart_provisional").is_empty());
    assert_eq!(lines(&text, "joinedup_run_chart_signal{").len(), 2);
    assert_eq!(
        lines(&text, "joinedup_run_chart_position"),
        ["joinedup_run_chart_position 7"]
    );
}

#[test]
fn a_period_without_a_value_says_whether_it_is_missing_or_suppressed() {
    let mut one = chart("m", 3);
    for (period, why) in one.periods.iter_mut().zip(["missing", "suppressed"]) {
        period.values = [None; PER_PERIOD.len()];
        period.signals = Vec::new();
        period.why_absent = Some(why);
    }
    let text = written(&[one], &[], 0, 100);
    let labels =
        "joinedup_run_chart_period_state{measure=\"m\",area=\"a\",period=\"week\",period_start=";
    assert_eq!(
        lines(&text, "joinedup_run_chart_period_state{"),
        [
            format!("{labels}\"2026-01-28T00:00:00Z\",state=\"missing\"}} 1"),
            format!("{labels}\"2026-01-27T00:00:00Z\",state=\"suppressed\"}} 1"),
        ]
    );
    assert_eq!(lines(&text, "joinedup_run_chart_ratio{").len(), 1);
    assert_eq!(
        lines(&text, "joinedup_run_chart_series"),
        ["joinedup_run_chart_series 5"]
    );
}

#[test]
fn the_series_of_a_name_stand_together_under_one_head() {
    let text = written(&[chart("m", 3), chart("n", 2)], &[], 0, 100);
    let mut seen = std::collections::BTreeSet::new();
    for line in lines(&text, "# TYPE") {
        assert!(seen.insert(line.to_owned()), "{line} twice");
    }
    let mut name = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            name = rest.split(' ').next().unwrap();
        } else if !line.starts_with('#') {
            assert_eq!(line.split(['{', ' ']).next(), Some(name));
        }
    }
}

#[test]
fn above_the_ceiling_the_oldest_periods_of_all_charts_are_left_out_and_counted() {
    let charts = [chart("m", 4), chart("n", 2)];
    // The latest period makes five series in each chart, earlier ones three; a chart makes five more of its own.
    let text = written(&charts, &[], 0, 17 + 10);
    assert_eq!(
        lines(&text, "joinedup_run_chart_series"),
        ["joinedup_run_chart_series 16"]
    );
    assert_eq!(
        lines(&text, "joinedup_run_chart_truncated_series"),
        ["joinedup_run_chart_truncated_series 6"]
    );
    assert_eq!(lines(&text, "joinedup_run_chart_ratio{").len(), 4);
    assert_eq!(
        lines(&text, "joinedup_run_chart_periods{state=\"final\"}"),
        ["joinedup_run_chart_periods{state=\"final\"} 4"]
    );
}

#[test]
#[ignore = "measures; run by hand in release"]
fn what_a_series_costs() {
    let charts: Vec<Shown> = (0..2_000)
        .map(|n| chart(&format!("measure-{n}"), 28))
        .collect();
    let series: usize = series_by_age(&charts).iter().sum();
    let started = std::time::Instant::now();
    let text = written(&charts, &[], 0, usize::MAX);
    let took = started.elapsed();
    println!(
        "{series} series, {} bytes, {} ns a series",
        text.len(),
        took.as_nanos() / series as u128
    );
    assert!(text.len() > series);
}
