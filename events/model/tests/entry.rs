//! What goes in comes out the same, and what is refused is never repeated.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail where it stands, in its own functions too"
)]

use chrono::{DateTime, Utc};
use joinedup_events::check::is_nhs_number;
use joinedup_events::mode::{read_message, read_request};
use joinedup_events::{Areas, Envelope, Event, admit, example, schema};
use proptest::prelude::*;
use serde_json::Value;
use std::sync::LazyLock;

static AREAS: LazyLock<Areas> = LazyLock::new(|| Areas::built_in().unwrap());

fn now() -> DateTime<Utc> {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// A stream of numbers from a seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.next(of.len() as u64)).unwrap()]
    }

    fn id(&mut self) -> Value {
        format!("e{:08x}{:08x}", self.next(1 << 31), self.next(1 << 31)).into()
    }

    fn words(&mut self) -> Value {
        let words = [
            "Teams", "meet", "weekly;", "70%", "of", "beds", "façade", "(open)", "CM1", "\"so\"",
            "\\",
        ];
        let count = 1 + self.next(20);
        let chosen: Vec<&str> = (0..count).map(|_| *self.pick(&words)).collect();
        chosen.join(" ").into()
    }

    fn day(&mut self, first_year: u64, years: u64) -> String {
        format!(
            "{}-{:02}-{:02}",
            first_year + self.next(years),
            1 + self.next(12),
            1 + self.next(28)
        )
    }
}

/// Another event of the same type: its fields drawn anew, and some of those that may be left out left out.
fn vary(event_type: &str, example: &Value, numbers: &mut Numbers) -> Value {
    let mut event = example.clone();
    event["id"] = numbers.id();
    event["source"] = format!("/source/{}", numbers.next(9)).into();
    let time = format!(
        "{}T{:02}:{:02}:{:02}.{:03}Z",
        numbers.day(2001, 25),
        numbers.next(24),
        numbers.next(60),
        numbers.next(60),
        numbers.next(1000)
    );
    event["time"] = time.into();
    let schema = &SCHEMAS[event_type];
    let required: Vec<&str> = schema["properties"]["data"]["required"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let data = event["data"].as_object_mut().unwrap();
    let names: Vec<String> = data.keys().cloned().collect();
    for name in names {
        // What was dropped has a reason.
        let needed = name == "reason" && event_type.ends_with("plan-progress-set.v1");
        if !needed && !required.contains(&name.as_str()) && numbers.next(3) == 0 {
            data.remove(&name);
            continue;
        }
        let Some(field) = data.get_mut(&name) else {
            continue;
        };
        let drawn: Value = match name.as_str() {
            "area" if data_is_free(event_type) => {
                let all: Vec<&str> = AREAS.iter().map(|a| a.id.as_str()).collect();
                (*numbers.pick(&all)).into()
            }
            "transfer" | "referral" | "response" | "previous" | "retracts" | "action" | "item" | "round" | "rater" | "team" | "instrument" | "series" => numbers.id(),
            "change" if ![".target-", ".rebase-", ".source-", ".plan-"].iter().any(|part| event_type.contains(part)) => numbers.id(),
            "note" | "aim" | "title" | "learnt" | "prediction" | "led_by" => numbers.words(),
            "reason" if event_type.contains(".change.") => numbers.words(),
            "date" | "expected" | "proposed" => numbers.day(2001, 25).into(),
            "by" => numbers.day(2027, 9).into(),
            // Not after the time, which is drawn from 2001 on.
            "begins" => numbers.day(2000, 1).into(),
            "meeting" | "due" => numbers.day(2026, 9).into(),
            "from" if event_type.contains(".change.") => numbers.day(2001, 25).into(),
            "level" | "to" | "from" => (1 + numbers.next(5)).into(),
            "count" => (1 + numbers.next(1_000_000)).into(),
            "value" | "target" | "denominator" => {
                (numbers.next(1 << 29) as f64 / [1.0, 2.0, 1000.0][usize::try_from(numbers.next(3)).unwrap()]).into()
            }
            "with_carer" | "shared_record" | "face_to_face" | "granted" | "date_only" => (numbers.next(2) == 0).into(),
            "breakdown" => {
                let entries = (0..numbers.next(3)).map(|n| (format!("by{n}"), numbers.next(99).to_string().into()));
                Value::Object(entries.collect())
            }
            "measures" | "items" | "themes" => {
                let count = numbers.next(5);
                (0..count).map(|n| format!("m{n}-{}", numbers.next(99))).collect()
            }
            "answers" => (0..numbers.next(5))
                .map(|n| serde_json::json!({"item": format!("i{n}"), "score": if numbers.next(4) == 0 { Value::Null } else { numbers.next(11).into() }}))
                .collect(),
            _ => continue,
        };
        *field = drawn;
    }
    if !["framework", "item"]
        .iter()
        .all(|name| data.contains_key(*name))
        && event_type.ends_with("plan-item-set.v1")
    {
        // An item of a plan is about an item of a framework, or about measures.
        data.retain(|name, _| name != "framework" && name != "item");
        if data
            .get("measures")
            .is_none_or(|measures| *measures == serde_json::json!([]))
        {
            data.insert("measures".to_owned(), serde_json::json!(["m1"]));
        }
    }
    if event_type.ends_with("observation.observed.v1") && !data.contains_key("value") {
        // Only what is not published has no value.
        data.remove("denominator");
        let mark = *numbers.pick(&["suppressed", "missing"]);
        data.insert("mark".to_owned(), mark.into());
    }
    event
}

/// The entity does not start with the area.
fn data_is_free(event_type: &str) -> bool {
    !event_type.ends_with("assessment.retracted.v1")
        && !event_type.ends_with("observation.retracted.v1")
}

static SCHEMAS: LazyLock<std::collections::BTreeMap<String, Value>> = LazyLock::new(schema::all);
static EXAMPLES: LazyLock<Vec<(String, Value)>> = LazyLock::new(example::all);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_event_of_any_type_goes_in_and_comes_out_the_same(which in 0..EXAMPLES.len(), seed: u64) {
        let (event_type, example) = &EXAMPLES[which];
        let given = vary(event_type, example, &mut Numbers(seed));
        let event = admit(given.to_string().as_bytes(), &AREAS, now());
        prop_assert!(event.is_ok(), "{given}: {}", event.unwrap_err());
        let event = event.unwrap();
        let text = event.to_text();
        prop_assert_eq!(&text, &event.to_json().to_string());
        prop_assert_eq!(admit(text.as_bytes(), &AREAS, now()), Ok(event));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(admit(&bytes, &AREAS, now()).is_err());
    }

    #[test]
    fn any_cut_or_changed_byte_of_a_good_event_is_read_or_refused(which in 0..EXAMPLES.len(), at: prop::sample::Index, byte: u8) {
        let mut bytes = EXAMPLES[which].1.to_string().into_bytes();
        let at = at.index(bytes.len());
        prop_assert!(admit(&bytes[..at], &AREAS, now()).is_err());
        bytes[at] = byte;
        if let Ok(event) = admit(&bytes, &AREAS, now()) {
            prop_assert_eq!(admit(event.to_json().to_string().as_bytes(), &AREAS, now()), Ok(event));
        }
    }
}

/// Every leaf of a value, by pointer.
fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                leaves(inner, format!("{at}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                leaves(inner, format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at),
    }
}

/// Personal data, with what kind it is.
fn canary(numbers: &mut Numbers) -> (&'static str, String) {
    match numbers.next(4) {
        0 => loop {
            let text = format!("999{:07}", numbers.next(10_000_000));
            let digits: Vec<u8> = text.bytes().map(|b| b - b'0').collect();
            if is_nhs_number(&digits.try_into().unwrap()) {
                return ("nhs", text);
            }
        },
        1 => ("name", format!("Mrs Zebedee{}", numbers.next(1000))),
        2 => (
            "postcode",
            format!("CM{} {}ZQ", 10 + numbers.next(80), numbers.next(10)),
        ),
        _ => (
            "email",
            format!("zebedee{}@canary.example", numbers.next(1000)),
        ),
    }
}

#[test]
fn a_thousand_canaries_in_every_field_are_refused_and_sing_in_no_error() {
    let mut numbers = Numbers(11);
    let (mut pushed, mut refused) = (0, 0);
    for _ in 0..4 {
        for (event_type, example) in EXAMPLES.iter() {
            let mut places = Vec::new();
            leaves(example, String::new(), &mut places);
            for place in places {
                let (kind, text) = canary(&mut numbers);
                let mut event = example.clone();
                *event.pointer_mut(&place).unwrap() = match text.parse::<u64>() {
                    Ok(number) if numbers.next(2) == 0 => number.into(),
                    _ => text.clone().into(),
                };
                // Under a key too, half of the time.
                if numbers.next(2) == 0 {
                    event["data"][&text] = 1.into();
                }
                let bytes = event.to_string();
                pushed += 1;
                let said = match admit(bytes.as_bytes(), &AREAS, now()) {
                    Ok(_) => panic!("{kind} at {place} of {event_type} was let in"),
                    Err(refusals) => refusals.to_string() + &format!("{refusals:?}"),
                };
                refused += 1;
                let decoded =
                    Envelope::from_json(bytes.as_bytes()).map(|envelope| Event::decode(&envelope));
                let also = match &decoded {
                    Ok(Ok(_)) => String::new(),
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                };
                let headers = [
                    ("ce-specversion", text.as_str()),
                    (text.as_str(), text.as_str()),
                ];
                let mode = read_request(Some(&text), headers.into_iter(), bytes.as_bytes(), 1);
                let modes = format!(
                    "{}{}",
                    mode.err().map(|e| e.to_string()).unwrap_or_default(),
                    read_message(
                        [("content-type", text.as_str()), ("ce-id", "%zz")].into_iter(),
                        b""
                    )
                    .unwrap_err()
                );
                for said in [said, also, modes] {
                    assert!(
                        !said.contains(&text) && !said.contains("ebedee"),
                        "{event_type}{place}: {said}"
                    );
                }
            }
        }
    }
    assert!(pushed >= 1000 && refused == pushed, "{refused} of {pushed}");
}
