//! Writes what is made from the metrics' table: `grafana/dashboards/*.json` and `grafana/METRICS.md`.

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
    std::fs::write(folder.join("METRICS.md"), names::document())
}
