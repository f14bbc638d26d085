//! Versions of one Encounter: each is the whole of what stands.

use super::notice;
use super::world::{World, encounter, over, start};
use serde_json::{Value, json};

const EXTENSIONS: [(&str, &str, &str); 3] = [
    ("no-criteria-since", "valueDate", "2026-11-12"),
    ("expected-discharge-date", "valueDate", "2026-11-20"),
    ("pathway", "valueCode", "P1"),
];

/// With the extensions of a site.
fn with(mut period: Value, ready: &str) -> Value {
    let extensions = EXTENSIONS.map(|(name, kind, value)| {
        let value = if name == "no-criteria-since" {
            ready
        } else {
            value
        };
        json!({ "url": format!("https://example.nhs.uk/{name}"), kind: value })
    });
    period["extension"] = json!(extensions);
    period
}

fn ready(world: &World) -> Option<String> {
    world.stay(|spell| Some(spell?.ready?.to_string()))
}

#[test]
fn an_older_version_has_no_effect() {
    let of = |made: &str, ready: &str| encounter(made, "in-progress", with(start(), ready));
    let mut world = World::new();
    world.take(&of("2026-11-15T10:05:00Z", "2026-11-15"));
    assert_eq!(world.take(&of("2026-11-15T10:00:00Z", "2026-11-11")).0, 0);
    assert_eq!(ready(&world).as_deref(), Some("2026-11-15"));
    // Also where the newer version said nothing new, and where the feed was begun again since it was taken.
    let left = encounter(
        "2026-11-15T09:00:00Z",
        "finished",
        over("2026-11-15T08:30:00Z"),
    );
    for (says_more, begins_anew) in [(false, false), (true, true)] {
        let mut world = World::new();
        world.take(&encounter("2026-11-10T09:00:00Z", "in-progress", start()));
        let more = if says_more {
            with(start(), "2026-11-12")
        } else {
            start()
        };
        world.take(&encounter("2026-11-16T09:00:00Z", "in-progress", more));
        if begins_anew {
            world.versions = super::super::version::Versions::default();
        }
        assert_eq!(world.take(&left), (0, vec![]));
        assert!(world.stay(|spell| spell.unwrap().discharged.is_none()));
    }
}

#[test]
fn what_a_newer_version_lacks_is_no_longer_so() {
    let mut world = World::new();
    let whole = with(start(), "2026-11-12");
    world.take(&encounter(
        "2026-11-13T09:00:00Z",
        "in-progress",
        whole.clone(),
    ));
    // What is marked as a part of the resource lacks nothing, and nor does what says that somebody has left.
    let mut part = encounter("2026-11-14T09:00:00Z", "in-progress", start());
    part["meta"]["tag"] = json!([{ "code": "SUBSETTED" }]);
    assert_eq!(world.take(&part).0, 0);
    let left = over("2026-11-14T10:00:00Z");
    assert_eq!(
        world
            .take(&encounter("2026-11-14T11:00:00Z", "finished", left))
            .0,
        1
    );
    assert_eq!(ready(&world).as_deref(), Some("2026-11-12"));
    let bare = encounter("2026-11-15T09:00:00Z", "in-progress", start());
    assert_eq!(world.take(&bare).0, 4, "the discharge, and all three");
    world.stay(|spell| {
        let spell = spell.unwrap();
        assert!(spell.waits.is_empty() && spell.expected.is_empty() && spell.pathways.is_empty());
    });
    assert_eq!(world.take(&bare).0, 0, "again");
    world.take(&encounter("2026-11-16T09:00:00Z", "in-progress", whole));
    assert_eq!(ready(&world).as_deref(), Some("2026-11-12"));
}

#[test]
fn a_notice_is_not_a_version_of_the_encounter() {
    let period = json!({ "start": "2026-11-10", "end": "2026-11-16" });
    let notice = notice("975731000000100", "2026-11-12T15:00:00Z", period);
    let version = encounter(
        "2026-11-11T09:00:00Z",
        "in-progress",
        with(start(), "2026-11-11"),
    );
    for versions_before in [0, 1] {
        let mut world = World::new();
        let first = encounter("2026-11-10T09:00:00Z", "in-progress", start());
        (0..versions_before).for_each(|_| _ = world.take(&first));
        world.take(&notice);
        world.take(&version);
        assert_eq!(ready(&world).as_deref(), Some("2026-11-11"));
        world.stay(|spell| assert_eq!(spell.unwrap().notices.len(), 1));
    }
}
