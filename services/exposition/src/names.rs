//! Every metric in one table: what it is called, what it is of, what its labels are. The exposition, its documentation
//! (`grafana/METRICS.md`) and the tests of dashboards and rules all read it.

use super::unit::Unit;

/// Gauge or counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up, but for a restart or a rebuild.
    Counter,
}

impl Kind {
    /// The word of the text format.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }
}

/// Where a metric is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/metrics`.
    Light,
    /// `/metrics` for the role operator alone: what moves with each event, and so with each person.
    Now,
    /// `/metrics/run-charts`.
    RunCharts,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name, or the beginning of its names when there is one for each unit.
    pub name: &'static str,
    /// One name for each [`Unit`].
    pub by_unit: bool,
    /// Gauge or counter.
    pub kind: Kind,
    /// Where it is shown.
    pub path: Path,
    /// Its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

impl Metric {
    /// Its name for a unit; a metric that is not by unit has one name.
    #[must_use]
    pub fn name_for(&self, unit: Option<Unit>) -> String {
        match unit.filter(|_| self.by_unit) {
            Some(unit) => format!("{}_{}", self.name, unit.suffix()),
            None => self.name.to_owned(),
        }
    }

    /// What it says, with its unit and who is shown it.
    #[must_use]
    pub fn help_for(&self, unit: Option<Unit>) -> String {
        match (unit.filter(|_| self.by_unit), self.path) {
            (Some(unit), _) => format!("{} In {}.", self.help, unit.words()),
            (None, Path::Now) => format!("{} With the role operator alone.", self.help),
            (None, _) => self.help.to_owned(),
        }
    }

    /// All its names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        if self.by_unit {
            Unit::ALL
                .iter()
                .map(|unit| self.name_for(Some(*unit)))
                .collect()
        } else {
            vec![self.name.to_owned()]
        }
    }
}

macro_rules! metrics {
    ($( $id:ident = $kind:ident $path:ident $name:literal $unit:tt [$($label:literal),*] $help:literal; )+) => {
        $(
            #[doc = $help]
            pub static $id: Metric = Metric {
                name: $name, by_unit: metrics!(@ $unit), kind: Kind::$kind, path: Path::$path,
                labels: &[$($label),*], help: $help,
            };
        )+
        /// All of them, in the order of the documentation.
        pub static ALL: &[&Metric] = &[$( &$id ),+];
    };
    (@ unit) => { true };
    (@ one) => { false };
}

metrics! {
    BUILD = Gauge Light "joinedup_build_info" one ["version", "revision"]
        "Always 1: which program this is.";
    STARTED = Gauge Light "process_start_time_seconds" one []
        "When the process started, in seconds since 1970.";
    MEMORY = Gauge Light "process_resident_memory_bytes" one []
        "Memory that the process holds.";
    CPU = Counter Light "process_cpu_seconds_total" one []
        "Processor time that the process has used.";
    FILES = Gauge Light "process_open_fds" one []
        "Files and connections that the process has open.";

    READY = Gauge Light "joinedup_ready" one ["check"]
        "1 where a thing holds without which the server is not ready, else 0; /readyz?verbose says why. Of the views: views, lag, saved, areas (every place that is reported on is known). Of the log: log (it answers), writing (it takes events), records (none is lost or damaged).";
    EXPIRES = Gauge Now "joinedup_credential_expires_timestamp_seconds" one ["credential", "name"]
        "When something to come in with is no longer good: credential is token, with its name in the settings; certificate, with server or the name of the feed; or login, of the file of credentials for nats.";
    ARCHIVED = Gauge Now "joinedup_archive_continued_timestamp_seconds" one []
        "When an archive was last continued from this process to the end of the log (export --into); there once that has happened since the start.";
    CHECKED = Gauge Now "joinedup_log_checked_position" one []
        "How far the slow check of the whole log has come, which begins again every day.";
    CHECKS = Counter Light "joinedup_log_checks_total" one []
        "How often the whole log was read and found whole since the process started.";

    PUBLISHED = Counter Now "joinedup_events_published_total" one []
        "Events stored in the log by this process since it started.";
    BY_LATENESS = Counter Now "joinedup_events_by_lateness_total" one ["late_by"]
        "The same events by how long after they happened they were recorded: a minute at most, more than that and an hour at most, and so on.";
    DUPLICATES = Counter Now "joinedup_events_duplicates_total" one []
        "Events that the log already knew when this process published them.";
    REJECTED = Counter Now "joinedup_events_rejected_total" one []
        "Events refused at entry by this process since it started.";
    UNCONFIRMED = Counter Now "joinedup_events_unconfirmed_total" one []
        "Events whose storing the log did not confirm to this process; their sender was asked to try again.";

    FOLDED = Counter Now "joinedup_events_folded_total" one ["projector"]
        "Events in the view, repeats included, from the beginning of the log.";
    REPEATS = Counter Now "joinedup_events_repeated_total" one ["projector"]
        "Events folded that the view already knew: they change nothing.";
    CONFLICTS = Counter Now "joinedup_events_conflicting_total" one ["projector"]
        "Events folded whose id was known with other content.";
    RETRACTIONS = Counter Now "joinedup_events_retracted_total" one ["projector"]
        "Retractions folded: facts that their source took back.";
    LATE = Counter Now "joinedup_events_late_total" one ["projector"]
        "Events folded that were recorded a week or more after they happened.";
    QUARANTINED = Gauge Light "joinedup_projector_quarantined_events" one ["projector"]
        "Events set aside because they could not be read. Each is missing from every chart; one that its source has sent anew, right, is counted here all the same.";
    LAST_QUARANTINED = Gauge Now "joinedup_projector_last_quarantined_timestamp_seconds" one ["projector"]
        "When the log stored the latest of the events set aside; 0 where there are none.";

    STATE = Gauge Light "joinedup_projector_state" one ["projector", "state"]
        "1 for the state that the projector is in, 0 for the others.";
    POSITION = Gauge Now "joinedup_projector_position" one ["projector"]
        "The position of the last event folded.";
    COMMITTED = Gauge Now "joinedup_projector_committed_position" one ["projector"]
        "The position up to which the view is on disk.";
    HEAD = Gauge Now "joinedup_log_head_position" one []
        "The position of the last event in the log, as far as the projector knows.";
    PENDING = Gauge Now "joinedup_projector_pending_events" one ["projector"]
        "Positions between the last event folded and the end of the log.";
    LAG = Gauge Now "joinedup_projector_lag_seconds" one ["projector"]
        "The age of the oldest event that is not folded, since the log stored it; 0 at the end of the log.";
    PROGRESS = Gauge Now "joinedup_projector_last_progress_timestamp_seconds" one ["projector"]
        "When the projector last moved, or found that there was nothing to do.";
    WATERMARK = Gauge Now "joinedup_projector_watermark_timestamp_seconds" one ["projector"]
        "The newest time at which anything folded happened.";
    REBUILDS = Counter Light "joinedup_projector_rebuilds_total" one ["projector"]
        "How often the view was rebuilt from the log since the process started.";
    REBUILDING = Gauge Now "joinedup_projector_rebuild_position" one ["projector"]
        "How far a rebuild beside the served view is; absent when none runs.";
    ENTITIES = Gauge Now "joinedup_view_entities" one ["projector"]
        "Transfers, referrals, ratings, answers, changes and observations in the view.";

    SOURCE_LAST = Gauge Now "joinedup_source_last_event_timestamp_seconds" one ["source", "area"]
        "Up to when a source has reported on an area: as it says itself, or else when it last recorded anything.";
    SOURCE_EVENTS = Counter Now "joinedup_source_events_total" one ["source", "area"]
        "Events folded from a source for an area.";
    SOURCE_EXPECTED = Gauge Now "joinedup_source_expected_interval_seconds" one ["source"]
        "How long after a report the next one of a source is expected: as the setting expected_hours says, else as the source's own rhythm shows where it reports transfers or referrals; absent where nothing is expected.";

    CONTRADICTIONS = Gauge Light "joinedup_contradictions" one ["source", "kind"]
        "How often records of a source contradict others about the same person or change, such as a discharge before the admission, and nothing has resolved it yet; of those concerned the record that came last counts. Without the role operator: recorded before today, to the nearest five, and absent from 1 to 7.";

    MEASURE_INFO = Gauge Light "joinedup_measure_info" one ["measure", "title", "unit", "better", "outcome", "period", "owner"]
        "Always 1, once for each outcome that a measure serves: what it is called, which way is better.";
    AREA_INFO = Gauge Light "joinedup_area_info" one ["area", "title", "kind", "parent"]
        "Always 1, once for each larger area that an area belongs to: what it is called.";

    AREA_ORDER = Gauge Light "joinedup_area_order" one ["area"]
        "Where an area stands in lists of places, as on pages: 1 for the area that holds the others, then the larger before the smaller.";
    OUTCOME_INFO = Gauge Light "joinedup_outcome_info" one ["outcome", "outcome_title"]
        "Always 1, once for each outcome that a measure serves: what it is called.";
    ELEMENT_INFO = Gauge Light "joinedup_element_info" one ["framework", "framework_title", "element", "element_title"]
        "Always 1, once for each element that is rated: what it and its framework are called.";

    MEASURE = Gauge Light "joinedup_measure" unit ["measure", "area", "window"]
        "A measure over the last 7, 28 or 91 days, worked out anew from every case in them; a stock at this moment has the window now. Days whose cases could not all have ended yet are left out at the end, and nights that have not passed.";
    MEASURE_CASES = Gauge Light "joinedup_measure_cases" one ["measure", "area", "window"]
        "What stands behind a measure's window: the number of cases of a median, or what a share or a rate is divided by.";
    MEASURE_GOAL = Gauge Light "joinedup_measure_goal" unit ["measure", "area"]
        "The goal in force for a measure in an area.";

    WAITS = Gauge Now "joinedup_open_waits" one ["pathway", "area", "state"]
        "People waiting now to leave hospital (pathway discharge-…) or for a first contact (pathway referral-…). State: within_target, over_target, or no_target where no standard holds. Not there where no source reports on an area: nobody known is not nobody waiting.";
    OLDEST = Gauge Now "joinedup_open_wait_oldest_start_timestamp_seconds" one ["pathway", "area"]
        "When the longest of the open waits began: midnight of the day for a discharge, the quarter of an hour for a referral.";
    OVERDUE = Gauge Now "joinedup_overdue_waits" one ["pathway", "area", "age"]
        "People past the time in which they should have left hospital or been seen, each in one area alone: the nearest to their home that somebody answers for (locality, else trust, unitary authority, county and so on). Age: under_a_day or a_day_or_more since the wait began. Alerts count these.";
    OVERDUE_OLDEST = Gauge Now "joinedup_overdue_wait_oldest_start_timestamp_seconds" one ["pathway", "area", "age"]
        "When the longest of the waits of joinedup_overdue_waits of the same age began.";
    OVERDUE_NEWEST = Gauge Now "joinedup_overdue_wait_newest_start_timestamp_seconds" one ["pathway", "area", "age"]
        "When the shortest of the waits of joinedup_overdue_waits of the same age began.";
    PATHWAY_INFO = Gauge Now "joinedup_pathway_info" one ["pathway", "waits_for"]
        "Always 1: what those on a pathway wait for, in words.";
    WAIT_TARGET = Gauge Now "joinedup_wait_target_seconds" one ["pathway"]
        "How long a wait may be. A discharge is due by midnight of the day on which the person is ready.";
    DELAYS = Gauge Now "joinedup_open_delays" one ["area", "reason", "reason_title", "responsible"]
        "People ready to leave hospital and still there after at least one night, by reason and by whose move it is.";

    LEVEL = Gauge Light "joinedup_assessment_level" one ["area", "framework", "element"]
        "The level last published: in the logic model 1 red, 2 red/amber, 3 amber, 4 amber/green, 5 green.";
    AMBITION = Gauge Light "joinedup_assessment_ambition_level" one ["area", "framework", "element"]
        "The level that an area wants to reach.";
    CYCLE_START = Gauge Light "joinedup_improvement_cycle_start_timestamp_seconds" one ["cycle", "measure", "area", "title"]
        "When an improvement cycle began, once for each measure that it should move.";
    CYCLE_FINISH = Gauge Light "joinedup_improvement_cycle_finish_timestamp_seconds" one ["cycle", "measure", "area", "title"]
        "When an improvement cycle ended, once for each measure that it should move.";

    RUN_CHART = Gauge RunCharts "joinedup_run_chart" unit ["measure", "area", "period", "period_start"]
        "The value of a period that is over and ripe. Missing and suppressed periods are absent, a zero is 0.";
    PROVISIONAL = Gauge RunCharts "joinedup_run_chart_provisional" unit ["measure", "area", "period", "period_start"]
        "The value of a period that is not over or not yet ripe, kept apart so that it does not read as a fall.";
    MEDIAN = Gauge RunCharts "joinedup_run_chart_median" unit ["measure", "area", "period", "period_start"]
        "The centre line at a period: the median on a run chart, the mean on a chart of individual values.";
    GOAL = Gauge RunCharts "joinedup_run_chart_goal" unit ["measure", "area", "period", "period_start"]
        "The goal in force.";
    LIMIT_LOWER = Gauge RunCharts "joinedup_run_chart_lower_limit" unit ["measure", "area", "period", "period_start"]
        "The lower control limit, on charts that have limits.";
    LIMIT_UPPER = Gauge RunCharts "joinedup_run_chart_upper_limit" unit ["measure", "area", "period", "period_start"]
        "The upper control limit, on charts that have limits.";
    DENOMINATOR = Gauge RunCharts "joinedup_run_chart_denominator" one ["measure", "area", "period", "period_start"]
        "How many cases a period's value is out of, or how many stand behind it; for a rate what it is divided by, such as days or hundreds of thousands of people.";
    SIGNAL = Gauge RunCharts "joinedup_run_chart_signal" one ["measure", "area", "period", "period_start", "rule", "variation"]
        "1 where a chart rule is met: shift, trend, long_run, level_change, few_crossings, astronomical, two_in_three. The latest judged period has every rule, with 0 where it is not met; earlier ones only those met. A rule of the whole chart, such as few_crossings, is said of its latest judged period. Variation is what the period's point means, by the first of its rules, and is left out on event time.";
    ALERT = Gauge RunCharts "joinedup_run_chart_alert" one ["measure", "area", "period", "variation"]
        "1 when the latest judged period of a chart is worth telling its team, else 0; with the kind of variation.";
    ALERT_SINCE = Gauge RunCharts "joinedup_run_chart_alert_start_timestamp_seconds" one ["measure", "area", "period"]
        "Of a chart that is worth telling: when the first period began since which its level is another. Absent where only a rule of the whole chart is met.";
    PERIOD_STATE = Gauge RunCharts "joinedup_run_chart_period_state" one ["measure", "area", "period", "period_start", "state"]
        "1 for the state that a period is in: final, provisional, incomplete, missing (nothing was reported), empty (reported, and nobody waited or too few for a value), suppressed (small numbers). A scrape has it for periods without a value, to say why there is none (of a chart without any value, for its latest period alone); on event time every period has every state, with 0 where it is not in it.";
    RUN_LENGTH = Gauge RunCharts "joinedup_run_chart_run_length" one ["measure", "area", "period"]
        "How many of the latest judged periods lie on one side of the centre line; below 0 when they lie under it.";
    LATEST = Gauge RunCharts "joinedup_run_chart_latest" unit ["measure", "area", "period"]
        "The value of the latest period that is over and ripe.";
    MEDIAN_FIRST = Gauge RunCharts "joinedup_run_chart_first_median" unit ["measure", "area", "period"]
        "The centre line that a chart began with.";
    MEDIAN_LATEST = Gauge RunCharts "joinedup_run_chart_latest_median" unit ["measure", "area", "period"]
        "The centre line that a chart has now.";
    ROUND_LEVEL = Gauge RunCharts "joinedup_assessment_round_level" one ["area", "framework", "element", "round", "period_start"]
        "The level that was published in a round of ratings; period_start is when.";
    POINTS = Gauge RunCharts "joinedup_run_chart_periods" one ["state"]
        "Periods of all charts by state: final, provisional, incomplete, missing, empty, suppressed.";
    SERIES = Gauge RunCharts "joinedup_run_chart_series" one []
        "Period-labelled series in this exposition.";
    TRUNCATED = Gauge RunCharts "joinedup_run_chart_truncated_series" one []
        "Period-labelled series left out, the oldest first, because all series together would be more than run_chart_series.";
    AS_OF = Gauge RunCharts "joinedup_run_chart_position" one []
        "The position in the log that the charts are of: for the role operator that of now, for others that of their edition, which the charts of people are of.";

}

/// The documentation of the metrics, as Markdown.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(HEAD_OF_DOCUMENT);
    for (path, title) in [
        (Path::Light, "`/metrics`"),
        (Path::Now, "`/metrics`, for the role operator alone"),
        (Path::RunCharts, "`/metrics/run-charts`"),
    ] {
        text.push_str(&format!(
            "\n## {title}\n\n| name | type | labels | says |\n|---|---|---|---|\n"
        ));
        for metric in ALL.iter().filter(|m| m.path == path) {
            let name = if metric.by_unit {
                format!("{}_*unit*", metric.name)
            } else {
                metric.name.to_owned()
            };
            let labels: Vec<String> = metric.labels.iter().map(|l| format!("`{l}`")).collect();
            text.push_str(&format!(
                "| {name} | {} | {} | {} |\n",
                metric.kind.word(),
                labels.join(", "),
                metric.help
            ));
        }
    }
    text.push_str("\n## Units\n\n| ending | unit |\n|---|---|\n");
    for unit in Unit::ALL {
        text.push_str(&format!("| `_{}` | {} |\n", unit.suffix(), unit.words()));
    }
    text
}

const HEAD_OF_DOCUMENT: &str = "# Metrics

Written by `cargo run -p joinedup-boards` from the table in `services/exposition/src/names.rs`; a test fails
when the two differ.

- One unit a name: a name that ends in *unit* below exists once for each unit that a measure has. Durations are in
  seconds, whatever unit people read on the page.
- `period_start` is the instant at which a period begins in London, in UTC: a week of summer begins at
  `2026-07-05T23:00:00Z`. Show it in the zone Europe/London, and every week begins on Monday, 00:00.
- Five different things: zero is `0`; *missing*, *empty* (reported, and nothing to make a value of) and *suppressed*
  periods have no value, and `joinedup_run_chart_period_state` says of each of them which it is; *provisional* and unfinished periods have names of
  their own. `joinedup_run_chart_periods` counts them all.
- People are counted exactly for localities and everything above. Neighbourhoods and hospitals appear only on
  `/metrics/run-charts`, only with periods that are over, and after small numbers are suppressed or rounded.
- A moment is a Unix time and not an age, so that an age goes on growing when this program stalls.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_metrics_share_a_name() {
        let mut names: Vec<String> = ALL.iter().flat_map(|m| m.names()).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn only_counters_end_in_total_and_only_constants_in_info() {
        for metric in ALL {
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
            assert!(
                metric.help.ends_with('.'),
                "{} has no sentence",
                metric.name
            );
        }
    }

    #[test]
    fn every_metric_is_in_the_document() {
        let text = document();
        for metric in ALL {
            let row = format!(
                "| {}{} |",
                metric.name,
                if metric.by_unit { "_*unit*" } else { "" }
            );
            assert_eq!(text.matches(&row).count(), 1, "{}", metric.name);
        }
    }

    #[test]
    fn the_document_is_that_of_the_table() {
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grafana/METRICS.md");
        let kept = std::fs::read_to_string(&file).unwrap();
        assert!(
            kept == document(),
            "grafana/METRICS.md is old: cargo run -p joinedup-boards"
        );
    }
}
