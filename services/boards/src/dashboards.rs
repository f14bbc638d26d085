//! The dashboards of `grafana/dashboards`, made from the same table as the metrics. The files are kept in the
//! repository, because people import files; a test fails when they are not what is made here.

mod history;
mod leaders;
mod operations;
mod parts;
mod pipeline;
mod run_charts;

use serde_json::Value;

/// Every dashboard: the name of its file, and what is in it.
#[must_use]
pub fn all() -> [(&'static str, Value); 5] {
    [
        ("run-charts.json", run_charts::dashboard()),
        ("operations.json", operations::dashboard()),
        ("leaders.json", leaders::dashboard()),
        ("pipeline.json", pipeline::dashboard()),
        ("history.json", history::dashboard()),
    ]
}

/// A dashboard as its file has it.
#[must_use]
pub fn written(dashboard: &Value) -> String {
    format!("{dashboard:#}\n")
}

#[cfg(test)]
mod tests;
