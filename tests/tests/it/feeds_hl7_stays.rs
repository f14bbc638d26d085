//! Which stay a message of a hospital is about: a number that is used again, one that is missing, and a change of keys.

use std::fs;

use joinedup_tests::http;

use super::feeds_hl7::{Hospital, adt};

#[test]
fn a_number_that_is_used_again_names_another_stay_and_the_first_is_still_known() {
    let hospital = Hospital::new();
    let mut product = hospital.joinedup();
    let again = |message: String| message.replace("202609010830", "202609120830");
    let send = |message| hospital.is_taken(message);
    send(adt("A01", "20260901090000", 1, "", "", ""));
    send(adt("A03", "20260905100500", 1, "202609051000", "", ""));
    send(again(adt("A01", "20260912090000", 1, "", "", "")));
    product.kill9();
    product.restart();
    send(adt("A08", "20260903090000", 1, "", "", "20260908"));
    let left = adt("A03", "20260914090000", 1, "202609140800", "", "");
    send(again(left));
    assert_eq!(product.caught_up(), 6);
    let archive = http::get_ok(&product.url("/api/v1/export/events"))
        .unwrap()
        .text();
    let stays = |fact: &str| -> Vec<String> {
        let is = |line: &&str| line.contains(&format!("transfer.{fact}.v1"));
        let lines = archive.lines().filter(is);
        let after = lines.map(|line| line.split("\"transfer\":\"").nth(1).unwrap());
        let stay = |after: &str| after.split('"').next().unwrap().to_owned();
        after.map(stay).collect()
    };
    let admitted = stays("admitted");
    assert_ne!(admitted[0], admitted[1]);
    assert_eq!(stays("discharged"), admitted);
    assert_eq!(stays("expected-date-set"), admitted[..1]);
    let previous = format!("\"previous\":\"{}\"", admitted[0]);
    assert_eq!(archive.matches(&previous).count(), 1, "a return");
}

#[test]
fn messages_without_a_number_are_about_the_stay_that_the_person_is_in() {
    let hospital = Hospital::new();
    let mut product = hospital.joinedup();
    let send = |message| hospital.is_taken(message);
    let nameless = |code: &str, at: &str, stay: u32, out: &str, began: &str| {
        adt(code, at, stay, out, "", "")
            .replace(&format!("VQ77{stay}^^^PAS"), "")
            .replace("202609010830", began)
    };
    let (out, began) = ("202609051000", "202609010830");
    // The number is missing once, between.
    send(adt("A01", "20260901090000", 1, "", "", ""));
    send(nameless("A08", "20260902090000", 1, "", began));
    product.kill9();
    product.restart();
    send(adt("A03", "20260905100500", 1, out, "", ""));
    // It is never there: the time is written in another way, and put right.
    send(nameless("A01", "20260901090000", 2, "", began));
    send(nameless(
        "A08",
        "20260902090000",
        2,
        "",
        "20260901073000+0000",
    ));
    for _ in 0..2 {
        send(nameless("A08", "20260903090000", 2, "", "202609010930"));
    }
    send(nameless("A03", "20260905100500", 2, out, "20260901093000"));
    // It comes later, and when the stay has ended nobody can say which one is meant.
    send(nameless("A08", "20260902090000", 3, "", began));
    send(adt("A03", "20260905100500", 3, out, "", ""));
    send(nameless("A08", "20260906090000", 3, "", "202609010930"));
    // Visits to a clinic while the person is in a bed are about no stay.
    send(adt("A01", "20260901090000", 4, "", "", ""));
    for (code, out) in [("A04", ""), ("A03", "202609031500"), ("A11", "")] {
        let visit = nameless(code, "20260903150000", 4, out, "202609031400");
        send(visit.replace("PV1|1|I|", "PV1|1|O|"));
    }
    // Of two stays that nothing has ended, the one that began about then is meant.
    let january = adt("A01", "20260101090000", 5, "", "", "");
    send(
        january
            .replace("VQ775", "VQ7755")
            .replace("202609010830", "202601010830"),
    );
    send(adt("A01", "20260901090000", 5, "", "", ""));
    send(nameless("A03", "20260905100500", 5, out, "202609010835"));
    assert_eq!(product.caught_up(), 15);
    let archive = http::get_ok(&product.url("/api/v1/export/events"))
        .unwrap()
        .text();
    let stay = |line: &str| {
        line.split("\"transfer\":\"")
            .nth(1)
            .map(|rest| rest[..40].to_owned())
    };
    let of_january = archive
        .lines()
        .find(|line| line.contains("2026-01-01T08:30"));
    let of_january = stay(of_january.unwrap());
    assert_eq!(
        archive
            .lines()
            .filter(|line| stay(line) == of_january)
            .count(),
        1
    );
    let count = |fact: &str| {
        let event = format!("care.joinedup.transfer.{fact}.v1");
        archive.matches(&event).count()
    };
    let facts = ["admitted", "retracted", "discharged"];
    assert_eq!(facts.map(count), [8, 2, 4], "{archive}");
}

#[test]
fn who_came_in_under_the_key_before_leaves_once_when_that_is_gone() {
    let hospital = Hospital::new();
    let feeds = hospital.at("feeds.toml");
    let mut product = hospital.joinedup();
    let send = |message| hospital.is_taken(message);
    send(adt("A01", "20260901090000", 1, "", "", ""));
    let text = fs::read_to_string(&feeds).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("pseudonym_key_file"));
    let old = line.unwrap();
    let new = hospital.at("new-key");
    let key = old.split('"').nth(1).unwrap();
    fs::copy(key, &new).unwrap();
    let turned = fs::read_to_string(key).unwrap();
    fs::write(&new, turned.chars().rev().collect::<String>().trim()).unwrap();
    let new = format!("pseudonym_key_file = {new:?}");
    let both = format!("{new}\nprevious_{old}");
    for (keys, message) in [
        (both, adt("A08", "20260902090000", 1, "", "", "20260908")),
        (new, adt("A03", "20260905100500", 1, "202609051000", "", "")),
    ] {
        product.kill9();
        fs::write(&feeds, text.replace(old, &keys)).unwrap();
        product.restart();
        send(message);
    }
    assert_eq!(product.caught_up(), 4, "the feed began; in, expected, out");
}
