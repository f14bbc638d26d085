//! How events that were set aside are tried again.

use super::Fold;
use crate::decode::decode;
use joinedup_log::Position;

impl Fold {
    /// Events set aside earlier are tried again: the program or the register may know them now.
    pub(super) async fn retry_quarantine(&mut self) {
        let rows = self.views.quarantine();
        let mut events = Vec::new();
        for row in &rows {
            let found = self.log.read(Position(row.position - 1), 1).await;
            let Some(recorded) = found
                .ok()
                .and_then(|f| f.into_iter().next())
                .filter(|e| e.position.0 == row.position)
            else {
                continue;
            };
            if let Ok(event) = decode(&recorded, &self.areas) {
                events.push((row.position, event));
            }
        }
        if events.is_empty() {
            return;
        }
        let positions: Vec<u64> = events.iter().map(|(p, _)| *p).collect();
        tracing::info!(
            count = positions.len(),
            "events that were set aside can be read now"
        );
        self.views.change(|view| view.fold(events));
        self.views
            .set_quarantine(|all| all.retain(|q| !positions.contains(&q.position)));
        self.folded_now = positions;
        self.dirty = true;
    }
}
