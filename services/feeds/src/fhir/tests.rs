//! Resources as hospitals and teams send them, and what is then known.

mod properties;
mod versions;
mod world;

use super::body::{Body, BodyError};
use super::node::Node;
use super::reader::{About, Reader};
use crate::pseudonym::Purpose;
use joinedup_events::referral::{CareService, Priority};
use joinedup_events::transfer::{AdmissionMethod, DischargeMethod, Pathway};
use joinedup_views::contributions::referral::Decision;
use serde_json::{Value, json};
use world::{World, bundle, encounter, over, patient, request, start, task};

#[test]
fn a_stay_is_open_until_it_ends_and_a_date_alone_covers_its_day() {
    let mut world = World::new();
    let more = json!({
        "period": { "start": "2026-11-10" },
        "serviceProvider": { "identifier": { "value": "RAJ" } },
        "extension": [
            { "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AdmissionMethod",
              "valueCodeableConcept": { "coding": [{ "code": "21" }] } },
            { "url": "https://example.nhs.uk/expected-discharge-date", "valueDate": "2026-11-20" },
            { "url": "https://example.nhs.uk/no-criteria-since", "valueDate": "2026-11-12" },
            { "url": "https://example.nhs.uk/pathway", "valueCode": "P1" },
        ],
    });
    let (events, faults) = world.take(&encounter("2026-11-13T09:00:00Z", "in-progress", more));
    assert_eq!((events, faults), (4, vec![]));
    world.stay(|spell| {
        let spell = spell.unwrap();
        let (at, how) = spell.admitted.unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-10T00:00:00+00:00");
        assert_eq!(how.method, AdmissionMethod::Emergency);
        assert_eq!(how.hospital.as_ref().unwrap().as_str(), "RAJ");
        assert!(spell.discharged.is_none());
        assert_eq!(spell.expected[0].1.to_string(), "2026-11-20");
        assert_eq!(spell.ready.unwrap().to_string(), "2026-11-12");
        assert_eq!(spell.pathways[0].1, Pathway::P1);
    });
    let ended = json!({
        "period": { "start": "2026-11-10", "end": "2026-11-19" },
        "hospitalization": { "dischargeDisposition": { "coding": [{ "code": "19" }] } },
    });
    world.take(&encounter("2026-11-20T09:00:00Z", "finished", ended));
    world.stay(|spell| {
        let (at, how) = spell.unwrap().discharged.unwrap();
        assert_eq!(at.date_naive().to_string(), "2026-11-19");
        assert!(how.date_only);
        assert_eq!(how.destination.as_ref().unwrap().as_str(), "19");
        assert_eq!(
            spell.unwrap().waits[0].until.unwrap().to_string(),
            "2026-11-19"
        );
    });
}

#[test]
fn nobody_leaves_before_they_came() {
    let mut world = World::new();
    world.take(&encounter("2026-11-10T09:00:00Z", "in-progress", start()));
    let early = over("2026-11-09T10:00:00Z");
    let (events, faults) = world.take(&encounter("2026-11-12T09:00:00Z", "finished", early));
    let sentence = "period.end has the stay end before it began: it is not taken";
    assert_eq!((events, faults), (0, vec![sentence.to_owned()]));
    world.stay(|spell| assert!(spell.unwrap().discharged.is_none()));
}

#[test]
fn an_end_while_somebody_is_there_is_planned_and_an_end_taken_back_is_none() {
    let mut world = World::new();
    let planned = json!({ "period": { "start": "2026-11-10T08:00:00Z", "end": "2026-11-19" } });
    world.take(&encounter("2026-11-11T09:00:00Z", "in-progress", planned));
    assert!(world.stay(|spell| spell.unwrap().discharged.is_none()));
    world.take(&encounter(
        "2026-11-15T09:00:00Z",
        "finished",
        over("2026-11-15T08:30:00Z"),
    ));
    assert!(world.stay(|spell| spell.unwrap().discharged.is_some()));
    world.take(&encounter("2026-11-15T10:00:00Z", "in-progress", start()));
    assert!(world.stay(|spell| spell.unwrap().discharged.is_none()));
    world.take(&encounter(
        "2026-11-16T10:00:00Z",
        "entered-in-error",
        start(),
    ));
    assert!(world.stay(|spell| spell.is_none()));
}

#[test]
fn a_death_is_read_of_the_person_and_nothing_else() {
    let mut world = World::new();
    let sent = bundle(
        "collection",
        &[
            patient(json!({ "deceasedDateTime": "2026-11-13T04:00:00Z" })),
            encounter("2026-11-13T05:00:00Z", "in-progress", start()),
        ],
    );
    world.take(&sent);
    world.stay(|spell| {
        let (at, how) = spell.unwrap().discharged.unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-13T04:00:00+00:00");
        assert_eq!(how.method, DischargeMethod::Died);
    });
}

fn notice(code: &str, given: &str, period: Value) -> Value {
    let header = json!({
        "resourceType": "MessageHeader", "id": "h1", "timestamp": given,
        "event": { "system": "http://snomed.info/sct", "code": code },
        "data": [{ "reference": "urn:uuid:r1" }],
    });
    let request = json!({
        "resourceType": "ReferralRequest", "id": "r1", "status": "requested",
        "identifier": [{ "value": "311f" }],
        "encounter": { "reference": "urn:uuid:e1" },
    });
    let mut stay = encounter(
        given,
        "in-progress",
        json!({ "class": "inpatient", "period": period }),
    );
    stay.as_object_mut().unwrap().remove("meta");
    bundle("message", &[header, request, stay, patient(json!({}))])
}

#[test]
fn notices_of_the_care_act_are_facts_of_the_stay_and_correct_nothing() {
    let mut world = World::new();
    world.take(&encounter("2026-11-10T09:00:00Z", "in-progress", start()));
    let assessment = notice(
        "975701000000106",
        "2026-11-11T15:00:00Z",
        json!({ "start": "2026-11-10" }),
    );
    let discharge = notice(
        "975731000000100",
        "2026-11-12T15:11:42+00:00",
        json!({ "start": "2026-11-10", "end": "2026-11-16" }),
    );
    let withdrawal = notice("975851000000104", "2026-11-13T15:00:00Z", json!({}));
    let answer = notice("975821000000109", "2026-11-13T16:00:00Z", json!({}));
    for (sent, events) in [
        (&assessment, 2),
        (&discharge, 1),
        (&withdrawal, 1),
        (&answer, 0),
    ] {
        assert_eq!(world.take(sent), (events, vec![]));
        assert_eq!(world.take(sent).0, 0, "again");
    }
    world.stay(|spell| {
        let spell = spell.unwrap();
        assert_eq!(
            spell.admitted.unwrap().0.to_rfc3339(),
            "2026-11-10T08:00:00+00:00"
        );
        assert_eq!(spell.referred[0].to_rfc3339(), "2026-11-11T15:00:00+00:00");
        let (_, proposed, called_off) = spell.notices[0];
        assert_eq!(
            (proposed.to_string().as_str(), called_off),
            ("2026-11-16", true)
        );
    });
}

#[test]
fn a_notice_alone_tells_of_the_stay_too() {
    let mut world = World::new();
    let period = json!({ "start": "2026-11-10", "end": "2026-11-16" });
    let (events, _) = world.take(&notice("975731000000100", "2026-11-12T15:11:42Z", period));
    assert_eq!(events, 2);
    assert!(world.stay(|spell| spell.unwrap().admitted.is_some()));
    let without_a_day = notice("975731000000100", "2026-11-12T16:00:00Z", json!({}));
    let (events, faults) = world.take(&without_a_day);
    assert_eq!(events, 0);
    assert!(
        faults[0].starts_with("Bundle.entry[2].resource.period.end is missing"),
        "{faults:?}"
    );
}

#[test]
fn a_referral_is_received_accepted_and_closed_once() {
    let mut world = World::new();
    let triaged = json!({
        "resourceType": "Encounter", "id": "c1", "status": "triaged",
        "class": { "code": "EMER" }, "meta": { "lastUpdated": "2026-11-10T08:30:00Z" },
        "basedOn": { "identifier": { "value": "qz4471-r" } },
    });
    let all = [
        request("2026-11-10T08:00:01Z", "active"),
        triaged,
        bundle(
            "transaction",
            &[
                task("2026-11-10T09:00:00Z", "accepted", json!({})),
                request("2026-11-10T09:00:00Z", "active"),
            ],
        ),
        bundle(
            "transaction",
            &[
                request("2026-11-14T09:00:00Z", "completed"),
                task("2026-11-14T09:00:00Z", "completed", json!({})),
            ],
        ),
    ];
    let made: Vec<usize> = all.iter().map(|sent| world.take(sent).0).collect();
    assert_eq!(made, [1, 1, 1, 1]);
    world.case(|case| {
        let (at, how) = case.received.unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-10T08:00:00+00:00");
        assert_eq!(how.service, CareService::CrisisResponse);
        assert_eq!(how.priority, Priority::Urgent);
        assert!(case.triaged.is_some());
        assert_eq!(case.decision().unwrap().1, Decision::Accepted);
        assert_eq!(
            case.closed.unwrap().to_rfc3339(),
            "2026-11-14T09:00:00+00:00"
        );
    });
    assert!(all.iter().all(|sent| world.take(sent).0 == 0), "again");
    // It was closed by mistake, and is revoked in the end.
    world.take(&request("2026-11-15T09:00:00Z", "active"));
    assert!(world.case(|case| case.closed.is_none()));
    world.take(&request("2026-11-16T09:00:00Z", "revoked"));
    assert!(world.case(|case| case.withdrawn));
}

#[test]
fn a_referral_that_was_entered_in_error_was_never_made() {
    let mut world = World::new();
    let mistaken = request("2026-11-11T09:00:00Z", "entered-in-error");
    assert_eq!(
        world.take(&mistaken),
        (0, Vec::new()),
        "nothing is known of it"
    );
    let of_it = [
        request("2026-11-10T08:00:01Z", "active"),
        task("2026-11-10T09:00:00Z", "accepted", json!({})),
    ];
    assert_eq!(world.take(&bundle("transaction", &of_it)).0, 2);
    for made in [2, 0] {
        assert_eq!(world.take(&mistaken), (made, Vec::new()));
        world.case(|case| assert!(case.received.is_none() && !case.withdrawn));
    }
}

#[test]
fn a_contact_or_a_task_without_what_it_says_is_named_by_its_path() {
    let mut world = World::new();
    let mut without = task("2026-11-10T09:00:00Z", "accepted", json!({}));
    without.as_object_mut().unwrap().remove("status");
    assert!(world.take(&without).1[0].contains("Task.status"));
    let contact = |status: &str| {
        json!({
            "resourceType": "Encounter", "id": "c1", "status": status,
            "class": { "code": "AMB" }, "meta": { "lastUpdated": "2026-11-10T08:30:00Z" },
            "basedOn": { "identifier": { "value": "qz4471-r" } },
        })
    };
    assert!(world.take(&contact("finished")).1[0].contains("Encounter.period.end"));
    assert!(world.take(&contact("gone")).1[0].contains("Encounter.status"));
}

#[test]
fn what_came_of_a_referral_is_not_undone_by_a_request_that_is_still_active() {
    let made = "2026-11-14T09:00:00Z";
    let contact = json!({
        "resourceType": "Encounter", "id": "c1", "status": "finished",
        "class": { "code": "AMB" }, "meta": { "lastUpdated": made },
        "basedOn": { "reference": "ServiceRequest/s1" },
        "period": { "end": "2026-11-14T09:00:00Z" },
    });
    for end in [task(made, "completed", json!({})), contact] {
        for all in [
            [end.clone(), request(made, "active")],
            [request(made, "active"), end],
        ] {
            let mut world = World::new();
            world.take(&bundle("transaction", &all));
            for _ in 0..2 {
                assert!(world.case(|case| case.closed.is_some()), "{all:?}");
                assert_eq!(world.take(&bundle("transaction", &all)).0, 0, "{all:?}");
            }
            world.take(&request("2026-11-15T09:00:00Z", "active"));
            assert!(world.case(|case| case.closed.is_some()), "{all:?}");
        }
    }
    // What it said itself it may take back, and not at the same time.
    let mut world = World::new();
    for (made, status, is_closed) in [
        ("2026-11-14T09:00:00Z", "completed", true),
        ("2026-11-14T09:00:00Z", "active", true),
        ("2026-11-15T09:00:00Z", "active", false),
        ("2026-11-16T09:00:00Z", "revoked", true),
    ] {
        world.take(&request(made, status));
        assert_eq!(
            world.case(|case| case.closed.is_some()),
            is_closed,
            "{made} {status}"
        );
    }
}

#[test]
fn what_is_not_readable_is_named_by_its_path_and_the_rest_is_taken() {
    let mut world = World::new();
    let odd = json!({
        "resourceType": "Bundle", "type": "collection", "timestamp": "2026-11-14T09:00:00Z",
        "entry": [
            { "fullUrl": "urn:uuid:none" },
            { "resource": { "resourceType": "PatientInstruction Quillfeather" } },
            { "resource": encounter("2026-11-13T09:00:00Z", "inactive", start()) },
            { "resource": encounter("in November", "in-progress", json!({ "period": { "start": "Quillfeather" } })) },
            { "resource": { "resourceType": "ServiceRequest", "status": "active", "id": "s9", "authoredOn": "2026-11" } },
            { "resource": { "resourceType": "Task", "status": "accepted", "focus": { "reference": "Zebedee" } } },
            { "resource": request("2026-11-13T09:00:00Z", "active") },
            { "request": { "method": "DELETE" }, "resource": request("2026-11-13T09:00:00Z", "active") },
        ],
    });
    let (events, faults) = world.take(&odd);
    assert_eq!(events, 1, "the one referral that is whole");
    let paths: Vec<&str> = faults
        .iter()
        .map(|fault| {
            fault
                .split(' ')
                .next()
                .unwrap()
                .trim_start_matches("Bundle.")
        })
        .collect();
    assert_eq!(
        paths,
        [
            "entry[0].resource",
            "entry[2].resource.status",
            "entry[3].resource.meta.lastUpdated",
            "entry[3].resource.period.start",
            "entry[4].resource.authoredOn",
            "entry[5].resource.focus",
            "entry[7].resource",
        ]
    );
}

#[test]
fn what_holds_no_resource_is_refused_with_a_sentence() {
    let read = |text: &str| Body::read(text.as_bytes()).map(|_| ());
    assert_eq!(
        read("<Bundle xmlns=\"http://hl7.org/fhir\"/>"),
        Err(BodyError::Xml)
    );
    assert_eq!(read("{\n\"resourceType\": "), Err(BodyError::NotJson(2)));
    assert_eq!(read("{\"a\": 1}"), Err(BodyError::NoResource));
    assert_eq!(read(" \n"), Err(BodyError::Empty));
}

#[test]
fn a_clock_that_is_ahead_makes_no_second_notice() {
    let mut world = World::new();
    let period = json!({ "start": "2026-11-10", "end": "2026-12-04" });
    let ahead = notice("975731000000100", "2026-12-01T00:01:00Z", period);
    assert_eq!(world.take(&ahead), (2, vec![]));
    world.now += chrono::TimeDelta::seconds(10);
    assert_eq!(world.take(&ahead), (0, vec![]));
}

#[test]
fn a_reference_may_name_a_version_or_a_server() {
    let one = json!({ "resourceType": "Encounter", "id": "e1" });
    let other = json!({ "resourceType": "Encounter", "id": "e2" });
    let body = Body::read(bundle("message", &[one, other]).to_string().as_bytes()).unwrap();
    let groups = body.groups();
    for (text, number) in [
        ("Encounter/e2", Some(2)),
        ("Encounter/e2/_history/7", Some(2)),
        ("https://example.org/fhir/Encounter/e1/_history/1", Some(1)),
        ("urn:uuid:e2", Some(2)),
        ("Encounter/e3", None),
    ] {
        let reference = json!({ "reference": text });
        let found = groups[0].referred(&Node::new(&reference, "reference"));
        assert_eq!(found.map(|found| found.number), number, "{text}");
    }
}

#[test]
fn a_fault_is_told_of_the_resource_that_has_it() {
    let world = World::new();
    let lines = [
        encounter("2026-11-11T09:00:00Z", "in-progress", start()).to_string(),
        bundle("history", &[]).to_string(),
    ];
    let reader = Reader {
        mapping: &world.mapping,
        ring: &world.ring,
        areas: &world.areas,
        now: World::now(),
    };
    let reading = reader.read(&Body::read(lines.join("\n").as_bytes()).unwrap());
    assert_eq!(reading.faults[0].0, 2);
}

#[test]
fn resources_on_lines_of_their_own_refer_to_each_other() {
    let mut world = World::new();
    let lines = [
        encounter("2026-11-11T09:00:00Z", "in-progress", start()),
        patient(json!({ "deceasedDateTime": "2026-11-13T04:00:00Z" })),
        encounter("2026-11-13T09:00:00Z", "in-progress", start()),
        request("2026-11-13T09:00:00Z", "active"),
        task("2026-11-13T10:00:00Z", "accepted", json!({})),
    ];
    let text = lines.map(|line| line.to_string()).join("\n");
    let (events, faults) = world.take_text(&text);
    assert_eq!((events, faults), (4, vec![]));
    world.stay(|spell| {
        let (at, how) = spell.unwrap().discharged.unwrap();
        assert_eq!(at.to_rfc3339(), "2026-11-13T04:00:00+00:00");
        assert_eq!(how.method, DischargeMethod::Died);
    });
    assert!(world.case(|case| case.received.is_some() && case.decision().is_some()));
    let (_, faults) = world.take(&bundle("history", &[]));
    assert!(
        faults[0].starts_with("Bundle.type must be message"),
        "{faults:?}"
    );
}

#[test]
fn ids_that_differ_in_capitals_are_two_and_what_was_known_in_capitals_is_found() {
    let world = World::new();
    let named = |id: &str| {
        let own = json!({ "id": id, "identifier": [], "period": { "start": "2026-11-10" } });
        let read = world.read(&encounter("2026-11-11T09:00:00Z", "in-progress", own));
        let About::Stay { statement, .. } = &read.reports[0].about else {
            panic!()
        };
        statement.spell.clone()
    };
    let (small, large) = (named("enc-a"), named("ENC-A"));
    assert_ne!(small[0], large[0]);
    let before = ["ID", "ENC-A"].map(str::to_owned);
    let before = world.ring.hashes(Purpose::Entity, &before).remove(0);
    assert!(small[1..].contains(&before) && large[1..].contains(&before));
}
