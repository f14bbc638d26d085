//! Writes what is made from the metrics' tables: `grafana/dashboards/*.json`, `grafana/METRICS.md` and
//! `grafana/EVENT_TIME.md`.

use joinedup::event_time;
use joinedup::metrics::{dashboards, names};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grafana");
    for (name, dashboard) in dashboards::all() {
        std::fs::write(
            folder.join("dashboards").join(name),
            dashboards::written(&dashboard),
        )?;
    }
    std::fs::write(folder.join("METRICS.md"), names::document())?;
    std::fs::write(folder.join("EVENT_TIME.md"), event_time::document())
}
