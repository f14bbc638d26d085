//! A hospital's spells, made from a seed, and the list that its warehouse writes of them.

use super::HEADER;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// A spell as it really was.
#[derive(Clone, Debug)]
pub(super) struct Spell {
    pub id: String,
    pub nhs: String,
    pub ward: &'static str,
    pub site: &'static str,
    pub admitted: NaiveDateTime,
    pub expected: NaiveDate,
    pub ready: Option<NaiveDate>,
    pub pathway: &'static str,
    pub reason: &'static str,
    pub out: Option<NaiveDateTime>,
    pub destination: &'static str,
}

/// Numbers that look random and are the same every time.
struct Seed(u64);

impl Seed {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// So many spells from August to October, of people some of whom come back.
pub(super) fn spells(n: u64) -> Vec<Spell> {
    let mut seed = Seed(20_261_128);
    let first = NaiveDate::from_ymd_opt(2026, 8, 1).unwrap();
    let mut spells: Vec<Spell> = Vec::new();
    for at in 0..n {
        let day = first + Days::new(seed.below(90));
        let minute = i64::try_from(seed.below(1_440)).unwrap();
        let admitted = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute);
        let stay = seed.below(20);
        let is_out = seed.below(10) > 0;
        let out = admitted
            + TimeDelta::minutes(i64::try_from(stay * 1_440 + seed.below(1_000) + 1).unwrap());
        let waits = seed.below(3) > 0;
        let ready = day + Days::new(stay.saturating_sub(seed.below(6)));
        let patient = if at > 20 && seed.below(12) == 0 {
            at - 20
        } else {
            at
        };
        spells.push(Spell {
            id: format!("D{}", 100_000 + patient),
            nhs: format!("{}", 9_000_000_000_u64 + patient * 7_919),
            ward: seed.of(&["Stroke Unit", "AMU", "Ortho", "Frailty, East"]),
            site: seed.of(&["RAJ12", "RAJ56"]),
            admitted,
            expected: day + Days::new(seed.below(8)),
            ready: waits.then_some(ready),
            pathway: seed.of(&["", "P0", "P1", "P2", "P3"]),
            reason: if waits {
                seed.of(&[
                    "",
                    "IP2",
                    "Awaiting package of care",
                    "awaiting POC - no capacity",
                    "something else",
                ])
            } else {
                ""
            },
            out: is_out.then_some(out),
            destination: if is_out {
                seed.of(&["19", "19", "51", "54", "85", "79"])
            } else {
                ""
            },
        });
    }
    spells
}

/// The list, in the warehouse's shape.
pub(super) fn list(spells: &[Spell]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(HEADER.split(',')).unwrap();
    for spell in spells {
        let date = |date: Option<NaiveDate>| {
            date.map_or(String::new(), |d| d.format("%d/%m/%Y").to_string())
        };
        let time = |at: NaiveDateTime| at.format("%d/%m/%Y %H:%M").to_string();
        writer
            .write_record([
                &spell.id,
                &spell.nhs,
                spell.ward,
                spell.site,
                &time(spell.admitted),
                &date(Some(spell.expected)),
                &date(spell.ready),
                spell.pathway,
                spell.reason,
                &spell.out.map_or(String::new(), time),
                spell.destination,
            ])
            .unwrap();
    }
    writer.into_inner().unwrap()
}
