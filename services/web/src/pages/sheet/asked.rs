//! What a sheet's form asks for: each field that was changed becomes a request of its own, made from the version that the
//! page had shown.

use super::{Sheet, Step};
use crate::pages::record::Form;
use chrono::NaiveDate;
use joinedup_contract::request::{RatingRequest, RatingVerb};
use joinedup_events::AreaId;
use joinedup_views::catalogue::Item;
use joinedup_views::ratings::Stage;
use std::collections::BTreeSet;
use std::str::FromStr;

/// Why a reason comes back to which no level belongs.
const REASON_ALONE: &str = "A reason is recorded together with a level that you change. Change a level of this item, or clear the reason";

/// The entries of one field: what is written first and, where that is taken, what is written after it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The id of its field.
    pub(super) field: String,
    /// Where that is, in words.
    pub(super) at: String,
    /// The place.
    pub(super) area: AreaId,
    /// What is to be recorded, or why what was typed is not even a request.
    pub(super) entry: Result<Option<RatingRequest>, &'static str>,
    /// The publication that follows.
    pub(super) publish: Option<RatingRequest>,
    /// It is of the same cell as the one before it, and waits for that.
    pub(super) waits: bool,
    /// The names of what was typed for it.
    pub(super) names: Vec<String>,
}

/// What became of what a field asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Taken,
    Refused,
    /// Somebody else was first.
    Conflict,
}

/// What of a form stays on the sheet when it comes back: what was asked for and not taken. All other cells show what
/// stands now, for what nobody touched must not be sent as if it had been chosen.
pub(super) fn kept<'a>(
    fields: &[(String, String)],
    fates: impl Iterator<Item = (&'a Asked, Fate)>,
) -> Vec<(String, String)> {
    let (mut taken, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for (cell, fate) in fates.filter(|(cell, _)| !matches!(cell.entry, Ok(None))) {
        let names = if fate == Fate::Taken {
            &mut taken
        } else {
            &mut kept
        };
        // Whoever is told of a conflict has seen what stands now; all others are still to be told of it.
        let is_left_out = |name: &str| fate == Fate::Conflict && name.starts_with("seen|");
        names.extend(cell.names.iter().filter(|name| !is_left_out(name)));
    }
    let stays = |name: &String| {
        let is_of_sheet = !name.contains('|');
        let is_reason = name.starts_with("why|") && !taken.contains(name);
        is_of_sheet || is_reason || kept.contains(name)
    };
    let stay = fields.iter().filter(|(name, _)| stays(name));
    stay.cloned().collect()
}

/// What a field's hidden neighbour says: the version, the level, its date and the stage that the page had shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) version: u64,
    pub(super) level: Option<u8>,
    /// The date of an ambition.
    pub(super) by: Option<NaiveDate>,
    /// The place has proposed in this round, or the round has moderated.
    pub(super) has_proposal: bool,
    /// Something of the round waits for publication.
    pub(super) waits: bool,
}

impl Seen {
    pub(super) fn of(sheet: &Sheet<'_>, place: &AreaId, item: &Item) -> Self {
        let stage = sheet.round_of(place, item).map(|round| round.stage);
        Self {
            version: sheet.found.version(place, item),
            level: sheet.level(place, item),
            by: sheet.by(place, item),
            has_proposal: stage.is_some_and(|stage| stage != Stage::Rating),
            waits: matches!(stage, Some(Stage::Proposed | Stage::Moderated)),
        }
    }

    pub(super) fn written(&self) -> String {
        let level = self.level.map(|l| l.to_string()).unwrap_or_default();
        let by = self.by.map(|by| by.to_string()).unwrap_or_default();
        let (proposal, waits) = (u8::from(self.has_proposal), u8::from(self.waits));
        format!("{}.{level}.{proposal}.{waits}.{by}", self.version)
    }

    fn read(text: &str) -> Option<Self> {
        fn read<T: FromStr>(text: &str) -> Option<Option<T>> {
            let read = (!text.is_empty()).then(|| text.parse());
            read.transpose().ok()
        }
        let mut parts = text.split('.');
        let version = parts.next()?.parse().ok()?;
        let level = read(parts.next()?)?;
        let (has_proposal, waits) = (parts.next()? == "1", parts.next()? == "1");
        Some(Self {
            version,
            level,
            by: read(parts.next()?)?,
            has_proposal,
            waits,
        })
    }
}

/// The name of a cell's field.
pub(super) fn name(what: &str, place: &AreaId, item: &Item) -> String {
    format!("{what}|{place}|{}", item.id)
}

/// The name of the field that says why the levels of an item are changed.
pub(super) fn reason(item: &Item) -> String {
    format!("why|{}", item.id)
}

/// The id of a cell's field on the page.
pub(super) fn id(what: &str, column: usize, row: usize) -> String {
    format!("{what}-{column}-{row}")
}

/// Everything that a form asks for.
pub(super) fn all(sheet: &Sheet<'_>, form: &Form, on: Option<NaiveDate>) -> Vec<Asked> {
    let is_published = form.get("do") == Some("publish");
    let mut asked: Vec<Asked> = Vec::new();
    for (row, item) in sheet.items.iter().enumerate() {
        let before = asked.len();
        for (column, place) in sheet.places.iter().enumerate() {
            let seen = form.get(&name("seen", place, item)).and_then(Seen::read);
            let Some(seen) = seen else { continue };
            let at = format!("{}, {}", sheet.visit.title_of(place.as_str()), item.title);
            let cell = |what: &str, entry, names| Asked {
                field: id(what, column, row),
                at: at.clone(),
                area: place.clone(),
                entry,
                publish: None,
                waits: false,
                names,
            };
            let request = |action, version| RatingRequest {
                area: place.to_string(),
                framework: sheet.framework.id.clone(),
                item: item.id.clone(),
                action,
                round: Some(sheet.round.to_string()),
                on,
                version,
                ..RatingRequest::default()
            };
            let names = ["level", "by", "seen"].map(|what| name(what, place, item));
            let names = names.into_iter().chain([reason(item)]).collect();
            let asked_for = entry(sheet, form, place, item, &seen, &request);
            let mut level = cell("level", asked_for, names);
            let changes = matches!(level.entry, Ok(Some(_)));
            if is_published && sheet.step == Step::Moderate && (changes || seen.waits) {
                level.publish = Some(request(RatingVerb::Confirm, seen.version));
            }
            let has_level = changes || level.entry.is_err();
            asked.push(level);
            if sheet.step == Step::Plan
                && let note_name = name("note", place, item)
                && let Some(note) = form.get(&note_name)
            {
                let mut request = request(RatingVerb::Note, seen.version);
                (request.round, request.note) = (None, Some(note.to_owned()));
                let note = cell("note", Ok(Some(request)), vec![note_name]);
                // Evidence would be newer than what the level beside it is made from.
                asked.push(Asked {
                    waits: has_level,
                    ..note
                });
            }
        }
        let mut cells = asked.iter().skip(before);
        if sheet.step == Step::Moderate && cells.all(|cell| matches!(cell.entry, Ok(None))) {
            asked.extend(reason_alone(sheet, form, row, item));
        }
    }
    asked.retain(|a| a.publish.is_some() || !matches!(a.entry, Ok(None)));
    asked
}

/// A reason that no level of its item takes along: it is refused, for otherwise it would be lost without a word.
fn reason_alone(sheet: &Sheet<'_>, form: &Form, row: usize, item: &Item) -> Option<Asked> {
    let name = reason(item);
    form.get(&name)?;
    let mut places = sheet.places.iter();
    let own = places.find(|place| sheet.visit.may_decide_in(place));
    Some(Asked {
        field: id("why", 0, row),
        at: format!("Why, {}", item.title),
        area: own.or(sheet.places.first())?.clone(),
        entry: Err(REASON_ALONE),
        publish: None,
        waits: false,
        names: vec![name],
    })
}

/// What a field for a level asks for; none when it was left as it was shown.
fn entry(
    sheet: &Sheet<'_>,
    form: &Form,
    place: &AreaId,
    item: &Item,
    seen: &Seen,
    request: &impl Fn(RatingVerb, u64) -> RatingRequest,
) -> Result<Option<RatingRequest>, &'static str> {
    let date = |name: &str| match form.get(name) {
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| "Choose a date such as 31 March 2028"),
        None => Ok(None),
    };
    let by = date(&name("by", place, item))?;
    let level: Option<u8> = match form.get(&name("level", place, item)) {
        None if by.is_some() && by != seen.by => {
            return Err("Choose the level that is wanted by that date");
        }
        None => return Ok(None),
        Some("-") => None,
        Some(text) => Some(text.parse().map_err(|_| "Choose one of the levels")?),
    };
    let verb = match sheet.step {
        Step::Plan => {
            let by = by
                .or(date("by")?)
                .ok_or("Choose the date by which the level is wanted")?;
            if level == seen.level && Some(by) == seen.by {
                return Ok(None);
            }
            let mut request = request(RatingVerb::Ambition, seen.version);
            (request.round, request.level, request.by) = (None, level, Some(by));
            return Ok(Some(request));
        }
        Step::Rate => RatingVerb::Propose,
        Step::Moderate if seen.has_proposal => RatingVerb::Moderate,
        Step::Moderate => RatingVerb::Propose,
    };
    if level == seen.level {
        return Ok(None);
    }
    let mut request = request(verb, seen.version);
    request.level = level;
    request.rater = sheet.rater.as_ref().map(ToString::to_string);
    if sheet.step == Step::Moderate {
        request.note = form.get(&reason(item)).map(ToOwned::to_owned);
    }
    Ok(Some(request))
}

#[cfg(test)]
mod tests {
    use super::{Asked, Fate, Seen, kept};
    use joinedup_contract::request::RatingRequest;
    use joinedup_events::AreaId;
    use proptest::prelude::*;

    #[test]
    fn what_was_seen_is_read_back() {
        for (level, by) in [(None, None), (Some(0), None), (Some(5), Some("2028-03-31"))] {
            let seen = Seen {
                version: 12,
                level,
                by: by.map(|by| by.parse().unwrap()),
                has_proposal: true,
                waits: false,
            };
            assert_eq!(Seen::read(&seen.written()), Some(seen));
        }
        for broken in [
            "",
            "12",
            "12.x.0.0.",
            "12.3",
            "-1..0.0.",
            "12.3.0.0",
            "12.3.0.0.soon",
        ] {
            assert_eq!(Seen::read(broken), None);
        }
    }

    fn cell(place: &str, names: &[String]) -> Asked {
        Asked {
            field: String::new(),
            at: String::new(),
            area: AreaId::new(place).unwrap(),
            entry: Ok(Some(RatingRequest::default())),
            publish: None,
            waits: false,
            names: names.to_vec(),
        }
    }

    proptest! {
        /// Each cell: untouched, taken, refused, or taken by somebody else.
        #[test]
        fn a_sheet_comes_back_with_what_was_not_taken_alone(fates in prop::collection::vec(0..4_u8, 1..12)) {
            let (mut fields, mut asked) = (vec![("on".to_owned(), String::new())], Vec::new());
            for (i, fate) in fates.iter().enumerate() {
                let names = ["level", "by", "seen"].map(|what| format!("{what}|north|i{i}"));
                fields.extend(names.iter().map(|name| (name.clone(), "2".to_owned())));
                let fate = match fate {
                    1 => Fate::Taken,
                    2 => Fate::Refused,
                    3 => Fate::Conflict,
                    _ => continue,
                };
                asked.push((cell("north", &names), fate));
            }
            let kept = kept(&fields, asked.iter().map(|(cell, fate)| (cell, *fate)));
            let has = |name: String| kept.iter().any(|(n, _)| *n == name);
            prop_assert!(has("on".to_owned()));
            for (i, fate) in fates.iter().enumerate() {
                prop_assert_eq!(has(format!("level|north|i{i}")), *fate > 1);
                prop_assert_eq!(has(format!("seen|north|i{i}")), *fate == 2);
            }
        }
    }

    #[test]
    fn a_reason_stays_until_it_is_recorded_with_all_that_it_is_for() {
        let fields = [("why|a".to_owned(), "Only one service so far".to_owned())];
        let cells = ["north", "south"].map(|place| cell(place, &[fields[0].0.clone()]));
        let after = |fates: &[Fate]| kept(&fields, cells.iter().zip(fates.iter().copied()));
        assert_eq!(after(&[]), fields);
        assert_eq!(after(&[Fate::Taken, Fate::Refused]), fields);
        assert_eq!(after(&[Fate::Taken, Fate::Taken]), []);
    }
}
