//! Writes what is made from the metrics' tables: `grafana/dashboards/*.json`, `grafana/METRICS.md` and
//! `grafana/EVENT_TIME.md`; and `grafana/runbook.html` from `grafana/runbook.md`.

mod dashboards;
mod runbook;

use joinedup_exposition::event_time;
use joinedup_exposition::names;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grafana");
    for (name, dashboard) in dashboards::all() {
        std::fs::write(
            folder.join("dashboards").join(name),
            dashboards::written(&dashboard),
        )?;
    }
    std::fs::write(folder.join("METRICS.md"), names::document())?;
    let text = std::fs::read_to_string(folder.join("runbook.md"))?;
    std::fs::write(folder.join("runbook.html"), runbook::page(&text))?;
    std::fs::write(folder.join("EVENT_TIME.md"), event_time::document())
}
