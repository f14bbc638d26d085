//! The forms that are always let in, and what is refused wherever a name stands.

use super::*;

/// A plain linear congruence is random enough to make ids, and the same ones each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn text(&mut self, letters: &[u8], length: usize) -> String {
        let mut letter = || letters[self.next(letters.len() as u64) as usize];
        (0..length).map(|_| char::from(letter())).collect()
    }
}

const HEX: &[u8] = b"0123456789abcdef";
const BASE32: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[test]
fn of_the_documented_forms_none_is_refused() {
    let mut dice = Dice(7);
    for _ in 0..3_000 {
        let hex = dice.text(HEX, 32);
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        let number = dice.next(100_000_000);
        let seconds = 1_500_000_000 + dice.next(600_000_000);
        let day = format!("{:02}", 1 + dice.next(28));
        for id in [
            parts.join("-"),
            format!("urn:uuid:{}", parts.join("-")),
            hex.clone(),
            format!("/pas/{}", dice.text(HEX, 64)),
            format!("01{}", dice.text(BASE32, 24)),
            dice.text(BASE62, 22),
            format!("spell-{number}"),
            format!("H{number}"),
            format!("ward-7/2026-05-{day}/3"),
            format!("E10000012/dtoc-delayed-days/month/2019-12-{day}"),
            seconds.to_string(),
            format!("{seconds}-17"),
            format!("{seconds}{:03}", dice.next(1_000)),
        ] {
            assert_eq!(rules(&id), Vec::<&str>::new(), "{id}");
        }
    }
}

#[test]
fn of_all_numbers_of_nine_to_twelve_digits_none_gets_in_but_seconds() {
    let mut dice = Dice(11);
    for _ in 0..3_000 {
        let local = 3_000_000_000 + dice.next(6_000_000_000);
        for id in [
            local.to_string(),
            format!("pas-{local}"),
            format!("{local}x"),
        ] {
            assert_eq!(rules(&id), [NUMBER_RULE], "{id}");
        }
    }
}

#[test]
fn what_belongs_to_one_person_is_refused_in_a_name() {
    for (id, rule) in [
        ("9434765919", "UUID"),
        ("t-943-476-5919", "UUID"),
        ("9434:76:5919", "UUID"),
        ("07700900123", "UUID"),
        ("07700-900-123", "UUID"),
        ("44:7700:900123", "UUID"),
        ("100023336956", "UUID"),
        ("AB123456C", "UUID"),
        ("AB-12-34-56-C", "UUID"),
        ("9434765919001", "UUID"),
        ("flat-3/CM1-1AA", "postcode"),
        ("1948-02-03", "birth"),
        ("j.smith@example.org", "e-mail"),
        ("943%20476%205919", "UUID"),
        ("pas/943%2D476%2D5919", "UUID"),
        ("943a476b5919", "UUID"),
        ("𝟗𝟒𝟑𝟒𝟕𝟔𝟓𝟗𝟏𝟗", "UUID"),
        ("j.smith%40example.org", "e-mail"),
    ] {
        let broken = rules(id);
        assert!(
            broken.iter().any(|said| said.contains(rule)),
            "{id}: {broken:?}"
        );
    }
}
