//! What one message says of a stay. Nothing that names a person goes on from here but keyed hashes, and no text does.

use super::mapping::{AdtMapping, Words};
use super::message::{FieldValue, Message, Place};
use super::time::{self, Time};
use crate::line_list::field::reason;
use crate::line_list::moment::Moment;
use crate::line_list::row::Ring;
use crate::pseudonym::Purpose;
use crate::stay::statement::{Fault, Readiness, Stated, Statement, Trigger};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::reason::Reason;
use joinedup_events::transfer::{AdmissionMethod, DischargeMethod, Pathway};
use joinedup_events::{Areas, Slug, local};

const NOT_A_TIME: &str = "is not a date or time as 20261120 or 202611201430";
const MADE_NOW: &str = "is not a date or time as 20261120 or 202611201430: the message counts as made when it came, so one that comes late may undo what is newer";
const UNKNOWN: &str = "holds what the mapping does not know: add it to the `values` of its field";

/// Reads the messages of one feed.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The mapping.
    pub mapping: &'a AdtMapping,
    /// The keys.
    pub ring: &'a Ring,
    /// The register of areas.
    pub areas: &'a Areas,
    /// The present instant.
    pub now: DateTime<Utc>,
}

impl Reader<'_> {
    /// Reads a message; `None` when it names no stay and need not.
    ///
    /// # Errors
    /// When the message must name a stay and does not.
    pub fn read(&self, trigger: Trigger, message: &Message) -> Result<Option<Statement>, Fault> {
        let mapping = self.mapping;
        let class = message.text(&mapping.class);
        let inpatient = class.map(|class| {
            let is = |one: &String| one.eq_ignore_ascii_case(&class);
            mapping.inpatient.iter().any(is)
        });
        let Some((spell, unnumbered)) = self.spell(message) else {
            return if trigger == Trigger::Update || inpatient == Some(false) {
                Ok(None)
            } else {
                Err(fault(
                    mapping.spell.first(),
                    "is empty, and names the stay, as do the places that stand in for it",
                ))
            };
        };
        let mut faults = Vec::new();
        let mut stated = mapping
            .recorded
            .iter()
            .filter_map(|place| Some((place, time::read(&message.text(place)?))));
        let unread = stated.clone().next();
        let recorded = stated.find_map(|(_, time)| time);
        // Nothing of the message is left out for it: a sender that is told of an error sends it again for ever, or stops.
        let remark = unread
            .filter(|_| recorded.is_none())
            .map(|(place, _)| fault(Some(place), MADE_NOW));
        let (recorded, within) = recorded.map_or((self.now, TimeDelta::seconds(1)), |time| {
            (time.made(self.now), time.within)
        });
        let died_at = moment(message, &mapping.died_at, &mut faults);
        let died = message.text(&mapping.died);
        let died = died.is_some_and(|flag| flag.eq_ignore_ascii_case("y")) || died_at.is_some();
        let (readiness, not_ready_withdrawn) = self.readiness(message, recorded, &mut faults);
        let admitted = moment(message, &mapping.admitted, &mut faults);
        let discharged = moment_within(message, &mapping.discharged, &mut faults);
        let statement = Statement {
            trigger,
            spell,
            unnumbered,
            person: self.person(message),
            previous: None,
            inpatient,
            recorded,
            within,
            happened: moment(message, &mapping.happened, &mut faults).map(|moment| moment.at),
            admitted: admitted.map(|moment| moment.at),
            method: code(message, &mapping.method, AdmissionMethod::from_code),
            hospital: mapping.hospital(message, self.areas),
            discharged: discharged.map(|time| time.after(admitted)),
            discharge_method: code(
                message,
                &mapping.discharge_method,
                DischargeMethod::from_code,
            ),
            destination: destination(message, &mapping.destination),
            died,
            died_at,
            expected: dated(
                message.value_at(&mapping.expected, None),
                &mapping.expected,
                &mut faults,
            ),
            readiness,
            not_ready_withdrawn,
            pathway: words(
                message,
                mapping.pathway.as_ref(),
                &mut faults,
                |words, text| words.value(text).and_then(Pathway::from_code),
            ),
            // A ward that the mapping does not list is not a fault: hospitals have more of them than anybody wants to follow.
            ward: mapping
                .ward
                .as_ref()
                .and_then(|words| code(message, words, |ward| Slug::new(ward).ok()))
                .map_or(Stated::Nothing, Stated::Is),
            reason: words(
                message,
                mapping.delay_reason.as_ref(),
                &mut faults,
                |words, text| {
                    words
                        .value(text)
                        .and_then(Reason::from_code)
                        .or_else(|| reason(text))
                },
            ),
            remark,
            faults: Vec::new(),
        };
        Ok(Some(Statement {
            faults,
            ..statement
        }))
    }

    /// The hashes of what names the stay, and whether it has no number.
    ///
    /// What stands in for the number follows it: the first message of the stay may have come without.
    fn spell(&self, message: &Message) -> Option<(Vec<String>, bool)> {
        let text = |place: &Place| message.text(place).map(|text| text.to_uppercase());
        let (first, others) = self.mapping.spell.split_first()?;
        let numbered = text(first).map(|number| {
            std::iter::once(number)
                .chain(others.iter().map(|place| text(place).unwrap_or_default()))
                .collect()
        });
        let unnumbered = numbered.is_none();
        let mut names: Vec<Vec<String>> = numbered.into_iter().collect();
        // A time is the same however it is written. Stays that are known from before are named by how it was.
        let minute = |place: &Place, text: String| match time::read(&text) {
            Some(time) if *place == self.mapping.admitted => {
                time.moment.at.format("%Y-%m-%dT%H:%MZ").to_string()
            }
            _ => text,
        };
        names.extend(self.otherwise(message, minute));
        names.extend(self.otherwise(message, |_, text| text));
        names.dedup();
        let hashes = names
            .iter()
            .flat_map(|parts| self.ring.hashes(Purpose::Entity, parts));
        (!names.is_empty()).then(|| (hashes.collect(), unnumbered))
    }

    /// What names the stay where it has no number.
    fn otherwise(
        &self,
        message: &Message,
        written: impl Fn(&Place, String) -> String,
    ) -> Option<Vec<String>> {
        let text = |place: &Place| {
            let text = message.text(place)?.to_uppercase();
            Some(written(place, text))
        };
        let parts: Vec<Option<String>> = self.mapping.spell_otherwise.iter().map(text).collect();
        // Without a number or a time anybody's stay would be named alike.
        let (first, last) = (parts.first()?.as_ref(), parts.last()?.as_ref());
        first.and(last)?;
        let parts = parts.into_iter().map(Option::unwrap_or_default);
        Some(
            std::iter::once("OTHERWISE".to_owned())
                .chain(parts)
                .collect(),
        )
    }

    /// The hashes of what names the person.
    fn person(&self, message: &Message) -> Vec<String> {
        let text = |place: &Place| message.text(place).map(|text| text.to_uppercase());
        let parts: Vec<Option<String>> = self.mapping.person.iter().map(text).collect();
        if parts.first().is_none_or(Option::is_none) {
            return Vec::new();
        }
        let parts: Vec<String> = parts.into_iter().map(Option::unwrap_or_default).collect();
        self.ring.hashes(Purpose::Person, &parts)
    }

    /// Readiness, and whether that the person meets the criteria again is taken back.
    fn readiness(
        &self,
        message: &Message,
        recorded: DateTime<Utc>,
        faults: &mut Vec<Fault>,
    ) -> (Stated<Readiness>, bool) {
        let dates = |words: &Words, ready: bool, faults: &mut Vec<Fault>| match dated(
            words.value_in(message),
            &words.field,
            faults,
        ) {
            Stated::Is(date) => Stated::Is(Readiness {
                ready,
                date,
                dated: true,
            }),
            Stated::Withdrawn => Stated::Withdrawn,
            Stated::Nothing => Stated::Nothing,
        };
        let words_of_not_ready = self.mapping.not_ready.as_ref();
        let not_ready = words_of_not_ready.map(|words| dates(words, false, faults));
        let ready = match &self.mapping.ready {
            None => Stated::Nothing,
            Some(by_date) if by_date.values.is_empty() => dates(by_date, true, faults),
            ready => words(message, ready.as_ref(), faults, |words, text| {
                Some(Readiness {
                    ready: words.value(text)? == "ready",
                    date: local::date(recorded),
                    dated: false,
                })
            }),
        };
        match (not_ready, ready) {
            // Of two dates the later is how it stands.
            (Some(Stated::Is(not)), Stated::Is(ready)) if ready.dated && ready.date > not.date => {
                (Stated::Is(ready), false)
            }
            (Some(not_ready @ Stated::Is(_)), _) => (not_ready, false),
            (not_ready, ready) => (ready, not_ready == Some(Stated::Withdrawn)),
        }
    }
}

fn fault(place: Option<&Place>, sentence: &'static str) -> Fault {
    Fault {
        place: place.map(ToString::to_string).unwrap_or_default(),
        sentence,
    }
}

/// A time; what is not one is left out, and named.
fn moment(message: &Message, place: &Place, faults: &mut Vec<Fault>) -> Option<Moment> {
    moment_within(message, place, faults).map(|time| time.moment)
}

/// The same, with how exactly it is known.
fn moment_within(message: &Message, place: &Place, faults: &mut Vec<Fault>) -> Option<Time> {
    let read = time::read(&message.text(place)?);
    if read.is_none() {
        faults.push(fault(Some(place), NOT_A_TIME));
    }
    read
}

/// A date, which may be taken back.
fn dated(value: FieldValue, place: &Place, faults: &mut Vec<Fault>) -> Stated<NaiveDate> {
    match value {
        FieldValue::Nothing => Stated::Nothing,
        FieldValue::Withdrawn => Stated::Withdrawn,
        FieldValue::Is(text) => match time::read(&text) {
            Some(time) => Stated::Is(time.moment.date()),
            None => {
                faults.push(fault(Some(place), NOT_A_TIME));
                Stated::Nothing
            }
        },
    }
}

/// A word that the mapping knows, which may be taken back.
fn words<T>(
    message: &Message,
    words: Option<&Words>,
    faults: &mut Vec<Fault>,
    value: impl Fn(&Words, &str) -> Option<T>,
) -> Stated<T> {
    let Some(words) = words else {
        return Stated::Nothing;
    };
    match words.value_in(message) {
        FieldValue::Nothing => Stated::Nothing,
        FieldValue::Withdrawn => Stated::Withdrawn,
        FieldValue::Is(text) => match value(words, &text) {
            Some(value) => Stated::Is(value),
            None => {
                faults.push(fault(Some(&words.field), UNKNOWN));
                Stated::Nothing
            }
        },
    }
}

/// A code of the mapping's, where the place says anything.
fn code<T>(message: &Message, words: &Words, of: impl Fn(&str) -> Option<T>) -> Option<T> {
    let text = words.value_in(message).text()?;
    words.value(&text).and_then(of)
}

/// A national code of two digits; no other text is let through.
fn destination(message: &Message, words: &Words) -> Option<Slug> {
    let text = words.value_in(message).text()?;
    let code = words.value(&text).unwrap_or(&text);
    let national = code.len() == 2 && code.bytes().all(|b| b.is_ascii_digit());
    national.then(|| Slug::new(code).ok()).flatten()
}
