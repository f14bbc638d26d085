//! A hospital's messages go into a running server over MLLP, from a sender that is not ours: each is answered once it is
//! durable, counts once however often it comes, and names nobody.

use crate::line_lists::{files, key};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::tools::Tool;
use joinedup_tests::{http, ports};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

/// What must be found nowhere: numbers of people and stays, names, a ward.
const CANARIES: [&str; 6] = [
    "QZ4471",
    "9990123",
    "Quillfeather",
    "19400229",
    "VQ77",
    "Zebedee",
];

pub fn adt(code: &str, at: &str, stay: u32, out: &str, evn6: &str, expected: &str) -> String {
    format!(
        "MSH|^~\\&|PAS|RAJ|JOINEDUP|X|{at}||ADT^{code}|{stay}{code}{at}|P|2.4\r\
         EVN|{code}|{at}||||{evn6}\r\
         PID|1||QZ4471{stay}^^^RAJ~9990123{stay}^^^NHS||Quillfeather^Jane||19400229|F\r\
         PV1|1|I|Zebedee^2^3^RAJ56|21|||||||||||||||VQ77{stay}^^^PAS|||||||||||||||||19||||||||202609010830|{out}\r\
         PV2|||||||||{expected}\r"
    )
}

/// One stay with a discharge that is cancelled and comes again later, and one that is cancelled whole.
fn ten_messages() -> Vec<String> {
    let out = "202609101400";
    vec![
        adt("A01", "20260901090000", 1, "", "", "20260908"),
        adt("A02", "20260902090000", 1, "", "", ""),
        adt("A01", "20260902100000", 2, "", "", ""),
        adt("A08", "20260903090000", 1, "", "", "20260910"),
        adt("A08", "20260903100000", 2, "", "", ""),
        adt("A03", "20260910140500", 1, out, "", ""),
        adt("A11", "20260910150000", 2, "", "", ""),
        adt("A13", "20260910160000", 1, "", out, ""),
        adt("A08", "20260911090000", 1, "", "", ""),
        adt("A03", "20260912110000", 1, "202609121045", "", ""),
    ]
}

/// The feed began; admitted twice, expected twice, discharged twice, reversed, cancelled.
const EVENTS: u64 = 9;

/// From which day on the feed said that it reports, each time.
pub fn began(archive: &str) -> Vec<String> {
    let said = archive
        .lines()
        .filter(|line| line.contains("source-reported"));
    let said = said.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let live = said.filter(|event| event["payload"]["data"]["live"] == true);
    live.map(|event| {
        event["payload"]["data"]["begins"]
            .as_str()
            .unwrap()
            .to_owned()
    })
    .collect()
}

pub struct Hospital {
    folder: tempfile::TempDir,
    port: u16,
}

impl Hospital {
    pub fn new() -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), ports::free_port());
        let key = key(folder.path());
        let feeds = format!(
            "[[feed]]\nname = \"pas\"\nkind = \"hl7-mllp\"\nlisten = \"127.0.0.1:{port}\"\narea = \"RAJ\"\n\
             pseudonym_key_file = {key:?}\nexpected_hours = 1\n"
        );
        fs::write(folder.path().join("feeds.toml"), feeds).unwrap();
        let framed: Vec<String> = ten_messages()
            .iter()
            .map(|m| format!("\u{b}{m}\u{1c}\r"))
            .collect();
        fs::write(folder.path().join("messages"), framed.concat()).unwrap();
        Self { folder, port }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sends the ten messages with `mllp_send`; all of them have to be taken.
    fn send_all(&self) {
        let (port, file) = (self.port.to_string(), self.at("messages"));
        let file = file.to_str().unwrap();
        let run = Tool::MllpSend.run(["--port", &port, "--file", file, "127.0.0.1"]);
        let answers = run.succeeded();
        assert_eq!(answers.matches("MSA|AA|").count(), 10, "{answers}");
    }

    /// A server that listens to the hospital.
    pub fn joinedup(&self) -> Joinedup {
        let feeds = self.at("feeds.toml");
        let flags = ["--feeds", feeds.to_str().unwrap()];
        Joinedup::start(JoinedupOptions::new("serve", &flags))
    }

    /// Sends a message, which has to be taken.
    pub fn is_taken(&self, message: String) {
        let answer = self.send(format!("\u{b}{message}\u{1c}\r").as_bytes());
        assert!(answer.contains("MSA|AA|"), "{answer}");
    }

    /// Sends bytes and returns the first answer.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }
}

#[test]
fn a_hospitals_messages_count_once_over_repeats_and_kills_and_name_nobody() {
    let hospital = Hospital::new();
    let mut product = hospital.joinedup();

    // All at once, and killed after the first answer: the sender does not know what was taken.
    let all = fs::read(hospital.at("messages")).unwrap();
    let first = hospital.send(&all);
    assert!(first.contains("MSA|AA|1A0120260901090000"), "{first}");
    product.kill9();
    product.restart();
    hospital.send_all();
    assert_eq!(product.caught_up(), EVENTS);
    let cells = product.cells();
    hospital.send_all();
    product.kill9();
    product.restart();
    hospital.send_all();
    assert_eq!(product.caught_up(), EVENTS);
    assert_eq!(product.cells(), cells);

    let archive = http::get_ok(&product.url("/api/v1/export/events"))
        .unwrap()
        .text();
    let count = |fact: &str| {
        let event = format!("care.joinedup.transfer.{fact}.v1");
        archive.matches(&event).count()
    };
    let facts = [
        "admitted",
        "expected-date-set",
        "discharged",
        "discharge-reversed",
        "cancelled",
    ];
    assert_eq!(facts.map(count), [2, 2, 2, 1, 1], "{archive}");
    assert_eq!(began(&archive), ["2026-09-02"], "once, for the day after");
    let of = |quantity: &str| {
        cells
            .lines()
            .filter(|line| line.contains(quantity))
            .collect::<Vec<_>>()
    };
    let discharges = of("transfer.discharges");
    assert_eq!(discharges.len(), 1, "{discharges:?}");
    assert!(discharges[0].contains("2026-09-12"), "{discharges:?}");

    let state = product.json("/api/v1/feeds").unwrap()["feeds"][0].clone();
    assert_eq!(
        (&state["name"], &state["last"]),
        (&"pas".into(), &"ADT A03".into())
    );
    assert_eq!(
        (&state["taken"], &state["without_effect"]),
        (&10.into(), &10.into())
    );

    for path in files(product.folder()) {
        let bytes = fs::read(&path).unwrap();
        for canary in CANARIES {
            let found = bytes
                .windows(canary.len())
                .any(|part| part == canary.as_bytes());
            assert!(!found, "{canary} in {}", path.display());
        }
    }
    for canary in CANARIES {
        assert!(
            !archive.contains(canary) && !product.log().contains(canary),
            "{canary}"
        );
    }
    assert_eq!(product.sigterm().code(), Some(0), "{}", product.log());
}

#[test]
fn what_cannot_be_taken_is_answered_with_a_reason_that_holds_no_value() {
    let hospital = Hospital::new();
    let product = hospital.joinedup();
    let framed = |message: &str| format!("\u{b}{message}\u{1c}\r").into_bytes();
    let admission = adt("A01", "20260901090000", 1, "", "", "");

    let other = hospital.send(&framed(&admission.replace("ADT^A01", "ORU^R01")));
    assert!(other.contains("MSA|AR|"), "{other}");
    let nameless = hospital.send(&framed(
        &admission.replace("VQ771", "").replace("QZ44711", ""),
    ));
    assert!(
        nameless.contains("MSA|AE|") && nameless.contains("PV1-19"),
        "{nameless}"
    );
    // A wrong expected date does not hold up the admission.
    let wrong = hospital.send(&framed(&adt(
        "A01",
        "20260901090000",
        1,
        "",
        "",
        "32131940",
    )));
    assert!(
        wrong.contains("MSA|AE|") && wrong.contains("PV2-9") && !wrong.contains("3213"),
        "{wrong}"
    );
    let ahead = hospital.send(&framed(&adt(
        "A03",
        "20260902090000",
        1,
        "209001010000",
        "",
        "",
    )));
    assert!(
        ahead.contains("MSA|AE|") && ahead.contains("future"),
        "{ahead}"
    );
    let unframed = hospital.send(&[b'G'; 6000]);
    assert!(unframed.contains("MSA|AR|"), "{unframed}");
    let training = hospital.send(&framed(
        &admission
            .replace("|P|2.4", "|T|2.4")
            .replace("VQ771", "VQ775"),
    ));
    assert!(training.contains("MSA|AA|"), "{training}");

    // A clock that writes otherwise is no reason to send again: all that the message says is taken.
    let clock = hospital.send(&framed(&adt("A08", "2026-09-01 at nine", 1, "", "", "")));
    assert!(
        clock.contains("MSA|AA|") && clock.contains("EVN-2 is not a date"),
        "{clock}"
    );
    let state = product.json("/api/v1/feeds").unwrap()["feeds"][0].to_string();
    assert!(state.contains("EVN-2 is not a date"), "{state}");

    // Three in one packet, oddly framed: three answers.
    let three: Vec<u8> = ["A02", "A08", "A12"]
        .iter()
        .flat_map(|code| {
            [
                framed(&adt(code, "20260903090000", 1, "", "", "")),
                vec![b'\n', 0],
            ]
            .concat()
        })
        .collect();
    let mut stream = TcpStream::connect(("127.0.0.1", hospital.port)).unwrap();
    stream.write_all(&three).unwrap();
    let mut answers = String::new();
    eventually("three answers", || {
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).unwrap();
        answers.push_str(&String::from_utf8_lossy(&bytes[..read]));
        let taken = answers.matches("MSA|AA|").count();
        (taken == 3).then_some(()).ok_or(answers.clone())
    });
    assert_eq!(
        product.caught_up(),
        2,
        "the feed began, and the admission alone"
    );
    let state = product.json("/api/v1/feeds").unwrap()["feeds"][0].clone();
    assert_eq!(state["refused"], 5, "{state}");

    // Left before coming: not taken, as in a line list, and the sender is told.
    let early = adt("A03", "20260904090000", 1, "202608301200", "", "");
    for _ in 0..2 {
        let answer = hospital.send(&framed(&early));
        assert!(
            answer.contains("MSA|AE|")
                && answer.contains("PV1-45 has the stay end before it began"),
            "{answer}"
        );
    }
    assert_eq!(
        product.caught_up(),
        2,
        "the feed began, and the admission alone"
    );
    let state = product.json("/api/v1/feeds").unwrap()["feeds"][0].clone();
    assert_eq!(
        (&state["contradicting"], &state["refused"]),
        (&0.into(), &7.into()),
        "{state}"
    );
}

#[test]
fn what_comes_late_does_not_undo_what_was_said_after_it() {
    let hospital = Hospital::new();
    let product = hospital.joinedup();
    let expected = |at: &str, day: &str| adt("A08", at, 1, "", "", day);
    hospital.is_taken(adt("A01", "20260901090000", 1, "", "", "20260908"));
    // The second of them comes first, and says what stands already.
    hospital.is_taken(expected("20260903090000", "20260908"));
    for _ in 0..2 {
        hospital.is_taken(expected("20260902090000", "20260910"));
        assert_eq!(product.caught_up(), 5);
    }
    let archive = http::get_ok(&product.url("/api/v1/export/events"))
        .unwrap()
        .text();
    let last = archive
        .lines()
        .rfind(|line| line.contains("expected-date-set"))
        .unwrap();
    assert!(
        last.contains("2026-09-03") && last.contains("2026-09-08"),
        "{last}"
    );
    // What stays silent does not speak against it.
    hospital.is_taken(adt("A08", "20260905090000", 1, "", "", ""));
    hospital.is_taken(expected("20260904090000", "20260912"));
    assert_eq!(product.caught_up(), 6);
}

#[test]
fn a_return_finds_the_stay_before_it_by_a_hash_that_the_feed_keeps() {
    let hospital = Hospital::new();
    let mut product = hospital.joinedup();
    // The second stay is the first one's person, a week after leaving.
    let again = |code: &str, at: &str| {
        adt(code, at, 2, "", "", "")
            .replace("QZ44712", "QZ44711")
            .replace("99901232", "99901231")
            .replace("202609010830", "202609120830")
    };
    let returns = |product: &Joinedup| -> Vec<String> {
        product.caught_up();
        let cells = product.cells();
        let mut lines = cells.lines();
        let of = lines.by_ref().filter(|line| line.contains("readmitted_30"));
        of.map(str::to_owned).collect()
    };
    let send = |message| hospital.is_taken(message);
    send(adt("A01", "20260901090000", 1, "", "", ""));
    send(adt("A03", "20260905100500", 1, "202609051000", "", ""));
    let before = returns(&product);
    assert_eq!(before.len(), 1, "{before:?}");
    product.kill9();
    product.restart();
    send(again("A01", "20260912090000"));
    let after = returns(&product);
    assert_ne!(after, before);
    send(again("A08", "20260912100000"));
    assert_eq!(returns(&product), after, "once");
    // Taken back, also where the stay before is asked.
    send(again("A11", "20260913090000"));
    assert_eq!(returns(&product), before);
    let people = product.folder().join("data/feeds/pas.people");
    assert_eq!(fs::read_to_string(people).unwrap().lines().count(), 2);
    for path in files(product.folder()) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} in {}", path.display());
        }
    }
}
