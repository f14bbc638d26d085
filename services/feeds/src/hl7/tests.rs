//! Sequences of messages, as hospitals send them, and what is then known of the stay.

mod clocks;
mod corrections;
mod late;
mod properties;

use super::mapping::AdtMapping;
use super::message::Message;
use super::statement::Reader;
use crate::line_list::row::Ring;
use crate::pseudonym::Key;
use crate::stay::events::{self, Origin};
use crate::stay::statement::Trigger;
use crate::stay::{self, Backwards, again};
use chrono::{DateTime, Utc};
use joinedup_events::transfer::{AdmissionMethod, DischargeMethod, Pathway};
use joinedup_events::{AreaId, Areas, EntityId, Event, Family, Slug, check};
use joinedup_views::contributions::transfer::Spell;
use joinedup_views::view::View;
use std::collections::BTreeMap;

/// One hospital's messages, and what they became.
struct World {
    mapping: AdtMapping,
    ring: Ring,
    areas: Areas,
    view: View,
    events: Vec<Event>,
    entity: Option<EntityId>,
    /// Facts that the door did not let in.
    refused: Vec<&'static str>,
    /// The last message would have had somebody leave before they came.
    left_before_coming: Option<Backwards>,
    /// The stay that the number stands for now, where it was used again.
    again: Option<EntityId>,
    now: DateTime<Utc>,
}

const SITE: &str = "ready = \"ZU1-1\"\n[pathway]\nfield = \"ZU1-2\"\nvalues = { P1 = \"1\", P2 = \"2\" }\n\
                    [delay_reason]\nfield = \"ZU1-3\"\n";

impl World {
    fn new() -> Self {
        Self::with(SITE)
    }

    fn with(site: &str) -> Self {
        let areas = Areas::built_in().unwrap();
        Self {
            mapping: AdtMapping::parse("site.toml", site, &areas).unwrap(),
            ring: Ring {
                current: Key::of(&[7; 32]).unwrap(),
                previous: None,
            },
            areas,
            view: View::new(),
            events: Vec::new(),
            entity: None,
            refused: Vec::new(),
            left_before_coming: None,
            again: None,
            now: "2026-12-01T00:00:00Z".parse().unwrap(),
        }
    }

    /// Takes a message; returns how many events it made.
    fn take(&mut self, text: &str) -> usize {
        let message = Message::read(text.as_bytes()).unwrap();
        let code = text.split("ADT^").nth(1).unwrap().get(..3).unwrap();
        let Some(trigger) = Trigger::of(code) else {
            return 0;
        };
        let now = self.now;
        let reader = Reader {
            mapping: &self.mapping,
            ring: &self.ring,
            areas: &self.areas,
            now,
        };
        let Some(statement) = reader.read(trigger, &message).unwrap() else {
            return 0;
        };
        assert_eq!(statement.faults, []);
        let entity = |name: &String| EntityId::new(&format!("pas-{name}")).unwrap();
        let known = |name| self.view.entity(Family::Transfer, entity(name).as_str());
        let names = &statement.spell;
        let name = names.iter().find(|name| known(name).is_some());
        let name = name.unwrap_or(&names[0]);
        let mut entity = self.again.clone().unwrap_or_else(|| entity(name));
        let facts = |entity: &EntityId| {
            let known = self.view.entity(Family::Transfer, entity.as_str());
            known.map(|known| known.facts.all()).unwrap_or_default()
        };
        let mut known = facts(&entity);
        let feed = Slug::new("pas").unwrap();
        if let Some(next) = again::entity(&feed, &self.ring, &statement, &known) {
            known = facts(&next);
            self.again = Some(next.clone());
            entity = next;
        }
        let position = |at: usize| at as u64 + 1;
        let ids: BTreeMap<u64, String> = self
            .events
            .iter()
            .enumerate()
            .map(|(at, event)| (position(at), event.id.clone()))
            .collect();
        let origin = Origin {
            feed: &feed,
            source: "/feeds/pas".to_owned(),
            area: &AreaId::new("RAJ").unwrap(),
            entity: &entity,
            ring: &self.ring,
            message: &events::message(&self.ring, text.as_bytes()),
        };
        let admits = |event: &Event| check::check(event, &event.data(), &self.areas, now).is_ok();
        let changes = stay::changes(&statement, &known);
        self.left_before_coming = changes.left_before_coming;
        let new = origin.events(changes, &known, &ids, admits);
        let (new, refused): (Vec<Event>, Vec<Event>) = new.into_iter().partition(admits);
        self.refused
            .extend(refused.iter().map(|event| event.fact.name()));
        for event in &new {
            let written = event.to_json().to_string();
            assert!(
                !written.contains("MRN") && !written.contains("V1"),
                "{written}"
            );
            self.view
                .fold([(position(self.events.len()), event.clone())]);
            self.events.push(event.clone());
        }
        self.entity = Some(entity);
        new.len()
    }

    fn take_all(&mut self, messages: &[String]) -> usize {
        messages.iter().map(|message| self.take(message)).sum()
    }

    fn ask<T>(&self, ask: impl FnOnce(Option<&Spell<'_>>) -> T) -> T {
        let entity = self.entity.as_ref().unwrap();
        let known = self.view.entity(Family::Transfer, entity.as_str());
        let stands = known
            .map(|known| known.facts.standing())
            .unwrap_or_default();
        ask(Spell::of(&stands).as_ref())
    }

    fn discharged(&self) -> Option<(String, DischargeMethod)> {
        self.ask(|spell| {
            let (at, how) = spell?.discharged?;
            Some((at.format("%d %H:%M").to_string(), how.method))
        })
    }

    fn expected(&self) -> Vec<String> {
        self.ask(|spell| {
            let expected = spell.unwrap().expected.iter();
            expected.map(|(_, date)| date.to_string()).collect()
        })
    }
}

/// A message of a stay in November 2026. `day_hour` is when it was recorded, as `1109` for the 11th at nine.
fn adt(code: &str, day_hour: &str, fields: &[(&str, &str)]) -> String {
    let field = |name: &str| {
        let found = fields.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| *value)
    };
    let admitted = match field("44") {
        "" => "202611100800",
        given => given,
    };
    format!(
        "MSH|^~\\&|PAS|RAJ|||202611{day_hour}||ADT^{code}|{code}{day_hour}|P|2.4\r\
         EVN|{code}|202611{day_hour}|||| {evn6}\r\
         PID|1||MRN123^^^RAJ||Doe^Jane||19400101|F|||||||||||||||||||||{died_at}|{died}\r\
         PV1|1|{class}|W1^B2^3^RAJ|{method}|||||||||||||||V1^^^PAS|||||||||||||||||{disposition}||||||||{admitted}|{out}\r\
         PV2|||||||||{expected}\r\
         ZU1|{ready}|{pathway}|{reason}\r",
        evn6 = field("evn6"),
        died_at = field("died_at"),
        died = field("died"),
        class = match field("class") {
            "" => "I",
            class => class,
        },
        method = field("method"),
        disposition = field("36"),
        out = field("45"),
        expected = field("expected"),
        ready = field("ready"),
        pathway = field("pathway"),
        reason = field("reason"),
    )
}

#[test]
fn a_cancelled_discharge_and_a_later_one_are_one_stay_with_one_discharge() {
    let messages = [
        adt("A01", "1008", &[("method", "21")]),
        adt("A02", "1012", &[]),
        adt("A03", "1210", &[("45", "202611121000"), ("36", "19")]),
        adt("A13", "1211", &[("evn6", "202611121000")]),
        adt("A03", "1315", &[("45", "202611131500"), ("36", "19")]),
    ];
    let mut world = World::new();
    assert_eq!(world.take_all(&messages), 4);
    assert_eq!(
        world.discharged(),
        Some(("13 15:00".into(), DischargeMethod::Agreed))
    );
    world.ask(|spell| {
        let (_, how) = spell.unwrap().admitted.unwrap();
        assert_eq!(how.method, AdmissionMethod::Emergency);
        assert_eq!(how.hospital.as_ref().unwrap().as_str(), "RAJ");
    });
    assert_eq!(
        world.take_all(&messages),
        0,
        "all of it again changes nothing"
    );
    assert_eq!(
        world.discharged(),
        Some(("13 15:00".into(), DischargeMethod::Agreed))
    );
}

#[test]
fn a_discharge_that_was_right_after_all_stands_again() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A03", "1210", &[("45", "202611121000")]));
    world.take(&adt("A13", "1211", &[]));
    assert_eq!(world.discharged(), None);
    world.take(&adt("A08", "1212", &[("45", "202611121000")]));
    assert_eq!(
        world.discharged(),
        None,
        "what an update repeats is not a discharge"
    );
    world.take(&adt("A03", "1213", &[("45", "202611121000")]));
    assert_eq!(world.discharged().unwrap().0, "12 10:00");
}

#[test]
fn a_cancelled_admission_is_no_stay_until_it_is_admitted_again() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A11", "1009", &[]));
    assert!(world.ask(|spell| spell.is_none()));
    world.take(&adt("A08", "1010", &[]));
    assert!(world.ask(|spell| spell.is_none()));
    world.take(&adt("A01", "1011", &[]));
    assert!(world.ask(|spell| spell.unwrap().admitted.is_some()));
}

#[test]
fn a_corrected_time_takes_the_place_of_the_wrong_one() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[("44", "202611100800")]));
    world.take(&adt("A08", "1009", &[("44", "202611100700")]));
    world.take(&adt(
        "A03",
        "1210",
        &[("44", "202611100700"), ("45", "202611121000")],
    ));
    world.take(&adt(
        "A08",
        "1211",
        &[("44", "202611100700"), ("45", "202611120900")],
    ));
    assert_eq!(world.discharged().unwrap().0, "12 09:00");
    // What undoes goes by its own time, and must not leave the wrong one standing.
    world.take(&adt(
        "A13",
        "1212",
        &[("44", "202611100700"), ("evn6", "202611120900")],
    ));
    assert_eq!(world.discharged(), None);
    world.take(&adt("A11", "1213", &[("44", "202611100700")]));
    assert!(world.ask(|spell| spell.is_none()));
}

#[test]
fn an_empty_expected_date_says_nothing_and_two_quotes_withdraw_it() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[("expected", "20261120")]));
    assert_eq!(world.take(&adt("A08", "1009", &[])), 0);
    assert_eq!(world.expected(), ["2026-11-20"]);
    world.take(&adt("A08", "1010", &[("expected", "20261122")]));
    assert_eq!(world.expected(), ["2026-11-20", "2026-11-22"]);
    world.take(&adt("A08", "1011", &[("expected", "\"\"")]));
    assert!(world.expected().is_empty());
}

#[test]
fn a_death_ends_the_stay_wherever_it_first_appears_unless_it_had_ended() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt(
        "A08",
        "1110",
        &[("died", "Y"), ("died_at", "202611110900")],
    ));
    assert_eq!(
        world.discharged(),
        Some(("11 09:00".into(), DischargeMethod::Died))
    );
    world.take(&adt(
        "A03",
        "1111",
        &[
            ("died", "Y"),
            ("died_at", "202611110900"),
            ("45", "202611110930"),
        ],
    ));
    assert_eq!(
        world.discharged(),
        Some(("11 09:30".into(), DischargeMethod::Died))
    );

    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A03", "1210", &[("45", "202611121000")]));
    world.take(&adt(
        "A08",
        "2009",
        &[
            ("45", "202611121000"),
            ("died", "Y"),
            ("died_at", "20261118"),
        ],
    ));
    world.take(&adt("A08", "2010", &[("died", "Y")]));
    assert_eq!(
        world.discharged(),
        Some(("12 10:00".into(), DischargeMethod::Agreed))
    );
}

#[test]
fn who_is_not_in_a_bed_and_what_there_is_no_fact_for_change_nothing() {
    let mut world = World::new();
    assert_eq!(world.take(&adt("A04", "1008", &[("class", "E")])), 0);
    assert_eq!(
        world.take(&adt(
            "A08",
            "1008",
            &[("class", "O"), ("expected", "20261120")]
        )),
        0
    );
    assert_eq!(world.take(&adt("A40", "1008", &[])), 0);
    assert_eq!(
        world.take(&adt("A06", "1009", &[])),
        1,
        "an outpatient becomes an inpatient"
    );
    assert_eq!(world.take(&adt("A02", "1010", &[])), 0, "a move");
}

#[test]
fn only_wards_that_a_mapping_lists_are_followed() {
    let mut world =
        World::with("[ward]\nfield = \"PV1-3\"\nvalues = { W1 = \"ward-1\", W2 = \"frailty\" }\n");
    let moved = |code: &str, at: &str, ward: &str| {
        let to = format!("|{ward}^B2^3^RAJ|");
        adt(code, at, &[]).replace("|W1^B2^3^RAJ|", &to)
    };
    assert_eq!(world.take(&moved("A01", "1008", "W1")), 2);
    assert_eq!(world.take(&moved("A08", "1009", "W1")), 0, "the same ward");
    assert_eq!(world.take(&moved("A02", "1010", "W2")), 1);
    assert_eq!(world.take(&moved("A02", "1011", "Somebody")), 0);
    world.ask(|spell| {
        let wards = &spell.unwrap().wards;
        let codes: Vec<&str> = wards.iter().map(|(_, ward)| ward.as_str()).collect();
        assert_eq!(codes, ["ward-1", "frailty"]);
    });
}

#[test]
fn what_a_site_puts_elsewhere_is_found_by_its_mapping() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt(
        "A08",
        "1109",
        &[("ready", "20261111"), ("pathway", "p1"), ("reason", "IP2")],
    ));
    world.ask(|spell| {
        let spell = spell.unwrap();
        assert_eq!(spell.ready.unwrap().to_string(), "2026-11-11");
        assert_eq!(spell.pathways[0].1, Pathway::P1);
        assert_eq!(spell.reasons[0].1.reason.code(), "IP2");
    });
    // Another date is a correction, another pathway a change, and two quotes take back.
    world.take(&adt(
        "A08",
        "1209",
        &[("ready", "20261112"), ("pathway", "P2"), ("reason", "\"\"")],
    ));
    world.ask(|spell| {
        let spell = spell.unwrap();
        assert_eq!(spell.ready.unwrap().to_string(), "2026-11-12");
        assert_eq!(spell.pathways.len(), 2);
        assert!(spell.reasons.is_empty());
    });
    world.take(&adt("A08", "1210", &[("ready", "\"\"")]));
    assert!(world.ask(|spell| spell.unwrap().ready.is_none()));
}

#[test]
fn who_met_the_criteria_again_by_mistake_is_ready_since_when_it_was() {
    // The second field of the site is the date on which somebody met the criteria to reside again.
    let mut world = World::with("ready = \"ZU1-1\"\nnot_ready = \"ZU1-2\"\n");
    world.take(&adt("A01", "1008", &[]));
    let mut told = |day_hour: &str, ready: &str, not_ready: &str| {
        world.take(&adt(
            "A08",
            day_hour,
            &[("ready", ready), ("pathway", not_ready)],
        ));
        world.ask(|spell| spell.unwrap().ready.map(|date| date.to_string()))
    };
    let since = |date: &str| Some(date.to_owned());
    assert_eq!(told("1109", "20261111", ""), since("2026-11-11"));
    assert_eq!(told("1209", "20261111", "20261112"), None);
    assert_eq!(told("1210", "20261111", "\"\""), since("2026-11-11"));
    assert_eq!(told("1309", "", "20261113"), None);
    assert_eq!(told("1310", "", "\"\""), since("2026-11-11"));
    // Both dates stay in the message: the later is how it stands.
    assert_eq!(told("1409", "20261111", "20261114"), None);
    assert_eq!(told("1509", "20261115", "20261114"), since("2026-11-15"));
}

#[test]
fn a_message_without_what_names_the_stay_is_refused_where_it_matters() {
    let world = World::new();
    let reader = Reader {
        mapping: &world.mapping,
        ring: &world.ring,
        areas: &world.areas,
        now: Utc::now(),
    };
    let nameless = |code: &str| {
        let text = adt(code, "1008", &[])
            .replace("V1^^^PAS", "")
            .replace("MRN123^^^RAJ", "");
        let message = Message::read(text.as_bytes()).unwrap();
        reader.read(Trigger::of(code).unwrap(), &message)
    };
    let fault = nameless("A03").unwrap_err().to_string();
    assert!(fault.starts_with("PV1-19 is empty"), "{fault}");
    assert_eq!(nameless("A08").unwrap(), None);
}
