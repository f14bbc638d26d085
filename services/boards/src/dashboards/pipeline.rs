//! The pipeline: for those who keep it running.

use super::parts::{self, DAYS, counts, lines, stat, table};
use serde_json::{Value, json};

pub fn dashboard() -> Value {
    let rate = |metric: &str| format!("rate({metric}[$__rate_interval])");
    let silent = format!(
        "(time() - max by (source, area) (joinedup_source_last_event_timestamp_seconds)) / {DAYS}"
    );
    let panels = vec![
        stat("State", "What the projector is doing.", (0, 0), (4, 4))
            .now("max by (state) (joinedup_projector_state == 1)", "{{state}}")
            .option("textMode", json!("name"))
            .done(),
        stat("Not yet folded", "Positions between the last event folded and the end of the log.", (4, 0), (4, 4))
            .now("sum(joinedup_projector_pending_events)", "")
            .done(),
        stat("Lag", "For how long there has been something to fold.", (8, 0), (4, 4))
            .now("max(joinedup_projector_lag_seconds)", "")
            .field("unit", json!("s"))
            .done(),
        stat("Heartbeat", "When the projector last moved, or found nothing to do.", (12, 0), (4, 4))
            .now("max(joinedup_projector_last_progress_timestamp_seconds) * 1000", "")
            .field("unit", json!("dateTimeFromNow"))
            .done(),
        stat("Rejected data", "Events that could not be read.", (16, 0), (4, 4)).now("sum(joinedup_projector_quarantined_events)", "").done(),
        stat("Rebuilds", "Views rebuilt since the start.", (20, 0), (4, 4)).now("sum(joinedup_projector_rebuilds_total)", "").done(),
        lines("Events folded", "Events a second that reach the view.", (0, 4), (12, 8))
            .over_time(&rate("joinedup_events_folded_total"), "folded")
            .over_time(&rate("joinedup_events_published_total"), "published here")
            .field("unit", json!("short"))
            .done(),
        lines("Positions", "The end of the log, the view, and what of it is on disk.", (12, 4), (12, 8))
            .over_time("joinedup_log_head_position", "end of the log")
            .over_time("joinedup_projector_position", "folded")
            .over_time("joinedup_projector_committed_position", "on disk")
            .done(),
        counts("Corrections and trouble", "Events an hour that were late, taken back, repeated, or known with other content.", (0, 12), (12, 8))
            .over_time("increase(joinedup_events_late_total[1h])", "late by a week or more")
            .over_time("increase(joinedup_events_retracted_total[1h])", "taken back")
            .over_time("increase(joinedup_events_repeated_total[1h])", "repeated")
            .over_time("increase(joinedup_events_conflicting_total[1h])", "same id, other content")
            .done(),
        counts("At the door", "Events an hour that were refused, already known, or not confirmed by the log.", (12, 12), (12, 8))
            .over_time("increase(joinedup_events_rejected_total[1h])", "refused")
            .over_time("increase(joinedup_events_duplicates_total[1h])", "already known")
            .over_time("increase(joinedup_events_unconfirmed_total[1h])", "not confirmed")
            .done(),
        table("Sources", "How long ago each source last recorded anything.", (0, 20), (12, 9))
            // A place that has no name here is told by its code.
            .rows(&format!("sort_desc({silent} * on (area) group_left (title) max by (area, title) (joinedup_area_info) or on (source, area) label_replace({silent}, \"title\", \"$1\", \"area\", \"(.*)\"))"))
            .fields("^area$", &[("custom.hidden", json!(true))])
            .fields("^Value$", &[("unit", json!("suffix:days")), ("decimals", json!(1)), ("displayName", json!("Without data for")), ("custom.width", json!(140))])
            .named([("source", "Source"), ("title", "Place")])
            .done(),
        lines("Memory", "What the process holds.", (12, 20), (6, 9))
            .over_time("process_resident_memory_bytes{job=~\"joinedup.*\"}", "memory")
            .field("unit", json!("bytes"))
            .done(),
        lines("Run-chart series", "Series on /metrics/run-charts, and those left out above its ceiling.", (18, 20), (6, 9))
            .over_time("joinedup_run_chart_series", "shown")
            .over_time("joinedup_run_chart_truncated_series", "left out")
            .done(),
        lines("Periods by state", "Periods of all charts: missing and suppressed ones are absent from the charts.", (0, 29), (12, 7))
            .over_time("joinedup_run_chart_periods", "{{state}}")
            .named(parts::STATES)
            .done(),
        lines("Scrapes", "How long scrapes take.", (12, 29), (12, 7))
            .over_time("scrape_duration_seconds{job=~\"joinedup.*\"}", "{{job}}")
            .field("unit", json!("s"))
            .done(),
        counts("How late events come", "Events an hour that this process stored, by how long after they happened they were recorded. What is late moves the past of a chart.", (0, 36), (24, 8))
            .over_time("sum by (late_by) (increase(joinedup_events_by_lateness_total[1h]))", "{{late_by}}")
            .done(),
    ];
    parts::dashboard(
        "joinedup-pipeline",
        "Pipeline",
        "Whether events arrive, are folded and are kept.",
        Vec::new(),
        Vec::new(),
        panels.into_iter().map(short_range).collect(),
    )
}

/// The pipeline is looked at by the hour, whatever range the other boards came with.
fn short_range(mut panel: Value) -> Value {
    if panel["type"] == "timeseries" {
        panel["timeFrom"] = json!("6h");
    }
    panel
}
