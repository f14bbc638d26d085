//! NATS subjects: where an event is published. A subject is written to server logs and monitoring pages, so it
//! holds an area and a shard or an item, and nothing that leads to a person.

use crate::event::{Event, Family};
use crate::id::{AreaId, EntityId, hash_two};

/// All subjects of the product.
pub const ALL: &str = "joinedup.>";

/// How many shards an area's entities are spread over, so that consumers can be partitioned.
pub const SHARDS: u128 = 256;

/// The subject of an event: `joinedup.<family>.<area>.<shard>`; for an assessment
/// `joinedup.assessment.<area>.<framework>_<item>`. Writers name the last event of a subject that they have read, so
/// two raters of one item cannot overwrite each other, and two items never share a subject.
#[must_use]
pub fn of(event: &Event) -> String {
    of_entity(event.fact.family(), &event.area, &event.entity)
}

/// The subject of the events about an entity that count for an area.
#[must_use]
pub fn of_entity(family: Family, area: &AreaId, entity: &EntityId) -> String {
    let last = match family {
        Family::Assessment => item(area.as_str(), entity.as_str()),
        _ => format!("{:02x}", hash_two(family.code(), entity.as_str()) % SHARDS),
    };
    format!("joinedup.{family}.{}.{last}", token(area.as_str(), ""))
}

/// The token of an assessment entity, `<area>/<framework>/<item>`. The first `_` ends the framework, whose own are
/// escaped; an entity that is not of this form has no `_` at all.
fn item(area: &str, entity: &str) -> String {
    let path = entity
        .strip_prefix(area)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(entity);
    match path.split_once('/') {
        Some((framework, item)) => format!("{}_{}", token(framework, "_"), token(item, "")),
        None => token(path, "_"),
    }
}

/// A name as one token. Identifiers have no `%`, so percent-encoding the characters that they may have and a token
/// may not (a dot opens another token) keeps different names different.
fn token(name: &str, more: &str) -> String {
    name.chars().fold(String::new(), |mut token, c| {
        if matches!(c, '.' | '/' | ':') || more.contains(c) {
            token.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            token.push(c);
        }
        token
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{AssessmentFact, Confirmed};
    use crate::event::Fact;
    use crate::facts::Retracted;
    use crate::id::Slug;
    use chrono::DateTime;
    use proptest::prelude::*;

    fn event(area: &str, entity: &str, fact: AssessmentFact) -> Event {
        Event {
            source: "test".to_owned(),
            id: "1".to_owned(),
            occurred_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            entity: EntityId::new(entity).unwrap(),
            area: AreaId::new(area).unwrap(),
            fact: Fact::Assessment(fact),
            actor: None,
        }
    }

    fn confirmed(area: &str, framework: &str, item: &str) -> Event {
        let fact = AssessmentFact::Confirmed(Confirmed {
            framework: Slug::new(framework).unwrap(),
            item: Slug::new(item).unwrap(),
            round: Slug::new("2026").unwrap(),
        });
        event(area, &format!("{area}/{framework}/{item}"), fact)
    }

    #[test]
    fn items_with_plain_ids_keep_the_subject_they_have_always_had() {
        let event = confirmed("havenshire-north", "scie", "co-crisis-response");
        assert_eq!(
            of(&event),
            "joinedup.assessment.havenshire-north.scie_co-crisis-response"
        );
    }

    proptest! {
        #[test]
        fn two_items_never_share_a_subject(
            a in ("[ab][ab._-]{0,3}", "[ab][ab._-]{0,3}", "[ab][ab._-]{0,3}"),
            b in ("[ab][ab._-]{0,3}", "[ab][ab._-]{0,3}", "[ab][ab._-]{0,3}"),
        ) {
            let (one, other) = (confirmed(&a.0, &a.1, &a.2), confirmed(&b.0, &b.1, &b.2));
            prop_assert_eq!(of(&one) == of(&other), a == b);
            prop_assert_eq!(of(&one).split('.').count(), 4);
        }

        #[test]
        fn a_retraction_is_on_the_subject_of_the_item_that_it_is_about(
            framework in "[ab][ab._-]{0,3}", item in "[ab][ab._-]{0,3}",
        ) {
            let entity = format!("a.1/{framework}/{item}");
            let retracted = AssessmentFact::Retracted(Retracted {
                retracts: "0".to_owned(),
                retracts_source: None,
                previous: None,
            });
            prop_assert_eq!(
                of(&event("a.1", &entity, retracted)),
                of(&confirmed("a.1", &framework, &item))
            );
        }
    }
}
