//! Everything that reads what strangers write, fed with damaged examples: nothing panics, what is taken survives its own writing, and no
//! refusal repeats a value.
//!
//! `cargo test -p joinedup-fuzz` runs each for a moment; `cargo bolero test --package joinedup-fuzz the_door` (cargo-bolero from
//! crates.io) goes on until it is stopped, led by what the program has not yet run.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;

use bolero::check;
use chrono::{DateTime, Utc};
use joinedup_application::admission;
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_events::{Areas, Arrival, Envelope, Event, Submitted, example, mode};
use joinedup_feeds::csv::{CsvFile, Import};
use joinedup_feeds::hl7::frame::Framer;
use joinedup_feeds::hl7::mapping::AdtMapping;
use joinedup_feeds::hl7::message::Message;
use joinedup_feeds::line_list::mapping::ListMapping;
use joinedup_feeds::mapping::Mapping;
use joinedup_fuzz::Damage;
use joinedup_promql::plan;

/// A value that stands in every example; no sentence may hold it.
const VALUE: &str = "zq-canary-7";

fn now() -> DateTime<Utc> {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

#[test]
fn the_door() {
    let definitions = Definitions::read(&Config::default()).unwrap();
    let arrival = Arrival::at(now());
    let mut examples: Vec<String> = example::all()
        .into_iter()
        .map(|(_, mut event)| {
            event["id"] = VALUE.into();
            event.to_string()
        })
        .collect();
    examples.push(format!("[{}]", examples.join(",")));
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", VALUE),
        ("ce-type", "care.joinedup.transfer.ready.v1"),
    ];
    check!()
        .with_type::<(Damage, u8)>()
        .for_each(|(damage, kind)| {
            let body = damage.of(&examples);
            let kind = match kind % 4 {
                0 => Some("application/cloudevents+json"),
                1 => Some("application/cloudevents-batch+json"),
                2 => Some("application/json"),
                _ => None,
            };
            let Ok(events) = mode::read_request(kind, headers.into_iter(), &body, 1_000) else {
                return;
            };
            for bytes in events {
                let read = Submitted::read(&bytes);
                match read.and_then(|submitted| admission::admit(&definitions, submitted, arrival))
                {
                    Ok(event) => {
                        let written = event.to_json().to_string();
                        let read = Envelope::from_json(written.as_bytes()).unwrap();
                        assert_eq!(Event::decode(&read).unwrap(), event);
                    }
                    Err(refusals) => assert!(!refusals.to_string().contains(VALUE), "{refusals}"),
                }
            }
        });
}

#[test]
fn a_mapping() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../services/mappings");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let examples: Vec<String> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "toml"))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    assert!(
        examples.len() > 10,
        "the shipped mappings are not where they were"
    );
    check!().with_type::<Damage>().for_each(|damage| {
        let text = String::from_utf8_lossy(&damage.of(&examples)).into_owned();
        // Whether it is a mapping of a table or of a list, it is one or a sentence.
        let _ = Mapping::parse("mapping.toml", &text);
        let _ = ListMapping::parse("mapping.toml", &text);
    });
}

#[test]
fn a_table() {
    let mapping = "name = \"falls\"\n[period]\ncolumn = \"week\"\ngrain = \"week\"\n[area]\ncolumn = \"ward\"\n\
                   [[series]]\nid = \"falls\"\nvalue = \"falls\"\n";
    let mapping = Mapping::parse("falls.toml", mapping).unwrap();
    let areas = Arc::new(Areas::built_in().unwrap());
    let examples = [
        format!("week,ward,falls\n2026-06-01,RAJ,4\n2026-06-08,RAJ,{VALUE}\n"),
        format!(
            "Falls of the wards;;\n\nweek;ward;falls;note\n01/06/2026;RAJ;1,234;{VALUE}\n08/06/2026;\"RAJ\";*;\n"
        ),
        "\u{feff}week\tward\tfalls\nWeek 23 2026\tRAJ\t4.5\n45000\tRAJ\t-\n".to_owned(),
    ];
    check!().with_type::<Damage>().for_each(|damage| {
        let bytes = damage.of(&examples);
        let import = Import {
            areas: areas.clone(),
            now: now(),
            recorded_at: now(),
            edition: None,
        };
        let Ok(mut file) = CsvFile::open(&*bytes, Some(mapping.clone()), import) else {
            return;
        };
        while let Ok(Some(chunk)) = file.chunk(100) {
            for bad in chunk.bad {
                assert!(!bad.in_file("falls.csv").contains(VALUE), "{bad:?}");
            }
        }
    });
}

#[test]
fn a_message() {
    let areas = Areas::built_in().unwrap();
    let mapping = AdtMapping::named("adt", &areas).unwrap();
    let examples = [
        "MSH|^~\\&|PAS|RAJ|||20261101101500||ADT^A01|1|P|2.4\rEVN|A01|20261101101500\rPID|1||7^^^RAJ^MR\rPV1|1|I|W7^1^1^RAJ12\r".to_owned(),
        "MSH|^~\\&|PAS|RAJ|||20261101101500||ADT^A40|2|P|2.4\rEVN|A40|20261101101500\rPID|1||7^^^RAJ^MR\rMRG|8^^^RAJ^MR\rPV2|||||||||20261109\r".to_owned(),
    ];
    check!()
        .with_type::<(Damage, u8)>()
        .for_each(|(damage, cut)| {
            let message = damage.of(&examples);
            if let Some(message) = Message::read(&message) {
                let _ = mapping.hospital(&message, &areas);
            }
            // However a stream is cut into packets, the same messages come out of it.
            let mut stream = vec![0x0b];
            stream.extend(&message);
            stream.extend([0x1c, b'\r']);
            let whole = framed(stream.chunks(stream.len()));
            assert_eq!(framed(stream.chunks(usize::from(*cut).max(1))), whole);
        });
}

fn framed<'a>(packets: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let mut framer = Framer::new(64 * 1024);
    let mut whole = Vec::new();
    for packet in packets {
        if framer.take(packet, &mut whole).is_err() {
            return (whole, false);
        }
    }
    (whole, true)
}

#[test]
fn a_query() {
    let examples = [
        "sum by (area) (joinedup_run_chart_value{measure=\"tr-delayed-nights\",area=~\"havenshire.*\"})".to_owned(),
        "max_over_time(joinedup_run_chart_value[30d:1d]) > bool on (area) group_left 3 * 2".to_owned(),
        "label_replace(joinedup_run_chart_value offset 1w, \"a\", \"$1\", \"b\", \"(.*)\")".to_owned(),
        "topk(3, -joinedup_run_chart_value) or vector(1) unless time() % 86400".to_owned(),
    ];
    check!().with_type::<Damage>().for_each(|damage| {
        let text = String::from_utf8_lossy(&damage.of(&examples)).into_owned();
        let _ = plan::plan(&text);
        let _ = plan::selector(&text);
    });
}
