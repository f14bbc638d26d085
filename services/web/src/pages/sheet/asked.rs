//! What a sheet's form asks for: each field that was changed becomes a request of its own, made from the version that the
//! page had shown.

use super::{Sheet, Step};
use crate::pages::record::Form;
use chrono::NaiveDate;
use joinedup_contract::request::{RatingRequest, RatingVerb};
use joinedup_events::AreaId;
use joinedup_views::catalogue::Item;
use joinedup_views::ratings::Stage;

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
}

/// What a field's hidden neighbour says: the version, the level and the stage that the page had shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) version: u64,
    pub(super) level: Option<u8>,
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
            has_proposal: stage.is_some_and(|stage| stage != Stage::Rating),
            waits: matches!(stage, Some(Stage::Proposed | Stage::Moderated)),
        }
    }

    pub(super) fn written(&self) -> String {
        let level = self.level.map(|l| l.to_string()).unwrap_or_default();
        let (proposal, waits) = (u8::from(self.has_proposal), u8::from(self.waits));
        format!("{}.{level}.{proposal}.{waits}", self.version)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let version = parts.next()?.parse().ok()?;
        let level = parts.next()?;
        let level = if level.is_empty() {
            None
        } else {
            Some(level.parse().ok()?)
        };
        let (has_proposal, waits) = (parts.next()? == "1", parts.next()? == "1");
        Some(Self {
            version,
            level,
            has_proposal,
            waits,
        })
    }
}

/// The name of a cell's field.
pub(super) fn name(what: &str, place: &AreaId, item: &Item) -> String {
    format!("{what}|{place}|{}", item.id)
}

/// The id of a cell's field on the page.
pub(super) fn id(what: &str, column: usize, row: usize) -> String {
    format!("{what}-{column}-{row}")
}

/// Everything that a form asks for.
pub(super) fn all(sheet: &Sheet<'_>, form: &Form, on: Option<NaiveDate>) -> Vec<Asked> {
    let is_published = form.get("do") == Some("publish");
    let mut asked = Vec::new();
    for (row, item) in sheet.items.iter().enumerate() {
        for (column, place) in sheet.places.iter().enumerate() {
            let seen = form.get(&name("seen", place, item)).and_then(Seen::read);
            let Some(seen) = seen else { continue };
            let at = format!("{}, {}", sheet.visit.title_of(place.as_str()), item.title);
            let cell = |what: &str, entry| Asked {
                field: id(what, column, row),
                at: at.clone(),
                area: place.clone(),
                entry,
                publish: None,
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
            let mut level = cell("level", entry(sheet, form, place, item, &seen, &request));
            let changes = matches!(level.entry, Ok(Some(_)));
            if is_published && sheet.step == Step::Moderate && (changes || seen.waits) {
                level.publish = Some(request(RatingVerb::Confirm, seen.version));
            }
            asked.push(level);
            if sheet.step == Step::Plan
                && let Some(note) = form.get(&name("note", place, item))
            {
                let mut request = request(RatingVerb::Note, seen.version);
                (request.round, request.note) = (None, Some(note.to_owned()));
                asked.push(cell("note", Ok(Some(request))));
            }
        }
    }
    asked.retain(|a| a.publish.is_some() || !matches!(a.entry, Ok(None)));
    asked
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
    let stands_by = sheet
        .found
        .rating(place, item)
        .and_then(|r| r.ambition.as_ref())
        .map(|a| a.by);
    let level: Option<u8> = match form.get(&name("level", place, item)) {
        None if by.is_some() && by != stands_by => {
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
            if level == seen.level && Some(by) == stands_by {
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
        request.note = form.get(&format!("why|{}", item.id)).map(ToOwned::to_owned);
    }
    Ok(Some(request))
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn what_was_seen_is_read_back() {
        for level in [None, Some(0), Some(5)] {
            let seen = Seen {
                version: 12,
                level,
                has_proposal: true,
                waits: false,
            };
            assert_eq!(Seen::read(&seen.written()), Some(seen));
        }
        for broken in ["", "12", "12.x.0.0", "12.3", "-1..0.0"] {
            assert_eq!(Seen::read(broken), None);
        }
    }
}
