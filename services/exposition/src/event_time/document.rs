//! `grafana/EVENT_TIME.md`, made from the tables.

use super::{MAX_CHARTS, MAX_SERIES, labels, metrics};
use joinedup_promql::eval::MAX_VALUES;
use joinedup_promql::guard;
use joinedup_promql::subset;

/// The document.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(HEAD);
    text.push_str("\n## Metrics\n\n| name | labels | says |\n|---|---|---|\n");
    for metric in metrics() {
        let name = if metric.by_unit {
            format!("{}_*unit*", metric.name)
        } else {
            metric.name.to_owned()
        };
        let labels: Vec<String> = labels(metric).map(|l| format!("`{l}`")).collect();
        text.push_str(&format!(
            "| {name} | {} | {} |\n",
            labels.join(", "),
            metric.help
        ));
    }
    text.push_str(
        "\nUnits, and the same series as they are at a scrape: [METRICS.md](METRICS.md). The sample of a round of ratings\n\
         is at the midnight of its publication; of an improvement cycle, at its start or finish; names (`…_info`)\n\
         hold from 1970 on. Of a signal every judged period has every rule here, with 0 or 1.\n\n## PromQL\n\n",
    );
    text.push_str(&subset::document());
    text.push_str(&format!(
        "{TAIL}\n- {} KiB of query, brackets {} deep, {} operators, {} regular expressions.\n",
        guard::MAX_QUERY_LENGTH / 1_024,
        guard::DEEPEST,
        guard::OPERATORS,
        guard::PATTERNS
    ));
    text.push_str(&format!("- {MAX_CHARTS} charts and {MAX_SERIES} series a selector, {MAX_VALUES} values (series × instants) a part of a query.\n"));
    text
}

const HEAD: &str = "# Run charts on event time

Written by `cargo run -p joinedup-boards` from the tables in `services/exposition/src/event_time.rs` and
`services/promql/src/subset.rs`; a test fails when they differ.

`http://…:8080/prometheus` answers as a Prometheus server does, so that Grafana's own Prometheus datasource can be pointed
at it (`provisioning/datasources/joinedup.yaml` has it as *joinedup views (event time)*). It is a view of the events and no
store of scrapes: history is whole from the first event, a corrected week is right at the next question, and nothing need be
scraped. Values are those of `/api/v1/charts`, small numbers suppressed in the same way; the token needs the role `reader`
(with `operator`, numbers are as they are there for operators).

## Time

- A period's value is a sample at the instant at which the period begins in London (Monday, 00:00; in UTC an hour earlier in
  summer), and holds until the period is over. A query at an instant gives what belongs to the period around it; there is no
  look-back of five minutes. `lookback_delta` shortens how long a sample holds.
- Four different things: zero is `0`; a *missing* or *suppressed* period has no sample and the one before does not reach
  into it; a *provisional* or unfinished one is in `joinedup_run_chart_provisional_…` alone. `joinedup_run_chart_period_state`
  says which it is, for every expected period.
- So `joinedup_run_chart_ratio` has no value *now*: this week is not over. Ask `last_over_time(joinedup_run_chart_ratio[8w])`, or
  `joinedup_run_chart_latest_ratio`. What a chart says now (`…_latest_…`, `…_alert`, `…_run_length`) begins with its latest
  judged period and has no end.
- Exact points: a query of *Type: Instant, Format: Table* for `joinedup_run_chart_ratio{measure=\"…\", area=\"…\"}[$__range]`
  gives one point a period, where it begins; the transformation *Grouping to matrix* (rows `Time`, columns `__name__`)
  makes lines of them. As *Time series* Grafana draws no line, because the points are further apart than its step. A range
  query gives the value in force at each step; Grafana puts steps of a week on Thursdays, so take a step of a day.
- Range selectors are open on the left, as in Prometheus 3: `[1w]` at a Monday, 00:00, holds the sample of that moment and not
  the one of the Monday before.

`dashboards/history.json` asks it. The boards of run charts and of leaders ask for `period_start`, operations and the pipeline for
numbers of now: those stay with the Prometheus that scrapes, and asked here they are refused in a sentence instead of being
drawn empty. For the same reason a metric that is not in the table below is refused, where Prometheus would find nothing.

Never alert on it: alerts are Prometheus's, over `/metrics`, with the absence of joinedup itself noticed. That is why `rules` and
`alerts` are refused here instead of saying that there are none.
";

const TAIL: &str = "
Everything else is refused in a sentence, in Prometheus's form. Values are evaluated as by Prometheus 3; sums are compensated, so
the last digit may differ between versions. Regular expressions are RE2's; escapes that the two libraries read differently
are refused.

## Calls

| call | answer |
|---|---|
| `query`, `query_range` (GET, POST) | as Prometheus's; `time`, `start`, `end`, `step`, `timeout`, `lookback_delta`; `stats` and `limit` are refused |
| `labels`, `label/<name>/values`, `series` (GET, POST) | what says something of any moment between `start` and `end`; `match[]`, `limit` (cut short with a warning, as Prometheus does); over more than 200 charts `labels` and label values are those that the charts can have, whether any period has them or not |
| `metadata` | `metric`, `limit`, `limit_per_metric` |
| `status/buildinfo` | the version of Prometheus whose API this is, and joinedup's own |
| `query_exemplars` | none: there are no exemplars |
| `rules`, `alerts`, `targets`, `format_query`, `parse_query` and all others | refused |

## Bounds

- 11,000 instants a query, as Prometheus; 10 seconds, or `timeout`; four questions at a time, the others wait.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_what_is_made_here() {
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grafana/EVENT_TIME.md");
        assert!(
            std::fs::read_to_string(file).unwrap() == document(),
            "grafana/EVENT_TIME.md is old: cargo run -p joinedup-boards"
        );
    }
}
