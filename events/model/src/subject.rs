//! NATS subjects: where an event is published. A subject is written to server logs and monitoring pages, so it
//! holds an area and a shard or an item, and nothing that leads to a person.

use crate::event::{Event, Fact};
use crate::id::hash_two;

/// All subjects of the product.
pub const ALL: &str = "joinedup.>";

/// How many shards an area's entities are spread over, so that consumers can be partitioned.
pub const SHARDS: u128 = 256;

/// The subject of an event: `joinedup.<family>.<area>.<shard>`; for an assessment `joinedup.assessment.<area>.<item>`,
/// one subject an item, so that two raters cannot overwrite each other.
#[must_use]
pub fn of(event: &Event) -> String {
    let family = event.fact.family();
    // A dot would open another token.
    let token = |text: &str| text.replace('.', "_");
    let area = token(event.area.as_str());
    match &event.fact {
        Fact::Assessment(_) => {
            let item = event
                .entity
                .as_str()
                .split_once('/')
                .map_or("item", |(_, item)| item)
                .replace('/', "_");
            format!("joinedup.{family}.{area}.{}", token(&item))
        }
        _ => format!(
            "joinedup.{family}.{area}.{:02x}",
            hash_two(family.code(), event.entity.as_str()) % SHARDS
        ),
    }
}
