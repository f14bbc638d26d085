//! A link with which people answer on a device of their own, or on one that is handed round. The log holds an invitation
//! whose id is a digest of the link: the link itself is stored nowhere, and what it is bound to cannot be changed.

use super::super::record::{self, SOURCE};
use super::super::visit::Visit;
use super::sent::publish;
use crate::door::problem::Problem;
use chrono::{DateTime, Days, NaiveDate, Utc};
use joinedup_events::experience::{ExperienceFact, Mode};
use joinedup_events::{AreaId, EntityId, Event, EventKey, Fact, Family, Refusals, Slug, local};
use joinedup_views::contribution::FactKey;
use joinedup_views::view::View;
use uuid::Uuid;

/// For how many days a link may be made.
pub(super) const DAYS: [u64; 3] = [7, 28, 90];
/// The ways of answering that a link can be made for, each with its words.
pub(super) const MODES: [(Mode, &str); 2] = [
    (Mode::Online, "On their own device"),
    (Mode::FaceToFace, "On a tablet that staff hand round"),
];
/// The most answers to one link.
pub(super) const MAX_ANSWERS: u32 = 500;

/// What digests of links are made under.
const DIGESTS: Uuid = Uuid::from_u128(0x6a_6f69_6e65_6475_7000_616e_7377_6572);

/// A link, as it stands in its address: how people answer, for how many days, a code that nobody guesses, and perhaps a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) mode: Mode,
    pub(super) days: u64,
    code: Uuid,
    pub(super) team: Option<Slug>,
}

impl Link {
    /// A new one.
    pub(super) fn new(mode: Mode, days: u64, team: Option<Slug>) -> Self {
        let code = Uuid::new_v4();
        Self {
            mode,
            days,
            code,
            team,
        }
    }

    /// Reads what stands in an address; none when it is not a link of ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '.');
        let mode = Mode::from_code(parts.next()?)?;
        let days = parts.next()?.parse().ok()?;
        let code = Uuid::try_parse(parts.next()?).ok()?;
        let team = parts.next().map(Slug::new).transpose().ok()?;
        let link = Self {
            mode,
            days,
            code,
            team,
        };
        (link.written() == text).then_some(link)
    }

    /// As it stands in an address.
    pub(super) fn written(&self) -> String {
        let team = self.team.as_ref().map(|team| format!(".{team}"));
        format!(
            "{}.{}.{}{}",
            self.mode.code(),
            self.days,
            self.code.simple(),
            team.unwrap_or_default()
        )
    }

    /// The invitation that it belongs to.
    pub(super) fn invitation(&self) -> String {
        format!("link-{}", self.digest(""))
    }

    /// The id of the event that stops it.
    pub(super) fn stop(&self) -> String {
        format!("{}-stopped", self.invitation())
    }

    /// The id of the answer that is given to it as number `n`, counted from 0.
    pub(super) fn answer(&self, n: u32) -> String {
        format!("response-{}", self.digest(&format!("/{n}")))
    }

    fn digest(&self, of: &str) -> Uuid {
        Uuid::new_v5(&DIGESTS, format!("{}{of}", self.written()).as_bytes())
    }
}

/// Where a link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It can be answered: which instrument, for which place, since when and until which day, as which answer and
    /// of how many.
    Open {
        instrument: Slug,
        area: AreaId,
        made: DateTime<Utc>,
        until: NaiveDate,
        next: u32,
        count: u32,
    },
    /// As many have answered as it was made for.
    UsedUp,
    /// Its last day has passed.
    Expired,
    /// It was stopped before its time, or taken back.
    Stopped,
    /// Nobody made it.
    Unknown,
}

/// Where a link stands on a day.
pub(super) fn standing(view: &View, link: &Link, today: NaiveDate) -> Standing {
    let Some(entity) = view.entity(Family::Experience, &link.invitation()) else {
        return Standing::Unknown;
    };
    let stop: FactKey = EventKey::of(SOURCE, &link.stop()).into();
    if entity.facts.all().iter().any(|fact| fact.key == stop) {
        return Standing::Stopped;
    }
    let standing = entity.facts.standing();
    let Some(invitation) = standing.into_iter().next_back() else {
        return Standing::Stopped;
    };
    let Fact::Experience(ExperienceFact::Invited(invited)) = &invitation.fact else {
        return Standing::Unknown;
    };
    let made = local::date(invitation.occurred_at);
    let until = made.checked_add_days(Days::new(link.days)).unwrap_or(made);
    if today > until {
        return Standing::Expired;
    }
    let is_free = |n: &u32| view.entity(Family::Experience, &link.answer(*n)).is_none();
    let count = invited.count.min(MAX_ANSWERS);
    match (0..count).find(is_free) {
        Some(next) => Standing::Open {
            instrument: invited.instrument.clone(),
            area: invitation.area.clone(),
            made: invitation.occurred_at,
            until,
            next,
            count,
        },
        None => Standing::UsedUp,
    }
}

/// Whether an answer is there already: a form that is sent twice is one questionnaire.
pub(super) fn has(view: &View, link: &Link, answer: FactKey) -> bool {
    let given = (0..MAX_ANSWERS).map_while(|n| view.entity(Family::Experience, &link.answer(n)));
    let mut facts = given.flat_map(|entity| entity.facts.all());
    facts.any(|fact| fact.key == answer)
}

/// Records an event of a link's invitation: its id, when it happened and where, and what it says. Returns where it stands in the
/// log, or why the door refuses it.
///
/// # Errors
/// When the log does not take it.
pub(super) async fn record(
    visit: &Visit,
    link: &Link,
    (id, occurred_at, area): (String, DateTime<Utc>, &AreaId),
    fact: ExperienceFact,
) -> Result<Result<Vec<u64>, Refusals>, Problem> {
    let entity = EntityId::new(&link.invitation());
    let written = Event {
        source: SOURCE.to_owned(),
        id,
        occurred_at,
        recorded_at: visit.now,
        entity: entity.map_err(|_| Problem::bad_request("The form is not complete"))?,
        area: area.clone(),
        fact: Fact::Experience(fact),
        actor: None,
    };
    Ok(match record::let_in(visit, &written)? {
        Ok(event) => Ok(publish(visit, &[event]).await?),
        Err(refusals) => Err(refusals),
    })
}

/// Where a link stands now.
///
/// # Errors
/// 404 when this process has no views.
pub(super) fn now(visit: &Visit, link: &Link) -> Result<Standing, Problem> {
    let today = visit.today();
    Ok(visit.views()?.read(|view| standing(view, link, today)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_what_it_is_bound_to_and_a_changed_one_is_another() {
        let team = Slug::new("north-1").ok();
        let link = Link::new(Mode::FaceToFace, 28, team);
        let text = link.written();
        assert_eq!(Link::read(&text), Some(link.clone()));
        for (from, to) in [
            (".28.", ".90."),
            ("face-to-face", "online"),
            ("north-1", "north-2"),
        ] {
            let other = Link::read(&text.replace(from, to)).unwrap();
            assert_ne!(other.invitation(), link.invitation(), "{to}");
        }
        assert_ne!(link.answer(0), link.answer(1));
        assert!(!link.invitation().contains(&link.code.simple().to_string()));
    }

    #[test]
    fn what_is_not_a_link_is_not_read() {
        let code = Uuid::new_v4();
        for text in [
            String::new(),
            "online".to_owned(),
            "online.28.guess".to_owned(),
            format!("by-owl.28.{}", code.simple()),
            format!("online.028.{}", code.simple()),
            format!("online.28.{code}"),
        ] {
            assert_eq!(Link::read(&text), None, "{text}");
        }
    }
}
